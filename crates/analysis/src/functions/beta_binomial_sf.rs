//! `beta_binomial_sf(k, n, alpha, beta)`: how probable more than `k` hits of `n` are, where rates differ among affiliates.
//!
//! A binomial test takes every deviation from one common rate for fraud; honest affiliates differ among themselves, and
//! the more clicks they have, the surer such a test condemns them. Here the rate itself is drawn from a Beta(alpha, beta)
//! distribution, fitted to the honest.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, Float64Array};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::common::utils::take_function_args;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use statrs::function::gamma::{digamma, ln_gamma};

use super::argument::number;

/// So many terms are added one by one; of longer sums the ends, where terms change fast.
const TERMS_ONE_BY_ONE: f64 = 4096.0;

/// Beyond it a double no longer holds every whole number.
const TRIALS_MAX: f64 = 9.0e15;

/// The SQL function `beta_binomial_sf(k, n, alpha, beta)`.
///
/// P(X > k) for a beta-binomial variable: the survival function, as scipy's `betabinom.sf`; with k - 1 it is the
/// probability of `k` or more. 1 for k < 0, 0 for k >= n. NULL where an argument is NULL or not finite, where `n` is
/// negative or no whole number (or over 9e15), and where `alpha` or `beta` is not positive. A `k` with a fraction counts
/// as the whole number below it. Relative precision 1e-9 for alpha, beta up to 1e5, whatever `n`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct BetaBinomialSf {
    signature: Signature,
}

impl BetaBinomialSf {
    /// The function.
    #[must_use]
    pub fn new() -> Self {
        Self { signature: Signature::coercible(vec![number(); 4], Volatility::Immutable) }
    }
}

impl Default for BetaBinomialSf {
    fn default() -> Self {
        Self::new()
    }
}

impl ScalarUDFImpl for BetaBinomialSf {
    fn name(&self) -> &str {
        "beta_binomial_sf"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns: [_; 4] = take_function_args(self.name(), ColumnarValue::values_to_arrays(&args.args)?)?;
        let [k, n, alpha, beta] = columns.each_ref().map(|column| column.as_primitive::<Float64Type>());
        let rows = k.iter().zip(n).zip(alpha.iter().zip(beta));
        let values: Float64Array =
            rows.map(|((k, n), (alpha, beta))| beta_binomial_sf(k?, n?, alpha?, beta?)).collect();
        Ok(ColumnarValue::Array(Arc::new(values)))
    }
}

/// P(X > k) of a beta-binomial variable of `n` trials; `None` where there is no such variable.
#[must_use]
pub fn beta_binomial_sf(k: f64, n: f64, alpha: f64, beta: f64) -> Option<f64> {
    let is_variable = (0.0..=TRIALS_MAX).contains(&n) && n.fract() == 0.0;
    let is_prior = alpha > 0.0 && beta > 0.0 && alpha.is_finite() && beta.is_finite();
    if !is_variable || !is_prior || !k.is_finite() {
        return None;
    }
    let k = k.floor();
    if k < 0.0 {
        return Some(1.0);
    }
    if k >= n {
        return Some(0.0);
    }
    let terms = Terms { n, alpha, beta };
    // The tail that does not hold the bulk is added up: a small number is then not the difference of large ones.
    let value = if k < terms.mean() { 1.0 - terms.sum(0.0, k) } else { terms.sum(k + 1.0, n) };
    Some(value.clamp(0.0, 1.0))
}

/// P(X = x) of a beta-binomial variable of `n` trials; `None` where there is no such variable, or `x` is none of its values.
#[must_use]
pub fn beta_binomial_pmf(x: f64, n: f64, alpha: f64, beta: f64) -> Option<f64> {
    // What the survival function refuses is refused here as well.
    beta_binomial_sf(n, n, alpha, beta)?;
    let is_value = (0.0..=n).contains(&x) && x.fract() == 0.0;
    is_value.then(|| Terms { n, alpha, beta }.at(x).clamp(0.0, 1.0))
}

