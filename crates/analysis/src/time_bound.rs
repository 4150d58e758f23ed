//! The grammar of `--from` and `--to`: what a person means by a day or a time, in a time zone.
//!
//! Owns the step from text to a second of UTC. Promises that both ends are inclusive: a day as `from` is its first
//! second, as `to` its last; where clocks are set back and a time happens twice, `from` is the earlier, `to` the later.
//! A time that clocks skip is an error, for no click can have happened then.

use chrono::{DateTime, Duration, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, TimeZone, Utc};
use chrono_tz::Tz;

/// Which end of a range a text stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The first second that belongs to the range.
    From,
    /// The last second that belongs to the range.
    To,
}

/// A text that names no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeBoundError {
    /// None of the three forms.
    #[error("`{0}` is not a time: write YYYY-MM-DD, 'YYYY-MM-DD HH:MM:SS', or RFC 3339 such as 2026-03-01T10:00:00Z")]
    Form(String),
    /// The right form, but no such day or time of day.
    #[error("`{0}` does not exist in the calendar: check the day of the month and the time of day")]
    Calendar(String),
    /// Clocks were set forward over it.
    #[error("`{text}` does not exist in {zone}: clocks were set forward over it; the next time that exists is {next}")]
    Skipped {
        /// What was written.
        text: String,
        /// The time zone it was read in.
        zone: Tz,
        /// The first local time after the gap.
        next: NaiveDateTime,
    },
}

/// Reads one end of a range.
///
/// # Errors
/// [`TimeBoundError`] says what is wrong with the text and what to write.
pub fn parse(text: &str, edge: Edge, zone: Tz) -> Result<DateTime<Utc>, TimeBoundError> {
    let calendar = |_| TimeBoundError::Calendar(text.to_owned());
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    match shape.as_str() {
        "0000-00-00" => {
            let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(calendar)?;
            day(text, date, edge, zone)
        }
        "0000-00-00 00:00:00" => {
            let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").map_err(calendar)?;
            // chrono takes second 60; Everflow's clock, like every Unix clock, does not have it.
            if text.ends_with(":60") {
                return Err(TimeBoundError::Calendar(text.to_owned()));
            }
            local(text, time, edge, zone)
        }
        shape if shape.starts_with("0000-00-00T00:00:00") => {
            let time = DateTime::parse_from_rfc3339(text).map_err(|_| {
                let date_only = text.get(..19).unwrap_or_default();
                match NaiveDateTime::parse_from_str(date_only, "%Y-%m-%dT%H:%M:%S") {
                    Ok(_) => TimeBoundError::Form(text.to_owned()),
                    Err(_) => TimeBoundError::Calendar(text.to_owned()),
                }
            })?;
            Ok(whole_second(time.with_timezone(&Utc), edge))
        }
        _ => Err(TimeBoundError::Form(text.to_owned())),
    }
}

/// The first or the last second of a day.
fn day(text: &str, date: NaiveDate, edge: Edge, zone: Tz) -> Result<DateTime<Utc>, TimeBoundError> {
    let calendar = || TimeBoundError::Calendar(text.to_owned());
    let first = first_instant_from(date, zone).ok_or_else(calendar)?;
    if first.with_timezone(&zone).date_naive() != date {
        // A whole day that a time zone skipped: Apia has no 2011-12-30.
        let next = first.with_timezone(&zone).naive_local();
        return Err(TimeBoundError::Skipped { text: text.to_owned(), zone, next });
    }
    match edge {
        Edge::From => Ok(first),
        Edge::To => {
            let next_day = date.succ_opt().and_then(|next| first_instant_from(next, zone)).ok_or_else(calendar)?;
            Ok(next_day - Duration::seconds(1))
        }
    }
}

fn local(text: &str, time: NaiveDateTime, edge: Edge, zone: Tz) -> Result<DateTime<Utc>, TimeBoundError> {
    match (zone.from_local_datetime(&time), edge) {
        (MappedLocalTime::Single(time), _)
        | (MappedLocalTime::Ambiguous(time, _), Edge::From)
        | (MappedLocalTime::Ambiguous(_, time), Edge::To) => Ok(time.with_timezone(&Utc)),
        (MappedLocalTime::None, _) => match first_instant_after(time, zone) {
            Some(next) => {
                let next = next.with_timezone(&zone).naive_local();
                Err(TimeBoundError::Skipped { text: text.to_owned(), zone, next })
            }
            None => Err(TimeBoundError::Calendar(text.to_owned())),
        },
    }
}

