//! Landed counts against Everflow's counts. Pure.

use std::collections::{BTreeMap, BTreeSet};

use clicks::feed::Feed;
use clicks::tally::Group;

use crate::api::{Aggregate, Metric};

/// Which landed clicks are compared with which count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// Clicks of the feed of invalid clicks, with `invalid_click`.
    Invalid,
    /// Clicks of the network's feed, with everything between `total_click` and `gross_click`: whether that feed carries the
    /// invalid ones is not documented.
    Network,
    /// Clicks of either feed, with `gross_click`, which is unique, duplicate and invalid ones together.
    Gross,
}

impl Check {
    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Check::Invalid => "invalid-clicks",
            Check::Network => "network-clicks",
            Check::Gross => "both feeds",
        }
    }

    /// The feeds that it rests on.
    #[must_use]
    pub fn feeds(self) -> &'static [Feed] {
        match self {
            Check::Invalid => &[Feed::InvalidClicks],
            Check::Network => &[Feed::NetworkClicks],
            Check::Gross => &[Feed::InvalidClicks, Feed::NetworkClicks],
        }
    }

    /// Those that can be made with some feeds: two that are complete must make up the gross count.
    #[must_use]
    pub fn of(feeds: &BTreeSet<Feed>) -> Vec<Check> {
        let all = [Check::Invalid, Check::Network, Check::Gross];
        all.into_iter().filter(|check| check.feeds().iter().all(|feed| feeds.contains(feed))).collect()
    }

    fn counts(self, group: &Group) -> bool {
        group.feeds.split(',').any(|name| self.feeds().iter().any(|feed| feed.name() == name))
    }

    /// The fewest and the most clicks that agree with Everflow's counts.
    fn expected(self, counts: &BTreeMap<Metric, u64>) -> (u64, u64) {
        let of = |metric| counts.get(&metric).copied();
        let part = |metric| of(metric).unwrap_or_default();
        let total = of(Metric::Total).unwrap_or_else(|| part(Metric::Unique) + part(Metric::Duplicate));
        let gross = of(Metric::Gross).unwrap_or_else(|| total + part(Metric::Invalid));
        match self {
            Check::Invalid => (part(Metric::Invalid), part(Metric::Invalid)),
            Check::Network => (total.min(gross), gross),
            Check::Gross => (gross, gross),
        }
    }
}

/// The clicks of an affiliate on a day, both ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// What was compared.
    pub check: Check,
    /// The first second of the UTC day.
    pub day: i64,
    /// The affiliate; 0 where none is named.
    pub affiliate_id: i64,
    /// Its name, where Everflow gave one.
    pub affiliate_name: String,
    /// Clicks in the lake.
    pub landed: u64,
    /// The fewest clicks that agree with Everflow's counts.
    pub expected_least: u64,
    /// The most.
    pub expected_most: u64,
}

impl Compared {
    /// How many clicks are too many, or, below zero, missing.
    #[must_use]
    pub fn difference(&self) -> i64 {
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        if self.landed < self.expected_least {
            signed(self.landed) - signed(self.expected_least)
        } else {
            signed(self.landed.saturating_sub(self.expected_most))
        }
    }
}

