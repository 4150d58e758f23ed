//! From what was typed to what is meant: checked values, and errors that say what to write instead.
//!
//! Owns the choice of the lake and of the query, the range, and the binding of parameters. Reads files of queries, but
//! nothing of the lake.

use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use clicks::feed::Feed;
use clicks::lake::{Place, PlaceError};
use clicks::time_bound::{self, Edge, TimeBoundError};
use datafusion::common::ScalarValue;

use crate::args::LakeArgs;
use crate::catalogue::{Catalogue, CatalogueError, HeaderError, Param, Query, Shelf, ValueError};
use crate::engine::completeness::Seconds;
use crate::engine::sql_error::SqlText;
use crate::engine::statement::{Parameters, value_as_it_reads};
use crate::environment::Environment;
use crate::functions::days_before;
use crate::suggestion::closest;

/// The folder that is the lake, where none is named and it exists.
const LAKE_HERE: &str = "lake";

/// The least memory that a query gets anything done with.
const LEAST_MEMORY: ByteSize = ByteSize::mib(16);

/// What was typed cannot be meant.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// A lake in a place where none can be.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// No such query.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// A query's header is wrong.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// A query file that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    QueryFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not a time.
    #[error("--{edge}: {source}")]
    Time {
        /// Which flag.
        edge: &'static str,
        /// Why.
        source: TimeBoundError,
    },
    /// A range that holds no second.
    #[error("--from {from} is after --to {to}: swap them, or leave one out")]
    EmptyRange {
        /// The beginning.
        from: DateTime<Utc>,
        /// The end.
        to: DateTime<Utc>,
    },
    /// No such time zone.
    #[error("--timezone: no time zone '{wanted}'; {hint}")]
    TimeZone {
        /// What was typed.
        wanted: String,
        /// What to type.
        hint: String,
    },
    /// Not NAME=VALUE.
    #[error("--param '{0}': write NAME=VALUE")]
    ParamForm(String),
    /// Given twice.
    #[error("--param {0} is given twice: keep one")]
    ParamTwice(String),
    /// The query does not have it.
    #[error("--param {name}: {query} has no such parameter; {hint}")]
    ParamUnknown {
        /// What was typed.
        name: String,
        /// The query.
        query: String,
        /// What there is.
        hint: String,
    },
    /// The query needs it.
    #[error("{query} needs the parameter {name}: give it with --param {name}=VALUE{about}")]
    ParamMissing {
        /// The parameter.
        name: String,
        /// The query.
        query: String,
        /// What it does, in brackets.
        about: String,
    },
    /// Not a value of its type.
    #[error(transparent)]
    ParamValue(#[from] ValueError),
    /// Not an amount of memory.
    #[error("--memory-limit '{0}': write a size such as 512MB or 4GiB, at least {LEAST_MEMORY}")]
    Memory(String),
}

/// Which lake is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LakeChoice {
    /// One that is named: a folder, or a prefix in a bucket.
    Named(Place),
    /// The sample that is embedded in the binary.
    Sample,
}

/// What is asked: a statement, and what its header says.
#[derive(Debug, Clone)]
pub struct Question {
    /// The SQL and its name.
    pub text: SqlText,
    /// What the answer is called; may be empty.
    pub title: String,
    /// What it means; may be empty.
    pub about: String,
    /// The feeds it rests on: of each group, one is needed.
    pub needs: Vec<Vec<Feed>>,
    /// The parameter of whole days that it looks back for beyond the beginning of the range.
    pub before: Option<String>,
    /// Its parameters; `None` where any may be given.
    pub params: Option<Vec<Param>>,
}

/// Chooses the lake: the flag, the environment, `./lake`, the sample.
///
/// # Errors
/// A URL that names no lake.
pub fn choose_lake(flag: Option<&Path>, environment: &Environment) -> Result<LakeChoice, RequestError> {
    let named = flag.or(environment.lake.as_deref());
    Ok(match named {
        Some(typed) => LakeChoice::Named(Place::parse(typed)?),
        None if Path::new(LAKE_HERE).is_dir() => LakeChoice::Named(Place::Folder(LAKE_HERE.into())),
        None => LakeChoice::Sample,
    })
}

