//! What checks find in one version of the lake. One that cannot be answered keeps no other from being told.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use datafusion::common::ScalarValue;
use futures::{StreamExt, join};
use minijinja::{Environment as Templates, UndefinedBehavior};

use super::{Check, CheckError, Chosen, Finding, finding, wrong};
use crate::engine::completeness::Seconds;
use crate::engine::{EngineError, in_turn};
use crate::inquiry::Opened;
use crate::page;
use crate::request::Question;
use crate::run::RunError;
use crate::scorecard;

/// The parameter that a check declares to be told what time it is.
const NOW: &str = "now";

/// What a run found, and over what.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) findings: Vec<Finding>,
    /// Checks that could not be answered, and why.
    pub(super) failed: BTreeMap<String, String>,
    pub(super) seconds: Seconds,
    pub(super) notes: Vec<String>,
    pub(super) is_complete: bool,
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

/// A value that no check takes is a slip of the hand, unless it may be for one that cannot be read.
pub(super) fn check_params(chosen: &Chosen, params: &[String]) -> Result<(), CheckError> {
    match params.iter().find(|pair| !chosen.checks.iter().any(|check| is_for(check, pair))) {
        Some(stranger) if chosen.failed.is_empty() => Err(CheckError::Param(stranger.clone())),
        _ => Ok(()),
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

/// What one check finds, or why it cannot say.
type Answered<'a> = (&'a Check, Result<Vec<Finding>, String>);

/// What checks find.
async fn ask<'a>(opened: &Opened, asked: &[&Asked<'a>], texts: &Templates<'_>) -> Result<Vec<Answered<'a>>, RunError> {
    let answers = asked.iter().map(|Asked { check, question, params, .. }| async {
        let rows = opened.rows(question, params).await?;
        let found = finding::findings(check, &rows, texts);
        Ok(found.map_err(|problem| wrong(&check.query.name, problem))?)
    });
    let answers: Vec<_> = in_turn(answers.collect()).collect().await;
    asked.iter().zip(answers).map(|(asked, found)| answered(asked.check, found)).collect()
}

/// What is wrong with one check is no reason not to tell of the others; what is wrong with the lake is.
fn answered(check: &Check, found: Result<Vec<Finding>, RunError>) -> Result<Answered<'_>, RunError> {
    match found {
        Err(
            error @ (RunError::Check(_)
            | RunError::Request(_)
            | RunError::Engine(EngineError::Sql(_) | EngineError::Resources { .. })),
        ) => Ok((check, Err(error.to_string()))),
        Err(error) => Err(error),
        Ok(found) => Ok((check, Ok(found))),
    }
}

/// Asks all checks of one version of the lake.
///
/// # Errors
/// What is wrong with the lake.
pub(super) async fn look(
    opened: Opened,
    lake: Option<&Path>,
    checks: &[Check],
    params: &[String],
    now: DateTime<Utc>,
) -> Result<Found, RunError> {
    let texts = message_templates()?;
    let (mut asked, mut answers) = (Vec::new(), Vec::new());
    for check in checks {
        let question = Question::of_query(check.query.clone(), &check.query.file_name("checks/"));
        match scorecard::is_read_by(&question) {
            Ok(is_about_scores) => {
                asked.push(Asked { check, question, params: own_params(check, params, now), is_about_scores });
            }
            Err(error) => answers.push(answered(check, Err(error.into()))?),
        }
    }
    let (about_scores, others): (Vec<_>, Vec<_>) = asked.iter().partition(|asked| asked.is_about_scores);
    let scored = scorecard::beside(&opened, lake, !about_scores.is_empty());
    // Scores are computed beside the answers that do not wait for them.
    let (of_others, scored) = join!(ask(&opened, &others, &texts), scored);
    answers.extend(of_others?);
    let mut notes = Vec::new();
    match scored {
        Ok(scored) => {
            answers.extend(ask(&scored, &about_scores, &texts).await?);
            notes = scored.notes;
        }
        // A configuration that is wrong, say.
        Err(error @ RunError::Scorecard(_)) => {
            answers.extend(about_scores.iter().map(|asked| (asked.check, Err(error.to_string()))));
        }
        Err(error) => return Err(error),
    }
    let (mut findings, mut failed) = (Vec::new(), BTreeMap::new());
    for (check, answer) in answers {
        match answer {
            Ok(found) => findings.extend(found),
            Err(problem) => drop(failed.insert(check.query.name.clone(), problem)),
        }
    }
    let place = |name: &str| checks.iter().position(|check| check.query.name == name);
    findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), place(&finding.check)));
    let mut needs: Vec<_> = checks.iter().flat_map(|check| check.query.needs.clone()).collect();
    needs.sort();
    needs.dedup();
    let measured = opened.engine.completeness(&needs, due(opened.seconds, now)).await?;
    let is_complete =
        measured.iter().all(|account| account.is_complete()) && (needs.is_empty() || !measured.is_empty());
    let gaps = measured.iter().filter(|account| !account.is_complete()).map(ToString::to_string);
    notes.extend(gaps);
    Ok(Found { findings, failed, seconds: opened.seconds, notes, is_complete })
}

/// The part of a range that should have been fetched by now: what is younger is none's fault, and `feed_late` tells what is
/// not fetched for longer.
fn due((from, to): Seconds, now: DateTime<Utc>) -> Seconds {
    /// As `feed_late` has it.
    const TOLERATED_SECONDS: i64 = 6 * 3_600;
    let end = now.timestamp() - TOLERATED_SECONDS;
    if end > from { (from, to.min(end)) } else { (from, to) }
}

/// What messages are rendered with: a name that no column has is an error, not nothing.
fn message_templates() -> Result<Templates<'static>, CheckError> {
    let mut texts = page::environment(&[], None)?;
    texts.set_undefined_behavior(UndefinedBehavior::Strict);
    Ok(texts)
}
