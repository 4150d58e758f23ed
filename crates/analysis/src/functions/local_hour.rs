//! `local_hour(time, zone)`: the hour on the wall of a visitor's time zone.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Timelike};
use chrono_tz::{TZ_VARIANTS, Tz};
use datafusion::arrow::array::{AsArray, Int32Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::common::utils::take_function_args;
use datafusion::error::Result;
use datafusion::logical_expr::{
    Coercion, ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, TypeSignatureClass, Volatility,
};

use super::argument::{text, texts};

/// The SQL function `local_hour(time, zone)`.
///
/// `time` is a timestamp of any unit; one without a time zone is read as UTC. `zone` is data, as clicks have it: an IANA name
/// in any case; NULL for what is none, as for NULL. Returns 0 to 23.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct LocalHour {
    signature: Signature,
}

impl LocalHour {
    /// The function.
    #[must_use]
    pub fn new() -> Self {
        let time = Coercion::new_exact(TypeSignatureClass::Timestamp);
        Self { signature: Signature::coercible(vec![time, text()], Volatility::Immutable) }
    }
}

impl Default for LocalHour {
    fn default() -> Self {
        Self::new()
    }
}

impl ScalarUDFImpl for LocalHour {
    fn name(&self) -> &str {
        "local_hour"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int32)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [times, zones] = take_function_args(self.name(), ColumnarValue::values_to_arrays(&args.args)?)?;
        // Through UTC: a cast from a zoned to a naive timestamp must not shift the instant.
        let times = cast(&times, &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))?;
        let times = times.as_primitive::<TimestampMicrosecondType>();
        let hours = times.iter().zip(texts(&zones)).map(|(time, zone)| hour(time?, parse_zone(zone?)?));
        Ok(ColumnarValue::Array(Arc::new(hours.collect::<Int32Array>())))
    }
}

fn hour(microseconds: i64, zone: Tz) -> Option<i32> {
    let local = DateTime::from_timestamp_micros(microseconds)?.with_timezone(&zone);
    i32::try_from(local.hour()).ok()
}

fn parse_zone(name: &str) -> Option<Tz> {
    static LOWER_CASE: LazyLock<HashMap<String, Tz>> =
        LazyLock::new(|| TZ_VARIANTS.iter().map(|zone| (zone.name().to_lowercase(), *zone)).collect());
    Tz::from_str(name).ok().or_else(|| LOWER_CASE.get(&name.to_lowercase()).copied())
}

#[cfg(test)]
mod tests {
    use super::{hour, parse_zone};

    #[test]
    fn zones_in_any_case_and_what_is_none() {
        let noon = chrono::DateTime::parse_from_rfc3339("2026-07-01T12:00:00Z").unwrap().timestamp_micros();
        let at = |zone| parse_zone(zone).and_then(|zone| hour(noon, zone));
        assert_eq!(at("America/New_York"), Some(8));
        assert_eq!(at("america/new_york"), Some(8));
        assert_eq!(at("Asia/Kolkata"), Some(17));
        assert_eq!([at("?"), at("")], [None, None]);
    }
}
