//! What is in one answer: clicks, rows for quarantine, and what the planner and the proofs need to know.
//!
//! Pure: takes bytes, gives columns. A body that is no whole answer is never taken for one without rows.

use std::collections::BTreeMap;

use clicks::document::{NotAnAnswer, read_answer};
use clicks::gather::TypedClicks;
use clicks::quarantine::QuarantinedRow;
use clicks::typing::{ClickTyper, Observation, Rejected};

use super::filters::{Contradiction, contradiction, values_of};
use crate::land::typists::{QUARANTINED_BYTES, is_row};
use crate::plan::Brought;
use crate::request::ClickRequest;

/// What an answer holds.
#[derive(Debug)]
pub(super) struct Reading {
    /// From where and when.
    pub observation: Observation,
    /// The rows that are clicks, in or outside the window; none where there is not one.
    pub clicks: Option<TypedClicks>,
    /// The rows that are none.
    pub quarantined: Vec<QuarantinedRow>,
    /// What the planner wants to know.
    pub brought: Brought,
    /// Clicks outside the window that was asked for.
    pub rows_outside: u64,
    /// Values that no column holds.
    pub moved_to_extra: u64,
    /// About how much memory it takes.
    pub bytes: usize,
    /// Bytes of JSON.
    pub json_bytes: u64,
    /// Rows that a filter of the request should have kept out.
    pub contradiction: Option<Contradiction>,
}

impl Reading {
    /// Rows that the answer really has: one that says itself that it is incomplete counts as more for the planner.
    pub(super) fn rows(&self) -> u64 {
        (self.clicks.as_ref().map_or(0, TypedClicks::len) + self.quarantined.len()) as u64
    }

    /// Counts why rows are no clicks.
    pub(super) fn count_reasons(&self, reasons: &mut BTreeMap<String, u64>) {
        for row in &self.quarantined {
            let path = if row.path.is_empty() { String::new() } else { format!("{}: ", row.path) };
            *reasons.entry(path + &row.reason).or_default() += 1;
        }
    }
}

/// A body that cannot be read as an answer.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is none.
    #[error(transparent)]
    NotAnAnswer(#[from] NotAnAnswer),
    /// It has rows, and not one that is known as a click's.
    #[error("none of its {rows} rows is a click: the first is no click because {reason}")]
    NoClicks {
        /// How many rows.
        rows: usize,
        /// What is wrong with the first.
        reason: String,
    },
    /// It names an error beside its rows.
    #[error("everflow answered with an error beside the rows: {0}")]
    Error(String),
}

/// Reads the body of an answer.
///
/// `cap` is the number of rows at which an answer is taken for cut: one that says itself that it is incomplete counts
/// as that many. `source` names it in quarantine.
///
/// # Errors
/// Where it is no whole answer: asking again may help.
pub(super) fn read(
    body: &[u8],
    request: &ClickRequest,
    asked_at: i64,
    cap: u64,
    source: &str,
) -> Result<Reading, Unreadable> {
    let answer = read_answer(body)?;
    if let Some(words) = answer.error {
        return Err(Unreadable::Error(words));
    }
    let observation = Observation { feed: Some(request.feed), observed_at: Some(asked_at) };
    let mut typer = ClickTyper::new(observation);
    let mut refused: Vec<(std::ops::Range<usize>, Rejected)> = Vec::new();
    for range in &answer.rows {
        if let Err(rejected) = typer.push(&body[range.clone()]) {
            refused.push((range.clone(), rejected));
        }
    }
    let is_any_known = !typer.is_empty() || refused.iter().any(|(_, rejected)| is_row(rejected));
    if let Some((_, first)) = refused.first().filter(|_| !is_any_known) {
        return Err(Unreadable::NoClicks { rows: answer.rows.len(), reason: first.to_string() });
    }
    let mut bytes = typer.bytes();
    let moved_to_extra = typer.take_moved_to_extra();
    let clicks = (!typer.is_empty()).then(|| typer.finish());
    let quarantined = refused.into_iter().map(|(range, Rejected { path, reason })| QuarantinedRow {
        raw: body[range.clone()].to_vec(),
        part: 0,
        path,
        reason,
        source: source.to_owned(),
        position: range.start as u64,
    });
    let quarantined: Vec<QuarantinedRow> = quarantined
        .inspect(|row| {
            bytes += row.raw.len() + row.path.len() + row.reason.len() + row.source.len() + QUARANTINED_BYTES
        })
        .collect();
    let mut brought = Brought { rows: answer.rows.len() as u64, ..Brought::default() };
    if answer.is_declared_incomplete {
        brought.rows = brought.rows.max(cap);
    }
    let window = request.window;
    let mut rows_outside = 0;
    if let Some(clicks) = &clicks {
        brought.times = clicks.seconds().filter(|second| (window.from..=window.to).contains(second)).collect();
        rows_outside = (clicks.len() - brought.times.len()) as u64;
        if window.seconds() == 1 {
            brought.values = values_of(clicks, request.feed);
        }
    }
    let contradiction = clicks.as_ref().and_then(|clicks| contradiction(clicks, request));
    let json_bytes = body.len() as u64;
    Ok(Reading {
        observation,
        clicks,
        quarantined,
        brought,
        rows_outside,
        moved_to_extra,
        bytes,
        json_bytes,
        contradiction,
    })
}

#[cfg(test)]
mod tests;
