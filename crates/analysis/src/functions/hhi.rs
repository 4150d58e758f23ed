//! `hhi(value)`: how concentrated values are.

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

use super::frequencies::{Frequencies, total};

/// The SQL aggregate `hhi(value)`, of values of any type.
///
/// The Herfindahl and Hirschman index, Σ p² over the shares p of the values: 1 where all are the same, 1/m where m values
/// are equally frequent. NULL values do not count; NULL where there is no other.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Hhi {
    signature: Signature,
}

impl Hhi {
    /// The aggregate.
    #[must_use]
    pub fn new() -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl Default for Hhi {
    fn default() -> Self {
        Self::new()
    }
}

impl AggregateUDFImpl for Hhi {
    fn name(&self) -> &str {
        "hhi"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Frequencies::accumulator(&args, Box::new(hhi))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(Frequencies::state_fields(&args))
    }
}

fn hhi(counts: &[u64]) -> f64 {
    let total = total(counts);
    counts.iter().map(|count| (*count as f64 / total).powi(2)).sum()
}
