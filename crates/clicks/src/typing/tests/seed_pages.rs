//! The examples of Everflow's two pages, word for word.

use super::read_back::{leaves_of_click, leaves_of_json};
use super::round_trip::through_parquet;
use super::*;
use crate::document::{Document, Piece};

/// From "Invalid Click Report": one bare row, as printed.
const INVALID_CLICKS: &str = include_str!("../fixtures/network-invalid-clicks.json");
/// From "Raw Clicks Stream": an answer with a schema's words in place of values.
const AFFILIATE_CLICKS: &str = include_str!("../fixtures/affiliate-clicks-stream.json");

fn rows_of(text: &str) -> Vec<String> {
    let mut document = Document::open(text.as_bytes()).unwrap();
    let mut rows = Vec::new();
    while let Some(block) = document.next_block().unwrap() {
        for piece in block.pieces().0 {
            let Piece::Row(range) = piece else { panic!("{piece:?}") };
            rows.push(String::from_utf8(block.bytes[range].to_vec()).unwrap());
        }
    }
    rows
}

#[test]
fn both_examples_come_back_leaf_for_leaf() {
    // The page's 123 is a number for "any number": no flag.
    for (text, extra) in [(INVALID_CLICKS, None), (AFFILIATE_CLICKS, Some(r#"{"is_unique":123}"#))] {
        let rows = rows_of(text);
        assert_eq!(rows.len(), 1);
        let batch = through_parquet(&typed(&[&rows[0]]));
        assert_eq!(leaves_of_click(&batch, 0), leaves_of_json(&rows[0]));
        assert_eq!(shown(&batch, "extra").as_deref(), extra, "every documented field has a column");
    }
}

#[test]
fn the_invalid_click_is_typed() {
    let batch = typed(&[&rows_of(INVALID_CLICKS)[0]]);
    for (column, value) in [
        ("transaction_id", Some("9a1f0ce2b0254752827f605467f543c2")),
        ("click_time", Some("2024-11-09T00:44:51Z")),
        ("click_date", Some("2024-11-09")),
        ("error_code", Some("1018")),
        ("is_unique", Some("true")),
        ("payout", Some("0.000000")),
        ("sub1", None),
        ("project_id", Some("0069Y0000041PAnQAM")),
        ("offer_id", Some("34")),
        ("offer_advertiser_id", Some("64")),
        ("offer_currency_id", Some("USD")),
        ("advertiser_name", Some("Example Advertiser")),
        ("account_manager_id", Some("5")),
        ("affiliate_id", Some("1")),
        ("affiliate_traffic_source_id", Some("5")),
        ("affiliate_manager_network_id", Some("5")),
        ("affiliate_manager_full_name", Some("Bob Smith")),
        ("geo_timezone", Some("America/New_York")),
        ("carrier_code", Some("0")),
        ("is_proxy", Some("true")),
        ("geo_is_mobile", Some("false")),
        ("device_is_mobile", Some("false")),
        ("is_robot", Some("false")),
        ("forensiq_score", Some("0.0")),
        ("query_parameters", None),
        ("category_id", Some("17")),
        ("currency_id", Some("USD")),
        ("feeds", None),
        ("observed_at", None),
    ] {
        assert_eq!(shown(&batch, column).as_deref(), value, "{column}");
    }
}

#[test]
fn feed_and_time_of_the_answer_are_on_every_click() {
    let observation = Observation { feed: Some(Feed::InvalidClicks), observed_at: Some(1_772_323_200) };
    let mut typer = ClickTyper::new(observation);
    typer.push(rows_of(INVALID_CLICKS)[0].as_bytes()).unwrap();
    let batch = batch_of(&typer.finish());
    assert_eq!(shown(&batch, "feeds").as_deref(), Some("invalid-clicks"));
    assert_eq!(shown(&batch, "observed_at").as_deref(), Some("2026-03-01T00:00:00Z"));
}
