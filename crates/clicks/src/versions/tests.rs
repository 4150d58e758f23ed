//! Two versions of a click, field by field.

use super::*;
use crate::gather::gather;
use crate::typing::tests::read_back::{leaves_of_click, leaves_of_json};
use crate::typing::{ClickTyper, Observation};

fn version(observed_at: Option<i64>, members: &str) -> RecordBatch {
    let mut typer = ClickTyper::new(Observation { feed: None, observed_at });
    let comma = if members.is_empty() { "" } else { "," };
    let row = format!(r#"{{"transaction_id":"t","unix_timestamp":1731113091,"error_code":0{comma}{members}}}"#);
    typer.push(row.as_bytes()).unwrap();
    gather(&[&typer.finish()], &[(0, 0)]).unwrap()
}

/// The merge of two versions has the leaves of this row, whichever comes first, and again when either comes again.
#[track_caller]
fn merges(a: (Option<i64>, &str), b: (Option<i64>, &str), expected: &str) {
    let (a, b) = (version(a.0, a.1), version(b.0, b.1));
    let merged = merge_versions(&a, &b).unwrap();
    assert_eq!(merge_versions(&b, &a).unwrap(), merged, "the order of versions");
    let expected = format!(r#"{{"transaction_id":"t","unix_timestamp":1731113091,"error_code":0{expected}}}"#);
    assert_eq!(leaves_of_click(&merged, 0), leaves_of_json(&expected));
    for version in [&a, &b, &merged] {
        assert_eq!(merge_versions(&merged, version).unwrap(), merged);
        assert_eq!(merge_versions(version, &merged).unwrap(), merged);
    }
}

#[test]
fn the_later_version_wins_where_it_is_not_null() {
    let old = r#""sub1":"old","sub2":"kept","has_conversion":false,"payout":9"#;
    let new = r#""sub1":"new","has_conversion":true,"payout":1,"sub3":"added""#;
    let merged = r#","sub1":"new","sub2":"kept","sub3":"added","has_conversion":true,"payout":1"#;
    merges((Some(1), old), (Some(2), new), merged);
    // Unknown is the oldest.
    merges((None, old), (Some(1), new), merged);
    merges((None, old), (Some(-5), new), merged);
}

#[test]
fn between_equal_times_the_greater_value_wins() {
    for at in [None, Some(5)] {
        let (a, b) = (r#""sub1":"a","payout":2,"is_unique":1"#, r#""sub1":"b","payout":1.5,"is_unique":0"#);
        merges((at, a), (at, b), r#","sub1":"b","payout":2,"is_unique":true"#);
    }
}

#[test]
fn maps_are_one_value_of_any_length() {
    let map = |nth: usize, value: &str| {
        let entries: Vec<_> =
            (0..60).map(|n| format!("\"k{n:02}\":\"{}\"", if n == nth { value } else { "same" })).collect();
        format!(r#""relationship":{{"query_parameters":{{{}}}}}"#, entries.join(","))
    };
    for nth in [0, 29, 59] {
        let greater = map(nth, "z");
        merges((None, &map(nth, "a")), (None, &greater), &format!(",{greater}"));
        merges((Some(2), &map(nth, "a")), (Some(1), &greater), &format!(",{}", map(nth, "a")));
    }
    let (short, long) = (r#"{"a":"1"}"#, r#"{"a":"1","b":""}"#);
    let of = |map: &str| format!(r#""relationship":{{"query_parameters":{map}}}"#);
    merges((None, &of(short)), (None, &of(long)), &format!(",{}", of(long)));
    merges((Some(1), &of(short)), (Some(2), ""), &format!(",{}", of(short)));
}

#[test]
fn extra_merges_path_by_path() {
    merges((Some(1), r#""x":1,"y":1"#), (Some(2), r#""y":2,"z":{"a":[1]}"#), r#","x":1,"y":2,"z":{"a":[1]}"#);
    merges((None, r#""x":"a""#), (None, r#""x":"b""#), r#","x":"b""#);
    merges((Some(1), r#""x":1e400"#), (Some(2), ""), r#","x":1e400"#);
}

#[test]
fn a_value_that_moves_between_column_and_extra_stands_in_one_place() {
    let (held, odd) = (r#""payout":1.5"#, r#""payout":0.123456789"#);
    merges((Some(1), held), (Some(2), odd), r#","payout":0.123456789"#);
    merges((Some(1), odd), (Some(2), held), r#","payout":1.5"#);
    merges((None, odd), (None, held), r#","payout":1.5"#);
    merges((Some(1), r#""payout":1e400,"x":1"#), (Some(2), held), r#","payout":1.5,"x":1"#);
    merges((Some(1), held), (Some(2), r#""payout":1e400"#), r#","payout":1e400"#);
    let offer = |value: &str| format!(r#""relationship":{{"offer":{{"network_offer_id":{value}}}}}"#);
    merges((Some(1), &offer("7")), (Some(2), &offer("\"seven\"")), &format!(",{}", offer("\"seven\"")));
}

#[test]
fn feeds_are_united_and_the_latest_time_stays() {
    let of = |feed, observed_at| {
        let mut typer = ClickTyper::new(Observation { feed, observed_at });
        typer.push(br#"{"transaction_id":"t","unix_timestamp":1,"error_code":0}"#).unwrap();
        gather(&[&typer.finish()], &[(0, 0)]).unwrap()
    };
    use crate::feed::Feed::{InvalidClicks, NetworkClicks};
    let merged = merge_versions(&of(Some(NetworkClicks), Some(1)), &of(Some(InvalidClicks), Some(9))).unwrap();
    assert_eq!(merged.column(position::FEED_LIST).as_string::<i32>().value(0), "invalid-clicks,network-clicks");
    let again = merge_versions(&of(Some(InvalidClicks), None), &merged).unwrap();
    assert_eq!(again, merged);
    let times = merged.column(position::OBSERVATION).as_primitive::<TimestampMicrosecondType>();
    assert_eq!(times.value(0), 9_000_000);
    let unknown = merge_versions(&of(None, None), &of(Some(InvalidClicks), None)).unwrap();
    assert_eq!(unknown.column(position::FEED_LIST).as_string::<i32>().value(0), "invalid-clicks");
}