/// P(X = x), x = 0 to n.
struct Terms {
    n: f64,
    alpha: f64,
    beta: f64,
}

impl Terms {
    fn mean(&self) -> f64 {
        self.n * self.alpha / (self.alpha + self.beta)
    }

    fn deviation(&self) -> f64 {
        let Self { n, alpha, beta } = *self;
        let total = alpha + beta;
        (n * alpha * beta * (total + n) / (total * total * (total + 1.0))).sqrt()
    }

    /// Also between whole numbers. Gamma functions of large numbers appear as ratios only, else their digits cancel.
    fn at(&self, x: f64) -> f64 {
        let Self { n, alpha, beta } = *self;
        let (small, large) = if alpha < beta { (alpha, beta) } else { (beta, alpha) };
        let ln = ln_gamma_ratio(x + alpha, x + 1.0)
            + ln_gamma_ratio(n - x + beta, n - x + 1.0)
            + ln_gamma_ratio(n + 1.0, n + alpha + beta)
            + ln_gamma_ratio(small + large, large)
            - ln_gamma(small);
        ln.exp()
    }

    /// The derivative of [`at`](Self::at).
    fn slope(&self, x: f64) -> f64 {
        let Self { n, alpha, beta } = *self;
        let rising = digamma(x + alpha) - digamma(x + 1.0);
        let falling = digamma(n - x + beta) - digamma(n - x + 1.0);
        self.at(x) * (rising - falling)
    }

    /// The terms from `low` to `high`, both whole and included.
    fn sum(&self, low: f64, high: f64) -> f64 {
        if high - low < 2.0 * TERMS_ONE_BY_ONE {
            return self.sum_one_by_one(low, high);
        }
        let (first, last) = (low + TERMS_ONE_BY_ONE, high - TERMS_ONE_BY_ONE);
        self.sum_one_by_one(low, first - 1.0) + self.sum_smooth(first, last) + self.sum_one_by_one(last + 1.0, high)
    }

    /// From the greater end downwards or upwards, by the ratio of neighbours.
    fn sum_one_by_one(&self, low: f64, high: f64) -> f64 {
        let Self { n, alpha, beta } = *self;
        let (mut x, mut term, mut sum) = (low, self.at(low), 0.0);
        while x <= high {
            sum += term;
            term *= (n - x) * (x + alpha) / ((x + 1.0) * (n - x - 1.0 + beta));
            x += 1.0;
            // Far out a step can leave the range of doubles; from there on each term is worked out anew.
            if term < f64::MIN_POSITIVE && x <= high {
                term = self.at(x);
            }
        }
        sum
    }

    /// Euler and Maclaurin's formula: over terms that change slowly, a sum is an integral and a correction at its ends.
    fn sum_smooth(&self, first: f64, last: f64) -> f64 {
        let (low, high) = (first - 0.5, last + 0.5);
        // Panels grow from the mean outwards, so that a narrow peak is not overlooked.
        let (mean, deviation) = (self.mean(), self.deviation());
        let mut breaks = vec![low, high];
        let mut step = deviation;
        while step < self.n {
            breaks.extend([mean - step, mean + step].into_iter().filter(|x| low < *x && *x < high));
            step *= 2.0;
        }
        breaks.extend(Some(mean).filter(|x| low < *x && *x < high));
        breaks.sort_by(f64::total_cmp);
        let rough: f64 = breaks.windows(2).map(|panel| self.gauss(panel[0], panel[1])).sum();
        let integral: f64 = breaks.windows(2).map(|panel| self.integral(panel[0], panel[1], rough, 0)).sum();
        integral - (self.slope(high) - self.slope(low)) / 24.0
    }

