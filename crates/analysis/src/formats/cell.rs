//! One cell as text, for the formats that are text.
//!
//! [`Exact`] gives every digit, for programs; [`readable`] groups and rounds an exact number, for the eye. Nested
//! values are JSON.

use std::fmt::Write;
use std::sync::LazyLock;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::arrow::json::writer::{EncoderOptions, NullableEncoder, make_encoder};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

/// What a column holds, as far as its text is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A count or an amount in whole units: grouped where people read it.
    Integer,
    /// A number that names something, such as `affiliate_id`: never grouped, so that it can be searched for.
    Id,
    /// Money and other decimals: never rounded.
    Decimal,
    /// A rate or another double.
    Float,
    /// Text by strangers.
    Text,
    /// Bytes, as hexadecimal; shown as text to people where they are text, as those in quarantine mostly are.
    Bytes,
    /// Times and flags: short, and never written by strangers.
    Plain,
    /// Lists, maps and structs, as JSON; may hold text by strangers.
    Nested,
}

impl Kind {
    pub(super) fn of(field: &Field) -> Kind {
        match field.data_type() {
            data_type if data_type.is_integer() => {
                if names_something(field.name()) {
                    Kind::Id
                } else {
                    Kind::Integer
                }
            }
            DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
                Kind::Decimal
            }
            data_type if data_type.is_floating() => Kind::Float,
            DataType::Utf8 | DataType::LargeUtf8 => Kind::Text,
            data_type if data_type.is_binary() => Kind::Bytes,
            data_type if data_type.is_nested() => Kind::Nested,
            _ => Kind::Plain,
        }
    }

    /// The kinds of a schema's columns.
    pub(super) fn all(schema: &Schema) -> Vec<Kind> {
        schema.fields().iter().map(|field| Kind::of(field)).collect()
    }

    pub(super) fn is_number(self) -> bool {
        matches!(self, Kind::Integer | Kind::Id | Kind::Decimal | Kind::Float)
    }

    /// True where the text may hold anything at all.
    pub(super) fn is_hostile(self) -> bool {
        matches!(self, Kind::Text | Kind::Nested)
    }
}

/// True for a column that names something: an id, a code, a day of the month.
pub(crate) fn is_id(field: &Field) -> bool {
    Kind::of(field) == Kind::Id
}

/// Everflow's ids and codes, and parts of dates, are integers that are no amounts.
fn names_something(column: &str) -> bool {
    let column = column.to_ascii_lowercase();
    let last_word = column.rsplit(['_', '.', ' ']).next().unwrap_or_default();
    matches!(last_word, "id" | "code" | "year" | "month" | "day" | "hour" | "port" | "timestamp" | "position")
}

/// The columns of a batch as exact text.
pub(super) struct Exact<'a> {
    columns: Vec<Column<'a>>,
}

struct Column<'a> {
    name: &'a str,
    array: &'a ArrayRef,
    text: Text<'a>,
}

