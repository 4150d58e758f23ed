//! CSV: RFC 4180 quoting, a header line, lines that end in `\n`, UTF-8 without a byte order mark.
//!
//! Numbers are exact, nested values are JSON text, NULL is an empty cell (as is the text `''`). A text cell that a
//! spreadsheet would run as a formula, or that begins with `'`, gets a leading `'`, unless raw output is asked for; numbers never do.

use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;

use super::cell::{Exact, Kind};
use super::sink::Sink;
use super::{Format, FormatError, Options, RowWriter};

pub(super) struct CsvWriter {
    schema: SchemaRef,
    kinds: Vec<Kind>,
    raw: bool,
    out: Writer<Sink>,
}

impl CsvWriter {
    pub(super) fn new(schema: &SchemaRef, options: &Options, sink: Sink) -> Result<Self, FormatError> {
        let mut out = WriterBuilder::new()
            .terminator(Terminator::Any(b'\n'))
            .quote_style(QuoteStyle::Necessary)
            .from_writer(sink);
        for field in schema.fields() {
            out.write_field(guarded(field.name(), options.raw).as_bytes()).map_err(failed)?;
        }
        end_record(&mut out)?;
        Ok(Self { schema: schema.clone(), kinds: Kind::all(schema), raw: options.raw, out })
    }
}

impl RowWriter for CsvWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), FormatError> {
        let mut cells = Exact::new(batch, self.schema.fields()).map_err(failed)?;
        let mut text = String::new();
        for row in 0..batch.num_rows() {
            for (column, kind) in self.kinds.iter().enumerate() {
                cells.read(row, column, &mut text).map_err(failed)?;
                if kind.is_hostile() && !self.raw && is_formula(&text) {
                    text.insert(0, '\'');
                }
                self.out.write_field(&text).map_err(failed)?;
            }
            end_record(&mut self.out)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<String>, FormatError> {
        self.out.flush().map_err(failed)?;
        Ok(Vec::new())
    }
}

fn end_record(out: &mut Writer<Sink>) -> Result<(), FormatError> {
    out.write_record(None::<&[u8]>).map_err(failed)
}

fn failed(problem: impl std::fmt::Display) -> FormatError {
    FormatError::encode(Format::Csv, problem)
}

fn guarded(text: &str, raw: bool) -> String {
    if !raw && is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// True for text that a spreadsheet would run: OWASP's list, with the full-width forms that some locales accept. And for what
/// begins with a `'`, so that a reader who takes away the leading `'` of any cell gets back what was there.
pub(super) fn is_formula(text: &str) -> bool {
    text.starts_with(['\'', '=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}
