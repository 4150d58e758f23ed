//! Wrappers, order, compression.

use serde_json::Value;
use simulator::Feed;
use simulator::server::{Endpoint, Order, Server, Wrapper};

use crate::client::{MONDAY, NOW, ask_feed, clicks, raw, window};

fn shape(answer: &Value) -> &'static str {
    match answer {
        Value::Array(_) => "array",
        Value::Object(object) if object.contains_key("clicks") => "clicks",
        Value::Object(object) if object.contains_key("table") => "table",
        Value::Object(object) if object.contains_key("transaction_id") => "row",
        _ => "unknown",
    }
}

#[tokio::test]
async fn every_wrapper_holds_the_same_rows() {
    let server = Server::with_clicks(clicks(3), NOW).unwrap();
    for (wrapper, expected) in [(Wrapper::Clicks, "clicks"), (Wrapper::Table, "table"), (Wrapper::Array, "array")] {
        server.configure(|settings| settings.wrapper = wrapper);
        let answer = ask_feed(&server, Feed::InvalidClicks, &window(MONDAY, NOW)).await;
        assert_eq!((shape(&answer.json()), answer.ids().len()), (expected, 3));
    }
    server.configure(|settings| settings.bare_single_row = true);
    let one = ask_feed(&server, Feed::InvalidClicks, &window(MONDAY, MONDAY)).await;
    assert_eq!((shape(&one.json()), one.ids()), ("row", vec!["click-0".to_owned()]));
    let none = ask_feed(&server, Feed::InvalidClicks, &window(MONDAY - 1, MONDAY - 1)).await;
    assert_eq!(none.json(), serde_json::json!([]));
}

#[tokio::test]
async fn wrappers_rotate_and_a_single_row_is_bare_now_and_then() {
    let server = Server::with_clicks(clicks(3), NOW).unwrap();
    server.configure(|settings| settings.wrapper = Wrapper::Rotating);
    let mut shapes = Vec::new();
    for _ in 0..5 {
        shapes.push(shape(&ask_feed(&server, Feed::InvalidClicks, &window(MONDAY, MONDAY)).await.json()));
    }
    assert_eq!(shapes, ["clicks", "table", "array", "row", "clicks"]);
}

#[tokio::test]
async fn rows_come_newest_first_unless_told_otherwise() {
    let server = Server::with_clicks(clicks(50), NOW).unwrap();
    let ask = async || ask_feed(&server, Feed::InvalidClicks, &window(MONDAY, NOW)).await.ids();
    let newest_first = ask().await;
    assert_eq!((newest_first[0].as_str(), newest_first[49].as_str()), ("click-49", "click-0"));
    server.configure(|settings| settings.order = Order::OldestFirst);
    let mut oldest_first = ask().await;
    oldest_first.reverse();
    assert_eq!(oldest_first, newest_first);
    server.configure(|settings| settings.order = Order::Shuffled);
    let mut shuffled = ask().await;
    assert!(shuffled != newest_first && shuffled != oldest_first);
    shuffled.sort();
    oldest_first.sort();
    assert_eq!(shuffled, oldest_first);
}

#[tokio::test]
async fn answers_are_compressed_for_who_accepts_it() {
    let server = Server::with_clicks(clicks(500), NOW).unwrap();
    let body = window(MONDAY, NOW);
    let ask = async |headers| {
        let answer = raw(&server, Endpoint::InvalidClicks, headers, &body, usize::MAX).await;
        let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
        let is_gzip = String::from_utf8_lossy(&answer[..head]).to_lowercase().contains("content-encoding: gzip");
        (is_gzip, answer[head + 4..].starts_with(&[0x1f, 0x8b]), answer.len())
    };
    let (is_gzip, is_compressed, length) = ask("Accept-Encoding: br, GZIP;q=0.8\r\n").await;
    assert!(is_gzip && is_compressed && length < 20_000, "{length}");
    for headers in ["", "Accept-Encoding: br\r\n", "Accept-Encoding: gzip;q=0\r\n"] {
        let (is_gzip, is_compressed, length) = ask(headers).await;
        assert!(!is_gzip && !is_compressed && length > 50_000, "{headers}: {length}");
    }
}
