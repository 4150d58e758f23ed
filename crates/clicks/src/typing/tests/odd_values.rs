//! What becomes of odd values: each line of the table in `docs/typing.md`.

use std::time::{Duration, Instant};

use super::read_back::{leaves_of_click, leaves_of_json};
use super::round_trip::assert_round_trip;
use super::*;

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// The value does not fit its column: NULL there, as it came in `extra`.
#[track_caller]
fn goes_to_extra(members: &str, column: &str, extra: &str) {
    assert_eq!(outcome(members, column), (None, some(extra)), "{members}");
    assert_round_trip(&[&row_with(members)]);
}

#[track_caller]
fn is_held(members: &str, column: &str, value: &str) {
    assert_eq!(outcome(members, column), (some(value), None), "{members}");
    assert_round_trip(&[&row_with(members)]);
}

#[track_caller]
fn is_rejected(row: &str, path: &str, reason: &str) {
    let (found_path, found_reason) = rejection(row.as_bytes());
    assert_eq!(found_path, path, "{found_reason}");
    assert!(found_reason.contains(reason), "{found_reason}");
}

#[test]
fn a_lone_surrogate_is_kept_as_its_source() {
    goes_to_extra(r#""sub1":"a\ud800b""#, "sub1", r#"{"sub1#json":"\"a\\ud800b\""}"#);
    goes_to_extra(r#""new":["\udc00"]"#, "sub1", r#"{"new#json":"[\"\\udc00\"]"}"#);
    let members = r#""relationship":{"query_parameters":{"a":"\ud800","b":"c"}}"#;
    let (map, extra) = outcome(members, "query_parameters");
    assert_eq!(map.as_deref(), Some("{a: , b: c}"));
    assert_eq!(extra.as_deref(), Some(r#"{"relationship.query_parameters.a#json":"\"\\ud800\""}"#));
    assert_round_trip(&[&row_with(members)]);
    is_rejected(r#"{"transaction_id":"\ud800","unix_timestamp":1,"error_code":0}"#, "transaction_id", "not text");
    // As is half an escape.
    assert_eq!(outcome(r#""sub1":"\u12xx""#, "sub1"), (None, some(r#"{"sub1#json":"\"\\u12xx\""}"#)));
    // A pair of them is a character like any other.
    is_held(r#""sub1":"\ud83d\ude00""#, "sub1", "😀");
}

#[test]
fn a_lone_surrogate_in_a_key_rejects_the_row() {
    is_rejected(&row_with(r#""\ud800":1"#), "", "not valid JSON");
}

#[test]
fn nul_is_a_character() {
    is_held(r#""sub1":"a\u0000b""#, "sub1", "a\0b");
    goes_to_extra(r#""a\u0000":"\u0000""#, "sub1", r#"{"[\"a\\u0000\"]":"\u0000"}"#);
    is_rejected("{\"transaction_id\":\"a\0b\",\"unix_timestamp\":1,\"error_code\":0}", "", "not valid JSON");
}

#[test]
fn bytes_that_are_no_text_reject_the_row() {
    for (bytes, at) in [(&b"\xff"[..], 1), (b"\xc3(", 1), (b"\xed\xa0\x80", 1), (b"\xf0\x9f\x98", 1)] {
        let mut row = b"{".to_vec();
        row.extend_from_slice(bytes);
        row.extend_from_slice(&row_with("").as_bytes()[1..]);
        assert_eq!(rejection(&row), (String::new(), format!("not UTF-8 at byte {at}")));
    }
    let row = row_with(r#""sub1":"?""#).into_bytes();
    let row: Vec<u8> = row.into_iter().map(|byte| if byte == b'?' { 0xe9 } else { byte }).collect();
    assert!(rejection(&row).1.starts_with("not UTF-8 at byte"));
}

#[test]
fn deep_nesting_rejects_the_row_and_spares_the_stack() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for levels in [DEPTH_MAX, 100_000] {
            for close in ["", &close.repeat(levels)] {
                let deep = format!("{}1{close}", open.repeat(levels));
                is_rejected(&row_with(&format!("\"new\":{deep}")), "", "nested deeper than");
                is_rejected(&row_with(&format!("\"relationship\":{{\"offer\":{deep}}}")), "", "nested deeper than");
            }
        }
        let levels = DEPTH_MAX - 1;
        let deepest = format!("{}1{}", open.repeat(levels), close.repeat(levels));
        assert_round_trip(&[&row_with(&format!("\"new\":{deepest}"))]);
    }
    // Brackets inside of text are no nesting.
    let brackets = "[{".repeat(100_000);
    is_held(&format!("\"sub1\":\"{brackets}\""), "sub1", &brackets);
}

#[test]
fn numbers_past_a_double_are_kept_as_their_source() {
    for column in ["payout", "error_filter_id"] {
        let (value, extra) = outcome(&format!("\"{column}\":1e400"), column);
        match column {
            "payout" => assert_eq!((value, extra), (None, some(r#"{"payout#json":"1e400"}"#))),
            // A text column holds any number by its spelling.
            _ => assert_eq!((value, extra), (some("1e400"), None)),
        }
    }
    let score = r#""relationship":{"forensiq_score":1e400}"#;
    goes_to_extra(score, "forensiq_score", r#"{"relationship.forensiq_score#json":"1e400"}"#);
    goes_to_extra(r#""creative_id":-1e999"#, "creative_id", r#"{"creative_id#json":"-1e999"}"#);
    is_rejected(
        r#"{"transaction_id":"t","unix_timestamp":1e400,"error_code":0}"#,
        "unix_timestamp",
        "not a whole number",
    );
}

#[test]
fn integers_past_64_bits_are_kept_digit_by_digit() {
    is_held(r#""creative_id":9223372036854775807"#, "creative_id", "9223372036854775807");
    is_held(r#""creative_id":-9223372036854775808"#, "creative_id", "-9223372036854775808");
    for integer in ["9223372036854775808", "-9223372036854775809", "123456789012345678901234567890"] {
        let members = format!("\"creative_id\":{integer}");
        goes_to_extra(&members, "creative_id", &format!("{{\"creative_id\":{integer}}}"));
    }
    is_rejected(r#"{"transaction_id":"t","unix_timestamp":1,"error_code":2147483648}"#, "error_code", "32 bits");
    is_rejected(
        r#"{"transaction_id":"t","unix_timestamp":18446744073709551617,"error_code":0}"#,
        "unix_timestamp",
        "not a whole number",
    );
    is_held(r#""project_id":123456789012345678901234567890"#, "project_id", "123456789012345678901234567890");
}

#[test]
fn money_is_exact_or_in_extra() {
    for (source, held) in [
        ("0.123456", "0.123456"),
        ("\"1.5\"", "1.500000"),
        ("7", "7.000000"),
        ("-0.000001", "-0.000001"),
        ("0.1234560000", "0.123456"),
        ("12e-3", "0.012000"),
        ("999999999999.999999", "999999999999.999999"),
    ] {
        is_held(&format!("\"payout\":{source}"), "payout", held);
    }
    for source in ["0.123456789", "1000000000000", "\"1,50\"", "\"$1\"", "true", "[1]", "\"1.\"", "\" 1\""] {
        goes_to_extra(&format!("\"payout\":{source}"), "payout", &format!("{{\"payout\":{source}}}"));
    }
}

#[test]
fn scores_are_exact_or_in_extra() {
    let of = |source: &str| format!(r#""relationship":{{"forensiq_score":{source}}}"#);
    is_held(&of("\"97.25\""), "forensiq_score", "97.25");
    for source in ["0.12345678901234567890", "\"high\"", "1.23456789e-320", "\"\u{ff11}\""] {
        goes_to_extra(&of(source), "forensiq_score", &format!("{{\"relationship.forensiq_score\":{source}}}"));
    }
}

#[test]
fn the_first_of_two_keys_has_the_column() {
    goes_to_extra(r#""sub1":"","sub1":"b""#, "sub1", r##"{"sub1#2":"b"}"##);
    let members = r#""sub1":"a","sub1":"b","sub1":null,"sub1":"c","new":1,"new":2,"new":3"#;
    let (sub1, extra) = outcome(members, "sub1");
    assert_eq!(sub1.as_deref(), Some("a"));
    assert_eq!(extra.as_deref(), Some(r##"{"new":1,"new#2":2,"new#3":3,"sub1#2":"b","sub1#3":"c"}"##));
    assert_round_trip(&[&row_with(members)]);
    for members in [
        r#""relationship":{"offer":{"name":"a","name":"b"},"offer":{"name":"c"}},"relationship":{"x":1}"#,
        r#""relationship":{"query_parameters":{"a":"1","a":"2","a":"3"}}"#,
        r#""payout":true,"payout":1.5,"payout":1e400,"new":1e400,"new":1e400"#,
        r#""sub1#2":"a","sub1":"b","sub1":"c""#,
    ] {
        assert_round_trip(&[&row_with(members)]);
    }
}

#[test]
fn what_a_click_needs_stands_once() {
    let whole = [r#""transaction_id":"t""#, r#""unix_timestamp":1731113091"#, r#""error_code":0"#];
    for (left_out, name) in ["transaction_id", "unix_timestamp", "error_code"].into_iter().enumerate() {
        let rest: Vec<_> = (0..3).filter(|nth| *nth != left_out).map(|nth| whole[nth]).collect();
        for absent in ["", &format!("\"{name}\":null,"), &format!("\"{name}\":\"\","), &format!("\"{name}\":[],")] {
            is_rejected(&format!("{{{absent}{}}}", rest.join(",")), name, "missing");
        }
        is_rejected(&format!("{{{},{}}}", whole.join(","), whole[left_out]), name, "twice");
        is_rejected(&format!("{{{},\"{name}\":null}}", whole.join(",")), name, "twice");
        for odd in ["true", "{\"a\":1}", "[1]"] {
            is_rejected(&format!("{{\"{name}\":{odd},{}}}", rest.join(",")), name, "not");
        }
    }
    for code in ["1.5", "\"x\"", "1e2", "-2147483649", "\"007\""] {
        is_rejected(
            &row_with("").replace("\"error_code\":0", &format!("\"error_code\":{code}")),
            "error_code",
            "32 bits",
        );
    }
    is_held("", "transaction_id", "t");
}

#[test]
fn times_are_seconds_of_a_calendar() {
    let row = |time: &str| row_with("").replace("1731113091", time);
    for (time, reason) in [
        ("1731113091000", "past the year 9999; seconds are expected, these may be milliseconds"),
        ("1200798847777", "past the year 9999"),
        ("253402300800", "past the year 9999"),
        ("0", "0 is not after 1970"),
        ("-1", "-1 is not after 1970"),
        ("1731113091.5", "not a whole number of seconds"),
        ("\"2024-11-09T00:44:51Z\"", "not a whole number of seconds"),
        ("1.731113091e9", "not a whole number of seconds"),
    ] {
        is_rejected(&row(time), "unix_timestamp", reason);
    }
    for (time, shown_time, date) in [
        ("1", "1970-01-01T00:00:01Z", "1970-01-01"),
        ("\"1731113091\"", "2024-11-09T00:44:51Z", "2024-11-09"),
        ("253402300799", "9999-12-31T23:59:59Z", "9999-12-31"),
    ] {
        let batch = typed(&[&row(time)]);
        assert_eq!(shown(&batch, "click_time").as_deref(), Some(shown_time));
        assert_eq!(shown(&batch, "click_date").as_deref(), Some(date));
    }
}

#[test]
fn flags_are_true_false_one_and_zero() {
    for (source, held) in [("true", "true"), ("0", "false"), ("1", "true"), ("\"1\"", "true")] {
        is_held(&format!("\"is_unique\":{source}"), "is_unique", held);
    }
    for source in ["2", "\"yes\"", "1.0", "\"true\"", "-1"] {
        goes_to_extra(&format!("\"is_unique\":{source}"), "is_unique", &format!("{{\"is_unique\":{source}}}"));
    }
}

#[test]
fn text_and_numbers_stand_for_each_other() {
    is_held(r#""project_id":69"#, "project_id", "69");
    is_held(r#""sub1":1.50"#, "sub1", "1.50");
    is_held(r#""creative_id":"5""#, "creative_id", "5");
    for source in ["\"007\"", "5.0", "-0", "\"5 \"", "1e3", "true"] {
        goes_to_extra(&format!("\"creative_id\":{source}"), "creative_id", &format!("{{\"creative_id\":{source}}}"));
    }
    for source in ["true", "{\"a\":[1]}", "[\"x\"]"] {
        goes_to_extra(&format!("\"sub1\":{source}"), "sub1", &format!("{{\"sub1\":{source}}}"));
    }
}

#[test]
fn absent_values_leave_nothing_behind() {
    for absent in ["null", "\"\"", "{}", "[]", "[ ]", "{\n}"] {
        for key in ["sub1", "payout", "is_unique", "creative_id", "new", "relationship"] {
            assert_eq!(outcome(&format!("\"{key}\":{absent}"), "sub1"), (None, None));
        }
        for key in ["offer", "query_parameters", "forensiq_score", "new"] {
            assert_eq!(outcome(&format!("\"relationship\":{{\"{key}\":{absent}}}"), "offer_id"), (None, None));
        }
    }
}

#[test]
fn what_is_unknown_or_of_another_form_is_kept_under_its_path() {
    goes_to_extra(r#""new":{"a":[1,{"b":2}]}"#, "sub1", r#"{"new":{"a":[1,{"b":2}]}}"#);
    goes_to_extra(r#""relationship":[1]"#, "offer_id", r#"{"relationship":[1]}"#);
    goes_to_extra(r#""relationship":{"offer":"x"}"#, "offer_id", r#"{"relationship.offer":"x"}"#);
    goes_to_extra(r#""relationship":{"offer":{"new":1}}"#, "offer_id", r#"{"relationship.offer.new":1}"#);
    goes_to_extra(r#""relationship":{"campaign":{"id":1}}"#, "offer_id", r#"{"relationship.campaign":{"id":1}}"#);
    goes_to_extra(
        r#""relationship":{"query_parameters":"a=b"}"#,
        "query_parameters",
        r#"{"relationship.query_parameters":"a=b"}"#,
    );
    goes_to_extra(r#""relationship":{"a.b":{"c":1}}"#, "offer_id", r#"{"relationship[\"a.b\"]":{"c":1}}"#);
}

#[test]
fn parameters_are_text_sorted_by_key() {
    let parameters = |members: &str| format!(r#""relationship":{{"query_parameters":{{{members}}}}}"#);
    let (map, extra) = outcome(&parameters(r#""z":"1","a":2,"m":"","":"e""#), "query_parameters");
    assert_eq!((map.as_deref(), extra), (Some("{: e, a: 2, m: , z: 1}"), None));
    assert_round_trip(&[&row_with(&parameters(r#""z":"1","a":2,"m":"","b":true,"c":[1]"#))]);
}

#[test]
fn a_text_of_five_megabytes_is_held() {
    let long = "y".repeat(5 << 20);
    is_held(&format!("\"referer\":\"{long}\""), "referer", &long);
    let members = format!("\"new\":\"{long}\"");
    assert_eq!(outcome(&members, "referer").1.unwrap().len(), long.len() + 10);
}

/// The time that a row takes grows with its length, not with the square of it.
#[test]
fn many_keys_do_not_stall_the_landing() {
    let started = Instant::now();
    let numbered: Vec<String> = (0..40_000).map(|nth| format!("\"k{nth}\":\"{nth}\"")).collect();
    let repeated = vec!["\"k\":1"; 40_000].join(",");
    let again = vec!["\"sub1\":\"a\""; 40_000].join(",");
    for members in [
        numbered.join(","),
        repeated.clone(),
        again,
        format!("\"relationship\":{{\"query_parameters\":{{{}}}}}", numbered.join(",")),
        format!("\"relationship\":{{\"query_parameters\":{{{repeated}}}}}"),
        format!("\"relationship\":{{\"offer\":{{{repeated}}}}}"),
    ] {
        let row = row_with(&members);
        let batch = typed(&[&row]);
        assert_eq!(leaves_of_click(&batch, 0).len(), leaves_of_json(&row).len());
    }
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[test]
fn what_is_no_object_is_no_click() {
    for (row, reason) in [
        ("[1]", "not an object"),
        ("5", "not an object"),
        ("\"x\"", "not an object"),
        ("null", "not an object"),
        ("", "not an object"),
        ("{", "not valid JSON"),
        (r#"{"transaction_id":"t","unix_timestamp":1,"error_code":0"#, "not valid JSON"),
        (r#"{"transaction_id":"t","unix_timestamp":1,"error_code":0,}"#, ""),
        (r#"{"transaction_id":"t" "unix_timestamp":1,"error_code":0}"#, "not valid JSON"),
        (r#"{'transaction_id':'t'}"#, "not valid JSON"),
        (r#"{"transaction_id":"t","unix_timestamp":1,"error_code":00}"#, ""),
        (r#"{"transaction_id":"t","unix_timestamp":1,"error_code":0} {}"#, "something follows"),
        (r#"{"transaction_id":"t","unix_timestamp":1,"error_code":0}}"#, "something follows"),
        (r#"{"transaction_id":"t","unix_timestamp":1,"error_code":0,"sub1":nope}"#, "not valid JSON"),
        (r#"{"transaction_id":"t","unix_timestamp":1,"error_code":0,"sub1":"\x"}"#, "not valid JSON"),
    ] {
        is_rejected(row, "", reason);
    }
    is_rejected(r#"{"Error":"internal"}"#, "transaction_id", "neither a click nor an answer with clicks");
}

#[test]
fn a_row_of_countless_unknown_keys_is_kept_another_way() {
    let many = |value: &str| {
        let members: Vec<String> = (0..70_000).map(|nth| format!(r#""k{nth}":{value}"#)).collect();
        members.join(",")
    };
    let (path, reason) = rejection(row_with(&many("1")).as_bytes());
    assert_eq!((path.as_str(), reason.as_str()), ("", "more than 65536 values that have no column"));
    // Inside an object they stay together, as they came.
    for key in ["offer", "query_parameters"] {
        let object = format!("{{{}}}", many("\"v\""));
        let (id, extra) = outcome(&format!(r#""relationship":{{"{key}":{object}}}"#), "transaction_id");
        assert_eq!(id.as_deref(), Some("t"));
        assert_eq!(extra, Some(format!(r#"{{"relationship.{key}":{object}}}"#)));
    }
}
