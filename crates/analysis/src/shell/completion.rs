//! What a Tab can mean.
//!
//! Owns which names fit before the cursor: tables after FROM, columns and functions elsewhere in a statement, queries and
//! settings after commands. Pure: the names come from the lake once, as [`Vocabulary`], and from the catalogue.

use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;

use super::command::COMMANDS;
use super::statements::{is_command, is_in_text};
use crate::catalogue::Catalogue;
use crate::formats::Format;
use crate::inquiry::Opened;

/// Words of SQL that people type; the parser knows more.
const KEYWORDS: [&str; 62] = [
    "ALL",
    "AND",
    "AS",
    "ASC",
    "AT TIME ZONE",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "CROSS JOIN",
    "DATE",
    "DESC",
    "DESCRIBE",
    "DISTINCT",
    "DOUBLE",
    "ELSE",
    "END",
    "EXCEPT",
    "EXISTS",
    "EXPLAIN",
    "EXTRACT",
    "FALSE",
    "FILTER",
    "FROM",
    "FULL JOIN",
    "GROUP BY",
    "HAVING",
    "ILIKE",
    "IN",
    "INNER JOIN",
    "INTERSECT",
    "INTERVAL",
    "IS DISTINCT FROM",
    "IS NOT NULL",
    "IS NULL",
    "JOIN",
    "LEFT JOIN",
    "LIKE",
    "LIMIT",
    "NOT",
    "NULL",
    "NULLS FIRST",
    "NULLS LAST",
    "OFFSET",
    "ON",
    "OR",
    "ORDER BY",
    "OVER",
    "PARTITION BY",
    "RIGHT JOIN",
    "ROWS",
    "SELECT",
    "THEN",
    "TIMESTAMP",
    "TRUE",
    "UNION ALL",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
    "WITH",
    "WITHIN GROUP",
];

/// The names of a lake.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    /// Tables and their columns.
    tables: BTreeMap<String, Vec<String>>,
    functions: BTreeSet<String>,
    accounts: Vec<String>,
    span: String,
}

impl Vocabulary {
    /// Reads the names from a lake.
    pub(super) fn of(opened: &Opened) -> Self {
        let engine = &opened.engine;
        let columns =
            |schema: &arrow::datatypes::Schema| schema.fields().iter().map(|field| field.name().clone()).collect();
        let days = engine.days();
        Self {
            tables: opened.tables().into_iter().map(|(name, schema)| (name, columns(&schema))).collect(),
            functions: engine.functions().into_iter().collect(),
            accounts: engine.accounts().into_iter().map(str::to_owned).collect(),
            span: days.map_or_else(|| "no clicks yet".to_owned(), |(first, last)| format!("{first} .. {last} UTC")),
        }
    }

    /// What somebody who just came should know.
    pub(super) fn welcome(&self) -> String {
        let accounts = if self.accounts.is_empty() { String::new() } else { format!("{}, ", self.accounts.join(", ")) };
        format!("{accounts}{}; end a statement with ;  \\? helps, \\q leaves", self.span)
    }

    /// Where the word before the cursor begins, and what it can become. `catalogue` is asked only where a query fits.
    pub(super) fn candidates(&self, before: &str, catalogue: impl Fn() -> Option<Catalogue>) -> (usize, Vec<String>) {
        if is_command(before) {
            return self.of_command(before, catalogue);
        }
        let begin = before.rfind(|c: char| !is_part_of_a_name(c)).map_or(0, |at| at + char_len(before, at));
        let word = &before[begin..];
        if is_in_text(&before[..begin]) {
            return (begin, Vec::new());
        }
        let previous = before[..begin].split_whitespace().next_back().unwrap_or_default().to_uppercase();
        if ["FROM", "JOIN", "DESCRIBE"].contains(&previous.as_str()) {
            return (begin, matching(word, self.tables.keys().cloned()));
        }
        if word.is_empty() {
            return (begin, Vec::new());
        }
        // After `alias.` come columns, of whichever table.
        if let Some((qualifier, column)) = word.rsplit_once('.') {
            return (begin + qualifier.len() + 1, matching(column, self.columns(Some(qualifier)).map(str::to_owned)));
        }
        if let Some(name) = word.strip_prefix('$') {
            let known = ["from", "to", "timezone"].into_iter().map(str::to_owned);
            return (begin + 1, matching(name, known));
        }
        let is_lower = word.chars().any(char::is_lowercase);
        let keywords = KEYWORDS.iter().map(|word| if is_lower { word.to_lowercase() } else { (*word).to_owned() });
        let functions = self.functions.iter().map(|name| format!("{name}("));
        let columns = self.columns(None).map(str::to_owned);
        (begin, matching(word, columns.chain(self.tables.keys().cloned()).chain(functions).chain(keywords)))
    }

