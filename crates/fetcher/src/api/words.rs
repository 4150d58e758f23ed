//! What a server says, made fit to be shown: short, visible, without the key.

use serde_json::Value;

use super::key::ApiKey;

/// So many characters of the server's words are shown.
const CHARACTERS_MAX: usize = 200;
/// So many bytes of an error's body are looked at.
pub(super) const ERROR_BODY_BYTES_MAX: usize = 64 << 10;

/// The words of an answer that is no good: of `{"error"}`, `{"Error"}` or `{"message"}`, else the beginning of the text.
pub(super) fn words_of(body: &[u8], key: &ApiKey) -> String {
    let body = match body.len() {
        // Cut inside the key, its beginning would not be found.
        length if length >= ERROR_BODY_BYTES_MAX => &body[..ERROR_BODY_BYTES_MAX - key.length().min(length)],
        _ => body,
    };
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => {
            let said = ["error", "Error", "message", "Message"].iter().find_map(|name| value.get(name));
            match said {
                Some(Value::String(text)) => visible(text, key),
                Some(other) => visible(&other.to_string(), key),
                None => visible(&value.to_string(), key),
            }
        }
        Err(_) => visible(&String::from_utf8_lossy(body), key),
    }
}

/// Some text from outside on one line: the key redacted, white space and control characters folded, then cut.
pub(super) fn visible(text: &str, key: &ApiKey) -> String {
    // Redacted after control characters are gone, which would otherwise hide a key from redaction, and before the cut.
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| word.chars().filter(|character| !is_invisible(*character)).collect::<String>())
        .filter(|word| !word.is_empty())
        .collect();
    let text = key.redact(&words.join(" "));
    if text.is_empty() {
        return "nothing".to_owned();
    }
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Control characters, and those that change the direction or hide the rest of a line in a terminal.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{00ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffd}')
}

/// The words of `{"Error": ...}` or `{"error": ...}`, which come with status 200 as well.
pub(super) fn refusal_in(body: &[u8]) -> Option<String> {
    let body = body.get(..ERROR_BODY_BYTES_MAX).unwrap_or(body);
    let value: Value = serde_json::from_slice(body).ok()?;
    let said = value.get("error").or_else(|| value.get("Error"))?;
    Some(said.as_str().map_or_else(|| said.to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "s3cret-k3y";

    fn key() -> ApiKey {
        ApiKey::load(None, Some(SECRET.into())).unwrap().key
    }

    #[test]
    fn the_servers_words_are_found() {
        let cases: [(&[u8], &str); 8] = [
            (br#"{"error":"Out of realm"}"#, "Out of realm"),
            (br#"{"Error":"No Authentication Method Found"}"#, "No Authentication Method Found"),
            (br#"{"message":"slow down"}"#, "slow down"),
            (br#"{"error":{"code":7}}"#, r#"{"code":7}"#),
            (br#"{"status":"bad"}"#, r#"{"status":"bad"}"#),
            (b"<html>\n  <h1>502</h1>\n</html>", "<html> <h1>502</h1> </html>"),
            (b"", "nothing"),
            (b"\xff\xfe\x00", "nothing"),
        ];
        for (body, expected) in cases {
            assert_eq!(words_of(body, &key()), expected);
        }
    }

    #[test]
    fn a_terminal_is_not_steered_and_nobody_is_flooded() {
        let text = format!("\u{1b}[2J\u{202e}evil\r\n{}", "x ".repeat(1000));
        let shown = visible(&text, &key());
        assert!(shown.starts_with("[2Jevil x x"), "{shown}");
        assert_eq!(shown.chars().count(), CHARACTERS_MAX + 1);
    }

    #[test]
    fn the_key_is_found_in_every_disguise() {
        let escaped: String = SECRET.chars().map(|character| format!("\\u{:04x}", u32::from(character))).collect();
        let cut_within = format!("{}{SECRET}", " ".repeat(ERROR_BODY_BYTES_MAX - 5));
        let bodies = [
            format!(r#"{{"error":"bad key {SECRET}"}}"#),
            format!(r#"{{"error":"bad key {escaped}"}}"#),
            format!("bad key {}", SECRET.to_uppercase()),
            "bad key s3cr\u{0}et-k\u{200b}3y".to_owned(),
            format!("{}{SECRET}", "x".repeat(CHARACTERS_MAX - 4)),
            cut_within[..ERROR_BODY_BYTES_MAX].to_owned(),
        ];
        for body in bodies {
            let words = words_of(body.as_bytes(), &key());
            assert!(!words.to_lowercase().contains("s3c"), "{words}");
        }
        let words = words_of(b"bad key s3cret\xff-k3y", &key());
        assert!(!words.contains("s3cret"), "{words}");
    }
}
