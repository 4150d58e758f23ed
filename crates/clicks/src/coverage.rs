//! What is known to be complete: which seconds of which feed were asked for and answered in full.
//!
//! Owns the intervals and their arithmetic; they travel in the footer of the partition they speak of, under
//! [`COVERAGE_KEY`], so that data and proof commit together. Promises that the intervals of one (feed, filters) are
//! disjoint and sorted, and that the JSON is the same for the same coverage. Pure: reads no clock, no file.
//!
//! An interval whose clicks were forgotten ([`crate::prune`]) stays, flagged: it need not be asked for again, but the
//! lake no longer holds what it speaks of. Whoever plans requests takes it for covered, whoever counts clicks does not.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::feed::Feed;

/// The key of the coverage in a partition's footer.
pub const COVERAGE_KEY: &str = "clickproof.coverage";

/// A closed interval of seconds that a feed answered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// The feed that was asked.
    pub feed: Feed,
    /// The filters of the request as `TYPE=VALUE`, sorted; empty for a request of everything.
    #[serde(default)]
    pub filters: Vec<String>,
    /// The first second, since 1970.
    #[serde(with = "rfc3339_seconds")]
    pub from_time: i64,
    /// The last second, since 1970.
    #[serde(with = "rfc3339_seconds")]
    pub to_time: i64,
    /// Rows that the partition holds of these seconds; where they were pruned, those that it held before.
    pub rows: u64,
    /// The feed's row cap, where the answer came through the API.
    pub cap: Option<u64>,
    /// True where the answer was as large as the cap: more may exist, so these seconds are not proven.
    pub saturated: bool,
    /// When the answer came, since 1970; the oldest where intervals were merged.
    #[serde(with = "optional_rfc3339_seconds")]
    pub fetched_at: Option<i64>,
    /// True where the clicks of these seconds were in the lake and have been forgotten.
    #[serde(default, skip_serializing_if = "is_false")]
    pub pruned: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Coverage that cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum CoverageError {
    /// Not the JSON we write.
    #[error("the coverage in the footer is not what Clickproof writes: {0}")]
    Json(#[from] serde_json::Error),
    /// An interval ends before it begins.
    #[error("the coverage in the footer has an interval that ends before it begins")]
    Reversed,
}

/// The coverage of one partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    intervals: Vec<Interval>,
}

impl Coverage {
    /// Reads the footer's JSON.
    ///
    /// # Errors
    /// When it is not an array of intervals.
    pub fn from_json(text: &str) -> Result<Coverage, CoverageError> {
        let mut coverage = Coverage::default();
        for interval in serde_json::from_str::<Vec<Interval>>(text)? {
            if interval.to_time < interval.from_time {
                return Err(CoverageError::Reversed);
            }
            coverage.add(interval);
        }
        Ok(coverage)
    }

    /// The footer's JSON: the same text for the same coverage.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Plain structs of numbers and text always serialise.
        serde_json::to_string(&self.intervals).unwrap_or_default()
    }

    /// The intervals, sorted by feed, filters and time; disjoint within each (feed, filters).
    #[must_use]
    pub fn intervals(&self) -> &[Interval] {
        &self.intervals
    }

    /// True where nothing is covered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.intervals.is_empty()
    }

    /// Adds every interval of the other coverage, which is the newer one.
    pub fn extend(&mut self, newer: &Coverage) {
        for interval in &newer.intervals {
            self.add(interval.clone());
        }
    }

    /// Adds an interval. Of two answers for a second of one (feed, filters) the better proof counts: a complete one
    /// before a saturated one, one whose clicks are held before one whose clicks were pruned, then the later. Neighbours
    /// that are as trustworthy merge, keeping the oldest `fetched_at`.
    ///
    /// What was cut off an interval keeps a share of its rows in proportion to its seconds, since which seconds they
    /// fell in is not recorded; whoever writes the partition counts them anew.
    pub fn add(&mut self, new: Interval) {
        let mut parts = vec![new.clone()];
        for old in self.intervals.iter().filter(|old| same_series(old, &new) && proves_more(old, &new)) {
            let mut left = Vec::with_capacity(parts.len() + 1);
            parts.iter().for_each(|part| without(part, old, &mut left));
            parts = left;
        }
        for part in parts {
            self.replace(part);
        }
    }

    fn replace(&mut self, new: Interval) {
        let mut kept = Vec::with_capacity(self.intervals.len() + 2);
        for old in self.intervals.drain(..) {
            if same_series(&old, &new) { without(&old, &new, &mut kept) } else { kept.push(old) }
        }
        kept.push(new);
        kept.sort();
        self.intervals = Vec::with_capacity(kept.len());
        for next in kept {
            match self.intervals.last_mut() {
                Some(last) if touches(last, &next) => join(last, &next),
                _ => self.intervals.push(next),
            }
        }
    }

    /// The part of the coverage within closed seconds `from ..= to`.
    #[must_use]
    pub fn clipped(&self, from: i64, to: i64) -> Coverage {
        let mut clipped = Coverage::default();
        for interval in &self.intervals {
            if let Some(part) = part_of(interval, interval.from_time.max(from), interval.to_time.min(to)) {
                clipped.add(part);
            }
        }
        clipped
    }
}

fn same_series(a: &Interval, b: &Interval) -> bool {
    a.feed == b.feed && a.filters == b.filters
}

fn proves_more(a: &Interval, b: &Interval) -> bool {
    let rank = |interval: &Interval| (!interval.saturated, !interval.pruned, interval.fetched_at);
    rank(a) > rank(b)
}

