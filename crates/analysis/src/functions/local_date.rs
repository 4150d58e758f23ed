//! `local_date(time, zone)`: the day on the wall of a time zone.
//!
//! SQL's own `AT TIME ZONE` takes only a literal in DataFusion, and a report's zone is a parameter.

use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use datafusion::arrow::array::{ArrayRef, AsArray, Date32Array, StringArray, TimestampMicrosecondArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Date32Type, TimeUnit, TimestampMicrosecondType};
use datafusion::common::types::logical_string;
use datafusion::common::utils::take_function_args;
use datafusion::common::{exec_datafusion_err, exec_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    Coercion, ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, TypeSignatureClass, Volatility,
};

/// The SQL function `local_date(time, zone)`.
///
/// `time` is a timestamp of any unit; one without a time zone is read as UTC. `zone` is an IANA name such as
/// `Europe/Berlin`; an unknown one is an error. Returns a date, NULL where an argument is NULL. An instant has exactly
/// one local day, also on the days when clocks change.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct LocalDate {
    signature: Signature,
}

impl LocalDate {
    /// The function.
    #[must_use]
    pub fn new() -> Self {
        let time = Coercion::new_exact(TypeSignatureClass::Timestamp);
        let zone = Coercion::new_exact(TypeSignatureClass::Native(logical_string()));
        Self { signature: Signature::coercible(vec![time, zone], Volatility::Immutable) }
    }
}

impl Default for LocalDate {
    fn default() -> Self {
        Self::new()
    }
}

impl ScalarUDFImpl for LocalDate {
    fn name(&self) -> &str {
        "local_date"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Date32)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let [time, zone] = take_function_args(self.name(), args.args)?;
        // Through UTC: a cast from a zoned to a naive timestamp must not shift the instant.
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let times = cast(&time.into_array(rows)?, &utc)?;
        let times = times.as_primitive::<TimestampMicrosecondType>();
        let days = match zone {
            ColumnarValue::Scalar(zone) => match zone.try_as_str() {
                Some(Some(name)) => days_in_one_zone(times, parse_zone(name)?)?,
                _ => Date32Array::new_null(rows),
            },
            ColumnarValue::Array(zones) => {
                let zones = cast(&zones, &DataType::Utf8)?;
                days_in_zones(times, zones.as_string())?
            }
        };
        Ok(ColumnarValue::Array(Arc::new(days) as ArrayRef))
    }
}

fn days_in_one_zone(times: &TimestampMicrosecondArray, zone: Tz) -> Result<Date32Array> {
    times.iter().map(|time| time.map(|time| day(time, zone)).transpose()).collect()
}

fn days_in_zones(times: &TimestampMicrosecondArray, zones: &StringArray) -> Result<Date32Array> {
    times
        .iter()
        .zip(zones)
        .map(|pair| match pair {
            (Some(time), Some(zone)) => day(time, parse_zone(zone)?).map(Some),
            _ => Ok(None),
        })
        .collect()
}

fn parse_zone(name: &str) -> Result<Tz> {
    match Tz::from_str(name) {
        Ok(zone) => Ok(zone),
        Err(_) => exec_err!("unknown time zone '{name}': local_date takes an IANA name such as Europe/Berlin or UTC"),
    }
}

fn day(microseconds: i64, zone: Tz) -> Result<i32> {
    let instant = DateTime::from_timestamp_micros(microseconds)
        .ok_or_else(|| exec_datafusion_err!("a time of {microseconds} µs since 1970 is beyond the calendar"))?;
    let day: NaiveDate = instant.with_timezone(&zone).date_naive();
    Ok(Date32Type::from_naive_date(day))
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::util::pretty::pretty_format_batches;

    async fn cells(sql: &str) -> Result<Vec<String>, String> {
        let session = crate::functions::tests::session();
        let frame = session.sql(sql).await.map_err(|error| error.to_string())?;
        let batches = frame.collect().await.map_err(|error| error.to_string())?;
        let text = pretty_format_batches(&batches).unwrap().to_string();
        Ok(text
            .lines()
            .skip(3)
            .filter(|line| line.starts_with('|'))
            .map(|line| line.trim_matches(['|', ' ']).to_owned())
            .collect())
    }

    #[tokio::test]
    async fn knows_summer_time_and_the_far_sides_of_the_date_line() {
        let sql = "SELECT local_date(time, zone) FROM (VALUES
            (1, TIMESTAMP '2026-03-28T22:59:59Z', 'Europe/Berlin'), (2, TIMESTAMP '2026-03-28T23:00:00Z', 'Europe/Berlin'),
            (3, TIMESTAMP '2026-03-29T21:59:59Z', 'Europe/Berlin'), (4, TIMESTAMP '2026-03-29T22:00:00Z', 'Europe/Berlin'),
            (5, TIMESTAMP '2026-03-01T10:00:00Z', 'Pacific/Kiritimati'), (6, TIMESTAMP '2026-03-01T10:59:59Z', 'Pacific/Pago_Pago'),
            (7, NULL, 'UTC'), (8, TIMESTAMP '2026-03-01T10:00:00Z', NULL)) AS t (i, time, zone) ORDER BY i";
        let days = ["2026-03-28", "2026-03-29", "2026-03-29", "2026-03-30", "2026-03-02", "2026-02-28", "", ""];
        assert_eq!(cells(sql).await.unwrap(), days);
    }

    #[tokio::test]
    async fn every_unit_zone_and_text_type_gives_the_same_day() {
        for zone in [
            "'America/New_York'",
            "arrow_cast('America/New_York', 'Utf8View')",
            "arrow_cast('America/New_York', 'LargeUtf8')",
        ] {
            for kind in ["Timestamp(s)", "Timestamp(ms)", "Timestamp(us, \"UTC\")", "Timestamp(ns, \"+02:00\")"] {
                let sql = format!("SELECT local_date(arrow_cast(TIMESTAMP '2026-03-01T03:00:00Z', '{kind}'), {zone})");
                assert_eq!(cells(&sql).await.unwrap(), ["2026-02-28"], "{sql}");
            }
        }
    }

    #[tokio::test]
    async fn an_unknown_zone_is_named() {
        let error = cells("SELECT local_date(TIMESTAMP '2026-03-01T03:00:00Z', 'Mars/Olympus')").await.unwrap_err();
        assert!(error.contains("unknown time zone 'Mars/Olympus'"), "{error}");
    }
}
