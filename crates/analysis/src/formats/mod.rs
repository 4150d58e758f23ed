//! The formats an answer is written in.
//!
//! Owns how rows look outside: [`write()`] takes a stream of record batches to a writer, in one of eight formats, each in
//! its own file behind one trait. Promises that memory stays bounded in every format (the table measures its first rows
//! only), that text cannot take over a terminal, a spreadsheet or a page, that numbers and money are never rounded except
//! where only people read them (table, Markdown, HTML), and that a reader who closed the pipe is told apart from a real
//! failure.
//!
//! What NULL looks like: nothing in CSV, Markdown and HTML (there the text `''` looks the same), `-` in the table,
//! `null` in JSON. Times are RFC 3339, in UTC with `Z`; one that has no time zone is written without. Binary values are
//! hexadecimal text wherever the format has none, but text in formats for the eye, where they hold text.
//!
//! Leaves to others: the file or terminal behind the writer, and all talk on stderr; titles and notes go into Markdown,
//! HTML, Parquet and Arrow, which travel alone, and are not repeated in table, CSV and JSON.

mod arrow_ipc;
mod cell;
mod csv;
mod html;
mod json;
mod markdown;
mod parquet;
mod plain;
mod sink;
mod table;
mod visible;

use std::fmt;
use std::io::{self, Write};

use clap::ValueEnum;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;

pub(crate) use cell::{amount, grouped, is_id};
pub(crate) use html::markup as as_markup;
pub(crate) use json::rows as json_rows;
pub(crate) use markdown::escaped as as_markdown;
use sink::Sink;
pub(crate) use visible::{inert_json, push as push_visible};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Format {
    /// Aligned columns for a terminal; numbers grouped and rounded for the eye
    Table,
    /// RFC 4180 with a header line, numbers exact
    Csv,
    /// One array of objects; money as exact numbers
    Json,
    /// One object a line
    Ndjson,
    /// A GitHub table; numbers rounded for the eye
    Markdown,
    /// A page that stands alone; numbers rounded for the eye, exact in the markup
    Html,
    /// Apache Parquet, compressed with zstd
    Parquet,
    /// Arrow IPC file, also known as Feather version 2
    Arrow,
}

impl Format {
    /// True for what must not go to a terminal.
    #[must_use]
    pub fn is_binary(self) -> bool {
        matches!(self, Format::Parquet | Format::Arrow)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Table => "table",
            Format::Csv => "csv",
            Format::Json => "json",
            Format::Ndjson => "ndjson",
            Format::Markdown => "markdown",
            Format::Html => "html",
            Format::Parquet => "parquet",
            Format::Arrow => "arrow",
        })
    }
}

/// What is known of an answer besides its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meta {
    /// The query's title; may be empty.
    pub title: String,
    /// What the answer means; may be empty.
    pub about: String,
    /// Doubts about the answer, a sentence each: for example the share of the range that is not covered.
    pub notes: Vec<String>,
}

/// How the writer behaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Write CSV text as it is, also where a spreadsheet would run it.
    pub raw: bool,
    /// The width of the terminal in columns, to which the table is cut; `None`: nothing is cut.
    pub width: Option<usize>,
    /// Use ANSI styles in the table.
    pub color: bool,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The number of rows.
    pub rows: u64,
    /// What a person who reads the output must be told, a sentence each: for example that cells were cut.
    pub remarks: Vec<String>,
}

/// Why an answer could not be written.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The query failed while its rows were read.
    #[error(transparent)]
    Query(#[from] DataFusionError),
    /// The reader at the other end of the pipe has gone: no failure of ours.
    #[error("the reader of the output has gone")]
    BrokenPipe,
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[source] io::Error),
    /// A value or a type that the format cannot hold.
    #[error("cannot write this answer as {format}: {problem}")]
    Encode {
        /// The format asked for.
        format: Format,
        /// What does not fit, and what to do.
        problem: String,
    },
    /// The format needs distinct column names.
    #[error("cannot write this answer as {format}: two columns are called '{column}'; rename one with AS")]
    DuplicateColumn {
        /// The format asked for.
        format: Format,
        /// The name.
        column: String,
    },
    /// A statement such as `SELECT * EXCLUDE (...)` left no column at all.
    #[error("the answer has no columns: select at least one")]
    NoColumns,
}