    /// Halves a panel until its integral no longer changes, or no longer matters beside the whole.
    fn integral(&self, low: f64, high: f64, rough: f64, depth: u32) -> f64 {
        // The digits that rounding leaves; finer panels would only add its noise.
        const PRECISION: f64 = 1e-11;
        const HALVINGS_MAX: u32 = 8;
        let middle = low + (high - low) / 2.0;
        let (whole, halves) = (self.gauss(low, high), self.gauss(low, middle) + self.gauss(middle, high));
        let is_settled = (whole - halves).abs() <= PRECISION * halves.max(rough);
        if is_settled || depth >= HALVINGS_MAX {
            return halves;
        }
        self.integral(low, middle, rough, depth + 1) + self.integral(middle, high, rough, depth + 1)
    }

    /// Gauss and Legendre's rule of ten points.
    fn gauss(&self, low: f64, high: f64) -> f64 {
        const NODES: [(f64, f64); 5] = [
            (0.148_874_338_981_631_22, 0.295_524_224_714_752_87),
            (0.433_395_394_129_247_2, 0.269_266_719_309_996_35),
            (0.679_409_568_299_024_4, 0.219_086_362_515_982_04),
            (0.865_063_366_688_984_5, 0.149_451_349_150_580_6),
            (0.973_906_528_517_171_7, 0.066_671_344_308_688_14),
        ];
        let (middle, half) = ((low + high) / 2.0, (high - low) / 2.0);
        let sum: f64 =
            NODES.iter().map(|(x, weight)| weight * (self.at(middle - half * x) + self.at(middle + half * x))).sum();
        half * sum
    }
}

/// ln(Γ(u) / Γ(v)), by Stirling's series where both are large: their logarithms would cancel.
fn ln_gamma_ratio(u: f64, v: f64) -> f64 {
    const LARGE: f64 = 24.0;
    if u.min(v) < LARGE {
        return ln_gamma(u) - ln_gamma(v);
    }
    let difference = u - v;
    let rest = |z: f64| {
        let inverse = 1.0 / (z * z);
        (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / z
    };
    difference * u.ln() + (v - 0.5) * (difference / v).ln_1p() - difference + rest(u) - rest(v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_scipy_and_mpmath() {
        for (k, n, alpha, beta, expected) in super::super::reference::BETA_BINOMIAL_SF {
            let found = beta_binomial_sf(*k, *n, *alpha, *beta).unwrap();
            let difference = (found - expected).abs() / expected;
            assert!(difference <= 1e-9, "{k}, {n}, {alpha}, {beta}: {found}, not {expected} ({difference:e})");
        }
    }

    #[test]
    fn edges() {
        assert_eq!(beta_binomial_sf(0.0, 0.0, 1.0, 1.0), Some(0.0));
        assert_eq!(beta_binomial_sf(-1.0, 0.0, 1.0, 1.0), Some(1.0));
        assert_eq!(beta_binomial_sf(11.0, 10.0, 1.0, 1.0), Some(0.0));
        assert_eq!(beta_binomial_sf(3.9, 10.0, 2.0, 3.0), beta_binomial_sf(3.0, 10.0, 2.0, 3.0));
        let nan = f64::NAN;
        for (k, n, alpha, beta) in [
            (1.0, -1.0, 1.0, 1.0),
            (1.0, 2.5, 1.0, 1.0),
            (1.0, 1e16, 1.0, 1.0),
            (1.0, 2.0, 0.0, 1.0),
            (1.0, 2.0, 1.0, -1.0),
            (nan, 2.0, 1.0, 1.0),
            (1.0, nan, 1.0, 1.0),
            (1.0, 2.0, f64::INFINITY, 1.0),
        ] {
            assert_eq!(beta_binomial_sf(k, n, alpha, beta), None, "{k}, {n}, {alpha}, {beta}");
        }
    }

    #[test]
    fn a_uniform_prior_makes_every_count_equally_probable() {
        for n in [1.0_f64, 10.0, 9_999.0, 10_000_000.0, 1e12] {
            for part in [0.0, 0.1, 0.5, 0.9] {
                let k = (n * part).floor();
                let (found, expected) = (beta_binomial_sf(k, n, 1.0, 1.0).unwrap(), (n - k) / (n + 1.0));
                assert!((found - expected).abs() < 1e-10, "{k} of {n}: {found}, not {expected}");
            }
        }
    }
}
