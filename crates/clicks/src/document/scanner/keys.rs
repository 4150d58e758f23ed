//! Tells answers from clicks by the keys of an object.

use super::{Piece, Place, Scanner};

/// The keys under which an answer holds its rows.
pub(in crate::document) const WRAPPER_KEYS: [&[u8]; 2] = [b"clicks\"", b"table\""];
/// The key that only a click has: an object with it is no answer.
pub(in crate::document) const CLICK_KEY: &[u8] = b"transaction_id\"";

/// How far the scan is into the key of an answer and its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum WrapperKey {
    #[default]
    None,
    /// The key was read, its value comes next.
    AwaitsValue,
    /// Its value is an array: the first thing in it says whether of rows.
    AwaitsRow,
}

/// The pieces of a list in an object that may yet turn out to be a click: until the first click in the list, or the
/// object's end.
#[derive(Debug)]
pub(super) struct Held {
    /// Where the object begins.
    pub(super) start: usize,
    pub(super) pieces: Vec<Piece>,
}

impl Held {
    pub(super) fn moved(self, by: usize) -> Held {
        Held {
            start: self.start - by,
            pieces: self.pieces.into_iter().map(|piece| piece.moved(|at| at - by)).collect(),
        }
    }
}

impl Scanner {
    /// Reads a key of the object that is being scanned.
    pub(super) fn read_key(&mut self, buffer: &[u8], pieces: &mut Vec<Piece>) {
        self.is_key_next = false;
        let key = buffer.get(self.text_start..self.at).unwrap_or_default();
        if key == CLICK_KEY {
            self.is_click = true;
            self.meet_click(pieces);
        } else if WRAPPER_KEYS.contains(&key) {
            self.wrapper_key = WrapperKey::AwaitsValue;
        } else if self.place != Place::Element {
            self.siblings.begin(key);
        }
    }

    /// The object is a click: from here on, nothing but its end matters.
    fn meet_click(&mut self, pieces: &mut Vec<Piece>) {
        match self.place {
            // The list is one of a click. All of it is its row.
            Place::Tail if let Some(held) = self.held.take() => self.start = held.start,
            // Too late, as the rows were handed on: what is left of the click is kept as it stands.
            Place::Tail => {
                self.end_answer();
                self.start = self.text_start - 1;
                self.parts = 0;
            }
            Place::Element => self.release_held(pieces),
            _ => {}
        }
        if self.place != Place::Element {
            self.siblings.take();
        }
        self.place = Place::Row;
    }

    /// A list of objects begins, at its first, under the key of an answer.
    pub(super) fn meet_list(&mut self, buffer: &[u8], pieces: &mut Vec<Piece>) {
        let follows_line = self.at > 0 && buffer[self.at - 1] == b'\n';
        match self.place {
            Place::Element if self.may_be_document => self.cut(self.start, pieces),
            // A row of the list, whatever it has.
            Place::Element => {}
            _ => {
                if self.place == Place::Object && self.parts == 0 {
                    self.held = Some(Held { start: self.start, pieces: Vec::new() });
                }
                self.depth -= 1;
                self.begin_rows(true, follows_line);
            }
        }
    }

    /// The object is an answer, or must be taken for one.
    pub(super) fn release_held(&mut self, pieces: &mut Vec<Piece>) {
        if let Some(held) = self.held.take() {
            pieces.extend(held.pieces);
        }
    }
}
