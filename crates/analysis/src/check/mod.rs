//! `analyze check`: queries whose rows are findings, for jobs that alert.
//!
//! Owns what a check is, ids of findings, and what is reported of them. Promises that all checks of a run see one version of
//! the lake, that files appear whole or not at all, and that a finding is told at least once: the state of the next run is
//! written last, after the message was taken; that a check which cannot be answered is said and keeps no other from being told.
//! Leaves the checks themselves to `queries/checks`.

mod args;
mod ask;
mod definition;
mod finding;
mod render;
mod state;

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::catalogue::Catalogue;
use crate::delivery::metrics::MetricsError;
use crate::engine::completeness::Seconds;
use crate::environment::Environment;
use crate::inquiry::Inquiry;
use crate::output::{self, Output};
use crate::page::PageError;
use crate::printer::Printer;
use crate::request::{RequestError, time_text};
use crate::run::{Outcome, RunError};
use crate::suggestion::closest;
use crate::temporaries::Temporaries;

pub use args::{CheckArgs, CheckFormat};
pub use definition::{Check, Severity};
pub use finding::Finding;
use state::{Compared, State};
pub use state::{StateError, Status};

/// By how much the same days are shorter in which clocks are put forward, at most.
const CLOCK_CHANGE_SECONDS: u64 = 2 * 3_600;

