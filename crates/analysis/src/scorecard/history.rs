//! Scores of earlier windows, kept as Parquet beside the lake.
//!
//! Owns the folder `<lake>.scores`, a sibling of the lake and never inside it: a file for each kind of entity and window,
//! with a row for each entity and signal. Promises that a file appears whole or not at all, and that scoring a window
//! again replaces its file. Any tool can read it.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema, UInt64Type};
use chrono::{DateTime, NaiveDate};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::ScorecardError;
use super::labels::Labels;
use crate::engine::completeness::Seconds;
use crate::output::Output;
use crate::scoring::families::Finding;
use crate::scoring::{Cleared, Entity, MatrixError, Observation, Past, Scores, Signal, SignalMatrix};
use crate::temporaries::Temporaries;

/// Only so many earlier windows count: an affiliate of last year is another.
const WINDOWS_MAX: usize = 90;

/// One entity and signal of a window.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    account: String,
    id: String,
    clicks: u64,
    score: f64,
    tier: String,
    signal: Option<String>,
    observation: Option<Observation>,
    decades: Option<f64>,
}

/// One window's scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// The first and last second.
    pub seconds: Seconds,
    /// What it was scored by: scores of other signals are no reference.
    pub scorer: String,
    rows: Vec<Row>,
}

/// The windows of one kind of entity.
#[derive(Debug, Clone, Default)]
pub struct History {
    folder: Option<PathBuf>,
    windows: Vec<Window>,
}

impl Window {
    /// What is kept of a window.
    #[must_use]
    pub fn of(seconds: Seconds, scorer: String, matrix: &SignalMatrix, scores: &Scores) -> Self {
        let mut rows = Vec::new();
        for (index, score) in scores.entities.iter().enumerate() {
            let row = |signal, observation, decades| Row {
                account: score.entity.account.clone(),
                id: score.entity.id.clone(),
                clicks: score.clicks,
                score: score.score,
                tier: score.tier.to_string(),
                signal,
                observation,
                decades,
            };
            let before = rows.len();
            for (signal, described) in matrix.signals().iter().enumerate() {
                if let Some(seen) = matrix.column(signal).get(index).copied().flatten() {
                    let strongest = |found: f64, finding: &Finding| found.max(finding.evidence.decades);
                    let own = score.findings.iter().filter(|finding| finding.signal == signal);
                    rows.push(row(Some(described.name.clone()), Some(seen), Some(own.fold(0.0, strongest))));
                }
            }
            if rows.len() == before {
                rows.push(row(None, None, None));
            }
        }
        Self { seconds, scorer, rows }
    }

    fn length(&self) -> i64 {
        self.seconds.1 - self.seconds.0
    }

    /// What these signals saw, as it was scored.
    ///
    /// # Errors
    /// A file that was tampered with.
    pub(super) fn matrix(&self, signals: &[Signal]) -> Result<SignalMatrix, MatrixError> {
        let (mut entities, mut exposure) = (Vec::new(), Vec::new());
        let mut observations: Vec<Vec<Option<Observation>>> = vec![Vec::new(); signals.len()];
        let index: HashMap<&str, usize> = signals.iter().map(|signal| signal.name.as_str()).zip(0..).collect();
        // The rows of an entity follow one another.
        for of_entity in self.rows.chunk_by(|a, b| (&a.account, &a.id) == (&b.account, &b.id)) {
            let Some(Row { account, id, clicks, .. }) = of_entity.first() else { continue };
            entities.push(Entity { account: account.clone(), id: id.clone(), name: None });
            exposure.push(*clicks);
            observations.iter_mut().for_each(|column| column.push(None));
            for row in of_entity {
                let column = row.signal.as_deref().and_then(|signal| index.get(signal));
                if let Some(seen) = column.and_then(|column| observations[*column].last_mut()) {
                    *seen = row.observation;
                }
            }
        }
        SignalMatrix::new(entities, exposure, signals.to_vec(), observations)
    }
}

