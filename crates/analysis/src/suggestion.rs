//! What somebody who mistyped a name probably meant.

/// The name most like `wanted`, whatever the case, if any is near enough to be a slip of the hand.
pub(crate) fn closest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    /// Jaro-Winkler similarity below which two names are strangers.
    const NEAR: f64 = 0.78;
    let wanted = wanted.to_lowercase();
    names
        .map(|name| (strsim::jaro_winkler(&wanted, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}
