//! `mad(x)`: the median distance from the median.

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

use super::argument::number;
use super::samples::{Samples, deviation, median};

/// The SQL aggregate `mad(x)`, of numbers.
///
/// The median absolute deviation, a measure of spread that outliers do not move; not scaled: times 1.4826 it estimates the
/// standard deviation of normal values. Values that are NULL or not finite do not count; NULL where there is no other.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Mad {
    signature: Signature,
}

impl Mad {
    /// The aggregate.
    #[must_use]
    pub fn new() -> Self {
        Self { signature: Signature::coercible(vec![number(); 1], Volatility::Immutable) }
    }
}

impl Default for Mad {
    fn default() -> Self {
        Self::new()
    }
}

impl AggregateUDFImpl for Mad {
    fn name(&self) -> &str {
        "mad"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Samples::<1>::accumulator(&args, mad)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(Samples::<1>::state_fields(&args))
    }
}

fn mad([values]: [&mut Vec<f64>; 1]) -> Option<f64> {
    let center = median(values)?;
    deviation(values, center)
}