impl Question {
    /// Finds a query: a file of this path, else a name of the catalogue, or `report/NAME`, one that reports are made of.
    ///
    /// # Errors
    /// Neither exists, or its header is wrong.
    pub fn find(query: &str, user_queries: Option<&Path>) -> Result<Self, RequestError> {
        let path = Path::new(query);
        if path.is_file() {
            let fail = |source| RequestError::QueryFile { path: path.to_owned(), source };
            let text = std::fs::read_to_string(path).map_err(fail)?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let found = Query::parse(&name, &text).map_err(|error| error.in_file(query))?;
            return Ok(Self::of_query(found, query));
        }
        if let Some(name) = query.strip_prefix("report/") {
            let found = Catalogue::load_from(Shelf::REPORT, None)?.find(name)?.clone();
            return Ok(Self::of_query(found, &format!("{query}.sql")));
        }
        if path.components().count() > 1 {
            let source = std::io::ErrorKind::NotFound.into();
            return Err(RequestError::QueryFile { path: path.to_owned(), source });
        }
        let found = Catalogue::load(user_queries)?.find(query)?.clone();
        let name = found.file_name("");
        Ok(Self::of_query(found, &name))
    }

    /// A query of a catalogue, under the name that errors call it by.
    pub(crate) fn of_query(query: Query, name: &str) -> Self {
        Self {
            text: SqlText { name: name.to_owned(), sql: query.sql },
            title: query.title,
            about: query.about,
            needs: query.needs,
            before: query.before,
            params: Some(query.params),
        }
    }

    /// A statement from the command line: it rests on no feed in particular and takes any parameter.
    pub fn of_statement(sql: &str) -> Self {
        let text = SqlText { name: "statement".to_owned(), sql: sql.to_owned() };
        Self { text, title: String::new(), about: String::new(), needs: Vec::new(), before: None, params: None }
    }

    /// The values of the question's own parameters.
    ///
    /// # Errors
    /// A parameter that is unknown, missing, given twice, or not of its type.
    pub fn bind(&self, given: &[String]) -> Result<Parameters, RequestError> {
        let mut values = Parameters::new();
        for pair in given {
            let (name, value) = pair
                .split_once('=')
                .map(|(name, value)| (name.trim(), value))
                .filter(|(name, _)| !name.is_empty())
                .ok_or_else(|| RequestError::ParamForm(pair.clone()))?;
            if values.insert(name.to_owned(), self.value(name, value)?).is_some() {
                return Err(RequestError::ParamTwice(name.to_owned()));
            }
        }
        for param in self.params.iter().flatten() {
            if values.contains_key(&param.name) {
                continue;
            }
            let Some(default) = &param.default else {
                let about = if param.about.is_empty() { String::new() } else { format!(" ({})", param.about) };
                return Err(RequestError::ParamMissing {
                    name: param.name.clone(),
                    query: self.text.name.clone(),
                    about,
                });
            };
            values.insert(param.name.clone(), default.clone());
        }
        Ok(values)
    }

    fn value(&self, name: &str, value: &str) -> Result<ScalarValue, RequestError> {
        let unknown = |hint: String| {
            let query = self.text.name.clone();
            Err(RequestError::ParamUnknown { name: name.to_owned(), query, hint })
        };
        if ["from", "to", "timezone"].contains(&name) {
            return unknown(format!("use --{name}"));
        }
        let Some(params) = &self.params else { return Ok(value_as_it_reads(value)) };
        match params.iter().find(|param| param.name == name) {
            Some(param) => Ok(param.parse_value(value)?),
            None => {
                let names: Vec<&str> = params.iter().map(|param| param.name.as_str()).collect();
                unknown(match closest(name, names.iter().copied()) {
                    Some(similar) => format!("did you mean {similar}?"),
                    None if names.is_empty() => "it has none".to_owned(),
                    None => format!("it has {}", names.join(", ")),
                })
            }
        }
    }
}

