//! The calendar that people read: a line for each month, a character for each day.
//!
//! Promises 80 columns at most, and that nothing is said by colour alone. Pure.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;
use clap::builder::styling::{AnsiColor, Style};

use super::days::{Known, expiry};
use super::{AccountStatus, FeedStatus, Status};
use crate::request::Window;
use crate::summary::{count, grouped};

const GAPS_SHOWN: usize = 5;
const DAY_NUMBERS: &str = "1   5    10   15   20   25   30";
const LEGEND: &str = "\
# covered   1-9 tenths of the day covered   - nothing   p covered, clicks pruned
! saturated: more clicks may exist   x lost: no longer kept by Everflow";

/// How a calendar is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// The time zone that times are written in.
    pub(super) zone: Tz,
    /// Whether colour may be used.
    pub(super) is_coloured: bool,
}

/// The status of a lake, for a person.
pub(super) fn render(status: &Status, look: Look) -> String {
    let mut text = String::new();
    let mut has_calendar = false;
    for account in &status.accounts {
        account_line(&mut text, account);
        for feed in &account.feeds {
            has_calendar = true;
            feed_calendar(&mut text, feed, status.now, look);
        }
        text.push('\n');
    }
    if has_calendar {
        text.push_str(LEGEND);
    }
    text.truncate(text.trim_end().len());
    text
}

/// Writing to a String cannot fail.
macro_rules! say {
    ($text:expr, $($format:tt)*) => { let _ = writeln!($text, $($format)*); };
}

fn account_line(text: &mut String, account: &AccountStatus) {
    let clicks = count(account.clicks, "click");
    match account.dates {
        Some((first, last)) if first == last => {
            say!(text, "account {}: {clicks} in the partition of {first} (UTC)", account.account);
        }
        Some((first, last)) => {
            say!(text, "account {}: {clicks} in the partitions of {first} .. {last} (UTC)", account.account);
        }
        None => {
            say!(text, "account {}: no clicks", account.account);
        }
    }
    if account.feeds.is_empty() {
        say!(text, "  no coverage: nothing proves that these are all clicks of any time");
        say!(text, "  (fetcher pull records it, fetcher land with --source and --covers claims it)");
    }
}

fn feed_calendar(text: &mut String, feed: &FeedStatus, now: i64, look: Look) {
    let known = &feed.known;
    say!(
        text,
        "\n{}: {} % of {} covered",
        feed.feed,
        percent(known.covered_seconds, known.seconds),
        range(feed.window, look.zone)
    );
    for filter in &feed.filters {
        say!(text, "  only clicks with {filter}");
    }
    say!(text, "           {DAY_NUMBERS}      covered          rows");
    let mut days = feed.days.as_slice();
    while let Some((first, _)) = days.first() {
        let month = |date: NaiveDate| (date.year(), date.month());
        let end = days.partition_point(|(day, _)| month(day.date) <= month(first.date));
        let (of_month, later) = days.split_at(end);
        days = later;
        let mut sum = Known::default();
        let mut cells = [(' ', None); 31];
        for (day, known) in of_month {
            sum.add(known);
            cells[day.date.day0() as usize] = cell(known);
        }
        let painted: String = cells.chunk_by(|a, b| a.1 == b.1).map(|alike| paint(alike, look)).collect();
        let rows = rows_of(&sum);
        say!(
            text,
            "  {}  {painted}  {:>7} %  {rows:>12}",
            first.date.format("%Y-%m"),
            percent(sum.covered_seconds, sum.seconds)
        );
    }
    missing(text, feed, now, look);
}

/// What stands for a day, and its colour.
fn cell(known: &Known) -> (char, Option<AnsiColor>) {
    if known.is_complete() {
        return if known.pruned_seconds > 0 { ('p', Some(AnsiColor::Cyan)) } else { ('#', Some(AnsiColor::Green)) };
    }
    if known.saturated_seconds > 0 {
        return ('!', Some(AnsiColor::Magenta));
    }
    if known.covered_seconds == 0 {
        let is_lost = known.expired_seconds == known.seconds;
        return if is_lost { ('x', None) } else { ('-', Some(AnsiColor::Red)) };
    }
    let tenths = (known.covered_seconds * 10 / known.seconds.max(1)).clamp(1, 9);
    (char::from_digit(u32::try_from(tenths).unwrap_or(9), 10).unwrap_or('9'), Some(AnsiColor::Yellow))
}

