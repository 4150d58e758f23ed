//! What is said of a run: a table, JSON, JUnit's XML, metrics, a message. Pure, but for writing the table.

use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::stream;
use serde_json::{Value, json};

use super::{CheckError, CheckFormat, Severity, Told, range_text};
use crate::delivery::metrics::Metrics;
use crate::delivery::webhook::slack_text;
use crate::environment::Environment;
use crate::formats::{self, Format, FormatError, Meta};
use crate::output::Output;
use crate::page::{self, many};
use crate::request::time_text;
use crate::run::{RunError, color, width};

/// Writes the findings. A table of none is nothing, so that cron has nothing to mail.
pub(super) async fn write(
    told: &Told<'_>,
    format: CheckFormat,
    environment: &Environment,
    output: &Output,
) -> Result<(), RunError> {
    let format = match format {
        CheckFormat::Json => {
            return Ok(output.put((formats::inert_json(&format!("{:#}", document(told))) + "\n").as_bytes())?);
        }
        CheckFormat::Table if told.reported().next().is_none() => return Ok(()),
        CheckFormat::Table => Format::Table,
        CheckFormat::Markdown => Format::Markdown,
    };
    let to_stdout = matches!(output, Output::Stdout);
    let options = formats::Options {
        raw: false,
        width: width(environment).filter(|_| to_stdout),
        color: to_stdout && color(environment),
    };
    let meta = Meta { title: "Findings".to_owned(), about: summary(told), notes: told.notes.to_vec() };
    let batch = table(told).map_err(datafusion::error::DataFusionError::from);
    let schema = batch.as_ref().map_or_else(|_| Arc::new(Schema::empty()), RecordBatch::schema);
    let rows = Box::pin(RecordBatchStreamAdapter::new(schema, stream::iter([batch])));
    match formats::write(format, rows, &meta, &options, output.writer()?).await {
        // Whoever read the table has gone; state and message are for others.
        Ok(_) | Err(FormatError::BrokenPipe) => Ok(()),
        Err(error) => Err(RunError::Format(error)),
    }
}

fn table(told: &Told<'_>) -> Result<RecordBatch, arrow::error::ArrowError> {
    let names = ["severity", "status", "check", "account", "finding", "id"];
    let fields: Vec<Field> = names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
    let rows: Vec<[Option<&str>; 6]> = told
        .reported()
        .map(|(finding, status, _)| {
            let account = finding.account.as_deref();
            let (severity, status) = (finding.severity.name(), status.name());
            [Some(severity), Some(status), Some(&finding.check), account, Some(&finding.message), Some(&finding.id)]
        })
        .collect();
    let shown: Vec<usize> = (0..names.len()).filter(|column| told.has_state || names[*column] != "status").collect();
    let column = |index: &usize| Arc::new(rows.iter().map(|row| row[*index]).collect::<StringArray>()) as _;
    let schema = Arc::new(Schema::new(fields).project(&shown)?);
    RecordBatch::try_new(schema, shown.iter().map(column).collect())
}

/// `16 checks: 1 error, 2 warnings; 3 known findings are not repeated; gone: ...`
pub(super) fn summary(told: &Told<'_>) -> String {
    let (errors, warnings) = (told.count(Severity::Error), told.count(Severity::Warn));
    let mut text =
        format!("{}: {}, {}", many(told.checks.len(), "check"), many(errors, "error"), many(warnings, "warning"));
    if !told.failed.is_empty() {
        let names: Vec<&str> = told.failed.keys().map(String::as_str).collect();
        text.push_str(&format!("; could not be answered: {}", names.join(", ")));
    }
    let known = told.findings.len() - told.reported().count();
    if known > 0 {
        text.push_str(&format!("; {} not repeated", many(known, "known finding")));
    }
    if !told.compared.gone.is_empty() {
        text.push_str(&format!("; {} gone since the last run", many(told.compared.gone.len(), "finding")));
    }
    text
}

/// All there is, for programs.
fn document(told: &Told<'_>) -> Value {
    let findings: Vec<Value> = told
        .reported()
        .map(|(finding, status, first_seen)| {
            let mut object = json!(finding);
            if told.has_state {
                object["status"] = json!(status.name());
                object["first_seen"] = json!(time_text(first_seen));
            }
            object
        })
        .collect();
    let checks: Vec<Value> = told
        .checks
        .iter()
        .map(|(name, title)| {
            let found = told.findings.iter().filter(|finding| finding.check == *name).count();
            json!({ "name": name, "title": title, "findings": found, "problem": told.failed.get(name) })
        })
        .collect();
    let gone: Vec<Value> =
        told.compared.gone.iter().map(|(id, message)| json!({ "id": id, "message": message })).collect();
    let [from, to] = range_text(told.seconds);
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "made_at": time_text(told.made_at),
        "from": from,
        "to": to,
        "timezone": told.timezone,
        "is_complete": told.is_complete,
        "notes": told.notes,
        "checks": checks,
        "findings": findings,
        "known": told.findings.len() - told.reported().count(),
        "gone": gone,
    })
}

