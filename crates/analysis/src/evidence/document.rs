//! From facts to what is said: the case file, before it is HTML, Markdown or JSON. Pure.
//!
//! Owns the order (completeness first, what speaks for the subject before the details) and which findings lead.
//! Leaves the sentences to [`sentences`](super::sentences), and looks to the templates.

use serde::Serialize;

use super::facts::{Counter, Example, Facts, Money, ReasonFacts, Score, SourceRow, Subject, Totals};
use super::judge::{Count, Judgement, MIN_CLICKS, Standing};
use super::reason::Basis;
use super::sentences;
use crate::engine::completeness::{Range, Seconds};

/// Sources of a finding that are listed.
const SOURCES_SHOWN: usize = 12;
/// The least part of the hits that a source is listed with.
const SHARE_SHOWN: f64 = 0.1;

/// A case file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct CaseFile {
    pub(crate) title: String,
    pub(crate) subject: Subject,
    pub(crate) range: RangeSaid,
    pub(crate) completeness: CompletenessSaid,
    pub(crate) summary: Vec<String>,
    /// What speaks for the subject, a sentence each.
    pub(crate) in_favour: Vec<String>,
    pub(crate) totals: Totals,
    pub(crate) totals_of_others: Totals,
    /// Implicated clicks, each once.
    pub(crate) implicated: Implicated,
    /// Abnormal first, the strongest first.
    pub(crate) findings: Vec<Finding>,
    pub(crate) score: Option<Score>,
    /// How it was computed, a sentence each.
    pub(crate) method: Vec<String>,
    pub(crate) version: &'static str,
}

/// The range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RangeSaid {
    /// First second, RFC 3339.
    pub(crate) from: String,
    /// Last second, RFC 3339.
    pub(crate) to: String,
    /// For people, in UTC.
    pub(crate) text: String,
    /// Whose days are meant.
    pub(crate) timezone: String,
}

/// How much of the range is proven to be there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct CompletenessSaid {
    pub(crate) is_complete: bool,
    pub(crate) feed: Option<String>,
    pub(crate) share: f64,
    /// The parts of the range that are not proven, as people write them.
    pub(crate) gaps: Vec<String>,
    pub(crate) sentence: String,
}

/// The clicks that an abnormal reason speaks against.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Implicated {
    pub(crate) clicks: u64,
    /// Those of them that a rate can rest on.
    pub(crate) rated_clicks: u64,
    /// Their share of the subject's clicks that a rate can rest on.
    pub(crate) share: Option<f64>,
    /// How many of how many, in words.
    pub(crate) sentence: String,
    pub(crate) money: Vec<Money>,
    pub(crate) by_reason: Vec<Money>,
    pub(crate) counter: Counter,
}

/// A reason, and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Finding {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) basis: Basis,
    #[serde(skip)]
    pub(crate) defined_by: Vec<String>,
    pub(crate) sentence: String,
    pub(crate) about: String,
    #[serde(flatten)]
    pub(crate) own: Count,
    pub(crate) rate: Option<f64>,
    pub(crate) interval: Option<(f64, f64)>,
    pub(crate) hits: u64,
    #[serde(flatten)]
    pub(crate) judgement: Judgement,
    /// Since when, in words.
    pub(crate) since: Option<String>,
    pub(crate) days: Vec<Day>,
    pub(crate) sources: Vec<Source>,
    pub(crate) examples: Vec<Example>,
}

/// A day of a finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Day {
    pub(crate) day: String,
    #[serde(flatten)]
    pub(crate) count: Count,
    pub(crate) rate: Option<f64>,
    /// Clicks without a denominator included.
    pub(crate) hits: u64,
}

/// Who carries a finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Source {
    pub(crate) dimension: String,
    pub(crate) value: String,
    #[serde(flatten)]
    pub(crate) count: Count,
    pub(crate) rate: Option<f64>,
    /// Its part of the finding's hits.
    pub(crate) share_of_hits: f64,
    /// What is left of the subject without it.
    pub(crate) without: Count,
    /// The rate of that; none where nothing is left.
    pub(crate) rate_without: Option<f64>,
}

impl Source {
    /// Whether it has clearly more of the hits than of the clicks, and enough is left without it to tell.
    pub(crate) fn stands_out(&self) -> bool {
        self.without.n >= MIN_CLICKS && self.count.is_clearly_above(self.without)
    }
}

