//! `fetcher doctor`: a checklist of what a pull rests on, and what to do about what is wrong.
//!
//! Asks Everflow a handful of cheap questions and looks at the lake; changes nothing. What one check finds keeps no other
//! from being made, unless it rests on it.

use std::fmt::Write as _;
use std::io;

use chrono::Utc;
use serde_json::{Value, json};

use crate::Failure;
use crate::Outcome;
use crate::api::{ApiKey, Client, ClientConfig, KEY_VARIABLE, RetryPolicy};
use crate::args::{self, SummaryFormat};
use crate::printer::Printer;

mod everflow;
mod lake;

/// A server that does not answer is not waited for longer, however long a pull would.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// Why the set-up is not fit to pull.
#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    /// Checks that failed.
    #[error("not fit to pull: {}", .names.join(", "))]
    Failed {
        /// Their names.
        names: Vec<&'static str>,
        /// True where all of them are Everflow's, or the way to it.
        is_source: bool,
    },
    /// Stdout, or the machine.
    #[error("the checklist cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl Failure for DoctorError {
    fn is_broken_pipe(&self) -> bool {
        matches!(self, DoctorError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    fn code(&self) -> u8 {
        match self {
            DoctorError::Failed { is_source: true, .. } => 4,
            _ => crate::CODE_OF_ERRORS,
        }
    }
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warning,
    Failed,
    /// It rests on one that failed.
    Skipped,
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Failed => "failed",
            Verdict::Skipped => "skipped",
        }
    }
}

/// One line of the list.
#[derive(Debug, Clone)]
struct Check {
    name: &'static str,
    verdict: Verdict,
    /// What was found.
    says: String,
    /// What to do about it.
    hint: Option<String>,
    /// True where Everflow, or the way to it, is to blame.
    is_source: bool,
}

impl Check {
    fn ok(name: &'static str, says: impl Into<String>) -> Check {
        Check { name, verdict: Verdict::Ok, says: says.into(), hint: None, is_source: false }
    }

    fn warning(name: &'static str, says: impl Into<String>, hint: impl Into<String>) -> Check {
        Check { verdict: Verdict::Warning, hint: Some(hint.into()), ..Check::ok(name, says) }
    }

    /// Of an error that says itself what to do.
    fn error(name: &'static str, error: &dyn std::error::Error) -> Check {
        Check { verdict: Verdict::Failed, ..Check::ok(name, error.to_string()) }
    }

    fn failed(name: &'static str, says: impl Into<String>, hint: impl Into<String>) -> Check {
        Check { verdict: Verdict::Failed, hint: Some(hint.into()), ..Check::ok(name, says) }
    }

    fn skipped(name: &'static str, says: impl Into<String>) -> Check {
        Check { verdict: Verdict::Skipped, ..Check::ok(name, says) }
    }

    fn of_source(self) -> Check {
        Check { is_source: true, ..self }
    }
}

/// Checks.
///
/// # Errors
/// Where a check failed.
pub fn run(args: &args::Doctor, printer: &Printer) -> Result<Outcome, DoctorError> {
    let mut checks = Vec::new();
    let client = client(args, &mut checks);
    match client {
        Some(client) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            checks.extend(runtime.block_on(everflow::checks(&client, Utc::now().timestamp())));
        }
        None => checks.extend(everflow::NAMES.map(|name| Check::skipped(name, "nothing can be asked"))),
    }
    checks.extend(lake::checks(&args.lake, Utc::now().timestamp()));
    match args.format {
        SummaryFormat::Json => printer.data(&to_json(&checks).to_string())?,
        SummaryFormat::Text => printer.data(&to_text(&checks))?,
    }
    let failed: Vec<&Check> = checks.iter().filter(|check| check.verdict == Verdict::Failed).collect();
    if failed.is_empty() {
        return Ok(Outcome::Done);
    }
    let is_source = failed.iter().all(|check| check.is_source);
    Err(DoctorError::Failed { names: failed.iter().map(|check| check.name).collect(), is_source })
}

/// A client, where there is a key and an address that it may be sent to.
fn client(args: &args::Doctor, checks: &mut Vec<Check>) -> Option<Client> {
    let loaded = match ApiKey::load(args.everflow.api_key_file.as_deref(), std::env::var_os(KEY_VARIABLE)) {
        Ok(loaded) => loaded,
        Err(error) => {
            let hint = "Everflow shows keys under Control Center, Security, API keys";
            checks.push(Check::failed("key", error.to_string(), hint));
            return None;
        }
    };
    let whence = match &args.everflow.api_key_file {
        Some(path) => format!("from {}", path.display()),
        None => format!("from {KEY_VARIABLE}"),
    };
    checks.push(match &loaded.file_readable_by_all {
        Some(path) => Check::warning(
            "key",
            whence,
            format!("every user of this machine can read it: chmod 600 {}", path.display()),
        ),
        None => Check::ok("key", whence),
    });
    let mut config = ClientConfig::new(&args.everflow.base_url, loaded.key);
    config.is_insecure_allowed = args.everflow.insecure;
    config.retry =
        RetryPolicy { tries_max: 3, total_max: args.everflow.give_up_after.min(PATIENCE), ..RetryPolicy::default() };
    match Client::new(config) {
        Ok(client) => {
            checks.push(Check::ok("address", &args.everflow.base_url));
            Some(client)
        }
        Err(error) => {
            checks.push(Check::error("address", &error));
            None
        }
    }
}

fn to_text(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:<8} {:<11} {}", check.verdict.name(), check.name, check.says);
        if let Some(hint) = &check.hint {
            let _ = writeln!(text, "{:20} -> {hint}", "");
        }
    }
    text.truncate(text.trim_end().len());
    text
}

fn to_json(checks: &[Check]) -> Value {
    let checks = checks.iter().map(
        |check| json!({ "check": check.name, "verdict": check.verdict.name(), "says": check.says, "hint": check.hint }),
    );
    json!({ "checks": checks.collect::<Vec<_>>() })
}
