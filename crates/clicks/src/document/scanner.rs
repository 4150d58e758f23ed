//! Follows brackets and quotes, and nothing else, to find where values begin and end.

use std::ops::Range;

use super::siblings::{KEY_BYTES_MAX, Siblings};
use super::{ROW_BYTES_MAX, Structure};

mod cuts;
mod keys;
mod rows;

use cuts::Suspect;
pub(super) use keys::{CLICK_KEY, WRAPPER_KEYS};
use keys::{Held, WrapperKey};

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
    /// In an answer, behind its list.
    Tail,
    /// In an answer's list, between rows.
    Rows,
    /// In an object of the list that may be a row, or a new document behind an answer that was cut off.
    Element,
    /// In a row.
    Row,
}

/// The bytes that are scanned.
#[derive(Clone, Copy)]
struct Window<'a> {
    /// As far as one step may go.
    bytes: &'a [u8],
    /// All that is there, to look ahead.
    all: &'a [u8],
    /// Nothing follows.
    is_last: bool,
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
    /// What follows must be there first.
    is_waiting: bool,
    /// Where the last text began; [`usize::MAX`] once those bytes are gone.
    text_start: usize,
    /// The next text at depth 1 is a key, not a value.
    is_key_next: bool,
    wrapper_key: WrapperKey,
    /// The last object had a key that only a click has.
    is_click: bool,
    /// A list of no rows, or null, stands in the object: an answer, unless it is a click.
    has_empty_list: bool,
    /// The rows are in an object, not in a bare array.
    is_wrapped: bool,
    /// A list is open.
    is_in_list: bool,
    /// Nothing but a line's end, or no comma, stands before the element: it may be a new document.
    may_be_document: bool,
    /// The last byte of an answer's tail that is no white space.
    last_of_tail: u8,
    suspect: Option<Suspect>,
    /// What is held back until the object is known to be an answer.
    held: Option<Held>,
    /// What the object has beside a list.
    siblings: Siblings,
    parts: u32,
    rows: u64,
    documents: u64,
    structure: Structure,
}

impl Scanner {
    /// Scans what is new in the buffer.
    pub(super) fn scan(&mut self, buffer: &[u8], is_last: bool, pieces: &mut Vec<Piece>) {
        self.is_waiting = false;
        while self.at < buffer.len() && !self.is_waiting {
            // Parts of something too long are of one size, wherever blocks end.
            let end = self.limit().min(buffer.len());
            let window = Window { bytes: &buffer[..end], all: buffer, is_last };
            let (before, is_reading) = (self.at, self.siblings.is_reading());
            if self.is_in_text {
                self.scan_text(window, pieces);
            } else {
                match self.place {
                    Place::Between => self.scan_between(window.bytes, pieces),
                    Place::Garbage => self.scan_garbage(window, pieces),
                    Place::Object | Place::Tail | Place::Element => self.scan_object(window, pieces),
                    Place::Rows => self.scan_rows(window.bytes, pieces),
                    Place::Row => self.scan_row(window, pieces),
                }
            }
            if is_reading && self.at > before {
                self.siblings.read(&buffer[before..self.at]);
            }
            if self.at >= self.limit() {
                match self.held {
                    Some(_) => self.release_held(pieces),
                    None => self.push_part(pieces),
                }
            }
        }
    }

    /// True inside something that will be a piece.
    fn is_piece(&self) -> bool {
        matches!(self.place, Place::Object | Place::Element | Place::Row | Place::Garbage)
    }

    /// Where something is done with what is pending, whether it has ended or not.
    fn limit(&self) -> usize {
        match &self.held {
            Some(held) => held.start + ROW_BYTES_MAX,
            None if self.is_piece() => self.start + ROW_BYTES_MAX,
            None => usize::MAX,
        }
    }

    /// Ends the scan at the end of the input.
    pub(super) fn finish(&mut self, end: usize, pieces: &mut Vec<Piece>) {
        let reason = if self.place == Place::Garbage { "not JSON" } else { "the input ends inside this row" };
        self.end_early(end, reason, pieces);
        self.at = end;
    }

