//! What has to be asked for: the range that is wanted, less what the lake proves, the future, and what Everflow forgot.
//!
//! Pure: takes the coverage and the time, gives seconds.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, Months, Utc};
use clicks::coverage::Interval;
use clicks::feed::Feed;
use serde::{Deserialize, Serialize};

use super::seconds::Seconds;
use crate::request::{Filter, Window};

/// How long Everflow keeps raw clicks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Retention {
    /// Calendar months.
    Months(u32),
    /// Days of 24 hours.
    Days(u32),
}

impl Retention {
    /// The first second that is still kept at a time.
    #[must_use]
    pub fn first_kept(self, now: i64) -> i64 {
        let Some(time) = DateTime::<Utc>::from_timestamp(now, 0) else {
            return now;
        };
        let kept = match self {
            Retention::Months(months) => time.checked_sub_months(Months::new(months)),
            Retention::Days(days) => time.checked_sub_days(Days::new(u64::from(days))),
        };
        kept.map_or(0, |time| time.timestamp())
    }
}

/// What Everflow forgets within this time is not asked for: a request whose window begins before what it keeps proves
/// nothing, and requests take a while.
pub(super) const EXPIRY_MARGIN_SECONDS: i64 = 300;

/// Which seconds are asked for although they are covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// None.
    Nothing,
    /// Those from this one on: late rows may have come.
    From(i64),
    /// All.
    Everything,
}

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The feed.
    pub feed: Feed,
    /// The seconds.
    pub range: Window,
    /// Only rows that satisfy these.
    pub filters: Vec<Filter>,
    /// The youngest seconds of any time are not settled: so many.
    pub settle_seconds: i64,
    /// How long Everflow keeps clicks.
    pub retention: Retention,
    /// What is asked for again.
    pub again: Again,
    /// Rows at which an answer is taken for cut.
    pub row_cap: u64,
}

/// What has to be asked for, and why the rest has not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Need {
    /// To be asked for.
    pub asked: Seconds,
    /// Proven by the lake's coverage, and not asked for again.
    pub covered: Seconds,
    /// Known to hold more rows than can be had, and not asked for again.
    pub saturated: Seconds,
    /// Older than what Everflow keeps, and not covered.
    pub expired: Seconds,
    /// Too young, or in the future: left for later.
    pub unsettled: Seconds,
}

impl Wish {
    /// What has to be asked for at a time, where the lake has this coverage.
    #[must_use]
    pub fn need(&self, coverage: &[Interval], now: i64) -> Need {
        let range = Seconds::within(self.range.from, self.range.to);
        let settled_to = now.saturating_sub(self.settle_seconds);
        let unsettled = range.and(&Seconds::within(settled_to.saturating_add(1), i64::MAX));
        let of_feed = || coverage.iter().filter(|interval| interval.feed == self.feed && self.is_served_by(interval));
        let window = |interval: &Interval| Window { from: interval.from_time, to: interval.to_time };
        let proven: Seconds = of_feed().filter(|interval| !interval.saturated).map(window).collect();
        let exhausted: Seconds = of_feed().filter(|interval| is_exhausted(interval)).map(window).collect();
        let settled = range.without(&unsettled);
        let kept_from = self.retention.first_kept(now.saturating_add(EXPIRY_MARGIN_SECONDS));
        let kept = settled.and(&Seconds::within(kept_from, i64::MAX));
        let again = match self.again {
            Again::Nothing => Seconds::default(),
            Again::From(second) => kept.and(&Seconds::within(second, i64::MAX)),
            Again::Everything => kept.clone(),
        };
        let covered = range.and(&proven).without(&again);
        let saturated = range.and(&exhausted).without(&proven).without(&again);
        let asked = kept.without(&covered).without(&saturated);
        let expired = settled.without(&kept).without(&proven).without(&exhausted);
        Need { unsettled: unsettled.without(&covered), asked, covered, saturated, expired }
    }

    /// The newest second up to which something of this wish is covered, wherever the range lies.
    #[must_use]
    pub fn newest_covered(&self, coverage: &[Interval]) -> Option<i64> {
        let of_feed = coverage.iter().filter(|interval| interval.feed == self.feed && self.is_served_by(interval));
        of_feed.map(|interval| interval.to_time).max()
    }

    /// The names of the filters in coverage: sorted.
    #[must_use]
    pub fn filter_names(&self) -> Vec<String> {
        let names: BTreeSet<String> = self.filters.iter().map(Filter::to_string).collect();
        names.into_iter().collect()
    }

    /// True where whoever asked with the filters of the interval got every row of this wish as well: they let through
    /// what ours do, or more.
    fn is_served_by(&self, interval: &Interval) -> bool {
        let theirs = alternatives(interval.filters.iter().filter_map(|name| name.split_once('=')));
        let ours = alternatives(self.filters.iter().map(|filter| (filter.resource.as_str(), filter.value.as_str())));
        // A name that we do not understand may let through anything less than all.
        let is_understood = interval.filters.iter().all(|name| name.contains('='));
        is_understood
            && theirs.iter().all(|(resource, values)| ours.get(resource).is_some_and(|wanted| wanted.is_subset(values)))
    }
}

/// Filters of one resource are alternatives.
fn alternatives<'a>(filters: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut by_resource: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (resource, value) in filters {
        by_resource.entry(resource).or_default().insert(value);
    }
    by_resource
}

/// True for seconds of which everything was asked that can be: each alone has as many rows as an answer holds.
///
/// A longer interval with fewer rows comes from an answer that was cut and never split, as `land --covers` records it:
/// asking for shorter windows brings more.
fn is_exhausted(interval: &Interval) -> bool {
    let seconds = (Window { from: interval.from_time, to: interval.to_time }).seconds();
    let cap = interval.cap.unwrap_or_else(|| interval.feed.row_cap());
    let rows_min = u64::try_from(seconds).unwrap_or(u64::MAX).saturating_mul(cap);
    interval.saturated && (seconds == 1 || interval.rows >= rows_min)
}

#[cfg(test)]
mod tests;
