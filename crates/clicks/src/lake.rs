//! A lake: where clicks lie, its `lake.json`, and the files that it holds.
//!
//! Promises that a listing sees nothing but partitions: temporaries have no `.parquet` suffix, foreign files are
//! reported apart. A lake is in a folder or in an object store; which, is known to its back end only. Leaves reading and
//! writing partitions to [`crate::partition`] and [`crate::landing`].

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::{ObjectMeta, ObjectStore};
use serde::{Deserialize, Serialize};

use crate::lock::LockError;
use crate::partition::{Footer, OpenPartition, PartitionError};

mod backend;
mod bucket;
mod disk;
mod layout;
mod place;

#[cfg(test)]
pub(crate) use backend::TRIES_MAX;
use backend::{Backend, Fill, Listed};
pub(crate) use backend::{Opened, Publication, Version, until_published};
use bucket::Bucket;
use disk::Disk;
pub use layout::{Account, Granularity, InvalidAccount, PARTITION_FILE, PartitionKey, Period};
use layout::{location_of, partition_at, quarantined_at};
pub(crate) use layout::{login_location, quarantine_location};
pub use place::{Place, PlaceError};

/// The version of the layout that this build writes, and the newest it reads.
pub const FORMAT_VERSION: u32 = 1;
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
    /// Somebody has changed `lake.json`, or copied the files of another lake.
    #[error(
        "{path} is a partition of another granularity than lake.json says, which is {said}: restore lake.json, or move the partition out of the lake"
    )]
    MixedGranularity {
        /// The partition.
        path: PathBuf,
        /// What `lake.json` says.
        said: Granularity,
    },
    /// There is no such place.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Two writers would overwrite each other's clicks.
    #[error(
        "the object store of {0} ignores the conditions of a put (If-None-Match, If-Match), without which landings at once would lose clicks: use a store that has them"
    )]
    NoConditions(PathBuf),
    /// The operating system or the object store refused.
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

/// The file of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionFile {
    /// What it holds.
    pub key: PartitionKey,
    /// Where it lies, relative to the lake, with `/` between.
    pub location: String,
    /// What messages call it: its path, or its URL.
    pub path: PathBuf,
    /// In an object store: its size, time and ETag when it was listed.
    pub object: Option<ObjectMeta>,
}

/// A file of the quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineFile {
    /// The account whose rows it holds.
    pub account: Account,
    /// Where it lies, relative to the lake, with `/` between.
    pub location: String,
    /// What messages call it: its path, or its URL.
    pub path: PathBuf,
    /// In an object store: its size, time and ETag when it was listed.
    pub object: Option<ObjectMeta>,
}

/// The Parquet files where clicks belong.
#[derive(Debug, Clone, Default)]
pub struct ClickFiles {
    /// Every partition, sorted by account, date and hour.
    pub partitions: Vec<PartitionFile>,
    /// What is no partition, sorted.
    pub strangers: Vec<PathBuf>,
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

/// A lake, in a folder or in an object store.
#[derive(Debug, Clone)]
pub struct Lake {
    backend: Arc<dyn Backend>,
    name: PathBuf,
    granularity: Granularity,
}

impl Lake {
    /// Opens a lake that exists: a folder, `file://FOLDER` or `s3://BUCKET/PREFIX`.
    ///
    /// # Errors
    /// Where the place has no `lake.json`, or one that this build cannot read; where there is no such place.
    pub fn open(typed: &Path) -> Result<Lake, LakeError> {
        Lake::at(&Place::parse(typed)?)
    }

    /// Opens a lake that exists at a place.
    ///
    /// # Errors
    /// As [`Lake::open`].
    pub fn at(place: &Place) -> Result<Lake, LakeError> {
        Lake::in_backend(connect(place)?)
    }

    /// Opens a lake, or makes one in a new or empty place.
    ///
    /// # Errors
    /// As [`Lake::open`]; where the place holds something else; where another granularity than the lake's is asked;
    /// where an object store ignores the conditions of a put.
    pub fn open_or_create(typed: &Path, wanted: Option<Granularity>) -> Result<Lake, LakeError> {
        Lake::made_in(connect(&Place::parse(typed)?)?, wanted)
    }

