//! Answers that wait to be folded into the lake, and the proofs that rest on them.
//!
//! Promises that a proof never leaves before the rows it rests on: what is taken for a fold has both, or the rows alone.

use std::collections::BTreeSet;

use clicks::coverage::Interval;
use clicks::gather::TypedClicks;
use clicks::quarantine::QuarantinedRow;
use clicks::typing::Observation;

use super::answer::Reading;
use super::seconds::Seconds;
use crate::request::Window;

const DAY: i64 = 86_400;

/// What one answer leaves to fold.
#[derive(Debug)]
struct Answered {
    observation: Observation,
    clicks: Option<TypedClicks>,
    quarantined: Vec<QuarantinedRow>,
    /// The UTC days that it has rows of, by number since 1970; of a row in quarantine, all of the window.
    days: BTreeSet<i64>,
    /// Rows may be missing, so that no proof rests on it.
    is_cut: bool,
    rows: usize,
    bytes: usize,
}

/// What is folded at once.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The clicks of each answer.
    pub(super) clicks: Vec<TypedClicks>,
    /// Rows for quarantine, by when they were observed.
    pub(super) quarantined: Vec<(Observation, Vec<QuarantinedRow>)>,
    /// What is proven by these rows and those that were folded before.
    pub(super) coverage: Vec<Interval>,
    /// About how much memory it takes.
    pub(super) bytes: usize,
}

/// The waiting room.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    answers: Vec<Answered>,
    coverage: Vec<Interval>,
    rows: usize,
    bytes: usize,
}

impl Waiting {
    /// Takes what an answer to a request for a window holds; of a cut one, that no proof rests on it.
    pub(super) fn add(&mut self, window: Window, reading: Reading, is_cut: bool) {
        if reading.clicks.is_none() && reading.quarantined.is_empty() {
            return;
        }
        let seconds = reading.clicks.iter().flat_map(TypedClicks::seconds);
        let mut days: BTreeSet<i64> = seconds.map(|second| second.div_euclid(DAY)).collect();
        if !reading.quarantined.is_empty() {
            days.extend(days_of(window));
        }
        let rows = reading.clicks.as_ref().map_or(0, TypedClicks::len) + reading.quarantined.len();
        self.rows += rows;
        self.bytes += reading.bytes;
        self.answers.push(Answered {
            observation: reading.observation,
            clicks: reading.clicks,
            quarantined: reading.quarantined,
            days,
            is_cut,
            rows,
            bytes: reading.bytes,
        });
    }

    /// Takes what was proven by answers that were added before.
    pub(super) fn prove(&mut self, interval: Interval) {
        self.coverage.push(interval);
    }

    /// Rows that wait.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// About how much memory they take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// True where nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.answers.is_empty() && self.coverage.is_empty()
    }

    /// Takes everything.
    pub(super) fn take_all(&mut self) -> Batch {
        let Waiting { answers, coverage, .. } = std::mem::take(self);
        batch_of(answers, coverage)
    }

    /// Takes what is of days of which no second is left to ask, so that each of their partitions is written once.
    ///
    /// An answer that also reaches into another day stays, and with it the proof of every day that it has rows of.
    pub(super) fn take_done(&mut self, left: &Seconds) -> Option<Batch> {
        let is_done = |day: i64| left.and(&Seconds::within(day * DAY, day * DAY + DAY - 1)).is_empty();
        let (done, undone): (Vec<_>, Vec<_>) =
            self.answers.drain(..).partition(|answer| answer.days.iter().all(|day| is_done(*day)));
        let proving = undone.iter().filter(|answer| !answer.is_cut);
        let days_that_stay: BTreeSet<i64> = proving.flat_map(|answer| &answer.days).copied().collect();
        let mut coverage = Vec::new();
        for interval in std::mem::take(&mut self.coverage) {
            for day in days_of(Window { from: interval.from_time, to: interval.to_time }) {
                let part = Interval {
                    from_time: interval.from_time.max(day * DAY),
                    to_time: interval.to_time.min(day * DAY + DAY - 1),
                    ..interval.clone()
                };
                let leaves = is_done(day) && !days_that_stay.contains(&day);
                if leaves { coverage.push(part) } else { self.coverage.push(part) }
            }
        }
        self.rows = undone.iter().map(|answer| answer.rows).sum();
        self.bytes = undone.iter().map(|answer| answer.bytes).sum();
        self.answers = undone;
        (!done.is_empty() || !coverage.is_empty()).then(|| batch_of(done, coverage))
    }
}

fn days_of(window: Window) -> impl Iterator<Item = i64> {
    window.from.div_euclid(DAY)..=window.to.div_euclid(DAY)
}

fn batch_of(answers: Vec<Answered>, coverage: Vec<Interval>) -> Batch {
    let mut batch = Batch { coverage, ..Batch::default() };
    for answer in answers {
        batch.bytes += answer.bytes;
        batch.clicks.extend(answer.clicks);
        if !answer.quarantined.is_empty() {
            match batch.quarantined.iter_mut().find(|(observation, _)| *observation == answer.observation) {
                Some((_, rows)) => rows.extend(answer.quarantined),
                None => batch.quarantined.push((answer.observation, answer.quarantined)),
            }
        }
    }
    batch
}
