//! Follows brackets and quotes, and nothing else, to find where values begin and end.

use std::ops::Range;

use super::siblings::{KEY_BYTES_MAX, Siblings};
use super::{ROW_BYTES_MAX, Structure};

/// The keys under which an answer holds its rows.
pub(super) const WRAPPER_KEYS: [&[u8]; 2] = [b"clicks\"", b"table\""];
/// The key that only a click has: an object with it is no answer.
pub(super) const CLICK_KEY: &[u8] = b"transaction_id\"";

/// A part of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A value in a place where a row stands.
    Row(Range<usize>),
    /// Something that cannot be a row.
    Broken(Broken),
}

/// Bytes that cannot be a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Where they are.
    pub range: Range<usize>,
    /// What is wrong.
    pub reason: &'static str,
    /// Which part of something too long to be kept in one piece, from 0.
    pub part: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    /// Between the values of the stream.
    #[default]
    Between,
    /// In something that is no JSON, until the end of the line.
    Garbage,
    /// In an object that may be a row or an answer.
    Object,
    /// In an answer's array, between rows.
    Rows,
    /// In a row of an answer.
    Row,
}

/// How far the scan is into the key of an answer and its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum WrapperKey {
    #[default]
    None,
    /// The key was read, its value comes next.
    AwaitsValue,
    /// Its value is an array: the first thing in it says whether of rows.
    AwaitsRow,
}

/// A scan that goes on when more bytes come.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    at: usize,
    place: Place,
    /// Where the value that is being scanned began.
    start: usize,
    /// Brackets open inside that value.
    depth: u32,
    is_in_text: bool,
    is_escaped: bool,
    /// Where the last text at depth 1 of an object began; [`usize::MAX`] once those bytes are gone.
    text_start: usize,
    /// The next text at depth 1 is a key, not a value.
    is_key_next: bool,
    wrapper_key: WrapperKey,
    /// A key that only a click has stands in the object.
    is_click: bool,
    /// A list of no rows, or null, stands in the object: an answer, unless it is a click.
    has_empty_list: bool,
    /// The object is an answer: what is in it beside rows is no row.
    is_answer: bool,
    /// The rows are in an object, not in a bare array.
    is_wrapped: bool,
    /// What the object has beside a list.
    siblings: Siblings,
    parts: u32,
    rows: u64,
    documents: u64,
    structure: Structure,
}

impl Scanner {
    /// Scans what is new in the buffer.
    pub(super) fn scan(&mut self, buffer: &[u8], pieces: &mut Vec<Piece>) {
        let whole = buffer;
        while self.at < whole.len() {
            // Parts of something too long are of one size, wherever blocks end.
            let end = if self.is_piece() { self.start + ROW_BYTES_MAX } else { whole.len() };
            let buffer = &whole[..end.min(whole.len())];
            let (before, is_reading) = (self.at, self.siblings.is_reading());
            if self.is_in_text {
                self.scan_text(buffer);
            } else {
                match self.place {
                    Place::Between => self.scan_between(buffer),
                    Place::Garbage => self.scan_garbage(buffer, pieces),
                    Place::Object => self.scan_object(buffer, pieces),
                    Place::Rows => self.scan_rows(buffer, pieces),
                    Place::Row => self.scan_row(buffer, pieces),
                }
            }
            if is_reading {
                self.siblings.read(&buffer[before..self.at]);
            }
            if self.is_piece() && self.at - self.start >= ROW_BYTES_MAX {
                self.push_part(pieces);
            }
        }
    }

    /// True inside something that will be a piece.
    fn is_piece(&self) -> bool {
        matches!(self.place, Place::Object | Place::Row | Place::Garbage) && !self.is_answer_tail()
    }

    /// Ends the scan at the end of the input. True where that was in the middle of something.
    pub(super) fn finish(&mut self, end: usize, pieces: &mut Vec<Piece>) -> bool {
        let is_cut_off = !matches!(self.place, Place::Between | Place::Garbage);
        if self.place == Place::Garbage {
            self.push_broken(end, "not JSON", pieces);
        } else if self.is_piece() && end > self.start {
            self.push_broken(end, "the input ends inside this row", pieces);
        }
        if matches!(self.place, Place::Rows | Place::Row) {
            self.end_answer();
        }
        if is_cut_off {
            self.hear_siblings();
        }
        self.structure.is_cut_off |= is_cut_off;
        self.place = Place::Between;
        self.is_in_text = false;
        self.at = end;
        is_cut_off
    }

