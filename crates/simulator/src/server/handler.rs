//! What happens to a request, from its path to its answer.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::ACCEPT_ENCODING;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;
use tokio::sync::watch;

use super::answer::Answer;
use super::clock::Clock;
use super::content::{Content, Selection};
use super::endpoint::{Endpoint, KeyKind};
use super::fault::Fault;
use super::log::{InProgress, Log, lock};
use super::rate::{Allowance, Rate};
use super::settings::{Aggregate, PastRetention, Settings};
use super::{aggregate, request, rows, time_zones};
use crate::Feed;

/// What all requests share, and tests change while the server runs.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: Mutex<Settings>,
    pub(super) clock: Mutex<Clock>,
    pub(super) content: Mutex<Arc<Content>>,
    pub(super) rate: Mutex<Rate>,
    pub(super) log: Arc<Log>,
    /// False while requests must wait.
    pub(super) is_open: watch::Sender<bool>,
}

/// Bodies are a few lines of JSON.
const BODY_BYTES_MAX: usize = 1 << 20;

pub(super) async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else {
        return refuse(&shared, StatusCode::PAYLOAD_TOO_LARGE, "Request body is too large");
    };
    let Some(endpoint) = Endpoint::at(parts.uri.path()) else {
        return refuse(&shared, StatusCode::NOT_FOUND, "Not found");
    };
    if parts.method != endpoint.method() {
        return refuse(&shared, StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
    }
    let in_progress = InProgress::new(Arc::clone(&shared.log), endpoint.is_network_reporting());
    let place = shared.log.receive(endpoint, &body);
    // The sender lives as long as what is shared: waiting cannot fail.
    let _ = shared.is_open.subscribe().wait_for(|is_open| *is_open).await;

    let settings = lock(&shared.settings).clone();
    let fault = choose_fault(&shared, &settings, endpoint, place.number, &body);
    shared.log.note(place, |received| received.fault = fault);
    if !settings.latency.is_zero() {
        tokio::time::sleep(settings.latency).await;
    }
    if fault == Some(Fault::Hang) {
        std::future::pending::<()>().await;
    }

    let key = key_kind(&parts.headers, &settings);
    let allowance = key.map(|kind| lock(&shared.rate).count(kind, &settings.limits, Instant::now()));
    let gzip = settings.gzip && accepts_gzip(&parts.headers);
    let answer = match fault.and_then(|fault| Answer::of_fault(fault, &settings)) {
        Some(answer) => answer,
        None => match refusal(endpoint, key, allowance, in_progress.reporting_at_once, &settings) {
            Some((status, words)) => Answer::error(status, words, &settings),
            None => answer(&shared, settings, endpoint, place.number, body, fault).await,
        },
    };
    shared.log.note(place, |received| {
        received.status = Some(answer.status.as_u16());
        received.rows = answer.rows;
    });
    answer.send(fault, gzip, allowance, in_progress)
}

/// An answer to what is no request for any endpoint; it is not in the log.
fn refuse(shared: &Shared, status: StatusCode, words: &str) -> Response {
    let in_progress = InProgress::new(Arc::clone(&shared.log), false);
    Answer::error(status, words, &lock(&shared.settings)).send(None, false, None, in_progress)
}

fn choose_fault(shared: &Shared, settings: &Settings, endpoint: Endpoint, number: u64, body: &Bytes) -> Option<Fault> {
    let faults = &settings.faults;
    faults.scripted(endpoint, number).or_else(|| {
        let fault = faults.by_chance(endpoint, number)?;
        let may_fail = faults.most_per_request.is_none_or(|most| shared.log.may_fail(endpoint, body, most));
        may_fail.then_some(fault)
    })
}

fn key_kind(headers: &HeaderMap, settings: &Settings) -> Option<KeyKind> {
    let key = headers.get("x-eflow-api-key")?.as_bytes();
    if key == settings.network_key.as_bytes() {
        Some(KeyKind::Network)
    } else if key == settings.affiliate_key.as_bytes() {
        Some(KeyKind::Affiliate)
    } else {
        None
    }
}

