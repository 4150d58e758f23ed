//! Finds where the next document begins behind one that was cut off.
//!
//! A document that follows a cut begins a line. Where no value may stand there, the one before was cut off for certain:
//! within a text, behind a value, where a key should be. Behind a colon, a comma or an opening bracket it could be a
//! value of the one before, and is a suspect until a key of a click or of an answer stands in it.

use super::keys::{CLICK_KEY, WRAPPER_KEYS};
use super::{Piece, Place, Scanner, Window};

/// So far behind its beginning, a suspect must have shown what it is: it is scanned twice.
const SUSPECT_BYTES_MAX: usize = 4096;

/// A value that may be a document.
#[derive(Debug)]
pub(super) struct Suspect {
    /// Where it begins.
    pub(super) at: usize,
    /// Brackets open around it.
    pub(super) depth: u32,
    /// How deep the keys are that tell.
    key_depth: u32,
}

impl Suspect {
    pub(super) fn is_fresh(&self, at: usize) -> bool {
        at <= self.at + SUSPECT_BYTES_MAX
    }

    pub(super) fn moved(self, by: usize) -> Option<Suspect> {
        Some(Suspect { at: self.at.checked_sub(by)?, ..self })
    }
}

impl Scanner {
    /// Passes the end of a line inside a value, unless a new document follows.
    pub(super) fn meet_line_end(&mut self, window: Window, pieces: &mut Vec<Piece>) {
        let next = self.at + 1;
        let Some(begins_document) = begins_document(&window, next) else {
            self.is_waiting = true;
            return;
        };
        if !begins_document {
            self.at = next;
            self.is_escaped = false;
        } else if self.is_in_text {
            self.cut(next, pieces);
        } else {
            match self.last_solid(window.bytes) {
                Some(b':' | b',' | b'[') | None => {
                    let key_depth = self.depth + if window.all[next] == b'[' { 2 } else { 1 };
                    if !self.suspect.as_ref().is_some_and(|suspect| suspect.is_fresh(next)) {
                        self.suspect = Some(Suspect { at: next, depth: self.depth, key_depth });
                    }
                    self.at = next;
                }
                Some(_) => self.cut(next, pieces),
            }
        }
    }

    /// The last byte that is no white space, where it is still known.
    fn last_solid(&self, buffer: &[u8]) -> Option<u8> {
        if self.place == Place::Tail {
            return Some(self.last_of_tail);
        }
        buffer[self.start..self.at].iter().rev().copied().find(|byte| !byte.is_ascii_whitespace())
    }

    /// Takes a text in a suspect.
    pub(super) fn read_text_of_suspect(&mut self, buffer: &[u8], pieces: &mut Vec<Piece>) {
        let Some(suspect) = self.suspect.as_ref().filter(|suspect| suspect.key_depth == self.depth) else { return };
        let (at, text) = (suspect.at, buffer.get(self.text_start..self.at).unwrap_or_default());
        if !suspect.is_fresh(self.at) || text != CLICK_KEY && !WRAPPER_KEYS.contains(&text) {
            return;
        }
        // Some print every value on a line of its own, without indentation: nothing can be told from lines then.
        let is_flat = self.place != Place::Tail && memchr::memmem::find(&buffer[self.start..at], b"\n\"").is_some();
        if is_flat {
            self.suspect = None;
        } else {
            self.cut(at, pieces);
        }
    }

    /// What is being scanned was cut off: a new document begins.
    pub(super) fn cut(&mut self, next: usize, pieces: &mut Vec<Piece>) {
        // Without the end of the line, so that quarantine keeps it once, wherever it stood.
        self.end_early(self.start.max(next.saturating_sub(1)), "cut off: the next line begins anew", pieces);
        self.at = next;
    }
}

/// True where that is `{` or `[`, and then what may follow it in a document; none where more bytes must tell.
fn begins_document(window: &Window, at: usize) -> Option<bool> {
    let follows = |byte: Option<&u8>, expected: &[u8]| match byte {
        Some(byte) => Some(byte.is_ascii_whitespace() || expected.contains(byte)),
        None => window.is_last.then_some(true),
    };
    match window.all.get(at) {
        Some(b'{') => follows(window.all.get(at + 1), b"\"}"),
        Some(b'[') => follows(window.all.get(at + 1), b"{]"),
        Some(_) => Some(false),
        None => window.is_last.then_some(false),
    }
}
