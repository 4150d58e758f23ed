//! Too many requests.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use simulator::Feed;
use simulator::server::{Clock, Content, Endpoint, Limits, Server, Settings};

use crate::client::{MONDAY, NOW, ask_feed, clicks, window};

#[tokio::test]
async fn requests_are_counted_per_kind_of_key_and_the_headers_say_what_is_left() {
    let limits = Limits { network_requests: 3, affiliate_requests: 1, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    let server = Server::start(0, Content::of_clicks(clicks(1)), settings, Clock::Stopped(NOW)).unwrap();
    let body = window(MONDAY, MONDAY);
    let left = async |feed: Feed| {
        let answer = ask_feed(&server, feed, &body).await;
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        (answer.status, header("X-RateLimit-Limit"), header("X-RateLimit-Remaining"))
    };
    let told = |status: u16, limit: &str, left: &str| (status, limit.to_owned(), left.to_owned());
    assert_eq!(left(Feed::InvalidClicks).await, told(200, "3", "2"));
    assert_eq!(left(Feed::NetworkClicks).await, told(200, "3", "1"));
    assert_eq!(left(Feed::AffiliateClicks).await, told(200, "1", "0"));
    assert_eq!(left(Feed::AffiliateClicks).await, told(429, "1", "0"));
    assert_eq!(left(Feed::InvalidClicks).await, told(200, "3", "0"));
    assert_eq!(left(Feed::InvalidClicks).await, told(429, "3", "0"));
    // The next window: this one has passed since the first request of it.
    server.configure(|settings| settings.limits.window = Duration::ZERO);
    assert_eq!(left(Feed::InvalidClicks).await, told(200, "3", "2"));
}

#[tokio::test]
async fn ten_reporting_requests_at_once_are_served_and_the_eleventh_is_not() {
    let settings = Settings::default();
    let content = Content::of_clicks(clicks(1));
    let server = Arc::new(Server::start(0, content, settings, Clock::Stopped(NOW)).unwrap());
    server.hold();
    let ask = |feed| {
        let server = Arc::clone(&server);
        tokio::spawn(async move { ask_feed(&server, feed, &window(MONDAY, MONDAY)).await.status })
    };
    let mut asked: Vec<_> = (0..11).map(|_| ask(Feed::InvalidClicks)).collect();
    // Those of affiliates do not count.
    asked.push(ask(Feed::AffiliateClicks));
    while server.in_progress() < 12 {
        tokio::task::yield_now().await;
    }
    server.release();
    let mut statuses = Vec::new();
    for asked in asked {
        statuses.push(asked.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [&[200; 11][..], &[429]].concat());
    assert_eq!((server.most_at_once(), server.most_reporting_at_once()), (12, 11));
    assert_eq!((server.count(Endpoint::InvalidClicks), server.in_progress()), (11, 0));
}

#[tokio::test]
async fn one_client_in_turn_is_never_two_at_once() {
    let limits = Limits { reporting_at_once: 1, ..Limits::none() };
    let settings = Settings { limits, ..Settings::default() };
    let server = Server::start(0, Content::of_clicks(clicks(3000)), settings, Clock::Stopped(NOW)).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}{}", server.base_url(), Endpoint::NetworkClicks.path());
    for _ in 0..200 {
        let body = json!({ "from": "2026-03-02 00:00:00", "to": "2026-03-02 00:00:30", "timezone_id": 67 });
        let asked = client.post(&url).header("X-Eflow-API-Key", "network-key").json(&body);
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap();
    }
    assert_eq!(server.most_reporting_at_once(), 1);
}
