//! How values read: the filters that every template has.
//!
//! What is not there reads `–`, whatever the filter.

use minijinja::{Environment, Error, Value};

use crate::formats::grouped;

/// What stands for a value that is not there.
const NOTHING: &str = "–";

/// Gives an environment all filters.
pub(super) fn add_all(environment: &mut Environment<'_>) {
    environment.add_filter("percent", percent);
    environment.add_filter("count", count);
    environment.add_filter("many", many);
    environment.add_filter("money", money);
    environment.add_filter("decimals", decimals);
    environment.add_filter("duration", duration);
    environment.add_filter("affiliate", affiliate);
    environment.add_filter("short", short);
    environment.add_filter("clock", clock);
    environment.add_filter("figure", figure);
    environment.add_filter("change", change);
    environment.add_filter("floor_percent", floor_percent);
}

fn number(value: &Value) -> Option<f64> {
    f64::try_from(value.clone()).ok().filter(|number| number.is_finite())
}

/// 0.1234 is `12.3 %`; what is not nothing never reads `0.0 %`, what is not all never `100.0 %`.
pub(crate) fn percent_of(share: f64) -> String {
    match share * 100.0 {
        percent if percent > 0.0 && percent < 0.05 => "< 0.1 %".to_owned(),
        percent if (99.95..100.0).contains(&percent) => "> 99.9 %".to_owned(),
        percent => format!("{percent:.1} %"),
    }
}

fn percent(share: &Value) -> String {
    number(share).map_or_else(|| NOTHING.to_owned(), percent_of)
}

/// 1234567 is `1,234,567`.
fn count(value: &Value) -> String {
    match (i64::try_from(value.clone()), number(value)) {
        (Ok(whole), _) => grouped(&whole.to_string()),
        (_, Some(number)) => grouped(&format!("{number:.1}")),
        _ => NOTHING.to_owned(),
    }
}

/// 1 with "click" is `1 click`, 1234 is `1,234 clicks`; a plural of its own comes second.
fn many(value: &Value, one: &str, plural: Option<&str>) -> String {
    let is_one = i64::try_from(value.clone()).is_ok_and(|number| number == 1);
    let what = if is_one { one.to_owned() } else { plural.map_or_else(|| format!("{one}s"), str::to_owned) };
    format!("{} {what}", count(value))
}

/// 1234.5 is `1,234.50`; amounts below a cent keep what they have.
fn money(value: &Value) -> String {
    let Some(amount) = number(value) else { return NOTHING.to_owned() };
    let is_tiny = amount != 0.0 && amount.abs() < 0.01;
    grouped(&if is_tiny { format!("{amount:.4}") } else { format!("{amount:.2}") })
}

/// 1234.5 is `1,234.50`.
pub(crate) fn money_of(amount: f64) -> String {
    money(&Value::from(amount))
}

/// A share, rounded down: what is not complete never reads `100.0 %`.
pub(crate) fn floor_percent_of(share: f64) -> String {
    format!("{:.1} %", (share * 1000.0).floor() / 10.0)
}

fn floor_percent(share: &Value) -> String {
    number(share).map_or_else(|| NOTHING.to_owned(), floor_percent_of)
}

/// A figure of a report by its unit: `unit` is `count`, `share` or `money`.
fn figure(figure: &Value) -> Result<String, Error> {
    let value = figure.get_attr("value")?;
    let unit = figure.get_attr("unit")?;
    Ok(match unit.as_str() {
        Some("share") => percent(&value),
        Some("money") => money(&value),
        // Counts come as doubles.
        _ => number(&value).map_or_else(|| NOTHING.to_owned(), |count| grouped(&format!("{count:.0}"))),
    })
}

/// What became of a figure: `+3.1 %, before 10,184`, `about as before (8.6 %)`.
fn change(of: &Value) -> Result<String, Error> {
    let before = Value::from_pairs([("value", of.get_attr("before")?), ("unit", of.get_attr("unit")?)]);
    let before = figure(&before)?;
    let is_beyond_chance = of.get_attr("is_beyond_chance")?;
    let is_share = of.get_attr("unit")?.as_str() == Some("share");
    Ok(match number(&of.get_attr("change")?) {
        Some(_) if is_share && !is_beyond_chance.is_true() => format!("about as before ({before})"),
        Some(points) if is_share => format!("{:+.1} points, before {before}", points * 100.0),
        Some(change) if change.abs() < 0.0005 => format!("as before ({before})"),
        Some(change) if change > 10.0 => format!("{:.0} times as many, before {before}", change + 1.0),
        Some(change) => format!("{:+.1} %, before {before}", change * 100.0),
        None => format!("before {before}"),
    })
}

/// 0.12345 with 2 is `0.12`.
fn decimals(value: &Value, places: usize) -> String {
    number(value).map_or_else(|| NOTHING.to_owned(), |number| grouped(&format!("{number:.places$}")))
}

/// Seconds as the two largest units: `3 h`, `1 d 2 h`, `59 s`; whole days in words, `7 days`.
pub(crate) fn duration_of(seconds: u64) -> String {
    const DAY: u64 = 86_400;
    if seconds >= DAY && seconds.is_multiple_of(DAY) {
        return many(&Value::from(seconds / DAY), "day", None);
    }
    let units = [(DAY, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let first = units.iter().position(|(size, _)| seconds >= *size).unwrap_or(units.len() - 1);
    let (size, name) = units[first];
    let (whole, rest) = (seconds / size, seconds % size);
    match units.iter().find(|(smaller, _)| rest >= *smaller) {
        Some((smaller, less)) => format!("{whole} {name} {} {less}", rest / smaller),
        None => format!("{whole} {name}"),
    }
}

fn duration(seconds: &Value) -> String {
    let whole = u64::try_from(seconds.clone()).ok();
    whole.map_or_else(|| NOTHING.to_owned(), duration_of)
}

/// An affiliate's id and name: `15 Pioneer Media`. An affiliate's own account has neither.
fn affiliate(id: &Value, name: &Value) -> String {
    match (id.is_none() || id.is_undefined(), name.as_str()) {
        (true, _) => "the account's own clicks".to_owned(),
        (false, Some(name)) => format!("{id} {}", shortened(name, 60)),
        (false, None) => format!("affiliate {id}"),
    }
}

/// At most so many characters, the last of them `…` where something is left out.
pub(crate) fn shortened(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        None => text.to_owned(),
        Some(_) => text.chars().take(characters.saturating_sub(1)).chain(['…']).collect(),
    }
}

fn short(text: &Value, characters: usize) -> Value {
    text.as_str().map_or_else(|| text.clone(), |text| Value::from(shortened(text, characters)))
}

/// `2026-03-02T10:00:00Z` is `2026-03-02 10:00:00 UTC`.
fn clock(time: &Value) -> Value {
    let Some(text) = time.as_str() else { return time.clone() };
    let zone = if text.ends_with('Z') { " UTC" } else { "" };
    Value::from(format!("{}{zone}", text.trim_end_matches('Z').replacen('T', " ", 1)))
}
