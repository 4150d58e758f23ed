//! What a report says, before it is a page, a text or JSON. Its fields are the JSON's.
//!
//! Bounded, whatever the lake holds: long lists are cut and say how much is left out, and so are long texts.

use serde::Serialize;

use crate::scorecard::ScoredWith;

/// A report over a range.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What it is called.
    pub title: String,
    /// The version of Clickproof.
    pub version: &'static str,
    /// When it was made, RFC 3339.
    pub made_at: String,
    /// The lake; not named on a partner's page.
    pub lake: Option<String>,
    /// The only affiliate, on a partner's page.
    pub affiliate: Option<i64>,
    /// The range; none where the lake has no clicks and no range was named.
    pub period: Option<Period>,
    /// As many seconds before it.
    pub before: Option<Period>,
    /// Whether anything on the page is compared with the period before.
    pub is_compared: bool,
    /// The time zone of days and hours.
    pub timezone: String,
    /// Whether every feed that an account has covers all of the range.
    pub is_complete: bool,
    /// What is to be said beside any answer.
    pub notes: Vec<String>,
    /// What there is to say of each account.
    pub accounts: Vec<Part>,
    /// Accounts that were left out, for the page would be too long.
    pub accounts_left_out: Vec<String>,
    /// How it was computed.
    pub method: Method,
}

/// A range of seconds, both ends inclusive.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Period {
    /// RFC 3339.
    pub from: String,
    /// RFC 3339.
    pub to: String,
    /// As people say it, in the time zone of the report.
    pub text: String,
}

/// What there is to say of an account.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// Its name.
    pub account: String,
    /// All of it in five sentences.
    pub sentences: Vec<String>,
    /// How far each feed covers the range.
    pub coverage: Vec<FeedCoverage>,
    /// Key figures, with those of the period before.
    pub figures: Vec<Figure>,
    /// What is not compared with the period before, and why, a clause; none where everything is.
    pub not_compared: Option<String>,
    /// The feeds that all rates of the account rest on; none where there are none.
    pub rests_on: Option<String>,
    /// Clicks of other times, which no rate counts.
    pub left_out_of_rates: u64,
    /// Whether the account is an affiliate's own, whose feed names no affiliate.
    pub is_own: bool,
    /// Why clicks were refused.
    pub error_classes: Top<ErrorClass>,
    /// Rates by day.
    pub days: Vec<Day>,
    /// Days at the beginning of a long range that are not shown.
    pub days_left_out: usize,
    /// Affiliates, the most suspicious first.
    pub affiliates: Ranking,
    /// Invalid rates by affiliate.
    pub invalid_by_affiliate: Rates,
    /// Proxy rates by affiliate.
    pub proxy_by_affiliate: Rates,
    /// Clicks by weekday and hour, Monday first: 7 rows of 24.
    pub hours: Vec<Vec<Hour>>,
    /// The offers with most clicks.
    pub offers: Top<Offer>,
    /// What was paid for clicks that something speaks against, by currency.
    pub money: Top<Money>,
    /// The same by affiliate.
    pub at_risk: Top<AtRisk>,
    /// Error codes that the dictionary does not know.
    pub unknown_codes: Top<UnknownCode>,
    /// Fields without a column.
    pub unknown_fields: Top<UnknownField>,
}

/// The first rows of a long table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Top<T> {
    /// The rows that are shown.
    pub rows: Vec<T>,
    /// How many more there are.
    pub more: usize,
}

impl<T> Default for Top<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), more: 0 }
    }
}

impl<T> Top<T> {
    /// The first `most` of some rows.
    pub fn of(rows: impl Iterator<Item = T>, most: usize) -> Self {
        let mut rows: Vec<T> = rows.collect();
        let more = rows.len().saturating_sub(most);
        rows.truncate(most);
        Self { rows, more }
    }
}

