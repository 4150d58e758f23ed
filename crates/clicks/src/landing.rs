//! How new clicks join the lake: partition by partition, one writer at a time, with the proof of what they cover.
//!
//! A fold takes clicks in memory and replaces each partition that they touch by its merge with them. Promises that
//! what was committed before stays whatever happens; that two at once lose nothing: on a disk they wait for each other,
//! in an object store who comes second merges again; that rows in quarantine are kept before coverage claims their
//! window; and that the same clicks give the same files, in whatever order and however split they come (where no
//! click comes in more than two versions). Memory is bounded by the clicks handed in, not by the partition.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use crate::coverage::{Coverage, Interval};
use crate::feed::Feed;
use crate::gather::{Pick, TypedClicks};
use crate::lake::{Account, Granularity, Lake, LakeError, PartitionKey, Period, until_published};
use crate::lock::LockError;
use crate::partition::PartitionError;
use crate::pseudonym::Pseudonyms;
use crate::quarantine::{self, QuarantinedRow};
use crate::shared::Shared;
use crate::typing::Observation;

mod login;
mod merge;
mod permits;
mod proof;

use permits::Permits;

/// So many partitions may wait for the disk, or for the object store, while others are merged.
const WAITING_MAX: usize = 3;

/// Why clicks could not be landed.
#[derive(Debug, thiserror::Error)]
pub enum LandingError {
    /// The lake itself.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// Its lock.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// One of its files.
    #[error(transparent)]
    Partition(#[from] PartitionError),
    /// The clicks are of another login.
    #[error(
        "account {account} holds {found}, and {feed} comes from another kind of login: name an account of its own with --account"
    )]
    OtherLogin {
        /// The account.
        account: Account,
        /// A feed that it holds.
        found: Feed,
        /// The feed that was to be landed.
        feed: Feed,
    },
}

/// What became of the rows of a fold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Folded {
    /// Clicks that the lake did not have.
    pub rows_new: u64,
    /// Clicks that the lake had in a version that differs from the merged one.
    pub rows_changed: u64,
    /// Clicks that the lake had just so.
    pub rows_unchanged: u64,
    /// Rows that came with a transaction id that another row of the same fold had.
    pub rows_repeated: u64,
    /// Rows that came to quarantine and were not there yet.
    pub rows_quarantined_new: u64,
    /// Partitions that were written.
    pub partitions_written: u64,
}

impl std::ops::AddAssign for Folded {
    fn add_assign(&mut self, other: Folded) {
        self.rows_new += other.rows_new;
        self.rows_changed += other.rows_changed;
        self.rows_unchanged += other.rows_unchanged;
        self.rows_repeated += other.rows_repeated;
        self.rows_quarantined_new += other.rows_quarantined_new;
        self.partitions_written += other.partitions_written;
    }
}

/// Lands clicks of one account.
#[derive(Debug)]
pub struct Landing<'a> {
    lake: &'a Lake,
    account: Account,
    lock_timeout: Duration,
    threads: usize,
    is_swept: bool,
    pseudonyms: Option<Pseudonyms>,
    /// What the quarantine was seen to hold.
    quarantine: quarantine::Known,
    /// Whether the account is a network's login, once that is made sure.
    login: Option<bool>,
}

impl<'a> Landing<'a> {
    /// A landing into a lake, that waits for its lock at most so long and works on so many threads.
    #[must_use]
    pub fn new(lake: &'a Lake, account: Account, lock_timeout: Duration, threads: usize) -> Landing<'a> {
        let quarantine = quarantine::Known::default();
        let threads = threads.max(1);
        Landing { lake, account, lock_timeout, threads, is_swept: false, login: None, pseudonyms: None, quarantine }
    }

    /// The same landing, that writes pseudonyms in place of what identifies visitors; none writes all as it came.
    #[must_use]
    pub fn with_pseudonyms(self, pseudonyms: Option<Pseudonyms>) -> Landing<'a> {
        Landing { pseudonyms, ..self }
    }

    /// Joins clicks, rows for quarantine and coverage to the lake.
    ///
    /// The rows of an interval of coverage are counted anew: those that the partition then holds of its feed.
    ///
    /// # Errors
    /// Partitions that were replaced before the error stay replaced; the others are as they were.
    pub fn fold(
        &mut self,
        clicks: &[TypedClicks],
        observation: Observation,
        quarantined: &[QuarantinedRow],
        coverage: &[Interval],
    ) -> Result<Folded, LandingError> {
        let replaced = self.pseudonyms.as_ref().map(|pseudonyms| {
            let clicks: Result<Vec<_>, _> = clicks.iter().map(|clicks| pseudonyms.clicks(clicks)).collect();
            let quarantined: Vec<_> = quarantined.iter().map(|row| pseudonyms.quarantined(row)).collect();
            clicks.map(|clicks| (clicks, quarantined))
        });
        let replaced = replaced
            .transpose()
            .map_err(|source| PartitionError::Rows { path: self.lake.root().to_owned(), source })?;
        let (clicks, quarantined) = match &replaced {
            Some((clicks, quarantined)) => (clicks.as_slice(), quarantined.as_slice()),
            None => (clicks, quarantined),
        };
        let _lock = self.lake.backend().lock(self.lock_timeout)?;
        if !self.is_swept {
            self.lake.backend().sweep()?;
            // Finds out partitions that this lake's granularity would not see.
            self.lake.partitions()?;
            self.is_swept = true;
        }
        let feeds = observation.feed.into_iter().chain(coverage.iter().map(|interval| interval.feed));
        feeds.chain(login::feeds_of(clicks)).try_for_each(|feed| self.admit(feed))?;
        let kept = quarantine::keep(self.lake, &self.account, observation, quarantined, &mut self.quarantine)?;
        let mut folded = Folded { rows_quarantined_new: kept as u64, ..Folded::default() };
        let work = plan(clicks, coverage, self.lake.granularity());
        let work_items = work.len();
        let queue = Mutex::new(work.into_iter());
        let shared = Shared::of(clicks, self.threads);
        // While some wait for the disk, others work.
        let permits = Permits::new(self.threads);
        let threads = (self.threads + WAITING_MAX).min(work_items);
        let results: Vec<Result<Folded, LandingError>> = std::thread::scope(|scope| {
            let run = || self.work_off(clicks, &shared, &queue, &permits);
            let workers: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
            let mut results = vec![run()];
            // A panic of a worker is a bug, and goes on as one.
            results.extend(
                workers.into_iter().map(|worker| worker.join().unwrap_or_else(|bug| std::panic::resume_unwind(bug))),
            );
            results
        });
        for result in results {
            folded += result?;
        }
        Ok(folded)
    }