/// Why a request is not even looked at.
fn refusal(
    endpoint: Endpoint,
    key: Option<KeyKind>,
    allowance: Option<Allowance>,
    reporting_at_once: usize,
    settings: &Settings,
) -> Option<(StatusCode, &'static str)> {
    let Some(key) = key else { return Some((StatusCode::UNAUTHORIZED, "Unauthorized")) };
    if endpoint.key_kind().is_some_and(|wanted| wanted != key) {
        return Some((StatusCode::FORBIDDEN, "Out of realm"));
    }
    if allowance.is_some_and(|allowance| allowance.is_exceeded) {
        return Some((StatusCode::TOO_MANY_REQUESTS, "Too many requests"));
    }
    if reporting_at_once > settings.limits.reporting_at_once {
        return Some((StatusCode::TOO_MANY_REQUESTS, "Too many concurrent reporting requests"));
    }
    match (endpoint, settings.aggregate) {
        (Endpoint::EntityTable, Aggregate::Forbidden) => Some((StatusCode::FORBIDDEN, "Forbidden")),
        (Endpoint::EntityTable, Aggregate::Missing) => Some((StatusCode::NOT_FOUND, "Not found")),
        _ => None,
    }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && weight.trim() != "q=0"
    })
}

/// The answer to a request that may be answered. Rows are written outside of the threads that serve connections.
async fn answer(
    shared: &Shared,
    settings: Settings,
    endpoint: Endpoint,
    number: u64,
    body: Bytes,
    fault: Option<Fault>,
) -> Answer {
    let feed = match endpoint {
        Endpoint::TimeZones => return Answer::json(&time_zones::list()),
        Endpoint::Network => return Answer::json(&json!({ "network_id": 4107, "name": "Simulated Network" })),
        Endpoint::Affiliate => {
            let id = settings.affiliate_id;
            let name = lock(&shared.content).affiliate_name(id);
            return Answer::json(&json!({ "network_affiliate_id": id, "network_id": 4107, "name": name }));
        }
        Endpoint::EntityTable => None,
        Endpoint::InvalidClicks => Some(Feed::InvalidClicks),
        Endpoint::AffiliateClicks => Some(Feed::AffiliateClicks),
        Endpoint::NetworkClicks => Some(Feed::NetworkClicks),
    };
    let asked = match request::read(&body, endpoint, &settings) {
        Ok(asked) => asked,
        Err(words) => return Answer::error(StatusCode::BAD_REQUEST, &words, &settings),
    };
    let content = Arc::clone(&lock(&shared.content));
    let now = lock(&shared.clock).now();
    let failed = Answer::error(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error", &settings);
    let made = tokio::task::spawn_blocking(move || match feed {
        Some(feed) => {
            let rows = rows_of(&content, feed, asked, now, fault, &settings);
            Answer::of_rows(&rows, number, fault, &settings)
        }
        None => {
            let is_cut = fault == Some(Fault::IncompleteResults);
            let (table, rows) = aggregate::table(&content, &asked, now, settings.caps.entity_table, is_cut);
            Answer::json(&table).with_rows(rows)
        }
    });
    made.await.unwrap_or(failed)
}

fn rows_of(
    content: &Content,
    feed: Feed,
    asked: request::Asked,
    now: i64,
    fault: Option<Fault>,
    settings: &Settings,
) -> Vec<String> {
    let kept_from = settings.retention.begins(now);
    let loses_all = settings.past_retention == PastRetention::LosesAllRows && *asked.seconds.start() < kept_from;
    let wanted = Selection {
        feed,
        affiliate_id: settings.affiliate_id,
        seconds: asked.seconds,
        filters: asked.filters,
        now,
        kept_from: if loses_all { i64::MAX } else { kept_from },
    };
    let found = content.select(&wanted, settings.caps.of(feed), settings.over_cap, settings.order);
    let mut rows: Vec<String> = found.into_iter().map(|stored| content.row(stored, feed, now)).collect();
    rows::spoil(&mut rows, fault, content, &wanted);
    rows
}
