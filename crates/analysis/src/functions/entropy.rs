//! `entropy(value)`: how evenly values are spread, in bits.

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

use super::frequencies::{Frequencies, total};

/// The SQL aggregate `entropy(value)`, of values of any type.
///
/// Shannon's entropy, -Σ p log2 p over the shares p of the values: 0 where all are the same, log2 of their number where all
/// are equally frequent. NULL values do not count; NULL where there is no other.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Entropy {
    signature: Signature,
}

impl Entropy {
    /// The aggregate.
    #[must_use]
    pub fn new() -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl Default for Entropy {
    fn default() -> Self {
        Self::new()
    }
}

impl AggregateUDFImpl for Entropy {
    fn name(&self) -> &str {
        "entropy"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Frequencies::accumulator(&args, Box::new(entropy))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(Frequencies::state_fields(&args))
    }
}

fn entropy(counts: &[u64]) -> f64 {
    let total = total(counts);
    let bits: f64 = counts.iter().map(|count| *count as f64 / total).map(|share| -share * share.log2()).sum();
    // One value has -1 log 1, which is -0.
    bits.abs()
}
