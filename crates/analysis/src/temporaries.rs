//! The temporary files of a command, and whoever has to remove them when it is ended early.
//!
//! A command removes its own as it unwinds. One that is interrupted may not get there in time: planning and computing
//! do not listen to signals. So what it makes is written down here, and the process removes it from another thread.

use std::fs::Permissions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::{NamedTempFile, TempDir};

/// What a command has made and not yet put away. Clones share one list.
#[derive(Debug, Clone, Default)]
pub struct Temporaries(Arc<Mutex<List>>);

#[derive(Debug, Default)]
struct List {
    is_closed: bool,
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Temporaries {
    /// A file beside an answer, which is renamed to it once it is whole.
    ///
    /// # Errors
    /// The folder cannot be written to, or the command was ended.
    pub fn file(&self, folder: &Path, permissions: Permissions) -> io::Result<NamedTempFile> {
        let mut list = self.open_list()?;
        let mut builder = tempfile::Builder::new();
        let file = builder.prefix(".analyze-").suffix(".partial").permissions(permissions).tempfile_in(folder)?;
        list.files.push(file.path().to_owned());
        Ok(file)
    }

    /// A folder in the system's temporary folder, which queries spill to.
    ///
    /// # Errors
    /// The system's folder cannot be written to, or the command was ended.
    pub fn folder(&self) -> io::Result<TempDir> {
        let mut list = self.open_list()?;
        let folder = tempfile::Builder::new().prefix("analyze-").tempdir()?;
        list.folders.push(folder.path().to_owned());
        Ok(folder)
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
}
