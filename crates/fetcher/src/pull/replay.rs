//! Answers that `--keep-raw` kept, landed again by `fetcher land`, with the coverage that they prove.
//!
//! A kept answer says itself of which account and feed it is, what was asked for and when, so it lands just as it did
//! when it was pulled. One that was not cut, and asked for everything of its window, proves that window. A second that
//! had to be asked for in parts is not proven again, since no single answer proves it: it is reported, and the next
//! pull asks for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clicks::feed::Feed;
use clicks::landing::{Folded, Landing, LandingError};

use super::answer::{self, Unreadable};
use super::proofs::{AskedAt, Proofs, Settled};
use super::raw::{RawError, RawHeader, body_of, header_of};
use super::report::shown;
use super::seconds::Seconds;
use super::waiting::Waiting;
use super::work::is_worth_a_fold;
use crate::interrupt::Interrupt;
use crate::plan::Proof;
use crate::summary::Summary;

/// Why kept answers cannot be landed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A file.
    #[error(transparent)]
    Raw(#[from] RawError),
    /// Kept answers and others.
    #[error(
        "{kept} is an answer kept by 'fetcher pull --keep-raw', and {other} is not: land them one after the other, since kept answers say themselves what they are"
    )]
    Mixed {
        /// The first kept answer.
        kept: PathBuf,
        /// The first file of another kind.
        other: PathBuf,
    },
    /// What the file says itself.
    #[error(
        "{0} is an answer kept by 'fetcher pull --keep-raw', which says itself its feed, range and time: leave out --source, --covers and --as-of"
    )]
    Described(PathBuf),
    /// Of another login.
    #[error("{path} was pulled for account {found}: name it with --account {found}")]
    OtherAccount {
        /// The file.
        path: PathBuf,
        /// Its account.
        found: String,
    },
    /// A file that is damaged.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Unreadable,
    },
    /// A commit.
    #[error(transparent)]
    Landing(#[from] LandingError),
}

/// What came of it.
#[derive(Debug)]
pub struct Replayed {
    /// In numbers.
    pub summary: Summary,
    /// True where some of what was asked for is not covered, other than by not being settled.
    pub is_incomplete: bool,
}

/// A kept answer, and what stands before it.
pub type Kept = (PathBuf, RawHeader);

/// The headers of kept answers; none where the files are of another kind.
///
/// # Errors
/// Where a file cannot be read, or some are kept answers and some are not.
pub fn headers_of(files: &[PathBuf]) -> Result<Option<Vec<Kept>>, ReplayError> {
    let mut kept = Vec::new();
    let mut other = None;
    for path in files {
        // Standard input, and what cannot be opened, is for whoever reads files of any kind.
        match header_of(path) {
            Ok(Some(header)) => kept.push((path.clone(), header)),
            Err(RawError::Io { .. }) | Ok(None) => other = other.or(Some(path.clone())),
            Err(error) => return Err(error.into()),
        }
    }
    match (kept.first(), other) {
        (None, _) => Ok(None),
        (Some(_), None) => Ok(Some(kept)),
        (Some((kept, _)), Some(other)) => Err(ReplayError::Mixed { kept: kept.clone(), other }),
    }
}

/// Lands kept answers.
///
/// # Errors
/// Where one is of another login or damaged, or the lake cannot be written; what had landed stays.
pub fn replay(
    files: &[Kept],
    account: &str,
    landing: &mut Landing<'_>,
    interrupt: &Interrupt,
) -> Result<Replayed, ReplayError> {
    for (path, header) in files {
        if header.account != account {
            return Err(ReplayError::OtherAccount { path: path.clone(), found: header.account.clone() });
        }
    }
    let feeds: BTreeSet<_> = files.iter().map(|(_, header)| header.feed).collect();
    for feed in feeds {
        landing.check_feed(Some(feed))?;
    }
    let mut desk = Desk::default();
    for (path, header) in files {
        if interrupt.is_set() {
            break;
        }
        desk.take(path, header)?;
        if is_worth_a_fold(&desk.waiting) {
            desk.fold(landing)?;
        }
    }
    desk.fold(landing)?;
    Ok(desk.finish())
}

