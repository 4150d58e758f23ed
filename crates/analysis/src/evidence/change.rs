//! Since when? The day at which a rate became another.
//!
//! One change in a series of counts by day: of all splits in two, the one under which the counts are most likely, as binomial
//! counts with a rate before and a rate from then on. Twice the gain in log-likelihood is divided by the overdispersion of
//! the days (Pearson's chi-squared over its degrees of freedom under the split, at least 1; McCullagh and Nelder, "Generalized
//! Linear Models", 1989, 4.5), compared with chi-squared of one degree, and the p-value multiplied by the number of splits
//! that were tried (Bonferroni). Where the likeliest split has too few clicks on a side, no other is taken for it: the day would be wrong.
//! A split is before a day that has clicks: all splits between two such days are the same to the counts, and the first of them would
//! name a day of which nothing is known.

use chrono::NaiveDate;
use serde::Serialize;
use statrs::function::erf::erfc;

use super::judge::Count;

/// Clicks on either side of a change, at least.
pub(crate) const MIN_CLICKS_BESIDE: u64 = 20;
/// Largest p-value of a change that is reported.
pub(crate) const MAX_P: f64 = 0.01;

/// A change of a rate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Change {
    /// The last day of the old rate that has clicks.
    pub(crate) day_before: String,
    /// The first day of the new rate that has clicks.
    pub(crate) day: String,
    /// Counts until the day before.
    pub(crate) before: Count,
    /// Counts from that day on.
    pub(crate) after: Count,
    /// The rate before.
    pub(crate) rate_before: Option<f64>,
    /// The rate from then on.
    pub(crate) rate_after: Option<f64>,
    /// How likely as clear a change is by chance, after Bonferroni.
    pub(crate) p: f64,
}

impl Change {
    /// Whether the rate rose.
    pub(crate) fn is_rise(&self) -> bool {
        self.rate_after > self.rate_before
    }

    /// Whether days without clicks lie between the two rates, on any of which it may have changed.
    pub(crate) fn has_days_between(&self) -> bool {
        let day = |text: &str| text.parse::<NaiveDate>().ok();
        day(&self.day_before).and_then(|before| before.succ_opt()) != day(&self.day)
    }
}

/// The clearest change of a series, if any is clear enough. Days are in their order; those without clicks may be missing.
pub(crate) fn change_point(days: &[(String, Count)]) -> Option<Change> {
    let days: Vec<&(String, Count)> = days.iter().filter(|(_, count)| count.n > 0).collect();
    let whole = days.iter().fold(Count::default(), |sum, (_, count)| sum.and(*count));
    let mut before = Count::default();
    let mut best: Option<(f64, usize, Count)> = None;
    let mut tried = 0_u32;
    for (index, (_, count)) in days.iter().enumerate() {
        let after = whole.without(before);
        if before.n > 0 {
            tried += 1;
            let gain = log_likelihood(before) + log_likelihood(after) - log_likelihood(whole);
            if best.is_none_or(|(most, ..)| gain > most) {
                best = Some((gain, index, before));
            }
        }
        before = before.and(*count);
    }
    let (gain, index, before) = best?;
    let after = whole.without(before);
    if before.n.min(after.n) < MIN_CLICKS_BESIDE {
        return None;
    }
    let deviance = 2.0 * gain.max(0.0) / overdispersion(&days, index, before, after);
    // The survival function of chi-squared with one degree of freedom.
    let p = (f64::from(tried) * erfc((deviance / 2.0).sqrt())).min(1.0);
    let day_before = days.get(index.checked_sub(1)?)?.0.clone();
    let day = days.get(index)?.0.clone();
    (p <= MAX_P).then(|| Change {
        day_before,
        day,
        before,
        after,
        rate_before: before.rate(),
        rate_after: after.rate(),
        p,
    })
}

/// Of binomial counts at their own rate, without the term that does not depend on it.
#[allow(clippy::cast_precision_loss)]
fn log_likelihood(count: Count) -> f64 {
    let Some(rate) = count.rate() else { return 0.0 };
    let times_log = |k: u64, p: f64| if k == 0 { 0.0 } else { k as f64 * p.ln() };
    times_log(count.x, rate) + times_log(count.n.saturating_sub(count.x), 1.0 - rate)
}

