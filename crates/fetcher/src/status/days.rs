//! From intervals of coverage to what is known of each day. Pure: reads no clock, no file.

use chrono::{DateTime, Months, NaiveDate, Utc};
use chrono_tz::Tz;
use clicks::coverage::Interval;
use clicks::time_bound::{self, Edge};

use crate::request::Window;

/// How long Everflow keeps raw clicks.
const RETENTION: Months = Months::new(3);
const SECONDS_OF_DAY: i64 = 86_400;

/// What is known of some seconds of a day, or of a range, for one feed and its filters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// How many seconds there are.
    pub seconds: u64,
    /// Of these, those that were answered in full.
    pub covered_seconds: u64,
    /// Of the covered ones, those whose clicks were pruned since.
    pub pruned_seconds: u64,
    /// Seconds whose answer was as large as the feed's cap: more clicks may exist.
    pub saturated_seconds: u64,
    /// Seconds that are not covered and of which Everflow keeps nothing any more.
    pub expired_seconds: u64,
    /// Rows of the intervals.
    pub rows: u64,
    /// True where an interval reaches beyond these seconds, so that its rows were shared out in proportion to time.
    pub rows_are_estimated: bool,
    /// What was never answered: in order, apart from each other.
    pub gaps: Vec<Window>,
    /// The first second, not expired yet, that is a gap or saturated.
    pub first_missing: Option<i64>,
}

impl Known {
    /// Takes in what follows in time.
    pub fn add(&mut self, later: &Known) {
        self.seconds += later.seconds;
        self.covered_seconds += later.covered_seconds;
        self.pruned_seconds += later.pruned_seconds;
        self.saturated_seconds += later.saturated_seconds;
        self.expired_seconds += later.expired_seconds;
        self.rows += later.rows;
        self.rows_are_estimated |= later.rows_are_estimated;
        self.first_missing = self.first_missing.or(later.first_missing);
        for gap in &later.gaps {
            match self.gaps.last_mut() {
                Some(last) if last.to + 1 == gap.from => last.to = gap.to,
                _ => self.gaps.push(*gap),
            }
        }
    }

    /// True where every second is covered.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.covered_seconds == self.seconds
    }
}

/// A calendar day, or the part of one that lies in a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Its date in the time zone.
    pub date: NaiveDate,
    /// Its seconds.
    pub window: Window,
}

/// The days of a range in a time zone, which may have 23 or 25 hours; the first and the last as far as they belong to it.
#[must_use]
pub fn days_of(range: Window, zone: Tz) -> Vec<Day> {
    let local = |second| DateTime::<Utc>::from_timestamp(second, 0).map(|time| time.with_timezone(&zone).date_naive());
    let (Some(first), Some(last)) = (local(range.from), local(range.to)) else {
        return Vec::new();
    };
    let bounds = |date: NaiveDate| {
        let bound = |edge| time_bound::parse(&date.to_string(), edge, zone).ok().map(|time| time.timestamp());
        // None for a day that the zone skipped.
        let window = Window { from: bound(Edge::From)?.max(range.from), to: bound(Edge::To)?.min(range.to) };
        Some(Day { date, window }).filter(|day| day.window.from <= day.window.to)
    };
    first.iter_days().take_while(|date| *date <= last).filter_map(bounds).collect()
}

/// What intervals of one feed and its filters, sorted and disjoint, say of some seconds.
#[must_use]
pub fn measure(window: Window, intervals: &[Interval], retained_from: i64) -> Known {
    let mut known = Known { seconds: seconds(window), ..Known::default() };
    let mut next = window.from;
    let begin = intervals.partition_point(|interval| interval.to_time < window.from);
    for interval in intervals[begin..].iter().take_while(|interval| interval.from_time <= window.to) {
        let part = Window { from: interval.from_time.max(window.from), to: interval.to_time.min(window.to) };
        known.miss(Window { from: next, to: part.from - 1 }, retained_from, true);
        next = part.to + 1;
        known.add_rows(interval, part);
        if interval.saturated {
            known.saturated_seconds += seconds(part);
            known.miss(part, retained_from, false);
        } else {
            known.covered_seconds += seconds(part);
            known.pruned_seconds += if interval.pruned { seconds(part) } else { 0 };
        }
    }
    known.miss(Window { from: next, to: window.to }, retained_from, true);
    known
}

