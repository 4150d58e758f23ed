//! One JSON value, as its source text, to the value a column holds; or none, where the column cannot hold it exactly.
//!
//! Lenient where Everflow's types are known to vary (`everflow-api.md`): numbers in text, text in numbers, 0 and 1 for
//! flags, integers for money. Strict elsewhere: what does not fit goes to `extra` as it came.

use std::borrow::Cow;

use crate::schema::{MONEY_PRECISION, MONEY_SCALE};

/// A JSON value by its form. Absent is `null`, `""`, and a container without content: all mean the same to Everflow.
#[derive(Debug, PartialEq)]
pub(super) enum Token<'a> {
    Absent,
    Text(Cow<'a, str>),
    /// Text that is not Unicode: a lone surrogate.
    BrokenText,
    Number(&'a str),
    Flag(bool),
    Container(&'a str),
}

impl<'a> Token<'a> {
    /// Reads the source text of a value that a JSON parser has accepted.
    pub(super) fn read(raw: &'a str) -> Token<'a> {
        match raw.as_bytes() {
            [] | [b'n', ..] | [b'"', b'"'] => Token::Absent,
            [b'"', inner @ .., b'"'] => match memchr::memchr(b'\\', inner) {
                None => Token::Text(Cow::Borrowed(&raw[1..raw.len() - 1])),
                Some(_) => match serde_json::from_str::<String>(raw) {
                    Ok(text) => Token::Text(Cow::Owned(text)),
                    Err(_) => Token::BrokenText,
                },
            },
            [b't', ..] => Token::Flag(true),
            [b'f', ..] => Token::Flag(false),
            [b'{' | b'[', inner @ .., b'}' | b']'] if inner.trim_ascii().is_empty() => Token::Absent,
            [b'{' | b'[', ..] => Token::Container(raw),
            _ => Token::Number(raw),
        }
    }

    /// As [`Token::read`], of a value that is known to be no container, and to have no escapes.
    pub(super) fn of_plain(raw: &'a str) -> Token<'a> {
        match raw.as_bytes() {
            [] | [b'n', ..] | [b'"', b'"'] => Token::Absent,
            [b'"', ..] => Token::Text(Cow::Borrowed(raw.get(1..raw.len() - 1).unwrap_or_default())),
            [b't', ..] => Token::Flag(true),
            [b'f', ..] => Token::Flag(false),
            _ => Token::Number(raw),
        }
    }

    /// The text of a number or of text, both of which can stand for either.
    fn as_written(&self) -> Option<&str> {
        match self {
            Token::Text(text) => Some(text),
            Token::Number(number) => Some(number),
            _ => None,
        }
    }

    pub(super) fn to_text(&self) -> Option<&str> {
        self.as_written()
    }

    /// An integer in its one canonical spelling: `007` and `5.0` are something else.
    pub(super) fn to_integer(&self) -> Option<i64> {
        const DIGITS_ALWAYS_FITTING: usize = 18;
        let text = self.as_written()?;
        let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
        if let [b'1'..=b'9', ..] = digits
            && digits.len() == text.len()
            && digits.len() <= DIGITS_ALWAYS_FITTING
        {
            return digits
                .iter()
                .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')));
        }
        let canonical = match digits {
            [b'0'] => digits.len() == text.len(),
            [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
            _ => false,
        };
        if canonical { text.parse().ok() } else { None }
    }

    pub(super) fn to_flag(&self) -> Option<bool> {
        match (self, self.as_written()) {
            (Token::Flag(flag), _) => Some(*flag),
            (_, Some("0")) => Some(false),
            (_, Some("1")) => Some(true),
            _ => None,
        }
    }

    pub(super) fn to_money(&self) -> Option<i128> {
        parse_money(self.as_written()?)
    }

    /// A float that says the same number as the text: its shortest spelling, or at most 15 digits, which always survive
    /// (but not below the smallest normal number).
    pub(super) fn to_score(&self) -> Option<f64> {
        let text = self.as_written()?;
        if !text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E')) {
            return None;
        }
        let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
        let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
        // Zeros at either end are no digits of the number's.
        let significant = mantissa.trim_start_matches(['-', '0', '.']).trim_end_matches(['0', '.']);
        let digits = significant.bytes().filter(u8::is_ascii_digit).count();
        let is_exact = match digits {
            0 => true,
            1..=15 => value.is_normal(),
            _ => value.to_string() == text,
        };
        is_exact.then_some(value)
    }
}

/// A decimal number as a count of millionths; none where it has finer digits, or more than fit.
fn parse_money(text: &str) -> Option<i128> {
    if text == "0" {
        return Some(0);
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() || mantissa.ends_with('.') {
        return None;
    }
    let mut digits: i128 = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        if !byte.is_ascii_digit() {
            return None;
        }
        digits = digits.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
    }
    let shift = i64::from(MONEY_SCALE) + i64::from(exponent) - i64::try_from(fraction.len()).ok()?;
    let value = shifted(digits, shift)?;
    let limit = 10_i128.pow(u32::from(MONEY_PRECISION));
    (value < limit).then_some(if negative { -value } else { value })
}

/// `digits * 10^shift`, where that is a whole number that fits.
fn shifted(digits: i128, shift: i64) -> Option<i128> {
    if digits == 0 {
        return Some(0);
    }
    let power = 10_i128.checked_pow(u32::try_from(shift.unsigned_abs()).ok()?)?;
    if shift >= 0 { digits.checked_mul(power) } else { (digits % power == 0).then_some(digits / power) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(raw: &str) -> Option<i128> {
        Token::read(raw).to_money()
    }

    #[test]
    fn money_is_exact_or_not_at_all() {
        assert_eq!(money("0"), Some(0));
        assert_eq!(money("12"), Some(12_000_000));
        assert_eq!(money("0.125"), Some(125_000));
        assert_eq!(money("-1.5"), Some(-1_500_000));
        assert_eq!(money("\"2.50\""), Some(2_500_000));
        assert_eq!(money("1e-3"), Some(1_000));
        assert_eq!(money("1.5E2"), Some(150_000_000));
        assert_eq!(money("0.1234560"), Some(123_456));
        assert_eq!(money("999999999999.999999"), Some(999_999_999_999_999_999));
        for not in ["0.123456789", "1000000000000", "1e400", "\"abc\"", "\"1.\"", "\".5\"", "true", "1e-400", "\"1 \""]
        {
            assert_eq!(money(not), None, "{not}");
        }
        assert_eq!(money("0e-400"), Some(0));
    }

    #[test]
    fn integers_have_one_spelling() {
        let integer = |raw| Token::read(raw).to_integer();
        assert_eq!(integer("5"), Some(5));
        assert_eq!(integer("\"-5\""), Some(-5));
        assert_eq!(integer("9223372036854775807"), Some(i64::MAX));
        for not in ["9223372036854775808", "5.0", "1e3", "\"007\"", "\"+5\"", "-0", "\"\"", "true", "\"5 \""] {
            assert_eq!(integer(not), None, "{not}");
        }
    }

    #[test]
    fn flags_accept_zero_and_one() {
        let flag = |raw| Token::read(raw).to_flag();
        assert_eq!(
            [flag("true"), flag("0"), flag("1"), flag("\"1\"")],
            [Some(true), Some(false), Some(true), Some(true)]
        );
        assert_eq!([flag("2"), flag("\"yes\""), flag("1.0")], [None; 3]);
    }

    #[test]
    fn scores_survive_or_stay_text() {
        let score = |raw| Token::read(raw).to_score();
        assert_eq!(score("\"0\""), Some(0.0));
        assert_eq!(score("\"97.25\""), Some(97.25));
        assert_eq!(score("1000000000.381280"), Some(1_000_000_000.381_28));
        assert_eq!(score("10000000000000000000"), Some(1e19));
        assert_eq!(score("0.30000000000000004"), Some(0.30000000000000004));
        for not in ["1e400", "0.1234567890123456789", "\"inf\"", "\"nan\"", "1e-400", "\"0x1\""] {
            assert_eq!(score(not), None, "{not}");
        }
    }

    #[test]
    fn absence_has_many_spellings() {
        for raw in ["null", "\"\"", "{}", "[]", "{ \n }"] {
            assert_eq!(Token::read(raw), Token::Absent, "{raw}");
        }
        assert_eq!(Token::read("\"\\ud800\""), Token::BrokenText);
        assert_eq!(Token::read("\"\\u0000\"").to_text(), Some("\0"));
    }
}
