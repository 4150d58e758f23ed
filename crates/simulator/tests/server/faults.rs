//! What goes wrong, exactly as asked and never otherwise.

use std::time::Duration;

use serde_json::json;
use simulator::Feed;
use simulator::server::{Click, Endpoint, Fault, Faults, Scripted, Server};

use crate::client::{Answer, MONDAY, NOW, ask_feed, clicks, raw, try_ask, window};

const PLACE: Endpoint = Endpoint::InvalidClicks;

/// A server whose first request to invalid clicks meets with a fault.
fn server(fault: Fault) -> Server {
    let server = Server::with_clicks(clicks(20), NOW).unwrap();
    server.configure(|settings| settings.faults.script.push(Scripted::nth(PLACE, 1, fault)));
    server
}

/// The answer to the first request; the second must be as if nothing had been.
async fn answer(fault: Fault) -> Answer {
    let server = server(fault);
    let body = window(MONDAY + 5, MONDAY + 14);
    let spoilt = try_ask(&server, PLACE, &body).await.unwrap();
    assert_eq!(ask_feed(&server, Feed::InvalidClicks, &body).await.ids().len(), 10);
    let met: Vec<_> = server.received().iter().map(|received| received.fault).collect();
    assert_eq!(met, [Some(fault), None]);
    spoilt
}

#[tokio::test]
async fn refusals() {
    let answer_500 = answer(Fault::Status(500)).await;
    assert_eq!(answer_500.error(), (500, "Internal Server Error".to_owned()));
    let storm = answer(Fault::TooManyRequests { retry_after_seconds: None }).await;
    assert_eq!((storm.status, storm.headers.get("Retry-After")), (429, None));
    let storm = answer(Fault::TooManyRequests { retry_after_seconds: Some(7) }).await;
    assert_eq!((storm.status, storm.headers["Retry-After"].to_str().unwrap()), (429, "7"));
    assert_eq!(storm.headers["X-RateLimit-Remaining"], "0");
}

#[tokio::test]
async fn answers_with_200_that_are_none() {
    let html = answer(Fault::HtmlPage).await;
    assert!(html.status == 200 && html.body.starts_with(b"<!DOCTYPE html>"));
    assert!(answer(Fault::EmptyBody).await.body.is_empty());
    for (fault, key) in
        [(Fault::ErrorWith200, "error"), (Fault::CapitalisedErrorWith200, "Error"), (Fault::UnknownWrapper, "message")]
    {
        let answer = answer(fault).await;
        assert_eq!((answer.status, answer.json().as_object().unwrap().keys().next().unwrap().as_str()), (200, key));
    }
}

#[tokio::test]
async fn rows_that_are_odd() {
    let ids =
        |answer: &Answer| answer.ids().into_iter().map(|id| id.replace("click-", "")).collect::<Vec<_>>().join(" ");
    let usual = "14 13 12 11 10 9 8 7 6 5";
    let unknown = answer(Fault::UnknownKeys).await;
    assert_eq!(ids(&unknown), usual);
    assert!(unknown.rows().iter().all(|row| row["a_key_of_tomorrow"]["version"] == 2));
    let wrong = answer(Fault::WrongTypes).await;
    assert_eq!(ids(&wrong), usual);
    let row = &wrong.rows()[0];
    assert_eq!((&row["is_unique"], &row["sub1"]), (&json!("perhaps"), &json!(12)));
    assert_eq!((&row["unix_timestamp"], &row["error_code"]), (&json!(MONDAY + 14), &json!(9)));
    assert_eq!(ids(&answer(Fault::BrokenRow).await), "14 13 12 11 10 broken-row 9 8 7 6 5");
    assert_eq!(ids(&answer(Fault::DoubledRows).await), format!("{usual} 14 7"));
    assert_eq!(ids(&answer(Fault::RowsOutside).await), format!("{usual} 4 3 15 16"));
    assert_eq!(answer(Fault::NullClicks).await.json(), json!({ "clicks": null }));
    let incomplete = answer(Fault::IncompleteResults).await;
    assert_eq!(
        (incomplete.json()["incomplete_results"].clone(), ids(&incomplete)),
        (json!(true), "14 13 12 11 10".into())
    );
}

