//! The body of a request: a window, filters, columns; and what the server says of a wrong one.

use std::ops::RangeInclusive;

use chrono_tz::Tz;
use serde_json::Value;

use super::endpoint::Endpoint;
use super::filter::{self, Filters};
use super::settings::Settings;
use super::time_zones::{Edge, parse, to_utc, zone};

/// What a request to a reporting endpoint asks for.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Seconds since 1970, both ends belong to it.
    pub(super) seconds: RangeInclusive<i64>,
    pub(super) zone: Tz,
    pub(super) filters: Filters,
    /// Of the aggregate endpoint.
    pub(super) columns: Vec<String>,
}

/// The longest window of the aggregate endpoint, in seconds.
const AGGREGATE_SECONDS_MAX: i64 = 367 * 86_400;

/// Reads a body; the error is the text of a 400.
pub(super) fn read(body: &[u8], endpoint: Endpoint, settings: &Settings) -> Result<Asked, String> {
    let body: Value = serde_json::from_slice(body).map_err(|error| format!("Invalid JSON: {error}"))?;
    let id = body.get("timezone_id").and_then(Value::as_i64).ok_or("timezone_id is required")?;
    let zone = zone(id).ok_or_else(|| format!("Invalid timezone_id: {id}"))?;
    let from = time(&body, "from", Edge::From, zone, endpoint)?;
    let to = time(&body, "to", Edge::To, zone, endpoint)?;
    if from > to {
        return Err("from must not be after to".to_owned());
    }
    let (longest, words) = match endpoint {
        Endpoint::EntityTable => (AGGREGATE_SECONDS_MAX, "one year"),
        Endpoint::InvalidClicks => (i64::MAX, ""),
        _ => (settings.longest_window_seconds, "14 days"),
    };
    if to - from >= longest {
        return Err(format!("The date range must be {words} or less"));
    }
    let filters = Filters {
        wanted: values(&body, "filters", endpoint, settings)?,
        excluded: values(&body, "exclusions", endpoint, settings)?,
    };
    let columns = if endpoint == Endpoint::EntityTable { columns(&body)? } else { Vec::new() };
    Ok(Asked { seconds: from..=to, zone, filters, columns })
}

fn time(body: &Value, key: &str, edge: Edge, zone: Tz, endpoint: Endpoint) -> Result<i64, String> {
    let text = body.get(key).and_then(Value::as_str).ok_or_else(|| format!("{key} is required"))?;
    parse(text, edge, endpoint == Endpoint::EntityTable)
        .and_then(|local| to_utc(local, edge, zone))
        .ok_or_else(|| format!("Invalid {key} date: {text}"))
}

fn values(body: &Value, key: &str, endpoint: Endpoint, settings: &Settings) -> Result<filter::Values, String> {
    let mut values = filter::Values::new();
    let list = match body.pointer("/query").and_then(|query| query.get(key)) {
        None | Some(Value::Null) => return Ok(values),
        Some(list) => list.as_array().ok_or_else(|| format!("query.{key} must be a list"))?,
    };
    for item in list {
        let text = |key: &str| item.get(key).and_then(Value::as_str).ok_or_else(|| format!("{key} must be a string"));
        let filter = (text("resource_type")?, text("filter_id_value")?);
        filter::add(&mut values, filter, endpoint, settings)?;
    }
    Ok(values)
}

fn columns(body: &Value) -> Result<Vec<String>, String> {
    let list = body.get("columns").and_then(Value::as_array).ok_or("columns is required")?;
    if body.get("currency_id").and_then(Value::as_str).is_none() {
        return Err("currency_id is required".to_owned());
    }
    let names: Vec<String> =
        list.iter().map(|item| item.get("column").and_then(Value::as_str).unwrap_or_default().to_owned()).collect();
    let unknown = names.iter().find(|name| !["date", "hour", "affiliate", "offer"].contains(&name.as_str()));
    if let Some(name) = unknown {
        return Err(format!("Invalid column: {name}"));
    }
    match names.iter().filter(|name| ["date", "hour"].contains(&name.as_str())).count() {
        _ if names.is_empty() => Err("at least one column is required".to_owned()),
        0 | 1 => Ok(names),
        _ => Err("only one time column can be used at a time".to_owned()),
    }
}