/// Writes the case file.
pub(crate) fn write(facts: &Facts) -> CaseFile {
    let mut findings: Vec<Finding> = facts.reasons.iter().map(finding).collect();
    findings.sort_by(|a, b| strength(b).total_cmp(&strength(a)).then_with(|| a.name.cmp(&b.name)));
    let Counter { clicks, rated_clicks, .. } = facts.counter;
    let implicated = Implicated {
        clicks,
        rated_clicks,
        share: Count { x: rated_clicks, n: facts.own.rated_clicks }.rate(),
        sentence: sentences::implicated(facts),
        money: facts.money.clone(),
        by_reason: facts.money_by_reason.clone(),
        counter: facts.counter,
    };
    let completeness = completeness(facts);
    CaseFile {
        title: format!("Case file: {}", sentences::named(&facts.subject)),
        subject: facts.subject.clone(),
        range: range(facts.seconds, &facts.timezone),
        summary: sentences::summary(facts, &findings, &implicated),
        in_favour: sentences::in_favour(facts, &findings, &completeness),
        completeness,
        totals: facts.own.clone(),
        totals_of_others: facts.rest.clone(),
        implicated,
        method: sentences::method(facts),
        findings,
        score: facts.score.clone(),
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// Abnormal before normal before not judged; then by how far the rate is beyond what is expected.
fn strength(finding: &Finding) -> f64 {
    let tier = match finding.judgement.standing {
        Standing::Abnormal => 4.0,
        Standing::Normal => 2.0,
        Standing::NotJudged => 0.0,
    };
    tier + finding.rate.unwrap_or_default() - finding.judgement.peers.expected.unwrap_or_default()
}

fn finding(facts: &ReasonFacts) -> Finding {
    Finding {
        name: facts.name.clone(),
        title: facts.title.clone(),
        basis: facts.basis,
        defined_by: facts.defined_by.clone(),
        sentence: sentences::of_reason(facts),
        about: facts.about.clone(),
        own: facts.own,
        rate: facts.own.rate(),
        interval: facts.own.interval(),
        hits: facts.hits,
        judgement: facts.judgement.clone(),
        since: sentences::since(facts),
        days: facts
            .days
            .iter()
            .map(|of| Day { day: of.day.clone(), count: of.count, rate: of.count.rate(), hits: of.hits })
            .collect(),
        sources: sources(facts.own, &facts.sources),
        examples: facts.examples.clone(),
    }
}

/// The sources without which the rate would fall, the largest fall first.
fn sources(own: Count, rows: &[SourceRow]) -> Vec<Source> {
    let mut sources: Vec<Source> = rows
        .iter()
        .filter_map(|row| {
            let count = Count { x: row.x, n: row.n };
            let share_of_hits = Count { x: row.x, n: own.x }.rate()?;
            let without = own.without(count);
            let rate_without = without.rate();
            let is_lower = rate_without.is_none_or(|without| own.rate().is_some_and(|rate| without < rate));
            (is_lower && share_of_hits >= SHARE_SHOWN).then(|| Source {
                dimension: row.dimension.clone(),
                value: row.value.clone(),
                count,
                rate: count.rate(),
                share_of_hits,
                without,
                rate_without,
            })
        })
        .collect();
    // What has all the clicks comes last, and before it what leaves too few: they tell nothing apart.
    let remaining = |source: &Source| match source.rate_without {
        Some(rate) if source.without.n >= MIN_CLICKS => rate,
        Some(rate) => 1.0 + rate,
        None => f64::MAX,
    };
    sources.sort_by(|a, b| {
        let by_hits = b.share_of_hits.total_cmp(&a.share_of_hits);
        let by_name = (&a.dimension, &a.value).cmp(&(&b.dimension, &b.value));
        remaining(a).total_cmp(&remaining(b)).then(by_hits).then(by_name)
    });
    sources.truncate(SOURCES_SHOWN);
    sources
}

fn range((from, to): Seconds, timezone: &str) -> RangeSaid {
    let time = |seconds: i64| {
        let time = chrono::DateTime::from_timestamp(seconds, 0);
        time.map_or_else(|| seconds.to_string(), |time| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
    };
    let timezone = timezone.to_owned();
    RangeSaid { from: time(from), to: time(to), text: Range((from, to)).to_string(), timezone }
}

fn completeness(facts: &Facts) -> CompletenessSaid {
    let sentence = sentences::completeness(facts);
    let Some(measured) = &facts.completeness else {
        return CompletenessSaid { is_complete: false, feed: None, share: 0.0, gaps: Vec::new(), sentence };
    };
    let seconds = facts.seconds.1 - facts.seconds.0 + 1;
    #[allow(clippy::cast_precision_loss)]
    let share = measured.covered_seconds as f64 / seconds.max(1) as f64;
    let gaps = measured.gaps.iter().map(|gap| Range(*gap).to_string()).collect();
    let feed = Some(measured.feed.to_string());
    CompletenessSaid { is_complete: measured.is_complete(), feed, share, gaps, sentence }
}

#[cfg(test)]
#[path = "document_tests.rs"]
pub(super) mod tests;
