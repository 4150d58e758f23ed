//! One round of a pull: asks what the planner says, folds what comes, and keeps both within their bounds.
//!
//! Promises that coverage is committed with the rows it rests on or after them; that what was read is folded however
//! the round ends, but for a lake that cannot be written; and that no more is asked for while rows wait to be folded.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use clicks::coverage::Interval;
use clicks::landing::{Folded, LandingError};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use super::ask::{Asker, Came, Got, ask};
use super::counted::Counted;
use super::filters::Contradiction;
use super::goal::Wish;
use super::progress::Progress;
use super::proofs::{Proofs, Settled};
use super::raw::RawError;
use super::seconds::Seconds;
use super::waiting::{Batch, Waiting};
use crate::api::ApiError;
use crate::interrupt::Interrupt;
use crate::plan::{Planner, Ticket};
use crate::printer::Printer;
use crate::request::Window;
use crate::summary::count;

/// Rows that are folded at once.
const FOLD_ROWS: usize = 250_000;
/// Clicks in memory that are folded at once, in bytes: what waits, and as much again in the fold.
const FOLD_BYTES: usize = 20 << 20;
/// Clicks in memory, in bytes: in the fold, waiting, and to come if the answers under way are like the last ones.
const CLICKS_BYTES_MAX: usize = 3 * FOLD_BYTES;
/// Nothing waits longer.
const FOLD_EVERY: Duration = Duration::from_secs(30);
const TICK: Duration = Duration::from_millis(100);
/// So many requests given up one after the other say that the source has failed, not they.
const FAILURES_MAX: u32 = 3;

/// What ended a round before everything was asked.
#[derive(Debug)]
pub(super) enum Stop {
    Interrupted,
    /// `--max-requests`.
    RequestsSpent,
    Source(ApiError),
    Unfiltered(Contradiction),
    Raw(RawError),
    Landing(LandingError),
}

/// What rows came.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) rows: u64,
    pub(super) rows_outside: u64,
    pub(super) rows_quarantined: u64,
    pub(super) reasons: BTreeMap<String, u64>,
    pub(super) moved_to_extra: u64,
    pub(super) json_bytes: u64,
    pub(super) folded: Folded,
}

/// What came of a round.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) stop: Option<Stop>,
    /// What was committed to the lake.
    pub(super) settled: Settled,
    /// Windows of requests that were given up, or whose filters were ignored.
    pub(super) unanswered: Seconds,
    /// Windows of which far fewer rows came than Everflow counts.
    pub(super) short: Seconds,
    pub(super) tally: Tally,
    /// Requests that would still have been sent.
    pub(super) requests_left: u64,
}

/// The way to the thread that folds.
pub(super) struct FoldingDesk {
    pub(super) batches: SyncSender<Batch>,
    pub(super) results: UnboundedReceiver<Result<Folded, LandingError>>,
}

/// A round under way.
pub(super) struct Work<'a> {
    asker: Arc<Asker>,
    wish: Arc<Wish>,
    planner: Planner,
    desk: FoldingDesk,
    printer: &'a Printer,
    progress: Progress,
    tasks: JoinSet<Came>,
    concurrency: usize,
    waiting: Waiting,
    waiting_since: Option<Instant>,
    is_folding: bool,
    /// The coverage of the fold that is under way, and how many bytes of clicks are in it.
    in_fold: Vec<Interval>,
    bytes_in_fold: usize,
    /// The clicks of an answer, in bytes: of the largest of late.
    bytes_of_answer: usize,
    has_new_proof: bool,
    proofs: Proofs,
    counted: Arc<Counted>,
    /// Seconds that are neither settled nor given up.
    left: Seconds,
    failures_in_row: u32,
    has_answer: bool,
    finished: Finished,
}

