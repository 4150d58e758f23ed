//! `benjamini_hochberg(p) OVER (...)`: p-values that many tests at once have been allowed for in.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Float64Array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::error::Result;
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{LimitEffect, PartitionEvaluator, Signature, Volatility, WindowUDFImpl};
use datafusion::physical_expr::PhysicalExpr;

use super::argument::number;

/// The SQL window function `benjamini_hochberg(p) OVER (PARTITION BY ...)`.
///
/// Of each p-value of the partition the smallest false discovery rate at which it would be reported (Y. Benjamini and Y.
/// Hochberg, "Controlling the false discovery rate", JRSS B 57, 1995): report all rows with a value of at most 0.1, and on
/// average at most a tenth of them are false. A p-value that is NULL, or not between 0 and 1, stays out: NULL, and not
/// counted as a test. ORDER BY and frames within OVER change nothing.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct BenjaminiHochberg {
    signature: Signature,
}

impl BenjaminiHochberg {
    /// The window function.
    #[must_use]
    pub fn new() -> Self {
        Self { signature: Signature::coercible(vec![number()], Volatility::Immutable) }
    }
}

impl Default for BenjaminiHochberg {
    fn default() -> Self {
        Self::new()
    }
}

impl WindowUDFImpl for BenjaminiHochberg {
    fn name(&self) -> &str {
        "benjamini_hochberg"
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
        Ok(Arc::new(Float64Array::from(benjamini_hochberg(&values))))
    }
}

/// Adjusted p-values, in the order of the given.
#[must_use]
pub fn benjamini_hochberg(p_values: &[Option<f64>]) -> Vec<Option<f64>> {
    let tests =
        p_values.iter().enumerate().filter_map(|(row, p)| Some((row, (*p).filter(|p| (0.0..=1.0).contains(p))?)));
    let mut tests: Vec<(usize, f64)> = tests.collect();
    tests.sort_unstable_by(|a, b| a.1.total_cmp(&b.1));
    let count = tests.len() as f64;
    let mut adjusted = vec![None; p_values.len()];
    let mut least: f64 = 1.0;
    for (rank, (row, p)) in tests.iter().enumerate().rev() {
        least = least.min(p * (count / (rank + 1) as f64));
        adjusted[*row] = Some(least);
    }
    adjusted
}
