//! Where clicks lie: the folders of a lake, its `lake.json`, and the names that partitions go by.
//!
//! Promises that paths are built from typed values only, and that a listing sees nothing but partitions: temporaries
//! have no `.parquet` suffix, foreign files are reported apart. Leaves reading and writing partitions to
//! [`crate::partition`] and [`crate::landing`].

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Timelike, Utc};
use serde::{Deserialize, Serialize};

use crate::lock::{LakeLock, LockError};

/// The version of the layout that this build writes, and the newest it reads.
pub const FORMAT_VERSION: u32 = 1;
/// The name of the file of a partition.
pub const PARTITION_FILE: &str = "clicks.parquet";
const LAKE_FILE: &str = "lake.json";
/// How long to wait for another process that makes the same lake, which takes it milliseconds.
const CREATION_TIMEOUT: Duration = Duration::from_secs(60);

/// What is wrong with a lake.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The folder is none of ours.
    #[error("{0} is not a Clickproof lake: it has no {LAKE_FILE}; make one with 'fetcher land FILE --lake {0}'")]
    Missing(PathBuf),
    /// The folder holds something else.
    #[error("{0} is not empty and has no {LAKE_FILE}, so it is not a Clickproof lake: name an empty or a new folder")]
    Foreign(PathBuf),
    /// `lake.json` cannot be understood.
    #[error("{path}: {source}; restore the file, it holds the lake's format version and granularity")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the JSON parser says.
        source: serde_json::Error,
    },
    /// Written by a later release.
    #[error(
        "{path}: format version {found} is newer than {FORMAT_VERSION}, the newest this build knows: upgrade Clickproof"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: u32,
    },
    /// The lake was born with another granularity.
    #[error(
        "{path} is partitioned by {found}, which is fixed at its birth: leave out --partition, or land in another lake"
    )]
    OtherGranularity {
        /// The lake.
        path: PathBuf,
        /// Its granularity.
        found: Granularity,
    },
    /// The operating system refused.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl LakeError {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> LakeError {
        let path = path.into();
        move |source| LakeError::Io { action, path, source }
    }
}

/// The name of one Everflow login: `[a-z][a-z0-9_-]*`, at most 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account(String);

/// A name that no account can have.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' cannot name an account: use a lower-case letter, then letters, digits, '_' or '-', 64 at most")]
pub struct InvalidAccount(String);

impl FromStr for Account {
    type Err = InvalidAccount;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let starts_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
        if starts_well && name.len() <= 64 && name.bytes().all(allowed) {
            Ok(Account(name.to_owned()))
        } else {
            Err(InvalidAccount(name.to_owned()))
        }
    }
}

impl Default for Account {
    fn default() -> Self {
        Account("default".to_owned())
    }
}

impl Account {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Account {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How finely a lake is partitioned: fixed at its birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Granularity {
    /// One file per account and UTC day.
    #[default]
    Day,
    /// One file per account and UTC hour, for millions of clicks a day.
    Hour,
}

impl fmt::Display for Granularity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Granularity::Day => "day",
            Granularity::Hour => "hour",
        })
    }
}

/// The UTC day, or hour of a day, that a partition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// The day.
    pub date: NaiveDate,
    /// The hour, in a lake partitioned by hour.
    pub hour: Option<u8>,
}

impl Period {
    /// The period that holds a second since 1970; none where no calendar reaches.
    #[must_use]
    pub fn of(second: i64, granularity: Granularity) -> Option<Period> {
        let time = DateTime::<Utc>::from_timestamp(second, 0)?;
        let hour = match granularity {
            Granularity::Day => None,
            Granularity::Hour => u8::try_from(time.hour()).ok(),
        };
        Some(Period { date: time.date_naive(), hour })
    }

    /// The first and the last second of the period, since 1970.
    #[must_use]
    pub fn seconds(&self) -> (i64, i64) {
        let midnight = self.date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp();
        match self.hour {
            None => (midnight, midnight + 86_399),
            Some(hour) => (midnight + i64::from(hour) * 3600, midnight + i64::from(hour) * 3600 + 3599),
        }
    }
}

/// What one partition holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionKey {
    /// The login.
    pub account: Account,
    /// The UTC day.
    pub date: NaiveDate,
    /// The UTC hour, in a lake partitioned by hour.
    pub hour: Option<u8>,
}

impl PartitionKey {
    /// The partition of an account and a period.
    #[must_use]
    pub fn new(account: &Account, period: Period) -> PartitionKey {
        PartitionKey { account: account.clone(), date: period.date, hour: period.hour }
    }

