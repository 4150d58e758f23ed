//! `wilson_lower(k, n)` and `wilson_upper(k, n)`: the 95 % interval of a share.
//!
//! Wilson's score interval (E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA
//! 22, 1927) stays within [0, 1] and is honest for few clicks and for shares near 0 or 1, where the textbook interval
//! is not. It says how far chance alone can move a rate, so a rate is printed with it.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{ArrayRef, AsArray, Float64Array};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::common::types::{NativeType, logical_float64};
use datafusion::common::utils::take_function_args;
use datafusion::error::Result;
use datafusion::logical_expr::{
    Coercion, ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, TypeSignatureClass, Volatility,
};
use statrs::distribution::{ContinuousCDF, Normal};

/// The quantile of the normal distribution that leaves 2.5 % on each side: 1.959964.
static Z: LazyLock<f64> = LazyLock::new(|| Normal::standard().inverse_cdf(0.975));

/// Which end of the interval a function returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    /// The smallest share that is still plausible.
    Lower,
    /// The largest share that is still plausible.
    Upper,
}

/// The SQL functions `wilson_lower` and `wilson_upper`.
///
/// Both take any two numbers, the hits `k` and the trials `n`, and return a double. The result is NULL where an argument
/// is NULL or not finite, where `n` is 0, and where there is no such share: `k < 0` or `k > n`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Wilson {
    bound: Bound,
    signature: Signature,
}

impl Wilson {
    /// The function of one end of the interval.
    #[must_use]
    pub fn new(bound: Bound) -> Self {
        let number = Coercion::new_implicit(
            TypeSignatureClass::Native(logical_float64()),
            vec![TypeSignatureClass::Numeric],
            NativeType::Float64,
        );
        Self { bound, signature: Signature::coercible(vec![number.clone(), number], Volatility::Immutable) }
    }

    fn of(&self, hits: f64, trials: f64) -> Option<f64> {
        let (lower, upper) = wilson_interval(hits, trials)?;
        Some(match self.bound {
            Bound::Lower => lower,
            Bound::Upper => upper,
        })
    }
}