/// Where answers are gathered until they are folded.
#[derive(Default)]
struct Desk {
    waiting: Waiting,
    folded: Folded,
    summary: Summary,
    reasons: BTreeMap<String, u64>,
    /// By feed and the filters of the pull: what one proves, another does not.
    told: BTreeMap<(Feed, Vec<String>), Told>,
}

/// What answers to one wish were asked for, and what they prove.
#[derive(Default)]
struct Told {
    settled: Settled,
    asked: Seconds,
    unsettled: Seconds,
}

impl Desk {
    fn take(&mut self, path: &Path, header: &RawHeader) -> Result<(), ReplayError> {
        let (request, wish) = (header.to_request(), header.to_wish());
        let asked_at = AskedAt::new(header.asked_at, header.answered_at, header.server_time);
        let body = body_of(path)?;
        let source = format!("{} {}", request.feed, super::words(request.window));
        let reading = answer::read(&body, &request, asked_at.earliest, header.row_cap, &source)
            .map_err(|source| ReplayError::Unreadable { path: path.to_owned(), source })?;
        let told = self.told.entry((request.feed, wish.filter_names())).or_default();
        told.asked.insert(request.window);
        told.unsettled = Seconds::within(asked_at.earliest - header.settle_seconds + 1, request.window.to)
            .windows()
            .iter()
            .chain(told.unsettled.windows())
            .copied()
            .collect();
        let summary = &mut self.summary;
        summary.rows += reading.rows();
        summary.rows_quarantined += reading.quarantined.len() as u64;
        summary.values_moved_to_extra += reading.moved_to_extra;
        summary.bytes_json += reading.json_bytes;
        reading.count_reasons(&mut self.reasons);
        let is_cut = reading.brought.rows >= header.row_cap;
        let is_doubtful = is_cut || header.counted.is_some() || reading.contradiction.is_some();
        let is_proof = !is_doubtful && header.is_of_whole_window();
        self.waiting.add(request.window, reading, is_doubtful);
        let proof = Proof { window: request.window, saturated: false };
        if let Some(interval) = Proofs::default().interval_of(&proof, asked_at, &wish).filter(|_| is_proof) {
            told.settled.add(&interval);
            self.waiting.prove(interval);
        }
        Ok(())
    }

    fn fold(&mut self, landing: &mut Landing<'_>) -> Result<(), ReplayError> {
        self.folded += super::folding::fold(landing, &self.waiting.take_all())?;
        Ok(())
    }

    fn finish(self) -> Replayed {
        let mut summary = self.summary;
        summary.add(self.folded);
        summary.set_reasons(self.reasons);
        let lines = |seconds_of: &dyn Fn(&Told) -> Seconds, words: &str| {
            let of_each = self.told.iter().map(|((feed, filters), told)| (feed, filters, seconds_of(told)));
            let some = of_each.filter(|(_, _, seconds)| !seconds.is_empty());
            let lines = some.map(|(feed, filters, seconds)| {
                let filters: String = filters.iter().map(|filter| format!(" {filter}")).collect();
                format!("{feed}{filters} {}{words}", shown(&seconds))
            });
            Some(lines.collect::<Vec<_>>().join("; ")).filter(|lines| !lines.is_empty())
        };
        summary.covered = lines(&|told| told.settled.proven.clone(), "");
        let unproven = |told: &Told| told.asked.without(&told.settled.proven).without(&told.unsettled);
        summary.uncovered = lines(&unproven, ", which no single answer proves; pull it again");
        let is_incomplete = summary.uncovered.is_some();
        Replayed { summary, is_incomplete }
    }
}
