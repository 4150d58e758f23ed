//! One version of every file of the lake, for as long as a query runs.
//!
//! Owns the open files. Promises that size, footer and every range of a file come from the same version, however often a
//! landing renames a newer one over it: a file is opened once, and everything is read from that descriptor. A process
//! may hold only so many descriptors; past [`SnapshotStore::with_capacity`] the oldest is closed, and what is opened in
//! its place must be the same version, or the read fails with [`VersionChanged`], upon which the engine plans again. In
//! an object store the version is the ETag of the listing: every read carries it, and fails in the same way.
//! Leaves listing to [`Snapshot`](super::snapshot::Snapshot): this store lists nothing and writes nothing.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use clicks::lake::Lake;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    OBJECT_STORE_COALESCE_DEFAULT, ObjectMeta, ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions,
    PutPayload, PutResult, Result, coalesce_ranges,
};

/// Where the bytes of a file are.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file on the local disk.
    Disk(PathBuf),
    /// Bytes embedded in the binary.
    Embedded(&'static [u8]),
    /// An object of an object store.
    Object(RemoteFile),
}

impl Source {
    /// How large it is now; 0 where that cannot be known.
    pub fn size_bytes(&self) -> u64 {
        match self {
            Self::Disk(path) => path.metadata().map_or(0, |metadata| metadata.len()),
            Self::Embedded(bytes) => bytes.len() as u64,
            Self::Object(remote) => remote.meta.size,
        }
    }
}

/// A file of a lake in an object store.
#[derive(Debug, Clone)]
pub struct RemoteFile {
    /// The lake, whose threads do the reading.
    pub lake: Arc<Lake>,
    /// What messages call the file: its URL.
    pub path: PathBuf,
    /// Its name in the object store, its size, time and ETag when it was listed.
    pub meta: ObjectMeta,
}

/// A file had to be opened again and was another version by then. Planning again on a new snapshot cures it.
#[derive(Debug, thiserror::Error)]
#[error("{} was replaced while it was read; run the query again{hint}", path.display())]
pub struct VersionChanged {
    path: PathBuf,
    hint: &'static str,
}

const MORE_OPEN_FILES: &str = ", or allow more open files (`ulimit -n`)";

/// What tells two versions of a file apart: a replacement is another inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    device: u64,
    inode: u64,
    size_bytes: u64,
    modified: (i64, i64),
}

impl Version {
    fn of(file: &File) -> std::io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size_bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        })
    }
}

/// The descriptors held, oldest first, and the version every file ever opened is pinned to.
#[derive(Debug, Default)]
struct OpenFiles {
    held: HashMap<Path, Arc<File>>,
    age: VecDeque<Path>,
    pinned: HashMap<Path, Version>,
}

/// A read-only object store over the files of one snapshot.
#[derive(Debug)]
pub struct SnapshotStore {
    files: HashMap<Path, Source>,
    open: Mutex<OpenFiles>,
    capacity: usize,
    version_changed: AtomicBool,
}

impl SnapshotStore {
    /// A store over these files; nothing is opened yet.
    pub fn new(files: impl IntoIterator<Item = (Path, Source)>) -> Self {
        Self::with_capacity(files, descriptor_budget())
    }

    /// Holds at most `capacity` files open.
    pub fn with_capacity(files: impl IntoIterator<Item = (Path, Source)>, capacity: usize) -> Self {
        Self {
            files: files.into_iter().collect(),
            open: Mutex::default(),
            capacity: capacity.max(1),
            version_changed: AtomicBool::new(false),
        }
    }

    /// How many different files were opened so far.
    pub fn files_opened(&self) -> usize {
        self.lock().pinned.len()
    }

    /// What messages call a file: its path, where it has one.
    pub fn name_of(&self, location: &Path) -> String {
        match self.source(location) {
            Ok(Source::Disk(path) | Source::Object(RemoteFile { path, .. })) => path.display().to_string(),
            _ => location.to_string(),
        }
    }

