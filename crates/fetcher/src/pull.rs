//! `fetcher pull`: everything that Everflow has of a range, and the proof of it.
//!
//! Owns what is asked for (`order`, `goal`), how an answer becomes clicks (`answer`) and how they come into the
//! lake with the coverage that rests on them. Promises that a window that was not answered in full is never covered, nor
//! is what is not settled or what Everflow had forgotten; that a kill costs only the answers not yet folded; and that
//! memory is bounded for a range of any length. Leaves the choice of requests to [`crate::plan`], sending them to
//! [`crate::api`], and the commit to `clicks`.

mod answer;
mod ask;
mod counted;
mod covered;
mod filters;
mod folding;
pub mod goal;
pub mod order;
mod progress;
mod proofs;
pub mod raw;
pub mod replay;
mod report;
mod seconds;
#[cfg(test)]
mod tests;
mod waiting;
mod work;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};
use clicks::coverage::Interval;
use clicks::lake::{Lake, LakeError};
use clicks::landing::{Landing, LandingError};
use clicks::pseudonym::Pseudonyms;

pub use covered::{CoveredError, coverage_of};
pub use report::{PullSummary, Reason, Uncovered};
pub use seconds::Seconds;

use crate::api::{ApiError, Client, ConfigError, CountsByHour, KeyError, Limits};
use crate::args::{PseudonymKeyError, Pull, SummaryFormat};
use crate::connect::connect;
use crate::interrupt::Interrupt;
use crate::plan::{Goal, Planner};
use crate::printer::Printer;
use crate::request::Window;
use crate::summary::{count, grouped};
use crate::{CODE_OF_ERRORS, Failure, Outcome};
use ask::Asker;
use counted::Counted;
use goal::{Need, Wish};
use order::{Order, OrderError};
use raw::{RawError, RawFolder};
use work::{Finished, FoldingDesk, Stop, Work};

/// The streams refuse more; nobody needs more.
const LONGEST_WINDOW_SECONDS: i64 = 14 * 86_400;
/// Everflow's counts are asked for where they spare more than they cost.
const WORTH_COUNTING_SECONDS: i64 = 6 * 3_600;
/// They are a help, and not waited for longer.
const COUNTING_MAX: Duration = Duration::from_secs(60);
/// Decompressed bodies in memory, being read or typed.
const BYTES_IN_FLIGHT_MAX: usize = 16 << 20;