    /// Bytes before this are done with.
    pub(super) fn pending_from(&self) -> usize {
        match self.place {
            Place::Between | Place::Rows => self.at,
            // Of a text beside the list, only as much is kept as its being a key of interest takes.
            Place::Object if self.is_answer => match self.at.checked_sub(self.text_start) {
                Some(length) if self.is_in_text && length <= KEY_BYTES_MAX => self.text_start - 1,
                _ => self.at,
            },
            Place::Garbage | Place::Object | Place::Row => self.start,
        }
    }

    /// Says that so many bytes were taken off the front of the buffer.
    pub(super) fn forget(&mut self, bytes: usize) {
        self.at -= bytes;
        self.start = self.start.saturating_sub(bytes);
        self.text_start = self.text_start.checked_sub(bytes).unwrap_or(usize::MAX);
    }

    /// What was found since the last call.
    pub(super) fn take_structure(&mut self) -> Structure {
        std::mem::take(&mut self.structure)
    }

    /// Values of the stream that were begun.
    pub(super) fn documents(&self) -> u64 {
        self.documents
    }

    /// True where the last object had the key of a click.
    pub(super) fn was_click(&self) -> bool {
        self.is_click
    }

    fn is_answer_tail(&self) -> bool {
        self.place == Place::Object && self.is_answer
    }

    fn scan_text(&mut self, buffer: &[u8]) {
        if self.is_escaped {
            self.is_escaped = false;
            self.at += 1;
            return;
        }
        let Some(found) = memchr::memchr2(b'"', b'\\', &buffer[self.at..]) else {
            self.at = buffer.len();
            return;
        };
        self.at += found + 1;
        if buffer[self.at - 1] == b'\\' {
            self.is_escaped = true;
            return;
        }
        self.is_in_text = false;
        if self.place == Place::Object && self.depth == 1 && self.is_key_next {
            self.read_key(buffer);
        }
    }

    fn read_key(&mut self, buffer: &[u8]) {
        self.is_key_next = false;
        let key = buffer.get(self.text_start..self.at).unwrap_or_default();
        if key == CLICK_KEY {
            if self.is_answer {
                // A click with a list of objects under the key of an answer: what is left of it is kept as it stands.
                self.is_answer = false;
                self.start = self.text_start - 1;
                self.parts = 0;
            }
            self.is_click = true;
        } else if self.is_click {
            // What a click has beside its id is not of an answer.
        } else if WRAPPER_KEYS.contains(&key) {
            self.wrapper_key = WrapperKey::AwaitsValue;
        } else {
            self.siblings.begin(key);
        }
    }

    fn scan_between(&mut self, buffer: &[u8]) {
        let byte = buffer[self.at];
        self.start = self.at;
        self.at += 1;
        self.parts = 0;
        match byte {
            b'{' => {
                self.place = Place::Object;
                self.documents += 1;
                self.depth = 1;
                self.is_answer = false;
                self.is_click = false;
                self.has_empty_list = false;
                self.is_key_next = true;
                self.wrapper_key = WrapperKey::None;
            }
            b'[' => {
                self.documents += 1;
                self.is_click = false;
                self.begin_rows(false);
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => self.place = Place::Garbage,
        }
    }

    fn scan_garbage(&mut self, buffer: &[u8], pieces: &mut Vec<Piece>) {
        match memchr::memchr(b'\n', &buffer[self.at..]) {
            Some(found) => {
                self.at += found + 1;
                // Lines of garbage that follow each other are one piece, until one begins as JSON does.
                if matches!(buffer.get(self.at), None | Some(b'{' | b'[')) {
                    self.push_broken(self.at, "not JSON", pieces);
                    self.place = Place::Between;
                }
            }
            None => self.at = buffer.len(),
        }
    }

    fn scan_object(&mut self, buffer: &[u8], pieces: &mut Vec<Piece>) {
        let byte = buffer[self.at];
        if self.wrapper_key != WrapperKey::None && !byte.is_ascii_whitespace() && byte != b':' {
            match (std::mem::take(&mut self.wrapper_key), byte) {
                (WrapperKey::AwaitsValue, b'[') => self.wrapper_key = WrapperKey::AwaitsRow,
                (WrapperKey::AwaitsValue, b'n') | (WrapperKey::AwaitsRow, b']') => self.has_empty_list = true,
                (WrapperKey::AwaitsRow, b'{') => {
                    self.depth -= 1;
                    return self.begin_rows(true);
                }
                _ => {}
            }
        }
        self.at += 1;
        match byte {
            b'"' => {
                self.is_in_text = true;
                if self.depth == 1 {
                    self.text_start = self.at;
                }
            }
            b',' if self.depth == 1 => {
                self.siblings.end();
                self.is_key_next = true;
            }
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth -= 1;
                if self.depth == 0 {
                    self.siblings.end();
                    self.end_object(pieces);
                }
            }
            _ => {}
        }
    }

