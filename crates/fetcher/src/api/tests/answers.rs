//! What is asked, and what becomes of answers.

use clicks::feed::Feed;
use serde_json::{Value, json};

use super::server::{Act, KEY, Server};
use crate::api::{Answer, ApiError, Broken, Client};
use crate::request::{ClickRequest, Filter, Window};

pub(super) fn request(filters: &[(&str, &str)]) -> ClickRequest {
    let filter = |(resource, value): &(&str, &str)| Filter { resource: (*resource).into(), value: (*value).into() };
    ClickRequest {
        feed: Feed::InvalidClicks,
        // 2024-11-30 12:30:00 to 13:00:00 UTC.
        window: Window { from: 1_732_969_800, to: 1_732_971_600 },
        filters: filters.iter().map(filter).collect(),
        exclusions: Vec::new(),
    }
}

/// Takes JSON for an answer, as far as these tests need it.
pub(super) async fn read_json(answer: Answer) -> Result<Value, Broken> {
    serde_json::from_slice(&answer.body).map_err(|error| Broken(error.to_string()))
}

pub(super) async fn ask(client: &Client) -> Result<Value, ApiError> {
    client.clicks(&request(&[]), read_json).await
}

#[tokio::test]
async fn a_request_says_what_is_wanted_and_who_asks() {
    let server = Server::start([Act::ok(r#"{"clicks":[]}"#)]).await;
    let mut wanted = request(&[("offer", "883"), ("error_code", "9")]);
    wanted.exclusions = vec![Filter { resource: "offer".into(), value: "1".into() }];
    let value = server.client().clicks(&wanted, read_json).await.unwrap();
    assert_eq!(value, json!({"clicks": []}));
    let seen = &server.seen()[0];
    assert!(seen.head.starts_with("POST /v1/networks/reporting/invalidclicks HTTP/1.1\r\n"), "{}", seen.head);
    assert!(seen.head.contains(&format!("x-eflow-api-key: {KEY}\r\n")), "{}", seen.head);
    assert!(seen.head.contains("accept-encoding: gzip\r\n"), "{}", seen.head);
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    let expected = json!({
        "from": "2024-11-30 12:30:00", "to": "2024-11-30 13:00:00", "timezone_id": 67,
        "query": {
            "filters": [
                {"resource_type": "offer", "filter_id_value": "883"},
                {"resource_type": "error_code", "filter_id_value": "9"},
            ],
            "exclusions": [{"resource_type": "offer", "filter_id_value": "1"}],
        },
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_broken_answer_is_asked_for_again() {
    let server = Server::start([Act::ok("{\"clicks\":[{"), Act::ok("<html>"), Act::ok("[]")]).await;
    let client = server.client();
    assert_eq!(ask(&client).await.unwrap(), json!([]));
    assert_eq!((client.counters().requests, client.counters().retries), (3, 2));
}

#[tokio::test]
async fn a_refusal_is_final_and_in_the_servers_words() {
    let server = Server::start([Act::status(401, r#"{"error":"Invalid API key"}"#)]).await;
    let error = ask(&server.client()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("(401): Invalid API key; check the key"), "{text}");
    assert!(text.contains("https://api-eu.eflow.team"), "{text}");
    assert_eq!(error.exit_code(), 4);
    assert_eq!(server.seen().len(), 1);
}