/// How far a feed covers the range.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeedCoverage {
    /// The feed.
    pub feed: String,
    /// The share of seconds that are proven.
    pub share: f64,
    /// The parts that are not.
    pub gaps: Top<Gap>,
    /// Seconds that were covered until their clicks were pruned.
    pub pruned_seconds: u64,
    /// Answers at Everflow's cap.
    pub saturated: u64,
    /// Days in UTC, and the share of each that is covered.
    pub days: Vec<CoveredDay>,
}

/// A part of the range without proof.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gap {
    /// RFC 3339.
    pub from: String,
    /// RFC 3339.
    pub to: String,
    /// How long it is.
    pub seconds: u64,
}

/// A day in UTC.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CoveredDay {
    /// YYYY-MM-DD.
    pub day: String,
    /// The share of its seconds that is covered.
    pub share: f64,
}

/// How a figure reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// A number of things.
    Count,
    /// A share, 0 to 1.
    Share,
    /// An amount of the currency of the figure's name.
    Money,
}

/// A key figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// What it counts.
    pub name: String,
    /// How it reads.
    pub unit: Unit,
    /// Its value; none where there is no denominator.
    pub value: Option<f64>,
    /// Of a share, the 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// In the period before; none where nothing is known of it.
    pub before: Option<f64>,
    /// Of counts and amounts the relative change, of shares the difference.
    pub change: Option<f64>,
    /// Of shares, whether the intervals of both periods are apart: what is not may be chance.
    pub is_beyond_chance: Option<bool>,
}

/// A class of error codes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ErrorClass {
    /// Its name.
    pub class: String,
    /// Clicks that were refused for it.
    pub clicks: u64,
    /// Among all refused clicks of the account.
    pub share_of_invalid: f64,
    /// Clicks in the period before; none where nothing is known of it.
    pub clicks_before: Option<u64>,
    /// Clicks whose code is a sign of fraud.
    pub fraud_clicks: u64,
    /// The codes, most clicks first.
    pub codes: Top<Code>,
}

/// An error code.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Code {
    /// The code.
    pub code: i32,
    /// Its name; none where the dictionary does not know it.
    pub name: Option<String>,
    /// Clicks.
    pub clicks: u64,
    /// Whether it is a sign of fraud.
    pub is_fraud_signal: bool,
}

/// A share with its 95 % Wilson interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// The share.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// How many clicks it is a share of.
    pub clicks: u64,
}

/// A day of the report's time zone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Day {
    /// YYYY-MM-DD.
    pub day: String,
    /// Clicks as landed.
    pub clicks: u64,
    /// Refused clicks.
    pub invalid: Option<Rate>,
    /// Clicks through a proxy.
    pub proxy: Option<Rate>,
}

/// Who an affiliate is; the affiliate's own account has neither.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Affiliate {
    /// Everflow's id.
    pub id: Option<i64>,
    /// Its name.
    pub name: Option<String>,
}

impl Affiliate {
    /// With a name of bearable length.
    pub fn new(id: Option<i64>, name: Option<&str>) -> Self {
        Self { id, name: name.map(super::build::cut) }
    }
}

/// Affiliates, the most suspicious first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranking {
    /// What they are ranked by, a sentence.
    pub by: String,
    /// Whether by scores; else by rates.
    pub is_by_scores: bool,
    /// The rows.
    pub top: Top<ScoredAffiliate>,
    /// Affiliates of which nothing unusual is seen; they are not among the rows.
    pub usual: usize,
    /// Affiliates with too few clicks to be judged.
    pub too_few: usize,
}

/// An affiliate in the ranking.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoredAffiliate {
    /// Who.
    pub affiliate: Affiliate,
    /// 0 to 100; none where the ranking is by rates.
    pub score: Option<f64>,
    /// `flag`, `watch`, `ok` or `insufficient data`; none where the ranking is by rates.
    pub tier: Option<String>,
    /// Clicks.
    pub clicks: u64,
    /// Why, a sentence each; the most important first.
    pub reasons: Vec<String>,
    /// Its days.
    pub days: Vec<SmallDay>,
}

