//! `poisson_sf(k, lambda)`: how probable more than `k` events are where `lambda` are expected.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::utils::take_function_args;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use statrs::function::gamma::checked_gamma_lr;

use super::argument::{number, of_two};

/// The SQL function `poisson_sf(k, lambda)`.
///
/// P(X > k) for a Poisson variable of mean `lambda`: the survival function, as scipy's `poisson.sf`; with k - 1 it is the
/// probability of `k` or more. NULL where an argument is NULL or not finite, and where `lambda` is negative. A `k` with a
/// fraction counts as the whole number below it. Relative precision 1e-9 for means up to 1e4; of larger ones the tails lose digits: 5e-6 at a mean of 1e6, 4e-5 at 1e7, at 1e8 half
/// of the value five deviations out.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct PoissonSf {
    signature: Signature,
}

impl PoissonSf {
    /// The function.
    #[must_use]
    pub fn new() -> Self {
        Self { signature: Signature::coercible(vec![number(), number()], Volatility::Immutable) }
    }
}

impl Default for PoissonSf {
    fn default() -> Self {
        Self::new()
    }
}

impl ScalarUDFImpl for PoissonSf {
    fn name(&self) -> &str {
        "poisson_sf"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = take_function_args(self.name(), ColumnarValue::values_to_arrays(&args.args)?)?;
        Ok(ColumnarValue::Array(Arc::new(of_two(&columns, poisson_sf))))
    }
}

/// P(X > k) of a Poisson variable: the regularised lower incomplete gamma function at (k + 1, lambda).
#[must_use]
pub fn poisson_sf(k: f64, lambda: f64) -> Option<f64> {
    if !k.is_finite() || !lambda.is_finite() || lambda < 0.0 {
        return None;
    }
    let k = k.floor();
    if k < 0.0 {
        return Some(1.0);
    }
    if lambda == 0.0 {
        return Some(0.0);
    }
    checked_gamma_lr(k + 1.0, lambda).ok().map(|value| value.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_scipy() {
        for (k, lambda, expected) in super::super::reference::POISSON_SF {
            let found = poisson_sf(*k, *lambda).unwrap();
            let precision = 1e-10 + 1e-14 * lambda;
            assert!((found - expected).abs() <= precision * expected, "{k}, {lambda}: {found}, not {expected}");
        }
    }

    #[test]
    fn edges() {
        assert_eq!(poisson_sf(-1.0, 3.0), Some(1.0));
        assert_eq!(poisson_sf(0.0, 0.0), Some(0.0));
        assert_eq!(poisson_sf(3.7, 2.0), poisson_sf(3.0, 2.0));
        for (k, lambda) in [(1.0, -1.0), (f64::NAN, 1.0), (1.0, f64::NAN), (1.0, f64::INFINITY)] {
            assert_eq!(poisson_sf(k, lambda), None);
        }
    }
}
