//! What was counted, before anything is said of it: values only.

use serde::{Deserialize, Serialize};

use super::judge::{Count, Judgement, OfDay};
use super::reason::Basis;
use crate::engine::completeness::{Completeness, Seconds};

/// Whose clicks a case file is about, by what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// An affiliate.
    Affiliate,
    /// An offer.
    Offer,
}

impl Kind {
    /// Its id's column.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Affiliate => "affiliate_id",
            Self::Offer => "offer_id",
        }
    }

    /// Its name's column.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Affiliate => "affiliate_name",
            Self::Offer => "offer_name",
        }
    }

    /// The id on the other side: an offer's clicks come through affiliates.
    pub(crate) fn other(self) -> &'static str {
        match self {
            Self::Affiliate => "offer_id",
            Self::Offer => "affiliate_id",
        }
    }

    /// What people call it.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Affiliate => "affiliate",
            Self::Offer => "offer",
        }
    }
}

/// An entity that has clicks in the range.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Candidate {
    pub(crate) account: String,
    #[serde(default)]
    pub(crate) id: Option<i64>,
    #[serde(default)]
    pub(crate) name: Option<String>,
}

/// Whose case file it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Subject {
    pub(crate) kind: Kind,
    pub(crate) account: String,
    pub(crate) id: i64,
    pub(crate) name: Option<String>,
}

/// Counts over all clicks, of the subject or of the rest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Totals {
    #[serde(skip_serializing)]
    pub(crate) is_subject: bool,
    pub(crate) clicks: u64,
    /// Those that a rate can rest on.
    pub(crate) rated_clicks: u64,
    pub(crate) invalid_clicks: u64,
    pub(crate) conversion_known: u64,
    pub(crate) conversions: u64,
    pub(crate) unique_known: u64,
    pub(crate) unique_clicks: u64,
    pub(crate) with_address: u64,
    pub(crate) masked_addresses: u64,
    /// None where no click has any.
    #[serde(default)]
    pub(crate) addresses: Option<u64>,
    /// Likewise.
    #[serde(default)]
    pub(crate) user_agents: Option<u64>,
    #[serde(default)]
    pub(crate) first_click: Option<String>,
    #[serde(default)]
    pub(crate) last_click: Option<String>,
}

/// A value of a column, with the hits that come with it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct SourceRow {
    pub(crate) dimension: String,
    pub(crate) value: String,
    pub(crate) n: u64,
    pub(crate) x: u64,
}

/// A click that a reason speaks against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Example {
    pub(crate) transaction_id: String,
    pub(crate) click_time: String,
    #[serde(default)]
    pub(crate) affiliate_id: Option<i64>,
    #[serde(default)]
    pub(crate) offer_id: Option<i64>,
    #[serde(default)]
    pub(crate) sub1: Option<String>,
    #[serde(default)]
    pub(crate) source_id: Option<String>,
    #[serde(default)]
    pub(crate) user_ip: Option<String>,
    #[serde(default)]
    pub(crate) http_user_agent: Option<String>,
    #[serde(default)]
    pub(crate) error_code: Option<i64>,
    #[serde(default)]
    pub(crate) payout: Option<String>,
    #[serde(default)]
    pub(crate) currency_id: Option<String>,
}

/// Money of a currency. Amounts are decimal text with all their digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Money {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    #[serde(default)]
    pub(crate) currency_id: Option<String>,
    pub(crate) clicks: u64,
    /// None where of no click it is known.
    #[serde(default)]
    pub(crate) conversions: Option<u64>,
    #[serde(default)]
    pub(crate) payout: Option<String>,
    #[serde(default)]
    pub(crate) revenue: Option<String>,
}

/// What among the implicated clicks speaks for the subject. All of no click.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counter {
    pub(crate) clicks: u64,
    /// Those that a rate can rest on.
    pub(crate) rated_clicks: u64,
    /// None where of no click it is known.
    #[serde(default)]
    pub(crate) conversions: Option<u64>,
    /// Likewise.
    #[serde(default)]
    pub(crate) unique_clicks: Option<u64>,
    pub(crate) from_carriers: u64,
    pub(crate) from_campuses: u64,
    pub(crate) from_relays: u64,
    /// None where no click has any.
    #[serde(default)]
    pub(crate) addresses: Option<u64>,
}

/// All about a reason.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReasonFacts {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) about: String,
    pub(crate) sentence: String,
    pub(crate) basis: Basis,
    /// The dimensions of sources that it is defined by.
    pub(crate) defined_by: Vec<String>,
    pub(crate) own: Count,
    pub(crate) hits: u64,
    pub(crate) days: Vec<OfDay>,
    pub(crate) judgement: Judgement,
    /// Of an abnormal reason only.
    pub(crate) sources: Vec<SourceRow>,
    /// Of an abnormal reason only, in the order of time.
    pub(crate) examples: Vec<Example>,
}

/// The affiliate's score over the range, see [`scorecard`](crate::scorecard).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Score {
    /// 0 to 100.
    pub(crate) score: f64,
    /// `flag`, `watch`, `ok` or `insufficient data`.
    pub(crate) tier: String,
    /// Whether its p-value rests on cleared traffic.
    pub(crate) is_calibrated: bool,
    /// The share of each family, then the strongest reasons.
    pub(crate) reasons: Vec<String>,
}

/// The range before, of the same length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Earlier {
    /// Its first and last second.
    pub(crate) seconds: Seconds,
    /// Why nothing is compared with it, a clause; none where it is.
    pub(crate) not_compared: Option<String>,
}

/// Everything that a case file rests on.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) subject: Subject,
    pub(crate) seconds: Seconds,
    pub(crate) timezone: String,
    /// The range before, where the lake reaches back.
    pub(crate) earlier: Option<Earlier>,
    /// Of the feeds of all clicks.
    pub(crate) completeness: Option<Completeness>,
    /// Others of its kind with clicks in the range.
    pub(crate) others: usize,
    pub(crate) own: Totals,
    pub(crate) rest: Totals,
    pub(crate) reasons: Vec<ReasonFacts>,
    pub(crate) money: Vec<Money>,
    pub(crate) money_by_reason: Vec<Money>,
    pub(crate) counter: Counter,
    pub(crate) score: Option<Score>,
}
