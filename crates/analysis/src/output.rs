//! Where an answer goes: stdout, or a file that appears only once it is whole.
//!
//! Promises that a query that fails leaves no file behind, and one that existed as it was: rows go to a temporary name
//! in the same folder, which is synced and renamed at the end.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::temporaries::Temporaries;

/// The output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", path.display())]
pub struct OutputError {
    path: PathBuf,
    source: std::io::Error,
}

/// Two answers for one file: the last would win, silently.
#[derive(Debug, thiserror::Error)]
#[error("{first} and {second} both name {}: give each its own file", path.display())]
pub struct SameFile {
    first: &'static str,
    second: &'static str,
    path: PathBuf,
}

/// Refuses options that name the same file. Streams such as `/dev/stdout` may be shared.
///
/// # Errors
/// Two that do.
pub fn refuse_same<'a>(files: impl Iterator<Item = (&'static str, Option<&'a Path>)>) -> Result<(), SameFile> {
    let mut seen: Vec<(&'static str, PathBuf)> = Vec::new();
    for (name, path) in files {
        let Some(path) = path.filter(|path| !path.exists() || path.is_file()) else { continue };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let place = path.canonicalize().or_else(|_| {
            let folder = folder.canonicalize()?;
            Ok::<_, std::io::Error>(folder.join(path.file_name().unwrap_or_default()))
        });
        let place = place.unwrap_or_else(|_| path.to_owned());
        if let Some((first, _)) = seen.iter().find(|(_, other)| *other == place) {
            return Err(SameFile { first, second: name, path: path.to_owned() });
        }
        seen.push((name, place));
    }
    Ok(())
}

/// Where rows are written to. Dropped without [`commit`](Self::commit), it leaves nothing behind.
#[derive(Debug)]
pub enum Output {
    /// This process's stdout.
    Stdout,
    /// A pipe or device, which is written to directly.
    Stream {
        /// The pipe or device.
        file: File,
        /// What it is called.
        path: PathBuf,
    },
    /// A file in the making.
    File {
        /// What has been written so far.
        temporary: NamedTempFile,
        /// Where it will lie.
        path: PathBuf,
    },
}

impl Output {
    /// Prepares the output; `None` is stdout. A file in the making is one of `temporaries`.
    ///
    /// # Errors
    /// A folder that is not there or cannot be written to.
    pub fn open(path: Option<&Path>, temporaries: &Temporaries) -> Result<Self, OutputError> {
        let Some(path) = path else { return Ok(Self::Stdout) };
        let fail = |source| OutputError { path: path.to_owned(), source };
        let existing = std::fs::metadata(path).ok();
        if existing.as_ref().is_some_and(std::fs::Metadata::is_dir) {
            return Err(fail(std::io::ErrorKind::IsADirectory.into()));
        }
        if existing.as_ref().is_some_and(|existing| !existing.is_file()) {
            // /dev/null, a named pipe: renaming over it would destroy it.
            let file = OpenOptions::new().write(true).open(path).map_err(fail)?;
            return Ok(Self::Stream { file, path: path.to_owned() });
        }
        // Through a symbolic link, what it points to is replaced, not the link.
        let path = if existing.is_some() { path.canonicalize().map_err(fail)? } else { path.to_owned() };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            let reason = format!("there is no folder {}; make it first", folder.display());
            return Err(fail(std::io::Error::new(std::io::ErrorKind::NotFound, reason)));
        }
        // The mode of the file that is replaced, or that of any new file: all that the umask allows.
        let mode = existing.map_or_else(|| Permissions::from_mode(0o666), |existing| existing.permissions());
        // Only the kind: the whole error names the temporary file, which nobody asked for.
        let temporary = temporaries.file(folder, mode).map_err(|error| fail(error.kind().into()))?;
        Ok(Self::File { temporary, path })
    }

    /// The writer for the rows.
    ///
    /// # Errors
    /// The system refuses another handle on the file.
    pub fn writer(&self) -> Result<Box<dyn Write + Send>, OutputError> {
        match self {
            Self::Stdout => Ok(Box::new(BufWriter::new(std::io::stdout()))),
            Self::Stream { file, path } => Ok(Box::new(BufWriter::new(self.handle(file, path)?))),
            Self::File { temporary, path } => Ok(Box::new(BufWriter::new(self.handle(temporary.as_file(), path)?))),
        }
    }

    /// Writes bytes. A reader of stdout that has gone is no failure.
    ///
    /// # Errors
    /// The disk is full, or the device refuses.
    pub fn put(&self, bytes: &[u8]) -> Result<(), OutputError> {
        let written = self.writer().map(|mut writer| writer.write_all(bytes).and_then(|()| writer.flush()))?;
        let path = match self {
            Self::File { path, .. } | Self::Stream { path, .. } => path.clone(),
            Self::Stdout => PathBuf::from("the output"),
        };
        match written {
            Err(source) if source.kind() != std::io::ErrorKind::BrokenPipe => Err(OutputError { path, source }),
            _ => Ok(()),
        }
    }

    fn handle(&self, file: &File, path: &Path) -> Result<File, OutputError> {
        file.try_clone().map_err(|source| OutputError { path: path.to_owned(), source })
    }

    /// Makes the file appear under its name, durably.
    ///
    /// # Errors
    /// The disk is full, or the folder went away; then nothing appears.
    pub fn commit(self) -> Result<(), OutputError> {
        let Self::File { temporary, path } = self else { return Ok(()) };
        let fail = |source| OutputError { path: path.clone(), source };
        temporary.as_file().sync_all().map_err(fail)?;
        temporary.persist(&path).map_err(|error| fail(error.error))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Some file systems cannot sync a folder; the file itself is safe by now.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: Option<&Path>) -> Result<Output, OutputError> {
        Output::open(path, &Temporaries::default())
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn appears_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("answer.csv");
        let output = open(Some(&path)).unwrap();
        output.writer().unwrap().write_all(b"half").unwrap();
        drop(output);
        assert_eq!(names(dir.path()), Vec::<String>::new());

        std::fs::write(&path, "before").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let output = open(Some(&path)).unwrap();
        let mut writer = output.writer().unwrap();
        writer.write_all(b"after").unwrap();
        writer.flush().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
        output.commit().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "after");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(names(dir.path()), ["answer.csv"]);
    }

    #[test]
    fn links_are_followed_and_devices_are_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("target"), dir.path().join("link"));
        std::fs::write(&target, "before").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        open(Some(&link)).unwrap().commit().unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(matches!(open(Some(Path::new("/dev/null"))).unwrap(), Output::Stream { .. }));
        assert!(open(Some(dir.path())).is_err());
        let error = open(Some(&dir.path().join("none/x.csv"))).unwrap_err();
        assert!(error.to_string().contains("none/x.csv"), "{error}");
    }
}
