//! Errors in SQL that point at their place: file, line, column, and a caret under the token.
//!
//! Owns the translation of the parser's and DataFusion's errors into one form. Where an error carries no place, the
//! name it quotes is looked up among the tokens of the text, so that nearly every message has one.

use crate::suggestion::closest;
use std::fmt;
use std::sync::LazyLock;

use datafusion::common::{DataFusionError, SchemaError};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};
use regex::Regex;

/// SQL together with where it came from.
#[derive(Debug, Clone)]
pub struct SqlText {
    /// What messages call it: a file's path, or a catalogue name.
    pub name: String,
    /// The SQL: the whole file, so that its lines are the file's lines.
    pub sql: String,
}

/// A place in the SQL: line and column count from 1, `width` is in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Line in the SQL, from 1.
    pub line: usize,
    /// Column in the line, from 1.
    pub column: usize,
    /// How many characters to underline.
    pub width: usize,
}

/// An error in SQL, ready to be shown.
#[derive(Debug, Clone)]
pub struct SqlError {
    message: String,
    hints: Vec<String>,
    text: SqlText,
    place: Option<Place>,
}

impl std::error::Error for SqlError {}

impl SqlError {
    /// An error at a known place, or at none.
    pub fn new(text: &SqlText, message: impl Into<String>, place: Option<Place>) -> Self {
        Self { message: message.into(), hints: Vec::new(), text: text.clone(), place }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// An error at the first token that reads `name`.
    pub fn at_name(text: &SqlText, message: impl Into<String>, name: &str) -> Self {
        Self::new(text, message, find_name(&text.sql, name))
    }

    /// Translates the parser's error, which ends with its place.
    pub fn from_parser(text: &SqlText, error: &ParserError) -> Self {
        static PLACE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r" at Line: (\d+), Column: (\d+)").ok());
        let message = match error {
            ParserError::ParserError(message) | ParserError::TokenizerError(message) => message.as_str(),
            ParserError::RecursionLimitExceeded => "the statement is nested too deeply",
        };
        let found = PLACE.as_ref().and_then(|pattern| pattern.captures(message));
        let place = found.as_ref().and_then(|found| {
            let line = found.get(1)?.as_str().parse().ok()?;
            let column = found.get(2)?.as_str().parse().ok()?;
            Some(Place { line, column, width: token_width(&text.sql, line, column) })
        });
        // At the end of the text the parser gives no place.
        let place = place.or_else(|| message.contains("found: EOF").then(|| end_of(&text.sql)));
        let message = found
            .as_ref()
            .and_then(|found| found.get(0))
            .map_or_else(|| message.to_owned(), |place| message.replace(place.as_str(), ""));
        Self::new(text, message.replace("found: EOF", "found the end of the statement"), place)
    }

    /// Translates an error of planning: its diagnostic where it has one, else the name it quotes. A function that is
    /// unknown is compared with `functions`.
    pub fn from_planning(text: &SqlText, error: &DataFusionError, functions: impl FnOnce() -> Vec<String>) -> Self {
        let diagnostic = error.diagnostic();
        let plain = plain_message(error);
        let (message, mut hints) = split_hints(&plain);
        let mut place = None;
        if let Some(diagnostic) = diagnostic {
            hints.extend(diagnostic.notes.iter().map(|note| note.message.clone()));
            hints.extend(diagnostic.helps.iter().map(|help| help.message.clone()));
            place = diagnostic.span.and_then(|span| {
                let line = usize::try_from(span.start.line).ok().filter(|line| *line > 0)?;
                let column = usize::try_from(span.start.column).ok()?;
                Some(Place { line, column, width: token_width(&text.sql, line, column) })
            });
        }
        if let DataFusionError::SchemaError(schema_error, _) = error.find_root()
            && let Some(hint) = similar_column(schema_error)
        {
            hints = vec![hint];
        }
        let mut names = quoted_names(&plain);
        if let Some(wanted) = names.next().filter(|_| plain.starts_with("Invalid function")) {
            // DataFusion counts edits, to which 'cuont' is nearer to 'cot' than to 'count'.
            let functions = functions();
            let similar = closest(wanted, functions.iter().map(String::as_str));
            hints = similar.map(|similar| format!("did you mean '{similar}'?")).into_iter().collect();
        }
        let place = place.or_else(|| quoted_names(&plain).find_map(|name| find_name(&text.sql, name)));
        hints.dedup();
        Self { message, hints, text: text.clone(), place }
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(Place { line, column, width }) = self.place {
            let gutter = " ".repeat(line.to_string().len());
            let source = self.text.sql.lines().nth(line - 1).unwrap_or_default();
            // Tabs keep their width above the caret only as tabs.
            let indent: String = source.chars().take(column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            let indent = indent + &" ".repeat((column - 1).saturating_sub(source.chars().count()));
            write!(f, "\n{gutter}--> {}:{line}:{column}", self.text.name)?;
            write!(f, "\n{gutter} |\n{line} | {source}\n{gutter} | {indent}{}", "^".repeat(width.max(1)))?;
        } else {
            write!(f, "\n --> {}", self.text.name)?;
        }
        for hint in &self.hints {
            write!(f, "\n\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// The innermost message, without the names of error kinds that libraries put in front.
fn plain_message(error: &DataFusionError) -> String {
    let root = error.find_root();
    let message = match root {
        DataFusionError::SchemaError(schema_error, _) => match schema_error.as_ref() {
            SchemaError::FieldNotFound { field, .. } => format!("no column '{}'", field.flat_name()),
            other => other.to_string(),
        },
        DataFusionError::ArrowError(error, _) => error.to_string(),
        other => other.message().into_owned(),
    };
    // Backtraces of DataFusion follow this line; they are switched on by an environment variable.
    message.split("\n\nbacktrace:").next().unwrap_or_default().trim().to_owned()
}

/// DataFusion appends suggestions as lines.
fn split_hints(message: &str) -> (String, Vec<String>) {
    let is_hint = |line: &&str| line.trim_start().to_lowercase().starts_with("did you mean");
    let hints = message.lines().filter(is_hint).map(|line| line.trim().replacen("Did", "did", 1)).collect();
    let rest: Vec<&str> = message.lines().filter(|line| !is_hint(line)).collect();
    (rest.join("\n").trim().to_owned(), hints)
}

fn similar_column(error: &SchemaError) -> Option<String> {
    let SchemaError::FieldNotFound { field, valid_fields } = error else { return None };
    let names = valid_fields.iter().map(|field| field.name.as_str());
    closest(&field.name, names).map(|name| format!("did you mean '{name}'? 'DESCRIBE clicks' lists the columns"))
}

/// The names that a message quotes, each also without its qualifier.
fn quoted_names(message: &str) -> impl Iterator<Item = &str> {
    let quoted = message.split(['\'', '"', '`']).skip(1).step_by(2);
    quoted.flat_map(|name| [name, name.rsplit('.').next().unwrap_or(name)])
}

fn tokens(sql: &str) -> Vec<TokenWithSpan> {
    Tokenizer::new(&GenericDialect {}, sql).tokenize_with_location().unwrap_or_default()
}

fn find_name(sql: &str, name: &str) -> Option<Place> {
    let wanted = name.trim();
    let tokens = tokens(sql);
    let name = tokens.iter().find(|token| match &token.token {
        Token::Word(word) => word.value.eq_ignore_ascii_case(wanted),
        Token::Placeholder(placeholder) => placeholder == wanted,
        _ => false,
    });
    // Values that do not fit, and paths in the place of tables, are quoted too.
    let text = |token: &&TokenWithSpan| matches!(&token.token, Token::SingleQuotedString(text) if text == wanted);
    place_of(name.or_else(|| tokens.iter().find(text))?)
}

fn place_of(token: &TokenWithSpan) -> Option<Place> {
    let line = usize::try_from(token.span.start.line).ok().filter(|line| *line > 0)?;
    let column = usize::try_from(token.span.start.column).ok().filter(|column| *column > 0)?;
    let end = usize::try_from(token.span.end.column).unwrap_or(column);
    let width = if token.span.start.line == token.span.end.line { end.saturating_sub(column) } else { 1 };
    Some(Place { line, column, width: width.max(1) })
}

/// How many characters the token at a place has; of a name, with what a dot joins to it.
fn token_width(sql: &str, line: usize, column: usize) -> usize {
    let tokens = tokens(sql);
    let is_here =
        |token: &TokenWithSpan| place_of(token).is_some_and(|place| place.line == line && place.column == column);
    let Some(start) = tokens.iter().position(is_here) else { return 1 };
    let is_name = |token: &TokenWithSpan| matches!(token.token, Token::Word(_));
    let mut end = start;
    while is_name(&tokens[end])
        && let [dot, name, ..] = &tokens[end + 1..]
        && dot.token == Token::Period
        && is_name(name)
    {
        end += 2;
    }
    tokens[start..=end].iter().filter_map(place_of).map(|place| place.width).sum()
}

fn end_of(sql: &str) -> Place {
    let sql = sql.trim_end();
    let line = sql.lines().count().max(1);
    let column = sql.lines().last().unwrap_or_default().chars().count() + 1;
    Place { line, column, width: 1 }
}