impl ScalarUDFImpl for Wilson {
    fn name(&self) -> &str {
        match self.bound {
            Bound::Lower => "wilson_lower",
            Bound::Upper => "wilson_upper",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [hits, trials] = take_function_args(self.name(), arrays)?;
        let values: Float64Array = hits
            .as_primitive::<Float64Type>()
            .iter()
            .zip(trials.as_primitive::<Float64Type>())
            .map(|pair| match pair {
                (Some(hits), Some(trials)) => self.of(hits, trials),
                _ => None,
            })
            .collect();
        Ok(ColumnarValue::Array(Arc::new(values) as ArrayRef))
    }
}

/// The 95 % Wilson score interval of `hits` out of `trials`, as (lower, upper), both within [0, 1].
///
/// With p = k / n: (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n), here multiplied out by n. `None` where there is no
/// such share: no trials, fewer than 0 or more than `trials` hits, or an argument that is not finite.
#[must_use]
pub fn wilson_interval(hits: f64, trials: f64) -> Option<(f64, f64)> {
    let is_share = trials.is_finite() && trials > 0.0 && (0.0..=trials).contains(&hits);
    if !is_share {
        return None;
    }
    let z = *Z;
    let z_squared = z * z;
    let center = hits + z_squared / 2.0;
    let half_width = z * (hits * (trials - hits) / trials + z_squared / 4.0).sqrt();
    let scale = trials + z_squared;
    // At the ends the bound is exactly the end; rounding would leave it a hair off, or outside.
    let lower = if hits == 0.0 { 0.0 } else { ((center - half_width) / scale).max(0.0) };
    let upper = if hits == trials { 1.0 } else { ((center + half_width) / scale).min(1.0) };
    Some((lower, upper))
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::RecordBatch;
    use datafusion::arrow::util::pretty::pretty_format_batches;
    use proptest::prelude::*;

    use super::*;

    /// `statsmodels.stats.proportion.proportion_confint(k, n, method="wilson")`, statsmodels 0.14 on scipy.
    const REFERENCE: [(f64, f64, f64, f64); 13] = [
        (0.0, 1.0, 0.0, 0.7934506856227627),
        (1.0, 1.0, 0.2065493143772374, 1.0),
        (0.0, 10.0, 0.0, 0.27753279986288926),
        (1.0, 10.0, 0.017876213095072924, 0.40415002679523854),
        (5.0, 10.0, 0.23659309051256394, 0.7634069094874361),
        (10.0, 10.0, 0.7224672001371106, 1.0),
        (1.0, 100.0, 0.001767432064140647, 0.05448619617870533),
        (37.0, 412.0, 0.06585591872396812, 0.12133431247964654),
        (412.0, 412.0, 0.9907622033849433, 1.0),
        (3.0, 1_000_000.0, 1.0202712409681232e-06, 8.821149774312438e-06),
        (999_999.0, 1_000_000.0, 0.9999943350881957, 0.9999998234754233),
        (123_456_789.0, 987_654_321.0, 0.12497937481222153, 0.12502062582676127),
        (2.5, 7.25, 0.11372880844590366, 0.6834123939537289),
    ];

    #[test]
    fn agrees_with_statsmodels() {
        for (hits, trials, lower, upper) in REFERENCE {
            let (our_lower, our_upper) = wilson_interval(hits, trials).unwrap();
            assert!(
                (our_lower - lower).abs() <= 1e-12 * lower.max(1e-6),
                "{hits} of {trials}: {our_lower}, not {lower}"
            );
            assert!((our_upper - upper).abs() <= 1e-12, "{hits} of {trials}: {our_upper}, not {upper}");
        }
    }

    #[test]
    fn no_share_is_none() {
        let nan = f64::NAN;
        let infinite = f64::INFINITY;
        for (hits, trials) in
            [(0.0, 0.0), (1.0, 0.0), (-1.0, 5.0), (6.0, 5.0), (0.0, -1.0), (nan, 5.0), (1.0, nan), (1.0, infinite)]
        {
            assert_eq!(wilson_interval(hits, trials), None, "{hits} of {trials}");
        }
    }

    proptest! {
        #[test]
        fn holds_the_share_and_narrows_with_trials(trials in 1u32..1_000_000, part in 0.0f64..=1.0) {
            let hits = (f64::from(trials) * part).floor();
            let share = hits / f64::from(trials);
            let (lower, upper) = wilson_interval(hits, f64::from(trials)).unwrap();
            prop_assert!(0.0 <= lower && lower <= share && share <= upper && upper <= 1.0);
            let (more_lower, more_upper) = wilson_interval(hits * 4.0, f64::from(trials) * 4.0).unwrap();
            prop_assert!(more_upper - more_lower < upper - lower);
            let (mirror_lower, mirror_upper) = wilson_interval(f64::from(trials) - hits, f64::from(trials)).unwrap();
            prop_assert!((mirror_lower - (1.0 - upper)).abs() < 1e-12 && (mirror_upper - (1.0 - lower)).abs() < 1e-12);
        }
    }

    async fn query(sql: &str) -> Vec<RecordBatch> {
        let session = crate::functions::tests::session();
        session.sql(sql).await.unwrap().collect().await.unwrap()
    }

    #[tokio::test]
    async fn takes_numbers_of_any_type_and_null() {
        let batches = query(
            "SELECT round(wilson_lower(k, n), 6) AS lower, round(wilson_upper(k, n), 6) AS upper FROM (VALUES
                (1, CAST(10 AS BIGINT), 37), (2, 0, 37), (3, NULL, 37), (4, 50, 37), (5, -1, 37)) AS t (i, k, n) ORDER BY i",
        )
        .await;
        let text = pretty_format_batches(&batches).unwrap().to_string();
        let (lower, upper) = wilson_interval(10.0, 37.0).unwrap();
        let rows: Vec<&str> = text.lines().skip(3).take(5).collect();
        assert_eq!(rows[0], format!("| {lower:.6} | {upper:.6} |"));
        assert_eq!(rows[1], "| 0.0      | 0.094058 |");
        assert!(rows[2..].iter().all(|row| *row == "|          |          |"), "{text}");

        let batches = query(
            "SELECT wilson_lower(CAST(1 AS DECIMAL(18,6)), CAST(10 AS INT)) = wilson_lower(1.0, 10) AS same,
                    wilson_upper(NULL, 10) IS NULL AS null_in, wilson_lower(1, 0) IS NULL AS no_trials",
        )
        .await;
        let text = pretty_format_batches(&batches).unwrap().to_string();
        assert!(text.contains("| true | true    | true      |"), "{text}");
    }
}