/// How much more the days scatter than binomial counts would; at least 1.
#[allow(clippy::cast_precision_loss)]
fn overdispersion(days: &[&(String, Count)], split: usize, before: Count, after: Count) -> f64 {
    let chi_squared: f64 = days
        .iter()
        .enumerate()
        .filter_map(|(index, (_, count))| {
            let rate = if index < split { before } else { after }.rate()?;
            let variance = count.n as f64 * rate * (1.0 - rate);
            let distance = count.x as f64 - count.n as f64 * rate;
            (variance > 0.0).then(|| distance * distance / variance)
        })
        .sum();
    let degrees = days.len().saturating_sub(2);
    if degrees == 0 { 1.0 } else { (chi_squared / degrees as f64).max(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn series(counts: &[(u64, u64)]) -> Vec<(String, Count)> {
        counts.iter().enumerate().map(|(day, &(x, n))| (format!("2026-03-{:02}", day + 1), Count { x, n })).collect()
    }

    #[test]
    fn finds_the_day() {
        let mut counts = vec![(2, 100), (1, 90), (3, 110), (2, 95), (0, 100)];
        counts.extend([(40, 100), (50, 110), (45, 90)]);
        let change = change_point(&series(&counts)).unwrap();
        assert_eq!(change.day, "2026-03-06");
        assert_eq!((change.before, change.after), (Count { x: 8, n: 495 }, Count { x: 135, n: 300 }));
        assert!(change.is_rise() && change.p < 1e-20, "{change:?}");
        counts.reverse();
        let change = change_point(&series(&counts)).unwrap();
        assert!(change.day == "2026-03-04" && !change.is_rise());
    }

    /// Of one split: scipy.stats.chi2.sf(7.121904915, 1).
    #[test]
    fn p_is_what_scipy_says() {
        let change = change_point(&series(&[(10, 100), (24, 100)])).unwrap();
        let mut gain = 0.0;
        for (k, n) in [(10.0_f64, 100.0_f64), (24.0, 100.0)] {
            gain += k * (k / n).ln() + (n - k) * (1.0 - k / n).ln();
        }
        gain -= 34.0 * (0.17_f64).ln() + 166.0 * (0.83_f64).ln();
        assert!((2.0 * gain - 7.121_904_915).abs() < 1e-8, "{}", 2.0 * gain);
        assert!((change.p - 0.007_614_775_546).abs() < 1e-11, "{}", change.p);
    }

    #[test]
    fn days_that_scatter_anyway_are_no_change() {
        // Every other day is bad: each split looks likely, none is.
        let counts: Vec<(u64, u64)> = (0..20).map(|day| if day % 2 == 0 { (5, 100) } else { (35, 100) }).collect();
        assert_eq!(change_point(&series(&counts)), None);
        assert_eq!(change_point(&series(&[(5, 100); 10])), None);
        assert_eq!(change_point(&series(&[(0, 5), (5, 5)])), None, "too few clicks");
        assert_eq!(change_point(&[]), None);
    }

    #[test]
    fn a_day_without_clicks_is_no_beginning() {
        let days = [(0, 40), (0, 40), (0, 0), (0, 0), (30, 40), (32, 40)];
        let change = change_point(&series(&days)).unwrap();
        assert_eq!((change.day_before.as_str(), change.day.as_str()), ("2026-03-02", "2026-03-05"));
        assert!(change.has_days_between());
        // Days that are missing are days without clicks.
        let mut listed = series(&days);
        listed.retain(|(_, count)| count.n > 0);
        assert_eq!(change_point(&listed), Some(change));
        let next = change_point(&series(&[(0, 40), (0, 40), (30, 40)])).unwrap();
        assert!(!next.has_days_between() && next.day == "2026-03-03");
        // Across the end of a month.
        let ends = [("2026-02-28", (0, 60)), ("2026-03-01", (40, 60))];
        let ends = ends.map(|(day, (x, n))| (day.to_owned(), Count { x, n }));
        assert!(!change_point(&ends).unwrap().has_days_between());
    }

    proptest! {
        #[test]
        fn both_sides_together_are_the_whole(counts in prop::collection::vec((0u64..50, 0u64..200), 0..30)) {
            let counts: Vec<(u64, u64)> = counts.into_iter().map(|(x, n)| (x.min(n), n)).collect();
            if let Some(change) = change_point(&series(&counts)) {
                let whole = change.before.and(change.after);
                prop_assert_eq!(whole.n, counts.iter().map(|(_, n)| n).sum::<u64>());
                prop_assert!(change.p > -1e-12 && change.p <= MAX_P);
                let named = series(&counts).into_iter().filter(|(day, _)| [&change.day, &change.day_before].contains(&day));
                prop_assert!(named.clone().count() == 2 && named.clone().all(|(_, count)| count.n > 0));
            }
        }
    }
}
