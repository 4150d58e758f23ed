//! The queries that ship, and the user's own beside them.
//!
//! Owns finding a query by its name and reading its header: title, what it is about, the feeds it rests on, its
//! parameters, its chart. Promises that a query's SQL keeps the line numbers of its file, so that a position in an error
//! is a position in the file, and that a header that cannot be read is an error that names file and line.
//!
//! Leaves to others: binding parameters and running the statement (`engine`), and the SQL itself, which is not parsed
//! here. Signals and checks, in subfolders of `queries/`, are catalogues of their own, each a [`Shelf`].

mod header;
mod param;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clicks::feed::Feed;
use include_dir::{Dir, include_dir};

use crate::suggestion::closest;

pub(crate) use header::is_name;
pub use header::{Chart, HeaderError};
pub use param::{Param, ValueError};

static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../queries");

/// The key of the group that `analyze list` shows a query under.
const GROUP: &str = "group";

/// A folder of queries of one kind, which ships and which the user's own folder extends.
#[derive(Debug, Clone, Copy)]
pub struct Shelf {
    /// The folder below `queries/`; empty: `queries/` itself.
    pub folder: &'static str,
    /// The keys that headers here may have besides `title`, `about`, `needs`, `before`, `param` and `chart`.
    pub keys: &'static [&'static str],
}

impl Shelf {
    /// What `analyze list` lists.
    pub const QUERIES: Shelf = Shelf { folder: "", keys: &[GROUP] };

    /// What only reports ask.
    pub const REPORT: Shelf = Shelf { folder: "report", keys: &[] };

    /// Tables that every statement can read.
    pub const VIEWS: Shelf = Shelf { folder: "views", keys: &[] };

    /// The files that ship, as name and text.
    pub fn shipped(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let folder = if self.folder.is_empty() { Some(&SHIPPED) } else { SHIPPED.get_dir(self.folder) };
        let files = folder.into_iter().flat_map(Dir::files);
        files.filter_map(|file| Some((query_name(file.path())?, file.contents_utf8()?)))
    }
}

/// A statement and what its header says about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The name it is run by: its file's name without `.sql`.
    pub name: String,
    /// A short title; the name where the header gives none.
    pub title: String,
    /// What the answer means and what it leaves out; may be empty.
    pub about: String,
    /// The feeds it rests on, one group per `needs:` line. Each group is met by any one of its feeds; the statement needs
    /// all groups. Empty: it rests on no feed in particular.
    pub needs: Vec<Vec<Feed>>,
    /// The parameter of whole days that it looks back for beyond the range's beginning: see the header's `before`.
    pub before: Option<String>,
    /// Its own parameters, in the order of the header; `from`, `to` and `timezone` exist besides.
    pub params: Vec<Param>,
    /// How to draw the answer.
    pub chart: Option<Chart>,
    /// What it says under the keys of its [`Shelf`].
    pub more: BTreeMap<&'static str, String>,
    /// The user's file that it was read from; none of one that ships.
    pub file: Option<PathBuf>,
    /// The whole file, header included: to SQL the header is comments, and lines keep their numbers.
    pub sql: String,
}

impl Query {
    /// Reads a query from the text of its file.
    ///
    /// # Errors
    ///
    /// A header with an unknown key, a bad type or a bad default: see [`HeaderError`].
    pub fn parse(name: &str, text: &str) -> Result<Query, HeaderError> {
        Self::parse_on(Shelf::QUERIES, name, text)
    }

    fn parse_on(shelf: Shelf, name: &str, text: &str) -> Result<Query, HeaderError> {
        // Editors on Windows begin a file with a byte order mark, which SQL does not know.
        let sql = text.strip_prefix('\u{feff}').unwrap_or(text);
        let header = header::parse(name, sql, shelf.keys)?;
        Ok(Query {
            name: name.to_owned(),
            title: header.title.unwrap_or_else(|| name.to_owned()),
            about: header.about,
            needs: header.needs,
            before: header.before,
            params: header.params,
            chart: header.chart,
            more: header.more,
            file: None,
            sql: sql.to_owned(),
        })
    }

    /// What messages call its file: as the user names it, or in the folder of those that ship.
    #[must_use]
    pub fn file_name(&self, shipped_in: &str) -> String {
        self.file.as_ref().map_or_else(|| format!("{shipped_in}{}.sql", self.name), |file| file.display().to_string())
    }

    /// What `analyze list` shows it under; may be missing.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        self.more.get(GROUP).map(String::as_str)
    }

    /// The query's own parameter of this name.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.name == name)
    }
}

