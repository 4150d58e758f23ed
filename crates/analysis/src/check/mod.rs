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

use crate::catalogue::{Catalogue, Query};
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
    checks: &'a [Check],
    findings: &'a [Finding],
    failed: &'a BTreeMap<String, RunError>,
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
/// [`RunError`] says what is wrong and what to do. [`RunError::Webhook`] comes after all files were written, but the state.
pub async fn check(
    args: &CheckArgs,
    environment: &Environment,
    printer: &Printer,
    temporaries: &Temporaries,
) -> Result<Outcome, RunError> {
    let checks = chosen(args)?;
    ask::check_params(&checks, &args.params)?;
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

    let found =
        inquiry.ask(printer, |opened| ask::look(opened, inquiry.lake_folder(), &checks, &args.params, made_at)).await?;
    found.failed.values().for_each(|error| printer.error(error));
    found.notes.iter().for_each(|note| printer.note(note));
    // Over a shorter range than the one that found it, a finding may only be out of sight.
    let length = u64::try_from(found.seconds.1.saturating_sub(found.seconds.0)).unwrap_or_default();
    let looked_at = |check: &str, account: Option<&str>, known_over: u64| {
        let is_answered = checks.iter().any(|run| run.query.name == check) && !found.failed.contains_key(check);
        let is_run = is_answered && length >= known_over;
        is_run && (args.lake.account.is_none() || args.lake.account.as_deref() == account)
    };
    let compared = state.compare(&found.findings, made_at, length, looked_at);
    let told = Told {
        checks: &checks,
        findings: &found.findings,
        failed: &found.failed,
        compared,
        made_at,
        timezone: &args.lake.timezone,
        seconds: found.seconds,
        notes: &found.notes,
        is_complete: found.is_complete,
        has_state: args.state.is_some(),
    };
    let texts = [
        (junit, render::junit as fn(&Told<'_>) -> Result<String, CheckError>),
        (metrics, render::metrics as fn(&Told<'_>) -> Result<String, CheckError>),
    ];
    for (file, text) in texts {
        if let Some(file) = file {
            file.put(text(&told)?.as_bytes())?;
            file.commit()?;
        }
    }
    render::write(&told, args.format, environment, &output).await?;
    output.commit()?;
    printer.note(render::summary(&told));
    if let Some(webhook) = webhook.filter(|_| told.has_news()) {
        let sent = webhook.send(&render::message(&told)).await;
        let has_state = state_file.is_some();
        sent.map_err(|error| if has_state { error.without_state() } else { error }).map_err(RunError::Webhook)?;
    }
    if let Some(file) = state_file {
        file.put(told.compared.next.to_json().as_bytes())?;
        file.commit()?;
    }
    Ok(match told.count(Severity::Error) {
        _ if !told.failed.is_empty() => Outcome::Failed,
        _ if args.require_complete && !told.is_complete => Outcome::Incomplete,
        0 => Outcome::Done,
        _ => Outcome::Findings,
    })
}

/// The checks to run, by name.
fn chosen(args: &CheckArgs) -> Result<Vec<Check>, RunError> {
    let catalogue = Catalogue::load_from(definition::CHECKS, args.checks.as_deref()).map_err(RequestError::from)?;
    let names: Vec<&str> = catalogue.iter().map(|query| query.name.as_str()).collect();
    if let Some(name) = args.names.iter().find(|name| !names.contains(&name.as_str())) {
        let hint = match closest(name, names.iter().copied()) {
            Some(similar) => format!("did you mean '{similar}'?"),
            None => format!("there are {}", names.join(", ")),
        };
        return Err(CheckError::Unknown { name: name.clone(), hint }.into());
    }
    let is_chosen = |query: &&Query| args.names.is_empty() || args.names.contains(&query.name);
    let checks = catalogue
        .iter()
        .filter(is_chosen)
        .map(|query| Check::of(query.clone()).map_err(|problem| wrong(&query.name, problem)));
    Ok(checks.collect::<Result<_, _>>()?)
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