impl History {
    /// Reads what a folder holds about one kind of entity; of a folder that is not there, nothing.
    ///
    /// # Errors
    /// A file that is no window's.
    pub fn read(folder: &Path, by: &str) -> Result<Self, ScorecardError> {
        let folder = folder.join(by);
        let mut windows = Vec::new();
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "parquet"));
        paths.sort();
        for path in paths {
            windows.push(read_window(&path).map_err(|problem| ScorecardError::History { path, problem })?);
        }
        Ok(Self { folder: Some(folder), windows })
    }

    /// Adds a window, for those that come after it.
    pub fn push(&mut self, window: Window) {
        self.windows.retain(|other| other.seconds != window.seconds);
        self.windows.push(window);
    }

    /// Windows before one, as long as it.
    fn earlier(&self, seconds: Seconds) -> impl Iterator<Item = &Window> {
        let length = seconds.1 - seconds.0;
        self.windows.iter().filter(move |window| window.seconds.1 < seconds.0 && window.length() == length)
    }

    /// How many windows before one do not count, for another scorer scored them.
    #[must_use]
    pub fn scored_otherwise(&self, seconds: Seconds, scorer: &str) -> usize {
        self.earlier(seconds).filter(|window| window.scorer != scorer).count()
    }

    /// Windows before one, as long as it, that the same scorer scored: the latest first.
    pub(super) fn comparable(&self, seconds: Seconds, scorer: &str) -> Vec<&Window> {
        let mut earlier: Vec<&Window> = self.earlier(seconds).filter(|window| window.scorer == scorer).collect();
        earlier.sort_by_key(|window| std::cmp::Reverse(window.seconds.1));
        earlier.truncate(WINDOWS_MAX);
        earlier
    }

    /// What came before a window, of windows as long as it that the same scorer scored.
    #[must_use]
    pub fn before(&self, seconds: Seconds, scorer: &str, labels: &Labels) -> Past {
        let mut past = Past::default();
        for window in self.comparable(seconds, scorer) {
            let mut cleared = HashSet::new();
            for row in &window.rows {
                let is_cleared = || labels.clears(&row.account, &row.id, days_of(window.seconds).1);
                if cleared.insert((&row.account, &row.id)) && row.tier != "insufficient data" && is_cleared() {
                    let (account, id) = (row.account.clone(), row.id.clone());
                    past.cleared.push(Cleared { account, id, score: row.score });
                }
                if let (Some(signal), Some(seen)) = (&row.signal, row.observation) {
                    let key = (row.account.clone(), row.id.clone(), signal.clone());
                    past.seen.entry(key).or_insert_with(Vec::new).push(seen);
                }
            }
        }
        past
    }

    /// Writes a window to its file.
    ///
    /// # Errors
    /// A folder that cannot be made or written to.
    pub fn write(&self, window: &Window, temporaries: &Temporaries) -> Result<PathBuf, ScorecardError> {
        let folder = self.folder.clone().unwrap_or_default();
        let fail = |path: &Path, problem: &dyn std::fmt::Display| ScorecardError::History {
            path: path.to_owned(),
            problem: format!("cannot be written: {problem}"),
        };
        std::fs::create_dir_all(&folder).map_err(|error| fail(&folder, &error))?;
        let time = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or_default().format("%Y-%m-%dT%H%M%SZ");
        let path = folder.join(format!("{}_{}.parquet", time(window.seconds.0), time(window.seconds.1)));
        let output = Output::open(Some(&path), temporaries).map_err(|error| fail(&path, &error))?;
        let batch = batch(window).map_err(|error| fail(&path, &error))?;
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(Default::default())).build();
        let out = output.writer().map_err(|error| fail(&path, &error))?;
        let written = ArrowWriter::try_new(out, batch.schema(), Some(properties)).and_then(|mut writer| {
            writer.write(&batch)?;
            writer.close()
        });
        written.map_err(|error| fail(&path, &error))?;
        output.commit().map_err(|error| fail(&path, &error))?;
        Ok(path)
    }
}

/// The UTC days of a window's first and last second.
pub(super) fn days_of(seconds: Seconds) -> (NaiveDate, NaiveDate) {
    let day = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or_default().date_naive();
    (day(seconds.0), day(seconds.1))
}

fn schema() -> Schema {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    let number = |name: &str, nullable| Field::new(name, DataType::Float64, nullable);
    Schema::new(vec![
        Field::new("window_from", DataType::Int64, false),
        Field::new("window_to", DataType::Int64, false),
        text("scorer", false),
        text("account", false),
        text("entity", false),
        Field::new("clicks", DataType::UInt64, false),
        number("score", false),
        text("tier", false),
        text("signal", true),
        number("n", true),
        number("x", true),
        number("expected", true),
        number("decades", true),
    ])
}

fn batch(window: &Window) -> Result<RecordBatch, arrow::error::ArrowError> {
    let rows = &window.rows;
    let times = |seconds: i64| Arc::new(Int64Array::from(vec![seconds; rows.len()])) as ArrayRef;
    let texts = |of: fn(&Row) -> Option<&str>| Arc::new(rows.iter().map(of).collect::<StringArray>()) as ArrayRef;
    let numbers = |of: fn(&Row) -> Option<f64>| Arc::new(rows.iter().map(of).collect::<Float64Array>()) as ArrayRef;
    let columns = vec![
        times(window.seconds.0),
        times(window.seconds.1),
        Arc::new(StringArray::from(vec![window.scorer.as_str(); rows.len()])) as ArrayRef,
        texts(|row| Some(&row.account)),
        texts(|row| Some(&row.id)),
        Arc::new(rows.iter().map(|row| row.clicks).collect::<UInt64Array>()) as ArrayRef,
        numbers(|row| Some(row.score)),
        texts(|row| Some(&row.tier)),
        texts(|row| row.signal.as_deref()),
        numbers(|row| row.observation.map(|seen| seen.n)),
        numbers(|row| row.observation.map(|seen| seen.x)),
        numbers(|row| row.observation.and_then(|seen| seen.expected)),
        numbers(|row| row.decades),
    ];
    RecordBatch::try_new(Arc::new(schema()), columns)
}

