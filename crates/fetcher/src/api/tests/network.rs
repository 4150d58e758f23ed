//! What a network does to answers.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpListener;

use super::answers::{ask, request};
use super::server::{Act, KEY, Server, gzip, key};
use crate::api::{ApiError, Client, ClientConfig, Limits, RetryPolicy, Timeouts, Transient};

/// Gives up soon: what a test of giving up waits for.
fn hasty(server: &Server) -> ClientConfig {
    ClientConfig {
        timeouts: Timeouts {
            connect: Duration::from_millis(200),
            idle: Duration::from_millis(60),
            answer: Duration::from_millis(150),
        },
        retry: RetryPolicy { tries_max: 3, total_max: Duration::from_secs(20), ..server.config().retry },
        ..server.config()
    }
}

#[tokio::test]
async fn answers_come_compressed() {
    let body = br#"{"clicks":[]}"#;
    let server = Server::start([Act::Reply(200, vec![("content-encoding", "gzip".into())], gzip(body))]).await;
    let client = server.client();
    assert_eq!(ask(&client).await.unwrap(), json!({"clicks": []}));
    assert_eq!(client.counters().body_bytes, body.len() as u64);
}

#[tokio::test]
async fn what_was_cut_on_the_way_is_asked_for_again() {
    let whole = br#"{"clicks":[]}"#;
    let zipped = gzip(&[b'7'; 5000]);
    let half_zipped = zipped[..zipped.len() / 2].to_vec();
    let server = Server::start([
        Act::HangUp,
        Act::CutOff(whole.to_vec(), whole.len() + 1),
        // Valid JSON as far as it goes.
        Act::CutOff(b"[]".to_vec(), 3),
        Act::Reply(200, vec![("content-encoding", "gzip".into())], half_zipped),
        Act::Reply(200, vec![("content-encoding", "gzip".into())], b"not zipped".to_vec()),
        Act::ok(r#"{"clicks":[]}"#),
    ])
    .await;
    let client = server.client();
    assert_eq!(ask(&client).await.unwrap(), json!({"clicks": []}));
    assert!(client.counters().requests >= 6, "{:?}", client.counters());
}

#[tokio::test]
async fn the_last_failure_is_told_of() {
    let server = Server::start([Act::CutOff(b"[".to_vec(), 100)]).await;
    let error = Client::new(hasty(&server)).unwrap();
    let error = ask(&error).await.unwrap_err();
    assert!(matches!(error, ApiError::GaveUp { tries: 3, last: Transient::Broken { .. }, .. }), "{error}");
    assert_eq!(error.exit_code(), 4);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_in_time() {
    for act in [Act::Hang, Act::HangInBody(b"[{".to_vec())] {
        let server = Server::start([act]).await;
        let begun = Instant::now();
        let error = ask(&Client::new(hasty(&server)).unwrap()).await.unwrap_err();
        assert!(matches!(error, ApiError::GaveUp { tries: 3, last: Transient::TimedOut { .. }, .. }), "{error}");
        assert!(error.to_string().contains("answer within 0.06"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn the_total_time_bounds_a_try_that_is_under_way() {
    let server = Server::start([Act::Hang]).await;
    let mut config = server.config();
    config.retry.total_max = Duration::from_millis(150);
    let begun = Instant::now();
    let error = ask(&Client::new(config).unwrap()).await.unwrap_err();
    assert!(matches!(error, ApiError::GaveUp { tries: 1, .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn nobody_listening_is_a_failure_of_the_source() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut config = ClientConfig::new(&url, key());
    config.retry = RetryPolicy { tries_max: 2, first_wait: Duration::from_millis(1), ..config.retry };
    let error = ask(&Client::new(config).unwrap()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("gave up after 2 tries in 0 s: cannot reach 127.0.0.1: "), "{text}");
    assert!(text.contains("check the base url"), "{text}");
}

#[tokio::test]
async fn https_is_spoken_where_it_is_asked_for() {
    let server = Server::start([Act::ok("[]")]).await;
    let mut config = ClientConfig { base_url: server.url.replace("http:", "https:"), ..hasty(&server) };
    config.retry = RetryPolicy::once();
    // The server waits for the rest of what it takes for a line: the time for a connection includes that for TLS.
    let error = ask(&Client::new(config).unwrap()).await.unwrap_err();
    assert!(matches!(error, ApiError::GaveUp { tries: 1, .. }), "{error}");
    assert!(server.seen().is_empty(), "nothing in the clear");
}

#[tokio::test]
async fn the_key_does_not_follow_a_redirect() {
    let elsewhere = Server::start([Act::ok("[]")]).await;
    for status in [301, 302, 307, 308] {
        let location = format!("{}/v1?echo={KEY}", elsewhere.url);
        let server = Server::start([Act::status(status, "").header("location", location)]).await;
        let error = ask(&server.client()).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("--base-url") && text.contains(&elsewhere.url) && !text.contains(KEY), "{text}");
        assert_eq!(server.seen().len(), 1);
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_bomb_is_cut_at_the_limit() {
    let bomb = gzip(&vec![b' '; 8 << 20]);
    assert!(bomb.len() < 100 << 10);
    let server = Server::start([Act::Reply(200, vec![("content-encoding", "gzip".into())], bomb)]).await;
    let mut config = server.config();
    config.limits = Limits { body_bytes_max: 1 << 20, ..config.limits };
    let client = Client::new(config).unwrap();
    let error = ask(&client).await.unwrap_err();
    assert!(matches!(error, ApiError::TooLarge { limit_bytes: 1_048_576 }), "{error}");
    assert!(client.counters().body_bytes <= 1 << 20);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_dropped_call_gives_everything_back() {
    let server = Server::start([Act::Hang, Act::ok("[]")]).await;
    let mut config = server.config();
    config.limits.concurrent = 1;
    let client = Client::new(config).unwrap();
    {
        let mut hanging = std::pin::pin!(ask(&client));
        // Until the request has arrived.
        while server.seen().is_empty() {
            let _ = futures::poll!(&mut hanging);
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(ask(&client).await.unwrap(), json!([]));
}

#[tokio::test]
async fn memory_is_held_until_the_answer_is_dropped() {
    let body = vec![b' '; 1 << 20];
    let server = Server::start([Act::Reply(200, Vec::new(), body)]).await;
    let mut config = server.config();
    config.limits.bytes_in_flight_max = 512 << 10;
    let client = Client::new(config).unwrap();
    let answer = client.clicks(&request(&[]), |answer| async { Ok(answer) }).await.unwrap();
    let next = || {
        futures::FutureExt::now_or_never(async {
            client.budget.reserve(&mut crate::api::budget::Reserved::default(), 1).await;
        })
    };
    assert!(next().is_none(), "bound and overdraft are used up");
    drop(answer);
    assert!(next().is_some());
}
