//! What no column holds: a JSON object of path -> value, as text.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

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

/// The text of `extra`, sorted by path.
///
/// A value that JSON readers stumble over (a lone surrogate, 1e400, nesting deeper than 127) stands as its source text
/// under `path#json`. The second and later values of a key that a row holds twice stand under `path#2`, `path#3`.
pub(super) fn to_json(leftovers: &Leftovers) -> String {
    let mut values: BTreeMap<String, Box<RawValue>> = BTreeMap::new();
    for (path, raw) in leftovers {
        let is_portable = serde_json::from_str::<serde_json::Value>(raw).is_ok();
        let (path, value) = if is_portable {
            (path.clone(), RawValue::from_string((*raw).to_owned()))
        } else {
            (format!("{path}#json"), serde_json::value::to_raw_value(raw))
        };
        let Ok(value) = value else { continue };
        let mut name = path.clone();
        let mut nth = 1;
        while values.contains_key(&name) {
            nth += 1;
            name = format!("{path}#{nth}");
        }
        values.insert(name, value);
    }
    // A map of text to JSON always serialises.
    serde_json::to_string(&values).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_stays_readable() {
        let leftovers: Leftovers = vec![
            ("b".into(), "1e400"),
            ("a".into(), r#""\ud800""#),
            ("c".into(), "123456789012345678901234567890"),
            ("c".into(), "[ 1 ]"),
        ];
        let text = to_json(&leftovers);
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