    /// The day or hour.
    #[must_use]
    pub fn period(&self) -> Period {
        Period { date: self.date, hour: self.hour }
    }
}

impl fmt::Display for PartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account={}/date={}", self.account, self.date.format("%Y-%m-%d"))?;
        match self.hour {
            Some(hour) => write!(f, "/hour={hour:02}"),
            None => Ok(()),
        }
    }
}

/// The file of a partition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartitionFile {
    /// What it holds.
    pub key: PartitionKey,
    /// Where it lies.
    pub path: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
struct LakeJson {
    format_version: u32,
    partition: Granularity,
}

#[derive(Debug, Deserialize)]
struct LakeVersion {
    format_version: u32,
}

/// A lake on a local disk.
#[derive(Debug, Clone)]
pub struct Lake {
    root: PathBuf,
    granularity: Granularity,
}

impl Lake {
    /// Opens a lake that exists.
    ///
    /// # Errors
    /// Where the folder has no `lake.json`, or one that this build cannot read.
    pub fn open(root: &Path) -> Result<Lake, LakeError> {
        let path = root.join(LAKE_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(LakeError::Missing(root.to_owned())),
            Err(source) => return Err(LakeError::Io { action: "read", path, source }),
        };
        let unreadable = |source| LakeError::Unreadable { path: path.clone(), source };
        // The version first: a later one may say the rest in words that this build does not know.
        let version: LakeVersion = serde_json::from_str(&text).map_err(unreadable)?;
        if version.format_version > FORMAT_VERSION {
            return Err(LakeError::Newer { path, found: version.format_version });
        }
        let json: LakeJson = serde_json::from_str(&text).map_err(unreadable)?;
        Ok(Lake { root: root.to_owned(), granularity: json.partition })
    }

    /// Opens a lake, or makes one in a new or empty folder.
    ///
    /// # Errors
    /// As [`Lake::open`]; where the folder holds something else; where another granularity than the lake's is asked.
    pub fn open_or_create(root: &Path, wanted: Option<Granularity>) -> Result<Lake, LakeError> {
        let opened = match Lake::open(root) {
            Err(LakeError::Missing(_)) => Lake::create(root, wanted.unwrap_or_default()),
            opened => opened,
        };
        let lake = opened?;
        if wanted.is_some_and(|wanted| wanted != lake.granularity) {
            return Err(LakeError::OtherGranularity { path: lake.root, found: lake.granularity });
        }
        Ok(lake)
    }

    fn create(root: &Path, granularity: Granularity) -> Result<Lake, LakeError> {
        fs::create_dir_all(root).map_err(LakeError::io("make the folder", root))?;
        Lake::refuse_foreign(root)?;
        // Several may want to make it at once: one does, the others find it made.
        let _lock = LakeLock::acquire(root, CREATION_TIMEOUT).map_err(|error| match error {
            LockError::Lake(error) => error,
            LockError::Timeout { .. } => {
                let source = io::Error::new(ErrorKind::TimedOut, error.to_string());
                LakeError::Io { action: "make a lake in", path: root.to_owned(), source }
            }
        })?;
        match Lake::open(root) {
            Err(LakeError::Missing(_)) => {}
            opened => return opened,
        }
        Lake::refuse_foreign(root)?;
        let json = LakeJson { format_version: FORMAT_VERSION, partition: granularity };
        // A struct of a number and a name always serialises.
        let text = serde_json::to_string_pretty(&json).unwrap_or_default() + "\n";
        let path = root.join(LAKE_FILE);
        crate::partition::replace_atomically(&path, |file| io::Write::write_all(file, text.as_bytes()))
            .map_err(LakeError::io("write", &path))?;
        Lake::open(root)
    }

    fn refuse_foreign(root: &Path) -> Result<(), LakeError> {
        if root.join(LAKE_FILE).exists() {
            return Ok(());
        }
        // The lock file and unfinished temporaries of a creation that was killed do not make a folder foreign.
        for entry in fs::read_dir(root).map_err(LakeError::io("list", root))? {
            let name = entry.map_err(LakeError::io("list", root))?.file_name();
            if !name.to_string_lossy().starts_with('.') && name != LAKE_FILE {
                return Err(LakeError::Foreign(root.to_owned()));
            }
        }
        Ok(())
    }

    /// The folder of the lake.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// How finely it is partitioned.
    #[must_use]
    pub fn granularity(&self) -> Granularity {
        self.granularity
    }

