//! Reasons in words that an affiliate manager can repeat.

use super::evidence::Evidence;
use super::families::{Against, Family};
use super::matrix::{Kind, SignalMatrix};

/// A figure of a piece of evidence in words.
type Figure = fn(&Evidence, Kind) -> String;

/// What stands for figures in the sentence of a signal, and how they are written.
const FIGURES: [(&str, Figure); 11] = [
    ("{observed}", |evidence, kind| value(evidence.observed, kind)),
    ("{expected}", |evidence, kind| value(evidence.expected, kind)),
    ("{observed_percent}", |evidence, _| percent(evidence.observed)),
    ("{expected_percent}", |evidence, _| percent(evidence.expected)),
    ("{observed_alike}", |evidence, _| alike(evidence.observed)),
    ("{expected_alike}", |evidence, _| alike(evidence.expected)),
    ("{n}", |evidence, _| whole(evidence.n)),
    ("{x}", |evidence, kind| if kind == Kind::Rate { whole(evidence.x) } else { significant(evidence.x) }),
    ("{lift}", |evidence, _| evidence.lift().map_or_else(|| "many".to_owned(), significant)),
    ("{p}", |evidence, _| probability(evidence.p)),
    ("{z}", |evidence, _| evidence.z.map(significant).unwrap_or_default()),
];

/// The names of the figures, in braces.
pub fn placeholders() -> impl Iterator<Item = &'static str> {
    FIGURES.iter().map(|(name, _)| *name)
}

/// The first thing in braces that stands for no figure.
#[must_use]
pub fn unknown_placeholder(sentence: &str) -> Option<&str> {
    let mut braced = sentence.match_indices('{').filter_map(|(start, _)| {
        let length = sentence[start..].find('}')? + 1;
        Some(&sentence[start..start + length])
    });
    braced.find(|braced| !placeholders().any(|name| name == *braced))
}

/// The sentence for a family: its signal's template with the figures filled in.
pub(super) fn sentence(matrix: &SignalMatrix, family: &Family) -> String {
    let Some(signal) = matrix.signals().get(family.strongest.signal) else { return String::new() };
    let evidence = &family.strongest.evidence;
    let sentence = FIGURES
        .iter()
        .fold(signal.reason.clone(), |text, (name, figure)| text.replace(name, &figure(evidence, signal.kind)));
    match family.strongest.against {
        Against::Peers => sentence,
        Against::Own => format!("{sentence} (expected from its own earlier days)"),
    }
}

/// A rate as percent, any other number as it is.
fn value(value: f64, kind: Kind) -> String {
    match kind {
        Kind::Rate => percent(value),
        Kind::Shape => significant(value),
    }
}

/// `12.3 %`, with three significant digits.
fn percent(share: f64) -> String {
    format!("{} %", significant(100.0 * share))
}

/// How many of equal size are as concentrated: the inverse of a sum of squared shares (Hill number of order 2: Hill, Ecology
/// 54, 1973).
fn alike(concentration: f64) -> String {
    if concentration > 0.0 { significant(1.0 / concentration) } else { "very many".to_owned() }
}

/// Three significant digits, without an exponent where people would not write one.
fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let magnitude = value.abs().log10().floor();
    if magnitude >= 3.0 {
        return whole(value.round());
    }
    if magnitude < -6.0 {
        return format!("{value:.1e}");
    }
    let places = (2.0 - magnitude).max(0.0) as usize;
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn probability(p: f64) -> String {
    if p < 1e-12 {
        "less than 1e-12".to_owned()
    } else if p < 1e-3 {
        format!("{p:.0e}")
    } else {
        significant(p)
    }
}

/// `1,234,567`.
fn whole(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let grouped: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    format!("{}{}", if value < 0.0 { "-" } else { "" }, grouped.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        let cases = [
            (0.0, "0"),
            (0.123_456, "0.123"),
            (12.3, "12.3"),
            (12.0, "12"),
            (100.0, "100"),
            (1_234.5, "1,235"),
            (1e-9, "1.0e-9"),
            (0.000_123, "0.000123"),
            (-3.456, "-3.46"),
            (999.9, "1000"),
        ];
        for (value, expected) in cases {
            assert_eq!(significant(value), expected);
        }
        assert_eq!([percent(0.5), percent(0.012_34)], ["50 %", "1.23 %"]);
        assert_eq!(unknown_placeholder("{observed} of {n}, p {p"), None);
        assert_eq!(unknown_placeholder("{observed} of {clicks}"), Some("{clicks}"));
        assert_eq!([alike(0.25), alike(0.0), alike(1.0)], ["4", "very many", "1"]);
        assert_eq!([whole(1_234_567.0), whole(-12.0), whole(999.0)], ["1,234,567", "-12", "999"]);
        assert_eq!([probability(1e-30), probability(2e-5), probability(0.25)], ["less than 1e-12", "2e-5", "0.25"]);
    }
}