enum Text<'a> {
    Borrowed,
    Formatted(Box<ArrayFormatter<'a>>),
    Json(NullableEncoder<'a>),
    Null,
}

static JSON: LazyLock<EncoderOptions> = LazyLock::new(|| EncoderOptions::default().with_explicit_nulls(true));

impl<'a> Exact<'a> {
    pub(super) fn new(batch: &'a RecordBatch, fields: &'a [FieldRef]) -> Result<Self, String> {
        let columns: Result<Vec<Column<'a>>, String> = batch
            .columns()
            .iter()
            .zip(fields)
            .map(|(array, field)| {
                let text = Text::new(array, field).map_err(|error| format!("column '{}': {error}", field.name()))?;
                Ok(Column { name: field.name(), array, text })
            })
            .collect();
        Ok(Self { columns: columns? })
    }

    /// Replaces `out` by the cell's text. False, and an empty `out`, for NULL.
    pub(super) fn read(&mut self, row: usize, column: usize, out: &mut String) -> Result<bool, String> {
        out.clear();
        let Column { name, array, text } = &mut self.columns[column];
        if array.is_null(row) {
            return Ok(false);
        }
        match text {
            Text::Null => return Ok(false),
            Text::Borrowed => out.push_str(match array.data_type() {
                DataType::LargeUtf8 => array.as_string::<i64>().value(row),
                _ => array.as_string::<i32>().value(row),
            }),
            Text::Formatted(formatter) => write!(out, "{}", formatter.value(row)).map_err(|_| {
                format!("column '{name}' holds a time beyond the calendar; leave the row out or cast it to BIGINT")
            })?,
            Text::Json(encoder) => {
                let mut json = Vec::new();
                encoder.encode(row, &mut json);
                out.push_str(&String::from_utf8_lossy(&json));
            }
        }
        Ok(true)
    }
}

impl<'a> Text<'a> {
    fn new(array: &'a ArrayRef, field: &'a FieldRef) -> Result<Self, String> {
        Ok(match field.data_type() {
            DataType::Null => Text::Null,
            DataType::Utf8 | DataType::LargeUtf8 => Text::Borrowed,
            data_type if data_type.is_nested() => {
                Text::Json(make_encoder(field, array.as_ref(), &JSON).map_err(|error| error.to_string())?)
            }
            _ => {
                // Errors must surface: by default the formatter writes them into the cell.
                let options = FormatOptions::new().with_display_error(false);
                let formatter = ArrayFormatter::try_new(array.as_ref(), &options).map_err(|error| error.to_string())?;
                Text::Formatted(Box::new(formatter))
            }
        })
    }
}

/// A number's exact text, as people read it: grouped by thousands, doubles with four decimals, decimals without the
/// zeros that say nothing, bytes as the text that they are. Other kinds come back as they are.
pub(super) fn readable(kind: Kind, exact: &str) -> String {
    match kind {
        Kind::Integer => grouped(exact),
        Kind::Decimal => grouped(&money(exact)),
        Kind::Float => exact.parse().map_or_else(|_| exact.to_owned(), rounded),
        Kind::Bytes => text_of(exact).unwrap_or_else(|| exact.to_owned()),
        _ => exact.to_owned(),
    }
}

/// The text that hexadecimal bytes hold; none where they hold something else.
fn text_of(hexadecimal: &str) -> Option<String> {
    let digits = hexadecimal.as_bytes().chunks(2);
    let bytes: Option<Vec<u8>> =
        digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    let text = String::from_utf8(bytes?).ok()?;
    let is_text = text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
    is_text.then_some(text)
}

/// A decimal's exact text as people read it.
pub(crate) fn amount(exact: &str) -> String {
    readable(Kind::Decimal, exact)
}

/// Keeps cents, drops further zeros: 12.340000 is 12.34, 12.000000 is 12.00, 0.001500 is 0.0015.
fn money(exact: &str) -> String {
    match exact.split_once('.') {
        Some((whole, fraction)) => {
            let kept = fraction.trim_end_matches('0').len().max(fraction.len().min(2));
            format!("{whole}.{}", &fraction[..kept])
        }
        None => exact.to_owned(),
    }
}

/// Four decimals, or four significant digits where these would show nothing.
fn rounded(number: f64) -> String {
    let size = number.abs();
    if !number.is_finite() {
        return number.to_string();
    }
    if size != 0.0 && !(0.00005..1e15).contains(&size) {
        return format!("{number:.3e}");
    }
    grouped(&format!("{number:.4}"))
}

pub(crate) fn grouped(number: &str) -> String {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", number),
    };
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    if !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return number.to_owned();
    }
    let mut out = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out.push_str(fraction);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_the_eye() {
        let cases = [
            (Kind::Integer, "1234567", "1,234,567"),
            (Kind::Integer, "-123456", "-123,456"),
            (Kind::Integer, "-100", "-100"),
            (Kind::Integer, "0", "0"),
            (Kind::Id, "1234567", "1234567"),
            (Kind::Decimal, "1234.500000", "1,234.50"),
            (Kind::Decimal, "-0.001500", "-0.0015"),
            (Kind::Decimal, "12345678901234567890.123456", "12,345,678,901,234,567,890.123456"),
            (Kind::Decimal, "7", "7"),
            (Kind::Float, "0.123456789", "0.1235"),
            (Kind::Float, "1", "1.0000"),
            (Kind::Float, "0.0000123456", "1.235e-5"),
            (Kind::Float, "1234567.891", "1,234,567.8910"),
            (Kind::Float, "1e20", "1.000e20"),
            (Kind::Float, "NaN", "NaN"),
            (Kind::Float, "-inf", "-inf"),
            (Kind::Text, "1234567", "1234567"),
            (Kind::Bytes, "7b22c3bc227d", "{\"ü\"}"),
            (Kind::Bytes, "7b22fffe227d", "7b22fffe227d"),
            (Kind::Bytes, "001b5b", "001b5b"),
            (Kind::Bytes, "", ""),
        ];
        for (kind, exact, expected) in cases {
            assert_eq!(readable(kind, exact), expected, "{kind:?} {exact}");
        }
    }

    #[test]
    fn ids_and_codes_are_not_amounts() {
        for column in ["affiliate_id", "id", "error_code", "Error Code", "hour"] {
            assert_eq!(Kind::of(&Field::new(column, DataType::Int64, true)), Kind::Id, "{column}");
        }
        for column in ["clicks", "paid", "count(*)", "ids"] {
            assert_eq!(Kind::of(&Field::new(column, DataType::Int64, true)), Kind::Integer, "{column}");
        }
    }
}
