//! The rows of a list, and what stands between them.

use super::{Piece, Place, Scanner, Window};

/// By byte: quotes, brackets and line ends. A table takes half the time of comparing with each.
const IS_OF_STRUCTURE: [bool; 256] = {
    let mut is_of_structure = [false; 256];
    let mut bytes: &[u8] = b"\"{}[]\n";
    while let [byte, rest @ ..] = bytes {
        is_of_structure[*byte as usize] = true;
        bytes = rest;
    }
    is_of_structure
};

impl Scanner {
    pub(super) fn scan_rows(&mut self, buffer: &[u8], pieces: &mut Vec<Piece>) {
        let byte = buffer[self.at];
        self.start = self.at;
        self.parts = 0;
        if byte == b'[' && self.may_be_document {
            // No row is a list: behind an answer that was cut off, another begins.
            return self.cut(self.at, pieces);
        }
        self.at += 1;
        match byte {
            b']' => {
                self.is_in_list = false;
                if self.is_wrapped {
                    self.place = Place::Tail;
                    self.depth = 1;
                    self.is_key_next = false;
                    self.last_of_tail = byte;
                } else {
                    self.place = Place::Between;
                    self.end_answer();
                }
            }
            // A brace that closes nothing: the quotes or brackets of the row before were broken.
            b'}' => self.push_broken(self.at, "a bracket that closes nothing", pieces),
            b',' => self.may_be_document = false,
            b'\n' => self.may_be_document = true,
            byte if byte.is_ascii_whitespace() => {}
            b'{' if self.may_be_document || self.held.is_some() => {
                self.rows += 1;
                self.begin_object(Place::Element);
            }
            byte => {
                self.place = Place::Row;
                self.rows += 1;
                self.depth = u32::from(matches!(byte, b'{' | b'['));
                self.is_in_text = byte == b'"';
            }
        }
    }

    pub(super) fn scan_row(&mut self, window: Window, pieces: &mut Vec<Piece>) {
        if self.depth == 0 {
            return self.scan_scalar(window.bytes, pieces);
        }
        let bytes = window.bytes;
        let is_of_structure = |byte: &u8| IS_OF_STRUCTURE[usize::from(*byte)];
        while let Some(found) = bytes[self.at..].iter().position(is_of_structure) {
            self.at += found;
            match bytes[self.at] {
                b'\n' => return self.meet_line_end(window, pieces),
                b'"' => {
                    self.at += 1;
                    self.text_start = self.at;
                    // Most texts have neither escapes nor an end in another block.
                    match memchr::memchr3(b'"', b'\\', b'\n', &bytes[self.at..]) {
                        Some(end) if bytes[self.at + end] == b'"' && self.suspect.is_none() => self.at += end + 1,
                        _ => {
                            self.is_in_text = true;
                            return;
                        }
                    }
                    continue;
                }
                b'{' | b'[' => self.depth += 1,
                _ => self.close(),
            }
            self.at += 1;
            if self.depth == 0 {
                return self.end_row(pieces);
            }
        }
        self.at = bytes.len();
    }

    pub(super) fn end_row(&mut self, pieces: &mut Vec<Piece>) {
        self.push_row(pieces);
        self.place = if self.is_in_list { Place::Rows } else { Place::Between };
        // The next must be parted from it by a comma.
        self.may_be_document = true;
    }

    /// A number, a word or a text where a row should be: it ends where the next thing begins.
    fn scan_scalar(&mut self, buffer: &[u8], pieces: &mut Vec<Piece>) {
        let byte = buffer[self.at];
        if matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace() {
            self.end_row(pieces);
        } else {
            self.is_in_text = byte == b'"';
            self.at += 1;
        }
    }
}
