//! `analyze list`: the catalogue as a newcomer reads it, and as a program does.
//!
//! Owns which queries are listed for which words, and how a query is described. Every query stays on one line where
//! nobody knows the width, so that `grep` finds it. Leaves reading headers to the catalogue.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::stream;

use crate::catalogue::{Catalogue, CatalogueError, Param, Query};
use crate::environment::Environment;
use crate::formats::{self, Format, FormatError, Meta};
use crate::output::Output;
use crate::printer::Printer;
use crate::request::RequestError;
use crate::run::{Outcome, RunError, color, refuse_binary_on_terminal, width};

/// What queries without a group are shown under.
const NO_GROUP: &str = "Other";
/// Where descriptions are broken, unless the terminal is narrower.
const LINE_COLUMNS: usize = 100;
const GAP: &str = "  ";

/// Lists the queries that `words` find: all without any, one with its name.
///
/// # Errors
/// No query is found, or the output cannot be written.
pub(crate) async fn list(
    catalogue: &Catalogue,
    words: &[String],
    format: Format,
    environment: &Environment,
    printer: &Printer,
) -> Result<Outcome, RunError> {
    refuse_binary_on_terminal(format, None)?;
    let found = find(catalogue, words)?;
    if format != Format::Table {
        return write_rows(&found, format).await;
    }
    let style = Style { width: width(environment), color: color(environment) };
    if let ([query], [name]) = (found.as_slice(), words)
        && is_name_of(query, name)
    {
        print(&style.details(query))?;
        return Ok(Outcome::Done);
    }
    print(&style.overview(&found))?;
    printer.note("`analyze list NAME` says all about one, `analyze list WORD` shows those with a word, `analyze run NAME` answers");
    Ok(Outcome::Done)
}

/// Prints the file of one query.
///
/// # Errors
/// No query has this name, or the output cannot be written.
pub(crate) fn print_sql(catalogue: &Catalogue, words: &[String]) -> Result<(), RunError> {
    let query = catalogue.find(&words.join(" ")).map_err(RequestError::from)?;
    print(&query.sql)
}

/// Writes a text to stdout.
///
/// # Errors
/// The output cannot be written.
pub(crate) fn print(text: &str) -> Result<(), RunError> {
    let mut out = Output::Stdout.writer()?;
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(RunError::Format(FormatError::BrokenPipe)),
        Err(error) => Err(RunError::Format(FormatError::Output(error))),
    }
}

fn is_name_of(query: &Query, word: &str) -> bool {
    word.strip_suffix(".sql").unwrap_or(word) == query.name
}

/// The query of this name; else those whose headers have all words, in whatever case; whole words before parts of words.
fn find<'a>(catalogue: &'a Catalogue, words: &[String]) -> Result<Vec<&'a Query>, RequestError> {
    if let [name] = words
        && let Some(query) = catalogue.iter().find(|query| is_name_of(query, name))
    {
        return Ok(vec![query]);
    }
    let words: Vec<String> = words.iter().flat_map(|word| word.split_whitespace()).map(str::to_lowercase).collect();
    let holding = |holds: fn(&str, &str) -> bool| -> Vec<&Query> {
        let texts = catalogue.iter().map(|query| (query, searched(query)));
        texts.filter(|(_, text)| words.iter().all(|word| holds(text, word))).map(|(query, _)| query).collect()
    };
    // Who looks for `bot` does not mean `both`; who looks for `dupl` means what begins so.
    let mut found = holding(has_word);
    if found.is_empty() {
        found = holding(|text, word| text.contains(word));
    }
    if found.is_empty() && !words.is_empty() {
        return Err(nothing_found(catalogue, &words).into());
    }
    Ok(found)
}

/// Whether a word stands in a text whole, or in the plural.
fn has_word(text: &str, word: &str) -> bool {
    let stands = |place: usize| {
        let after = &text[place + word.len()..];
        let ends = |rest: &str| !rest.starts_with(char::is_alphanumeric);
        !text[..place].ends_with(char::is_alphanumeric) && (ends(after) || after.strip_prefix('s').is_some_and(ends))
    };
    text.match_indices(word).any(|(place, _)| stands(place))
}

