//! `top_share(value[, how_many])`: the share of the most frequent values.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{ScalarValue, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, ColumnarValue, Signature, TypeSignature, Volatility};
use std::sync::Arc;

use super::frequencies::{Frequencies, total};

/// The SQL aggregate `top_share(value)`, or `top_share(value, how_many)`, of values of any type.
///
/// How many of the rows hold the most frequent value, or one of the `how_many` (a positive constant) most frequent ones: 0
/// to 1. NULL values do not count; NULL where there is no other.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct TopShare {
    signature: Signature,
}

impl TopShare {
    /// The aggregate.
    #[must_use]
    pub fn new() -> Self {
        let forms = vec![TypeSignature::Any(1), TypeSignature::Any(2)];
        Self { signature: Signature::one_of(forms, Volatility::Immutable) }
    }
}

impl Default for TopShare {
    fn default() -> Self {
        Self::new()
    }
}

impl AggregateUDFImpl for TopShare {
    fn name(&self) -> &str {
        "top_share"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let how_many = how_many(&args)?;
        Frequencies::accumulator(&args, Box::new(move |counts| share_of_top(counts, how_many)))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(Frequencies::state_fields(&args))
    }
}

/// The second argument, which must be the same for all rows.
fn how_many(args: &AccumulatorArgs) -> Result<usize> {
    let Some(expr) = args.exprs.get(1) else { return Ok(1) };
    let constant = match expr.evaluate(&RecordBatch::new_empty(Arc::new(args.schema.clone()))) {
        Ok(ColumnarValue::Scalar(value)) => value.cast_to(&DataType::Int64).ok(),
        _ => None,
    };
    match constant {
        Some(ScalarValue::Int64(Some(count))) if count > 0 => Ok(usize::try_from(count).unwrap_or(usize::MAX)),
        _ => plan_err!("top_share: the second argument is how many values, a positive constant"),
    }
}

fn share_of_top(counts: &[u64], how_many: usize) -> f64 {
    let top: u64 = counts.iter().rev().take(how_many).sum();
    top as f64 / total(counts)
}