    /// Ends what is being scanned, which has not come to its own end.
    fn end_early(&mut self, end: usize, reason: &'static str, pieces: &mut Vec<Piece>) {
        // What is held back was not seen to be an answer: it stays in one piece.
        let held = self.held.take();
        if let Some(held) = &held {
            self.start = held.start;
            self.parts = 0;
        }
        if (held.is_some() || self.is_piece()) && end > self.start {
            self.push_broken(end, reason, pieces);
        }
        let is_answer = self.is_in_list || self.place == Place::Tail;
        if is_answer {
            self.end_answer();
            self.structure.is_cut_off = true;
        }
        if self.place != Place::Between {
            self.hear_siblings(is_answer);
        }
        self.place = Place::Between;
        self.is_in_list = false;
        self.is_in_text = false;
        self.is_escaped = false;
        self.suspect = None;
    }

    /// Bytes before this are done with.
    pub(super) fn pending_from(&self) -> usize {
        let pending = match self.place {
            Place::Between | Place::Rows => self.at,
            // Of a text beside the list, only as much is kept as its being a key of interest takes.
            Place::Tail => match self.at.checked_sub(self.text_start) {
                Some(length) if self.is_in_text && length <= KEY_BYTES_MAX => self.text_start - 1,
                _ => self.at,
            },
            Place::Garbage | Place::Object | Place::Element | Place::Row => self.start,
        };
        let held = self.held.as_ref().map_or(pending, |held| held.start.min(pending));
        self.suspect.as_ref().filter(|suspect| suspect.is_fresh(self.at)).map_or(held, |suspect| suspect.at.min(held))
    }

    /// Says that so many bytes were taken off the front of the buffer.
    pub(super) fn forget(&mut self, bytes: usize) {
        self.at -= bytes;
        self.start = self.start.saturating_sub(bytes);
        self.text_start = self.text_start.checked_sub(bytes).unwrap_or(usize::MAX);
        self.suspect = self.suspect.take().and_then(|suspect| suspect.moved(bytes));
        self.held = self.held.take().map(|held| held.moved(bytes));
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

    /// True where no value is open.
    pub(super) fn is_between(&self) -> bool {
        self.place == Place::Between
    }

    fn scan_text(&mut self, window: Window, pieces: &mut Vec<Piece>) {
        let buffer = window.bytes;
        if self.is_escaped && buffer[self.at] != b'\n' {
            self.is_escaped = false;
            self.at += 1;
            return;
        }
        let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', &buffer[self.at..]) else {
            self.at = buffer.len();
            return;
        };
        self.at += found;
        match buffer[self.at] {
            b'\n' => return self.meet_line_end(window, pieces),
            b'\\' => self.is_escaped = true,
            _ => self.is_in_text = false,
        }
        self.at += 1;
        if self.is_in_text {
        } else if self.depth == 1 && matches!(self.place, Place::Object | Place::Tail | Place::Element) {
            if self.is_key_next {
                self.read_key(buffer, pieces);
            }
        } else if self.suspect.is_some() {
            self.read_text_of_suspect(buffer, pieces);
        }
    }

    fn scan_between(&mut self, buffer: &[u8], pieces: &mut Vec<Piece>) {
        let byte = buffer[self.at];
        self.start = self.at;
        self.at += 1;
        self.parts = 0;
        match byte {
            b'{' => {
                self.documents += 1;
                self.begin_object(Place::Object);
            }
            b'[' => {
                self.documents += 1;
                self.is_click = false;
                self.rows = 0;
                self.begin_rows(false, false);
            }
            // Behind something that was cut off, what was to close it, and what parts it from the next, has nothing to do.
            b'}' | b']' => self.push_broken(self.at, "a bracket that closes nothing", pieces),
            b',' => {}
            byte if byte.is_ascii_whitespace() => {}
            _ => self.place = Place::Garbage,
        }
    }

    fn begin_object(&mut self, place: Place) {
        self.place = place;
        self.depth = 1;
        self.is_click = false;
        self.has_empty_list = false;
        self.is_key_next = true;
        self.wrapper_key = WrapperKey::None;
        if place == Place::Object {
            self.rows = 0;
        }
    }

