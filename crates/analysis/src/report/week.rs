//! The hours of the week: clicks, and whether an hour without clicks was one at all. Pure.

use chrono::{DateTime, Datelike, Timelike};
use chrono_tz::Tz;

use super::ask::Answers;
use super::model::Hour;
use super::rows::of;
use crate::engine::completeness::{Completeness, Seconds};

/// Zones differ by quarters of an hour; so fine a step meets every local hour.
const STEP_SECONDS: i64 = 900;

/// Seven days of 24 hours, Monday first.
pub(super) fn hours(answers: &Answers, account: &str, zone: Tz) -> Vec<Vec<Hour>> {
    let mut week = vec![vec![Hour::default(); 24]; 7];
    let own = answers.completeness.now.iter().filter(|measured| measured.account == account);
    let own: Vec<_> = own.filter(|measured| answers.has_lately(measured)).collect();
    mark_fetched(&mut week, answers.seconds, zone, &own);
    for row in of(&answers.hours, account) {
        let weekday = usize::from(row.weekday).checked_sub(1).and_then(|day| week.get_mut(day));
        if let Some(hour) = weekday.and_then(|day| day.get_mut(usize::from(row.hour))) {
            *hour = Hour { clicks: row.clicks, invalid_clicks: row.invalid_clicks, is_fetched: true };
        }
    }
    week
}

/// Marks the hours that the range has and that some feed covers; all that the range has, where no feed tells.
fn mark_fetched(week: &mut [Vec<Hour>], (from, to): Seconds, zone: Tz, feeds: &[&Completeness]) {
    let mut second = from;
    // A long range needs no look at its end.
    let mut left = 7 * 24;
    while second <= to && left > 0 {
        let covered = feeds.iter().map(|feed| after_gap(feed, second)).min();
        if let Some(covered) = covered.filter(|covered| *covered > second) {
            second = covered;
            continue;
        }
        let Some(time) = DateTime::from_timestamp(second, 0) else { return };
        let local = time.with_timezone(&zone);
        let (weekday, hour) = (local.weekday().num_days_from_monday() as usize, local.hour() as usize);
        if let Some(hour) = week.get_mut(weekday).and_then(|day| day.get_mut(hour)).filter(|hour| !hour.is_fetched) {
            hour.is_fetched = true;
            left -= 1;
        }
        second = second.saturating_add(STEP_SECONDS);
    }
}

/// A second itself, or the first after the gap that it lies in.
fn after_gap(feed: &Completeness, second: i64) -> i64 {
    let gap = feed.gaps.get(feed.gaps.partition_point(|gap| gap.1 < second));
    gap.filter(|gap| gap.0 <= second).map_or(second, |gap| gap.1.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use clicks::feed::Feed;

    use super::*;

    /// Wednesday, 2026-03-11, in UTC.
    const DAY: i64 = 1_773_187_200;

    fn fetched(range: Seconds, zone: Tz, gaps: Option<Vec<Seconds>>) -> Vec<(usize, usize)> {
        let mut week = vec![vec![Hour::default(); 24]; 7];
        let feed = gaps.map(|gaps| Completeness {
            account: "a".to_owned(),
            feeds: vec![Feed::NetworkClicks],
            feed: Feed::NetworkClicks,
            range,
            covered_seconds: 0,
            gaps,
            pruned_seconds: 0,
        });
        mark_fetched(&mut week, range, zone, &feed.iter().collect::<Vec<_>>());
        let all = (0..7).flat_map(|day| (0..24).map(move |hour| (day, hour)));
        all.filter(|(day, hour)| week[*day][*hour].is_fetched).collect()
    }

    #[test]
    fn an_hour_is_fetched_where_the_range_has_it_and_a_feed_covers_it() {
        let day = (DAY, DAY + 86_399);
        assert_eq!(fetched(day, Tz::UTC, None), (0..24).map(|hour| (2, hour)).collect::<Vec<_>>());
        let gap = vec![(DAY + 11 * 3600, DAY + 14 * 3600 - 1)];
        let without = (0..24).filter(|hour| !(11..14).contains(hour)).map(|hour| (2, hour)).collect::<Vec<_>>();
        assert_eq!(fetched(day, Tz::UTC, Some(gap)), without);
        assert_eq!(fetched(day, Tz::UTC, Some(vec![day])), []);
        // Half past five hours ahead: the first half hour of a day is of the hour before.
        assert_eq!(fetched((DAY, DAY + 3599), Tz::Asia__Kolkata, None), [(2, 5), (2, 6)]);
        assert_eq!(fetched((DAY, DAY + 30 * 86_400), Tz::UTC, Some(vec![day])).len(), 7 * 24);
    }
}