/// Days of one colour that follow each other.
fn paint(alike: &[(char, Option<AnsiColor>)], look: Look) -> String {
    let glyphs: String = alike.iter().map(|(glyph, _)| glyph).collect();
    match alike.first().and_then(|(_, colour)| *colour).filter(|_| look.is_coloured) {
        Some(colour) => {
            let style = Style::new().fg_color(Some(colour.into()));
            format!("{style}{glyphs}{style:#}")
        }
        None => glyphs,
    }
}

fn missing(text: &mut String, feed: &FeedStatus, now: i64, look: Look) {
    let known = &feed.known;
    if !known.gaps.is_empty() {
        say!(text, "  {}, {} of time:", count(known.gaps.len() as u64, "gap"), length(gap_seconds(known)));
        for gap in known.gaps.iter().take(GAPS_SHOWN) {
            say!(text, "    {}", range(*gap, look.zone));
        }
        if known.gaps.len() > GAPS_SHOWN {
            say!(text, "    and {} more (--format json lists all)", grouped((known.gaps.len() - GAPS_SHOWN) as u64));
        }
    }
    if known.saturated_seconds > 0 {
        let seconds = length(known.saturated_seconds);
        say!(text, "  {seconds} saturated: answered with as many rows as Everflow returns at most");
    }
    if known.pruned_seconds > 0 {
        say!(text, "  {} pruned: covered, and their clicks forgotten since", length(known.pruned_seconds));
    }
    if known.expired_seconds > 0 {
        say!(
            text,
            "  {} lost: neither covered nor kept by Everflow, which keeps 3 months",
            length(known.expired_seconds)
        );
    }
    if let Some(first) = known.first_missing {
        let (_, days) = expiry(first, now);
        let when =
            if days == 0 { "within a day".to_owned() } else { format!("in {}", count(days.unsigned_abs(), "day")) };
        say!(text, "  what is missing begins to expire {when}: {}", time(first, look.zone));
    }
}

fn gap_seconds(known: &Known) -> u64 {
    known.gaps.iter().map(|gap| u64::try_from(gap.seconds()).unwrap_or(0)).sum()
}

fn rows_of(known: &Known) -> String {
    format!("{}{}", if known.rows_are_estimated { "~" } else { "" }, grouped(known.rows))
}

/// Rounded down: what is not complete never reads 100.0.
fn percent(part: u64, whole: u64) -> String {
    let per_mille = u128::from(part) * 1000 / u128::from(whole.max(1));
    format!("{}.{}", per_mille / 10, per_mille % 10)
}

/// A length of time in its two largest units.
fn length(seconds: u64) -> String {
    let units = [(seconds / 86_400, "day"), (seconds / 3600 % 24, "hour"), (seconds / 60 % 60, "minute")];
    let mut units = units.into_iter().chain([(seconds % 60, "second")]).skip_while(|(number, _)| *number == 0).take(2);
    let Some((number, unit)) = units.next() else { return "0 seconds".to_owned() };
    let rest = units.next().filter(|(number, _)| *number > 0);
    let rest = rest.map_or_else(String::new, |(number, unit)| format!(" {}", count(number, unit)));
    count(number, unit) + &rest
}

fn time(second: i64, zone: Tz) -> String {
    let time = DateTime::<Utc>::from_timestamp(second, 0).map(|time| time.with_timezone(&zone));
    time.map_or_else(|| second.to_string(), |time| time.format("%Y-%m-%d %H:%M:%S").to_string())
}

