//! Bytes to rows: finds the rows in a stream of JSON, whatever they are wrapped in.
//!
//! Takes `{"clicks": [...]}`, `{"table": [...]}`, arrays, bare rows, NDJSON, and any sequence of these. Promises that
//! every byte which is not white space, bracket or wrapper ends up in a piece: a row, or something broken that goes
//! to quarantine. Memory is bounded by [`BLOCK_BYTES`] and [`ROW_BYTES_MAX`], for input of any size, on one line or on
//! many. Leaves what is inside a row to [`crate::typing`].

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::ops::Range;

mod answer;
mod buffer;
mod scanner;
mod siblings;

pub use answer::{Answer, NotAnAnswer, read_answer};
use buffer::Buffer;
use scanner::Scanner;
pub use scanner::{Broken, Piece};

/// About so many bytes are handed on at once.
pub const BLOCK_BYTES: usize = 1 << 20;
/// A row of more bytes is not typed, but kept in quarantine in parts of this size.
pub const ROW_BYTES_MAX: usize = 16 << 20;

/// Some rows of the input, with their bytes.
#[derive(Debug)]
pub struct Block {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Where in the (decompressed) input they begin.
    pub offset: u64,
    pieces: Pieces,
}

#[derive(Debug)]
enum Pieces {
    /// One row on each line.
    Lines,
    Listed(Vec<Piece>),
}

impl Block {
    /// The pieces of the block, in order; and what they add to the document's structure, which does not look into lines.
    #[must_use]
    pub fn pieces(&self) -> (Vec<Piece>, Structure) {
        match &self.pieces {
            Pieces::Lines => lines(&self.bytes),
            Pieces::Listed(pieces) => (pieces.clone(), Structure::default()),
        }
    }
}

/// The rows on the lines of some bytes. A line that is not plainly one row is looked into.
fn lines(bytes: &[u8]) -> (Vec<Piece>, Structure) {
    let mut structure = Structure::default();
    let mut pieces = Vec::with_capacity(bytes.len() / 2048 + 1);
    let mut start = 0;
    while start < bytes.len() {
        let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |at| start + at);
        let line = &bytes[start..end];
        if is_one_object(line) {
            let row = line.trim_ascii();
            let start = start + (line.len() - line.trim_ascii_start().len());
            pieces.push(Piece::Row(start..start + row.len()));
        } else if !line.trim_ascii().is_empty() {
            let (inner, of_line) = look_into(line);
            structure.add(of_line);
            pieces.extend(inner.into_iter().map(|piece| piece.moved(|at| at + start)));
        }
        start = end + 1;
    }
    (pieces, structure)
}

/// The pieces of some bytes that end where a value ends; for a row that could not be typed, too: two rows may stand on
/// one line.
#[must_use]
pub fn look_into(bytes: &[u8]) -> (Vec<Piece>, Structure) {
    let mut scanner = Scanner::default();
    let mut pieces = Vec::new();
    scanner.scan(bytes, true, &mut pieces);
    scanner.finish(bytes.len(), &mut pieces);
    (pieces, scanner.take_structure())
}

/// True for `{...}` that is no answer. That the braces are one pair is checked when the row is read.
fn is_one_object(line: &[u8]) -> bool {
    // A click names itself before anything that looks like an answer's key; nearly always at once.
    let beginning = memchr::memmem::find(line, scanner::CLICK_KEY).map_or(line, |at| &line[..at]);
    is_in_braces(line) && !scanner::WRAPPER_KEYS.iter().any(|key| memchr::memmem::find(beginning, key).is_some())
}

fn is_in_braces(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.starts_with(b"{") && line.ends_with(b"}")
}

/// Where the first line begins that is not in braces: a document of several lines, a row that is cut off, or no JSON.
fn first_irregular_line(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]);
    for end in ends {
        let line = &bytes[start..end];
        if !is_in_braces(line) && !line.trim_ascii().is_empty() {
            return Some(start);
        }
        start = end + 1;
    }
    None
}

/// What the structure of an input says about its completeness.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Structure {
    /// Answers seen: wrappers and arrays.
    pub answers: u64,
    /// Rows of the largest answer.
    pub rows_of_largest_answer: u64,
    /// An answer was cut off, so nobody knows how many rows it had. What is cut off elsewhere is a broken piece.
    pub is_cut_off: bool,
    /// The words of the first error that stands beside a list, or instead of one.
    pub error: Option<String>,
    /// An answer says itself that rows are missing (`incomplete_results`).
    pub is_declared_incomplete: bool,
    /// Other keys beside a list: they are of no row, so no column and no `extra` has them. The first few.
    pub other_keys: BTreeSet<String>,
}

impl Structure {
    /// Takes in what another part of the input says.
    pub fn add(&mut self, other: Structure) {
        self.answers += other.answers;
        self.rows_of_largest_answer = self.rows_of_largest_answer.max(other.rows_of_largest_answer);
        self.is_cut_off |= other.is_cut_off;
        self.error = self.error.take().or(other.error);
        self.is_declared_incomplete |= other.is_declared_incomplete;
        self.other_keys.extend(other.other_keys);
    }
}

/// The rows of a byte stream.
pub struct Document<R> {
    input: R,
    /// Read, but not yet handed on.
    buffer: Buffer,
    offset: u64,
    is_at_end: bool,
    scanner: Option<Scanner>,
    structure: Structure,
    spare: Vec<Vec<u8>>,
}

/// Input that is not JSON at all, so that a wrong file is not quarantined line by line.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The input cannot be read, or not be decompressed.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// It does not begin as JSON does.
    #[error("not JSON: it begins with {0}; expected an answer of Everflow, an array of rows, or one row on each line")]
    NotJson(String),
}

