//! Pages and texts for people, from templates: one environment for everything that is rendered.
//!
//! Owns escaping and how numbers read. Promises that text by strangers is harmless in whatever it is printed into, without
//! a template having to ask for it: what acts instead of showing (control characters, direction marks, escape sequences)
//! becomes visible, and markup becomes text. By the template's name: `.html` and `.xml` are escaped as markup, `.md` as
//! Markdown, the rest as plain text for a terminal. Leaves what is said to the templates, and what is known to their values.

mod filters;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, Value};
use regex::Regex;
use serde::Serialize;

use crate::formats::{as_markdown, push_visible};
pub(crate) use filters::{duration_of, floor_percent_of, money_of, percent_of, shortened};

/// The rules of what every page looks like: colours in light and dark, tables, charts, print.
pub const STYLE: &str = include_str!("style.css");

const MARKDOWN: &str = "markdown";

/// A template that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The user's folder, or a file in it.
    #[error("--templates: cannot read {}: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that replaces nothing.
    #[error("--templates: {} replaces nothing; the templates are {known}", path.display())]
    Stranger {
        /// Which.
        path: PathBuf,
        /// What there is.
        known: String,
    },
    /// A template that is wrong, or fails on what it is given.
    #[error("template {0}")]
    Template(String),
}

/// An environment over templates that ship, as name and text, which files of the same name in a folder replace.
///
/// # Errors
/// A folder or file that cannot be read, a file that replaces nothing, a template that does not parse.
pub fn environment(
    shipped: &[(&'static str, &'static str)],
    own: Option<&Path>,
) -> Result<Environment<'static>, PageError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|name| match Path::new(name).extension().and_then(|end| end.to_str()) {
        Some("html" | "xml") => AutoEscape::Html,
        Some("md") => AutoEscape::Custom(MARKDOWN.into()),
        _ => AutoEscape::None,
    });
    environment.set_formatter(print);
    // A line with nothing but a tag leaves no line behind.
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.map_err(|error| explain(&error))?);
    filters::add_all(&mut environment);
    for (name, text) in shipped {
        environment.add_template(name, text).map_err(|error| explain(&error))?;
    }
    for path in own.map(files).transpose()?.unwrap_or_default() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !shipped.iter().any(|(known, _)| *known == name) {
            let known = shipped.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            return Err(PageError::Stranger { path, known });
        }
        let text = std::fs::read_to_string(&path).map_err(|source| PageError::Unreadable { path, source })?;
        environment.add_template_owned(name, text).map_err(|error| explain(&error))?;
    }
    Ok(environment)
}

/// What templates are given, of what can be serialised.
pub(crate) fn value(of: impl Serialize) -> Value {
    Value::from(Serde(of))
}

/// Renders a template.
///
/// # Errors
/// The template fails on these values.
pub fn render(environment: &Environment<'_>, template: &str, values: Value) -> Result<String, PageError> {
    let found = environment.get_template(template).map_err(|error| explain(&error))?;
    found.render(values).map_err(|error| explain(&error))
}

/// The files of a folder, hidden ones aside, in the order of their names.
fn files(folder: &Path) -> Result<Vec<PathBuf>, PageError> {
    let unreadable = |source| PageError::Unreadable { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_file() && !is_hidden {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// `report.html:12: unknown filter: filter foo is unknown`.
pub(crate) fn explain(error: &Error) -> PageError {
    let place = match (error.name(), error.line()) {
        (Some(name), Some(line)) => format!("{name}:{line}: "),
        (Some(name), None) => format!("{name}: "),
        _ => String::new(),
    };
    let detail =
        error.detail().map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
    PageError::Template(format!("{place}{detail}"))
}

/// How every `{{ value }}` is printed.
fn print(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let written = if value.is_safe() {
        out.write_str(value.as_str().unwrap_or_default())
    } else if matches!(value.kind(), ValueKind::Undefined | ValueKind::None) {
        Ok(())
    } else {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        out.write_str(&match state.auto_escape() {
            AutoEscape::Html => markup(&text),
            AutoEscape::Custom(name) if name == MARKDOWN => {
                // A reference would be read back, and what acts would act on the page that is made of it.
                as_markdown(&visible(&text))
            }
            _ => visible(&text),
        })
    };
    written.map_err(|_| Error::new(ErrorKind::WriteFailure, "the output is full"))
}

/// `1 check`, `2 checks`.
pub(crate) fn many(number: usize, what: &str) -> String {
    format!("{} {what}{}", crate::formats::grouped(&number.to_string()), if number == 1 { "" } else { "s" })
}

/// Text with what acts made visible.
pub(crate) fn visible(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    push_visible(text, &mut seen);
    seen
}

/// More marks over one letter than any script has: no line can be broken there, and the page would be as wide as they are.
static MARKS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(\p{M}{4})\p{M}+").ok());

/// Text as HTML or XML that shows it.
fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let text = visible(text);
    let text = MARKS.as_ref().map_or_else(|| text.as_str().into(), |marks| marks.replace_all(&text, "$1…"));
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML has no place for these.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests;
