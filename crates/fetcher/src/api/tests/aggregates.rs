//! Everflow's own counts, and what a check of the set-up asks.

use clicks::feed::Feed;
use serde_json::{Value, json};

use super::server::{Act, Server};
use crate::api::{AggregateColumn, ApiError, KeyKind, Metric};
use crate::request::{Filter, Window};

/// 2024-11-30 00:00:00 UTC.
const DAY: i64 = 1_732_924_800;
const ONE_DAY: Window = Window { from: DAY, to: DAY + 86_399 };

fn row(cells: &[(&str, Value, &str)], counts: &Value) -> Value {
    let cell = |(kind, id, label): &(&str, Value, &str)| json!({"column_type": kind, "id": id, "label": label});
    json!({"columns": cells.iter().map(cell).collect::<Vec<_>>(), "reporting": counts})
}

fn table(rows: &[Value]) -> Act {
    Act::ok(&json!({"table": rows}).to_string())
}

#[tokio::test]
async fn rows_by_hour_say_what_a_feed_must_yield() {
    let counts =
        |invalid: u64| json!({"invalid_click": invalid, "total_click": 60, "gross_click": 100, "cv": 3, "cvr": 0.5});
    let server = Server::start([table(&[
        row(&[("hour", json!((DAY + 3600).to_string()), "")], &counts(7)),
        row(&[("hour", json!(DAY), "")], &counts(5)),
    ])])
    .await;
    let client = server.client();
    let rows = client.counts_by_hour(ONE_DAY, Feed::InvalidClicks).await.unwrap().unwrap().most;
    assert_eq!(rows.into_iter().collect::<Vec<_>>(), [(DAY, 5), (DAY + 3600, 7)]);
    let counts = client.counts_by_hour(ONE_DAY, Feed::NetworkClicks).await.unwrap().unwrap();
    assert_eq!((counts.least[&DAY], counts.most[&DAY]), (60, 100));
    let sent: Value = serde_json::from_str(&server.seen()[0].body).unwrap();
    let expected = json!({
        "from": "2024-11-30 00:00:00", "to": "2024-11-30 23:59:59", "timezone_id": 67, "currency_id": "USD",
        "columns": [{"column": "hour"}],
    });
    assert_eq!(sent, expected);
    assert_eq!(client.counts_by_hour(ONE_DAY, Feed::AffiliateClicks).await.unwrap(), None);
    assert_eq!(server.seen().len(), 2, "affiliates have no such counts");
}

#[tokio::test]
async fn hours_and_days_are_read_however_they_are_written() {
    for written in [
        json!(DAY + 7200),
        json!((DAY + 7200).to_string()),
        json!((DAY + 7200) * 1000),
        json!("2024-11-30 02:00:00"),
        json!("2024-11-30 02:00"),
        json!("2024-11-30T02:00:00Z"),
        json!("2"),
    ] {
        let counts = json!({"invalid_click": "7"});
        let server = Server::start([table(&[row(&[("hour", written.clone(), "")], &counts)])]).await;
        let rows = server.client().counts_by_hour(ONE_DAY, Feed::InvalidClicks).await.unwrap().unwrap().most;
        assert_eq!(rows.into_iter().collect::<Vec<_>>(), [(DAY + 7200, 7)], "{written}");
    }
    // An hour of one of several days cannot be placed.
    let days = Window { from: DAY, to: DAY + 2 * 86_400 };
    let server = Server::start([table(&[row(&[("hour", json!("2"), "02:00")], &json!({"invalid_click": 7}))])]).await;
    let error = server.client().counts_by_hour(days, Feed::InvalidClicks).await.unwrap_err();
    assert!(error.to_string().contains("cannot read the hour '2' ('02:00')"), "{error}");
    let rows =
        [row(&[("date", json!("2024-11-30"), "")], &json!({})), row(&[("date", json!("x"), "2024-12-01")], &json!({}))];
    let server = Server::start([table(&rows)]).await;
    let read = server.client().aggregate(&[AggregateColumn::Date], days, &[]).await.unwrap().unwrap();
    assert_eq!(read.rows.iter().map(|row| row.ids[0]).collect::<Vec<_>>(), [DAY, DAY + 86_400]);
}

#[tokio::test]
async fn what_is_cut_is_asked_for_in_halves_and_summed() {
    let cell = |id: i64| [("affiliate", json!(id.to_string()), "Name")];
    let counts = |total: u64| json!({"total_click": total, "unique_click": total});
    let cut = json!({"table": [row(&cell(1), &counts(999))], "incomplete_results": true});
    let server = Server::start([
        Act::ok(&cut.to_string()),
        table(&[row(&cell(1), &counts(2)), row(&cell(2), &counts(3))]),
        table(&[row(&cell(1), &counts(40))]),
    ])
    .await;
    let filter = [Filter { resource: "offer".into(), value: "7".into() }];
    let aggregate = server.client().aggregate(&[AggregateColumn::Affiliate], ONE_DAY, &filter).await.unwrap().unwrap();
    assert!(!aggregate.is_incomplete);
    let totals: Vec<_> = aggregate.rows.iter().map(|row| (row.ids[0], row.counts[&Metric::Total])).collect();
    assert_eq!(totals, [(1, 42), (2, 3)]);
    assert_eq!(aggregate.rows[0].labels, ["Name"]);
    let windows: Vec<(String, String)> = server
        .seen()
        .iter()
        .map(|seen| {
            let body: Value = serde_json::from_str(&seen.body).unwrap();
            (body["from"].as_str().unwrap().to_owned(), body["to"].as_str().unwrap().to_owned())
        })
        .collect();
    let window = |from: &str, to: &str| (format!("2024-11-30 {from}"), format!("2024-11-30 {to}"));
    let expected = [window("00:00:00", "23:59:59"), window("00:00:00", "11:59:59"), window("12:00:00", "23:59:59")];
    assert_eq!(windows, expected);
}

