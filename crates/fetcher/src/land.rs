//! `fetcher land`: files to partitions.
//!
//! As many threads as there are cores read and type rows, in turn and side by side, and another folds what they hand
//! over into the lake. Queues are short and clicks in memory are counted, so memory is bounded for input of any size.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::ScopedJoinHandle;
use std::time::Instant;

use clicks::document::{Document, DocumentError, Structure};
use clicks::gather::TypedClicks;
use clicks::lake::{Granularity, Lake, LakeError};
use clicks::landing::{Folded, Landing, LandingError, hold_back};
use clicks::typing::Observation;
use indicatif::ProgressBar;

use crate::args::{Land, PseudonymKeyError, SummaryFormat, TimeError};
use crate::input::{self, BytesRead, InputError};
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::pull::replay::{self, ReplayError, Replayed};
use crate::summary::{Summary, count};
use crate::{Failure, Outcome};

mod proof;
mod source;
pub(crate) mod typists;

use source::{Fed, FeedError, Source};
use typists::{Sheet, type_rows};

/// Clicks in memory that are folded into the lake at once, in bytes.
const FOLD_BYTES: usize = 24 << 20;
/// What is looked at of each file before anything lands.
const BEGINNING_BYTES: u64 = 4096;

/// Why a landing ended early.
#[derive(Debug, thiserror::Error)]
pub enum LandError {
    /// An argument.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// The key of pseudonyms.
    #[error(transparent)]
    PseudonymKey(#[from] PseudonymKeyError),
    /// A file that cannot be opened.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A file that cannot be read to its end.
    #[error("{path}: {source}{landed}")]
    Document {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: DocumentError,
        /// What had landed before.
        landed: Landed,
    },
    /// The lake's folder.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A commit.
    #[error("{source}{landed}")]
    Landing {
        /// What is wrong.
        source: LandingError,
        /// What had landed before.
        landed: Landed,
    },
    /// An answer that a pull has kept.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// Stdout.
    #[error("the clicks have landed, but their summary cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl Failure for LandError {
    fn is_broken_pipe(&self) -> bool {
        matches!(self, LandError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Rows that had landed when a landing ended early.
#[derive(Debug, Clone, Copy)]
pub struct Landed(u64);

impl std::fmt::Display for Landed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            0 => f.write_str("; nothing was landed"),
            rows => write!(f, "; {rows} rows had landed and stay: land the input again to complete it"),
        }
    }
}

/// Lands the files.
///
/// # Errors
/// Where an argument is wrong, a file is none of JSON, or the lake cannot be written.
pub fn run(args: &Land, printer: &Printer) -> Result<Outcome, LandError> {
    let started = Instant::now();
    let interrupt = Interrupt::listen();
    let range = args.covered_range()?;
    let now = chrono::Utc::now().timestamp();
    let observation = Observation { feed: args.source, observed_at: args.observed_at(now)? };
    if let Some(kept) = replay::headers_of(&args.files)? {
        return land_kept(args, &kept, &interrupt, printer);
    }
    let pseudonyms = args.pseudonyms.load()?;
    check_inputs(&args.files)?;
    let lake = Lake::open_or_create(&args.lake.which.lake, args.lake.partition)?;
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let landing = Landing::new(&lake, args.lake.account.clone(), args.lake.which.lock_timeout, threads);
    let landing = landing.with_pseudonyms(pseudonyms);
    landing.check_feed(args.source).map_err(|source| LandError::Landing { source, landed: Landed(0) })?;

    let read = BytesRead::default();
    let progress = printer.progress(input::total_bytes(&args.files));
    let mut desk = Desk {
        folder: Folder { landing, printer, observation, folded: Folded::default() },
        tally: Tally {
            granularity: lake.granularity(),
            summary: Summary::default(),
            reasons: BTreeMap::new(),
            waiting: Sheet::default(),
        },
    };
    let fed = desk.work(args, &read, &progress, &interrupt, threads)?;
    progress.finish_and_clear();
    if interrupt.is_set() {
        printer.warning(&format!("interrupted{}", desk.folder.landed()));
        return Ok(Outcome::Interrupted);
    }
    for path in &fed.blank {
        printer.warning(&format!("{} is empty; an answer without rows is {{\"clicks\": []}}", path.display()));
    }
    // Nothing at all is no answer: it proves no more than a torn one.
    let broken = fed.rows_broken + fed.blank.len() as u64;
    let claim = range.zip(args.source).map(|(range, feed)| {
        proof::claim(range, feed, observation.observed_at, now, &fed.structure, desk.tally.summary.rows, broken)
    });
    let intervals = claim.as_ref().map(|claim| claim.intervals.clone()).unwrap_or_default();
    desk.folder.fold(desk.tally.waiting.take(), &intervals)?;

    let mut summary = desk.finish();
    if let Some(claim) = &claim {
        summary.covered.clone_from(&claim.covered);
        summary.uncovered.clone_from(&claim.uncovered);
    }
    summary.bytes_read = read.get();
    summary.bytes_json = fed.bytes;
    summary.set_time(started.elapsed());
    report(args, args.source.is_some(), printer, &summary)?;
    report_structure(printer, &fed.structure);
    report_uncovered(printer, &summary);
    let is_tolerable = args.max_quarantined.allows(summary.rows_quarantined, summary.rows);
    let is_incomplete = claim.is_some_and(|claim| claim.is_incomplete) || !proof::is_whole(&fed.structure);
    Ok(if is_tolerable && !is_incomplete { Outcome::Done } else { Outcome::Incomplete })
}

/// Lands answers that a pull has kept: each says itself what it is.
fn land_kept(
    args: &Land,
    kept: &[replay::Kept],
    interrupt: &Interrupt,
    printer: &Printer,
) -> Result<Outcome, LandError> {
    let started = Instant::now();
    if let Some((path, _)) = kept.first()
        && (args.source.is_some() || args.covers.is_some() || args.as_of.is_some())
    {
        return Err(ReplayError::Described(path.clone()).into());
    }
    let pseudonyms = args.pseudonyms.load()?;
    let lake = Lake::open_or_create(&args.lake.which.lake, args.lake.partition)?;
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let landing = Landing::new(&lake, args.lake.account.clone(), args.lake.which.lock_timeout, threads);
    let mut landing = landing.with_pseudonyms(pseudonyms);
    let Replayed { mut summary, is_incomplete } = replay::replay(kept, &args.lake.account, &mut landing, interrupt)?;
    if interrupt.is_set() {
        printer.warning("interrupted; what had landed stays: land the answers again to complete it");
        return Ok(Outcome::Interrupted);
    }
    summary.set_time(started.elapsed());
    report(args, true, printer, &summary)?;
    report_uncovered(printer, &summary);
    let is_tolerable = args.max_quarantined.allows(summary.rows_quarantined, summary.rows);
    Ok(if is_tolerable && !is_incomplete { Outcome::Done } else { Outcome::Incomplete })
}

/// Looks at the beginning of every file, so that one of another kind is found before anything lands.
fn check_inputs(files: &[PathBuf]) -> Result<(), LandError> {
    for path in files.iter().filter(|path| *path != Path::new("-")) {
        let document = Document::open(input::open(path, &BytesRead::default())?.take(BEGINNING_BYTES));
        document.map_err(|source| LandError::Document { path: path.clone(), source, landed: Landed(0) })?;
    }
    Ok(())
}

fn report(args: &Land, is_feed_known: bool, printer: &Printer, summary: &Summary) -> Result<(), LandError> {
    match args.format {
        // A struct of numbers and text always serialises.
        SummaryFormat::Json => printer.data(&serde_json::to_string(summary).unwrap_or_default())?,
        SummaryFormat::Text => {
            printer.talk(&summary.to_text(&args.lake.which.lake.display().to_string(), &args.lake.account))
        }
    }
    if !is_feed_known {
        printer.note(
            "without --source the feed of these clicks is unknown: queries that need to know it, such as rates, will say so",
        );
    }
    if summary.rows_quarantined > 0 {
        printer.warning(&format!(
            "{} could not be typed; read what was kept with: analyze sql 'SELECT reason, path, raw FROM quarantine'",
            count(summary.rows_quarantined, "row")
        ));
    }
    Ok(())
}

fn report_uncovered(printer: &Printer, summary: &Summary) {
    if let Some(uncovered) = &summary.uncovered {
        printer.warning(&format!("not recorded as covered: {uncovered}"));
    }
}

/// What an input says of itself beside its rows.
fn report_structure(printer: &Printer, structure: &Structure) {
    for doubt in proof::doubts(structure) {
        printer.warning(&format!("{doubt}; what it holds has landed, but rows may be missing"));
    }
    if !structure.other_keys.is_empty() {
        let keys: Vec<_> = structure.other_keys.iter().map(String::as_str).collect();
        printer.note(&format!("keys beside the list of an answer are of no row, and not kept: {}", keys.join(", ")));
    }
}

/// Where typed clicks are gathered until they are folded.
struct Desk<'a> {
    tally: Tally,
    folder: Folder<'a>,
}