/// JUnit's XML: a test case for each check, which fails where it has errors.
pub(super) fn junit(told: &Told<'_>) -> Result<String, CheckError> {
    let templates = page::environment(&[("junit.xml", include_str!("junit.xml"))], None)?;
    let of = |name: &str, severity| -> Vec<Value> {
        let own = told.reported().filter(|(finding, ..)| finding.check == name && finding.severity == severity);
        own.map(|(finding, ..)| json!({ "id": finding.id, "message": finding.message })).collect()
    };
    let checks: Vec<Value> = told
        .checks
        .iter()
        .map(|(name, title)| {
            let (errors, warnings) = (of(name, Severity::Error), of(name, Severity::Warn));
            let problem = told.failed.get(name).map(|problem| first_line(problem));
            json!({ "name": name, "title": title, "problem": problem, "errors": errors, "warnings": warnings })
        })
        .collect();
    let failures = checks.iter().filter(|check| check["errors"] != json!([])).count();
    // The schema's dateTime has no zone.
    let made_at = told.made_at.format("%Y-%m-%dT%H:%M:%S").to_string();
    let values = json!({ "checks": checks, "failures": failures, "problems": told.failed.len(), "made_at": made_at });
    Ok(page::render(&templates, "junit.xml", page::value(values))?)
}

/// Gauges of what is found, known findings included: they are a state, not an event.
pub(super) fn metrics(told: &Told<'_>) -> Result<String, CheckError> {
    let mut metrics = Metrics::default();
    let severities = [Severity::Error, Severity::Warn];
    let found = |name: &str, severity| {
        let own = told.findings.iter().filter(|finding| finding.check == name && finding.severity == severity);
        own.count() as f64
    };
    // Of one that could not be answered nobody knows: a zero would end an alert.
    let answered = told.checks.keys().filter(|name| !told.failed.contains_key(*name));
    let by_check = answered.flat_map(|name| {
        severities.map(|severity| ([name.clone(), severity.name().to_owned()], found(name, severity)))
    });
    let reported = severities.map(|severity| ([severity.name().to_owned()], told.count(severity) as f64));
    metrics.gauge("check_findings", "Findings, those known before included.", ["check", "severity"], by_check)?;
    metrics.gauge("check_reported", "Findings that the last run reported.", ["severity"], reported)?;
    let failed = told.checks.keys().map(|name| {
        let is_failed = told.failed.contains_key(name);
        ([name.clone()], f64::from(u8::from(is_failed)))
    });
    metrics.gauge("check_failed", "1 where the check could not be answered.", ["check"], failed)?;
    let complete = f64::from(u8::from(told.is_complete));
    metrics.gauge(
        "check_complete",
        "1 where the feeds that checks need cover the whole range.",
        [],
        [([], complete)],
    )?;
    let seconds = told.made_at.timestamp() as f64;
    metrics.gauge("check_last_run_timestamp_seconds", "When the checks were last run.", [], [([], seconds)])?;
    Ok(metrics.text()?)
}

/// What is wrong, without the lines that point at the place.
fn first_line(problem: &str) -> &str {
    problem.lines().next().unwrap_or_default()
}

/// A message with all findings, and a text that names the first.
pub(super) fn message(told: &Told<'_>) -> Value {
    let first = format!("Clickproof: {}", summary(told));
    let lines: Vec<String> = told
        .reported()
        .map(|(finding, ..)| {
            let account = finding.account.as_ref().map_or_else(String::new, |account| format!("{account}: "));
            format!("• {} {account}{}", finding.severity.name(), finding.message)
        })
        .collect();
    let failed = told.failed.iter();
    let failed: Vec<String> = failed
        .map(|(name, problem)| format!("• check {name} could not be answered: {}", first_line(problem)))
        .collect();
    let text = slack_text(std::iter::once(&first).chain(&failed).chain(&lines).map(String::as_str));
    let mut message = json!({ "text": text, "source": "clickproof", "kind": "check" });
    message["check"] = document(told);
    message
}