    /// The files that were opened so far, sorted.
    pub fn opened(&self) -> Vec<Path> {
        let mut opened: Vec<Path> = self.lock().pinned.keys().cloned().collect();
        opened.sort();
        opened
    }

    /// Decodes every page of a file, to find out whether it is the broken one.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn decode_all(&self, location: &Path) -> std::result::Result<(), String> {
        let file = match self.source(location) {
            // Part of the binary: whatever failed, it was not this.
            Ok(Source::Embedded(_)) => return Ok(()),
            Ok(Source::Object(remote)) => match remote.lake.open_file(location.as_ref()) {
                Ok(Some(file)) => file,
                // Gone by now: nothing to find out.
                Ok(None) => return Ok(()),
                Err(error) => return Err(error.to_string()),
            },
            _ => {
                let (file, _) = self.file(location).map_err(|error| error.to_string())?;
                file.try_clone().map_err(|error| error.to_string())?
            }
        };
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(ParquetRecordBatchReaderBuilder::build);
        for batch in reader.map_err(|error| error.to_string())? {
            batch.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Whether a read failed with [`VersionChanged`]. A flag, because libraries turn the error into text on its way up.
    pub fn saw_version_change(&self) -> bool {
        self.version_changed.load(Ordering::Relaxed)
    }

    /// Size and time of the pinned version of `location`, which this opens.
    pub fn meta(&self, location: &Path) -> Result<ObjectMeta> {
        let (size, modified) = match self.source(location)? {
            Source::Embedded(bytes) => {
                self.pin(location, bytes.len() as u64);
                (bytes.len() as u64, DateTime::UNIX_EPOCH)
            }
            Source::Object(RemoteFile { meta, .. }) => {
                self.pin(location, meta.size);
                return Ok(ObjectMeta { location: location.clone(), ..meta.clone() });
            }
            Source::Disk(_) => {
                let (_, version) = self.file(location)?;
                let (seconds, nanos) = version.modified;
                let modified =
                    u32::try_from(nanos).ok().and_then(|nanos| DateTime::<Utc>::from_timestamp(seconds, nanos));
                (version.size_bytes, modified.unwrap_or(DateTime::UNIX_EPOCH))
            }
        };
        Ok(ObjectMeta { location: location.clone(), last_modified: modified, size, e_tag: None, version: None })
    }

    /// Remembers a file that needs no descriptor as opened.
    fn pin(&self, location: &Path, size_bytes: u64) {
        let version = Version { device: 0, inode: 0, size_bytes, modified: (0, 0) };
        self.lock().pinned.insert(location.clone(), version);
    }

    /// Whether reading waits for a network.
    pub fn is_remote(&self) -> bool {
        self.files.values().any(|source| matches!(source, Source::Object(_)))
    }

    /// Reads from an object, of the listed version or not at all.
    async fn get_remote(&self, location: &Path, remote: &RemoteFile, mut options: GetOptions) -> Result<GetResult> {
        let objects = remote.lake.objects().ok_or_else(|| refused("reading objects from a disk"))?;
        options.if_match.clone_from(&remote.meta.e_tag);
        match objects.get_opts(&remote.meta.location, options).await {
            Ok(result) => Ok(GetResult { meta: ObjectMeta { location: location.clone(), ..result.meta }, ..result }),
            Err(Error::Precondition { .. } | Error::NotFound { .. }) => {
                self.version_changed.store(true, Ordering::Relaxed);
                let changed = VersionChanged { path: remote.path.clone(), hint: "" };
                Err(Error::Generic { store: "lake", source: Box::new(changed) })
            }
            Err(error) => Err(error),
        }
    }

    fn source(&self, location: &Path) -> Result<&Source> {
        self.files
            .get(location)
            .ok_or_else(|| Error::NotFound { path: location.to_string(), source: "not a file of this snapshot".into() })
    }

    fn lock(&self) -> MutexGuard<'_, OpenFiles> {
        // A panic while the lock was held cannot leave the maps inconsistent: no step between two inserts can fail.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pinned version of a file on disk; opened now, if it is not held.
    fn file(&self, location: &Path) -> Result<(Arc<File>, Version)> {
        let Source::Disk(path) = self.source(location)? else {
            return Err(refused("opening embedded bytes as a file"));
        };
        let mut open = self.lock();
        if let (Some(file), Some(version)) = (open.held.get(location), open.pinned.get(location)) {
            return Ok((Arc::clone(file), *version));
        }
        while open.held.len() >= self.capacity {
            let Some(oldest) = open.age.pop_front() else { break };
            open.held.remove(&oldest);
        }
        let io = |source: std::io::Error| generic(location, path, source);
        let file = match File::open(path) {
            Ok(file) => Arc::new(file),
            Err(error) => {
                // Listed and gone: pruned since. The next snapshot does not list it.
                if error.kind() == std::io::ErrorKind::NotFound {
                    self.version_changed.store(true, Ordering::Relaxed);
                }
                return Err(io(error));
            }
        };
        let version = Version::of(&file).map_err(io)?;
        let pinned = *open.pinned.entry(location.clone()).or_insert(version);
        if pinned != version {
            self.version_changed.store(true, Ordering::Relaxed);
            return Err(Error::Generic {
                store: "lake",
                source: Box::new(VersionChanged { path: path.clone(), hint: MORE_OPEN_FILES }),
            });
        }
        open.held.insert(location.clone(), Arc::clone(&file));
        open.age.push_back(location.clone());
        Ok((file, version))
    }

    /// Reads one range. A blocking `pread` on purpose: the bytes are mostly in the page cache, and handing each small
    /// read to another thread costs more than it saves.
    fn read(&self, location: &Path, range: Range<u64>) -> Result<Bytes> {
        match self.source(location)? {
            Source::Embedded(bytes) => {
                let within = usize::try_from(range.start)
                    .ok()
                    .zip(usize::try_from(range.end).ok())
                    .and_then(|(start, end)| bytes.get(start..end));
                within
                    .map(Bytes::from_static)
                    .ok_or_else(|| generic(location, "embedded", std::io::ErrorKind::UnexpectedEof.into()))
            }
            Source::Disk(path) => {
                let (file, version) = self.file(location)?;
                // Ranges come from the file's own footer: a corrupt one may ask for more than there is.
                let end = range.end.min(version.size_bytes);
                let length = usize::try_from(end.saturating_sub(range.start)).unwrap_or(0);
                if range.end > version.size_bytes {
                    return Err(generic(location, path, std::io::ErrorKind::UnexpectedEof.into()));
                }
                let mut buffer = vec![0; length];
                file.read_exact_at(&mut buffer, range.start).map_err(|source| generic(location, path, source))?;
                Ok(buffer.into())
            }
            Source::Object(_) => Err(refused("reading an object as a file")),
        }
    }
}

impl std::fmt::Display for SnapshotStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "snapshot of {} files", self.files.len())
    }
}