    /// Opens a lake at the root of an object store, or makes one there. Messages call it by this name.
    ///
    /// # Errors
    /// As [`Lake::open_or_create`].
    pub fn in_store(store: Arc<dyn ObjectStore>, name: &str, wanted: Option<Granularity>) -> Result<Lake, LakeError> {
        Lake::made_in(Arc::new(Bucket::of_store(store, name.to_owned())?), wanted)
    }

    fn in_backend(backend: Arc<dyn Backend>) -> Result<Lake, LakeError> {
        let path = backend.name_of(LAKE_FILE);
        let mut text = String::new();
        let opened = backend.open(LAKE_FILE).map_err(LakeError::io("read", &path))?;
        let mut file = opened.ok_or_else(|| LakeError::Missing(backend.name()))?.file;
        file.read_to_string(&mut text).map_err(LakeError::io("read", &path))?;
        let unreadable = |source| LakeError::Unreadable { path: path.clone(), source };
        // The version first: a later one may say the rest in words that this build does not know.
        let version: LakeVersion = serde_json::from_str(&text).map_err(unreadable)?;
        if version.format_version > FORMAT_VERSION {
            return Err(LakeError::Newer { path, found: version.format_version });
        }
        let json: LakeJson = serde_json::from_str(&text).map_err(unreadable)?;
        Ok(Lake { name: backend.name(), backend, granularity: json.partition })
    }

    fn made_in(backend: Arc<dyn Backend>, wanted: Option<Granularity>) -> Result<Lake, LakeError> {
        let opened = match Lake::in_backend(Arc::clone(&backend)) {
            Err(LakeError::Missing(_)) => Lake::create(&backend, wanted.unwrap_or_default()),
            opened => opened,
        };
        let lake = opened?;
        if wanted.is_some_and(|wanted| wanted != lake.granularity) {
            return Err(LakeError::OtherGranularity { path: lake.name, found: lake.granularity });
        }
        backend.prove_conditions(description(lake.granularity).as_bytes())?;
        Ok(lake)
    }

    fn create(backend: &Arc<dyn Backend>, granularity: Granularity) -> Result<Lake, LakeError> {
        let foreign = || LakeError::Foreign(backend.name());
        backend.prepare()?.then_some(()).ok_or_else(foreign)?;
        // Several may want to make it at once: one does, the others find it made.
        let _lock = backend.lock(CREATION_TIMEOUT).map_err(|error| match error {
            LockError::Lake(error) => error,
            LockError::Timeout { .. } => {
                let source = io::Error::new(ErrorKind::TimedOut, error.to_string());
                LakeError::Io { action: "make a lake in", path: backend.name(), source }
            }
        })?;
        match Lake::in_backend(Arc::clone(backend)) {
            Err(LakeError::Missing(_)) => {}
            opened => return opened,
        }
        backend.prepare()?.then_some(()).ok_or_else(foreign)?;
        let text = description(granularity);
        let written = backend.replace(
            LAKE_FILE,
            &Version::default(),
            Box::new(|file| io::Write::write_all(file, text.as_bytes())),
        );
        match written.map_err(LakeError::io("write", backend.name_of(LAKE_FILE)))? {
            Publication::Published | Publication::Conflict => Lake::in_backend(Arc::clone(backend)),
        }
    }

    /// The folder of the lake, or its URL.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.name
    }

    /// How finely it is partitioned.
    #[must_use]
    pub fn granularity(&self) -> Granularity {
        self.granularity
    }

    /// What messages call the file of a partition: its path, or its URL.
    #[must_use]
    pub fn path_of(&self, key: &PartitionKey) -> PathBuf {
        self.backend.name_of(&location_of(key))
    }

    /// The object store, where the lake is in one. It can be used as long as the lake is not dropped.
    #[must_use]
    pub fn objects(&self) -> Option<Arc<dyn ObjectStore>> {
        self.backend.objects()
    }

    /// Opens a partition; none where there is no file.
    ///
    /// # Errors
    /// Where the file cannot be read, is damaged, or is none of ours.
    pub fn open_partition(&self, key: &PartitionKey) -> Result<Option<OpenPartition>, PartitionError> {
        OpenPartition::open(self.path_of(key), self.backend.open(&location_of(key)))
    }