#[tokio::test]
async fn answers_that_break_off() {
    let body = window(MONDAY, NOW);
    let whole = raw(&server(Fault::Status(500)), Endpoint::NetworkClicks, "", &body, usize::MAX).await;
    let nothing = raw(&server(Fault::CutConnection), PLACE, "", &body, usize::MAX).await;
    assert_eq!(nothing, b"");
    let half = raw(&server(Fault::CutBody), PLACE, "", &body, usize::MAX).await;
    assert!(half.starts_with(b"HTTP/1.1 200 OK"));
    let is_cut = half.len() > whole.len() / 3 && half.len() < whole.len() * 2 / 3;
    assert!(is_cut, "{} of {}", half.len(), whole.len());
    for fault in [Fault::CutConnection, Fault::CutBody] {
        assert!(try_ask(&server(fault), PLACE, &body).await.is_err());
    }
    // The message is whole, the gzip stream in it is not.
    let answer = raw(&server(Fault::CutGzip), PLACE, "Accept-Encoding: gzip\r\n", &body, usize::MAX).await;
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let length = format!("content-length: {}", answer.len() - head - 4);
    assert!(String::from_utf8_lossy(&answer[..head]).contains(&length));
    assert!(answer[head + 4..].starts_with(&[0x1f, 0x8b]));
    assert!(try_ask(&server(Fault::CutGzip), PLACE, &body).await.is_err());
    // Without gzip, JSON that ends in its middle.
    let answer = raw(&server(Fault::CutGzip), PLACE, "", &body, usize::MAX).await;
    assert!(answer.len() > 100 && !answer.ends_with(b"}"));
}

#[tokio::test]
async fn answers_that_take_their_time() {
    let pause = Duration::from_millis(5);
    let slow = answer(Fault::SlowBody { pieces: 4, pause }).await;
    assert_eq!(slow.ids().len(), 10);
    let body = window(MONDAY, NOW);
    let hanging = server(Fault::HangInBody);
    // Comes as far as the first rows, then waits; leaving ends the request on the server's side too.
    let begun = raw(&hanging, PLACE, "", &body, 300).await;
    assert!(begun.len() >= 300);
    while hanging.in_progress() > 0 {
        tokio::task::yield_now().await;
    }
    let hanging = server(Fault::Hang);
    let address = hanging.address();
    let asked = tokio::spawn(async move {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.post(format!("http://{address}{}", PLACE.path())).json(&body).send().await.is_err()
    });
    while hanging.in_progress() < 1 {
        tokio::task::yield_now().await;
    }
    // A server that hangs still ends when it is dropped, and its client hears of it.
    drop(hanging);
    assert!(asked.await.unwrap());
}

/// What became of `count` equal requests.
async fn outcomes(faults: Faults, count: usize) -> Vec<Option<Fault>> {
    let server = Server::with_clicks(Vec::<Click>::new(), NOW).unwrap();
    server.configure(|settings| settings.faults = faults);
    for _ in 0..count {
        try_ask(&server, PLACE, &window(MONDAY, NOW)).await.unwrap();
    }
    server.received().into_iter().map(|received| received.fault).collect()
}

#[tokio::test]
async fn chance_is_the_same_for_the_same_seed() {
    let rates = vec![(Fault::Status(500), 200), (Fault::NullClicks, 100)];
    let faults = Faults { rates, seed: 3, ..Faults::default() };
    let first = outcomes(faults.clone(), 100).await;
    assert_eq!(first, outcomes(faults.clone(), 100).await);
    assert_ne!(first, outcomes(Faults { seed: 4, ..faults.clone() }, 100).await);
    let count = |fault| first.iter().filter(|met| **met == Some(fault)).count();
    assert!((10..30).contains(&count(Fault::Status(500))) && (3..20).contains(&count(Fault::NullClicks)));
    let certain = Faults { rates: vec![(Fault::Status(500), 1000)], most_per_request: Some(3), ..Faults::default() };
    let fails = outcomes(certain, 6).await;
    assert_eq!(fails.iter().filter(|met| met.is_some()).count(), 3);
    assert_eq!(fails[3..], [None; 3]);
}

#[tokio::test]
async fn scripts_meet_their_endpoint_and_their_numbers() {
    let server = Server::with_clicks(clicks(1), NOW).unwrap();
    server.configure(|settings| {
        settings.faults.script =
            vec![Scripted::nth(PLACE, 1, Fault::Status(502)), Scripted::from_nth(PLACE, 3, Fault::Status(503))];
    });
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(try_ask(&server, PLACE, &window(MONDAY, MONDAY)).await.unwrap().status);
        assert_eq!(ask_feed(&server, Feed::NetworkClicks, &window(MONDAY, MONDAY)).await.status, 200);
    }
    assert_eq!(statuses, [502, 200, 503, 503]);
}

#[test]
fn every_fault_has_a_name_of_its_own() {
    for fault in Fault::ALL {
        assert_eq!(fault.name().parse(), Ok(fault));
    }
    assert_eq!("503".parse(), Ok(Fault::Status(503)));
    assert!("200".parse::<Fault>().is_err() && "nothing".parse::<Fault>().is_err());
}