impl Known {
    fn miss(&mut self, missing: Window, retained_from: i64, is_gap: bool) {
        if missing.to < missing.from {
            return;
        }
        if missing.from < retained_from {
            self.expired_seconds += seconds(Window { to: missing.to.min(retained_from - 1), ..missing });
        }
        if missing.to >= retained_from {
            self.first_missing = self.first_missing.or(Some(missing.from.max(retained_from)));
        }
        if is_gap {
            self.gaps.push(missing);
        }
    }

    fn add_rows(&mut self, interval: &Interval, part: Window) {
        let whole = Window { from: interval.from_time, to: interval.to_time };
        let share = u128::from(interval.rows) * u128::from(seconds(part)) / u128::from(seconds(whole).max(1));
        self.rows += u64::try_from(share).unwrap_or(interval.rows);
        self.rows_are_estimated |= part != whole && interval.rows > 0;
    }
}

fn seconds(window: Window) -> u64 {
    u64::try_from(window.seconds()).unwrap_or(0)
}

/// The first second of which Everflow still has all clicks.
#[must_use]
pub fn retained_from(now: i64) -> i64 {
    let time = DateTime::<Utc>::from_timestamp(now, 0).and_then(|time| time.checked_sub_months(RETENTION));
    time.map_or(now, |time| time.timestamp())
}

