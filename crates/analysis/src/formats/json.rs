//! JSON, as one array of objects, and NDJSON, as one object a line.
//!
//! NULL is an explicit `null`, so every object has every key. Integers and decimals are JSON numbers with all their
//! digits: `12.340000` is exact in the text, and exact for readers that keep digits (`parse_float=Decimal` in
//! Python); a reader that takes doubles is right to 15 digits. NaN and infinities, which JSON lacks, are `null`.

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::compute::{cast, max, min};
use datafusion::arrow::datatypes::{DataType, Int64Type, TimeUnit};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::writer::{JsonArray, JsonFormat, LineDelimited, Writer, WriterBuilder};

use super::sink::Sink;
use super::{Format, FormatError, RowWriter};

/// One array, an object a line: readable, and still good for line tools.
#[derive(Debug, Default)]
struct ArrayOfLines;

impl JsonFormat for ArrayOfLines {
    fn start_stream<W: std::io::Write>(&self, out: &mut W) -> Result<(), ArrowError> {
        Ok(out.write_all(b"[")?)
    }

    fn start_row<W: std::io::Write>(&self, out: &mut W, is_first_row: bool) -> Result<(), ArrowError> {
        Ok(out.write_all(if is_first_row { b"\n" } else { b",\n" })?)
    }

    fn end_stream<W: std::io::Write>(&self, out: &mut W) -> Result<(), ArrowError> {
        Ok(out.write_all(b"\n]\n")?)
    }
}

/// The rows as JSON objects, for whoever goes on with them. Every object has every key.
pub(crate) fn rows(batch: &RecordBatch) -> Result<Vec<serde_json::Map<String, serde_json::Value>>, ArrowError> {
    let mut out = WriterBuilder::new().with_explicit_nulls(true).build::<_, JsonArray>(Vec::new());
    out.write(batch)?;
    out.finish()?;
    serde_json::from_slice(&out.into_inner()).map_err(|error| ArrowError::JsonError(error.to_string()))
}

struct JsonWriter<F: JsonFormat> {
    format: Format,
    out: Writer<Sink, F>,
}

/// JSON.
pub(super) fn array_writer(sink: Sink) -> impl RowWriter {
    writer::<ArrayOfLines>(Format::Json, sink)
}

/// NDJSON.
pub(super) fn lines_writer(sink: Sink) -> impl RowWriter {
    writer::<LineDelimited>(Format::Ndjson, sink)
}

fn writer<F: JsonFormat>(format: Format, sink: Sink) -> JsonWriter<F> {
    JsonWriter { format, out: WriterBuilder::new().with_explicit_nulls(true).build(sink) }
}

impl<F: JsonFormat + Send> RowWriter for JsonWriter<F> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), FormatError> {
        check_times(batch).map_err(|problem| FormatError::encode(self.format, problem))?;
        self.out.write(batch).map_err(|error| FormatError::encode(self.format, error))
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<String>, FormatError> {
        let format = self.format;
        self.out.finish().map_err(|error| FormatError::encode(format, error))?;
        std::io::Write::flush(self.out.get_mut()).map_err(|error| FormatError::encode(format, error))?;
        Ok(Vec::new())
    }
}

/// Refuses times beyond the calendar, into whose place Arrow's encoder would write an error message.
fn check_times(batch: &RecordBatch) -> Result<(), String> {
    for (column, field) in batch.columns().iter().zip(batch.schema().fields()) {
        let DataType::Timestamp(unit, _) = field.data_type() else { continue };
        let per_second = match unit {
            TimeUnit::Second => 1,
            TimeUnit::Millisecond => 1_000,
            TimeUnit::Microsecond => 1_000_000,
            // 64 bits of nanoseconds end in 2262.
            TimeUnit::Nanosecond => continue,
        };
        let ticks = cast(column, &DataType::Int64).map_err(|error| error.to_string())?;
        let ticks = ticks.as_primitive::<Int64Type>();
        let calendar =
            chrono::DateTime::<chrono::Utc>::MIN_UTC.timestamp()..=chrono::DateTime::<chrono::Utc>::MAX_UTC.timestamp();
        let is_beyond = |tick: Option<i64>| tick.is_some_and(|tick| !calendar.contains(&(tick / per_second)));
        if ticks.len() > ticks.null_count() && (is_beyond(min(ticks)) || is_beyond(max(ticks))) {
            return Err(format!(
                "column '{}' holds a time beyond the calendar; leave the row out or cast it to BIGINT",
                field.name()
            ));
        }
    }
    Ok(())
}
