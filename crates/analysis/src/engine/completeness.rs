//! Does what the lake holds cover what a query rests on? Pure arithmetic on closed intervals of seconds.
//!
//! Owns the share, the gaps and the sentence that says them. Leaves reading coverage from footers to
//! `coverage`.

use std::fmt;

use chrono::DateTime;
use clicks::coverage::Interval;
use clicks::feed::Feed;

/// Closed seconds since 1970: both ends belong to it.
pub type Seconds = (i64, i64);

/// How far one account's answers of a feed cover a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completeness {
    /// The account.
    pub account: String,
    /// The feeds of which any would do.
    pub feeds: Vec<Feed>,
    /// Of these, the one that covers most.
    pub feed: Feed,
    /// The range asked for.
    pub range: Seconds,
    /// Seconds of the range that are covered.
    pub covered_seconds: u64,
    /// The parts of the range that are not, in order.
    pub gaps: Vec<Seconds>,
    /// Seconds in the gaps that were covered until their clicks were pruned.
    pub pruned_seconds: u64,
}

impl Completeness {
    /// True where not a second is missing.
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty()
    }
}

/// As many seconds before a range as it has.
#[must_use]
pub fn before((from, to): Seconds) -> Seconds {
    let length = to.saturating_sub(from).saturating_add(1);
    (from.saturating_sub(length), from.saturating_sub(1))
}

/// Why the period before a range cannot be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incomparable<'a> {
    /// Nothing proves that the clicks of the range are all.
    Unproven,
    /// A feed of the range does not cover all of the period before.
    Partly(&'a Completeness),
    /// A feed was fetched of the period before, and not of the range.
    Gone(Feed),
}

/// Whether what was fetched of a range and of the period before is alike: no difference of it may pass for one of the
/// traffic. Both are measured for the same account, each feed by itself; none where they can be compared.
#[must_use]
pub fn incomparable<'a>(now: &[&Completeness], before: &[&'a Completeness]) -> Option<Incomparable<'a>> {
    let fetched = |of: &[&Completeness], feed| of.iter().any(|one| one.feed == feed && one.covered_seconds > 0);
    if now.iter().all(|measured| measured.covered_seconds == 0) {
        return Some(Incomparable::Unproven);
    }
    let partly = before.iter().find(|measured| fetched(now, measured.feed) && !measured.is_complete());
    let gone =
        before.iter().map(|measured| measured.feed).filter(|feed| fetched(before, *feed) && !fetched(now, *feed));
    let gone = || gone.min_by_key(ToString::to_string).map(Incomparable::Gone);
    partly.copied().map(Incomparable::Partly).or_else(gone)
}

/// Measures an account: of the feeds that would do, the one that covers most; the first named, where they draw.
/// None where no feed is needed. Only whole answers count: unfiltered, below the row cap, and with their clicks still in
/// the lake. What was pruned is a gap to whoever counts clicks.
pub fn measure(account: &str, feeds: &[Feed], intervals: &[Interval], range: Seconds) -> Option<Completeness> {
    let mut best: Option<Completeness> = None;
    for &feed in feeds {
        let of_pruned = |takes_pruned: bool| {
            let whole = intervals.iter().filter(move |interval| {
                let is_whole = interval.filters.is_empty() && !interval.saturated;
                interval.feed == feed && is_whole && (takes_pruned || !interval.pruned)
            });
            let gaps = gaps(whole.map(|interval| (interval.from_time, interval.to_time)), range);
            let missing: u64 = gaps.iter().copied().map(seconds_in).sum();
            (gaps, missing)
        };
        let (gaps, missing) = of_pruned(false);
        let pruned_seconds = missing - of_pruned(true).1;
        let covered_seconds = seconds_in(range).saturating_sub(missing);
        if best.as_ref().is_none_or(|best| covered_seconds > best.covered_seconds) {
            let (account, feeds) = (account.to_owned(), feeds.to_vec());
            best = Some(Completeness { account, feeds, feed, range, covered_seconds, gaps, pruned_seconds });
        }
    }
    best
}