    /// Reads the footer of a partition, and no more; none where there is no file.
    ///
    /// # Errors
    /// As [`Lake::open_partition`].
    pub fn footer(&self, key: &PartitionKey) -> Result<Option<Footer>, PartitionError> {
        let location = location_of(key);
        Footer::read(&self.path_of(key), |bytes_max| self.backend.tail(&location, bytes_max))
    }

    /// Replaces the expected version of a partition.
    pub(crate) fn replace_partition(
        &self,
        key: &PartitionKey,
        expected: &Version,
        fill: Fill<'_>,
    ) -> io::Result<Publication> {
        self.backend.replace(&location_of(key), expected, fill)
    }

    /// Every partition, sorted by account, date and hour.
    ///
    /// # Errors
    /// Where a folder cannot be listed; where there are partitions of the other granularity.
    pub fn partitions(&self) -> Result<Vec<PartitionFile>, LakeError> {
        Ok(self.click_files()?.partitions)
    }

    /// Every partition, and what lies beside them.
    ///
    /// # Errors
    /// As [`Lake::partitions`].
    pub fn click_files(&self) -> Result<ClickFiles, LakeError> {
        let mut files = ClickFiles::default();
        for Listed { location, object } in self.backend.list("clicks")? {
            let path = self.backend.name_of(&location);
            match partition_at(&location) {
                // Whoever reads `clicks/**/*.parquet` sees it; we must not see less.
                Some(key) if key.hour.is_some() != (self.granularity == Granularity::Hour) => {
                    return Err(LakeError::MixedGranularity { path, said: self.granularity });
                }
                Some(key) => files.partitions.push(PartitionFile { key, location, path, object }),
                None => files.strangers.push(path),
            }
        }
        files.partitions.sort_by(|a, b| a.key.cmp(&b.key));
        files.strangers.sort();
        Ok(files)
    }

    /// Every file of the quarantine, sorted.
    ///
    /// # Errors
    /// Where a folder cannot be listed.
    pub fn quarantine_files(&self) -> Result<Vec<QuarantineFile>, LakeError> {
        let mut found = Vec::new();
        for Listed { location, object } in self.backend.list("quarantine")? {
            if let Some(account) = quarantined_at(&location) {
                let path = self.backend.name_of(&location);
                found.push(QuarantineFile { account, location, path, object });
            }
        }
        found.sort_by(|a, b| a.location.cmp(&b.location));
        Ok(found)
    }

    /// Opens the present version of a file by its location; none where there is none.
    ///
    /// # Errors
    /// Those of the operating system or of the object store.
    pub fn open_file(&self, location: &str) -> io::Result<Option<File>> {
        Ok(self.backend.open(location)?.map(|opened| opened.file))
    }

    pub(crate) fn backend(&self) -> &dyn Backend {
        self.backend.as_ref()
    }
}

fn connect(place: &Place) -> Result<Arc<dyn Backend>, LakeError> {
    Ok(match place {
        Place::Folder(folder) => Arc::new(Disk::new(folder.clone())),
        Place::Bucket { bucket, prefix } => Arc::new(Bucket::connect(bucket, prefix.clone(), place.to_string())?),
    })
}

fn description(granularity: Granularity) -> String {
    let json = LakeJson { format_version: FORMAT_VERSION, partition: granularity };
    // A struct of a number and a name always serialises.
    serde_json::to_string_pretty(&json).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

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
    fn partitions_of_the_other_granularity_are_found_out() {
        let day = "clicks/account=a/date=2026-03-01/clicks.parquet";
        let hour = "clicks/account=a/date=2026-03-01/hour=07/clicks.parquet";
        for (granularity, location) in [(Granularity::Hour, day), (Granularity::Day, hour)] {
            let folder = tempfile::tempdir().unwrap();
            let lake = Lake::open_or_create(folder.path(), Some(granularity)).unwrap();
            let path = folder.path().join(location);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
            let error = lake.partitions().unwrap_err();
            assert!(matches!(error, LakeError::MixedGranularity { .. }), "{error}");
            assert!(error.to_string().contains(location), "{error}");
        }
    }
}