impl Desk<'_> {
    /// Reads, types and folds until the input ends; the last clicks are left for the fold that brings the coverage.
    ///
    /// Folding goes on beside typing, since half of it is waiting for the disk.
    fn work(
        &mut self,
        args: &Land,
        read: &BytesRead,
        progress: &ProgressBar,
        interrupt: &Interrupt,
        threads: usize,
    ) -> Result<Fed, LandError> {
        let Desk { tally, folder } = self;
        let observation = folder.observation;
        let source = Mutex::new(Source::new(&args.files, read, interrupt));
        let (to_desk, sheets) = sync_channel(1);
        let (to_folder, full_sheets) = sync_channel::<Sheet>(1);
        let folded = std::thread::scope(|scope| {
            let source = &source;
            let typists: Vec<_> = (0..threads)
                .map(|_| {
                    let to_desk = to_desk.clone();
                    scope.spawn(move || type_rows(observation, source, &to_desk))
                })
                .collect();
            drop(to_desk);
            let folder = &mut *folder;
            let folding = scope.spawn(move || full_sheets.into_iter().try_for_each(|sheet| folder.fold(sheet, &[])));
            tally.gather_sheets(&sheets, &to_folder, read, progress, interrupt);
            drop((sheets, to_folder));
            typists.into_iter().for_each(joined);
            joined(folding)
        });
        folded?;
        let fed = source.into_inner().unwrap_or_else(PoisonError::into_inner).finish();
        let mut fed = fed.map_err(|(path, source)| match source {
            FeedError::Input(error) => LandError::Input(error),
            FeedError::Document(source) => LandError::Document { path, source, landed: folder.landed() },
        })?;
        fed.rows_broken = tally.waiting.rows_broken;
        fed.structure.add(std::mem::take(&mut tally.waiting.structure));
        Ok(fed)
    }

    fn finish(self) -> Summary {
        let mut summary = self.tally.summary;
        summary.add(self.folder.folded);
        summary.set_reasons(self.tally.reasons);
        summary
    }
}