fn read_window(path: &Path) -> Result<Window, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| error.to_string())?;
    let strange = || "these are no scores of ours: remove the file, or name another folder with --scores".to_owned();
    let ours = schema();
    let is_ours = ours
        .fields()
        .iter()
        .zip(reader.schema().fields())
        .all(|(a, b)| a.name() == b.name() && a.data_type() == b.data_type());
    if !is_ours || reader.schema().fields().len() != ours.fields().len() {
        return Err(strange());
    }
    let mut window: Option<Window> = None;
    for batch in reader.build().map_err(|error| error.to_string())? {
        let batch = batch.map_err(|error| error.to_string())?;
        let time = |column: usize, row: usize| batch.column(column).as_primitive::<Int64Type>().value(row);
        let count = |column: usize, row: usize| batch.column(column).as_primitive::<UInt64Type>().value(row);
        let text = |column: usize, row: usize| {
            let column = batch.column(column).as_string::<i32>();
            column.is_valid(row).then(|| column.value(row).to_owned())
        };
        let number = |column: usize, row: usize| {
            let column = batch.column(column).as_primitive::<Float64Type>();
            column.is_valid(row).then(|| column.value(row))
        };
        for row in 0..batch.num_rows() {
            let kept = match &mut window {
                Some(kept) => kept,
                None => {
                    let scorer = text(2, row).ok_or_else(strange)?;
                    window.insert(Window { seconds: (time(0, row), time(1, row)), scorer, rows: Vec::new() })
                }
            };
            let observation = number(9, row).zip(number(10, row));
            kept.rows.push(Row {
                account: text(3, row).ok_or_else(strange)?,
                id: text(4, row).ok_or_else(strange)?,
                clicks: count(5, row),
                score: number(6, row).ok_or_else(strange)?,
                tier: text(7, row).ok_or_else(strange)?,
                signal: text(8, row),
                observation: observation.map(|(n, x)| Observation { n, x, expected: number(11, row) }),
                decades: number(12, row),
            });
        }
    }
    // A window without entities is a file without rows.
    Ok(window.unwrap_or(Window { seconds: (0, 0), scorer: String::new(), rows: Vec::new() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::{Basis, Config, Kind, score};

    /// Two accounts with the same ids, a rate that expects something, a shape, and who was seen by neither.
    fn matrix() -> SignalMatrix {
        let entity = |account: &str, id: usize| Entity { account: account.to_owned(), id: id.to_string(), name: None };
        let entities: Vec<Entity> = (0..12).flat_map(|id| [entity("acme", id), entity("other", id)]).collect();
        let signal = |name: &str, kind| Signal {
            name: name.to_owned(),
            family: name.to_owned(),
            kind,
            basis: Basis::Behavioural,
            is_burst: false,
            min_exposure: 0,
            reason: String::new(),
            drill: String::new(),
        };
        let seen = |row: usize, expected| Observation { n: 60.0 + row as f64, x: row as f64, expected };
        let column = |expected| (0..24).map(|row| (row != 5).then(|| seen(row, expected))).collect();
        let signals = vec![signal("proxies", Kind::Rate), signal("concentration", Kind::Shape)];
        SignalMatrix::new(entities, (60..84).collect(), signals, vec![column(Some(0.1)), column(None)]).unwrap()
    }

    #[test]
    fn a_window_comes_back_as_it_was_scored() {
        let folder = tempfile::tempdir().unwrap();
        let (matrix, seconds) = (matrix(), (86_400, 2 * 86_400 - 1));
        let scores = score(&matrix, &Config::default(), &Past::default(), days_of(seconds).1);
        let window = Window::of(seconds, "scorer".to_owned(), &matrix, &scores);
        let history = History::read(folder.path(), "affiliate").unwrap();
        history.write(&window, &Temporaries::default()).unwrap();

        let read = History::read(folder.path(), "affiliate").unwrap();
        assert_eq!(read.windows, [window]);
        let next = (2 * 86_400, 3 * 86_400 - 1);
        let [kept] = read.comparable(next, "scorer")[..] else { panic!("{:?}", read.windows.len()) };
        assert_eq!(kept.matrix(matrix.signals()).unwrap(), matrix);
        // Another scorer's, one that overlaps, and one of another length are no past of it.
        assert!(read.comparable(next, "other").is_empty());
        assert!(read.comparable((86_401, 2 * 86_400), "scorer").is_empty());
        assert!(read.comparable((2 * 86_400, 4 * 86_400 - 1), "scorer").is_empty());
    }

    #[test]
    fn what_is_no_window_of_ours_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        std::fs::create_dir(folder.join("affiliate")).unwrap();
        std::fs::write(folder.join("affiliate/other.parquet"), "no Parquet").unwrap();
        assert!(History::read(folder, "affiliate").is_err());
        assert!(History::read(folder, "offer").unwrap().windows.is_empty());
    }
}