/// Why checks cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// No check has this name.
    #[error("no check is called '{name}'; {hint}")]
    Unknown {
        /// The name.
        name: String,
        /// What there is.
        hint: String,
    },
    /// A header, or an answer that does not fit it.
    #[error("check {name}: {problem}")]
    Wrong {
        /// The check.
        name: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A parameter that no check has.
    #[error("--param {0}: no check that is run has such a parameter")]
    Param(String),
    /// The state file.
    #[error(transparent)]
    State(#[from] StateError),
    /// The file of metrics.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// A template.
    #[error(transparent)]
    Page(#[from] PageError),
    /// `--made-at`.
    #[error("--made-at: {0}")]
    MadeAt(#[from] clicks::time_bound::TimeBoundError),
}

/// Everything there is to say after a run.
struct Told<'a> {
    /// Names and titles.
    checks: &'a BTreeMap<String, String>,
    findings: &'a [Finding],
    failed: &'a BTreeMap<String, String>,
    compared: Compared,
    made_at: DateTime<Utc>,
    timezone: &'a str,
    seconds: Seconds,
    notes: &'a [String],
    is_complete: bool,
    has_state: bool,
}

impl Told<'_> {
    /// The findings that are reported: all, or with a state those that are new or worse.
    fn reported(&self) -> impl Iterator<Item = (&Finding, Status, DateTime<Utc>)> {
        let each = self.findings.iter().zip(&self.compared.statuses);
        let each = each.map(|(finding, (status, first_seen))| (finding, *status, *first_seen));
        each.filter(|(_, status, _)| *status != Status::Known || !self.has_state)
    }

    /// Whether somebody should be told.
    fn has_news(&self) -> bool {
        self.reported().next().is_some() || !self.failed.is_empty()
    }

    fn count(&self, severity: Severity) -> usize {
        self.reported().filter(|(finding, ..)| finding.severity == severity).count()
    }
}

/// Runs checks and reports what they find.
///
/// # Errors
/// [`RunError`] says what is wrong and what to do. [`RunError::Webhook`], and what keeps one of the files from being written,
/// come after all else was told, but for the state.
pub async fn check(
    args: &CheckArgs,
    environment: &Environment,
    printer: &Printer,
    temporaries: &Temporaries,
) -> Result<Outcome, RunError> {
    let mut chosen = chosen(args)?;
    ask::check_params(&chosen, &args.params)?;
    let made_at = args.delivery.now().map_err(CheckError::from)?;
    let webhook = args.delivery.webhook().map_err(RunError::Webhook)?;
    let inquiry = Inquiry::of(&args.lake, environment, temporaries)?;
    inquiry.say_which_lake(printer);
    let files = [&args.output, &args.junit, &args.state, &args.delivery.metrics];
    let names = ["--output", "--junit", "--state", "--metrics"];
    output::refuse_same(names.into_iter().zip(files.map(|file| file.as_deref())))?;
    // Before the work: a folder that cannot be written to should not cost the queries first.
    let open = |path: Option<&Path>| -> Result<Option<Output>, RunError> {
        inquiry.refuse_in_lake(path)?;
        Ok(path.map(|path| Output::open(Some(path), temporaries)).transpose()?)
    };
    let output = open(args.output.as_deref())?.unwrap_or(Output::Stdout);
    let (junit, metrics) = (open(args.junit.as_deref())?, open(args.delivery.metrics.as_deref())?);
    let state_file = open(args.state.as_deref())?;
    let state = args.state.as_deref().map(State::load).transpose().map_err(CheckError::from)?.unwrap_or_default();

    let Chosen { titles, checks, failed } = &mut chosen;
    let found =
        inquiry.ask(printer, |opened| ask::look(opened, inquiry.lake_folder(), checks, &args.params, made_at)).await?;
    failed.extend(found.failed);
    failed.values().for_each(|problem| printer.error(problem));
    found.notes.iter().for_each(|note| printer.note(note));
    // Over a shorter range than the one that found it, a finding may only be out of sight.
    let length = u64::try_from(found.seconds.1.saturating_sub(found.seconds.0)).unwrap_or_default();
    let looked_at = |check: &str, account: Option<&str>, known_over: u64| {
        let is_answered = titles.contains_key(check) && !failed.contains_key(check);
        let is_run = is_answered && length + CLOCK_CHANGE_SECONDS >= known_over;
        is_run && (args.lake.account.is_none() || args.lake.account.as_deref() == account)
    };
    let compared = state.compare(&found.findings, made_at, length, looked_at);
    let told = Told {
        checks: titles,
        findings: &found.findings,
        failed,
        compared,
        made_at,
        timezone: &args.lake.timezone,
        seconds: found.seconds,
        notes: &found.notes,
        is_complete: found.is_complete,
        has_state: args.state.is_some(),
    };
    // Each for somebody else: one that cannot be written keeps no other from being told.
    let answered = render::write(&told, args.format, environment, &output).await;
    let mut problems = Vec::from_iter(answered.and_then(|()| Ok(output.commit()?)).err());
    problems.extend(junit.and_then(|file| put(file, render::junit(&told)).err()));
    problems.extend(metrics.and_then(|file| put(file, render::metrics(&told)).err()));
    printer.note(render::summary(&told));
    if let Some(webhook) = webhook.filter(|_| told.has_news()) {
        let sent = webhook.send(&render::message(&told)).await;
        let sent = sent.map_err(|error| if told.has_state { error.without_state() } else { error });
        problems.extend(sent.map_err(RunError::Webhook).err());
    }
    // What was not told is new again in the next run.
    if let Some(file) = state_file.filter(|_| problems.is_empty()) {
        put(file, Ok(told.compared.next.to_json()))?;
    }
    worst(problems, outcome(&told, args.require_complete), printer)
}

fn put(file: Output, text: Result<String, CheckError>) -> Result<(), RunError> {
    file.put(text?.as_bytes())?;
    Ok(file.commit()?)
}

fn outcome(told: &Told<'_>, require_complete: bool) -> Outcome {
    match told.count(Severity::Error) {
        _ if !told.failed.is_empty() => Outcome::Failed,
        _ if require_complete && !told.is_complete => Outcome::Incomplete,
        0 => Outcome::Done,
        _ => Outcome::Findings,
    }
}

/// What a run ends with that found something and could not tell all of it. That a webhook was not reached says less than
/// what was found.
fn worst(mut problems: Vec<RunError>, outcome: Outcome, printer: &Printer) -> Result<Outcome, RunError> {
    let is_only_untold = problems.iter().all(|problem| matches!(problem, RunError::Webhook(_)));
    if is_only_untold && matches!(outcome, Outcome::Failed | Outcome::Findings) || problems.is_empty() {
        problems.iter().for_each(|problem| printer.error(problem));
        return Ok(outcome);
    }
    let first = problems.remove(0);
    problems.iter().for_each(|problem| printer.error(problem));
    Err(first)
}

/// The checks of a run, by name.
#[derive(Debug, Default)]
struct Chosen {
    /// Names and titles of all of them.
    titles: BTreeMap<String, String>,
    /// Those that can be asked.
    checks: Vec<Check>,
    /// The others, and why not.
    failed: BTreeMap<String, String>,
}

/// The checks to run. A file of one's own that cannot be read as a check keeps no other from being asked.
fn chosen(args: &CheckArgs) -> Result<Chosen, RunError> {
    let shipped = Catalogue::load_from(definition::CHECKS, None).map_err(RequestError::from)?;
    let mut queries: BTreeMap<_, _> = shipped.iter().map(|query| (query.name.clone(), Ok(query.clone()))).collect();
    if let Some(folder) = &args.checks {
        queries.extend(Catalogue::each_of_folder(definition::CHECKS, folder).map_err(RequestError::from)?);
    }
    if let Some(name) = args.names.iter().find(|name| !queries.contains_key(*name)) {
        let names = || queries.keys().map(String::as_str);
        let hint = match closest(name, names()) {
            Some(similar) => format!("did you mean '{similar}'?"),
            None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
        };
        return Err(CheckError::Unknown { name: name.clone(), hint }.into());
    }
    let mut chosen = Chosen::default();
    for (name, query) in queries.into_iter().filter(|(name, _)| args.names.is_empty() || args.names.contains(name)) {
        let title = query.as_ref().map_or_else(|_| name.clone(), |query| query.title.clone());
        chosen.titles.insert(name.clone(), title);
        let check = query.map_err(|error| error.to_string());
        match check.and_then(|query| Check::of(query).map_err(|problem| wrong(&name, problem).to_string())) {
            Ok(check) => chosen.checks.push(check),
            Err(problem) => drop(chosen.failed.insert(name, problem)),
        }
    }
    Ok(chosen)
}

fn wrong(name: &str, problem: String) -> CheckError {
    CheckError::Wrong { name: name.to_owned(), problem }
}

/// A range as RFC 3339.
fn range_text((from, to): Seconds) -> [Option<String>; 2] {
    let text = |seconds: i64| DateTime::from_timestamp(seconds, 0).map(time_text);
    [text(from), text(to)]
}

#[cfg(test)]
mod tests;
