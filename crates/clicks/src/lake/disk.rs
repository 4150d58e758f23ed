//! A lake in a folder of a local disk.
//!
//! Promises that a path names the whole old version or the whole new one, at every instant and after a power cut: the
//! new one is written under a name that no tool reads, fsynced, renamed, and its folder fsynced. Writers are kept apart
//! by the lake's lock, so nobody loses a race.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::ObjectStore;

use super::backend::{Backend, Fill, Listed, Opened, Publication, Version};
use super::layout::is_parquet;
use super::{LAKE_FILE, LakeError};
use crate::failpoint;
use crate::lock::{LakeLock, LockError};

/// The suffix of unfinished files; whoever holds the lake's lock may remove them.
const TEMPORARY_SUFFIX: &str = ".tmp";
/// How deep below the lake files of the layout lie: area, account, date, hour.
const DEPTH_OF_FILES: u32 = 4;

/// A folder.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
}

impl Disk {
    pub(super) fn new(root: PathBuf) -> Disk {
        Disk { root }
    }
}

impl Backend for Disk {
    fn list(&self, folder: &str) -> Result<Vec<Listed>, LakeError> {
        let mut found = Vec::new();
        walk(&self.root.join(folder), folder, true, 1, &mut found)?;
        Ok(found)
    }

    fn open(&self, location: &str) -> io::Result<Option<Opened>> {
        match File::open(self.name_of(location)) {
            Ok(file) => Ok(Some(Opened { file, version: Version::default() })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn tail(&self, location: &str, bytes_max: u64) -> io::Result<Option<(Bytes, u64)>> {
        let Some(Opened { mut file, .. }) = self.open(location)? else { return Ok(None) };
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(size.saturating_sub(bytes_max)))?;
        let mut bytes = Vec::new();
        file.take(bytes_max).read_to_end(&mut bytes)?;
        Ok(Some((bytes.into(), size)))
    }

    fn replace(&self, location: &str, _: &Version, fill: Fill<'_>) -> io::Result<Publication> {
        replace_atomically(&self.name_of(location), fill).map(|()| Publication::Published)
    }

    fn prepare(&self) -> Result<bool, LakeError> {
        fs::create_dir_all(&self.root).map_err(LakeError::io("make the folder", &self.root))?;
        // The lock file and unfinished temporaries of a creation that was killed do not make a folder foreign.
        for entry in fs::read_dir(&self.root).map_err(LakeError::io("list", &self.root))? {
            let name = entry.map_err(LakeError::io("list", &self.root))?.file_name();
            if !name.to_string_lossy().starts_with('.') && name != LAKE_FILE {
                // Somebody may have made the lake since it was found missing.
                return Ok(self.root.join(LAKE_FILE).exists());
            }
        }
        Ok(true)
    }

    fn prove_conditions(&self, _: &[u8]) -> Result<(), LakeError> {
        // The lock keeps writers apart.
        Ok(())
    }

    fn lock(&self, timeout: Duration) -> Result<Option<LakeLock>, LockError> {
        LakeLock::acquire(&self.root, timeout).map(Some)
    }

    fn sweep(&self) -> Result<(), LakeError> {
        sweep(&self.root, 0)
    }

    fn name_of(&self, location: &str) -> PathBuf {
        self.root.join(location)
    }

    fn name(&self) -> PathBuf {
        self.root.clone()
    }

    fn objects(&self) -> Option<Arc<dyn ObjectStore>> {
        None
    }
}

/// Collects Parquet files. In folders of the layout links are followed and what cannot be listed is an error; others
/// are looked into only to tell what is none of ours.
fn walk(folder: &Path, location: &str, is_ours: bool, depth: u32, found: &mut Vec<Listed>) -> Result<(), LakeError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound || !is_ours => return Ok(()),
        Err(source) => return Err(LakeError::Io { action: "list", path: folder.to_owned(), source }),
    };
    for entry in entries {
        let entry = entry.map_err(LakeError::io("list", folder))?;
        let name = entry.file_name();
        // What has no name in UTF-8 is none of ours.
        let (Some(name), Ok(kind)) = (name.to_str(), entry.file_type()) else { continue };
        let path = entry.path();
        let below = || format!("{location}/{name}");
        let is_keyed = ["account=", "date=", "hour="].iter().any(|key| name.starts_with(key));
        if kind.is_dir() || (kind.is_symlink() && is_keyed && path.is_dir()) {
            if depth < DEPTH_OF_FILES {
                walk(&path, &below(), is_ours && is_keyed, depth + 1, found)?;
            }
        } else if is_parquet(name) && (kind.is_file() || path.is_file()) {
            found.push(Listed { location: below(), object: None });
        }
    }
    Ok(())
}

/// Writes a file under a temporary name in the same folder, fsyncs it, renames it over the path, fsyncs the folder.
///
/// # Errors
/// Those of the operating system, and those of `fill`; the temporary is removed then.
fn replace_atomically(path: &Path, fill: Fill<'_>) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}{TEMPORARY_SUFFIX}", std::process::id()));
    create_folder(folder)?;
    failpoint::hit("folder-made");
    let replaced = (|| {
        // Read as well: the footer is read back before the rename.
        let mut file = File::options().read(true).write(true).create(true).truncate(true).open(&temporary)?;
        failpoint::hit("temporary-made");
        fill(&mut file)?;
        failpoint::hit("temporary-written");
        file.sync_all()?;
        failpoint::hit("temporary-synced");
        fs::rename(&temporary, path)?;
        failpoint::hit("renamed");
        File::open(folder)?.sync_all()?;
        failpoint::hit("folder-synced");
        Ok(())
    })();
    if replaced.is_err() {
        // Best effort: the error of the write is what matters, and the next landing sweeps.
        let _ = fs::remove_file(&temporary);
    }
    replaced
}

/// True for a name that [`replace_atomically`] gives to a file that it has not finished.
fn is_temporary(name: &str) -> bool {
    let stem = name.strip_prefix('.').and_then(|rest| rest.strip_suffix(TEMPORARY_SUFFIX));
    stem.and_then(|stem| stem.rsplit_once('.')).is_some_and(|(file, process)| {
        let is_ours = file == LAKE_FILE || is_parquet(file);
        is_ours && !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Makes a folder and those above it, each fsynced into its parent, so that a power cut does not lose a new one.
fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().unwrap_or(Path::new("/"));
    create_folder(parent)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    File::open(parent)?.sync_all()
}

/// Removes temporaries: whoever wrote them is dead, since this process holds the lock.
fn sweep(folder: &Path, depth: u32) -> Result<(), LakeError> {
    let entries = fs::read_dir(folder).map_err(LakeError::io("list", folder))?;
    for entry in entries {
        let entry = entry.map_err(LakeError::io("list", folder))?;
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if is_folder && depth < DEPTH_OF_FILES {
            sweep(&path, depth + 1)?;
        } else if !is_folder && is_temporary(&name) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(LakeError::Io { action: "remove the unfinished file", path, source: error });
                }
                _ => {}
            }
        }
    }
    Ok(())
}