impl<'a> Work<'a> {
    pub(super) fn new(
        asker: Arc<Asker>,
        wish: Arc<Wish>,
        asked: &Seconds,
        planner: Planner,
        desk: FoldingDesk,
        concurrency: usize,
        printer: &'a Printer,
    ) -> Work<'a> {
        Work {
            asker,
            wish,
            planner,
            desk,
            printer,
            progress: Progress::new(printer, asked.count()),
            tasks: JoinSet::new(),
            concurrency,
            waiting: Waiting::default(),
            waiting_since: None,
            is_folding: false,
            in_fold: Vec::new(),
            bytes_in_fold: 0,
            bytes_of_answer: 0,
            has_new_proof: false,
            proofs: Proofs::default(),
            counted: Arc::default(),
            left: asked.clone(),
            failures_in_row: 0,
            has_answer: false,
            finished: Finished {
                stop: None,
                settled: Settled::default(),
                unanswered: Seconds::default(),
                short: Seconds::default(),
                tally: Tally::default(),
                requests_left: 0,
            },
        }
    }

    /// Knows what Everflow counts.
    pub(super) fn with_counts(self, counted: Counted) -> Work<'a> {
        Work { counted: Arc::new(counted), ..self }
    }

    /// Works until everything is asked and folded, or something ends it.
    pub(super) async fn run(mut self, interrupt: &Interrupt, stop: Option<Stop>) -> Finished {
        self.finished.stop = stop;
        let mut ticks = tokio::time::interval(TICK);
        loop {
            self.ask_more();
            let is_idle = self.tasks.is_empty() && !self.is_folding;
            if is_idle && !self.fold_rest() {
                break;
            }
            tokio::select! {
                Some(came) = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    // A task that was aborted has nothing to say.
                    if let Ok(came) = came {
                        self.take(came);
                    }
                }
                Some(result) = self.desk.results.recv(), if self.is_folding => self.take_folded(result),
                _ = ticks.tick() => {
                    if interrupt.is_set() {
                        self.stop(Stop::Interrupted);
                    }
                }
            }
            self.fold_if_due();
            self.progress.show(&self.asker.client, &self.planner, &self.finished.tally, self.left.count());
        }
        self.progress.clear();
        self.finished.requests_left = self.planner.requests_left();
        self.finished
    }

    /// Sends what may be sent. Nothing while as much waits as is folded at once, and a fold is under way.
    fn ask_more(&mut self) {
        while self.finished.stop.is_none()
            && self.tasks.len() < self.concurrency
            && !(self.is_folding && self.is_full())
            && self.has_room_for_one_more()
        {
            let Some((ticket, request)) = self.planner.next_request() else { return };
            tracing::debug!(?request, "asking");
            let (asker, wish, counted) = (Arc::clone(&self.asker), Arc::clone(&self.wish), Arc::clone(&self.counted));
            self.tasks.spawn(ask(asker, wish, counted, ticket, request));
        }
    }

    /// Answers under way cannot be sent back: many of them while the disk is slow would be many in memory.
    fn has_room_for_one_more(&self) -> bool {
        let to_come = (self.tasks.len() + 1).saturating_mul(self.bytes_of_answer);
        self.tasks.is_empty() || self.bytes_in_fold + self.waiting.bytes() + to_come <= CLICKS_BYTES_MAX
    }

    fn stop(&mut self, stop: Stop) {
        // Requests under way may still be answered where nothing but their number is to blame.
        if !matches!(stop, Stop::RequestsSpent) {
            self.tasks.abort_all();
        }
        match (&self.finished.stop, &stop) {
            (None, _) | (Some(Stop::RequestsSpent), _) => self.finished.stop = Some(stop),
            _ => {}
        }
    }

    fn take(&mut self, came: Came) {
        let Came { ticket, window, got } = came;
        match got {
            Ok(Ok(got)) => self.take_answer(ticket, window, got),
            Ok(Err(error)) => self.stop(Stop::Raw(error)),
            Err(ApiError::RequestsSpent { .. }) => self.stop(Stop::RequestsSpent),
            Err(error) => {
                self.failures_in_row += 1;
                if error.is_about_all_requests() || !self.has_answer || self.failures_in_row >= FAILURES_MAX {
                    return self.stop(Stop::Source(error));
                }
                self.give_up(ticket, window, &error.to_string());
            }
        }
    }

    fn give_up(&mut self, ticket: Ticket, window: Window, why: &str) {
        self.printer.warning(&format!("no answer for {}: {why}", super::words(window)));
        self.finished.unanswered.insert(window);
        self.leave(ticket, window);
    }

    /// Nothing more is asked of a window in this round.
    fn leave(&mut self, ticket: Ticket, window: Window) {
        self.planner.failed(ticket);
        self.left = self.left.without(&Seconds::within(window.from, window.to));
        self.has_new_proof = true;
    }

    fn take_answer(&mut self, ticket: Ticket, window: Window, got: Got) {
        let Got { reading, asked_at, counted } = got;
        self.has_answer = true;
        self.failures_in_row = 0;
        if let Some(contradiction) = &reading.contradiction {
            let is_of_wish = self.wish.filters.iter().any(|filter| filter.resource == contradiction.resource);
            if is_of_wish {
                return self.stop(Stop::Unfiltered(contradiction.clone()));
            }
        }
        let contradiction = reading.contradiction.clone();
        let tally = &mut self.finished.tally;
        tally.rows += reading.rows();
        tally.rows_outside += reading.rows_outside;
        tally.rows_quarantined += reading.quarantined.len() as u64;
        reading.count_reasons(&mut tally.reasons);
        tally.moved_to_extra += reading.moved_to_extra;
        tally.json_bytes += reading.json_bytes;
        self.bytes_of_answer = reading.bytes.max(self.bytes_of_answer / 8 * 7);
        let mut brought = reading.brought.clone();
        let is_cut = brought.rows >= self.wish.row_cap;
        self.waiting.add(window, reading, is_cut || contradiction.is_some() || counted.is_some());
        self.waiting_since.get_or_insert_with(Instant::now);
        if let Some(Contradiction { resource, found, .. }) = contradiction {
            // The rows are clicks all the same. What was to be a part of a second is no part.
            let why = format!("everflow ignored a filter by {resource}, and returned a click of {found}");
            return self.give_up(ticket, window, &why);
        }
        match counted {
            None => {}
            // It may be cut to nothing.
            Some(counted) if counted >= self.wish.row_cap => brought.rows = self.wish.row_cap,
            Some(counted) => {
                self.printer.warning(&format!(
                    "everflow counts {} for {}, and returned {}: what came has landed, uncovered",
                    count(counted, "click"),
                    super::words(window),
                    count(brought.rows, "row")
                ));
                self.finished.short.insert(window);
                return self.leave(ticket, window);
            }
        }
        self.proofs.answered(window, asked_at);
        self.planner.answered(ticket, &brought);
        for proof in self.planner.take_proofs() {
            self.left = self.left.without(&Seconds::within(proof.window.from, proof.window.to));
            self.has_new_proof = true;
            if let Some(interval) = self.proofs.interval_of(&proof, asked_at, &self.wish) {
                self.waiting.prove(interval);
            }
        }
    }

    fn is_full(&self) -> bool {
        is_worth_a_fold(&self.waiting)
    }

    fn fold_if_due(&mut self) {
        if self.is_folding || matches!(self.finished.stop, Some(Stop::Landing(_))) {
            return;
        }
        let is_old = self.waiting_since.is_some_and(|since| since.elapsed() >= FOLD_EVERY);
        if self.is_full() || is_old {
            let batch = self.waiting.take_all();
            self.fold(batch);
        } else if std::mem::take(&mut self.has_new_proof)
            && let Some(batch) = self.waiting.take_done(&self.left)
        {
            self.fold(batch);
        }
    }

    /// Folds what is left once nothing more comes. False where nothing is, or nothing can be folded any more.
    fn fold_rest(&mut self) -> bool {
        if self.waiting.is_empty() || matches!(self.finished.stop, Some(Stop::Landing(_))) {
            return false;
        }
        let batch = self.waiting.take_all();
        self.fold(batch);
        true
    }

    fn fold(&mut self, batch: Batch) {
        self.waiting_since = (!self.waiting.is_empty()).then(Instant::now);
        self.in_fold.clone_from(&batch.coverage);
        self.bytes_in_fold = batch.bytes;
        // The thread has ended only where its last result was an error, which stops the round.
        self.is_folding = self.desk.batches.send(batch).is_ok();
    }

    fn take_folded(&mut self, result: Result<Folded, LandingError>) {
        self.is_folding = false;
        self.bytes_in_fold = 0;
        // What was done meanwhile may be folded now.
        self.has_new_proof = true;
        match result {
            Ok(folded) => {
                self.finished.tally.folded += folded;
                self.in_fold.drain(..).for_each(|interval| self.finished.settled.add(&interval));
                self.printer.detail(&format!(
                    "folded {} new, {} changed, {} unchanged rows; {} partitions written",
                    folded.rows_new, folded.rows_changed, folded.rows_unchanged, folded.partitions_written
                ));
            }
            Err(error) => self.stop(Stop::Landing(error)),
        }
    }
}

/// True where as much waits as is folded at once.
pub(super) fn is_worth_a_fold(waiting: &Waiting) -> bool {
    waiting.rows() >= FOLD_ROWS || waiting.bytes() >= FOLD_BYTES
}