    fn of_command(&self, before: &str, catalogue: impl Fn() -> Option<Catalogue>) -> (usize, Vec<String>) {
        let begin = before.rfind(char::is_whitespace).map_or(0, |at| at + char_len(before, at));
        let word = &before[begin..];
        let typed: Vec<&str> = before[..begin].split_whitespace().collect();
        let queries = |map: fn(&Catalogue) -> Vec<String>| catalogue().map(|all| map(&all)).unwrap_or_default();
        let names = |all: &Catalogue| all.iter().map(|query| query.name.clone()).collect();
        let all: Vec<String> = match typed.as_slice() {
            [] => COMMANDS.iter().map(|(name, ..)| (*name).to_owned()).collect(),
            ["\\d"] => self.tables.keys().cloned().collect(),
            ["\\l" | "\\list" | "\\sql" | "\\run"] => queries(names),
            ["\\run", name, ..] => catalogue()
                .and_then(|all| {
                    let query = all.find(name).ok()?;
                    Some(query.params.iter().map(|param| format!("{}=", param.name)).collect())
                })
                .unwrap_or_default(),
            ["\\timezone"] => chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name().to_owned()).collect(),
            ["\\account"] => self.accounts.clone(),
            ["\\format"] => {
                let formats = Format::value_variants().iter().filter(|format| !format.is_binary());
                formats.map(ToString::to_string).collect()
            }
            _ => Vec::new(),
        };
        (begin, matching(word, all.into_iter()))
    }

    /// The columns of a table, or of all where the name is no table's: an alias, most likely.
    fn columns<'a>(&'a self, table: Option<&str>) -> impl Iterator<Item = &'a str> {
        let known = table.filter(|table| self.tables.contains_key(*table)).map(str::to_owned);
        let tables = self.tables.iter().filter(move |(name, _)| known.as_ref().is_none_or(|known| known == *name));
        tables.flat_map(|(_, columns)| columns.iter().map(String::as_str))
    }
}

fn is_part_of_a_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.' | '$')
}

fn char_len(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(1, char::len_utf8)
}

/// What begins with the word, in whatever case, once each.
fn matching(word: &str, all: impl Iterator<Item = String>) -> Vec<String> {
    let word = word.to_lowercase();
    let mut seen = BTreeSet::new();
    all.filter(|name| name.to_lowercase().starts_with(&word) && seen.insert(name.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Vocabulary {
            tables: BTreeMap::from([
                ("clicks".to_owned(), owned(&["account", "affiliate_id", "affiliate_name", "is_proxy"])),
                ("coverage".to_owned(), owned(&["account", "feed"])),
            ]),
            functions: owned(&["avg", "wilson_lower", "wilson_upper"]).into_iter().collect(),
            accounts: owned(&["acme"]),
            span: String::new(),
        }
    }

    fn complete(before: &str) -> Vec<String> {
        let (begin, found) = vocabulary().candidates(before, || Catalogue::load(None).ok());
        found.into_iter().map(|word| format!("{}{word}", &before[..begin])).collect()
    }

    #[test]
    fn names_fit_where_they_stand() {
        assert_eq!(complete("SELECT affiliate_"), ["SELECT affiliate_id", "SELECT affiliate_name"]);
        assert_eq!(complete("select wils"), ["select wilson_lower(", "select wilson_upper("]);
        assert_eq!(complete("SELECT 1 FROM c"), ["SELECT 1 FROM clicks", "SELECT 1 FROM coverage"]);
        assert_eq!(complete("SELECT coverage.f"), ["SELECT coverage.feed"]);
        assert_eq!(complete("SELECT k.is_"), ["SELECT k.is_proxy"]);
        assert_eq!(complete("sel"), ["select"]);
        assert_eq!(complete("SELECT 1 WHERE click_time > $f"), ["SELECT 1 WHERE click_time > $from"]);
        assert_eq!(complete("SELECT ACC"), ["SELECT account"]);
        for silent in ["SELECT 'aff", "SELECT 1 -- aff", "SELECT ", "", "SELECT xyz", "SELECT /* aff"] {
            assert_eq!(complete(silent), Vec::<String>::new(), "{silent}");
        }
    }

    #[test]
    fn commands_complete_their_arguments() {
        assert_eq!(complete("\\fr"), ["\\from"]);
        assert_eq!(complete("\\d cov"), ["\\d coverage"]);
        assert_eq!(complete("\\run proxy_rate_"), ["\\run proxy_rate_by"]);
        assert_eq!(complete("\\run proxy_rate_by m"), ["\\run proxy_rate_by min_clicks="]);
        assert_eq!(complete("\\format mark"), ["\\format markdown"]);
        assert_eq!(complete("\\format parq"), Vec::<String>::new());
        assert_eq!(complete("\\timezone America/New"), ["\\timezone America/New_York"]);
        assert_eq!(complete("\\account a"), ["\\account acme"]);
        assert_eq!(complete("\\q "), Vec::<String>::new());
    }
}