/// The first instant whose local date is `date`, or later where the zone skipped that day.
fn first_instant_from(date: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let midnight = date.and_time(NaiveTime::MIN);
    match zone.from_local_datetime(&midnight).earliest() {
        Some(time) => Some(time.with_timezone(&Utc)),
        None => first_instant_after(midnight, zone),
    }
}

/// The end of the gap that holds a skipped local time.
fn first_instant_after(skipped: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    // No gap is longer than the day that Apia and Kwajalein skipped; every one ends on a whole second.
    const LONGEST_GAP_SECONDS: i64 = 25 * 3600;
    let exists = |seconds: i64| {
        let time = skipped.checked_add_signed(Duration::seconds(seconds))?;
        zone.from_local_datetime(&time).earliest()
    };
    let (mut inside, mut outside) = (0, LONGEST_GAP_SECONDS);
    exists(outside)?;
    while outside - inside > 1 {
        let middle = inside + (outside - inside) / 2;
        if exists(middle).is_some() { outside = middle } else { inside = middle }
    }
    exists(outside).map(|time| time.with_timezone(&Utc))
}

/// Clicks happen at whole seconds: the first one at or after `from`, the last one at or before `to`.
fn whole_second(time: DateTime<Utc>, edge: Edge) -> DateTime<Utc> {
    let second = time.trunc_subsecs(0);
    if edge == Edge::From && second < time { second + Duration::seconds(1) } else { second }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, edge: Edge, zone: &str) -> Result<String, String> {
        let time = parse(text, edge, zone.parse().unwrap()).map_err(|error| error.to_string())?;
        Ok(time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
    }

    fn both(text: &str, zone: &str) -> (String, String) {
        (read(text, Edge::From, zone).unwrap(), read(text, Edge::To, zone).unwrap())
    }

    fn pair(from: &str, to: &str) -> (String, String) {
        (from.to_owned(), to.to_owned())
    }

    #[test]
    fn a_day_is_its_first_and_its_last_second() {
        assert_eq!(both("2026-03-01", "UTC"), pair("2026-03-01T00:00:00Z", "2026-03-01T23:59:59Z"));
        assert_eq!(both("2026-03-01", "Europe/Berlin"), pair("2026-02-28T23:00:00Z", "2026-03-01T22:59:59Z"));
        // 23 and 25 hours long.
        assert_eq!(both("2026-03-29", "Europe/Berlin"), pair("2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z"));
        assert_eq!(both("2026-10-25", "Europe/Berlin"), pair("2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z"));
    }

    #[test]
    fn a_day_without_a_midnight_begins_when_it_begins() {
        // Clocks in Sao Paulo went from 23:59:59 to 01:00:00.
        assert_eq!(both("2018-11-04", "America/Sao_Paulo"), pair("2018-11-04T03:00:00Z", "2018-11-05T01:59:59Z"));
        let error = read("2011-12-30", Edge::From, "Pacific/Apia").unwrap_err();
        assert!(error.contains("the next time that exists is 2011-12-31 00:00:00"), "{error}");
    }

    #[test]
    fn an_hour_that_happens_twice_is_the_earlier_and_the_later() {
        let found = both("2026-10-25 02:30:00", "Europe/Berlin");
        assert_eq!(found, pair("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"));
    }

    #[test]
    fn a_skipped_hour_is_an_error_with_the_next_time() {
        let error = read("2026-03-29 02:30:00", Edge::From, "Europe/Berlin").unwrap_err();
        assert!(error.contains("the next time that exists is 2026-03-29 03:00:00"), "{error}");
    }

    #[test]
    fn rfc_3339_keeps_its_own_offset_and_whole_seconds_of_the_range() {
        let found = both("2026-03-01T10:00:00.5+02:00", "Asia/Tokyo");
        assert_eq!(found, pair("2026-03-01T08:00:01Z", "2026-03-01T08:00:00Z"));
    }

    #[test]
    fn what_is_no_time_is_refused_with_the_forms_that_are() {
        for text in ["2024-11-31", "2026-02-29", "2026-03-01 24:00:00", "2026-03-01 10:00:60", "2026-13-01T00:00:00Z"] {
            let error = parse(text, Edge::From, Tz::UTC).unwrap_err();
            assert!(matches!(error, TimeBoundError::Calendar(_)), "{text}: {error}");
        }
        for text in ["", "yesterday", "2026-3-1", "2026-03-01 10:00", "1772323200", "2026-03-01T10:00:00", "٢٠٢٦-03-01"]
        {
            let error = parse(text, Edge::To, Tz::UTC).unwrap_err();
            assert!(matches!(error, TimeBoundError::Form(_)), "{text}: {error}");
        }
    }
}
