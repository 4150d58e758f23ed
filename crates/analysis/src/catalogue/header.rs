//! The header of a query: the comment lines before its statement.
//!
//! ```sql
//! -- title: Proxy rate by affiliate
//! -- about: Share of clicks through a proxy, with a 95 % Wilson interval
//! -- needs: network-clicks | affiliate-clicks
//! -- before: days
//! -- param: days bigint = 7    length of both periods
//! -- chart: dot x=proxy_rate y=affiliate_name
//! ```
//!
//! `before` names a parameter of whole days: the statement compares so many last days of the range, at most as many as it has,
//! with as many before them, so it also rests on days before the range.
//!
//! `about` may go over several lines, which are joined, and so may `needs` and `param`, one group or parameter per
//! line. A comment that is no `-- word: ...` is prose and free; a word that is no key is an error, so that a slip of the
//! hand (`-- parm: ...`) does not silently lose a parameter. The header ends where the first statement begins.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use clicks::feed::Feed;
use datafusion::arrow::datatypes::DataType;

use super::param::{self, Param};
use crate::suggestion::closest;

/// What any query may say; a [`Shelf`](super::Shelf) has further keys of its own.
const KEYS: [&str; 6] = ["title", "about", "needs", "before", "param", "chart"];

/// What a header says.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) title: Option<String>,
    pub(super) about: String,
    pub(super) needs: Vec<Vec<Feed>>,
    pub(super) before: Option<String>,
    pub(super) params: Vec<Param>,
    pub(super) chart: Option<Chart>,
    pub(super) more: BTreeMap<&'static str, String>,
}

/// A header that cannot be read: where, what is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct HeaderError {
    /// The query's name, or its file's path where it was read from a file.
    pub file: String,
    /// The line in the file, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub problem: String,
}

impl HeaderError {
    /// The same error, naming the file it was found in.
    #[must_use]
    pub fn in_file(self, file: &str) -> Self {
        Self { file: file.to_owned(), ..self }
    }
}

/// How to draw an answer: a kind of mark, and which column each of its channels shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// The kind of mark, for example `dot`.
    pub kind: String,
    /// Channel and column, for example (`x`, `proxy_rate`), in the order of the header.
    pub channels: Vec<(String, String)>,
}

impl fmt::Display for Chart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        self.channels.iter().try_for_each(|(channel, column)| write!(f, " {channel}={column}"))
    }
}

impl FromStr for Chart {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut words = text.split_whitespace();
        let kind = words.next().filter(|word| is_name(word)).ok_or_else(|| {
            "a chart begins with a kind of mark, then channel=column: for example `dot x=rate y=name`".to_owned()
        })?;
        let mut channels: Vec<(String, String)> = Vec::new();
        for word in words {
            let (channel, column) = word
                .split_once('=')
                .filter(|(channel, column)| is_name(channel) && !column.is_empty())
                .ok_or_else(|| format!("'{word}' is not of the form channel=column"))?;
            if channels.iter().any(|(known, _)| known == channel) {
                return Err(format!("the channel '{channel}' is given twice"));
            }
            channels.push((channel.to_owned(), column.to_owned()));
        }
        if channels.is_empty() {
            return Err(format!("the chart '{kind}' shows nothing: add channel=column, for example x=rate"));
        }
        Ok(Chart { kind: kind.to_owned(), channels })
    }
}

/// True for what a parameter, a channel or a key can be called.
pub(crate) fn is_name(word: &str) -> bool {
    let mut characters = word.chars();
    characters.next().is_some_and(|first| first.is_ascii_lowercase() || first == '_')
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Reads the header of the query called `file`, which may use the `own_keys` of its shelf besides.
pub(super) fn parse(file: &str, text: &str, own_keys: &[&'static str]) -> Result<Header, HeaderError> {
    let mut header = Header::default();
    let mut lines = 1;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let Some(comment) = line.strip_prefix("--") else { break };
        let Some((key, value)) = key_and_value(comment) else { continue };
        let set = header.set(key, value, own_keys);
        set.map_err(|problem| HeaderError { file: file.to_owned(), line: index + 1, problem })?;
        lines = index + 1;
    }
    match &header.before {
        Some(days) if !header.has_days(days) => {
            let problem =
                format!("'before: {days}' names no parameter of whole days: declare `-- param: {days} bigint = 7`");
            Err(HeaderError { file: file.to_owned(), line: lines, problem })
        }
        _ => Ok(header),
    }
}

/// `word: rest`, where the word could be a key; prose and addresses (`https://`) are not.
fn key_and_value(comment: &str) -> Option<(&str, &str)> {
    let (key, value) = comment.trim().split_once(':')?;
    let is_word = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let is_separate = value.is_empty() || value.starts_with(char::is_whitespace);
    (is_word && is_separate).then(|| (key, value.trim()))
}

impl Header {
    fn set(&mut self, key: &str, value: &str, own_keys: &[&'static str]) -> Result<(), String> {
        let own_key = own_keys.iter().find(|own| **own == key);
        if (KEYS.contains(&key) || own_key.is_some()) && value.is_empty() {
            return Err(format!("'{key}:' has no value: give one or delete the line"));
        }
        match key {
            "title" => set_once(&mut self.title, key, value.to_owned()),
            "about" => {
                if !self.about.is_empty() {
                    self.about.push(' ');
                }
                self.about.push_str(value);
                Ok(())
            }
            "needs" => {
                self.needs.push(parse_needs(value)?);
                Ok(())
            }
            "before" => set_once(&mut self.before, key, value.to_owned()),
            "param" => self.add_param(param::parse(value)?),
            "chart" => set_once(&mut self.chart, key, value.parse()?),
            unknown => match own_key {
                Some(own) if self.more.contains_key(own) => Err(format!("'{key}:' is given twice: keep one")),
                Some(own) => {
                    self.more.insert(own, value.to_owned());
                    Ok(())
                }
                None => Err(unknown_key(unknown, own_keys)),
            },
        }
    }

    fn has_days(&self, name: &str) -> bool {
        self.params.iter().any(|param| param.name == name && param.data_type == DataType::Int64)
    }

    fn add_param(&mut self, param: Param) -> Result<(), String> {
        if self.params.iter().any(|known| known.name == param.name) {
            return Err(format!("the parameter '{}' is declared twice", param.name));
        }
        self.params.push(param);
        Ok(())
    }
}

fn set_once<T>(slot: &mut Option<T>, key: &str, value: T) -> Result<(), String> {
    if slot.is_some() {
        return Err(format!("'{key}:' is given twice: keep one"));
    }
    *slot = Some(value);
    Ok(())
}

fn parse_needs(value: &str) -> Result<Vec<Feed>, String> {
    let mut feeds = Vec::new();
    for name in value.split('|') {
        let feed = Feed::from_str(name.trim()).map_err(|error| error.to_string())?;
        if feeds.contains(&feed) {
            return Err(format!("the feed '{feed}' is named twice"));
        }
        feeds.push(feed);
    }
    Ok(feeds)
}

fn unknown_key(key: &str, own_keys: &[&'static str]) -> String {
    let all = [&KEYS, own_keys].concat();
    let keys = all.join(", ");
    match closest(key, all.into_iter()) {
        Some(nearest) => format!("unknown header key '{key}'; did you mean '{nearest}'? Keys are {keys}"),
        None => format!(
            "unknown header key '{key}': keys are {keys}; a comment that is none must not begin with a word and a colon"
        ),
    }
}
