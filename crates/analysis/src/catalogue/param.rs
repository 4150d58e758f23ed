//! A query's parameters: `-- param: name type = default    about`.
//!
//! The default is one word, or text in single quotes (`''` stands for a quote); `null` is NULL of the type. Without
//! `= default` a value must be given. Of a text whose `about` begins with `one of a|b|c` no other value is taken: for a
//! word that the statement does not know, it would answer as if for none. Of a whole number whose `about` begins with
//! `from 0 to 23` none beyond is taken. Values are bound to the statement as typed values, never spliced into its text.

use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use datafusion::arrow::compute::kernels::cast_utils::parse_decimal;
use datafusion::arrow::datatypes::{DataType, Date32Type, Decimal128Type, TimeUnit};
use datafusion::common::ScalarValue;

use super::header::is_name;
use crate::suggestion::closest;

/// The names every statement has without declaring them.
const RESERVED: [&str; 3] = ["from", "to", "timezone"];

/// The digits of a decimal parameter: those of the money columns.
const DECIMAL_PRECISION: u8 = 18;
const DECIMAL_SCALE: i8 = 6;

/// A parameter of a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// What the statement calls it, after `$`.
    pub name: String,
    /// `bigint`: Int64, `int`: Int32, `double`: Float64, `text`: Utf8, `boolean`: Boolean, `date`: Date32, `timestamp`:
    /// microseconds in UTC, `decimal`: Decimal128(18,6).
    pub data_type: DataType,
    /// The value where none is given; `None`: one must be given.
    pub default: Option<ScalarValue>,
    /// The only values that it takes; empty: any of its type.
    pub choices: Vec<String>,
    /// The least and the largest whole number that it takes; none: any of its type.
    pub range: Option<(i64, i64)>,
    /// What it does; may be empty.
    pub about: String,
}

/// A text that is no value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// It is not of the type.
    #[error("'{value}' is no {type_name} for the parameter '{param}': expected {expected}")]
    Type {
        /// The parameter's name.
        param: String,
        /// The text given.
        value: String,
        /// The type as headers write it.
        type_name: &'static str,
        /// What would be right.
        expected: &'static str,
    },
    /// It is none of the values that there are.
    #[error("the parameter '{param}' takes no '{value}'; {hint}")]
    Choice {
        /// The parameter's name.
        param: String,
        /// The text given.
        value: String,
        /// What would be right.
        hint: String,
    },
}

/// The types of parameters: name, Arrow type, what a value looks like.
fn types() -> [(&'static str, DataType, &'static str); 8] {
    [
        ("bigint", DataType::Int64, "a whole number of at most 64 bits"),
        ("int", DataType::Int32, "a whole number of at most 32 bits"),
        ("double", DataType::Float64, "a finite number such as 0.05"),
        ("text", DataType::Utf8, "text"),
        ("boolean", DataType::Boolean, "true or false"),
        ("date", DataType::Date32, "a day such as 2026-03-01"),
        (
            "timestamp",
            DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC"))),
            "a time such as 2026-03-01T12:00:00Z, or 2026-03-01 12:00:00 in UTC",
        ),
        (
            "decimal",
            DataType::Decimal128(DECIMAL_PRECISION, DECIMAL_SCALE),
            "a number of at most 12 digits before the point and 6 after it",
        ),
    ]
}

impl Param {
    /// The type's name as headers write it, for example `bigint`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.type_info().0
    }

    fn type_info(&self) -> (&'static str, &'static str) {
        types()
            .into_iter()
            .find(|(_, data_type, _)| *data_type == self.data_type)
            .map_or(("value", "a value"), |(name, _, expected)| (name, expected))
    }

    /// Reads a value of the parameter's type, as given by `--param name=value`. Text is taken as it is; other types are
    /// trimmed.
    ///
    /// # Errors
    ///
    /// A text that is no such value: not a number, too large, more decimals than the type holds, a day that does not
    /// exist, none of the choices.
    pub fn parse_value(&self, value: &str) -> Result<ScalarValue, ValueError> {
        let (param, text) = (self.name.clone(), value.to_owned());
        if !self.choices.is_empty() && !self.choices.iter().any(|choice| choice == value) {
            let all = self.choices.join(", ");
            let near = closest(&value.to_lowercase(), self.choices.iter().map(String::as_str));
            let hint = match near {
                Some(near) => format!("did you mean {near}? It takes {all}"),
                None => format!("it takes {all}"),
            };
            return Err(ValueError::Choice { param, value: text, hint });
        }
        let Some(read) = parse_scalar(&self.data_type, value) else {
            let (type_name, expected) = self.type_info();
            return Err(ValueError::Type { param, value: text, type_name, expected });
        };
        match (self.range, &read) {
            (Some((least, most)), ScalarValue::Int64(Some(number))) if !(least..=most).contains(number) => {
                Err(ValueError::Choice { param, value: text, hint: format!("it takes {least} to {most}") })
            }
            _ => Ok(read),
        }
    }
}

