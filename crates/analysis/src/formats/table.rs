//! The table for terminals.
//!
//! Columns are as wide as their widest cell among the first rows; numbers stand right, grouped and rounded for the eye;
//! NULL is `-`. Text is made harmless by [`visible`]. Where the terminal's width is known, the widest text columns are cut
//! to fit it, with `…`; numbers never. Title, notes and the count of rows are for stderr.

use std::io::Write;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;

use super::cell::{Exact, Kind, readable};
use super::sink::Sink;
use super::{Format, FormatError, Options, RowWriter, visible};

/// Rows that are measured before the first is written.
const MEASURED_ROWS_MAX: usize = 10_000;
/// Text of measured rows, in bytes, above which measuring ends early.
const MEASURED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Columns to which text may be cut.
const TEXT_COLUMNS_MIN: usize = 8;
const GAP: &str = "  ";

pub(super) struct TableWriter {
    schema: SchemaRef,
    columns: Vec<Column>,
    options: Options,
    out: Sink,
    /// The first rows, until the widths are known.
    waiting: Option<Waiting>,
    cut_cells: bool,
    unmeasured_rows: bool,
}

struct Column {
    heading: String,
    kind: Kind,
    width: usize,
}

#[derive(Default)]
struct Waiting {
    rows: Vec<Vec<Option<String>>>,
    bytes: usize,
}

impl TableWriter {
    pub(super) fn new(schema: &SchemaRef, options: &Options, out: Sink) -> Self {
        let columns = schema
            .fields()
            .iter()
            .map(|field| {
                let mut heading = String::new();
                visible::push(field.name(), &mut heading);
                Column { width: visible::columns(&heading), kind: Kind::of(field), heading }
            })
            .collect();
        Self {
            schema: schema.clone(),
            columns,
            options: options.clone(),
            out,
            waiting: Some(Waiting::default()),
            cut_cells: false,
            unmeasured_rows: false,
        }
    }

    /// Settles the widths, writes the heading and the rows that waited.
    fn begin(&mut self, waiting: Waiting) -> Result<(), FormatError> {
        for row in &waiting.rows {
            for (column, cell) in self.columns.iter_mut().zip(row) {
                column.width = column.width.max(cell.as_deref().map_or(1, visible::columns));
            }
        }
        if let Some(width) = self.options.width {
            fit(&mut self.columns, width);
        }
        let headings: Vec<Option<String>> = self.columns.iter().map(|column| Some(column.heading.clone())).collect();
        let line = self.line(&headings);
        self.put_line(&self.styled("1", &line))?;
        let rule: Vec<String> = self.columns.iter().map(|column| "-".repeat(column.width)).collect();
        self.put_line(&rule.join(GAP))?;
        waiting.rows.iter().try_for_each(|row| self.put_row(row))
    }

    fn put_row(&mut self, row: &[Option<String>]) -> Result<(), FormatError> {
        let line = self.line(row);
        self.put_line(&line)
    }

    fn put_line(&mut self, line: &str) -> Result<(), FormatError> {
        writeln!(self.out, "{}", line.trim_end()).map_err(|error| FormatError::encode(Format::Table, error))
    }

    fn line(&mut self, row: &[Option<String>]) -> String {
        let mut line = String::new();
        for (index, cell) in row.iter().enumerate() {
            if index > 0 {
                line.push_str(GAP);
            }
            let Column { kind, width, .. } = self.columns[index];
            let (text, columns) = self.fitted(cell.as_deref(), kind, width);
            let padding = " ".repeat(width.saturating_sub(columns));
            let (before, after) = if kind.is_number() { (padding.as_str(), "") } else { ("", padding.as_str()) };
            line.extend([before, text.as_str(), after]);
        }
        line
    }

    /// A cell's text within its column, and how many columns it takes.
    fn fitted(&mut self, cell: Option<&str>, kind: Kind, width: usize) -> (String, usize) {
        let Some(text) = cell else { return (self.styled("2", "-"), 1) };
        let columns = visible::columns(text);
        if columns <= width || self.options.width.is_none() || kind.is_number() {
            return (text.to_owned(), columns);
        }
        self.cut_cells = true;
        cut(text, width)
    }

    fn styled(&self, style: &str, text: &str) -> String {
        if self.options.color { format!("\u{1b}[{style}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

impl RowWriter for TableWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), FormatError> {
        let failed = |problem| FormatError::encode(Format::Table, problem);
        let schema = self.schema.clone();
        let mut cells = Exact::new(batch, schema.fields()).map_err(failed)?;
        let mut exact = String::new();
        for row in 0..batch.num_rows() {
            let mut texts = Vec::with_capacity(self.columns.len());
            for (index, column) in self.columns.iter().enumerate() {
                let is_value = cells.read(row, index, &mut exact).map_err(failed)?;
                texts.push(is_value.then(|| shown(column.kind, &exact)));
            }
            let Some(waiting) = &mut self.waiting else {
                self.unmeasured_rows = true;
                self.put_row(&texts)?;
                continue;
            };
            waiting.bytes += texts.iter().flatten().map(String::len).sum::<usize>();
            waiting.rows.push(texts);
            if waiting.rows.len() >= MEASURED_ROWS_MAX || waiting.bytes >= MEASURED_BYTES_MAX {
                let waiting = std::mem::take(waiting);
                self.waiting = None;
                self.begin(waiting)?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<String>, FormatError> {
        if let Some(waiting) = self.waiting.take() {
            self.begin(waiting)?;
        }
        self.out.flush().map_err(|error| FormatError::encode(Format::Table, error))?;
        let mut remarks = Vec::new();
        if self.cut_cells {
            remarks.push("cells were cut to the width of the terminal; `--format csv` gives them whole".to_owned());
        }
        if self.unmeasured_rows {
            remarks.push("columns are aligned on the first rows only; later cells may be wider".to_owned());
        }
        Ok(remarks)
    }
}

fn shown(kind: Kind, exact: &str) -> String {
    let readable = readable(kind, exact);
    if !kind.is_hostile() && kind != Kind::Bytes {
        return readable;
    }
    let mut text = String::with_capacity(readable.len());
    visible::push(&readable, &mut text);
    text
}

/// Narrows the widest text columns until the line fits, or none can give more.
fn fit(columns: &mut [Column], line_columns: usize) {
    let gaps = GAP.len() * columns.len().saturating_sub(1);
    let mut excess = (columns.iter().map(|column| column.width).sum::<usize>() + gaps).saturating_sub(line_columns);
    while excess > 0 {
        let least = |column: &Column| visible::columns(&column.heading).max(TEXT_COLUMNS_MIN);
        let widest = columns
            .iter_mut()
            .filter(|column| !column.kind.is_number() && column.width > least(column))
            .max_by_key(|column| column.width);
        let Some(widest) = widest else { return };
        widest.width -= 1;
        excess -= 1;
    }
}

/// The beginning of a text that fits, with `…` for the rest; and the columns it takes.
fn cut(text: &str, width: usize) -> (String, usize) {
    let mut out = String::new();
    let mut columns = 0;
    for character in text.chars() {
        let more = visible::character_columns(character);
        if columns + more + 1 > width {
            break;
        }
        columns += more;
        out.push(character);
    }
    out.push('…');
    (out, columns + 1)
}