impl<R: Read> Document<R> {
    /// Looks at the beginning of the input, to tell lines from documents.
    ///
    /// # Errors
    /// Where it cannot be read, or does not begin as JSON.
    pub fn open(input: R) -> Result<Document<R>, DocumentError> {
        let mut document = Document {
            input,
            buffer: Buffer::with_capacity(2 * BLOCK_BYTES),
            offset: 0,
            is_at_end: false,
            scanner: None,
            structure: Structure::default(),
            spare: Vec::new(),
        };
        document.fill(BLOCK_BYTES)?;
        if document.buffer.starts_with(b"\xef\xbb\xbf") {
            document.buffer.take(3, Vec::new());
            document.offset = 3;
        }
        let beginning = document.buffer.trim_ascii_start();
        if !matches!(beginning, [] | [b'{' | b'[', ..]) {
            return Err(DocumentError::NotJson(shown(beginning)));
        }
        if !document.begins_with_a_row() {
            document.scanner = Some(Scanner::default());
        }
        Ok(document)
    }

    /// The next rows; none at the end of the input.
    ///
    /// # Errors
    /// Where the input cannot be read.
    pub fn next_block(&mut self) -> Result<Option<Block>, DocumentError> {
        if self.scanner.as_ref().is_some_and(Scanner::is_between) {
            self.fill(BLOCK_BYTES)?;
            if self.begins_with_a_row() {
                self.scanner = None;
            }
        }
        if self.scanner.is_none() {
            match self.next_lines()? {
                Some(block) => return Ok(Some(block)),
                None if self.is_at_end && self.buffer.is_empty() => return Ok(None),
                // A line longer than any row, or that is no row: only its structure can tell what it is.
                None => self.scanner = Some(Scanner::default()),
            }
        }
        self.next_scanned()
    }

    /// True where the first line is one row, and lines are all there is to look for.
    fn begins_with_a_row(&self) -> bool {
        let beginning = self.buffer.trim_ascii_start();
        memchr::memchr(b'\n', beginning).is_some_and(|end| is_one_object(&beginning[..end]))
    }

    /// What the input so far says about its completeness, but for its blocks: see [`Block::pieces`].
    #[must_use]
    pub fn structure(&self) -> &Structure {
        &self.structure
    }

    /// Takes back the bytes of a block that is done with, to be filled again: asking the system for memory, block after
    /// block, costs more than reading the file.
    pub fn recycle(&mut self, bytes: Vec<u8>) {
        if bytes.capacity() <= 2 * BLOCK_BYTES {
            self.spare.push(bytes);
        }
    }

    fn next_lines(&mut self) -> Result<Option<Block>, DocumentError> {
        let mut wanted = BLOCK_BYTES;
        loop {
            self.fill(wanted)?;
            let end = match memchr::memrchr(b'\n', &self.buffer) {
                _ if self.is_at_end => self.buffer.len(),
                Some(newline) => newline + 1,
                None if self.buffer.len() >= ROW_BYTES_MAX => return Ok(None),
                None => {
                    wanted = self.more();
                    continue;
                }
            };
            if let Some(start) = first_irregular_line(&self.buffer[..end]) {
                self.scanner = Some(Scanner::default());
                return Ok((start > 0).then(|| self.take(start, Pieces::Lines)));
            }
            return Ok((end > 0).then(|| self.take(end, Pieces::Lines)));
        }
    }

    fn next_scanned(&mut self) -> Result<Option<Block>, DocumentError> {
        let mut scanner = self.scanner.take().unwrap_or_default();
        let mut pieces = Vec::new();
        let mut wanted = BLOCK_BYTES;
        loop {
            self.fill(wanted)?;
            scanner.scan(&self.buffer, self.is_at_end, &mut pieces);
            if self.is_at_end {
                scanner.finish(self.buffer.len(), &mut pieces);
            }
            if self.is_at_end || !pieces.is_empty() || scanner.pending_from() > 0 {
                break;
            }
            wanted = self.more();
        }
        self.structure.add(scanner.take_structure());
        let end = if self.is_at_end { self.buffer.len() } else { scanner.pending_from() };
        scanner.forget(end);
        self.scanner = Some(scanner);
        if end == 0 {
            return Ok(None);
        }
        Ok(Some(self.take(end, Pieces::Listed(pieces))))
    }

    /// How many bytes to hold where those that are there do not show a whole piece: no more than the longest takes.
    fn more(&self) -> usize {
        (self.buffer.len() * 2).min(ROW_BYTES_MAX + BLOCK_BYTES).max(self.buffer.len() + 1)
    }

    /// Reads until so many bytes are there, or the input ends.
    fn fill(&mut self, wanted: usize) -> Result<(), DocumentError> {
        if self.buffer.len() < wanted && !self.is_at_end {
            self.is_at_end = !self.buffer.fill(wanted, &mut self.input)?;
        }
        Ok(())
    }

    fn take(&mut self, end: usize, pieces: Pieces) -> Block {
        let room = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(2 * BLOCK_BYTES));
        let bytes = self.buffer.take(end, room);
        let offset = self.offset;
        self.offset += end as u64;
        Block { bytes, offset, pieces }
    }
}

/// The beginning of something, for a message.
fn shown(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(16)]))
}

impl Piece {
    /// With each position as `moved` makes it.
    fn moved(self, moved: impl Fn(usize) -> usize) -> Piece {
        let range = |range: Range<usize>| moved(range.start)..moved(range.end);
        match self {
            Piece::Row(row) => Piece::Row(range(row)),
            Piece::Broken(broken) => Piece::Broken(Broken { range: range(broken.range), ..broken }),
        }
    }
}

#[cfg(test)]
mod tests;
