//! What the server promises and where it is difficult: everything a test may set, also while it runs.

use std::time::Duration;

use chrono::{DateTime, Months, TimeDelta, Utc};

use super::fault::Faults;
use crate::Feed;

/// How the server behaves. The defaults are what Everflow's pages state.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The network's key: `network-key`.
    pub network_key: String,
    /// An affiliate's key: `affiliate-key`.
    pub affiliate_key: String,
    /// Whose key that is, and whose clicks the affiliate's feed returns: 17.
    pub affiliate_id: i64,
    /// The most rows of an answer.
    pub caps: Caps,
    /// The longest window of both streams, in seconds: 14 days. A longer one is a 400.
    pub longest_window_seconds: i64,
    /// How long raw clicks are kept.
    pub retention: Retention,
    /// What a request that begins before the retention gets.
    pub past_retention: PastRetention,
    /// What an answer holds when more rows match than its cap.
    pub over_cap: OverCap,
    /// How the rows of an answer are sorted.
    pub order: Order,
    /// What the rows are wrapped in.
    pub wrapper: Wrapper,
    /// An answer of exactly one row is that row, without a wrapper: false.
    pub bare_single_row: bool,
    /// Which of two spellings of `affilate_id` and `transction_id` filters are known.
    pub spelling: Spelling,
    /// What happens to a filter by something unknown.
    pub unknown_filters: UnknownFilters,
    /// Who may use the aggregate endpoint.
    pub aggregate: Aggregate,
    /// How many requests are too many.
    pub limits: Limits,
    /// Answers are compressed for who accepts gzip: true.
    pub gzip: bool,
    /// How long every answer takes at least: nothing.
    pub latency: Duration,
    /// Errors are `{"Error": ...}` instead of `{"error": ...}`: false.
    pub capitalised_errors: bool,
    /// What goes wrong.
    pub faults: Faults,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            network_key: "network-key".to_owned(),
            affiliate_key: "affiliate-key".to_owned(),
            affiliate_id: 17,
            caps: Caps::default(),
            longest_window_seconds: 14 * 86_400,
            retention: Retention::Months(3),
            past_retention: PastRetention::LosesOldRows,
            over_cap: OverCap::Newest,
            order: Order::NewestFirst,
            wrapper: Wrapper::Clicks,
            bare_single_row: false,
            spelling: Spelling::Documented,
            unknown_filters: UnknownFilters::Refused,
            aggregate: Aggregate::Open,
            limits: Limits::default(),
            gzip: true,
            latency: Duration::ZERO,
            capitalised_errors: false,
            faults: Faults::default(),
        }
    }
}

/// The most rows of an answer, by endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// 1,000.
    pub invalid_clicks: usize,
    /// 5,000.
    pub affiliate_clicks: usize,
    /// 10,000.
    pub network_clicks: usize,
    /// 10,000; above, the answer says `"incomplete_results": true`.
    pub entity_table: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self { invalid_clicks: 1000, affiliate_clicks: 5000, network_clicks: 10_000, entity_table: 10_000 }
    }
}

impl Caps {
    /// The cap of a feed.
    pub fn of(self, feed: Feed) -> usize {
        match feed {
            Feed::InvalidClicks => self.invalid_clicks,
            Feed::AffiliateClicks => self.affiliate_clicks,
            Feed::NetworkClicks => self.network_clicks,
        }
    }

    /// Sets the cap of a feed.
    pub fn set(&mut self, feed: Feed, rows: usize) {
        match feed {
            Feed::InvalidClicks => self.invalid_clicks = rows,
            Feed::AffiliateClicks => self.affiliate_clicks = rows,
            Feed::NetworkClicks => self.network_clicks = rows,
        }
    }
}

/// How long raw clicks are kept; those with a conversion are kept for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// Calendar months.
    Months(u32),
    /// Seconds.
    Seconds(i64),
    /// For ever.
    Forever,
}

impl Retention {
    /// The first second that is kept at a time.
    pub fn begins(self, now: i64) -> i64 {
        let begins = DateTime::<Utc>::from_timestamp(now, 0).and_then(|now| match self {
            Self::Months(months) => now.checked_sub_months(Months::new(months)),
            Self::Seconds(seconds) => now.checked_sub_signed(TimeDelta::try_seconds(seconds)?),
            Self::Forever => None,
        });
        begins.map_or(i64::MIN, |begins| begins.timestamp())
    }
}

/// What a request that begins before the retention gets: no page says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PastRetention {
    /// All but the rows that are too old.
    LosesOldRows,
    /// Converted clicks only, even of the part that is kept.
    LosesAllRows,
}

/// What an answer holds when more rows match than its cap: no page says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverCap {
    /// The newest rows, as many as the cap.
    Newest,
    /// The oldest rows, as many as the cap.
    Oldest,
    /// Any rows, as many as the cap; the same for the same request.
    Any,
}

/// How the rows of an answer are sorted: no page says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As in the one real answer.
    NewestFirst,
    /// The other way round.
    OldestFirst,
    /// In no order.
    Shuffled,
}

/// What the rows of an answer are wrapped in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrapper {
    /// `{"clicks":[...]}`
    Clicks,
    /// `{"table":[...]}`
    Table,
    /// `[...]`
    Array,
    /// All of them in turn, by the number of the request; in every fourth answer a single row is bare.
    Rotating,
}

/// Which spellings of a filter's resource type are known to the click feeds. `affiliate` is always known to the streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// `affilate_id` and `transction_id`, as on Everflow's page.
    Documented,
    /// `affiliate`, `affiliate_id` and `transaction_id`.
    Correct,
    /// All of them.
    Both,
}

/// What happens to a filter by something unknown, or in a spelling that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownFilters {
    /// The request is a 400.
    Refused,
    /// It filters nothing, without a word.
    Ignored,
}

/// Who may use the aggregate endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// Network keys.
    Open,
    /// Nobody: 403.
    Forbidden,
    /// Nobody: 404.
    Missing,
}

/// How many requests are too many: above, a 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests of the network's key in a window: 900, which is 30 a second.
    pub network_requests: u32,
    /// Requests of affiliates' keys in a window: 150, which is 5 a second.
    pub affiliate_requests: u32,
    /// The window: 30 s of real time, whatever the server's clock says.
    pub window: Duration,
    /// Requests to `/v1/networks/reporting/*` at once: 10.
    pub reporting_at_once: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { network_requests: 900, affiliate_requests: 150, window: Duration::from_secs(30), reporting_at_once: 10 }
    }
}

impl Limits {
    /// None at all, for tests that ask thousands of times.
    pub fn none() -> Self {
        Self {
            network_requests: u32::MAX,
            affiliate_requests: u32::MAX,
            reporting_at_once: usize::MAX,
            ..Self::default()
        }
    }
}