/// Why a catalogue could not be read, or has no such query.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The user's folder, or a file in it, cannot be read.
    #[error("cannot read queries from {}: {source}", .path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A query's header cannot be read.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// No query has this name.
    #[error("no query is called '{name}'{}", hint(.nearest))]
    Unknown {
        /// The name asked for.
        name: String,
        /// The name most like it, if one is near.
        nearest: Option<String>,
    },
    /// No query's header has these words.
    #[error("no query mentions '{words}'{}", hint(.nearest))]
    NotFound {
        /// The words.
        words: String,
        /// The name most like them, if one is near.
        nearest: Option<String>,
    },
}

fn hint(nearest: &Option<String>) -> String {
    match nearest {
        Some(nearest) => format!("; did you mean '{nearest}'? `analyze list` shows all"),
        None => "; `analyze list` shows all, and a path such as ./my.sql runs a file".to_owned(),
    }
}

/// The queries by name.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    queries: BTreeMap<String, Query>,
}

impl Catalogue {
    /// The queries that ship, and those of `user_dir`, which replace a shipped one of the same name.
    ///
    /// Of a folder only files that end in `.sql` are read, hidden ones and subfolders not.
    ///
    /// # Errors
    ///
    /// A folder or file that cannot be read, or a header that is wrong.
    pub fn load(user_dir: Option<&Path>) -> Result<Catalogue, CatalogueError> {
        Self::load_from(Shelf::QUERIES, user_dir)
    }

    /// The same, of another kind of query.
    ///
    /// # Errors
    ///
    /// A folder or file that cannot be read, or a header that is wrong.
    pub fn load_from(shelf: Shelf, user_dir: Option<&Path>) -> Result<Catalogue, CatalogueError> {
        let mut queries = BTreeMap::new();
        for (name, text) in shelf.shipped() {
            queries.insert(name.to_owned(), Query::parse_on(shelf, name, text)?);
        }
        if let Some(dir) = user_dir {
            queries.extend(Self::of_folder(shelf, dir)?.queries);
        }
        Ok(Catalogue { queries })
    }

    /// Only the queries of a folder, without those that ship.
    ///
    /// # Errors
    ///
    /// A folder or file that cannot be read, or a header that is wrong.
    pub fn of_folder(shelf: Shelf, dir: &Path) -> Result<Catalogue, CatalogueError> {
        let queries =
            Self::each_of_folder(shelf, dir)?.into_iter().map(|(name, query)| query.map(|query| (name, query)));
        Ok(Catalogue { queries: queries.collect::<Result<_, _>>()? })
    }

    /// Each query of a folder, or what is wrong with it.
    ///
    /// # Errors
    ///
    /// A folder that cannot be read.
    pub fn each_of_folder(
        shelf: Shelf,
        dir: &Path,
    ) -> Result<BTreeMap<String, Result<Query, CatalogueError>>, CatalogueError> {
        let mut queries = BTreeMap::new();
        for path in sql_files(dir)? {
            if let Some(name) = query_name(&path) {
                queries.insert(name.to_owned(), read_query(shelf, name, &path));
            }
        }
        Ok(queries)
    }

    /// The query of this name; a trailing `.sql` is ignored.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::Unknown`], with the nearest name there is.
    pub fn find(&self, name: &str) -> Result<&Query, CatalogueError> {
        let stem = name.strip_suffix(".sql").unwrap_or(name);
        self.queries.get(stem).ok_or_else(|| CatalogueError::Unknown {
            name: name.to_owned(),
            nearest: closest(stem, self.queries.keys().map(String::as_str)).map(str::to_owned),
        })
    }

    /// All queries, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Query> {
        self.queries.values()
    }
}

/// The query name a path stands for: its stem, if it ends in `.sql` and is not hidden.
fn query_name(path: &Path) -> Option<&str> {
    let is_sql = path.extension().is_some_and(|extension| extension == "sql");
    let stem = path.file_stem()?.to_str()?;
    (is_sql && !stem.starts_with('.')).then_some(stem)
}

fn sql_files(dir: &Path) -> Result<Vec<PathBuf>, CatalogueError> {
    let unreadable = |source| CatalogueError::Unreadable { path: dir.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn read_query(shelf: Shelf, name: &str, path: &Path) -> Result<Query, CatalogueError> {
    let text =
        fs::read_to_string(path).map_err(|source| CatalogueError::Unreadable { path: path.to_owned(), source })?;
    let query = Query::parse_on(shelf, name, &text).map_err(|error| error.in_file(&path.display().to_string()))?;
    Ok(Query { file: Some(path.to_owned()), ..query })
}

#[cfg(test)]
mod logic_tests;
#[cfg(test)]
mod partition_tests;
#[cfg(test)]
mod shipped_tests;
#[cfg(test)]
mod tests;