fn touches(a: &Interval, b: &Interval) -> bool {
    let is_alike = (a.saturated, a.pruned, a.cap) == (b.saturated, b.pruned, b.cap);
    same_series(a, b) && is_alike && a.to_time.checked_add(1) == Some(b.from_time)
}

fn join(a: &mut Interval, b: &Interval) {
    a.to_time = b.to_time;
    a.rows = a.rows.saturating_add(b.rows);
    // None is "unknown", which is older than anything known.
    a.fetched_at = a.fetched_at.min(b.fetched_at);
}

/// Pushes what is left of `old` on both sides of `new`.
fn without(old: &Interval, new: &Interval, kept: &mut Vec<Interval>) {
    if new.to_time < old.from_time || new.from_time > old.to_time {
        kept.push(old.clone());
        return;
    }
    kept.extend(part_of(old, old.from_time, old.to_time.min(new.from_time.saturating_sub(1))));
    kept.extend(part_of(old, old.from_time.max(new.to_time.saturating_add(1)), old.to_time));
}

/// The part of an interval within `from ..= to`, which lie inside it; none where that is empty.
fn part_of(interval: &Interval, from: i64, to: i64) -> Option<Interval> {
    if to < from {
        return None;
    }
    let seconds = |a: i64, b: i64| i128::from(b) - i128::from(a) + 1;
    let share = i128::from(interval.rows) * seconds(from, to) / seconds(interval.from_time, interval.to_time);
    Some(Interval {
        from_time: from,
        to_time: to,
        rows: u64::try_from(share).unwrap_or(interval.rows),
        ..interval.clone()
    })
}

fn to_text(seconds: i64) -> Option<String> {
    DateTime::<Utc>::from_timestamp(seconds, 0).map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

fn from_text(text: &str) -> Result<i64, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.timestamp())
        .map_err(|error| format!("'{text}' is not a time: {error}"))
}

mod rfc3339_seconds {
    use serde::{Deserialize, Deserializer, Serializer, de, ser};

    pub(super) fn serialize<S: Serializer>(seconds: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        let text = super::to_text(*seconds).ok_or_else(|| ser::Error::custom("a time out of range"))?;
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        super::from_text(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

mod optional_rfc3339_seconds {
    use serde::{Deserialize, Deserializer, Serializer, de};

    #[allow(clippy::ref_option, reason = "the signature that serde's `with` asks for")]
    pub(super) fn serialize<S: Serializer>(seconds: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
        match seconds {
            Some(seconds) => super::rfc3339_seconds::serialize(seconds, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
        Option::<String>::deserialize(deserializer)?
            .map(|text| super::from_text(&text).map_err(de::Error::custom))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn interval(from_time: i64, to_time: i64, saturated: bool, fetched_at: Option<i64>) -> Interval {
        Interval {
            feed: Feed::InvalidClicks,
            filters: vec![],
            from_time,
            to_time,
            rows: 0,
            cap: None,
            saturated,
            fetched_at,
            pruned: false,
        }
    }

    #[test]
    fn a_complete_answer_brings_back_what_was_pruned_and_a_cut_one_does_not() {
        let pruned = Interval { pruned: true, rows: 7, ..interval(0, 19, false, Some(300)) };
        let mut coverage = Coverage::default();
        coverage.add(interval(10, 29, false, Some(100)));
        coverage.add(pruned.clone());
        coverage.add(interval(0, 4, true, Some(400)));
        let expected = [Interval { rows: 3, to_time: 9, ..pruned }, interval(10, 29, false, Some(100))];
        assert_eq!(coverage.intervals(), expected, "in either order the clicks that are there count");
        assert_eq!(Coverage::from_json(&coverage.to_json()).unwrap(), coverage);
        assert_eq!(coverage.to_json().matches("pruned").count(), 1, "only what was pruned says so");
    }

    #[test]
    fn neighbours_merge_and_keep_the_oldest_fetch() {
        let mut coverage = Coverage::default();
        coverage.add(interval(10, 19, false, Some(200)));
        coverage.add(interval(0, 9, false, Some(100)));
        assert_eq!(coverage.intervals(), &[interval(0, 19, false, Some(100))]);
    }

    #[test]
    fn the_footer_reads_back() {
        let mut coverage = Coverage::default();
        coverage.add(interval(1_772_323_200, 1_772_409_599, false, None));
        let text = coverage.to_json();
        assert!(text.contains(r#""from_time":"2026-03-01T00:00:00Z""#), "{text}");
        assert_eq!(Coverage::from_json(&text).unwrap(), coverage);
    }

    proptest! {
        /// Against a map of second -> (saturated): a complete answer for a second counts, else any.
        #[test]
        fn as_a_map_of_seconds(answers in prop::collection::vec((0i64..60, 0i64..20, any::<bool>()), 0..20)) {
            let mut coverage = Coverage::default();
            let mut seconds = BTreeMap::new();
            for (from, length, saturated) in answers {
                coverage.add(interval(from, from + length, saturated, None));
                for second in from..=from + length {
                    seconds.entry(second).and_modify(|known: &mut bool| *known &= saturated).or_insert(saturated);
                }
            }
            let mut found = BTreeMap::new();
            for interval in coverage.intervals() {
                for second in interval.from_time..=interval.to_time {
                    prop_assert!(found.insert(second, interval.saturated).is_none(), "second {second} twice");
                }
            }
            prop_assert_eq!(found, seconds);
            prop_assert!(!coverage.intervals().windows(2).any(|pair| touches(&pair[0], &pair[1])));
        }
    }
}
