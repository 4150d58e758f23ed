//! What is tried again, how often, and when.

use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use serde_json::{Value, json};

use super::answers::{ask, request};
use super::server::{Act, Server};
use crate::api::{ApiError, Client, RetryPolicy, Transient};

#[tokio::test]
async fn what_may_pass_is_tried_again_and_what_will_not_is_not() {
    for status in [408, 429, 500, 502, 503, 504, 599] {
        let server = Server::start([Act::status(status, r#"{"error":"later"}"#), Act::ok("[]")]).await;
        assert_eq!(ask(&server.client()).await.unwrap(), json!([]), "{status}");
        assert_eq!(server.seen().len(), 2, "{status}");
    }
    for (status, code) in [(400, 2), (401, 4), (403, 4), (404, 4), (405, 4), (422, 2), (451, 4)] {
        let server = Server::start([Act::status(status, r#"{"error":"no"}"#), Act::ok("[]")]).await;
        let error = ask(&server.client()).await.unwrap_err();
        assert!(error.to_string().starts_with(&format!("everflow refused the request ({status}): no")), "{error}");
        assert_eq!(error.exit_code(), code, "{status}");
        assert_eq!(server.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn tries_are_counted() {
    let server = Server::start([Act::status(503, r#"{"error":"down for maintenance"}"#)]).await;
    let client = server.client();
    let error = ask(&client).await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("gave up after 10 tries in "), "{text}");
    assert!(text.contains("everflow failed (503): down for maintenance"), "{text}");
    assert_eq!(server.seen().len(), 10);
    assert_eq!((client.counters().requests, client.counters().retries), (10, 9));
}

#[tokio::test]
async fn time_is_counted() {
    let server = Server::start([Act::status(500, "")]).await;
    let mut config = server.config();
    config.retry = RetryPolicy {
        first_wait: Duration::from_secs(50),
        longest_wait: Duration::from_secs(50),
        total_max: Duration::from_secs(40),
        ..config.retry
    };
    let begun = Instant::now();
    let error = ask(&Client::new(config).unwrap()).await.unwrap_err();
    assert!(matches!(error, ApiError::GaveUp { tries: 1, .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(20), "no wait that is in vain");
}

#[tokio::test]
async fn the_wait_that_the_server_asks_for_is_kept_by_everyone() {
    let server = Server::start([Act::status(429, "").header("retry-after", 1), Act::ok("[]")]).await;
    let client = server.client();
    let begun = Instant::now();
    ask(&client).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());

    let server = Server::start([Act::status(429, "").header("retry-after", 1), Act::ok("[]")]).await;
    let client = server.client();
    let mut first = std::pin::pin!(ask(&client));
    let begun = Instant::now();
    while client.counters().retries == 0 {
        assert!(futures::poll!(&mut first).is_pending());
        tokio::task::yield_now().await;
    }
    ask(&client).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_endless_storm_of_429_is_a_quota_that_is_used_up() {
    let server = Server::start([Act::status(429, r#"{"error":"Too many requests"}"#)]).await;
    let error = ask(&server.client()).await.unwrap_err();
    assert!(matches!(error, ApiError::GaveUp { last: Transient::RateLimited { .. }, .. }), "{error}");
    assert!(error.to_string().contains("(429): Too many requests; the limit is shared"), "{error}");
}

#[test]
fn retry_after_is_seconds_or_a_date_and_bounded() {
    let policy = RetryPolicy::default();
    let now = chrono::DateTime::parse_from_rfc3339("2024-11-30T12:00:00Z").unwrap().into();
    let wait = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(text).unwrap());
        policy.retry_after(&headers, now)
    };
    assert_eq!(wait("7"), Some(Duration::from_secs(7)));
    assert_eq!(wait(" 0 "), Some(Duration::ZERO));
    assert_eq!(wait("86400"), Some(policy.longest_retry_after));
    assert_eq!(wait("18446744073709551615"), Some(policy.longest_retry_after));
    assert_eq!(wait("Sat, 30 Nov 2024 12:00:40 GMT"), Some(Duration::from_secs(40)));
    assert_eq!(wait("Sat, 30 Nov 2024 11:00:00 GMT"), Some(Duration::ZERO));
    assert_eq!(wait("Wed, 01 Jan 2031 00:00:00 GMT"), Some(policy.longest_retry_after));
    for nonsense in ["-1", "soon", "", "1.5"] {
        assert_eq!(wait(nonsense), None, "{nonsense}");
    }
    assert_eq!(policy.retry_after(&HeaderMap::new(), now), None);
}

#[test]
fn waits_double_up_to_a_bound_with_jitter() {
    let policy = RetryPolicy::default();
    let waits: Vec<f64> = policy.waits().map(|wait| wait.as_secs_f64()).collect();
    let plain = [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0];
    assert_eq!(waits.len(), plain.len());
    for (wait, plain) in waits.iter().zip(plain) {
        assert!((plain..=2.0 * plain).contains(wait), "{waits:?}");
    }
    assert_ne!(waits, policy.waits().map(|wait| wait.as_secs_f64()).collect::<Vec<_>>());
}

/// What was sent as the resource of the first filter.
fn sent_spellings(server: &Server) -> Vec<String> {
    let resource = |body: &str| {
        let body: Value = serde_json::from_str(body).unwrap();
        body["query"]["filters"][0]["resource_type"].as_str().unwrap().to_owned()
    };
    server.seen().iter().map(|seen| resource(&seen.body)).collect()
}

#[tokio::test]
async fn a_misspelt_filter_is_tried_in_its_other_spellings_and_remembered() {
    let refused = Act::status(400, r#"{"error":"Invalid resource_type"}"#);
    let server = Server::start([refused.clone(), Act::ok("[]"), Act::ok("[]"), refused.clone()]).await;
    let client = server.client();
    let wanted = request(&[("affiliate", "17")]);
    client.clicks(&wanted, super::answers::read_json).await.unwrap();
    client.clicks(&wanted, super::answers::read_json).await.unwrap();
    assert_eq!(sent_spellings(&server), ["affilate_id", "affiliate_id", "affiliate_id"]);
    // Known to be understood: a 400 is about something else.
    let error = client.clicks(&wanted, super::answers::read_json).await.unwrap_err();
    assert!(matches!(error, ApiError::Refused { status: 400, .. }), "{error}");
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn a_filter_that_no_spelling_helps_is_refused_in_the_first_words() {
    let server =
        Server::start([Act::status(400, r#"{"error":"first"}"#), Act::status(400, r#"{"error":"other"}"#)]).await;
    let error = server.client().clicks(&request(&[("affiliate", "x")]), super::answers::read_json).await.unwrap_err();
    assert!(error.to_string().contains("first"), "{error}");
    assert_eq!(sent_spellings(&server), ["affilate_id", "affiliate_id", "affiliate"]);
    // Filters with one spelling are not sent twice.
    let server = Server::start([Act::status(400, "")]).await;
    server.client().clicks(&request(&[("offer", "x")]), super::answers::read_json).await.unwrap_err();
    assert_eq!(server.seen().len(), 1);
}
