//! What stands beside the list of an answer: no row, but it may say that the rows are not all.

use super::Structure;

/// Keys longer than this are not told apart.
pub(super) const KEY_BYTES_MAX: usize = 64;
/// As much of a value is kept as its words take.
const VALUE_BYTES_MAX: usize = 240;
/// So many names of other keys are kept.
const OTHERS_MAX: usize = 16;

/// The members of an object that may be an answer, but for its list.
#[derive(Debug, Default)]
pub(super) struct Siblings {
    said: Structure,
    reading: Option<Reading>,
}

#[derive(Debug)]
struct Reading {
    is_error: bool,
    value: Vec<u8>,
}

impl Siblings {
    /// Takes a key that is none of a list, with its closing quote; nothing for one whose bytes are gone.
    pub(super) fn begin(&mut self, key: &[u8]) {
        let name = key.strip_suffix(b"\"").filter(|name| name.len() < KEY_BYTES_MAX).unwrap_or(b"(a long key)");
        let (is_error, is_incomplete) = (declares_error(name), declares_incomplete(name));
        if is_error || is_incomplete {
            self.reading = Some(Reading { is_error, value: Vec::new() });
        } else if self.said.other_keys.len() < OTHERS_MAX {
            self.said.other_keys.insert(words_of(name));
        }
    }

    /// True where bytes of a value are wanted.
    pub(super) fn is_reading(&self) -> bool {
        self.reading.is_some()
    }

    /// Takes the next bytes of a value.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        if let Some(reading) = &mut self.reading {
            let room = VALUE_BYTES_MAX - reading.value.len();
            reading.value.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }

    /// The value has ended; what follows it may have been read, too.
    pub(super) fn end(&mut self) {
        let Some(Reading { is_error, value }) = self.reading.take() else { return };
        let value = value.trim_ascii().strip_prefix(b":").unwrap_or(&value).trim_ascii();
        if says_no(value) {
            return;
        }
        if is_error {
            self.said.error.get_or_insert_with(|| words_of(value));
        } else {
            self.said.is_declared_incomplete = true;
        }
    }

    /// What they say, once; they are empty then.
    pub(super) fn take(&mut self) -> Structure {
        self.end();
        std::mem::take(&mut self.said)
    }
}

/// `error`, `Error`, `errors`, `error_message`: one page and several clients spell it differently.
fn declares_error(name: &[u8]) -> bool {
    name.len() >= 5 && name[..5].eq_ignore_ascii_case(b"error")
}

/// Everflow documents `incomplete_results`; the others are what such a key is called elsewhere.
fn declares_incomplete(name: &[u8]) -> bool {
    let names: [&[u8]; 6] = [b"incomplete", b"truncated", b"is_truncated", b"partial", b"is_partial", b"has_more"];
    name.len() >= 10 && name[..10].eq_ignore_ascii_case(b"incomplete")
        || names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// True for the JSON of nothing, no, or zero.
fn says_no(value: &[u8]) -> bool {
    let solid: Vec<u8> = value.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    matches!(&solid[..], b"" | b"null" | b"false" | b"0" | b"\"\"" | b"[]" | b"{}" | b"\"false\"" | b"\"0\"")
}

/// A text without its quotes, or the JSON of anything else; never more than a line.
fn words_of(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let text = text.strip_prefix('"').unwrap_or(&text);
    let text = text.strip_suffix('"').unwrap_or(text);
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    words.join(" ")
}