fn generic(location: &Path, path: impl AsRef<std::path::Path>, source: std::io::Error) -> Error {
    let path = path.as_ref().display();
    if source.kind() == std::io::ErrorKind::NotFound {
        return Error::NotFound { path: location.to_string(), source: source.into() };
    }
    Error::Generic { store: "lake", source: format!("{path}: {source}").into() }
}

fn refused(operation: &str) -> Error {
    Error::NotImplemented { operation: operation.into(), implementer: "lake snapshot".into() }
}

/// How many files the store may hold: what the process may open, less what spilling, output and libraries need.
fn descriptor_budget() -> usize {
    const RESERVED: usize = 128;
    // Also below the default of every system in use, should the limit be unreadable (256 on macOS).
    const WITHOUT_A_LIMIT_FILE: usize = 128;
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let soft = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .and_then(|rest| rest.split_whitespace().next());
    match soft {
        Some("unlimited") => usize::MAX,
        Some(number) => {
            number.parse::<usize>().map_or(WITHOUT_A_LIMIT_FILE, |soft| soft.saturating_sub(RESERVED).max(soft / 4))
        }
        None => WITHOUT_A_LIMIT_FILE,
    }
}

#[async_trait]
impl ObjectStore for SnapshotStore {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if let Source::Object(remote) = self.source(location)? {
            return self.get_remote(location, remote, options).await;
        }
        let meta = self.meta(location)?;
        options.check_preconditions(&meta)?;
        let range = match &options.range {
            Some(range) => range.as_range(meta.size).map_err(|source| Error::Generic {
                store: "lake",
                source: format!("{location}: {source}; the file is truncated or corrupt").into(),
            })?,
            None => 0..meta.size,
        };
        let bytes = if options.head { Bytes::new() } else { self.read(location, range.clone())? };
        Ok(GetResult {
            payload: GetResultPayload::Stream(stream::iter([Ok(bytes)]).boxed()),
            meta,
            range,
            attributes: object_store::Attributes::default(),
        })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        if let Source::Object(_) = self.source(location)? {
            let get = |range| self.get_range(location, range);
            return coalesce_ranges(ranges, get, OBJECT_STORE_COALESCE_DEFAULT).await;
        }
        ranges.iter().map(|range| self.read(location, range.clone())).collect()
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(refused("writing"))
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(refused("writing"))
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        locations.map(|_| Err(refused("deleting"))).boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        stream::iter([Err(refused("listing"))]).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(refused("listing"))
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(refused("copying"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replace(path: &std::path::Path, content: &[u8]) {
        let temporary = path.with_extension("new");
        std::fs::write(&temporary, content).unwrap();
        std::fs::rename(&temporary, path).unwrap();
    }

    fn store_of(paths: &[PathBuf], capacity: usize) -> SnapshotStore {
        let files = paths.iter().enumerate();
        let files = files.map(|(i, path)| (Path::from(format!("{i}")), Source::Disk(path.clone())));
        SnapshotStore::with_capacity(files, capacity)
    }

    #[tokio::test]
    async fn a_replaced_file_keeps_giving_its_first_version() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("clicks.parquet");
        replace(&path, b"first version");
        let store = store_of(std::slice::from_ref(&path), 4);
        let location = Path::from("0");
        assert_eq!(store.head(&location).await.unwrap().size, 13);
        replace(&path, b"2nd");
        assert_eq!(store.head(&location).await.unwrap().size, 13);
        assert_eq!(&store.get_range(&location, 6..13).await.unwrap()[..], b"version");
        std::fs::remove_file(&path).unwrap();
        let whole = store.get(&location).await.unwrap().bytes().await.unwrap();
        assert_eq!(&whole[..], b"first version");
    }

    #[tokio::test]
    async fn past_its_capacity_another_version_is_an_error_never_a_mixture() {
        let dir = tempfile::tempdir().unwrap();
        let paths = [dir.path().join("a"), dir.path().join("b")];
        paths.iter().for_each(|path| replace(path, b"first"));
        let store = store_of(&paths, 1);
        let (a, b) = (Path::from("0"), Path::from("1"));
        store.head(&a).await.unwrap();
        store.head(&b).await.unwrap();
        // Unchanged: opening `a` again is the same version.
        assert_eq!(&store.get_range(&a, 0..5).await.unwrap()[..], b"first");
        store.head(&b).await.unwrap();
        replace(&paths[0], b"other");
        let error = store.get_range(&a, 0..5).await.unwrap_err();
        assert!(store.saw_version_change());
        assert!(error.to_string().contains("was replaced while it was read"), "{error}");
        assert_eq!(store.files_opened(), 2);
    }

    #[tokio::test]
    async fn nothing_outside_the_snapshot_can_be_read_and_nothing_written() {
        let store = SnapshotStore::new([(Path::from("a"), Source::Embedded(b"bytes"))]);
        assert!(store.head(&Path::from("etc/passwd")).await.is_err());
        assert!(store.put(&Path::from("a"), PutPayload::from_static(b"x")).await.is_err());
        assert!(store.get_range(&Path::from("a"), 3..9).await.is_ok(), "clamped to the end");
        assert!(store.get_range(&Path::from("a"), 7..9).await.is_err());
    }
}