#[tokio::test]
async fn what_stays_cut_is_said_to_be_incomplete_after_a_bounded_number_of_requests() {
    let cut = json!({"table": [], "incomplete_results": true});
    let server = Server::start([Act::ok(&cut.to_string())]).await;
    let client = server.client();
    let year = Window { from: DAY - 364 * 86_400, to: DAY };
    let aggregate = client.aggregate(&[AggregateColumn::Affiliate], year, &[]).await.unwrap().unwrap();
    assert!(aggregate.is_incomplete);
    assert!(server.seen().len() <= 66, "{}", server.seen().len());
    assert_eq!(client.counts_by_hour(ONE_DAY, Feed::InvalidClicks).await.unwrap(), None);
}

#[tokio::test]
async fn more_than_a_year_is_asked_for_in_years() {
    let server = Server::start([table(&[])]).await;
    let window = Window { from: DAY - 800 * 86_400 + 5, to: DAY };
    let aggregate = server.client().aggregate(&[AggregateColumn::Date], window, &[]).await.unwrap().unwrap();
    assert!(aggregate.rows.is_empty() && !aggregate.is_incomplete);
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn counts_that_a_key_may_not_have_are_none_and_nonsense_is_an_error() {
    for status in [403, 404] {
        let server = Server::start([Act::status(status, r#"{"error":"Out of realm"}"#)]).await;
        assert_eq!(server.client().counts_by_hour(ONE_DAY, Feed::InvalidClicks).await.unwrap(), None);
    }
    for body in ["{}", "[]", "<html>", r#"{"Error":"x"}"#, r#"{"table":7}"#, r#"{"table":[{}]}"#, ""] {
        let server = Server::start([Act::ok(body)]).await;
        let error = server.client().counts_by_hour(ONE_DAY, Feed::InvalidClicks).await.unwrap_err();
        assert!(matches!(error, ApiError::GaveUp { tries: 10, .. }), "{body}: {error}");
    }
    let server = Server::start([Act::ok(r#"{"table":null}"#)]).await;
    assert!(server.client().counts_by_hour(ONE_DAY, Feed::InvalidClicks).await.unwrap().unwrap().most.is_empty());
    // A count that is missing is not zero.
    let server = Server::start([table(&[row(&[("hour", json!(DAY), "")], &json!({"total_click": 7}))])]).await;
    assert_eq!(server.client().counts_by_hour(ONE_DAY, Feed::InvalidClicks).await.unwrap(), None);
}

#[tokio::test]
async fn a_check_says_whose_key_it_is() {
    let server = Server::start([
        Act::status(403, r#"{"error":"Out of realm"}"#),
        Act::ok(r#"{"network_affiliate_id":17,"name":"Good\u001b[2J Traffic"}"#)
            .header("x-ratelimit-limit", 150)
            .header("date", "Thu, 01 Jan 1970 00:00:10 GMT"),
    ])
    .await;
    let check = server.client().check_account().await.unwrap();
    assert_eq!((check.kind, check.name.as_deref()), (KeyKind::Affiliate, Some("Good[2J Traffic")));
    assert_eq!(check.rate_limit.limit, Some(150));
    assert!(check.clock_ahead_seconds.unwrap() < -1_000_000_000);
    let paths: Vec<String> = server.seen().iter().map(|seen| seen.head.lines().next().unwrap().to_owned()).collect();
    assert_eq!(paths, ["GET /v1/networks HTTP/1.1", "GET /v1/affiliates/affiliate HTTP/1.1"]);

    let server =
        Server::start([Act::status(401, r#"{"error":"network"}"#), Act::status(401, r#"{"error":"x"}"#)]).await;
    let error = server.client().check_account().await.unwrap_err();
    assert!(error.to_string().contains("network"), "{error}");
}

#[tokio::test]
async fn time_zones_have_numbers_and_names() {
    let body = r#"{"timezones":[{"timezone_id":67,"timezone":"UTC","utc_offset":0},{"timezone_id":80,"timezone":"America/New_York"}]}"#;
    let server = Server::start([Act::ok(body)]).await;
    let zones = server.client().time_zones().await.unwrap();
    assert_eq!((zones[0].timezone_id, zones[0].timezone.as_str(), zones.len()), (67, "UTC", 2));
    let server = Server::start([Act::ok(r#"{"zones":[]}"#)]).await;
    assert!(server.client().time_zones().await.unwrap_err().to_string().contains("no list of time zones"));
}
