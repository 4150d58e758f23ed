//! `days_before(time, days, zone)`: the same time of the clock, so many days of a time zone earlier.
//!
//! A day is not always 24 hours: periods that are so many days long begin and end at the same time of the clock.

use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Days, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use datafusion::arrow::array::{AsArray, TimestampMicrosecondArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::common::utils::take_function_args;
use datafusion::common::{exec_datafusion_err, exec_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    Coercion, ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, TypeSignatureClass, Volatility,
};

use super::argument::{text, texts, whole_number};

/// The SQL function `days_before(time, days, zone)`.
///
/// `time` is a timestamp of any unit; one without a time zone is read as UTC. `days` is a whole number, negative for days
/// after; `zone` an IANA name, of which an unknown one is an error. Returns a timestamp in microseconds, UTC; NULL where an
/// argument is NULL. See [`days_before`].
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct DaysBefore {
    signature: Signature,
}

impl DaysBefore {
    /// The function.
    #[must_use]
    pub fn new() -> Self {
        let time = Coercion::new_exact(TypeSignatureClass::Timestamp);
        Self { signature: Signature::coercible(vec![time, whole_number(), text()], Volatility::Immutable) }
    }
}

impl Default for DaysBefore {
    fn default() -> Self {
        Self::new()
    }
}

fn microseconds_utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

impl ScalarUDFImpl for DaysBefore {
    fn name(&self) -> &str {
        "days_before"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(microseconds_utc())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [times, days, zones] = take_function_args(self.name(), ColumnarValue::values_to_arrays(&args.args)?)?;
        let times = cast(&times, &microseconds_utc())?;
        let rows = times.as_primitive::<TimestampMicrosecondType>().iter().zip(days.as_primitive::<Int64Type>());
        let moved: Result<TimestampMicrosecondArray> = rows
            .zip(texts(&zones))
            .map(|row| match row {
                ((Some(time), Some(days)), Some(zone)) => moved(time, days, zone).map(Some),
                _ => Ok(None),
            })
            .collect();
        Ok(ColumnarValue::Array(Arc::new(moved?.with_timezone("UTC"))))
    }
}

fn moved(microseconds: i64, days: i64, zone: &str) -> Result<i64> {
    let Ok(zone) = Tz::from_str(zone) else {
        return exec_err!("unknown time zone '{zone}': days_before takes an IANA name such as Europe/Berlin or UTC");
    };
    let earlier = DateTime::from_timestamp_micros(microseconds).and_then(|time| days_before(time, days, zone));
    earlier
        .map(|time| time.timestamp_micros())
        .ok_or_else(|| exec_datafusion_err!("{days} days before a time is beyond the calendar: take fewer days"))
}

/// The same time of the clock, so many days of the zone earlier; of a time that happens twice the earlier, of one that the
/// clock leaps over the same time an hour later. `None` beyond the calendar.
#[must_use]
pub fn days_before(time: DateTime<Utc>, days: i64, zone: Tz) -> Option<DateTime<Utc>> {
    let clock = time.with_timezone(&zone).naive_local();
    let number = Days::new(days.unsigned_abs());
    let clock = if days < 0 { clock.checked_add_days(number)? } else { clock.checked_sub_days(number)? };
    let on_the_clock = |clock| zone.from_local_datetime(&clock).earliest();
    // No zone has ever leaped by more than a day.
    let leaps = (0..=24).filter_map(|hours| clock.checked_add_signed(TimeDelta::hours(hours)));
    leaps.into_iter().find_map(on_the_clock).map(|time| time.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(time: &str, days: i64, zone: &str) -> Option<String> {
        let time = DateTime::parse_from_rfc3339(time).unwrap().to_utc();
        days_before(time, days, zone.parse().unwrap()).map(|time| time.to_rfc3339())
    }

    #[test]
    fn days_are_those_of_the_clock() {
        // In New York clocks went forward on 2026-03-08: that day had 23 hours.
        let end = "2026-03-09T03:59:59Z";
        assert_eq!(before(end, 1, "America/New_York").unwrap(), "2026-03-08T04:59:59+00:00");
        assert_eq!(before(end, 1, "UTC").unwrap(), "2026-03-08T03:59:59+00:00");
        assert_eq!(before(end, 0, "America/New_York").unwrap(), "2026-03-09T03:59:59+00:00");
        assert_eq!(before("2026-03-08T04:59:59Z", -1, "America/New_York").unwrap(), "2026-03-09T03:59:59+00:00");
        // 02:30 did not exist on that day, and 01:30 came twice on 2026-11-01.
        assert_eq!(before("2026-03-09T06:30:00Z", 1, "America/New_York").unwrap(), "2026-03-08T07:30:00+00:00");
        assert_eq!(before("2026-11-02T06:30:00Z", 1, "America/New_York").unwrap(), "2026-11-01T05:30:00+00:00");
        assert_eq!(before(end, i64::MAX, "UTC"), None);
        assert_eq!(before(end, i64::MIN, "UTC"), None);
    }
}