/// Why a pull did not begin, or could not end as it should.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// An argument.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key of pseudonyms.
    #[error(transparent)]
    Pseudonyms(#[from] PseudonymKeyError),
    /// The address.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The lake's folder.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The coverage of the lake.
    #[error(transparent)]
    Covered(#[from] CoveredError),
    /// A commit.
    #[error(transparent)]
    Landing(#[from] LandingError),
    /// The folder of `--keep-raw`.
    #[error(transparent)]
    Raw(#[from] RawError),
    /// The machine.
    #[error("cannot begin: {0}")]
    Runtime(io::Error),
    /// Stdout.
    #[error("what was pulled has landed, but the summary cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl Failure for PullError {
    fn is_broken_pipe(&self) -> bool {
        matches!(self, PullError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Pulls.
///
/// # Errors
/// Where an argument is wrong, before anything is sent; or the lake cannot be read or written.
pub fn run(args: &Pull, printer: &Printer) -> Result<Outcome, PullError> {
    let order = Order::of(args, now())?;
    if args.dry_run {
        return dry_run(args, &order, printer);
    }
    if args.since_last && args.from.is_none() {
        // Refused before anything is made or sent.
        order.wish(&existing_coverage(args)?, now())?;
    }
    let pseudonyms = args.pseudonyms.load()?;
    if let (Some(folder), Some(_)) = (&args.keep_raw, &pseudonyms) {
        let folder = folder.display();
        printer.warning(&format!(
            "--pseudonymize is for the lake: the answers kept in {folder} hold addresses as they came"
        ));
    }
    let client = client(args, printer)?;
    pull(args, order, client, pseudonyms, Interrupt::listen(), printer)
}

fn pull(
    args: &Pull,
    order: Order,
    client: Client,
    pseudonyms: Option<Pseudonyms>,
    interrupt: Interrupt,
    printer: &Printer,
) -> Result<Outcome, PullError> {
    let lake = Lake::open_or_create(&args.lake.which.lake, args.lake.partition)?;
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let account = args.lake.account.clone();
    let landing = Landing::new(&lake, account.clone(), args.lake.which.lock_timeout, 1);
    let landing = landing.with_pseudonyms(pseudonyms);
    landing.check_feed(Some(order.feed))?;
    let raw = args.keep_raw.as_deref().map(RawFolder::create).transpose()?;
    let asker = Asker { client, account, raw };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // Few threads, since each holds memory of its own: one for the network, and as many as there are cores to type.
        .worker_threads(1)
        .max_blocking_threads(threads.min(4))
        .enable_all()
        .build()
        .map_err(PullError::Runtime)?;
    let mut puller = Puller { args, order, printer, interrupt, lake: &lake, landing, asker: Arc::new(asker), runtime };
    match args.follow {
        None => puller.round().map(|end| end.outcome),
        Some(pause) => puller.follow(pause),
    }
}

/// Now, in seconds since 1970.
fn now() -> i64 {
    Utc::now().timestamp()
}

fn client(args: &Pull, printer: &Printer) -> Result<Client, PullError> {
    let limits = if args.source.is_network() { Limits::network() } else { Limits::affiliate() };
    let limits = Limits {
        concurrent: usize::from(args.concurrency),
        bytes_in_flight_max: BYTES_IN_FLIGHT_MAX,
        requests_max: args.max_requests,
        ..limits
    };
    connect(&args.everflow, |config| config.limits = limits, printer)
}

/// What came of a round.
struct RoundEnd {
    outcome: Outcome,
    /// Another round would end the same way.
    is_hopeless: bool,
}

struct Puller<'a> {
    args: &'a Pull,
    order: Order,
    printer: &'a Printer,
    interrupt: Interrupt,
    lake: &'a Lake,
    landing: Landing<'a>,
    asker: Arc<Asker>,
    runtime: tokio::runtime::Runtime,
}

impl Puller<'_> {
    /// Round after round, until a signal comes, which is how this ends well.
    fn follow(&mut self, pause: Duration) -> Result<Outcome, PullError> {
        const LOOK_EVERY: Duration = Duration::from_millis(100);
        loop {
            let begun = Instant::now();
            let end = self.round()?;
            if self.interrupt.is_set() {
                return Ok(Outcome::Done);
            }
            if end.is_hopeless {
                return Ok(end.outcome);
            }
            while begun.elapsed() < pause {
                if self.interrupt.is_set() {
                    return Ok(Outcome::Done);
                }
                std::thread::sleep(LOOK_EVERY.min(pause.saturating_sub(begun.elapsed())));
            }
        }
    }

    /// Asks for what is wanted and not covered, now.
    fn round(&mut self) -> Result<RoundEnd, PullError> {
        let begun = Instant::now();
        let before = self.asker.client.counters();
        let coverage = coverage_of(self.lake, &self.args.lake.account)?;
        let now_at_start = now();
        let wish = Arc::new(self.order.wish(&coverage, now_at_start)?);
        let need = wish.need(&coverage, now_at_start);
        let finished = self.pull(&wish, &need);
        let uncovered = report::uncovered(&need, &finished, &wish, now());
        let mut summary =
            PullSummary::of(&wish, &self.args.lake.account, &need, &finished, &uncovered, begun.elapsed());
        let counters = self.asker.client.counters();
        summary.requests = counters.requests - before.requests;
        summary.requests_repeated = counters.retries - before.retries;
        self.report(&summary)?;
        self.end_of(finished, &summary)
    }

    fn pull(&mut self, wish: &Arc<Wish>, need: &Need) -> Finished {
        let Puller { args, printer, interrupt, landing, asker, runtime, .. } = self;
        let (batches, to_fold) = std::sync::mpsc::sync_channel(1);
        let (folded, results) = tokio::sync::mpsc::unbounded_channel();
        let desk = FoldingDesk { batches, results };
        std::thread::scope(|scope| {
            scope.spawn(move || folding::fold_batches(landing, &to_fold, &folded));
            runtime.block_on(async {
                let (counts, stop) = counts_of(asker, wish, need, args.everflow.give_up_after, interrupt).await;
                let planner = Planner::new(Goal {
                    feed: wish.feed,
                    windows: need.asked.windows().to_vec(),
                    filters: wish.filters.clone(),
                    row_cap: wish.row_cap,
                    longest_window_seconds: LONGEST_WINDOW_SECONDS,
                    expected_rows_by_hour: counts.most,
                });
                let concurrency = usize::from(args.concurrency);
                let work =
                    Work::new(Arc::clone(asker), Arc::clone(wish), &need.asked, planner, desk, concurrency, printer);
                work.with_counts(Counted(counts.least)).run(interrupt, stop).await
            })
        })
    }

    fn report(&self, summary: &PullSummary) -> Result<(), PullError> {
        match self.args.format {
            // A struct of numbers and text always serialises.
            SummaryFormat::Json => self.printer.data(&serde_json::to_string(summary).unwrap_or_default())?,
            SummaryFormat::Text => {
                let lake = self.args.lake.which.lake.display().to_string();
                self.printer.talk(&summary.to_text(&lake));
            }
        }
        if summary.landed.rows_quarantined > 0 {
            self.printer.warning(&format!(
                "{} could not be typed; read what was kept with: analyze sql 'SELECT reason, path, raw FROM quarantine'",
                count(summary.landed.rows_quarantined, "row")
            ));
        }
        if let Some(uncovered) = &summary.landed.uncovered {
            self.printer.warning(&format!("not covered: {uncovered}"));
        }
        Ok(())
    }

    fn end_of(&self, finished: Finished, summary: &PullSummary) -> Result<RoundEnd, PullError> {
        let is_faulty = summary.uncovered_windows.iter().any(|window| window.reason.is_fault());
        let landed = &summary.landed;
        let is_tolerable = self.args.max_quarantined.allows(landed.rows_quarantined, landed.rows);
        let (outcome, is_hopeless) = match finished.stop {
            None if is_tolerable && !is_faulty => (Outcome::Done, false),
            None => (Outcome::Incomplete, false),
            Some(Stop::Interrupted) => {
                self.printer.warning("interrupted; what had come has landed: pull again to go on");
                (Outcome::Interrupted, true)
            }
            Some(Stop::RequestsSpent) => {
                let left = count(finished.requests_left.max(1), "request");
                self.printer.warning(&format!("--max-requests is reached; about {left} more would be needed"));
                (Outcome::Incomplete, true)
            }
            Some(Stop::Unfiltered(contradiction)) => {
                self.printer.error_text(&format!(
                    "everflow ignored --filter: {} of its answer do not satisfy the filter by {}, such as one of {}; \
                     nothing of that answer has landed",
                    count(contradiction.rows, "row"),
                    contradiction.resource,
                    contradiction.found
                ));
                (Outcome::SourceFailed, true)
            }
            Some(Stop::Source(error)) => {
                self.printer.error(&error);
                let is_refused = error.exit_code() == CODE_OF_ERRORS;
                let outcome = if is_refused { Outcome::Refused } else { Outcome::SourceFailed };
                (outcome, is_refused || error.is_about_all_requests())
            }
            Some(Stop::Raw(error)) => return Err(error.into()),
            Some(Stop::Landing(error)) => return Err(error.into()),
        };
        Ok(RoundEnd { outcome, is_hopeless })
    }
}

/// What Everflow counts in each hour, where that spares requests: a help that may be missing.
async fn counts_of(
    asker: &Asker,
    wish: &Wish,
    need: &Need,
    give_up_after: Duration,
    interrupt: &Interrupt,
) -> (CountsByHour, Option<Stop>) {
    let bounds = need.asked.windows().first().zip(need.asked.last());
    let Some((first, to)) = bounds else { return (CountsByHour::default(), None) };
    let is_worth_it = need.asked.count() >= WORTH_COUNTING_SECONDS && wish.filters.is_empty();
    if !is_worth_it || !wish.feed.is_network() {
        return (CountsByHour::default(), None);
    }
    let window = Window { from: first.from, to };
    let counting =
        tokio::time::timeout(give_up_after.min(COUNTING_MAX), asker.client.counts_by_hour(window, wish.feed));
    let signal = async {
        while !interrupt.is_set() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let counted = tokio::select! {
        counted = counting => counted,
        () = signal => return (CountsByHour::default(), Some(Stop::Interrupted)),
    };
    match counted {
        Ok(Ok(expected)) => (expected.unwrap_or_default(), None),
        Ok(Err(error @ ApiError::RequestsSpent { .. })) => {
            tracing::debug!("no requests left: {error}");
            (CountsByHour::default(), Some(Stop::RequestsSpent))
        }
        Ok(Err(error)) if error.is_about_all_requests() => (CountsByHour::default(), Some(Stop::Source(error))),
        Ok(Err(error)) => {
            tracing::debug!("everflow's counts are not to be had: {error}");
            (CountsByHour::default(), None)
        }
        Err(_) => {
            tracing::debug!("everflow's counts take too long");
            (CountsByHour::default(), None)
        }
    }
}

/// The coverage of the account; none where there is no lake yet.
fn existing_coverage(args: &Pull) -> Result<Vec<Interval>, PullError> {
    match Lake::open(&args.lake.which.lake) {
        Ok(lake) => Ok(coverage_of(&lake, &args.lake.account)?),
        Err(LakeError::Missing(_)) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// Shows what would be asked for.
fn dry_run(args: &Pull, order: &Order, printer: &Printer) -> Result<Outcome, PullError> {
    let coverage = existing_coverage(args)?;
    let now = now();
    let wish = order.wish(&coverage, now)?;
    let need = wish.need(&coverage, now);
    let mut text = format!("would ask {} for {}\n", wish.feed, words(wish.range));
    let mut line = |label: &str, seconds: &Seconds| {
        if !seconds.is_empty() {
            let total = u64::try_from(seconds.count()).unwrap_or_default();
            text.push_str(&format!("  {label:<16} {}: {}\n", count(total, "second"), report::shown(seconds)));
        }
    };
    line("to ask", &need.asked);
    line("covered", &need.covered);
    line("saturated", &need.saturated);
    line("out of retention", &need.expired);
    line("not settled", &need.unsettled);
    text.push_str(&format!("  {:<16} {}", "requests", estimate(&wish, &need, &coverage)));
    printer.data(&text)?;
    Ok(Outcome::Done)
}

/// How many requests it may take, by how dense the feed was where it is covered.
fn estimate(wish: &Wish, need: &Need, coverage: &[Interval]) -> String {
    let windows = need.asked.windows();
    let at_least: i64 =
        windows.iter().map(|window| (window.seconds() + LONGEST_WINDOW_SECONDS - 1) / LONGEST_WINDOW_SECONDS).sum();
    if at_least == 0 {
        return "none".to_owned();
    }
    let of_feed = || coverage.iter().filter(|interval| interval.feed == wish.feed && interval.filters.is_empty());
    let seconds: i64 = of_feed().map(|interval| interval.to_time - interval.from_time + 1).sum();
    let rows: u64 = of_feed().map(|interval| interval.rows).sum();
    if seconds == 0 {
        return format!("at least {}; how dense the clicks are is not known yet", grouped(at_least.unsigned_abs()));
    }
    let rows_expected = rows as f64 / seconds as f64 * need.asked.count() as f64;
    let by_rows = (rows_expected / wish.row_cap as f64).ceil() as u64;
    let days = (need.asked.count() as u64).div_ceil(86_400);
    let (low, high) = (by_rows.max(at_least.unsigned_abs()), by_rows * 13 / 10 + days);
    format!(
        "about {} to {}, for about {}, if clicks come as densely as where they are covered",
        grouped(low),
        grouped(high.max(low)),
        count(rows_expected as u64, "row")
    )
}

/// `FROM .. TO`, in UTC.
pub(crate) fn words(window: Window) -> String {
    if window.seconds() == 1 {
        return word(window.from);
    }
    format!("{} .. {}", word(window.from), word(window.to))
}

fn word(second: i64) -> String {
    DateTime::<Utc>::from_timestamp(second, 0)
        .map_or_else(|| second.to_string(), |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}
