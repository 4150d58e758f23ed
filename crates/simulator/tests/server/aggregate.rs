//! `/v1/networks/reporting/entity/table`.

use serde_json::{Value, json};
use simulator::Feed;
use simulator::server::{Additions, Click, Clock, Content, Endpoint, Limits, Server, Settings, Values};
use simulator::{Config, Traffic};

use crate::client::{MONDAY, NOW, ask, window};

fn body(columns: &[&str]) -> Value {
    let mut body = window(MONDAY, MONDAY + 2 * 86_400 - 1);
    body["currency_id"] = json!("USD");
    body["columns"] = columns.iter().map(|column| json!({ "column": column })).collect();
    body
}

/// The ids of a row's columns, and one of its counts.
fn cells(answer: &Value, count: &str) -> Vec<(Vec<String>, u64)> {
    let id = |column: &Value| column["id"].as_str().unwrap().to_owned();
    let ids = |row: &Value| row["columns"].as_array().unwrap().iter().map(id).collect();
    let rows = answer["table"].as_array().unwrap();
    rows.iter().map(|row| (ids(row), row["reporting"][count].as_u64().unwrap())).collect()
}

fn traffic_server() -> Server {
    let config = Config { days: 2, clicks_per_day: 600, ..Config::new(3, "2026-03-02".parse().unwrap()) };
    let content = Content::of_traffic(Traffic::new(config).unwrap(), &Additions::default());
    let settings = Settings { limits: Limits::none(), ..Settings::default() };
    Server::start(0, content, settings, Clock::Stopped(NOW)).unwrap()
}

#[tokio::test]
async fn counts_are_those_of_the_clicks() {
    let server = traffic_server();
    let (all, invalid) = (server.truth(Feed::NetworkClicks), server.truth(Feed::InvalidClicks));
    for columns in [&["date"][..], &["hour"], &["affiliate"], &["date", "affiliate"], &["offer", "hour", "affiliate"]] {
        let answer = ask(&server, Endpoint::EntityTable, &body(columns)).await.json();
        for (count, clicks) in [("gross_click", &all), ("invalid_click", &invalid)] {
            let mut expected = std::collections::BTreeMap::new();
            for click in &all {
                let id = |column: &&str| match *column {
                    "date" => click.unix_timestamp - click.unix_timestamp % 86_400,
                    "hour" => click.unix_timestamp - click.unix_timestamp % 3600,
                    "affiliate" => click.affiliate_id,
                    _ => click.offer_id,
                };
                let key: Vec<String> = columns.iter().map(|column| id(column).to_string()).collect();
                *expected.entry(key).or_insert(0) += u64::from(count == "gross_click" || click.error_code != 0);
            }
            let found: std::collections::BTreeMap<_, _> = cells(&answer, count).into_iter().collect();
            assert_eq!(found, expected, "{columns:?} {count}");
            assert_eq!(answer["summary"][count], clicks.len() as u64);
        }
        assert_eq!(answer.get("incomplete_results"), None);
    }
}

#[tokio::test]
async fn gross_is_unique_and_duplicate_and_invalid() {
    let values = Values { is_unique: false, has_conversion: true, payout: 1000, revenue: 1250 };
    let clicks = vec![
        Click::new(MONDAY, "unique"),
        Click { values, ..Click::new(MONDAY, "duplicate") },
        Click { error_code: 9, ..Click::new(MONDAY, "invalid") },
        Click::new(NOW + 1, "not yet"),
    ];
    let server = Server::with_clicks(clicks, NOW).unwrap();
    let answer = ask(&server, Endpoint::EntityTable, &body(&["date"])).await.json();
    let row = &answer["table"][0];
    assert_eq!(
        row["columns"],
        json!([{ "column_type": "date", "id": MONDAY.to_string(), "label": MONDAY.to_string() }])
    );
    let names = ["gross_click", "unique_click", "duplicate_click", "invalid_click", "total_click", "cv", "payout"];
    assert_eq!(names.map(|name| row["reporting"][name].as_u64().unwrap()), [3, 1, 1, 1, 2, 1, 1]);
    assert_eq!(row["reporting"]["revenue"], 1.25);
}

#[tokio::test]
async fn filters_zones_and_bare_days() {
    let server = traffic_server();
    let mut filtered = body(&["affiliate"]);
    filtered["query"] = json!({ "filters": [{ "resource_type": "affiliate", "filter_id_value": "17" }] });
    let answer = ask(&server, Endpoint::EntityTable, &filtered).await.json();
    let own = server.truth(Feed::AffiliateClicks).len() as u64;
    assert_eq!(cells(&answer, "gross_click"), [(vec!["17".to_owned()], own)]);
    assert_ne!(answer["table"][0]["columns"][0]["label"], "Affiliate 17");
    // Midnight in New York is 05:00 UTC in winter.
    let mut local = body(&["date"]);
    (local["from"], local["to"], local["timezone_id"]) = (json!("2026-03-02"), json!("2026-03-02"), json!(80));
    let answer = ask(&server, Endpoint::EntityTable, &local).await.json();
    let midnight = MONDAY + 5 * 3600;
    let day = midnight..midnight + 86_400;
    let truth = server.truth(Feed::NetworkClicks);
    let count = truth.iter().filter(|click| day.contains(&click.unix_timestamp)).count() as u64;
    assert_eq!(cells(&answer, "gross_click"), [(vec![midnight.to_string()], count)]);
}

#[tokio::test]
async fn above_the_cap_the_answer_says_that_it_is_incomplete() {
    let server = traffic_server();
    server.configure(|settings| settings.caps.entity_table = 10);
    let answer = ask(&server, Endpoint::EntityTable, &body(&["affiliate"])).await.json();
    assert_eq!((answer["table"].as_array().unwrap().len(), &answer["incomplete_results"]), (10, &json!(true)));
    assert_eq!(server.received()[0].rows, Some(10));
}

#[tokio::test]
async fn old_clicks_are_still_counted() {
    let server = Server::with_clicks(vec![Click::new(MONDAY, "one")], MONDAY + 200 * 86_400).unwrap();
    let answer = ask(&server, Endpoint::EntityTable, &body(&["date"])).await.json();
    assert_eq!(answer["summary"]["gross_click"], 1);
}

#[tokio::test]
async fn wrong_requests_are_refused_with_a_reason() {
    let server = traffic_server();
    let mut long = body(&["date"]);
    (long["from"], long["to"]) = (json!("2022-01-01"), json!("2023-12-31"));
    let mut without_currency = body(&["date"]);
    without_currency.as_object_mut().unwrap().remove("currency_id");
    for (body, words) in [
        (body(&["day"]), "Invalid column: day"),
        (body(&[]), "at least one column is required"),
        (body(&["date", "hour"]), "only one time column can be used at a time"),
        (without_currency, "currency_id is required"),
        (long, "The date range must be one year or less"),
    ] {
        assert_eq!(ask(&server, Endpoint::EntityTable, &body).await.error(), (400, words.to_owned()));
    }
}
