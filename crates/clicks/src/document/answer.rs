//! One whole answer of Everflow, read strictly: a body that is no answer is never taken for one without rows.

use std::ops::Range;

use super::scanner::{Piece, Scanner};
use super::{Structure, shown};

/// The rows of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// Where in the body each row is, in the answer's order. What is no click is for [`crate::typing`] to refuse.
    pub rows: Vec<Range<usize>>,
    /// The words of an error that the answer declares beside its rows.
    pub error: Option<String>,
    /// The answer says itself that rows are missing (`incomplete_results`).
    pub is_declared_incomplete: bool,
    /// Keys beside the list whose meaning is not known, by name.
    pub other_keys: Vec<String>,
}

impl Answer {
    /// True where nothing in the answer says that rows are missing. How many rows it may have, it does not say.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.error.is_none() && !self.is_declared_incomplete
    }
}

/// Why a body is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAnswer {
    /// An object that says so itself, with its words. Asking again may help, or not: the words tell.
    #[error("Everflow answered with an error: {words}")]
    Error {
        /// What it says.
        words: String,
    },
    /// A page, a text, an object without rows, nothing at all.
    #[error("not an answer of Everflow: {words}")]
    Other {
        /// What it is.
        words: String,
    },
    /// It ends early, or its brackets do not match.
    #[error("the answer is torn: {words}")]
    Torn {
        /// Where.
        words: String,
    },
}

/// Finds the rows of a body that must be one answer: `{"clicks":[...]}`, `{"table":[...]}`, an array, or one bare row.
///
/// A list that is null or empty is an answer without rows.
///
/// # Errors
/// Says what the body is instead.
pub fn read_answer(body: &[u8]) -> Result<Answer, NotAnAnswer> {
    let mark = if body.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let beginning = body[mark..].trim_ascii_start();
    match beginning {
        [b'{' | b'[', ..] => {}
        [] => return Err(NotAnAnswer::Other { words: "it is empty".to_owned() }),
        _ => return Err(NotAnAnswer::Other { words: format!("it begins with {}", shown(beginning)) }),
    }
    let offset = body.len() - beginning.len();
    let mut scanner = Scanner::default();
    let mut pieces = Vec::new();
    scanner.scan(beginning, true, &mut pieces);
    scanner.finish(beginning.len(), &mut pieces);
    let documents = scanner.documents();
    let Structure { answers, is_cut_off, error, is_declared_incomplete, other_keys, .. } = scanner.take_structure();
    if is_cut_off {
        return Err(NotAnAnswer::Torn { words: format!("it is cut off, after {} bytes", body.len()) });
    }
    let mut rows = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match piece {
            Piece::Row(range) => rows.push(range.start + offset..range.end + offset),
            Piece::Broken(broken) => {
                let words = format!("{} at byte {}", broken.reason, broken.range.start + offset);
                return Err(NotAnAnswer::Torn { words });
            }
        }
    }
    if documents > 1 {
        return Err(NotAnAnswer::Torn { words: "something follows its end".to_owned() });
    }
    if answers == 0 && !scanner.was_click() {
        return Err(match error {
            Some(words) => NotAnAnswer::Error { words },
            None => NotAnAnswer::Other {
                words: format!("an object with neither rows nor a transaction_id: {}", shown(beginning)),
            },
        });
    }
    Ok(Answer { rows, error, is_declared_incomplete, other_keys: other_keys.into_iter().collect() })
}
