//! What no column holds: a JSON object of path -> value, as text.

use std::sync::Arc;

use super::scalar::Token;

/// So many values without a column are taken from one row: each takes many times the memory of its source.
pub(super) const LEFTOVERS_MAX: usize = 1 << 16;

/// Values on their way to `extra`, with their paths.
#[derive(Default)]
pub(super) struct Leftovers<'a>(Vec<(String, &'a str)>);

impl<'a> Leftovers<'a> {
    pub(super) fn one(path: String, value: &'a str) -> Leftovers<'a> {
        Leftovers(vec![(path, value)])
    }

    pub(super) fn push(&mut self, path: String, value: &'a str) {
        self.0.push((path, value));
    }

    /// Takes no more than one past [`LEFTOVERS_MAX`], after which whoever reads must give up.
    pub(super) fn push_few(&mut self, path: impl FnOnce() -> String, value: &'a str) {
        if self.0.len() <= LEFTOVERS_MAX {
            self.push(path(), value);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(String, &'a str)> {
        self.0.iter()
    }

    /// What is left over, without what says that something is absent.
    pub(super) fn into_members(self) -> Vec<Member> {
        let present = self.0.into_iter().filter(|(_, value)| Token::read(value) != Token::Absent);
        present.map(|(path, value)| member(path, value)).collect()
    }
}

/// The path of a key under a prefix that is empty or ends with a dot. A key that is not a plain word is put in
/// brackets, so that paths are unambiguous.
pub(super) fn path_of(prefix: &str, key: &str) -> String {
    let is_plain =
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if is_plain {
        format!("{prefix}{key}")
    } else {
        // Text always serialises.
        let quoted = serde_json::to_string(key).unwrap_or_default();
        format!("{}[{quoted}]", prefix.strip_suffix('.').unwrap_or(prefix))
    }
}

/// A member of `extra`, ready to be written; cheap to share among the rows that have it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    path: Arc<str>,
    /// JSON text.
    value: Arc<str>,
}

/// Ends the name of a value that stands as its source text. Keys are bracketed where they hold a `#` themselves.
const SOURCE: &str = "#json";

impl Member {
    /// The path; that a column has the first value of it; that the value is a source text.
    fn parts(&self) -> (&str, bool, bool) {
        let unsourced = self.path.strip_suffix(SOURCE);
        let path = unsourced.unwrap_or(&self.path);
        let first = path.strip_suffix("#2");
        (first.unwrap_or(path), first.is_some(), unsourced.is_some())
    }
}

/// Makes a member of a value.
///
/// A value that JSON readers stumble over (a lone surrogate, 1e400) stands as its source text
/// under `path#json`.
fn member(path: String, raw: &str) -> Member {
    if is_portable(raw) {
        Member { path: path.into(), value: raw.into() }
    } else {
        // Text always serialises.
        let source = serde_json::to_string(raw).unwrap_or_default();
        Member { path: (path + SOURCE).into(), value: source.into() }
    }
}

fn is_portable(raw: &str) -> bool {
    const DIGITS_ALWAYS_FINITE: usize = 300;
    let is_plain_text = raw.starts_with('"') && !raw.contains('\\');
    let is_plain_number = raw.len() < DIGITS_ALWAYS_FINITE && raw.bytes().all(|byte| byte.is_ascii_digit());
    is_plain_text
        || is_plain_number
        || matches!(raw, "true" | "false")
        || serde_json::from_str::<serde_json::Value>(raw).is_ok()
}

/// The text of `extra`, sorted by name. The second and later values of one path stand under `path#2`, `path#3`; so do
/// those that came as `path#2`, because a column has the first.
pub(super) fn to_json(members: &mut [Member]) -> String {
    // Values of one path keep the order in which they came.
    members.sort_by(|a, b| (a.parts().0, a.parts().1).cmp(&(b.parts().0, b.parts().1)));
    let mut named: Vec<(String, &str)> = Vec::with_capacity(members.len());
    let (mut last, mut nth) = ("", 0);
    for member in members.iter() {
        let (path, is_later, is_source) = member.parts();
        nth = if path == last { nth + 1 } else { 1 + u32::from(is_later) };
        last = path;
        let number = if nth > 1 { format!("#{nth}") } else { String::new() };
        named.push((format!("{path}{number}{}", if is_source { SOURCE } else { "" }), &member.value));
    }
    named.sort_unstable();
    let mut text = String::from("{");
    for (index, (name, value)) in named.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        // Text always serialises.
        text.push_str(&serde_json::to_string(name).unwrap_or_default());
        text.push(':');
        text.push_str(value);
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_stays_readable() {
        let mut members = [
            member("b".into(), "1e400"),
            member("a".into(), r#""\ud800""#),
            member("c".into(), "123456789012345678901234567890"),
            member("c".into(), "[ 1 ]"),
        ];
        let text = to_json(&mut members);
        assert_eq!(text, r#"{"a#json":"\"\\ud800\"","b#json":"1e400","c":123456789012345678901234567890,"c#2":[ 1 ]}"#);
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
    }

    #[test]
    fn strange_keys_have_unambiguous_paths() {
        assert_eq!(path_of("relationship.", "new"), "relationship.new");
        assert_eq!(path_of("relationship.", "a.b"), "relationship[\"a.b\"]");
        assert_eq!(path_of("", ""), "[\"\"]");
    }
}
