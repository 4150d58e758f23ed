//! Text by strangers, made harmless for a terminal.
//!
//! Sub ids, referers and user agents are written by whoever clicks. Escape sequences in them could recolour, hide or
//! retitle a terminal, line breaks could fake rows, and right-to-left overrides could show one thing and mean another.
//! Here they become visible escapes in the notation of Rust: `\n`, `\u{1b}`, `\u{202e}`.

use std::fmt::Write;

/// True for characters that act instead of showing: control characters, line and paragraph separators, direction
/// marks and overrides, and invisible characters that make two texts look alike. Joiners of emoji and scripts are not.
pub(super) fn acts(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Appends `text` to `out`, with what [`acts`] escaped.
pub(crate) fn push(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if acts(character) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "{}", character.escape_unicode());
            }
            _ => out.push(character),
        }
    }
}

/// JSON with what [`acts`] escaped in its strings, which are the same to whoever parses it.
pub(crate) fn inert_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        // Below, only the line breaks between values are left; JSON escapes the rest.
        if character >= '\u{7f}' && acts(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    out
}

/// The columns a text takes on a terminal: two for East Asian wide characters and most emoji, none for combining marks.
///
/// The ranges are the large blocks of Unicode's East Asian Width and of combining marks; a rare character may be a
/// column off, which misaligns its row and harms nothing.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(character_columns).sum()
}

pub(super) fn character_columns(character: char) -> usize {
    match character {
        ' '..='\u{2ff}' => 1,
        '\u{300}'..='\u{36f}'
        | '\u{483}'..='\u{489}'
        | '\u{591}'..='\u{5bd}'
        | '\u{64b}'..='\u{65f}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{200b}'..='\u{200f}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}'
        | '\u{e0100}'..='\u{e01ef}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f900}'..='\u{1f9ff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_shown_and_what_shows_is_kept() {
        let cases = [
            ("\u{1b}[31mred\u{1b}]0;title\u{7}", "\\u{1b}[31mred\\u{1b}]0;title\\u{7}"),
            ("a\nb\r\tc\0", "a\\nb\\r\\tc\\u{0}"),
            ("\u{202e}fdp.exe\u{202c}", "\\u{202e}fdp.exe\\u{202c}"),
            ("\u{9b}31m\u{2028}\u{200b}", "\\u{9b}31m\\u{2028}\\u{200b}"),
            ("Müller 東京 👩‍👧 Ω \\ 'x'", "Müller 東京 👩‍👧 Ω \\ 'x'"),
        ];
        for (text, expected) in cases {
            let mut out = String::new();
            push(text, &mut out);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn widths_of_scripts() {
        assert_eq!(columns("abc"), 3);
        assert_eq!(columns("Müller"), 6);
        assert_eq!(columns("e\u{301}"), 1);
        assert_eq!(columns("東京"), 4);
        assert_eq!(columns("🚀"), 2);
    }
}