    fn scan_garbage(&mut self, window: Window, pieces: &mut Vec<Piece>) {
        let Some(found) = memchr::memchr(b'\n', &window.bytes[self.at..]) else {
            self.at = window.bytes.len();
            return;
        };
        let end = self.at + found + 1;
        // Lines of garbage that follow each other are one piece, until one begins as JSON does.
        match window.all.get(end) {
            None if !window.is_last => {
                self.at = end - 1;
                self.is_waiting = true;
            }
            None | Some(b'{' | b'[') => {
                self.at = end;
                self.push_broken(end, "not JSON", pieces);
                self.place = Place::Between;
            }
            Some(_) => self.at = end,
        }
    }

    fn scan_object(&mut self, window: Window, pieces: &mut Vec<Piece>) {
        let byte = window.bytes[self.at];
        if self.wrapper_key != WrapperKey::None && !byte.is_ascii_whitespace() && byte != b':' {
            match (std::mem::take(&mut self.wrapper_key), byte) {
                (WrapperKey::AwaitsValue, b'[') => self.wrapper_key = WrapperKey::AwaitsRow,
                (WrapperKey::AwaitsValue, b'n') | (WrapperKey::AwaitsRow, b']') => self.has_empty_list = true,
                (WrapperKey::AwaitsRow, b'{') => return self.meet_list(window.bytes, pieces),
                _ => {}
            }
        }
        if byte == b'\n' {
            return self.meet_line_end(window, pieces);
        }
        self.at += 1;
        if self.place == Place::Tail && !byte.is_ascii_whitespace() {
            self.last_of_tail = byte;
        }
        match byte {
            b'"' => {
                self.is_in_text = true;
                self.text_start = self.at;
            }
            b',' if self.depth == 1 => {
                self.siblings.end();
                self.is_key_next = true;
            }
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.close();
                if self.depth == 0 {
                    self.siblings.end();
                    self.end_object(pieces);
                }
            }
            _ => {}
        }
    }

    fn close(&mut self) {
        self.depth -= 1;
        if self.suspect.is_some() {
            self.suspect = self.suspect.take().filter(|suspect| suspect.depth < self.depth);
        }
    }

    fn end_object(&mut self, pieces: &mut Vec<Piece>) {
        let is_empty_answer = self.has_empty_list && self.parts == 0;
        match self.place {
            Place::Element if is_empty_answer && self.may_be_document => return self.cut(self.start, pieces),
            Place::Element => return self.end_row(pieces),
            Place::Tail => {
                self.release_held(pieces);
                self.end_answer();
                self.hear_siblings(true);
            }
            _ if is_empty_answer => {
                self.end_answer();
                self.hear_siblings(true);
            }
            _ => {
                self.push_row(pieces);
                self.hear_siblings(false);
            }
        }
        self.place = Place::Between;
    }

    /// What stands beside a list counts; and an error does that stands beside nothing.
    fn hear_siblings(&mut self, is_answer: bool) {
        let said = self.siblings.take();
        if is_answer {
            self.structure.add(said);
        } else if said.error.is_some() {
            self.structure.add(Structure { error: said.error, ..Structure::default() });
        }
    }

    fn begin_rows(&mut self, is_wrapped: bool, may_be_document: bool) {
        self.place = Place::Rows;
        self.is_wrapped = is_wrapped;
        self.is_in_list = true;
        self.may_be_document = may_be_document;
        self.suspect = None;
    }

    fn end_answer(&mut self) {
        self.structure.answers += 1;
        self.structure.rows_of_largest_answer = self.rows.max(self.structure.rows_of_largest_answer);
    }

    fn put(&mut self, piece: Piece, pieces: &mut Vec<Piece>) {
        match &mut self.held {
            Some(held) => held.pieces.push(piece),
            None => pieces.push(piece),
        }
    }

    fn push_row(&mut self, pieces: &mut Vec<Piece>) {
        if self.parts > 0 {
            self.push_part(pieces);
        } else {
            self.put(Piece::Row(self.start..self.at), pieces);
        }
        self.start = self.at;
    }

    fn push_part(&mut self, pieces: &mut Vec<Piece>) {
        self.push_broken(self.at, "longer than 16 MiB", pieces);
        self.parts += 1;
        self.suspect = None;
    }

    fn push_broken(&mut self, end: usize, reason: &'static str, pieces: &mut Vec<Piece>) {
        self.put(Piece::Broken(Broken { range: self.start..end, reason, part: self.parts }), pieces);
        self.start = end;
    }
}
