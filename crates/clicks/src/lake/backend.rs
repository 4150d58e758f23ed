//! What a lake asks of the place where its files lie.
//!
//! Few things: list, open one version, replace the version that was seen. The same tests run on every back end
//! (`landing/tests/contract.rs`).

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::{ObjectMeta, ObjectStore, UpdateVersion};

use super::LakeError;
use crate::lock::{LakeLock, LockError};
use crate::partition::PartitionError;

/// The version of a file that a writer has seen.
///
/// None where there was no file; and on a local disk, where the lake's lock keeps others from replacing it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Version(pub(crate) Option<UpdateVersion>);

/// A file that was opened: one version, whatever replaces it meanwhile.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Its bytes, on the local disk.
    pub(crate) file: File,
    /// Which version it is.
    pub(crate) version: Version,
}

/// What became of an attempt to replace a file. A lost race is no error: the loser looks at the new version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Publication {
    /// Everyone who opens the file from now on sees the new version.
    Published,
    /// Somebody else has replaced the expected version first; nothing was changed.
    Conflict,
}

impl Publication {
    pub(crate) fn is_published(self) -> bool {
        self == Publication::Published
    }
}

/// How often a file is merged again because somebody else was faster. Whoever loses such a race, another wins.
pub(crate) const TRIES_MAX: u32 = 32;

/// Looks at the present version and replaces it, until nobody else was faster: the attempt gives none where one was.
pub(crate) fn until_published<T, E: From<PartitionError>>(
    path: &Path,
    mut attempt: impl FnMut() -> Result<Option<T>, E>,
) -> Result<T, E> {
    for _ in 0..TRIES_MAX {
        if let Some(done) = attempt()? {
            return Ok(done);
        }
    }
    Err(PartitionError::Contended { path: path.to_owned(), tries: TRIES_MAX }.into())
}

/// A file that a listing found.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    /// Its location, relative to the lake.
    pub(crate) location: String,
    /// In an object store: its size, time and ETag.
    pub(crate) object: Option<ObjectMeta>,
}

/// Fills the new version of a file, from an empty one that can be read as well.
pub(crate) type Fill<'a> = Box<dyn FnOnce(&mut File) -> io::Result<()> + 'a>;

/// A place where a lake can lie.
pub(crate) trait Backend: fmt::Debug + Send + Sync {
    /// The Parquet files below a folder of the lake, at any depth, in any order; none where there is no folder.
    fn list(&self, folder: &str) -> Result<Vec<Listed>, LakeError>;

    /// Opens the present version of a file; none where there is none.
    fn open(&self, location: &str) -> io::Result<Option<Opened>>;

    /// The last bytes of the present version of a file, at most so many, and its size; none where there is no file.
    fn tail(&self, location: &str, bytes_max: u64) -> io::Result<Option<(Bytes, u64)>>;

    /// Replaces the expected version of a file, atomically and durably, by what is filled in; an error of `fill`
    /// leaves what was there.
    fn replace(&self, location: &str, expected: &Version, fill: Fill<'_>) -> io::Result<Publication>;

    /// Makes the place ready to hold a new lake. False where it holds something else.
    fn prepare(&self) -> Result<bool, LakeError>;

    /// Makes sure that [`Backend::replace`] is refused where the expected version is another, on the lake's description,
    /// of these bytes.
    fn prove_conditions(&self, description: &[u8]) -> Result<(), LakeError>;

    /// Waits until no other writer is at work, where a lock is what keeps writers apart.
    fn lock(&self, timeout: Duration) -> Result<Option<LakeLock>, LockError>;

    /// Removes what dead writers left unfinished. The caller holds the lock.
    fn sweep(&self) -> Result<(), LakeError>;

    /// What messages call a file: its path, or its URL.
    fn name_of(&self, location: &str) -> PathBuf;

    /// What messages call the lake.
    fn name(&self) -> PathBuf;

    /// The object store, where it is one. It works on this back end's threads, as long as this lives.
    fn objects(&self) -> Option<Arc<dyn ObjectStore>>;
}