/// A day of a small time line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SmallDay {
    /// YYYY-MM-DD.
    pub day: String,
    /// Clicks as landed.
    pub clicks: u64,
    /// Of these, refused or through a proxy.
    pub suspicious: u64,
}

/// Rates by affiliate, the largest lower end first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rates {
    /// The rows.
    pub top: Top<AffiliateRate>,
    /// Affiliates with too few clicks to be shown.
    pub too_few: usize,
    /// Affiliates whose clicks have no denominator.
    pub without_rate: usize,
    /// The same over all clicks of the account.
    pub all: Option<f64>,
}

/// A rate of an affiliate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AffiliateRate {
    /// Who.
    pub affiliate: Affiliate,
    /// The rate.
    pub rate: Rate,
}

/// An hour of a weekday.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Hour {
    /// Clicks as landed, all such hours of the range together.
    pub clicks: u64,
    /// Refused clicks.
    pub invalid_clicks: u64,
    /// Whether the range has such an hour that was fetched; else no clicks mean nothing.
    pub is_fetched: bool,
}

/// An offer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Offer {
    /// Everflow's id.
    pub id: Option<i64>,
    /// Its name.
    pub name: Option<String>,
    /// Clicks as landed.
    pub clicks: u64,
    /// Affiliates that sent them; not on a partner's page.
    pub affiliates: Option<u64>,
    /// The share of refused clicks.
    pub invalid: Option<Rate>,
    /// The share of clicks through a proxy.
    pub proxy_rate: Option<f64>,
    /// What most of the refused clicks were refused for.
    pub top_class: Option<String>,
    /// What was paid, where it is all in one currency.
    pub payout: Option<f64>,
    /// The currency.
    pub currency: Option<String>,
}

/// Amounts of a currency.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Money {
    /// The currency; none where Everflow named none.
    pub currency: Option<String>,
    /// Paid to affiliates.
    pub payout: Option<f64>,
    /// Of that, for clicks that something speaks against.
    pub payout_at_risk: Option<f64>,
    /// Received from advertisers; not on a partner's page.
    pub revenue: Option<f64>,
    /// Of that, for clicks that something speaks against.
    pub revenue_at_risk: Option<f64>,
}

/// What was paid to an affiliate for clicks that something speaks against.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AtRisk {
    /// Who.
    pub affiliate: Affiliate,
    /// The currency.
    pub currency: Option<String>,
    /// Clicks that something speaks against, once each.
    pub suspicious_clicks: u64,
    /// Refused with a code that is a sign of fraud.
    pub fraud_codes: u64,
    /// Through a proxy.
    pub proxies: u64,
    /// From a data centre.
    pub datacenters: u64,
    /// By a declared bot; none where no click says its user agent.
    pub declared_bots: Option<u64>,
    /// Paid in all.
    pub payout: Option<f64>,
    /// Paid for the suspicious ones.
    pub payout_at_risk: Option<f64>,
}

/// An error code that the dictionary does not know.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnknownCode {
    /// The code.
    pub code: i32,
    /// One of its messages.
    pub message: Option<String>,
    /// Clicks.
    pub clicks: u64,
    /// Whether the period before had none; not known where nothing is known of it.
    pub is_new: Option<bool>,
}

/// A field without a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnknownField {
    /// Where it stands in Everflow's JSON.
    pub path: String,
    /// Clicks that have it.
    pub clicks: u64,
    /// The first of them, RFC 3339.
    pub first_time: String,
    /// Whether the period before had none; not known where nothing is known of it.
    pub is_new: Option<bool>,
}

/// How a report was computed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Method {
    /// The queries, in the order of their names.
    pub queries: Vec<UsedQuery>,
    /// Options that change what is on the page, as name and value.
    pub options: Vec<(String, String)>,
    /// What gave the scores; none where there are none.
    pub scores: Option<ScoredWith>,
}

/// A query whose answer is on the page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct UsedQuery {
    /// What `analyze run` calls it; `views/...` is a table that others read.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The SHA-256 of its file, in hexadecimal digits.
    pub sha256: String,
}