    /// Where the file of a partition lies, or would.
    #[must_use]
    pub fn path_of(&self, key: &PartitionKey) -> PathBuf {
        self.root.join("clicks").join(key.to_string()).join(PARTITION_FILE)
    }

    /// The folder of an account's quarantine.
    #[must_use]
    pub fn quarantine_folder(&self, account: &Account) -> PathBuf {
        self.root.join("quarantine").join(format!("account={account}"))
    }

    /// Every partition, sorted by account, date and hour.
    ///
    /// # Errors
    /// Where a folder cannot be listed.
    pub fn partitions(&self) -> Result<Vec<PartitionFile>, LakeError> {
        let mut found = Vec::new();
        for (account, folder) in self.accounts("clicks")? {
            for (date, folder) in keyed_folders(&folder, "date", parse_date)? {
                let hours = match self.granularity {
                    Granularity::Day => vec![(None, folder)],
                    Granularity::Hour => keyed_folders(&folder, "hour", |hour| parse_hour(hour).map(Some))?,
                };
                for (hour, folder) in hours {
                    let path = folder.join(PARTITION_FILE);
                    if path.is_file() {
                        found.push(PartitionFile { key: PartitionKey { account: account.clone(), date, hour }, path });
                    }
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// Every file of the quarantine, sorted.
    ///
    /// # Errors
    /// Where a folder cannot be listed.
    pub fn quarantine_files(&self) -> Result<Vec<(Account, PathBuf)>, LakeError> {
        let mut found = Vec::new();
        for (account, folder) in self.accounts("quarantine")? {
            for path in list(&folder)? {
                if path.extension().is_some_and(|extension| extension == "parquet") {
                    found.push((account.clone(), path));
                }
            }
        }
        found.sort();
        Ok(found)
    }

    fn accounts(&self, area: &str) -> Result<Vec<(Account, PathBuf)>, LakeError> {
        keyed_folders(&self.root.join(area), "account", |name| name.parse().ok())
    }
}

/// The sub-folders `key=value` whose value is understood; others are none of ours.
fn keyed_folders<T>(
    folder: &Path,
    key: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<(T, PathBuf)>, LakeError> {
    let mut found = Vec::new();
    for path in list(folder)? {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let value = name.strip_prefix(key).and_then(|rest| rest.strip_prefix('='));
        if let Some(value) = value.and_then(&parse).filter(|_| path.is_dir()) {
            found.push((value, path));
        }
    }
    Ok(found)
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(LakeError::Io { action: "list", path: folder.to_owned(), source }),
    };
    entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(LakeError::io("list", folder))
}

fn parse_date(text: &str) -> Option<NaiveDate> {
    // Only the form that we write: chrono alone would also take 2026-3-1, a second name of the same day.
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|date| date.format("%Y-%m-%d").to_string() == text)
}

fn parse_hour(text: &str) -> Option<u8> {
    text.parse().ok().filter(|hour| *hour < 24 && text.len() == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_names_that_are_safe_in_a_path() {
        for good in ["default", "a", "acme-network_2"] {
            assert_eq!(good.parse::<Account>().unwrap().as_str(), good);
        }
        for bad in ["", "A", "1a", "../x", "a/b", "a=b", "é", "a b"] {
            assert!(bad.parse::<Account>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_lake_keeps_its_granularity() {
        let folder = tempfile::tempdir().unwrap();
        Lake::open_or_create(folder.path(), Some(Granularity::Hour)).unwrap();
        assert_eq!(Lake::open(folder.path()).unwrap().granularity(), Granularity::Hour);
        let error = Lake::open_or_create(folder.path(), Some(Granularity::Day)).unwrap_err();
        assert!(matches!(error, LakeError::OtherGranularity { .. }), "{error}");
    }

    #[test]
    fn a_folder_of_something_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("thesis.txt"), "x").unwrap();
        assert!(matches!(Lake::open_or_create(folder.path(), None), Err(LakeError::Foreign(_))));
        assert!(matches!(Lake::open(folder.path()), Err(LakeError::Missing(_))));
    }

    #[test]
    fn periods_hold_their_seconds() {
        for granularity in [Granularity::Day, Granularity::Hour] {
            for second in [0, 1_772_323_199, 1_772_323_200, 253_402_300_799] {
                let period = Period::of(second, granularity).unwrap();
                let (from, to) = period.seconds();
                assert!((from..=to).contains(&second));
                assert_eq!(Period::of(from, granularity), Some(period));
                assert_ne!(Period::of(to + 1, granularity), Some(period));
            }
        }
    }
}
