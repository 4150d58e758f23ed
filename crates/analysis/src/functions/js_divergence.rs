//! `js_divergence(p, q)`: how different two distributions are.

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

use super::argument::number;
use super::samples::Samples;

/// The SQL aggregate `js_divergence(p, q)`, of two weights a row.
///
/// The Jensen and Shannon divergence in bits of two distributions over the rows: 0 where they are the same, 1 where no row
/// has weight in both (J. Lin, "Divergence measures based on the Shannon entropy", 1991). The weights, for example the
/// clicks of an affiliate and of the network by hour, need not sum to 1; rows with a NULL do not count, so write
/// coalesce(p, 0). NULL where a weight is negative, or all of one side are 0.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct JsDivergence {
    signature: Signature,
}

impl JsDivergence {
    /// The aggregate.
    #[must_use]
    pub fn new() -> Self {
        Self { signature: Signature::coercible(vec![number(); 2], Volatility::Immutable) }
    }
}

impl Default for JsDivergence {
    fn default() -> Self {
        Self::new()
    }
}

impl AggregateUDFImpl for JsDivergence {
    fn name(&self) -> &str {
        "js_divergence"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Samples::<2>::accumulator(&args, js_divergence)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(Samples::<2>::state_fields(&args))
    }
}

fn js_divergence([p, q]: [&mut Vec<f64>; 2]) -> Option<f64> {
    let mut rows: Vec<(f64, f64)> = p.iter().copied().zip(q.iter().copied()).collect();
    // In one order, so that the order of rows changes no digit.
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let (p_total, q_total) = rows.iter().fold((0.0, 0.0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
    let are_distributions = p_total > 0.0 && q_total > 0.0 && rows.iter().all(|(p, q)| *p >= 0.0 && *q >= 0.0);
    let information = |share: f64, mean: f64| if share > 0.0 { share * (share / mean).log2() } else { 0.0 };
    are_distributions.then(|| {
        let of_row = |(p, q): &(f64, f64)| {
            let (p, q) = (p / p_total, q / q_total);
            let mean = f64::midpoint(p, q);
            f64::midpoint(information(p, mean), information(q, mean))
        };
        rows.iter().map(of_row).sum::<f64>().clamp(0.0, 1.0)
    })
}
