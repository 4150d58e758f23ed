//! Everflow's ids of time zones, and how it reads a local time.

use chrono::{MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use serde_json::{Value, json};

/// The ids that are known, with their names.
const TIME_ZONES: [(i64, Tz); 6] = [
    (67, Tz::UTC),
    (80, Tz::America__New_York),
    (85, Tz::America__Chicago),
    (87, Tz::America__Denver),
    (90, Tz::America__Los_Angeles),
    (56, Tz::Europe__Berlin),
];

/// Which end of a window a text stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    From,
    To,
}

pub(super) fn zone(id: i64) -> Option<Tz> {
    TIME_ZONES.into_iter().find(|(known, _)| *known == id).map(|(_, zone)| zone)
}

/// The answer of `/v1/meta/timezones`.
pub(super) fn list() -> Value {
    let zones: Vec<Value> = TIME_ZONES
        .into_iter()
        .map(|(id, zone)| json!({ "timezone_id": id, "timezone": zone.name(), "is_active": true }))
        .collect();
    json!({ "timezones": zones })
}

/// Reads `YYYY-MM-DD HH:MM:SS`, and a bare day where `takes_days`; `None` for what no calendar has.
pub(super) fn parse(text: &str, edge: Edge, takes_days: bool) -> Option<NaiveDateTime> {
    let shape: String =
        text.chars().map(|character| if character.is_ascii_digit() { '0' } else { character }).collect();
    match shape.as_str() {
        "0000-00-00 00:00:00" if !text.ends_with(":60") => {
            NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()
        }
        "0000-00-00" if takes_days => {
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            match edge {
                Edge::From => Some(day.and_time(NaiveTime::MIN)),
                Edge::To => day.and_hms_opt(23, 59, 59),
            }
        }
        _ => None,
    }
}

/// The second since 1970 of a local time: where it happens twice the window is the longer one, where it never happens the
/// clock is taken to go on for an hour.
pub(super) fn to_utc(local: NaiveDateTime, edge: Edge, zone: Tz) -> Option<i64> {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(time) => Some(time.timestamp()),
        MappedLocalTime::Ambiguous(first, second) => {
            Some(if edge == Edge::From { first.timestamp() } else { second.timestamp() })
        }
        MappedLocalTime::None => {
            let before = zone.from_local_datetime(&(local - TimeDelta::hours(1))).earliest()?;
            Some(before.timestamp() + 3600)
        }
    }
}
