//! `analyze score`.

use std::io::Write;
use std::path::PathBuf;

use arrow::array::RecordBatch;
use clicks::feed::Feed;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::stream;

use super::explain::{Explanation, explain, find};
use super::history::History;
use super::labels::Labels;
use super::table::{self, Columns};
use super::windows::{Scored, Windows};
use super::{folder_beside, read_config};
use crate::args::{ScoreArgs, SignalsArgs};
use crate::engine::EngineError;
use crate::environment::Environment;
use crate::formats::{self, Format, FormatError, Meta};
use crate::inquiry::{Inquiry, Opened};
use crate::output::Output;
use crate::page::many;
use crate::printer::Printer;
use crate::run::{Outcome, RunError, format_options, refuse_binary_on_terminal};
use crate::scoring::learned::Taught;
use crate::scoring::{Tier, Verdict};
use crate::signals::Signals;
use crate::temporaries::Temporaries;

/// What was found, before anything of it is written.
struct Found {
    windows: Vec<Scored>,
    explanation: Option<Explanation>,
    notes: Vec<String>,
    is_complete: bool,
}

/// Scores, explains, and keeps the scores.
///
/// # Errors
/// [`RunError`] says what is wrong and what to do.
pub async fn command(
    args: &ScoreArgs,
    environment: &Environment,
    printer: &Printer,
    temporaries: &Temporaries,
) -> Result<Outcome, RunError> {
    let asked = &args.signals;
    let (signals, config) =
        (load_signals(asked)?, read_config(args.config.as_deref().or(environment.config.as_deref()))?);
    let labels = args.labels.as_deref().map(Labels::read).transpose().map_err(super::ScorecardError::from)?;
    let labels = labels.unwrap_or_default();
    let inquiry = Inquiry::of(&asked.lake, environment, temporaries)?;
    refuse_binary_on_terminal(asked.format, asked.output.as_deref())?;
    if asked.tables.is_empty() {
        inquiry.say_which_lake(printer);
    }
    inquiry.refuse_in_lake(asked.output.as_deref())?;
    config.strangers(&signals.iter().cloned().collect::<Vec<_>>()).iter().for_each(|stranger| printer.note(stranger));
    let output = Output::open(asked.output.as_deref(), temporaries)?;
    let folder = folder(args, &inquiry);
    let history = folder.as_deref().map(|folder| History::read(folder, &asked.by.to_string())).transpose()?;
    let history = history.unwrap_or_default();
    let windows = Windows { signals: &signals, by: asked.by, config: &config, labels: &labels, tables: &asked.tables };
    let found = inquiry.ask(printer, |opened| find_scores(opened, &windows, &history, args)).await?;

    let mut notes = found.notes;
    notes.extend(remarks(&found.windows, &labels));
    notes.iter().for_each(|note| printer.note(note));
    if folder.is_some() {
        for scored in found.windows.iter().filter(|scored| !scored.scores.entities.is_empty()) {
            // Scores are there all the same: a folder that cannot be written to is said, and no failure.
            match history.write(&scored.window(), temporaries) {
                Ok(path) => printer.detail(format_args!("kept in {}", path.display())),
                Err(error) => printer.note(format_args!("these scores are not kept: {error}")),
            }
        }
    }
    let columns = Columns { day: args.daily, learned: !labels.is_empty(), for_statements: false };
    match &found.explanation {
        Some(explanation) if asked.format == Format::Table => {
            let lake = asked.lake.lake.as_ref().map(|lake| lake.display().to_string());
            let mut out = output.writer()?;
            let text = explanation.text(lake.as_deref());
            out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| {
                let is_gone = error.kind() == std::io::ErrorKind::BrokenPipe;
                RunError::Format(if is_gone { FormatError::BrokenPipe } else { FormatError::Output(error) })
            })?;
        }
        Some(explanation) => write(explanation.batch(), "Reasons", notes, asked, environment, printer, &output).await?,
        None => {
            let rows = table::batch(&found.windows, columns);
            write(rows, "Anomaly scores", notes, asked, environment, printer, &output).await?;
        }
    }
    output.commit()?;
    Ok(if args.require_complete && !found.is_complete { Outcome::Incomplete } else { Outcome::Done })
}

/// The signals that are asked: of a table of entities, none but the user's.
pub(super) fn load_signals(args: &SignalsArgs) -> Result<Signals, RunError> {
    Ok(match (&args.signals, args.tables.is_empty()) {
        (Some(dir), false) => Signals::of_folder(dir)?,
        (dir, _) => Signals::load(dir.as_deref())?,
    })
}

/// Where scores are kept. Those of another table or of one account alone are kept only where it is said.
fn folder(args: &ScoreArgs, inquiry: &Inquiry) -> Option<PathBuf> {
    let is_whole =
        args.signals.tables.is_empty() && args.signals.signals.is_none() && args.signals.lake.account.is_none();
    let beside = inquiry.lake_folder().filter(|_| is_whole).map(folder_beside);
    args.scores.clone().or(beside).filter(|_| !args.no_history)
}