impl FormatError {
    fn encode(format: Format, problem: impl fmt::Display) -> Self {
        FormatError::Encode { format, problem: problem.to_string() }
    }
}

/// Writes the rows of one answer. Rows come as batches of the types of [`plain::schema`].
trait RowWriter: Send {
    /// Writes the rows of a batch.
    fn write(&mut self, batch: &RecordBatch) -> Result<(), FormatError>;

    /// Completes the output and flushes it. Returns remarks for [`Written`].
    fn finish(self: Box<Self>) -> Result<Vec<String>, FormatError>;
}

/// Writes all rows of `stream` to `out` and flushes it. An answer without rows has its header all the same.
///
/// Nothing is written before the first batch has come, so a query that fails at once leaves no output.
///
/// # Errors
///
/// See [`FormatError`]; [`FormatError::BrokenPipe`] where the reader of `out` has gone.
pub async fn write(
    format: Format,
    stream: SendableRecordBatchStream,
    meta: &Meta,
    options: &Options,
    out: Box<dyn Write + Send>,
) -> Result<Written, FormatError> {
    let (sink, fault) = Sink::new(out);
    let result = write_rows(format, stream, meta, options, sink).await;
    // Each library wraps an error of the writer in its own way; the sink knows what really happened.
    match fault.take() {
        Some(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(FormatError::BrokenPipe),
        Some(error) => Err(FormatError::Output(error)),
        None => result,
    }
}

async fn write_rows(
    format: Format,
    mut stream: SendableRecordBatchStream,
    meta: &Meta,
    options: &Options,
    sink: Sink,
) -> Result<Written, FormatError> {
    let schema = plain::schema(&stream.schema());
    check_columns(format, &schema)?;
    let mut batch = stream.next().await.transpose()?;
    let mut writer = open(format, schema.clone(), meta, options, sink)?;
    let mut rows = 0;
    while let Some(whole) = batch {
        for piece in plain::pieces(&whole, &schema) {
            let piece = piece.map_err(|problem| FormatError::encode(format, problem))?;
            writer.write(&piece)?;
            rows += piece.num_rows() as u64;
        }
        batch = stream.next().await.transpose()?;
    }
    let remarks = writer.finish()?;
    Ok(Written { rows, remarks })
}

fn check_columns(format: Format, schema: &SchemaRef) -> Result<(), FormatError> {
    if schema.fields().is_empty() {
        return Err(FormatError::NoColumns);
    }
    let needs_distinct_names = matches!(format, Format::Json | Format::Ndjson | Format::Parquet | Format::Arrow);
    let mut names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
    names.sort();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) if needs_distinct_names => Err(FormatError::DuplicateColumn { format, column: pair[0].clone() }),
        _ => Ok(()),
    }
}

fn open(
    format: Format,
    schema: SchemaRef,
    meta: &Meta,
    options: &Options,
    sink: Sink,
) -> Result<Box<dyn RowWriter>, FormatError> {
    Ok(match format {
        Format::Table => Box::new(table::TableWriter::new(&schema, options, sink)),
        Format::Csv => Box::new(csv::CsvWriter::new(&schema, options, sink)?),
        Format::Json => Box::new(json::array_writer(sink)),
        Format::Ndjson => Box::new(json::lines_writer(sink)),
        Format::Markdown => Box::new(markdown::MarkdownWriter::new(&schema, meta, sink)?),
        Format::Html => Box::new(html::HtmlWriter::new(&schema, meta, sink)?),
        Format::Parquet => Box::new(parquet::ParquetWriter::new(&schema, meta, sink)?),
        Format::Arrow => Box::new(arrow_ipc::ArrowWriter::new(&schema, meta, sink)?),
    })
}

#[cfg(test)]
pub(crate) mod tests;
