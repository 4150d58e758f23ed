//! `analyze score` and `analyze backtest`: from a lake to scores that people act on.
//!
//! Owns what surrounds the pure scorer: configuration and labels from files, windows, the history beside the lake, the
//! table of scores, explanations, and the table `anomaly_scores` that statements can read. Leaves the method to
//! [`scoring`](crate::scoring) and the signals to [`signals`](crate::signals).

pub mod backtest;
pub mod command;
mod explain;
pub mod history;
pub mod labels;
mod table;
mod windows;

use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::engine::EngineError;
use crate::engine::statement::tables_read;
use crate::inquiry::Opened;
use crate::page::many;
use crate::request::Question;
use crate::run::RunError;
use crate::scoring::{Calibration, Config, ConfigError};
use crate::signals::{By, Signals};
use history::History;
use labels::{LabelError, Labels};
use windows::{Scored, Windows};

/// The configuration that holds where `--config` names none.
const CONFIG_HERE: &str = "clickproof.toml";

/// The table of scores that statements can read.
pub const TABLE: &str = "anomaly_scores";

/// What statements see of scores.
const FOR_STATEMENTS: table::Columns = table::Columns { day: false, learned: false, for_statements: true };

/// What stops scores beside what stops any query.
#[derive(Debug, thiserror::Error)]
pub enum ScorecardError {
    /// The configuration cannot be read.
    #[error("cannot read the configuration {}: {source}", path.display())]
    ConfigFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The configuration cannot be meant.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The labels cannot be read.
    #[error(transparent)]
    Labels(#[from] LabelError),
    /// A kept window cannot be read or written.
    #[error("scores in {}: {problem}", path.display())]
    History {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Nobody of this id.
    #[error("--explain: no {by} '{wanted}' has clicks in this range{hint}")]
    Unknown {
        /// What an entity is.
        by: By,
        /// The id asked for.
        wanted: String,
        /// What there is.
        hint: String,
    },
    /// An id that several accounts have.
    #[error("--explain: '{wanted}' is in the accounts {accounts}: choose one with --account NAME")]
    Ambiguous {
        /// The id asked for.
        wanted: String,
        /// Whose it is.
        accounts: String,
    },
    /// One configuration cannot be compared with itself.
    #[error("backtest compares two configurations: give --config twice (an empty file stands for the defaults)")]
    Configs,
}

/// A configuration file, as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigFile {
    /// As it was named.
    pub path: String,
    /// Of its bytes, in hexadecimal digits.
    pub sha256: String,
}

/// What gave a table of scores, beside the clicks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScoredWith {
    /// The configuration; none where the defaults hold.
    pub config: Option<ConfigFile>,
    /// The SHA-256 of the signals: their statements and what is said of them.
    pub signals: String,
    /// What the scores rest on, and what of the configuration does nothing; a sentence each.
    pub remarks: Vec<String>,
}

/// Reads the configuration: the file named, else `./clickproof.toml` where there is one, else the defaults.
///
/// # Errors
/// A file that cannot be read or meant.
pub fn read_config(path: Option<&Path>) -> Result<Config, ScorecardError> {
    Ok(configured(path)?.0)
}

/// The same, with the file that it came from.
fn configured(path: Option<&Path>) -> Result<(Config, Option<ConfigFile>), ScorecardError> {
    let here = Some(Path::new(CONFIG_HERE)).filter(|path| path.is_file());
    let Some(path) = path.or(here) else { return Ok((Config::default(), None)) };
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|source| ScorecardError::ConfigFile { path: path.to_owned(), source })?;
    let name = path.display().to_string();
    let config = Config::parse(&name, &text)?;
    Ok((config, Some(ConfigFile { path: name, sha256: hex(&Sha256::digest(&text)) })))
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where the scores of a lake are kept: beside it, never inside.
#[must_use]
pub fn folder_beside(lake: &Path) -> PathBuf {
    let lake = lake.canonicalize().unwrap_or_else(|_| lake.to_owned());
    let mut name = lake.file_name().unwrap_or_default().to_owned();
    name.push(".scores");
    lake.with_file_name(name)
}

/// The columns of the table `anomaly_scores`.
#[must_use]
pub fn schema() -> Option<SchemaRef> {
    table::batch(&[], FOR_STATEMENTS).ok().map(|rows| rows.schema())
}

/// Whether a question is about scores.
///
/// # Errors
/// A statement that cannot be read.
pub fn is_read_by(question: &Question) -> Result<bool, EngineError> {
    Ok(tables_read(&question.text).map_err(EngineError::Sql)?.contains(TABLE))
}

/// The same version of the lake, [with the table](with_table) where it is wanted.
///
/// # Errors
/// Those of [`with_table`].
pub async fn beside(opened: &Opened, lake: Option<&Path>, with_scores: bool) -> Result<Opened, RunError> {
    match with_scores {
        true => with_table(opened, lake).await,
        false => Ok(opened.beside()),
    }
}

/// The same version of the lake with the table `anomaly_scores`: the scores of affiliates over the whole range, as
/// `analyze score` gives them with the configuration that the environment names, else `./clickproof.toml`, else the
/// defaults. The lake can be asked for other things meanwhile.
///
/// # Errors
/// A configuration, a history or signals that cannot be read; a signal that fails.
pub async fn with_table(opened: &Opened, lake: Option<&Path>) -> Result<Opened, RunError> {
    let mut opened = opened.beside();
    let ((config, file), signals) = (configured(opened.config.as_deref())?, Signals::load(None)?);
    let mut remarks = config.strangers(&signals.iter().cloned().collect::<Vec<_>>());
    let (by, labels) = (By::default(), Labels::default());
    let history = lake.map(|lake| History::read(&folder_beside(lake), &by.to_string())).transpose()?;
    let windows = Windows { signals: &signals, by, config: &config, labels: &labels, tables: &[] };
    let whole = windows.whole(&mut opened, &history.unwrap_or_default()).await?;
    remarks.extend(rests_on(&whole));
    opened.notes.extend(remarks.iter().cloned());
    opened.scored_with = Some(ScoredWith { config: file, signals: hex(&signals.fingerprint()), remarks });
    let batch = table::batch(&[whole], FOR_STATEMENTS).map_err(|error| EngineError::Bug(error.to_string()))?;
    opened.engine.add_rows(TABLE, batch.schema(), vec![batch])?;
    Ok(opened)
}

/// Whether p-values rest on cleared traffic, what they would rest on beside it, and what of the configuration they do not.
fn rests_on(window: &Scored) -> Vec<String> {
    let mut remarks = window.idle.clone();
    match window.scores.calibration {
        Calibration::Calibrated { reference } => remarks.push(format!(
            "scores are calibrated: p-values are ranks among {reference} cleared windows of earlier runs"
        )),
        Calibration::Uncalibrated { reference, needed } if !window.scores.entities.is_empty() => {
            remarks.push(format!(
                "scores are uncalibrated: p-values rest on a model of honest rates, not on cleared traffic ({reference} of \
                 {needed} cleared windows; see docs/scoring.md)"
            ));
        }
        Calibration::Uncalibrated { .. } => {}
    }
    if window.scored_otherwise > 0 {
        let windows = many(window.scored_otherwise, "earlier window");
        remarks.push(format!(
            "{windows} do not count: other signals or settings scored them; score them again to use them"
        ));
    }
    remarks
}

#[cfg(test)]
mod tests;
