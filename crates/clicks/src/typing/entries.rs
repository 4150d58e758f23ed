//! Reads JSON of any form, with the library: whatever [`super::plain`] does not take.

use std::borrow::Cow;

use super::Rejected;

/// A row nested deeper is not typed. Everflow's rows have four levels; the parser recurses, and takes 30 kB of stack for
/// each level in a build that is not optimised.
pub const DEPTH_MAX: usize = 32;

/// Calls with each key and the source text of its value.
pub(super) fn each_entry<'a>(object: &'a str, mut entry: impl FnMut(Cow<'a, str>, &'a str)) -> Result<(), String> {
    let mut last_end = None;
    for item in sonic_rs::to_object_iter(object) {
        let (key, value) = item.map_err(|error| syntax_error(&error))?;
        let raw = match value.as_raw_cow() {
            Cow::Borrowed(raw) => raw,
            Cow::Owned(_) => return Err("a value that cannot be borrowed".to_owned()),
        };
        entry(key, raw);
        last_end = Some(raw.as_ptr() as usize + raw.len() - object.as_ptr() as usize);
    }
    // The iterator stops at the closing brace: nothing but that may follow the last value.
    let rest = match last_end {
        Some(end) => object[end..].trim_ascii(),
        None => object.trim_ascii().strip_prefix('{').unwrap_or_default().trim_ascii_start(),
    };
    if rest == "}" { Ok(()) } else { Err("something follows the end of the object".to_owned()) }
}

/// The first line of a parser's message: the rest repeats the row.
fn syntax_error(error: &sonic_rs::Error) -> String {
    let text = error.to_string();
    format!("not valid JSON: {}", text.lines().next().unwrap_or_default())
}

/// Refuses nesting that would exhaust the stack of whoever reads it.
pub(super) fn check_depth(row: &str) -> Result<(), Rejected> {
    let opened = memchr::memchr2_iter(b'{', b'[', row.as_bytes()).count();
    if opened <= DEPTH_MAX {
        return Ok(());
    }
    let (mut depth, mut is_in_text, mut is_escaped) = (0_usize, false, false);
    for byte in row.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_in_text => is_escaped = true,
            b'"' => is_in_text = !is_in_text,
            _ if is_in_text => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(Rejected::new("", format!("nested deeper than {DEPTH_MAX} levels")));
        }
    }
    Ok(())
}