/// What a thread gives; its panic is a bug, and goes on as one.
fn joined<T>(thread: ScopedJoinHandle<T>) -> T {
    thread.join().unwrap_or_else(|bug| std::panic::resume_unwind(bug))
}

/// Counts what was typed, and gathers it until it is worth a fold.
struct Tally {
    granularity: Granularity,
    summary: Summary,
    reasons: BTreeMap<String, u64>,
    waiting: Sheet,
}

impl Tally {
    /// Takes sheets until there are no more, or nobody folds them.
    fn gather_sheets(
        &mut self,
        sheets: &Receiver<Sheet>,
        to_folder: &SyncSender<Sheet>,
        read: &BytesRead,
        progress: &ProgressBar,
        interrupt: &Interrupt,
    ) {
        for sheet in sheets {
            self.summary.rows += sheet.rows;
            self.summary.values_moved_to_extra += sheet.moved_to_extra;
            for row in sheet.quarantined.iter().filter(|row| row.part == 0) {
                self.summary.rows_quarantined += 1;
                let path = if row.path.is_empty() { String::new() } else { format!("{}: ", row.path) };
                *self.reasons.entry(path + &row.reason).or_default() += 1;
            }
            self.waiting.add(sheet);
            progress.set_position(read.get());
            progress.set_message(format!("{} rows", self.summary.rows));
            let is_full = self.waiting.bytes >= FOLD_BYTES && !interrupt.is_set();
            if is_full && to_folder.send(self.take_full_sheet()).is_err() {
                return;
            }
        }
    }

    /// What waits, but for the clicks that are better folded with those that follow.
    fn take_full_sheet(&mut self) -> Sheet {
        let mut full = self.waiting.take();
        let sheets = full.clicks.len();
        let (now, later) = hold_back(full.clicks, self.granularity);
        self.waiting.bytes = full.bytes * later.len() / sheets.max(1);
        self.waiting.clicks = later;
        full.clicks = now;
        full
    }
}

/// Folds what the desk hands over into the lake.
struct Folder<'a> {
    landing: Landing<'a>,
    printer: &'a Printer,
    observation: Observation,
    folded: Folded,
}

impl Folder<'_> {
    fn fold(&mut self, sheet: Sheet, coverage: &[clicks::coverage::Interval]) -> Result<(), LandError> {
        let landed = self.landed();
        let folded = self
            .landing
            .fold(&sheet.clicks, self.observation, &sheet.quarantined, coverage)
            .map_err(|source| LandError::Landing { source, landed })?;
        self.folded += folded;
        self.printer.detail(&format!(
            "folded {}, {} changed, {} unchanged, into {} written",
            count(folded.rows_new, "new row"),
            folded.rows_changed,
            folded.rows_unchanged,
            count(folded.partitions_written, "partition")
        ));
        Ok(())
    }

    fn landed(&self) -> Landed {
        Landed(self.folded.rows_new + self.folded.rows_changed + self.folded.rows_unchanged)
    }
}
