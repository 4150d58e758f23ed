//! A report as a page, as Markdown, as JSON, as metrics and as a message. Pure.

use std::path::Path;

use chrono::{DateTime, Utc};
use minijinja::value::Value as Printed;
use minijinja::{Environment as Templates, context};
use serde_json::{Value, json};

use super::ReportError;
use super::charts::{self, Charts};
use super::model::{Report, Unit};
use crate::delivery::metrics::Metrics;
use crate::delivery::webhook::slack_text;
use crate::formats::inert_json;
use crate::page;

/// The templates that ship; `--templates` replaces them by name.
const TEMPLATES: [(&str, &str); 3] = [
    ("charts.html", include_str!("templates/charts.html")),
    ("report.html", include_str!("templates/report.html")),
    ("report.md", include_str!("templates/report.md")),
];

/// The templates, those of a folder in place of ours.
pub(super) fn templates(own: Option<&Path>) -> Result<Templates<'static>, ReportError> {
    Ok(page::environment(&TEMPLATES, own)?)
}

/// One page that stands alone.
pub(super) fn html(report: &Report, templates: &Templates<'_>, min_clicks: i64) -> Result<String, ReportError> {
    let drawn: Vec<Charts> = report.accounts.iter().map(charts::of).collect();
    let style = Printed::from_safe_string(page::STYLE.to_owned());
    let values = context! { report => page::value(report), drawn => page::value(drawn), style, min_clicks };
    Ok(with_percents_whole(&page::render(templates, "report.html", values)?) + "\n")
}

/// `12 %` with a space at which no line breaks.
fn with_percents_whole(text: &str) -> String {
    let mut pieces = text.split(" %");
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let space = if whole.ends_with(|last: char| last.is_ascii_digit()) { '\u{a0}' } else { ' ' };
        whole.extend([space, '%']);
        whole.push_str(piece);
    }
    whole
}

/// The same as text.
pub(super) fn markdown(report: &Report, templates: &Templates<'_>, min_clicks: i64) -> Result<String, ReportError> {
    Ok(page::render(templates, "report.md", context! { report => page::value(report), min_clicks })? + "\n")
}

/// The same for programs.
pub(super) fn json(report: &Report) -> String {
    serde_json::to_string_pretty(report).map(|text| inert_json(&text) + "\n").unwrap_or_default()
}

/// What a careful person must know at once: which feeds lack something.
pub(super) fn warnings(report: &Report) -> Vec<String> {
    let accounts = report
        .accounts
        .iter()
        .filter(|part| part.coverage.is_empty() || part.coverage.iter().any(|feed| feed.share < 1.0));
    let sentences = accounts.filter_map(|part| Some(format!("account {}: {}", part.account, part.sentences.get(1)?)));
    let mut warnings: Vec<String> = sentences.collect();
    if report.accounts.is_empty() {
        warnings.push("no account has clicks in this range, or was fetched in it or in the month before".to_owned());
    }
    warnings
}

/// Gauges of the key figures and of what is proven.
pub(super) fn metrics(report: &Report, made_at: DateTime<Utc>) -> Result<String, ReportError> {
    let mut metrics = Metrics::default();
    let parts = &report.accounts;
    let figures = |unit: Unit| {
        parts.iter().flat_map(move |part| {
            let own = part.figures.iter().filter(move |figure| figure.unit == unit);
            own.filter_map(|figure| Some(([part.account.clone(), key(&figure.name)], figure.value?)))
        })
    };
    metrics.gauge(
        "report_number",
        "Clicks, affiliates and offers of the range.",
        ["account", "of"],
        figures(Unit::Count),
    )?;
    metrics.gauge(
        "report_share",
        "Shares of the clicks of the range, 0 to 1.",
        ["account", "of"],
        figures(Unit::Share),
    )?;
    let money = parts.iter().flat_map(|part| {
        part.money.rows.iter().flat_map(move |money| {
            let currency = money.currency.clone().unwrap_or_default();
            let amounts = [("payout", money.payout), ("payout_at_risk", money.payout_at_risk)];
            amounts.into_iter().filter_map(move |(of, amount)| {
                Some(([part.account.clone(), of.to_owned(), currency.clone()], amount?))
            })
        })
    });
    metrics.gauge("report_amount", "Amounts of the range.", ["account", "of", "currency"], money)?;
    let coverage = parts
        .iter()
        .flat_map(|part| part.coverage.iter().map(move |feed| ([part.account.clone(), feed.feed.clone()], feed.share)));
    metrics.gauge(
        "report_covered_share",
        "Share of the range that a feed is proven to cover.",
        ["account", "feed"],
        coverage,
    )?;
    let seconds = made_at.timestamp() as f64;
    metrics.gauge("report_last_run_timestamp_seconds", "When the last report was made.", [], [([], seconds)])?;
    Ok(metrics.text()?)
}

/// `Through proxies` is `through_proxies`.
fn key(name: &str) -> String {
    name.to_lowercase().replace(' ', "_")
}

/// A message with the sentences and the key figures of each account.
pub(super) fn message(report: &Report) -> Value {
    let period = report.period.as_ref().map_or_else(String::new, |period| format!(", {}", period.text));
    let mut lines = vec![format!("{}{period}", report.title)];
    for part in &report.accounts {
        lines.push(format!("*{}*", part.account.replace('*', "")));
        lines.extend(part.sentences.iter().map(|sentence| format!("• {sentence}")));
    }
    let accounts: Vec<Value> = report
        .accounts
        .iter()
        .map(|part| json!({ "account": part.account, "sentences": part.sentences, "figures": part.figures }))
        .collect();
    json!({
        "text": slack_text(lines.iter().map(String::as_str)),
        "source": "clickproof",
        "kind": "report",
        "title": report.title,
        "period": report.period,
        "made_at": report.made_at,
        "is_complete": report.is_complete,
        "accounts": accounts,
    })
}
