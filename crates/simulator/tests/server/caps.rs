//! How many rows an answer has, and which.

use simulator::server::{Additions, Clock, Content, Limits, OverCap, Server, Settings};
use simulator::{Config, Feed, Traffic};

use crate::client::{MONDAY, NOW, ask_feed, clicks, window};

#[tokio::test]
async fn an_answer_has_at_most_its_cap_and_says_nothing_of_the_rest() {
    let server = Server::with_clicks(clicks(12_000), NOW).unwrap();
    for (feed, cap) in [(Feed::InvalidClicks, 1000), (Feed::AffiliateClicks, 5000), (Feed::NetworkClicks, 10_000)] {
        let answer = ask_feed(&server, feed, &window(MONDAY, MONDAY + 86_399)).await;
        let newest: Vec<String> = (0..12_000).rev().take(cap).map(|number| format!("click-{number}")).collect();
        assert_eq!(answer.ids(), newest);
        assert_eq!(answer.json().as_object().unwrap().keys().collect::<Vec<_>>(), ["clicks"]);
        assert_eq!(server.truth(feed).len(), 12_000);
    }
}

#[tokio::test]
async fn which_rows_survive_the_cap_can_be_set() {
    let server = Server::with_clicks(clicks(100), NOW).unwrap();
    server.configure(|settings| {
        settings.caps.invalid_clicks = 3;
        settings.over_cap = OverCap::Oldest;
    });
    let ids = ask_feed(&server, Feed::InvalidClicks, &window(MONDAY, NOW)).await.ids();
    assert_eq!(ids, ["click-2", "click-1", "click-0"]);
    server.configure(|settings| settings.over_cap = OverCap::Any);
    let ids = ask_feed(&server, Feed::InvalidClicks, &window(MONDAY, NOW)).await.ids();
    assert_eq!(ids.len(), 3);
    assert_eq!(ids, ask_feed(&server, Feed::InvalidClicks, &window(MONDAY, NOW)).await.ids());
    assert_ne!(ids, ["click-2", "click-1", "click-0"]);
}

#[tokio::test]
async fn generated_traffic_is_told_row_for_row() {
    let config = Config { days: 1, clicks_per_day: 900, ..Config::new(11, "2026-03-02".parse().unwrap()) };
    let content = Content::of_traffic(Traffic::new(config.clone()).unwrap(), &Additions::default());
    let settings = Settings { limits: Limits::none(), ..Settings::default() };
    let server = Server::start(0, content, settings, Clock::Stopped(NOW)).unwrap();
    let traffic = Traffic::new(config).unwrap();
    for feed in Feed::ALL {
        let answer = ask_feed(&server, feed, &window(MONDAY, MONDAY + 86_399)).await;
        let mut told: Vec<String> = answer.rows().iter().map(ToString::to_string).collect();
        let mut made: Vec<String> = traffic
            .rows(feed)
            .map(|row| serde_json::from_str::<serde_json::Value>(&row).unwrap().to_string())
            .collect();
        assert!(!made.is_empty());
        told.sort();
        made.sort();
        assert_eq!(told, made);
    }
}