/// What words are looked for in.
fn searched(query: &Query) -> String {
    let params = query.params.iter().flat_map(|param| [param.name.as_str(), param.about.as_str()]);
    let texts = [query.name.as_str(), query.title.as_str(), query.group().unwrap_or_default(), query.about.as_str()];
    texts.into_iter().chain(params).collect::<Vec<_>>().join("\n").to_lowercase()
}

fn nothing_found(catalogue: &Catalogue, words: &[String]) -> CatalogueError {
    let wanted = words.join(" ");
    match catalogue.find(&wanted) {
        Err(CatalogueError::Unknown { nearest, .. }) => CatalogueError::NotFound { words: wanted, nearest },
        Err(other) => other,
        Ok(_) => CatalogueError::NotFound { words: wanted, nearest: None },
    }
}

/// `network-clicks or affiliate-clicks, and invalid-clicks`; empty where it rests on no feed in particular.
fn needs(query: &Query) -> String {
    let group = |feeds: &Vec<_>| feeds.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    query.needs.iter().map(group).collect::<Vec<_>>().join(", and ")
}

fn default_of(param: &Param) -> String {
    param.default.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string)
}

/// `min_clicks bigint = 100, day date`, as a header writes them.
fn parameters(query: &Query) -> String {
    let each = query.params.iter().map(|param| match &param.default {
        Some(default) => format!("{} {} = {default}", param.name, param.type_name()),
        None => format!("{} {}", param.name, param.type_name()),
    });
    each.collect::<Vec<_>>().join(", ")
}

/// A row for each query, for programs.
async fn write_rows(queries: &[&Query], format: Format) -> Result<Outcome, RunError> {
    let names = ["name", "title", "parameters", "group", "needs", "chart", "about"];
    let row = |query: &&Query| {
        let chart = query.chart.as_ref().map(ToString::to_string).unwrap_or_default();
        let group = query.group().unwrap_or(NO_GROUP).to_owned();
        [query.name.clone(), query.title.clone(), parameters(query), group, needs(query), chart, query.about.clone()]
    };
    write_texts(names, &queries.iter().map(row).collect::<Vec<_>>(), format).await.map(|()| Outcome::Done)
}

/// Writes rows of texts to stdout.
///
/// # Errors
/// The output cannot be written.
pub(crate) async fn write_texts<const N: usize>(
    names: [&str; N],
    rows: &[[String; N]],
    format: Format,
) -> Result<(), RunError> {
    let schema = Arc::new(Schema::new(names.map(|name| Field::new(name, DataType::Utf8, false)).to_vec()));
    let column = |index: usize| Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row[index]))) as _;
    let batch = RecordBatch::try_new(Arc::clone(&schema), (0..N).map(column).collect());
    let batch = batch.map_err(datafusion::error::DataFusionError::from);
    let rows = Box::pin(RecordBatchStreamAdapter::new(schema, stream::iter([batch])));
    let (meta, options) = (Meta::default(), formats::Options::default());
    let written = formats::write(format, rows, &meta, &options, Output::Stdout.writer()?).await;
    written.map(|_| ()).map_err(RunError::Format)
}

/// How text looks on this terminal, if it is one.
struct Style {
    width: Option<usize>,
    color: bool,
}

