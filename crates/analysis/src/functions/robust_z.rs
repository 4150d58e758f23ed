//! `robust_z(x) OVER (...)`: how far a value lies from the middle of its peers.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Float64Array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::error::Result;
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{LimitEffect, PartitionEvaluator, Signature, Volatility, WindowUDFImpl};
use datafusion::physical_expr::PhysicalExpr;

use super::argument::number;
use super::samples::{deviation, median, quantile};

/// The SQL window function `robust_z(x) OVER (PARTITION BY ...)`.
///
/// (x - median) / max(1.4826 MAD, (q90 - q10) / 2.563) over the partition: standard deviations of a normal distribution, but
/// neither centre nor spread is moved by the outliers that it is to find. The second spread keeps a partition of mostly equal
/// values from making everything else infinitely far. Where both are 0: 0 at the median, NULL elsewhere. NULL for values
/// that are NULL or not finite, which do not count. ORDER BY and frames within OVER change nothing. No p-value: see
/// benjamini_hochberg.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct RobustZ {
    signature: Signature,
}

impl RobustZ {
    /// The window function.
    #[must_use]
    pub fn new() -> Self {
        Self { signature: Signature::coercible(vec![number()], Volatility::Immutable) }
    }
}

impl Default for RobustZ {
    fn default() -> Self {
        Self::new()
    }
}

impl WindowUDFImpl for RobustZ {
    fn name(&self) -> &str {
        "robust_z"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(&self, _args: PartitionEvaluatorArgs) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Evaluator))
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(args.name(), DataType::Float64, true)))
    }

    fn limit_effect(&self, _args: &[Arc<dyn PhysicalExpr>]) -> LimitEffect {
        // Every row looks at the whole partition.
        LimitEffect::Unknown
    }
}

#[derive(Debug)]
struct Evaluator;

impl PartitionEvaluator for Evaluator {
    fn evaluate_all(&mut self, values: &[ArrayRef], _rows: usize) -> Result<ArrayRef> {
        let values: Vec<Option<f64>> = values[0].as_primitive::<Float64Type>().iter().collect();
        Ok(Arc::new(Float64Array::from(robust_z(&values))))
    }
}

/// The middle of values, and their spread in standard deviations of a normal distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Peers {
    /// The median.
    pub(crate) center: f64,
    /// The greater of 1.4826 MAD and (q90 - q10) / 2.563.
    pub(crate) spread: f64,
}

impl Peers {
    /// Of finite values, which it sorts; `None` where there is none.
    pub(crate) fn of(values: &mut [f64]) -> Option<Self> {
        /// The standard deviation of a normal distribution over its MAD, and between its tenth and ninetieth percentile.
        const PER_MAD: f64 = 1.482_602_218_505_602;
        const BETWEEN_DECILES: f64 = 2.563_103_131_089_201;
        let center = median(values)?;
        let (mad, low, high) = (deviation(values, center)?, quantile(values, 0.1)?, quantile(values, 0.9)?);
        Some(Self { center, spread: (PER_MAD * mad).max((high - low) / BETWEEN_DECILES) })
    }
}

/// The z-scores, in the order of the values.
#[must_use]
pub fn robust_z(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut finite: Vec<f64> = values.iter().flatten().copied().filter(|value| value.is_finite()).collect();
    let Some(Peers { center, spread }) = Peers::of(&mut finite) else { return vec![None; values.len()] };
    let z = |value: f64| match value - center {
        0.0 => Some(0.0),
        distance => Some(distance / spread).filter(|z| z.is_finite()),
    };
    values.iter().map(|value| value.filter(|value| value.is_finite()).and_then(z)).collect()
}
