//! A case file as HTML, Markdown or JSON.
//!
//! Text by strangers in cells is kept to the character, in each of them; in sentences what acts instead of showing is made
//! visible, as everywhere on [pages](crate::page).

use minijinja::{Environment, Value, context};
use serde::Serialize;

use super::document::{CaseFile, Finding};
use super::judge::{Count, Standing};
use crate::formats::{amount, as_markdown, as_markup, grouped};
use crate::page::{self, PageError, percent_of};

/// How a case file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum CaseFormat {
    /// A page that stands alone, to look at, print and send
    Html,
    /// For tickets and mails
    #[default]
    Markdown,
    /// All of it, with exact numbers
    Json,
}

const TEMPLATES: [(&str, &str); 2] = [
    ("evidence.html", include_str!("templates/evidence.html")),
    ("evidence.md", include_str!("templates/evidence.md")),
];
const STYLE: &str = include_str!("templates/evidence.css");

const NOTHING: &str = "–";

/// The text of the whole file.
///
/// # Errors
/// A template fails, which none that ships should.
pub(crate) fn render(file: &CaseFile, format: CaseFormat) -> Result<String, PageError> {
    let template = match format {
        CaseFormat::Html => "evidence.html",
        CaseFormat::Markdown => "evidence.md",
        CaseFormat::Json => {
            let json = serde_json::to_string_pretty(file);
            return json.map(|json| json + "\n").map_err(|error| PageError::Template(error.to_string()));
        }
    };
    let is_abnormal = |finding: &&Finding| finding.judgement.standing == Standing::Abnormal;
    let charts = file.findings.iter().filter(is_abnormal).map(|finding| (finding.name.clone(), Chart::of(finding)));
    let others: Vec<&Finding> = file.findings.iter().filter(|finding| !is_abnormal(finding)).collect();
    let titles: std::collections::BTreeMap<&str, &str> =
        file.findings.iter().map(|finding| (finding.name.as_str(), finding.title.as_str())).collect();
    let values = context! {
        file => page::value(file),
        charts => page::value(charts.collect::<std::collections::BTreeMap<_, _>>()),
        others => page::value(&others),
        titles => page::value(titles),
        totals => page::value(totals(file)),
        style => Value::from_safe_string(STYLE.to_owned()),
    };
    page::render(&environment(format)?, template, values)
}

fn environment(format: CaseFormat) -> Result<Environment<'static>, PageError> {
    let mut environment = page::environment(&TEMPLATES, None)?;
    let exact = if format == CaseFormat::Markdown { as_markdown } else { as_markup };
    environment.add_filter("exact", move |text: Value| match text.as_str() {
        Some(text) => Value::from_safe_string(exact(text)),
        None => Value::from(()),
    });
    environment.add_filter("amount", |text: Value| text.as_str().map_or_else(|| NOTHING.to_owned(), amount));
    environment.add_filter("second", |time: String| time.trim_end_matches('Z').replacen('T', " ", 1));
    environment.add_filter("interval", |ends: Value| {
        let end = |index: usize| ends.get_item_by_index(index).ok().and_then(|end| f64::try_from(end).ok());
        end(0)
            .zip(end(1))
            .map_or_else(|| NOTHING.to_owned(), |(low, high)| format!("{:.1} – {:.1} %", low * 100.0, high * 100.0))
    });
    Ok(environment)
}

/// A line of the table of all clicks.
#[derive(Debug, Serialize)]
struct TotalsRow {
    label: &'static str,
    own: String,
    others: String,
}

fn totals(file: &CaseFile) -> Vec<TotalsRow> {
    let (own, others) = (&file.totals, &file.totals_of_others);
    let said = |count: Option<u64>| count.map_or_else(|| NOTHING.to_owned(), |count| grouped(&count.to_string()));
    let known = |label, own, others| TotalsRow { label, own: said(own), others: said(others) };
    let count = |label, own, others| known(label, Some(own), Some(others));
    let share = |label, own: Count, others: Count| {
        let said = |count: Count| count.rate().map_or_else(|| NOTHING.to_owned(), percent_of);
        TotalsRow { label, own: said(own), others: said(others) }
    };
    vec![
        count("clicks", own.clicks, others.clicks),
        count("of these, with a denominator", own.rated_clicks, others.rated_clicks),
        share(
            "invalid, as landed",
            Count { x: own.invalid_clicks, n: own.clicks },
            Count { x: others.invalid_clicks, n: others.clicks },
        ),
        share(
            "converted",
            Count { x: own.conversions, n: own.conversion_known },
            Count { x: others.conversions, n: others.conversion_known },
        ),
        share(
            "a visitor's first",
            Count { x: own.unique_clicks, n: own.unique_known },
            Count { x: others.unique_clicks, n: others.unique_known },
        ),
        known("addresses", own.addresses, others.addresses),
        known("user agents", own.user_agents, others.user_agents),
    ]
}

/// Rates by day as bars.
#[derive(Debug, Serialize)]
struct Chart {
    width: u32,
    height: u32,
    first: String,
    last: String,
    /// The highest rate.
    most: f64,
    bars: Vec<Bar>,
    /// Where the others' rate lies.
    expected_y: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Bar {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    label: String,
    is_after: bool,
}

impl Chart {
    const WIDTH: u32 = 640;
    const HEIGHT: u32 = 96;

    /// None of fewer than two days.
    fn of(finding: &Finding) -> Option<Self> {
        let days = &finding.days;
        let (first, last) = (days.first()?, days.last()?);
        if days.len() < 2 {
            return None;
        }
        let expected = finding.judgement.peers.expected;
        let rates = days.iter().filter_map(|day| day.rate);
        let most = rates.fold(0.0_f64, f64::max);
        let top = most.max(expected.unwrap_or_default()).max(f64::MIN_POSITIVE);
        let (width, height) = (f64::from(Self::WIDTH), f64::from(Self::HEIGHT));
        #[allow(clippy::cast_precision_loss)]
        let step = width / days.len() as f64;
        let of_rate = |rate: f64| rounded(rate / top * (height - 4.0));
        let change = finding.judgement.itself.change.as_ref();
        let bar = |(index, day): (usize, &super::document::Day)| {
            let tall = of_rate(day.rate.unwrap_or_default());
            #[allow(clippy::cast_precision_loss)]
            let x = rounded(index as f64 * step);
            let said = day.rate.map_or_else(|| NOTHING.to_owned(), percent_of);
            Bar {
                x,
                y: rounded(height - tall),
                width: rounded(step * 0.85),
                height: tall,
                label: format!("{}: {said} ({} of {})", day.day, day.count.x, day.count.n),
                is_after: change.is_some_and(|change| day.day >= change.day),
            }
        };
        Some(Self {
            width: Self::WIDTH,
            height: Self::HEIGHT,
            first: first.day.clone(),
            last: last.day.clone(),
            most,
            bars: days.iter().enumerate().map(bar).collect(),
            expected_y: expected.map(|expected| rounded(height - of_rate(expected))),
        })
    }
}

/// Two decimals are enough for a picture.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
