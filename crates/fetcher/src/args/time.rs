//! Times, ranges of time, lengths of time, and the zone that they are read in.

use std::time::Duration;

use chrono_tz::Tz;
use clicks::time_bound::{self, Edge};

/// The last second that a timestamp in the lake can have: the end of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// The zone in which times are read.
#[derive(Debug, Clone, clap::Args)]
pub struct ZoneArgs {
    /// The time zone in which times are read
    #[arg(long, value_name = "IANA", default_value = "UTC", value_parser = parse_zone)]
    pub timezone: Tz,
}

/// Seconds since 1970, both ends inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first second.
    pub from: i64,
    /// The last second.
    pub to: i64,
}

/// A range or a time that cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum TimeError {
    /// Not two times.
    #[error("--covers '{0}' is not FROM/TO: write two times with a slash between, such as 2026-03-01/2026-03-14")]
    NoSlash(String),
    /// The ends are the wrong way round.
    #[error("{flag} '{from}/{to}' ends before it begins", flag = flags.range)]
    Reversed {
        /// How the range is typed.
        flags: RangeFlags,
        /// The first end, as typed.
        from: String,
        /// The last end, as typed.
        to: String,
    },
    /// The ends are no seconds that Everflow has.
    #[error("{flag} '{from}/{to}' begins before 1970 or ends after 9999", flag = flags.range)]
    OutOfRange {
        /// How the range is typed.
        flags: RangeFlags,
        /// The first end, as typed.
        from: String,
        /// The last end, as typed.
        to: String,
    },
    /// An answer that has not come yet.
    #[error("--as-of '{0}' is in the future: name the time when Everflow answered")]
    Future(String),
    /// One of the times.
    #[error("{flag}: {source}")]
    Time {
        /// The flag.
        flag: &'static str,
        /// What is wrong.
        source: time_bound::TimeBoundError,
    },
}

/// The flags that a range is typed with, for errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangeFlags {
    /// The flag of the first end.
    pub from: &'static str,
    /// The flag of the last end.
    pub to: &'static str,
    /// What the range as a whole is called.
    pub range: &'static str,
}

impl RangeFlags {
    /// `--covers FROM/TO`.
    pub const COVERS: RangeFlags = RangeFlags { from: "--covers", to: "--covers", range: "--covers" };
    /// `--from FROM --to TO`.
    pub const FROM_TO: RangeFlags = RangeFlags { from: "--from", to: "--to", range: "the range of --from and --to" };
}

impl Range {
    /// Reads both ends of a range, in a time zone.
    ///
    /// # Errors
    /// Says which end is no time, or that they are no range.
    pub fn parse(from: &str, to: &str, zone: Tz, flags: RangeFlags) -> Result<Range, TimeError> {
        let range = Range {
            from: parse_time(from, Edge::From, zone, flags.from)?,
            to: parse_time(to, Edge::To, zone, flags.to)?,
        };
        let texts = || (from.to_owned(), to.to_owned());
        if range.to < range.from {
            let (from, to) = texts();
            return Err(TimeError::Reversed { flags, from, to });
        }
        if range.from < 0 || range.to > LAST_SECOND {
            let (from, to) = texts();
            return Err(TimeError::OutOfRange { flags, from, to });
        }
        Ok(range)
    }
}

/// Reads a time, in a time zone, as seconds since 1970.
///
/// # Errors
/// Names the flag, and what is wrong with the text.
pub(super) fn parse_time(text: &str, edge: Edge, zone: Tz, flag: &'static str) -> Result<i64, TimeError> {
    time_bound::parse(text, edge, zone).map(|time| time.timestamp()).map_err(|source| TimeError::Time { flag, source })
}

fn parse_zone(text: &str) -> Result<Tz, String> {
    text.parse().map_err(|_| "no such time zone; use an IANA name such as Europe/Berlin".to_owned())
}

/// Reads a length of time such as `90s`, `10m`, `6h` or `2d`, at most 10 years.
///
/// # Errors
/// Says what to write.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    const SECONDS_MAX: u64 = 10 * 366 * 86_400;
    let expected = || "expected a length of time such as 90s, 10m, 6h or 2d".to_owned();
    let number_ends = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(expected)?;
    let (number, unit) = text.split_at(number_ends);
    let unit_seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(expected()),
    };
    let seconds =
        number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit_seconds)).ok_or_else(expected)?;
    if seconds > SECONDS_MAX {
        return Err("longer than 10 years".to_owned());
    }
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_a_unit() {
        let seconds = |text| parse_duration(text).map(|duration| duration.as_secs());
        let read = ["0s", "90s", "10m", "6h", "2d"].map(seconds);
        assert_eq!(read, [Ok(0), Ok(90), Ok(600), Ok(21_600), Ok(172_800)]);
        for bad in ["", "10", "m", "-1m", "1.5h", "1 h", "5 minutes", "1w", "99999999999999999999s", "4000d"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
