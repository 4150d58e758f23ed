//! What `--covers` may claim: never more than the answer can prove.

use chrono::{DateTime, Months, SecondsFormat, Utc};
use clicks::coverage::Interval;
use clicks::document::Structure;
use clicks::feed::Feed;

use crate::args::Range;

/// How long Everflow goes on adding late rows: what is younger than this is not settled.
const SETTLE_SECONDS: i64 = 600;
/// How long Everflow keeps raw clicks.
const RETENTION: Months = Months::new(3);

/// The coverage that a landing may record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) intervals: Vec<Interval>,
    /// In words, for the summary.
    pub(super) covered: Option<String>,
    pub(super) uncovered: Option<String>,
    /// Part of the range is uncovered for another reason than that it is not settled.
    pub(super) is_incomplete: bool,
}

/// What the user says that the files hold, cut to what they can prove.
///
/// The answer's time is that of `--as-of`, else now, which is the cautious reading: the past that it reaches is shorter.
pub(super) fn claim(
    range: Range,
    feed: Feed,
    observed_at: Option<i64>,
    now: i64,
    structure: &Structure,
    rows: u64,
    rows_broken: u64,
) -> Claim {
    let asked_at = observed_at.unwrap_or(now).min(now);
    let retained_from = DateTime::<Utc>::from_timestamp(asked_at, 0)
        .and_then(|time| time.checked_sub_months(RETENTION))
        .map_or(asked_at, |time| time.timestamp());
    let (from, to) = (range.from.max(retained_from), range.to.min(asked_at - SETTLE_SECONDS));
    let mut uncovered = Vec::new();
    let is_torn = rows_broken > 0 || !is_whole(structure);
    if is_torn {
        let why = doubts(structure).next().unwrap_or_else(|| "the input holds something that is no answer".to_owned());
        uncovered.push(format!("the whole range, because {why}"));
    } else {
        if range.from < retained_from {
            let end = range.to.min(retained_from - 1);
            uncovered.push(format!(
                "{}, older than the 3 months that Everflow keeps{}",
                words(range.from, end),
                if observed_at.is_none() { "; if the answer is older, give its time with --as-of" } else { "" }
            ));
        }
        if range.to > to {
            uncovered.push(format!("{}, not settled when Everflow answered", words(range.from.max(to + 1), range.to)));
        }
    }
    if is_torn || to < from {
        let is_incomplete = is_torn || range.from < retained_from;
        return Claim { intervals: vec![], covered: None, uncovered: Some(uncovered.join("; ")), is_incomplete };
    }
    let cap = feed.row_cap();
    // Bare rows have no answer around them. More than the cap cannot come from one; just as many are taken for one.
    let largest = if structure.answers == 0 && rows == cap { rows } else { structure.rows_of_largest_answer };
    let saturated = largest >= cap;
    if saturated {
        uncovered.push(format!(
            "{} is saturated: an answer has {} rows, and {feed} is cut at {cap}; ask for shorter ranges",
            words(from, to),
            largest
        ));
    }
    let interval = Interval {
        feed,
        filters: vec![],
        from_time: from,
        to_time: to,
        rows: 0,
        cap: Some(cap),
        saturated,
        fetched_at: observed_at,
        pruned: false,
    };
    Claim {
        intervals: vec![interval],
        covered: (!saturated).then(|| format!("{feed} {}", words(from, to))),
        uncovered: (!uncovered.is_empty()).then(|| uncovered.join("; ")),
        is_incomplete: saturated || range.from < retained_from,
    }
}

/// What the input itself says against its being complete, in words.
pub(super) fn doubts(structure: &Structure) -> impl Iterator<Item = String> {
    let error = structure.error.as_ref().map(|words| format!("an answer declares an error: {words}"));
    let incomplete = structure.is_declared_incomplete.then(|| "an answer says that it is incomplete".to_owned());
    let cut_off = structure.is_cut_off.then(|| "the input is cut off".to_owned());
    [error, incomplete, cut_off].into_iter().flatten()
}

/// True where the input says nothing against its being complete.
pub(super) fn is_whole(structure: &Structure) -> bool {
    doubts(structure).next().is_none()
}

fn words(from: i64, to: i64) -> String {
    let word = |second| {
        DateTime::<Utc>::from_timestamp(second, 0)
            .map_or_else(String::new, |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
    };
    format!("{} .. {}", word(from), word(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-15T12:00:00Z
    const NOW: i64 = 1_773_576_000;

    fn claim_of(from: i64, to: i64, observed_at: Option<i64>, rows: u64) -> Claim {
        let structure = Structure { answers: 1, rows_of_largest_answer: rows, ..Structure::default() };
        claim(Range { from, to }, Feed::InvalidClicks, observed_at, NOW, &structure, rows, 0)
    }

    #[test]
    fn what_is_not_settled_is_not_covered_and_no_fault() {
        let claim = claim_of(NOW - 3600, NOW, None, 10);
        assert_eq!((claim.intervals[0].from_time, claim.intervals[0].to_time), (NOW - 3600, NOW - 600));
        assert!(!claim.is_incomplete && claim.uncovered.is_some());
        let future = claim_of(NOW + 10, NOW + 20, Some(NOW + 1_000_000), 10);
        assert!(future.intervals.is_empty() && !future.is_incomplete);
    }

    #[test]
    fn what_lies_before_the_retention_is_never_covered() {
        let claim = claim_of(NOW - 86_400 * 200, NOW - 86_400, Some(NOW), 10);
        // 2025-12-15T12:00:00Z
        assert_eq!(claim.intervals[0].from_time, 1_765_800_000);
        assert!(claim.is_incomplete);
        let old = claim_of(NOW - 86_400 * 200, NOW - 86_400 * 190, Some(NOW - 86_400 * 180), 10);
        assert!(!old.is_incomplete && old.uncovered.is_none());
    }

    #[test]
    fn an_answer_at_the_cap_is_saturated() {
        assert!(!claim_of(NOW - 7200, NOW - 3600, None, 999).intervals[0].saturated);
        let claim = claim_of(NOW - 7200, NOW - 3600, None, 1000);
        assert!(claim.intervals[0].saturated && claim.is_incomplete && claim.covered.is_none());
    }

    #[test]
    fn bare_rows_as_many_as_the_cap_are_saturated() {
        let range = Range { from: NOW - 7200, to: NOW - 3600 };
        let of = |rows| claim(range, Feed::InvalidClicks, None, NOW, &Structure::default(), rows, 0).is_incomplete;
        assert_eq!([of(999), of(1000), of(1001)], [false, true, false]);
    }

    #[test]
    fn what_says_itself_that_rows_are_missing_proves_nothing() {
        let whole = || Structure { answers: 1, ..Structure::default() };
        let range = Range { from: NOW - 7200, to: NOW - 3600 };
        let of = |structure| claim(range, Feed::InvalidClicks, None, NOW, &structure, 0, 0);
        assert_eq!(of(whole()).intervals.len(), 1);
        for (doubtful, words) in [
            (Structure { is_cut_off: true, ..whole() }, "the input is cut off"),
            (Structure { error: Some("down".to_owned()), ..whole() }, "an answer declares an error: down"),
            (Structure { is_declared_incomplete: true, ..whole() }, "an answer says that it is incomplete"),
        ] {
            let claim = of(doubtful);
            assert!(claim.intervals.is_empty() && claim.is_incomplete);
            assert!(claim.uncovered.unwrap().ends_with(words));
        }
    }
}