    fn end_object(&mut self, pieces: &mut Vec<Piece>) {
        self.place = Place::Between;
        if !self.is_answer {
            if self.has_empty_list && !self.is_click && self.parts == 0 {
                self.begin_answer();
            } else {
                self.push_row(pieces);
            }
        }
        self.hear_siblings();
    }

    /// What stands beside a list counts; and an error does that stands beside nothing.
    fn hear_siblings(&mut self) {
        let said = self.siblings.take();
        if self.is_answer {
            self.structure.add(said);
        } else if !self.is_click {
            self.structure.add(Structure { error: said.error, ..Structure::default() });
        }
    }

    fn begin_rows(&mut self, is_wrapped: bool) {
        self.place = Place::Rows;
        self.is_wrapped = is_wrapped;
        self.begin_answer();
    }

    fn begin_answer(&mut self) {
        self.is_answer = true;
        self.structure.answers += 1;
        self.rows = 0;
    }

    fn end_answer(&mut self) {
        let largest = &mut self.structure.rows_of_largest_answer;
        *largest = self.rows.max(*largest);
    }

    fn scan_rows(&mut self, buffer: &[u8], pieces: &mut Vec<Piece>) {
        let byte = buffer[self.at];
        self.start = self.at;
        self.at += 1;
        self.parts = 0;
        match byte {
            b']' => {
                self.end_answer();
                self.depth = 1;
                self.is_key_next = false;
                self.place = if self.is_wrapped { Place::Object } else { Place::Between };
            }
            // A brace that closes nothing: the quotes or brackets of the row before were broken.
            b'}' => self.push_broken(self.at, "a bracket that closes nothing", pieces),
            b',' => {}
            byte if byte.is_ascii_whitespace() => {}
            byte => {
                self.place = Place::Row;
                self.rows += 1;
                self.depth = u32::from(matches!(byte, b'{' | b'['));
                self.is_in_text = byte == b'"';
            }
        }
    }

    fn scan_row(&mut self, buffer: &[u8], pieces: &mut Vec<Piece>) {
        if self.depth == 0 {
            return self.scan_scalar(buffer, pieces);
        }
        let Some(found) = buffer[self.at..].iter().position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'))
        else {
            self.at = buffer.len();
            return;
        };
        self.at += found + 1;
        match buffer[self.at - 1] {
            b'"' => self.is_in_text = true,
            b'{' | b'[' => self.depth += 1,
            _ => self.depth -= 1,
        }
        if self.depth == 0 {
            self.push_row(pieces);
            self.place = Place::Rows;
        }
    }

    /// A number, a word or a text where a row should be: it ends where the next thing begins.
    fn scan_scalar(&mut self, buffer: &[u8], pieces: &mut Vec<Piece>) {
        let byte = buffer[self.at];
        if matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace() {
            self.push_row(pieces);
            self.place = Place::Rows;
        } else {
            self.is_in_text = byte == b'"';
            self.at += 1;
        }
    }

    fn push_row(&mut self, pieces: &mut Vec<Piece>) {
        if self.parts > 0 {
            self.push_part(pieces);
        } else {
            pieces.push(Piece::Row(self.start..self.at));
        }
        self.start = self.at;
    }

    fn push_part(&mut self, pieces: &mut Vec<Piece>) {
        let reason = "longer than 16 MiB";
        pieces.push(Piece::Broken(Broken { range: self.start..self.at, reason, part: self.parts }));
        self.parts += 1;
        self.start = self.at;
    }

    fn push_broken(&mut self, end: usize, reason: &'static str, pieces: &mut Vec<Piece>) {
        pieces.push(Piece::Broken(Broken { range: self.start..end, reason, part: self.parts }));
        self.start = end;
    }
}
