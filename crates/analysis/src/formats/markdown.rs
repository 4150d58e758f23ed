//! A GitHub table: title, notes, then the rows.
//!
//! Cells re-parse to the same text under CommonMark with GitHub's tables: what would be markup, a cell's edge or a line
//! break is escaped; NUL, which Markdown cannot hold, becomes `␀`. Other control characters are written as references
//! (`&#27;`), which do nothing in a terminal; CommonMark reads them back, markdown-it shows U+FFFD for them. Numbers are grouped and rounded for the eye. NULL
//! is an empty cell.

use std::fmt::Write as _;
use std::io::Write;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;

use super::cell::{Exact, Kind, readable};
use super::sink::Sink;
use super::{Format, FormatError, Meta, RowWriter, visible};

pub(super) struct MarkdownWriter {
    schema: SchemaRef,
    kinds: Vec<Kind>,
    notes: Vec<String>,
    out: Sink,
}

impl MarkdownWriter {
    pub(super) fn new(schema: &SchemaRef, meta: &Meta, out: Sink) -> Result<Self, FormatError> {
        let mut writer = Self { schema: schema.clone(), kinds: Kind::all(schema), notes: meta.notes.clone(), out };
        let mut head = String::new();
        if !meta.title.is_empty() {
            head = format!("## {}\n\n", escaped(&meta.title));
        }
        if !meta.about.is_empty() {
            let _ = write!(head, "{}\n\n", escaped(&meta.about));
        }
        head.push('|');
        for field in schema.fields() {
            let _ = write!(head, " {} |", escaped(field.name()));
        }
        head.push_str("\n|");
        for kind in &writer.kinds {
            head.push_str(if kind.is_number() { " ---: |" } else { " --- |" });
        }
        head.push('\n');
        writer.put(&head)?;
        Ok(writer)
    }

    fn put(&mut self, text: &str) -> Result<(), FormatError> {
        self.out.write_all(text.as_bytes()).map_err(failed)
    }
}

impl RowWriter for MarkdownWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), FormatError> {
        let schema = self.schema.clone();
        let mut cells = Exact::new(batch, schema.fields()).map_err(failed)?;
        let mut exact = String::new();
        let mut line = String::new();
        for row in 0..batch.num_rows() {
            line.clear();
            line.push('|');
            for (column, kind) in self.kinds.iter().enumerate() {
                cells.read(row, column, &mut exact).map_err(failed)?;
                line.push(' ');
                push_escaped(&readable(*kind, &exact), &mut line);
                line.push_str(" |");
            }
            line.push('\n');
            self.put(&line)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<String>, FormatError> {
        for note in std::mem::take(&mut self.notes) {
            self.put(&format!("\n> {}\n", escaped(&note)))?;
        }
        self.out.flush().map_err(failed)?;
        Ok(Vec::new())
    }
}

fn failed(problem: impl std::fmt::Display) -> FormatError {
    FormatError::encode(Format::Markdown, problem)
}

/// The text as a cell that is read back the same.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_escaped(text, &mut out);
    out
}

/// Appends `text` so that it is text and nothing else in the middle of a line.
///
/// The backslash is a character reference, never `\\`: parsers of tables disagree about `\\|`. So are all that act,
/// and blanks at the edges, which a table trims.
fn push_escaped(text: &str, out: &mut String) {
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let after = rest.peek().copied();
        let is_edge = before.is_none() || after.is_none();
        match character {
            '\0' => out.push('␀'),
            '\\' => reference('\\', out),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            _ if visible::acts(character) || is_edge && character.is_whitespace() => reference(character, out),
            '|' | '*' | '`' | '[' | ']' | '~' | '$' => out.extend(['\\', character]),
            '_' if !(is_word(before) && is_word(after)) => out.push_str("\\_"),
            // At the start of a line these would begin a list, a heading, a quotation.
            '#' | '+' | '-' | '>' | '=' if before.is_none() && !after.is_some_and(|c| c.is_ascii_digit()) => {
                out.extend(['\\', character]);
            }
            // GitHub turns web addresses into links: a stranger's address shall not be one.
            ':' if after == Some('/') => out.push_str("\\:"),
            '.' if before == Some('w') => out.push_str("\\."),
            _ => out.push(character),
        }
        before = Some(character);
    }
}

fn is_word(neighbour: Option<char>) -> bool {
    neighbour.is_some_and(char::is_alphanumeric)
}

fn reference(character: char, out: &mut String) {
    let _ = write!(out, "&#{};", u32::from(character));
}
