//! A page that stands alone: no script, nothing loaded from elsewhere, readable in light and dark.
//!
//! Every text is escaped, and a content security policy forbids the rest. Numbers stand right, grouped and rounded for
//! the eye, with the exact number in `<data value>`. Rows stream: the page is three templates, of which the middle one
//! renders a batch. NULL is an empty cell; NUL, which HTML cannot hold, becomes `␀`.

use std::io::Write;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use minijinja::{Environment, Value, context};

use super::cell::{Exact, Kind, readable};
use super::sink::Sink;
use super::{Format, FormatError, Meta, RowWriter};

/// Rows that are rendered at once.
const ROWS_AT_ONCE: usize = 1_024;

pub(super) struct HtmlWriter {
    schema: SchemaRef,
    kinds: Vec<Kind>,
    templates: Environment<'static>,
    out: Sink,
}

impl HtmlWriter {
    pub(super) fn new(schema: &SchemaRef, meta: &Meta, out: Sink) -> Result<Self, FormatError> {
        let kinds = Kind::all(schema);
        let mut writer = Self { schema: schema.clone(), kinds, templates: templates().map_err(failed)?, out };
        let columns: Vec<Value> = schema
            .fields()
            .iter()
            .zip(&writer.kinds)
            .map(|(field, kind)| context! { name => safe(field.name()), is_number => kind.is_number() })
            .collect();
        let notes: Vec<Value> = meta.notes.iter().map(|note| safe(note)).collect();
        let title = if meta.title.is_empty() { "Answer" } else { &meta.title };
        writer.render(
            "head.html",
            context! {
                title => safe(title),
                about => safe(&meta.about),
                notes => Value::from(notes),
                columns => Value::from(columns),
            },
        )?;
        Ok(writer)
    }

    fn render(&mut self, template: &str, values: Value) -> Result<(), FormatError> {
        let text = self.templates.get_template(template).and_then(|found| found.render(values)).map_err(failed)?;
        self.out.write_all(text.as_bytes()).map_err(failed)
    }
}

impl RowWriter for HtmlWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), FormatError> {
        let schema = self.schema.clone();
        let mut cells = Exact::new(batch, schema.fields()).map_err(failed)?;
        let mut exact = String::new();
        let rows: Vec<usize> = (0..batch.num_rows()).collect();
        for some in rows.chunks(ROWS_AT_ONCE) {
            let mut rendered = Vec::with_capacity(some.len());
            for row in some {
                let mut values = Vec::with_capacity(self.kinds.len());
                for (column, kind) in self.kinds.iter().enumerate() {
                    cells.read(*row, column, &mut exact).map_err(failed)?;
                    values.push(cell(*kind, &exact));
                }
                rendered.push(Value::from(values));
            }
            self.render("rows.html", context! { rows => Value::from(rendered) })?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<String>, FormatError> {
        self.render("foot.html", context! {})?;
        self.out.flush().map_err(failed)?;
        Ok(Vec::new())
    }
}

fn cell(kind: Kind, exact: &str) -> Value {
    context! {
        is_number => kind.is_number(),
        text => safe(&readable(kind, exact)),
        exact => if kind.is_number() { safe(exact) } else { Value::from(()) },
    }
}

fn failed(problem: impl std::fmt::Display) -> FormatError {
    FormatError::encode(Format::Html, problem)
}

fn templates() -> Result<Environment<'static>, minijinja::Error> {
    let mut templates = Environment::new();
    templates.add_template("head.html", include_str!("html_parts/head.html"))?;
    templates.add_template("rows.html", include_str!("html_parts/rows.html"))?;
    templates.add_template("foot.html", include_str!("html_parts/foot.html"))?;
    Ok(templates)
}

fn safe(text: &str) -> Value {
    Value::from_safe_string(markup(text))
}

/// Text as markup that shows it. Beside the usual five characters: a parser of HTML reads CR as LF, and NUL as garbage.
pub(crate) fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\r' => out.push_str("&#13;"),
            '\0' => out.push('␀'),
            _ => out.push(character),
        }
    }
    out
}