/// Every (check, day, affiliate) that either side knows of, sorted. The aggregate is by day and affiliate.
#[must_use]
pub fn compare(
    checks: &[Check],
    landed: &BTreeMap<Group, u64>,
    everflow: &Aggregate,
    is_left_out: impl Fn(i64) -> bool,
) -> Vec<Compared> {
    let mut found: BTreeMap<(Check, i64, i64), Compared> = BTreeMap::new();
    for &check in checks {
        let mut entry = |day: i64, affiliate_id: i64, change: &dyn Fn(&mut Compared)| {
            if !is_left_out(day) {
                change(found.entry((check, day, affiliate_id)).or_insert_with(|| Compared {
                    check,
                    day,
                    affiliate_id,
                    affiliate_name: String::new(),
                    landed: 0,
                    expected_least: 0,
                    expected_most: 0,
                }));
            }
        };
        for (group, rows) in landed.iter().filter(|(group, _)| check.counts(group)) {
            entry(group.day, group.affiliate_id.unwrap_or_default(), &|compared| compared.landed += rows);
        }
        for row in &everflow.rows {
            let &[day, affiliate_id] = row.ids.as_slice() else { continue };
            let (least, most) = check.expected(&row.counts);
            entry(day, affiliate_id, &|compared| {
                compared.affiliate_name = row.labels.get(1).cloned().unwrap_or_default();
                compared.expected_least += least;
                compared.expected_most += most;
            });
        }
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::AggregateRow;

    fn aggregate(rows: &[(i64, i64, [u64; 3])]) -> Aggregate {
        let row = |(day, affiliate, [unique, duplicate, invalid]): &(i64, i64, [u64; 3])| AggregateRow {
            ids: vec![*day, *affiliate],
            labels: vec![String::new(), format!("affiliate {affiliate}")],
            counts: [
                (Metric::Unique, *unique),
                (Metric::Duplicate, *duplicate),
                (Metric::Invalid, *invalid),
                (Metric::Total, unique + duplicate),
                (Metric::Gross, unique + duplicate + invalid),
            ]
            .into(),
        };
        Aggregate { rows: rows.iter().map(row).collect(), is_incomplete: false }
    }

    fn landed(rows: &[(i64, Option<i64>, &str, u64)]) -> BTreeMap<Group, u64> {
        let group = |(day, affiliate_id, feeds, rows): &(i64, Option<i64>, &str, u64)| {
            (Group { day: *day, affiliate_id: *affiliate_id, feeds: (*feeds).to_owned() }, *rows)
        };
        rows.iter().map(group).collect()
    }

    fn differences(checks: &[Check], landed: &BTreeMap<Group, u64>, everflow: &Aggregate) -> Vec<(Check, i64, i64)> {
        let compared = compare(checks, landed, everflow, |_| false);
        compared.iter().map(|it| (it.check, it.affiliate_id, it.difference())).filter(|it| it.2 != 0).collect()
    }

    const ALL: [Check; 3] = [Check::Invalid, Check::Network, Check::Gross];

    #[test]
    fn both_readings_of_the_networks_feed_agree() {
        let everflow = aggregate(&[(0, 7, [10, 2, 5])]);
        let with_invalid =
            landed(&[(0, Some(7), "invalid-clicks,network-clicks", 5), (0, Some(7), "network-clicks", 12)]);
        let without = landed(&[(0, Some(7), "invalid-clicks", 5), (0, Some(7), "network-clicks", 12)]);
        assert_eq!(differences(&ALL, &with_invalid, &everflow), []);
        assert_eq!(differences(&ALL, &without, &everflow), []);
    }

    #[test]
    fn what_is_missing_and_what_is_too_much_is_found() {
        let everflow = aggregate(&[(0, 7, [10, 0, 5]), (0, 8, [0, 0, 1])]);
        let found = landed(&[
            (0, Some(7), "invalid-clicks", 4),
            (0, Some(7), "network-clicks", 16),
            (0, None, "network-clicks", 1),
        ]);
        let expected = [
            (Check::Invalid, 7, -1),
            (Check::Invalid, 8, -1),
            (Check::Network, 0, 1),
            (Check::Network, 7, 1),
            (Check::Gross, 0, 1),
            (Check::Gross, 7, 5),
            (Check::Gross, 8, -1),
        ];
        assert_eq!(differences(&ALL, &found, &everflow), expected);
    }

    #[test]
    fn days_that_are_left_out_are_left_out_of_both() {
        let compared =
            compare(&ALL, &landed(&[(0, Some(7), "invalid-clicks", 4)]), &aggregate(&[(0, 7, [1, 1, 1])]), |_| true);
        assert_eq!(compared, []);
    }
}
