//! Reads JSON of the plain form in which Everflow writes nearly every row: no escapes, and objects where they belong.
//!
//! Accepts a strict part of what the library accepts, and says nothing about the rest: whatever is not plain here is
//! left to the library, which also words the errors. A property test holds both against each other. It exists because
//! finding the ends of values is most of the work of landing, and a general parser takes several times as long for it.

use super::keys::{Found, Keys, Target};

/// A member of an object whose keys are known.
pub(super) enum Member<'a> {
    /// The value of the column at this position.
    Value(usize, &'a str),
    /// The cursor is at an object, which is left to whoever asked.
    Nested(Target),
    /// The cursor is at the value of a key that is not known.
    Unknown(&'a str),
}

/// A place in plain JSON.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Cursor<'a> {
        Cursor { text, at: 0 }
    }

    /// What is still to be read.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Moves on over text that is known.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// The next byte that is no white space.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Moves over this byte, if it is next.
    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Reads an object; each value is left to `value`, which is called with the cursor at it.
    pub(super) fn object(&mut self, mut value: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.members(|cursor| {
            let name = cursor.key()?;
            value(cursor, name)
        })
    }

    /// As [`Cursor::object`], for an object whose keys are mostly known, mostly in the order of the last one, and mostly with
    /// the values that they had there: such a member is compared as a whole, rather than read. None where a key comes
    /// again.
    pub(super) fn known_object(
        &mut self,
        keys: &mut Keys,
        mut take: impl FnMut(&mut Self, Member<'a>) -> Option<()>,
    ) -> Option<()> {
        keys.begin();
        self.members(|cursor| {
            cursor.peek()?;
            let rest = cursor.rest();
            let (expected, value_at) = keys.expected();
            let length = expected.len();
            let is_same = value_at < length
                && rest.starts_with(expected)
                && matches!(rest.as_bytes().get(length), Some(b',' | b'}'));
            if !is_same && !rest.starts_with(&expected[..value_at]) {
                let name = cursor.key()?;
                return match keys.find(name) {
                    Found::Known(target) => cursor.known_member(keys, target, &mut take),
                    Found::Unknown => take(cursor, Member::Unknown(name)),
                    Found::Again => None,
                };
            }
            let Found::Known(target) = keys.take_expected() else { return None };
            match target {
                Target::Column(index) if is_same => {
                    cursor.skip(length);
                    take(cursor, Member::Value(index, rest.get(value_at..length)?))
                }
                target => {
                    cursor.skip(value_at);
                    cursor.known_member(keys, target, &mut take)
                }
            }
        })
    }

    fn known_member(
        &mut self,
        keys: &mut Keys,
        target: Target,
        take: &mut impl FnMut(&mut Self, Member<'a>) -> Option<()>,
    ) -> Option<()> {
        let Target::Column(index) = target else { return take(self, Member::Nested(target)) };
        let value = self.scalar()?;
        keys.remember(value);
        take(self, Member::Value(index, value))
    }

    fn members(&mut self, mut member: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.eat(b'{')?;
        if self.peek()? == b'}' {
            return self.eat(b'}');
        }
        loop {
            member(self)?;
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    fn key(&mut self) -> Option<&'a str> {
        self.eat(b'"')?;
        let start = self.at;
        self.end_of_text()?;
        let name = self.text.get(start..self.at - 1)?;
        self.eat(b':')?;
        Some(name)
    }

    /// The source text of a text, a number, or a word.
    pub(super) fn scalar(&mut self) -> Option<&'a str> {
        let first = self.peek()?;
        let start = self.at;
        match first {
            b'"' if self.text.as_bytes().get(start + 1) == Some(&b'"') => self.at += 2,
            b'"' => {
                self.at += 1;
                self.end_of_text()?;
            }
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'n' => self.word("null")?,
            _ => return None,
        }
        self.text.get(start..self.at)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.rest().starts_with(word).then(|| self.at += word.len())
    }

    fn number(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let digits = |mut at: usize| {
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            at
        };
        let start = self.at + usize::from(bytes.get(self.at) == Some(&b'-'));
        let mut end = digits(start);
        if end == start || (bytes[start] == b'0' && end > start + 1) {
            return None;
        }
        if bytes.get(end) == Some(&b'.') {
            let fraction = end + 1;
            end = digits(fraction);
            if end == fraction {
                return None;
            }
        }
        // Exponents are rare enough to be left to the library.
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            return None;
        }
        self.at = end;
        Some(())
    }

    /// Moves behind the quote that ends a text; none where something in it is not plain.
    fn end_of_text(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        while let Some(chunk) = bytes.get(self.at..self.at + 8).and_then(|chunk| <[u8; 8]>::try_from(chunk).ok()) {
            let special = special_bytes(u64::from_le_bytes(chunk));
            if special != 0 {
                self.at += (special.trailing_zeros() / 8) as usize;
                return self.eat_quote();
            }
            self.at += 8;
        }
        while bytes.get(self.at).is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)) {
            self.at += 1;
        }
        self.eat_quote()
    }

    fn eat_quote(&mut self) -> Option<()> {
        (self.text.as_bytes().get(self.at) == Some(&b'"')).then(|| self.at += 1)
    }

    /// True where nothing but white space follows.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }
}

/// Sets the high bit of the first byte that is a quote, a backslash or a control character; of those after it as well,
/// perhaps of others too. (Mycroft's test for a zero byte, and its form for bytes below a bound.)
fn special_bytes(chunk: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    let below = |chunk: u64, bound: u8| chunk.wrapping_sub(ONES * u64::from(bound)) & !chunk & HIGH;
    let is = |byte: u8| below(chunk ^ (ONES * u64::from(byte)), 1);
    is(b'"') | is(b'\\') | below(chunk, 0x20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(text: &str) -> bool {
        let mut cursor = Cursor::new(text);
        cursor.object(|cursor, _| cursor.scalar().map(drop)).is_some() && cursor.is_at_end()
    }

    #[test]
    fn leaves_what_is_not_plain_to_the_library() {
        for text in [r"{}", r#"{ "a" : "b" , "c":-1.50,"d":null }"#, "{\"a\":\"ä€𝄞\"}\n", r#"{"a":true,"b":0}"#] {
            assert!(plain(text), "{text}");
        }
        for text in [
            r#"{"a":"\n"}"#,
            "{\"a\":\"\n\"}",
            r#"{"a":[]}"#,
            r#"{"a":{}}"#,
            r#"{"a":01}"#,
            r#"{"a":1e3}"#,
            r#"{"a":-}"#,
            r#"{"a":1.}"#,
            r#"{"a":1,}"#,
            r#"{"a"}"#,
            r#"{"a":tru}"#,
            r#"{"a":1} x"#,
            r#"{"a":"b"#,
            r#"{"a":+1}"#,
            "",
            "{",
        ] {
            assert!(!plain(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn special_bytes_are_found_where_they_are(bytes in prop::array::uniform8(prop_oneof![any::<u8>(), 0x1eu8..0x24, 0x5bu8..0x5e])) {
            let expected = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
            let special = special_bytes(u64::from_le_bytes(bytes));
            let found = (special != 0).then(|| (special.trailing_zeros() / 8) as usize);
            prop_assert_eq!(found, expected);
        }

        /// Whatever is plain is JSON.
        #[test]
        fn accepts_nothing_that_is_not_json(text in r#"\{("[a-c"\\ ]{0,9}"?[:,]?(-?[0-9.]{0,4}|"[^"]{0,12}"|true|null)[,]?){0,4}\}?"#) {
            if plain(&text) {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{}", text);
            }
        }
    }
}
