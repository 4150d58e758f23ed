//! `fano(x)`: how much counts vary, against chance.

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

use super::argument::number;
use super::samples::{Samples, median};

/// The SQL aggregate `fano(x)`, of numbers.
///
/// The Fano factor, or index of dispersion: the sample variance over the mean. Counts of independent events have 1; bursts
/// have more, a clockwork less. Values that are NULL or not finite do not count; NULL for fewer than two, and where the mean
/// is 0. Values are summed in the order of their size, so that the order of rows changes no digit.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Fano {
    signature: Signature,
}

impl Fano {
    /// The aggregate.
    #[must_use]
    pub fn new() -> Self {
        Self { signature: Signature::coercible(vec![number(); 1], Volatility::Immutable) }
    }
}

impl Default for Fano {
    fn default() -> Self {
        Self::new()
    }
}

impl AggregateUDFImpl for Fano {
    fn name(&self) -> &str {
        "fano"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Samples::<1>::accumulator(&args, fano)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(Samples::<1>::state_fields(&args))
    }
}

fn fano([values]: [&mut Vec<f64>; 1]) -> Option<f64> {
    // Sorts.
    median(values)?;
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let factor = variance / mean;
    factor.is_finite().then_some(factor)
}