/// The parts of `range` that lie in no interval, in order.
fn gaps(covered: impl Iterator<Item = Seconds>, range: Seconds) -> Vec<Seconds> {
    let (from, to) = range;
    let mut covered: Vec<Seconds> =
        covered.filter(|(start, end)| start <= end && *end >= from && *start <= to).collect();
    covered.sort_unstable();
    let mut gaps = Vec::new();
    let mut next = Some(from).filter(|from| *from <= to);
    for (start, end) in covered {
        let Some(missing) = next else { break };
        if start > missing {
            gaps.push((missing, start - 1));
        }
        // None: covered up to the end of time.
        next = end.checked_add(1).map(|after| after.max(missing)).filter(|after| *after <= to);
    }
    gaps.extend(next.map(|missing| (missing, to)));
    gaps
}

fn seconds_in((from, to): Seconds) -> u64 {
    u64::try_from(i128::from(to) - i128::from(from) + 1).unwrap_or(0)
}

impl fmt::Display for Completeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, feeds, feed, range, covered_seconds, gaps, pruned_seconds } = self;
        let range = Range(*range);
        if *covered_seconds == 0 && *pruned_seconds == seconds_in(self.range) {
            return write!(
                f,
                "{feed} covered {range} in account {account} until its clicks were pruned: it is no time without clicks"
            );
        }
        if *covered_seconds == 0 && *pruned_seconds == 0 {
            let feeds: Vec<String> = feeds.iter().map(ToString::to_string).collect();
            return write!(
                f,
                "nothing of {range} is covered by {} in account {account}: rates have no denominator there, or rest on \
                 clicks as landed, which may not be all (see: SELECT * FROM coverage)",
                feeds.join(" or ")
            );
        }
        write!(f, "{feed} covers {} % of {range} in account {account}", self.percent())?;
        if let Some(&first) = gaps.first() {
            let plural = if gaps.len() == 1 { "gap" } else { "gaps" };
            let first = Range(first);
            write!(f, "; {} {plural}, first {first}", gaps.len())?;
            if *pruned_seconds > 0 {
                let share = share(*pruned_seconds, seconds_in(self.range));
                write!(f, ", where the clicks of {share} % were pruned: they are not times without clicks")?;
            }
            f.write_str(" (see: SELECT * FROM coverage)")?;
        }
        Ok(())
    }
}

impl Completeness {
    /// The share in per cent, rounded down: what is not complete never reads "100.0".
    pub fn percent(&self) -> String {
        share(self.covered_seconds, seconds_in(self.range))
    }
}

fn share(part: u64, whole: u64) -> String {
    let per_mille = u128::from(part) * 1000 / u128::from(whole.max(1));
    format!("{}.{}", per_mille / 10, per_mille % 10)
}