    fn work_off(
        &self,
        clicks: &[TypedClicks],
        shared: &Shared,
        queue: &Mutex<impl Iterator<Item = (Period, Work)>>,
        permits: &Permits,
    ) -> Result<Folded, LandingError> {
        let mut folded = Folded::default();
        loop {
            let next = queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
            let Some((period, work)) = next else {
                return Ok(folded);
            };
            folded += self.fold_partition(&PartitionKey::new(&self.account, period), clicks, shared, &work, permits)?;
        }
    }

    fn fold_partition(
        &self,
        key: &PartitionKey,
        clicks: &[TypedClicks],
        shared: &Shared,
        work: &Work,
        permits: &Permits,
    ) -> Result<Folded, LandingError> {
        let mut folded = Folded::default();
        let mut picks = work.picks.clone();
        loop {
            let merge::Pass { folded: of_pass, later } = until_published(&self.lake.path_of(key), || {
                merge::fold_partition(self.lake, key, clicks, shared, picks.clone(), &work.coverage, permits.take())
            })?;
            folded += of_pass;
            if later.is_empty() {
                return Ok(folded);
            }
            picks = later;
        }
    }
}

/// What is to be done to one partition.
#[derive(Default)]
struct Work {
    picks: Vec<Pick>,
    coverage: Coverage,
}

fn plan(clicks: &[TypedClicks], coverage: &[Interval], granularity: Granularity) -> BTreeMap<Period, Work> {
    let mut by_period: BTreeMap<Period, Work> = BTreeMap::new();
    let width = match granularity {
        Granularity::Day => 86_400_000_000,
        Granularity::Hour => 3_600_000_000,
    };
    // Rows are grouped by number first: a calendar for every row would cost more than all the rest here.
    let mut by_number: BTreeMap<i64, Vec<Pick>> = BTreeMap::new();
    for (source, clicks) in (0..).zip(clicks) {
        for (row, micros) in clicks.meant_rows() {
            by_number.entry(micros.div_euclid(width)).or_default().push((source, row));
        }
    }
    for (number, picks) in by_number {
        if let Some(period) = Period::of(number * (width / 1_000_000), granularity) {
            by_period.entry(period).or_default().picks = picks;
        }
    }
    for interval in coverage {
        let mut second = interval.from_time;
        while let Some(period) = Period::of(second, granularity).filter(|_| second <= interval.to_time) {
            let (from, to) = period.seconds();
            let part = Interval {
                from_time: interval.from_time.max(from),
                to_time: interval.to_time.min(to),
                ..interval.clone()
            };
            by_period.entry(period).or_default().coverage.add(part);
            second = to + 1;
        }
    }
    by_period
}

/// Parts clicks into those to fold now and those to keep for the next fold: the period that the last of them is of.
///
/// Input mostly comes by time, so more clicks of that period are about to follow; its partition is then written once
/// instead of twice. Where that would keep more than three quarters of the clicks in memory, none are kept.
#[must_use]
pub fn hold_back(clicks: Vec<TypedClicks>, granularity: Granularity) -> (Vec<TypedClicks>, Vec<TypedClicks>) {
    let last = clicks.last().and_then(|clicks| clicks.meant_rows().next_back());
    let Some(period) = last.and_then(|(_, micros)| Period::of(micros.div_euclid(1_000_000), granularity)) else {
        return (clicks, Vec::new());
    };
    let (from, to) = period.seconds();
    let (from, to) = (from * 1_000_000, to * 1_000_000 + 999_999);
    let is_of_period = |clicks: &TypedClicks| clicks.meant_rows().any(|(_, micros)| (from..=to).contains(&micros));
    if clicks.iter().filter(|clicks| is_of_period(clicks)).count() * 4 > clicks.len() * 3 {
        return (clicks, Vec::new());
    }
    let mut kept = Vec::new();
    let now = clicks.into_iter().map(|clicks| {
        if !is_of_period(&clicks) {
            return clicks;
        }
        let (later, now) = clicks.split(from, to);
        kept.push(later);
        now
    });
    let now = now.collect();
    (now, kept)
}

#[cfg(test)]
mod tests;