/// When Everflow forgets a second, and in how many whole days that is.
#[must_use]
pub fn expiry(second: i64, now: i64) -> (i64, i64) {
    let time = DateTime::<Utc>::from_timestamp(second, 0).and_then(|time| time.checked_add_months(RETENTION));
    let expires_at = time.map_or(second, |time| time.timestamp());
    (expires_at, (expires_at - now).max(0) / SECONDS_OF_DAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clicks::coverage::Coverage;
    use clicks::feed::Feed;
    use proptest::prelude::*;

    fn interval(from_time: i64, to_time: i64, saturated: bool, pruned: bool) -> Interval {
        let (feed, rows) = (Feed::NetworkClicks, u64::try_from(to_time - from_time + 1).unwrap() * 3);
        let fetched_at = None;
        Interval { feed, filters: vec![], from_time, to_time, rows, cap: None, saturated, fetched_at, pruned }
    }

    proptest! {
        /// Against a look at every second.
        #[test]
        fn agrees_with_looking_at_every_second(
            answers in prop::collection::vec((0_i64..100, 0_i64..30, any::<bool>(), any::<bool>()), 0..8),
            from in 0_i64..100, length in 0_i64..60, retained_from in -10_i64..140,
        ) {
            let mut coverage = Coverage::default();
            for (from, length, saturated, pruned) in answers {
                coverage.add(interval(from, from + length, saturated, pruned));
            }
            let window = Window { from, to: from + length };
            let found = measure(window, coverage.intervals(), retained_from);
            let mut expected = Known::default();
            for second in window.from..=window.to {
                let of = coverage.intervals().iter().find(|it| (it.from_time..=it.to_time).contains(&second));
                let is_covered = of.is_some_and(|interval| !interval.saturated);
                expected.seconds += 1;
                expected.covered_seconds += u64::from(is_covered);
                expected.pruned_seconds += u64::from(is_covered && of.is_some_and(|interval| interval.pruned));
                expected.saturated_seconds += u64::from(of.is_some_and(|interval| interval.saturated));
                expected.expired_seconds += u64::from(!is_covered && second < retained_from);
                if !is_covered && second >= retained_from && expected.first_missing.is_none() {
                    expected.first_missing = Some(second);
                }
                match expected.gaps.last_mut() {
                    _ if of.is_some() => {}
                    Some(last) if last.to + 1 == second => last.to = second,
                    _ => expected.gaps.push(Window { from: second, to: second }),
                }
            }
            prop_assert_eq!(found.is_complete(), expected.covered_seconds == expected.seconds);
            let inside = |it: &&Interval| it.to_time >= window.from && it.from_time <= window.to;
            let estimated = |it: &Interval| it.from_time < window.from || it.to_time > window.to;
            prop_assert_eq!(found.rows_are_estimated, coverage.intervals().iter().filter(inside).any(estimated));
            expected.rows_are_estimated = found.rows_are_estimated;
            if !found.rows_are_estimated {
                prop_assert_eq!(found.rows, coverage.intervals().iter().filter(inside).map(|it| it.rows).sum::<u64>());
            }
            expected.rows = found.rows;
            prop_assert_eq!(found, expected);
        }

        /// Days are the range, cut.
        #[test]
        fn measured_by_day_or_as_a_whole_it_is_the_same(
            answers in prop::collection::vec((0_i64..300_000, 0_i64..90_000, any::<bool>()), 0..8),
            from in 0_i64..100_000, length in 0_i64..300_000, zone in 0_usize..4,
        ) {
            const MARCH_28: i64 = 1_774_656_000;
            let zone = [Tz::UTC, Tz::Europe__Berlin, Tz::America__New_York, Tz::Australia__Lord_Howe][zone];
            let mut coverage = Coverage::default();
            for (from, length, saturated) in answers {
                coverage.add(interval(MARCH_28 + from, MARCH_28 + from + length, saturated, false));
            }
            let range = Window { from: MARCH_28 + from, to: MARCH_28 + from + length };
            let days = days_of(range, zone);
            prop_assert_eq!((days[0].window.from, days[days.len() - 1].window.to), (range.from, range.to));
            prop_assert!(days.windows(2).all(|pair| pair[0].window.to + 1 == pair[1].window.from));
            let mut sum = Known::default();
            days.iter().for_each(|day| sum.add(&measure(day.window, coverage.intervals(), MARCH_28)));
            let whole = measure(range, coverage.intervals(), MARCH_28);
            (sum.rows, sum.rows_are_estimated) = (whole.rows, whole.rows_are_estimated);
            prop_assert_eq!(sum, whole);
        }
    }

    #[test]
    fn a_day_may_be_skipped_or_have_23_hours() {
        let parse = |text, edge| time_bound::parse(text, edge, Tz::Pacific__Apia).unwrap().timestamp();
        let range = Window { from: parse("2011-12-29", Edge::From), to: parse("2011-12-31", Edge::To) };
        let dates: Vec<String> = days_of(range, Tz::Pacific__Apia).iter().map(|day| day.date.to_string()).collect();
        assert_eq!(dates, ["2011-12-29", "2011-12-31"]);
        let march_29 = Window { from: 1_774_738_800, to: 1_774_738_800 + 23 * 3600 - 1 };
        assert_eq!(days_of(march_29, Tz::Europe__Berlin).len(), 1);
    }

    #[test]
    fn a_feed_that_keeps_all_forgets_nothing() {
        let known = measure(Window { from: 0, to: 9 }, &[interval(3, 4, true, false)], i64::MIN);
        assert_eq!((known.expired_seconds, known.first_missing), (0, Some(0)));
    }

    #[test]
    fn what_expires_next_is_told_in_whole_days() {
        // 2026-03-15T12:00:00Z; Everflow keeps what is not older than 2025-12-15T12:00:00Z.
        let now = 1_773_576_000;
        assert_eq!(retained_from(now), 1_765_800_000);
        assert_eq!(expiry(1_765_800_000, now), (now, 0));
        assert_eq!(expiry(1_765_800_000 + 2 * SECONDS_OF_DAY + 3, now).1, 2);
    }
}
