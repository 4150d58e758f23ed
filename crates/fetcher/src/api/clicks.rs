//! Raw clicks of the three feeds.

use chrono::DateTime;
use clicks::feed::Feed;
use reqwest::Method;
use serde::Serialize;

use super::answer::{Answer, Broken};
use super::client::{Call, Client};
use super::error::ApiError;
use super::filters::Spelling;
use crate::request::{ClickRequest, Filter, Window};

/// UTC, in Everflow's numbering of time zones. Other zones are converted here, so that no hour is lost or doubled when
/// clocks change.
pub(super) const UTC_TIMEZONE_ID: u32 = 67;

/// The body of every report's request.
#[derive(Debug, Serialize)]
pub(super) struct ReportBody<'a, C: Serialize> {
    from: String,
    to: String,
    timezone_id: u32,
    #[serde(flatten)]
    pub(super) more: C,
    #[serde(skip_serializing_if = "QueryBody::is_empty")]
    query: QueryBody<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct QueryBody<'a> {
    filters: Vec<FilterBody<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exclusions: Vec<FilterBody<'a>>,
}

#[derive(Debug, Serialize)]
struct FilterBody<'a> {
    resource_type: &'a str,
    filter_id_value: &'a str,
}

/// Nothing beside window and query.
#[derive(Debug, Serialize)]
struct Plain {}

impl QueryBody<'_> {
    fn is_empty(&self) -> bool {
        self.filters.is_empty() && self.exclusions.is_empty()
    }
}

impl Client {
    /// Asks for raw clicks.
    ///
    /// `read` gets the body as it came, decompressed, and says [`Broken`] of anything that is not a whole answer: then
    /// the request is sent again, as [`super::RetryPolicy`] says. It is called once for each answer with status 200.
    /// What takes long in it should leave the thread (`tokio::task::spawn_blocking`). The answer's memory counts as in
    /// flight until it drops the [`Answer`].
    ///
    /// Rows may lie outside the window, and filters may have been ignored: the reader checks both (see
    /// [`super::canonical_resource`]).
    ///
    /// # Errors
    /// When the server refuses the request, or the policy's bounds are reached.
    pub async fn clicks<T, F, Fut>(&self, request: &ClickRequest, read: F) -> Result<T, ApiError>
    where
        F: Fn(Answer) -> Fut,
        Fut: Future<Output = Result<T, Broken>>,
    {
        let feed = request.feed;
        let (spelling, is_proven) = self.spellings.get(feed);
        let outcome = self.send(&click_call(request, spelling), &read).await;
        let mut filters = request.filters.iter().chain(&request.exclusions);
        if !filters.any(|filter| Spelling::matters_for(feed, &filter.resource)) {
            return outcome;
        }
        if is_proven || !is_bad_request(&outcome) {
            return self.remember_if_ok(feed, spelling, outcome);
        }
        let mut sent = vec![click_body(request, spelling)];
        for other in spelling.others() {
            let body = click_body(request, other);
            if sent.contains(&body) {
                continue;
            }
            let retried = self.send(&click_call(request, other), &read).await;
            if !is_bad_request(&retried) {
                return self.remember_if_ok(feed, other, retried);
            }
            sent.push(body);
        }
        // None is understood: what the server said of its own spelling is the best explanation.
        outcome
    }

    fn remember_if_ok<T>(&self, feed: Feed, spelling: Spelling, outcome: Result<T, ApiError>) -> Result<T, ApiError> {
        if outcome.is_ok() {
            self.spellings.remember(feed, spelling);
        }
        outcome
    }
}

fn is_bad_request<T>(outcome: &Result<T, ApiError>) -> bool {
    matches!(outcome, Err(ApiError::Refused { status: 400, .. }))
}

/// The JSON of a click request, as it is sent: what is kept beside an answer that is kept.
#[must_use]
pub fn click_request_json(request: &ClickRequest) -> String {
    String::from_utf8_lossy(&click_body(request, Spelling::DOCUMENTED)).into_owned()
}

fn click_call(request: &ClickRequest, spelling: Spelling) -> Call {
    let path = path_of(request.feed);
    Call { method: Method::POST, path, body: Some(click_body(request, spelling)) }
}

/// The path of a feed.
#[must_use]
pub fn path_of(feed: Feed) -> &'static str {
    match feed {
        Feed::AffiliateClicks => "/v1/affiliates/reporting/clicks/stream",
        Feed::InvalidClicks => "/v1/networks/reporting/invalidclicks",
        Feed::NetworkClicks => "/v1/networks/reporting/clicks/stream",
    }
}

fn click_body(request: &ClickRequest, spelling: Spelling) -> Vec<u8> {
    report_body(request.window, Plain {}, &request.filters, &request.exclusions, |name| spelling.of(request.feed, name))
}

/// The bytes of a report's request.
pub(super) fn report_body<'a, C: Serialize>(
    window: Window,
    more: C,
    filters: &'a [Filter],
    exclusions: &'a [Filter],
    spelt: impl Fn(&'a str) -> &'a str,
) -> Vec<u8> {
    let bodies = |filters: &'a [Filter]| {
        let body =
            |filter: &'a Filter| FilterBody { resource_type: spelt(&filter.resource), filter_id_value: &filter.value };
        filters.iter().map(body).collect::<Vec<_>>()
    };
    let body = ReportBody {
        from: utc_text(window.from),
        to: utc_text(window.to),
        timezone_id: UTC_TIMEZONE_ID,
        more,
        query: QueryBody { filters: bodies(filters), exclusions: bodies(exclusions) },
    };
    // Text and numbers only: this cannot fail, and an empty body would be refused.
    serde_json::to_vec(&body).unwrap_or_default()
}

/// `2024-11-30 12:30:00`, of seconds since 1970. Times beyond chrono's years, which no one can ask for, are the epoch.
fn utc_text(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default().format("%Y-%m-%d %H:%M:%S").to_string()
}
