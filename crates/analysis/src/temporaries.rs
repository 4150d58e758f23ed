//! The temporary files of a command, and whoever has to remove them when it is ended early.
//!
//! A command removes its own as it unwinds. One that is interrupted may not get there in time: planning and computing
//! do not listen to signals. So what it makes is written down here, and the process removes it from another thread. What
//! one that was killed left in a folder goes when the next writes there.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tempfile::{NamedTempFile, TempDir};

/// How the names of files in the making begin and end, and those of folders to spill to.
const FILES: (&str, &str) = (".analyze-", ".partial");
const FOLDERS: (&str, &str) = ("analyze-", ".spill");

/// When one that nobody has locked is taken for left behind.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// What a command has made and not yet put away. Clones share one list.
#[derive(Debug, Clone, Default)]
pub struct Temporaries(Arc<Mutex<List>>);

#[derive(Debug, Default)]
struct List {
    is_closed: bool,
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

/// A folder that vanishes with this, locked for as long as somebody needs it.
#[derive(Debug)]
pub struct SpillFolder {
    folder: TempDir,
    _lock: Option<File>,
}

impl SpillFolder {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Temporaries {
    /// A file beside an answer, which is renamed to it once it is whole.
    ///
    /// # Errors
    /// The folder cannot be written to, or the command was ended.
    pub fn file(&self, folder: &Path, permissions: Permissions) -> io::Result<NamedTempFile> {
        let mut list = self.open_list()?;
        let mut builder = tempfile::Builder::new();
        let file = builder.prefix(FILES.0).suffix(FILES.1).permissions(permissions).tempfile_in(folder)?;
        list.files.push(file.path().to_owned());
        // Where locks are not to be had, only its age protects it.
        let _ = file.as_file().try_lock();
        remove_abandoned(folder, FILES, file.path());
        Ok(file)
    }

    /// A folder in the system's temporary folder, which queries spill to.
    ///
    /// # Errors
    /// The system's folder cannot be written to, or the command was ended.
    pub fn folder(&self) -> io::Result<SpillFolder> {
        let mut list = self.open_list()?;
        let folder = tempfile::Builder::new().prefix(FOLDERS.0).suffix(FOLDERS.1).tempdir()?;
        list.folders.push(folder.path().to_owned());
        let lock = File::open(folder.path()).ok().filter(|opened| opened.try_lock().is_ok());
        remove_abandoned(&std::env::temp_dir(), FOLDERS, folder.path());
        Ok(SpillFolder { folder, _lock: lock })
    }

    /// Removes what is still there, and lets nothing new be made.
    pub fn remove_all(&self) {
        let mut list = self.lock();
        list.is_closed = true;
        // What is gone already was put away by the command itself.
        list.files.drain(..).for_each(|file| drop(std::fs::remove_file(file)));
        list.folders.drain(..).for_each(|folder| drop(std::fs::remove_dir_all(folder)));
    }

    /// The list is held while something is made, so that nothing slips between making it and writing it down.
    fn open_list(&self) -> io::Result<MutexGuard<'_, List>> {
        let list = self.lock();
        if list.is_closed { Err(io::Error::other("the command was interrupted")) } else { Ok(list) }
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes what killed commands of the same user left beside a new file or folder: what has such a name and is locked by
/// nobody, after an hour, for one that is just being made is not locked yet. It only tidies up: what it cannot remove stays.
fn remove_abandoned(folder: &Path, (prefix, suffix): (&str, &str), new: &Path) {
    let (Ok(entries), Ok(own)) = (std::fs::read_dir(folder), std::fs::metadata(new)) else { return };
    let is_ours = |name: &str| name.starts_with(prefix) && name.ends_with(suffix);
    for entry in entries.flatten().filter(|entry| entry.file_name().to_str().is_some_and(is_ours)) {
        let Ok(about) = entry.metadata() else { continue };
        let is_old = about.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age > ABANDONED_AFTER));
        let is_alike = about.uid() == own.uid() && about.file_type() == own.file_type();
        let is_free = || File::open(entry.path()).is_ok_and(|opened| opened.try_lock().is_ok());
        if is_old && is_alike && is_free() {
            let remove = if about.is_dir() { std::fs::remove_dir_all } else { std::fs::remove_file };
            let _ = remove(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_was_made_goes_and_nothing_new_comes() {
        let dir = tempfile::tempdir().unwrap();
        let temporaries = Temporaries::default();
        let (kept, busy) = (temporaries.clone(), temporaries.clone());
        let file = busy.file(dir.path(), Permissions::from_mode(0o600)).unwrap();
        let folder = busy.folder().unwrap();
        std::fs::write(folder.path().join("spilled"), "rows").unwrap();
        kept.remove_all();
        assert!(!file.path().exists() && !folder.path().exists());
        assert!(busy.file(dir.path(), Permissions::from_mode(0o600)).is_err() && busy.folder().is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_the_killed_left_goes_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let aged = |name: &str, age: Duration| {
            let file = File::create(dir.path().join(name)).unwrap();
            file.set_modified(std::time::SystemTime::now() - age).unwrap();
            file
        };
        let old = 2 * ABANDONED_AFTER;
        drop([aged(".analyze-dead.partial", old), aged(".analyze-new.partial", Duration::ZERO)]);
        drop([aged("report.html", old), aged(".analyze-notes", old), aged(".other.partial", old)]);
        let busy = aged(".analyze-busy.partial", old);
        busy.try_lock().unwrap();
        let file = Temporaries::default().file(dir.path(), Permissions::from_mode(0o600)).unwrap();
        let mut left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        left.sort();
        let mut expected: Vec<_> =
            [".analyze-busy.partial", ".analyze-new.partial", ".analyze-notes", ".other.partial", "report.html"]
                .map(|name| dir.path().join(name))
                .into_iter()
                .chain([file.path().to_owned()])
                .collect();
        expected.sort();
        assert_eq!(left, expected);

        let spilled = tempfile::Builder::new().prefix(FOLDERS.0).suffix(FOLDERS.1).tempdir().unwrap().keep();
        std::fs::write(spilled.join("rows"), "rows").unwrap();
        File::open(&spilled).unwrap().set_modified(std::time::SystemTime::now() - old).unwrap();
        let folder = Temporaries::default().folder().unwrap();
        assert!(folder.path().exists() && !spilled.exists());
    }
}