/// A range as people write it: a common day only once, whole days as days.
fn range(window: Window, zone: Tz) -> String {
    let (from, to) = (time(window.from, zone), time(window.to, zone));
    let (from_day, to_day) = (from.get(..10).unwrap_or_default(), to.get(..10).unwrap_or_default());
    if from.ends_with("00:00:00") && to.ends_with("23:59:59") {
        return if from_day == to_day { from_day.to_owned() } else { format!("{from_day} .. {to_day}") };
    }
    if from_day == to_day {
        format!("{from} .. {}", to.get(11..).unwrap_or_default())
    } else {
        format!("{from} .. {to}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::days::{days_of, measure, retained_from};
    use super::*;
    use clicks::coverage::Interval;
    use clicks::feed::Feed;

    #[test]
    fn the_day_numbers_stand_over_their_days() {
        for (day, label) in [(1, "1"), (5, "5"), (10, "10"), (20, "20"), (30, "30")] {
            assert_eq!(&DAY_NUMBERS[day - 1..day - 1 + label.len()], label);
        }
    }

    #[test]
    fn a_day_is_a_character() {
        let of = |covered, saturated, expired, pruned| {
            cell(&Known {
                seconds: 1000,
                covered_seconds: covered,
                saturated_seconds: saturated,
                expired_seconds: expired,
                pruned_seconds: pruned,
                ..Known::default()
            })
            .0
        };
        assert_eq!([of(1000, 0, 0, 0), of(1000, 0, 0, 1), of(999, 0, 1, 0), of(1, 0, 0, 0)], ['#', 'p', '9', '1']);
        assert_eq!([of(999, 1, 0, 0), of(0, 0, 999, 0), of(0, 0, 1000, 0), of(500, 0, 500, 0)], ['!', '-', 'x', '5']);
    }

    /// 2026-03-15T12:00:00Z
    const NOW: i64 = 1_773_576_000;

    fn status() -> Status {
        let day = 86_400;
        let of = |from: i64, to: i64, saturated, pruned| Interval {
            feed: Feed::AffiliateClicks,
            filters: vec!["offer=1234567".to_owned()],
            from_time: NOW - from * day,
            to_time: NOW - to * day - 1,
            rows: 123_456_789,
            cap: None,
            saturated,
            fetched_at: None,
            pruned,
        };
        let intervals =
            [of(95, 85, false, true), of(60, 40, false, false), of(40, 39, true, false), of(20, 1, false, false)];
        let window = Window { from: NOW - 100 * day, to: NOW - 600 };
        let retained_from = retained_from(NOW);
        let days = days_of(window, Tz::UTC).into_iter();
        let days = days.map(|day| (day, measure(day.window, &intervals, retained_from))).collect();
        let known = measure(window, &intervals, retained_from);
        let (feed, filters) = (Feed::AffiliateClicks, intervals[0].filters.clone());
        let feeds = vec![FeedStatus { feed, filters, window, known, days }];
        let account = "a".repeat(20).parse().unwrap();
        Status { now: NOW, accounts: vec![AccountStatus { account, clicks: 1_234_567_890, dates: None, feeds }] }
    }

    #[test]
    fn a_calendar_fits_80_columns_and_says_all_without_colour() {
        let plain = render(&status(), Look { zone: Tz::UTC, is_coloured: false });
        assert!(plain.lines().all(|line| line.chars().count() <= 80), "{plain}");
        for line in [
            "  only clicks with offer=1234567",
            "  2025-12      xxxxx5ppppppppp5-----------     37.7 %  ",
            "  1 day saturated: answered with as many rows as Everflow returns at most",
        ] {
            assert!(plain.contains(line), "{line}\n{plain}");
        }
        assert!(plain.contains("10 days pruned") && plain.contains("what is missing begins to expire in"), "{plain}");
        let coloured = render(&status(), Look { zone: Tz::UTC, is_coloured: true });
        let mut is_escape = false;
        let stripped: String = coloured
            .chars()
            .filter(|letter| {
                is_escape |= *letter == '\x1b';
                let is_shown = !is_escape;
                is_escape &= *letter != 'm';
                is_shown
            })
            .collect();
        assert!(coloured != plain && stripped == plain, "{stripped}");
    }

    #[test]
    fn lengths_of_time_have_two_units() {
        let texts = [0, 1, 60, 3_601, 90_000, 86_400 * 3].map(length);
        assert_eq!(texts, ["0 seconds", "1 second", "1 minute", "1 hour", "1 day 1 hour", "3 days"]);
    }
}