fn parse_scalar(data_type: &DataType, value: &str) -> Option<ScalarValue> {
    let word = value.trim();
    match data_type {
        DataType::Int64 => Some(ScalarValue::Int64(Some(word.parse().ok()?))),
        DataType::Int32 => Some(ScalarValue::Int32(Some(word.parse().ok()?))),
        DataType::Float64 => {
            let number: f64 = word.parse().ok()?;
            number.is_finite().then_some(ScalarValue::Float64(Some(number)))
        }
        DataType::Boolean => Some(ScalarValue::Boolean(Some(word.parse().ok()?))),
        DataType::Date32 => {
            let day = NaiveDate::from_str(word).ok()?;
            Some(ScalarValue::Date32(Some(Date32Type::from_naive_date(day))))
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            Some(ScalarValue::TimestampMicrosecond(Some(parse_instant(word)?), zone.clone()))
        }
        DataType::Decimal128(precision, scale) => {
            let units = parse_money(word, *precision, *scale)?;
            Some(ScalarValue::Decimal128(Some(units), *precision, *scale))
        }
        _ => Some(ScalarValue::Utf8(Some(value.to_owned()))),
    }
}

fn parse_instant(word: &str) -> Option<i64> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(word) {
        return Some(instant.timestamp_micros());
    }
    let naive = NaiveDateTime::parse_from_str(word, "%Y-%m-%d %H:%M:%S")
        .ok()
        .or_else(|| NaiveDate::from_str(word).ok()?.and_hms_opt(0, 0, 0))?;
    Some(naive.and_utc().timestamp_micros())
}

/// Exact or nothing: Arrow's parser rounds the digits that the scale cannot hold.
fn parse_money(word: &str, precision: u8, scale: i8) -> Option<i128> {
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_exact = fraction.trim_end_matches('0').len() <= usize::try_from(scale).ok()?;
    if !is_plain(whole) || !is_plain(fraction) || whole.len() + fraction.len() == 0 || !is_exact {
        return None;
    }
    parse_decimal::<Decimal128Type>(word, precision, scale).ok()
}

/// Reads the declaration of a parameter: what follows `-- param:`.
pub(super) fn parse(declaration: &str) -> Result<Param, String> {
    const SHAPE: &str = "expected `name type = default    about`";
    let (name, rest) = next_word(declaration);
    if !is_name(name) {
        return Err(format!("'{name}' cannot name a parameter: use a-z, 0-9 and _; {SHAPE}"));
    }
    if RESERVED.contains(&name) {
        return Err(format!("the parameter '{name}' always exists and must not be declared"));
    }
    let (type_name, rest) = next_word(rest);
    let data_type = parse_type(type_name).map_err(|problem| format!("parameter '{name}': {problem}"))?;
    let (default, about) = match rest.strip_prefix('=') {
        None => (None, rest),
        Some(rest) => {
            let (default, about) = next_default(rest.trim_start())?;
            (Some(default), about)
        }
    };
    let about = about.trim().to_owned();
    let choices = if data_type == DataType::Utf8 { choices(&about) } else { Vec::new() };
    let range = if data_type == DataType::Int64 { range(&about) } else { None };
    let mut param = Param { name: name.to_owned(), data_type, default: None, choices, range, about };
    param.default = match default {
        None => None,
        Some(Word::Bare("null")) => Some(ScalarValue::try_from(&param.data_type).map_err(|error| error.to_string())?),
        Some(Word::Bare(word)) => Some(param.parse_value(word).map_err(|error| error.to_string())?),
        Some(Word::Quoted(text)) => Some(param.parse_value(&text).map_err(|error| error.to_string())?),
    };
    Ok(param)
}

/// The values of `one of a|b|c`, after which more may follow. Without a `|` it is prose.
fn choices(about: &str) -> Vec<String> {
    let words = about.strip_prefix("one of ").and_then(|rest| rest.split_whitespace().next());
    let words = words.filter(|words| words.contains('|'));
    words
        .into_iter()
        .flat_map(|words| words.split('|'))
        .map(|word| word.trim_end_matches([',', '.', ';']))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The numbers of `from 0 to 23`, after which more may follow.
fn range(about: &str) -> Option<(i64, i64)> {
    let (least, rest) = about.strip_prefix("from ")?.split_once(" to ")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some((least.parse().ok()?, rest[..digits].parse().ok()?))
}

fn parse_type(name: &str) -> Result<DataType, String> {
    if let Some((_, data_type, _)) = types().into_iter().find(|(known, _, _)| *known == name) {
        return Ok(data_type);
    }
    let names = types().map(|(known, _, _)| known);
    let hint = closest(name, names.into_iter()).map_or(String::new(), |near| format!("did you mean '{near}'? "));
    Err(format!("unknown type '{name}'; {hint}Types are {}", names.join(", ")))
}

fn next_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

/// A default as written.
enum Word<'a> {
    Bare(&'a str),
    Quoted(String),
}

fn next_default(text: &str) -> Result<(Word<'_>, &str), String> {
    let Some(quoted) = text.strip_prefix('\'') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        return match &text[..end] {
            "" => Err("nothing follows '=': give a default, or leave '=' out".to_owned()),
            word => Ok((Word::Bare(word), &text[end..])),
        };
    };
    let mut value = String::new();
    let mut rest = quoted;
    while let Some(end) = rest.find('\'') {
        value.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                value.push('\'');
                rest = after;
            }
            None => return Ok((Word::Quoted(value), rest)),
        }
    }
    Err("the quoted default has no closing quote".to_owned())
}
