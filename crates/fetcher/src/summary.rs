//! What a landing did, for a person and for a program.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytesize::ByteSize;
use clicks::landing::Folded;
use serde::Serialize;

/// What a landing did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// Rows that were found in the input.
    pub rows: u64,
    /// Clicks that the lake did not have.
    pub rows_new: u64,
    /// Clicks that the lake had in another version.
    pub rows_changed: u64,
    /// Clicks that the lake had just so.
    pub rows_unchanged: u64,
    /// Rows that repeat a transaction id of the input.
    pub rows_repeated: u64,
    /// Rows that could not be typed.
    pub rows_quarantined: u64,
    /// Of these, those that were not in quarantine before.
    pub rows_quarantined_new: u64,
    /// The first few reasons, with how often each occurred.
    pub quarantine_reasons: Vec<(String, u64)>,
    /// Values that no column holds.
    pub values_moved_to_extra: u64,
    /// Partitions that were written.
    pub partitions_written: u64,
    /// The range that is recorded as covered, if any.
    pub covered: Option<String>,
    /// What of the range asked for is not covered, and why.
    pub uncovered: Option<String>,
    /// Bytes read, before decompression.
    pub bytes_read: u64,
    /// Bytes of JSON, after decompression.
    pub bytes_json: u64,
    /// Time taken.
    pub seconds: f64,
    /// JSON bytes per second, in millions.
    pub megabytes_per_second: f64,
}

impl Summary {
    /// Takes in what became of some rows.
    pub fn add(&mut self, folded: Folded) {
        self.rows_new += folded.rows_new;
        self.rows_changed += folded.rows_changed;
        self.rows_unchanged += folded.rows_unchanged;
        self.rows_repeated += folded.rows_repeated;
        self.rows_quarantined_new += folded.rows_quarantined_new;
        self.partitions_written += folded.partitions_written;
    }

    /// Keeps the most frequent reasons.
    pub fn set_reasons(&mut self, reasons: BTreeMap<String, u64>) {
        const REASONS_SHOWN: usize = 5;
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by(|(a_text, a), (b_text, b)| b.cmp(a).then_with(|| a_text.cmp(b_text)));
        reasons.truncate(REASONS_SHOWN);
        self.quarantine_reasons = reasons;
    }

    /// Says how long it took.
    #[allow(clippy::cast_precision_loss, reason = "a rate needs no more than 52 bits")]
    pub fn set_time(&mut self, elapsed: std::time::Duration) {
        self.seconds = (elapsed.as_secs_f64() * 1e3).round() / 1e3;
        self.megabytes_per_second = (self.bytes_json as f64 / 1e4 / elapsed.as_secs_f64().max(1e-9)).round() / 100.0;
    }

    /// A few lines for a person.
    #[must_use]
    pub fn to_text(&self, lake: &str, account: &str) -> String {
        let landed = match self.rows_quarantined {
            0 => count(self.rows, "row"),
            kept => format!("{} of {}", grouped(self.rows.saturating_sub(kept)), count(self.rows, "row")),
        };
        let mut text = format!("landed {landed} in {lake}, account {account}\n");
        let mut line = |label: &str, value: String| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {label:<12} {value}");
        };
        line("new", grouped(self.rows_new));
        line("changed", grouped(self.rows_changed));
        line("unchanged", grouped(self.rows_unchanged));
        if self.rows_repeated > 0 {
            line(
                "repeated",
                format!("{} (same transaction_id as another row of the input)", grouped(self.rows_repeated)),
            );
        }
        line("quarantined", quarantined(self.rows_quarantined, self.rows_quarantined_new));
        for (reason, rows) in &self.quarantine_reasons {
            line("", format!("{} x {reason}", grouped(*rows)));
        }
        line("to extra", count(self.values_moved_to_extra, "value"));
        line("partitions", format!("{} written", grouped(self.partitions_written)));
        if let Some(covered) = &self.covered {
            line("covered", covered.clone());
        }
        line(
            "took",
            format!(
                "{:.2} s, {} of JSON, {:.0} MB/s",
                self.seconds,
                ByteSize(self.bytes_json).display().si(),
                self.megabytes_per_second
            ),
        );
        text.truncate(text.trim_end().len());
        text
    }
}

fn quarantined(rows: u64, new: u64) -> String {
    if rows == new { grouped(rows) } else { format!("{} ({} were there before)", grouped(rows), grouped(rows - new)) }
}

/// A number and its noun.
pub(crate) fn count(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
