//! `analyze check`: queries whose rows are findings, for jobs that alert.
//!
//! Owns what a check is, ids of findings, and what is reported of them. Promises that all checks of a run see one version of
//! the lake, that files appear whole or not at all, and that a finding is told at least once: the state of the next run is
//! written last, after the message was taken. Leaves the checks themselves to `queries/checks`.

mod args;
mod definition;
mod finding;
mod render;
mod state;

use std::path::Path;

use chrono::{DateTime, Utc};
use datafusion::common::ScalarValue;
use futures::try_join;
use minijinja::{Environment as Templates, UndefinedBehavior};

use crate::catalogue::{Catalogue, Query};
use crate::delivery::metrics::MetricsError;
use crate::engine::completeness::Seconds;
use crate::engine::side_by_side;
use crate::environment::Environment;
use crate::inquiry::{Inquiry, Opened};
use crate::output::{self, Output};
use crate::page::{self, PageError};
use crate::printer::Printer;
use crate::request::{Question, RequestError, time_text};
use crate::run::{Outcome, RunError};
use crate::scorecard;
use crate::suggestion::closest;
use crate::temporaries::Temporaries;

pub use args::{CheckArgs, CheckFormat};
pub use definition::{Check, Severity};
pub use finding::Finding;
use state::{Compared, State};
pub use state::{StateError, Status};

/// The parameter that a check declares to be told what time it is.
const NOW: &str = "now";

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

/// What a run found, and over what.
#[derive(Debug)]
struct Found {
    findings: Vec<Finding>,
    seconds: Seconds,
    notes: Vec<String>,
    is_complete: bool,
}

/// Everything there is to say after a run.
struct Told<'a> {
    checks: &'a [Check],
    findings: &'a [Finding],
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
    check_params(&checks, &args.params)?;
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
        inquiry.ask(printer, |opened| look(opened, inquiry.lake_folder(), &checks, &args.params, made_at)).await?;
    found.notes.iter().for_each(|note| printer.note(note));
    // Over a shorter range than the one that found it, a finding may only be out of sight.
    let length = u64::try_from(found.seconds.1.saturating_sub(found.seconds.0)).unwrap_or_default();
    let looked_at = |check: &str, account: Option<&str>, known_over: u64| {
        let is_run = checks.iter().any(|run| run.query.name == check) && length >= known_over;
        is_run && (args.lake.account.is_none() || args.lake.account.as_deref() == account)
    };
    let compared = state.compare(&found.findings, made_at, length, looked_at);
    let told = Told {
        checks: &checks,
        findings: &found.findings,
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
    if let Some(webhook) = webhook.filter(|_| told.reported().next().is_some()) {
        let sent = webhook.send(&render::message(&told)).await;
        let has_state = state_file.is_some();
        sent.map_err(|error| if has_state { error.without_state() } else { error }).map_err(RunError::Webhook)?;
    }
    if let Some(file) = state_file {
        file.put(told.compared.next.to_json().as_bytes())?;
        file.commit()?;
    }
    Ok(match told.count(Severity::Error) {
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

/// `CHECK.NAME=VALUE` as what it is for, and the rest; `NAME=VALUE` is for every check.
fn scoped(pair: &str) -> (Option<&str>, &str) {
    let name = pair.split('=').next().unwrap_or_default();
    match name.split_once('.') {
        Some((check, _)) => (Some(check), &pair[check.len() + 1..]),
        None => (None, pair),
    }
}

fn is_for(check: &Check, pair: &str) -> bool {
    let (only, pair) = scoped(pair);
    let name = pair.split('=').next().unwrap_or_default().trim();
    only.is_none_or(|only| only == check.query.name) && check.query.param(name).is_some()
}

/// A value that no check takes is a slip of the hand.
fn check_params(checks: &[Check], params: &[String]) -> Result<(), CheckError> {
    match params.iter().find(|pair| !checks.iter().any(|check| is_for(check, pair))) {
        Some(stranger) => Err(CheckError::Param(stranger.clone())),
        None => Ok(()),
    }
}

/// The parameters that are for a check, and the moment of the run where it wants to know.
fn own_params(check: &Check, params: &[String], now: DateTime<Utc>) -> Vec<String> {
    let mut own: Vec<String> =
        params.iter().filter(|pair| is_for(check, pair)).map(|pair| scoped(pair).1.to_owned()).collect();
    if let Some(param) = check.query.param(NOW).filter(|param| param.default.as_ref().is_some_and(ScalarValue::is_null))
        && !own.iter().any(|pair| pair.starts_with(&format!("{}=", param.name)))
    {
        own.push(format!("{NOW}={}", now.to_rfc3339()));
    }
    own
}

/// A check with what it is asked with.
struct Asked<'a> {
    check: &'a Check,
    question: Question,
    params: Vec<String>,
    is_about_scores: bool,
}

/// What checks find.
async fn ask(opened: &Opened, asked: &[&Asked<'_>], texts: &Templates<'_>) -> Result<Vec<Finding>, RunError> {
    let answers = side_by_side(asked.iter().map(|asked| opened.rows(&asked.question, &asked.params)).collect()).await?;
    let mut found = Vec::new();
    for (Asked { check, .. }, rows) in asked.iter().zip(&answers) {
        found.extend(finding::findings(check, rows, texts).map_err(|problem| wrong(&check.query.name, problem))?);
    }
    Ok(found)
}

/// Asks all checks of one version of the lake.
async fn look(
    opened: Opened,
    lake: Option<&Path>,
    checks: &[Check],
    params: &[String],
    now: DateTime<Utc>,
) -> Result<Found, RunError> {
    let texts = message_templates()?;
    let mut asked = Vec::new();
    for check in checks {
        let question = Question::of_query(check.query.clone(), &check.query.file_name("checks/"));
        let is_about_scores = scorecard::is_read_by(&question)?;
        asked.push(Asked { check, question, params: own_params(check, params, now), is_about_scores });
    }
    let (about_scores, others): (Vec<_>, Vec<_>) = asked.iter().partition(|asked| asked.is_about_scores);
    let scored = scorecard::beside(&opened, lake, !about_scores.is_empty());
    // Scores are computed beside the answers that do not wait for them.
    let (mut findings, scored) = try_join!(ask(&opened, &others, &texts), scored)?;
    findings.extend(ask(&scored, &about_scores, &texts).await?);
    let place = |name: &str| checks.iter().position(|check| check.query.name == name);
    findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), place(&finding.check)));
    let mut needs: Vec<_> = checks.iter().flat_map(|check| check.query.needs.clone()).collect();
    needs.sort();
    needs.dedup();
    let measured = opened.engine.completeness(&needs, opened.seconds).await?;
    let is_complete =
        measured.iter().all(|account| account.is_complete()) && (needs.is_empty() || !measured.is_empty());
    let gaps = measured.iter().filter(|account| !account.is_complete()).map(ToString::to_string);
    let notes = scored.notes.into_iter().chain(gaps).collect();
    Ok(Found { findings, seconds: opened.seconds, notes, is_complete })
}

/// What messages are rendered with: a name that no column has is an error, not nothing.
fn message_templates() -> Result<Templates<'static>, CheckError> {
    let mut texts = page::environment(&[], None)?;
    texts.set_undefined_behavior(UndefinedBehavior::Strict);
    Ok(texts)
}

/// A range as RFC 3339.
fn range_text((from, to): Seconds) -> [Option<String>; 2] {
    let text = |seconds: i64| DateTime::from_timestamp(seconds, 0).map(time_text);
    [text(from), text(to)]
}

#[cfg(test)]
mod tests;