async fn find_scores(
    mut opened: Opened,
    windows: &Windows<'_>,
    history: &History,
    args: &ScoreArgs,
) -> Result<Found, RunError> {
    let found = if args.daily {
        let zone = args.signals.lake.timezone.parse().unwrap_or(chrono_tz::UTC);
        windows.daily(&mut opened, zone, &mut history.clone()).await?
    } else {
        vec![windows.whole(&mut opened, history).await?]
    };
    let explanation = match (&args.explain, found.first()) {
        (Some(wanted), Some(scored)) => {
            let row = find(scored, args.signals.by, wanted)?;
            Some(explain(&opened, scored, row).await?)
        }
        _ => None,
    };
    let mut notes = std::mem::take(&mut opened.notes);
    let mut is_complete = true;
    if args.signals.tables.is_empty() {
        // Rates need a feed with all clicks, whichever login it is of.
        let needs = [vec![Feed::NetworkClicks, Feed::AffiliateClicks]];
        let measured = opened.engine.completeness(&needs, opened.seconds).await?;
        is_complete = !measured.is_empty() && measured.iter().all(|account| account.is_complete());
        notes.extend(measured.iter().filter(|account| !account.is_complete()).map(ToString::to_string));
    }
    Ok(Found { windows: found, explanation, notes, is_complete })
}

/// What must be known beside the scores.
fn remarks(windows: &[Scored], labels: &Labels) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(last) = windows.last() {
        remarks.extend(super::rests_on(last));
        for (signal, unusable) in
            last.matrix.signals().iter().zip(last.matrix.unusable()).filter(|(_, count)| **count > 0)
        {
            remarks.push(format!("signal '{}': {unusable} values are no finite numbers and do not count", signal.name));
        }
    }
    let counts = [Tier::Flag, Tier::Watch, Tier::Allowed, Tier::InsufficientData]
        .map(|tier| (table::count(windows, tier), tier))
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, tier)| format!("{count} {tier}"));
    let counts: Vec<String> = counts.collect();
    let all: usize = windows.iter().map(|window| window.scores.entities.len()).sum();
    remarks.push(format!("{all} scored: {}", if counts.is_empty() { "all ok".to_owned() } else { counts.join(", ") }));
    if let (false, Some(last)) = (labels.is_empty(), windows.last()) {
        remarks.extend(of_labels(last, labels));
    }
    remarks
}

/// How the order agrees with the verdicts, and what was learned from them.
fn of_labels(window: &Scored, labels: &Labels) -> Vec<String> {
    let mut remarks = Vec::new();
    let order = window.order();
    for k in [10, 20, 50] {
        let top: Vec<Option<Verdict>> = order.iter().take(k).map(|row| window.verdicts_about[*row]).collect();
        let count = |wanted| top.iter().filter(|verdict| **verdict == Some(wanted)).count();
        let (frauds, cleared) = (count(Verdict::Fraud), count(Verdict::Cleared));
        if top.len() == k && frauds + cleared > 0 {
            let precision = 100.0 * frauds as f64 / (frauds + cleared) as f64;
            let unknown = k - frauds - cleared;
            remarks.push(format!(
                "top {k}: {frauds} fraud, {cleared} cleared, {unknown} without a verdict (precision {precision:.0} % of those with one)"
            ));
        }
    }
    if window.verdicts_about.iter().all(Option::is_none) {
        remarks.push("no precision: no verdict was given since this window began".to_owned());
    }
    match &window.learned {
        Some(Ok(learned)) => {
            let Taught { frauds, others, seen, windows } = learned.taught;
            let sample = if seen < frauds + others { format!(" (a sample of {seen} of them)") } else { String::new() };
            remarks.push(format!(
                "learned from {frauds} frauds among {} in {}{sample}: the column priority rests on it by {:.0} %, on the \
                 score by the rest",
                frauds + others,
                many(windows, "window"),
                100.0 * learned.weight
            ));
        }
        Some(Err(error)) => remarks.push(format!("nothing learned: {error}")),
        None => {}
    }
    let strangers = labels.strangers(window.matrix.entities());
    if let Some(first) = strangers.first() {
        remarks.push(format!("{} labelled entities have no clicks here, the first is {first}", strangers.len()));
    }
    remarks
}

/// Writes rows in the format asked for.
pub(super) async fn write(
    rows: Result<RecordBatch, arrow::error::ArrowError>,
    title: &str,
    notes: Vec<String>,
    args: &SignalsArgs,
    environment: &Environment,
    printer: &Printer,
    output: &Output,
) -> Result<(), RunError> {
    let batch = rows.map_err(|error| EngineError::Bug(error.to_string()))?;
    let schema = batch.schema();
    let rows = Box::pin(RecordBatchStreamAdapter::new(schema, stream::iter([Ok::<_, DataFusionError>(batch)])));
    let meta = Meta { title: title.to_owned(), notes, ..Meta::default() };
    let options = format_options(args.raw, args.output.is_none(), environment);
    let written =
        formats::write(args.format, rows, &meta, &options, output.writer()?).await.map_err(RunError::Format)?;
    written.remarks.iter().for_each(|remark| printer.note(remark));
    Ok(())
}
