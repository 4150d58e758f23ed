//! The files, read one after the other as blocks, which the typists take as they have time.
//!
//! Whoever types a block has read it: it is then still in the cache of that core, and no block waits in a queue.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::slice;

use clicks::document::{Block, Document, DocumentError, Structure};

use crate::input::{self, BytesRead, InputError};
use crate::interrupt::Interrupt;

/// A block, and the name of the file it came from.
pub(super) struct SourceBlock {
    pub(super) source: String,
    pub(super) block: Block,
}

/// What reading found.
#[derive(Default)]
pub(super) struct Fed {
    pub(super) bytes: u64,
    pub(super) structure: Structure,
    /// Pieces that are no answer, no row, or an answer's torn end: the input proves nothing then.
    pub(super) rows_broken: u64,
    /// Files without a single character.
    pub(super) blank: Vec<PathBuf>,
}

/// Why reading ended early.
pub(super) enum FeedError {
    Input(InputError),
    Document(DocumentError),
}

struct OpenFile {
    path: PathBuf,
    name: String,
    document: Document<Box<dyn Read + Send>>,
    is_blank: bool,
}

/// The files that are still to be read.
pub(super) struct Source<'a> {
    files: slice::Iter<'a, PathBuf>,
    read: &'a BytesRead,
    interrupt: &'a Interrupt,
    open: Option<OpenFile>,
    fed: Fed,
    failure: Option<(PathBuf, FeedError)>,
}

impl<'a> Source<'a> {
    pub(super) fn new(files: &'a [PathBuf], read: &'a BytesRead, interrupt: &'a Interrupt) -> Source<'a> {
        Source { files: files.iter(), read, interrupt, open: None, fed: Fed::default(), failure: None }
    }

    /// The next block; none at the end of the last file, after a failure, or once a signal came. Takes back the bytes
    /// of a block that is done.
    pub(super) fn next_block(&mut self, mut used: Option<Vec<u8>>) -> Option<SourceBlock> {
        if self.failure.is_some() || self.interrupt.is_set() {
            return None;
        }
        loop {
            let file = match &mut self.open {
                Some(file) => file,
                None => {
                    let path = self.files.next()?.clone();
                    match open(&path, self.read) {
                        Ok(file) => self.open.insert(file),
                        Err(error) => {
                            self.failure = Some((path, error));
                            return None;
                        }
                    }
                }
            };
            if let Some(bytes) = used.take() {
                file.document.recycle(bytes);
            }
            match file.document.next_block() {
                Ok(Some(block)) => {
                    file.is_blank &= block.bytes.trim_ascii().is_empty();
                    self.fed.bytes += block.bytes.len() as u64;
                    return Some(SourceBlock { source: file.name.clone(), block });
                }
                Ok(None) => {
                    self.fed.structure.add(file.document.structure().clone());
                    if file.is_blank {
                        self.fed.blank.push(file.path.clone());
                    }
                    self.open = None;
                }
                Err(error) => {
                    self.failure = Some((file.path.clone(), FeedError::Document(error)));
                    return None;
                }
            }
        }
    }

    /// What was found.
    ///
    /// # Errors
    /// The failure that ended it, and its file.
    pub(super) fn finish(self) -> Result<Fed, (PathBuf, FeedError)> {
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(self.fed),
        }
    }
}

fn open(path: &Path, read: &BytesRead) -> Result<OpenFile, FeedError> {
    let input = input::open(path, read).map_err(FeedError::Input)?;
    let document = Document::open(input).map_err(FeedError::Document)?;
    let name = path.file_name().map_or_else(|| "-".to_owned(), |name| name.to_string_lossy().into_owned());
    Ok(OpenFile { path: path.to_owned(), name, document, is_blank: true })
}