/// The range that is asked about, as typed; the lake's days fill in what is missing.
#[derive(Debug, Clone)]
pub struct AskedRange {
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    zone: Tz,
}

impl AskedRange {
    /// Reads `--from`, `--to` and `--timezone`.
    ///
    /// # Errors
    /// A time or zone that does not exist; a range without a second.
    pub fn read(args: &LakeArgs) -> Result<Self, RequestError> {
        let zone: Tz = args.timezone.parse().map_err(|_| unknown_zone(&args.timezone))?;
        let read = |text: &Option<String>, edge, flag| {
            let read = text.as_deref().map(|text| time_bound::parse(text, edge, zone)).transpose();
            read.map_err(|source| RequestError::Time { edge: flag, source })
        };
        let from = read(&args.from, Edge::From, "from")?;
        let to = read(&args.to, Edge::To, "to")?;
        match (from, to) {
            (Some(from), Some(to)) if from > to => Err(RequestError::EmptyRange { from, to }),
            (from, to) => Ok(Self { from, to, zone }),
        }
    }

    /// The range, over a lake with these days; a lake without any is the first day of 1970. An end that is missing and
    /// would fall before the other is the same second.
    pub fn over(&self, days: Option<(NaiveDate, NaiveDate)>) -> Seconds {
        let (first, last) = days.unwrap_or_default();
        let midnight = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp();
        let (first, last) = (midnight(first), midnight(last) + 86_399);
        match (self.from.map(|from| from.timestamp()), self.to.map(|to| to.timestamp())) {
            (Some(from), Some(to)) => (from, to),
            (Some(from), None) => (from, last.max(from)),
            (None, Some(to)) => (first.min(to), to),
            (None, None) => (first, last),
        }
    }

    /// Whether both ends were named.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.from.is_some() && self.to.is_some()
    }

    /// The name of the time zone.
    #[must_use]
    pub fn zone_name(&self) -> &'static str {
        self.zone.name()
    }

    /// The range and, in front of it, as many days as its last ones: at most `days`, and at most as many as it has. Days are
    /// those of the time zone, counted back from the end.
    #[must_use]
    pub fn with_days_before(&self, (from, to): Seconds, days: i64) -> Seconds {
        let time = |seconds: i64| DateTime::from_timestamp(seconds, 0);
        let (Some(first), Some(last)) = (time(from), time(to)) else { return (from, to) };
        let day = |time: DateTime<Utc>| time.with_timezone(&self.zone).date_naive();
        let days = days.min(day(last).signed_duration_since(day(first)).num_days() + 1);
        match days_before(last, days.saturating_mul(2), self.zone) {
            Some(before) => (before.timestamp() + 1, to),
            None => (from, to),
        }
    }

    /// `$from`, `$to` and `$timezone`.
    pub fn parameters(&self, (from, to): Seconds) -> [(String, ScalarValue); 3] {
        let time = |seconds: i64| ScalarValue::TimestampMicrosecond(seconds.checked_mul(1_000_000), Some("UTC".into()));
        let zone = ScalarValue::Utf8(Some(self.zone.name().to_owned()));
        [("from".to_owned(), time(from)), ("to".to_owned(), time(to)), ("timezone".to_owned(), zone)]
    }
}

fn unknown_zone(wanted: &str) -> RequestError {
    let hint = match closest(wanted, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())) {
        Some(similar) => format!("did you mean {similar}?"),
        None => "write a name of the IANA database, such as Europe/Berlin".to_owned(),
    };
    RequestError::TimeZone { wanted: wanted.to_owned(), hint }
}

/// A time as RFC 3339 has it, in UTC, to the second.
pub(crate) fn time_text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// Reads `--memory-limit`.
///
/// # Errors
/// Not a size, or too small to get anything done.
pub fn memory_limit_bytes(text: Option<&str>) -> Result<Option<u64>, RequestError> {
    let Some(text) = text else { return Ok(None) };
    match text.parse::<ByteSize>() {
        Ok(size) if size >= LEAST_MEMORY => Ok(Some(size.as_u64())),
        _ => Err(RequestError::Memory(text.to_owned())),
    }
}