/// A range as people write it, in UTC: whole days as days, a common day only once.
pub(crate) struct Range(pub(crate) Seconds);

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = self.0;
        let (Some(first), Some(last)) = (DateTime::from_timestamp(from, 0), DateTime::from_timestamp(to, 0)) else {
            return write!(f, "{from} .. {to}");
        };
        const DAY: i64 = 86_400;
        if from.rem_euclid(DAY) == 0 && to.rem_euclid(DAY) == DAY - 1 {
            let (first, last) = (first.date_naive(), last.date_naive());
            return if first == last { write!(f, "{first} UTC") } else { write!(f, "{first} .. {last} UTC") };
        }
        let end = if first.date_naive() == last.date_naive() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
        write!(f, "{} .. {} UTC", first.format("%Y-%m-%d %H:%M:%S"), last.format(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn interval(feed: Feed, from_time: i64, to_time: i64) -> Interval {
        Interval {
            feed,
            filters: vec![],
            from_time,
            to_time,
            rows: 0,
            cap: None,
            saturated: false,
            fetched_at: None,
            pruned: false,
        }
    }

    const NETWORK: Feed = Feed::NetworkClicks;

    #[test]
    fn only_whole_answers_count() {
        let filtered = Interval { filters: vec!["offer=1".into()], ..interval(NETWORK, 0, 99) };
        let saturated = Interval { saturated: true, ..interval(NETWORK, 0, 99) };
        let other_feed = interval(Feed::InvalidClicks, 0, 99);
        let found = measure("a", &[NETWORK], &[filtered, saturated, other_feed], (0, 99)).unwrap();
        assert_eq!((found.covered_seconds, found.gaps), (0, vec![(0, 99)]));
    }

    #[test]
    fn the_feed_that_covers_most_is_the_one_that_counts() {
        let intervals = [interval(NETWORK, 0, 9), interval(Feed::AffiliateClicks, 0, 99)];
        let found = measure("a", &[NETWORK, Feed::AffiliateClicks], &intervals, (0, 99)).unwrap();
        assert!(found.is_complete() && found.feed == Feed::AffiliateClicks, "{found:?}");
        assert_eq!(measure("a", &[], &intervals, (0, 99)), None);
    }

    #[test]
    fn the_sentence_names_share_gaps_and_account() {
        let day = 1_772_323_200; // 2026-03-01T00:00:00Z
        let intervals = [interval(NETWORK, day, day + 35_999), interval(NETWORK, day + 43_200, day + 2 * 86_400 - 2)];
        let found = measure("acme", &[NETWORK], &intervals, (day, day + 2 * 86_400 - 1)).unwrap();
        assert_eq!(
            found.to_string(),
            "network-clicks covers 95.8 % of 2026-03-01 .. 2026-03-02 UTC in account acme; \
             2 gaps, first 2026-03-01 10:00:00 .. 11:59:59 UTC (see: SELECT * FROM coverage)"
        );
        let nothing = measure("acme", &[NETWORK], &[], (day, day + 86_399)).unwrap();
        assert!(nothing.to_string().contains("rates have no denominator"), "{nothing}");
        let either = measure("acme", &[NETWORK, Feed::AffiliateClicks], &[], (day, day + 86_399)).unwrap();
        assert!(either.to_string().contains("covered by network-clicks or affiliate-clicks in"), "{either}");
        let almost = measure("acme", &[NETWORK], &[interval(NETWORK, day + 1, i64::MAX)], (day, day + 86_399)).unwrap();
        assert!(almost.to_string().contains("covers 99.9 % of 2026-03-01 UTC in"), "{almost}");
    }

    #[test]
    fn what_was_pruned_is_a_gap_that_says_so() {
        let day = 1_772_323_200; // 2026-03-01T00:00:00Z
        let pruned = Interval { pruned: true, ..interval(NETWORK, day, day + 43_199) };
        let rest = interval(NETWORK, day + 43_200, day + 86_399);
        let found = measure("acme", &[NETWORK], &[pruned.clone(), rest], (day, day + 86_399)).unwrap();
        assert_eq!((found.covered_seconds, found.pruned_seconds, found.is_complete()), (43_200, 43_200, false));
        let said = found.to_string();
        assert!(said.contains(", where the clicks of 50.0 % were pruned: they are not times without clicks"), "{said}");
        let all = measure("acme", &[NETWORK], &[pruned], (day, day + 43_199)).unwrap();
        assert!(all.to_string().contains("until its clicks were pruned"), "{all}");
    }

    proptest! {
        #[test]
        fn agrees_with_counting_second_by_second(
            covered in prop::collection::vec((-20i64..120, -5i64..40), 0..8), from in 0i64..60, length in 0i64..60,
        ) {
            let intervals: Vec<_> = covered.iter().map(|(a, n)| interval(NETWORK, *a, a + n)).collect();
            let to = from + length;
            let found = measure("a", &[NETWORK], &intervals, (from, to)).unwrap();
            let is_covered = |s: i64| intervals.iter().any(|i| i.from_time <= s && s <= i.to_time);
            let expected = (from..=to).filter(|s| is_covered(*s)).count();
            prop_assert_eq!(found.covered_seconds, expected as u64);
            for second in from..=to {
                let in_gap = found.gaps.iter().any(|(a, b)| *a <= second && second <= *b);
                prop_assert_eq!(in_gap, !is_covered(second));
            }
            prop_assert!(found.gaps.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0), "gaps touch: {:?}", found.gaps);
        }
    }
}
