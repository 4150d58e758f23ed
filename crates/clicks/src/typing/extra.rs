//! What no column holds: a JSON object of path -> value, as text.

use std::sync::Arc;

/// Values on their way to `extra`, with their paths.
pub(super) type Leftovers<'a> = Vec<(String, &'a str)>;

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

/// Makes a member of a value.
///
/// A value that JSON readers stumble over (a lone surrogate, 1e400, nesting deeper than 127) stands as its source text
/// under `path#json`.
pub(super) fn member(path: String, raw: &str) -> Member {
    if is_portable(raw) {
        Member { path: path.into(), value: raw.into() }
    } else {
        // Text always serialises.
        let source = serde_json::to_string(raw).unwrap_or_default();
        Member { path: format!("{path}#json").into(), value: source.into() }
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

/// The text of `extra`, sorted by path. The second and later values of one path stand under `path#2`, `path#3`.
pub(super) fn to_json(members: &mut [Member]) -> String {
    // Values of one path keep the order in which they came.
    members.sort_by(|a, b| a.path.cmp(&b.path));
    let mut text = String::from("{");
    let mut nth = 1;
    for (index, member) in members.iter().enumerate() {
        let is_repeated = index > 0 && members[index - 1].path == member.path;
        nth = if is_repeated { nth + 1 } else { 1 };
        let name = if is_repeated { format!("{}#{nth}", member.path) } else { member.path.to_string() };
        if index > 0 {
            text.push(',');
        }
        // Text always serialises.
        text.push_str(&serde_json::to_string(&name).unwrap_or_default());
        text.push(':');
        text.push_str(&member.value);
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
