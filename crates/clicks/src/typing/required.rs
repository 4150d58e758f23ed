//! What a row must have to be a click.

use crate::schema::position;

use super::Rejected;
use super::extra::Leftovers;
use super::raw::RawRow;
use super::scalar::Token;

/// The last second of the year 9999, past which no calendar of the tools that read the lake goes.
const SECONDS_MAX: i64 = 253_402_300_799;

/// A click has an id, a time and an error code, each of them once.
pub(super) fn check_required(raw: &RawRow) -> Result<(), Rejected> {
    let value_of = |index: usize| {
        raw.values.iter().find(|(column, _)| *column == index).map_or(Token::Absent, |(_, value)| Token::read(value))
    };
    for key in ["transaction_id", "unix_timestamp", "error_code"] {
        if raw.leftovers.iter().any(|(path, _)| path.strip_suffix("#2") == Some(key)) {
            return Err(Rejected::new(key, "stands twice in the row"));
        }
    }
    let id = value_of(position::TRANSACTION_ID);
    if id == Token::Absent {
        let reason = if raw.values.is_empty() { no_click(&raw.leftovers) } else { "missing".to_owned() };
        return Err(Rejected::new("transaction_id", reason));
    }
    if id.to_text().is_none() {
        return Err(Rejected::new("transaction_id", "not text"));
    }
    check_time(&value_of(position::CLICK_TIME))?;
    match value_of(position::ERROR_CODE) {
        Token::Absent => Err(Rejected::new("error_code", "missing")),
        code if code.to_integer().is_some_and(|code| i32::try_from(code).is_ok()) => Ok(()),
        _ => Err(Rejected::new("error_code", "not a whole number of at most 32 bits")),
    }
}

/// What an object that has nothing of a click is, in the server's words where it has some.
fn no_click(leftovers: &Leftovers) -> String {
    const WORDS_MAX: usize = 200;
    let words = leftovers.iter().find(|(path, _)| matches!(path.as_str(), "Error" | "error" | "message"));
    let words = words.map(|(_, words)| words.chars().take(WORDS_MAX).collect::<String>());
    let words = words.map_or_else(String::new, |words| format!("; it says {words}"));
    format!("missing: neither a click nor an answer with clicks{words}")
}

fn check_time(token: &Token) -> Result<(), Rejected> {
    let reject = |reason: String| Err(Rejected::new("unix_timestamp", reason));
    if *token == Token::Absent {
        return reject("missing".to_owned());
    }
    match token.to_integer() {
        None => reject("not a whole number of seconds".to_owned()),
        Some(seconds) if seconds < 1 => reject(format!("{seconds} is not after 1970")),
        Some(seconds) if seconds > SECONDS_MAX => {
            reject(format!("{seconds} is past the year 9999; seconds are expected, these may be milliseconds"))
        }
        Some(_) => Ok(()),
    }
}