impl Style {
    fn bold(&self, text: &str) -> String {
        if self.color { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Groups, and a line for each query: its name, its title, its parameters where there is room.
    fn overview(&self, queries: &[&Query]) -> String {
        let mut groups: BTreeMap<(bool, &str), Vec<&Query>> = BTreeMap::new();
        for query in queries {
            let group = (query.group().is_none(), query.group().unwrap_or(NO_GROUP));
            groups.entry(group).or_default().push(query);
        }
        let width_of = |text: fn(&Query) -> &str| queries.iter().map(|query| text(query).len()).max().unwrap_or(0);
        let (name, title) = (width_of(|query| &query.name), width_of(|query| &query.title));
        let mut out = String::new();
        for ((_, group), queries) in groups {
            let _ = writeln!(out, "{}", self.bold(group));
            for query in queries {
                let each = query.params.iter().map(|param| format!("{}={}", param.name, default_of(param)));
                let params = each.collect::<Vec<_>>().join(" ");
                // In columns where they fit, else one after the other, else without the parameters.
                let aligned = format!("{GAP}{:name$}{GAP}{:title$}{GAP}{params}", query.name, query.title);
                let short = format!("{GAP}{:name$}{GAP}{}", query.name, query.title);
                let together = format!("{short}{GAP}{params}");
                let mut lines = [aligned.trim_end(), together.trim_end()].into_iter();
                let line = lines.find(|line| self.width.is_none_or(|width| line.chars().count() <= width));
                let _ = writeln!(out, "{}", line.unwrap_or(&short));
            }
            out.push('\n');
        }
        out
    }

    /// All that there is to know about one query.
    fn details(&self, query: &Query) -> String {
        let width = self.width.map_or(LINE_COLUMNS, |width| width.min(LINE_COLUMNS));
        let mut out = format!("{}\n{}\n\n", self.bold(&query.name), query.title);
        if !query.about.is_empty() {
            let _ = writeln!(out, "{}\n", textwrap::fill(&query.about, width));
        }
        if !query.params.is_empty() {
            let _ = writeln!(out, "{}", self.bold("Parameters, given with --param NAME=VALUE"));
            let name = query.params.iter().map(|param| param.name.len()).max().unwrap_or(0);
            for param in &query.params {
                let typed = format!("{} = {}", param.type_name(), default_of(param));
                let _ = writeln!(
                    out,
                    "{}",
                    format!("{GAP}{:name$}{GAP}{typed:20}{GAP}{}", param.name, param.about).trim_end()
                );
            }
            out.push('\n');
        }
        let facts = [
            ("Group", query.group().unwrap_or(NO_GROUP).to_owned()),
            ("Needs", needs(query)),
            ("Chart", query.chart.as_ref().map(ToString::to_string).unwrap_or_default()),
        ];
        for (name, fact) in facts.iter().filter(|(_, fact)| !fact.is_empty()) {
            let _ = writeln!(out, "{}  {fact}", self.bold(name));
        }
        let own = query.params.first().map(|param| format!(" --param {}={}", param.name, default_of(param)));
        let _ = writeln!(out, "\n{GAP}analyze run {}{}", query.name, own.unwrap_or_default());
        let _ = writeln!(out, "{GAP}analyze list {0} --sql > my_{0}.sql    # its SQL, to change", query.name);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        Catalogue::load(None).unwrap()
    }

    fn names(words: &[&str]) -> Vec<String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        find(&catalogue(), &words).unwrap().iter().map(|query| query.name.clone()).collect()
    }

    #[test]
    fn a_name_finds_one_and_words_find_what_has_all_of_them() {
        assert_eq!(names(&["proxy_rate"]), ["proxy_rate"]);
        assert_eq!(names(&["proxy_rate.sql"]), ["proxy_rate"]);
        assert!(names(&["PROXY"]).len() > names(&["PROXY", "wilson"]).len());
        assert_eq!(names(&["proxy wilson"]), names(&["proxy", "wilson"]));
        assert_eq!(names(&[]).len(), catalogue().iter().count());
        let error = find(&catalogue(), &["proxy_raet".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("proxy_raet") && error.contains("'proxy_rate'"), "{error}");
    }

    /// A page for each group names each of its queries.
    #[test]
    fn every_shipped_query_is_on_the_page_of_its_group() {
        let pages = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/queries");
        let index = std::fs::read_to_string(pages.join("README.md")).unwrap();
        for query in catalogue().iter() {
            let page = format!("{}.md", query.group().unwrap().to_lowercase().replace(' ', "-"));
            let text = std::fs::read_to_string(pages.join(&page)).unwrap_or_else(|error| panic!("{page}: {error}"));
            assert!(text.contains(&format!("`{}`", query.name)), "{page} does not name {}", query.name);
            assert!(index.contains(&format!("({page})")), "the index does not have {page}");
        }
    }

    #[test]
    fn every_shipped_query_has_a_group_and_a_line_fits_a_terminal() {
        let catalogue = catalogue();
        let queries: Vec<&Query> = catalogue.iter().collect();
        assert!(queries.iter().all(|query| query.group().is_some()), "a shipped query has no group");
        for width in [80, 120] {
            let text = Style { width: Some(width), color: false }.overview(&queries);
            assert!(text.lines().all(|line| line.chars().count() <= width.max(90)), "{text}");
            for query in &queries {
                assert_eq!(
                    text.lines().filter(|line| line.trim_start().split(' ').next() == Some(&query.name)).count(),
                    1
                );
            }
        }
    }
}
