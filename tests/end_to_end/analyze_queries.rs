//! What the shipped queries answer: over the sample, over lakes of nothing, of one click, of one kind of clicks.

use crate::everflow::{answer, clicks, lines};
use crate::transcript::{Transcript, assert_transcript};

const RATES: [&str; 3] = ["proxy_rate", "invalid_rate_by_affiliate", "invalid_rate_by_day"];
const COUNTS: [&str; 3] = ["error_codes", "top_ips", "ids_in_two_partitions"];

/// Asks every shipped query, the smallest affiliates included.
fn ask_all(typed: &mut Transcript) {
    for query in RATES {
        let all = if query == "invalid_rate_by_day" { "" } else { " --param min_clicks=1" };
        typed.analyze(&format!("run {query}{all}"));
    }
    for query in COUNTS {
        typed.analyze(&format!("run {query}{}", if query == "top_ips" { " --param top=5" } else { "" }));
    }
}

/// Rows as the affiliate feed has them: without affiliate, payout and user agent.
fn affiliate_rows(numbers: std::ops::Range<u32>) -> Vec<String> {
    let without = |row: String| {
        let mut row: serde_json::Value = serde_json::from_str(&row).unwrap();
        row.as_object_mut().unwrap().remove("payout").unwrap();
        for name in ["affiliate", "http_user_agent"] {
            row["relationship"].as_object_mut().unwrap().remove(name).unwrap();
        }
        row.to_string()
    };
    clicks(numbers).into_iter().map(without).collect()
}

#[test]
fn analyze_help() {
    let mut typed = Transcript::begin();
    typed.analyze("");
    typed.analyze("--help");
    typed.analyze("run --help");
    typed.analyze("list");
    typed.analyze("list proxy_rate_by");
    typed.analyze("list PROXY wilson");
    typed.analyze("list spaceships");
    typed.analyze("list coverage_by_day --sql");
    typed.analyze("list proxy --sql");
    typed.analyze("list coverage --format csv");
    assert_transcript!(typed);
}

#[test]
fn analyze_the_sample() {
    let mut typed = Transcript::begin();
    typed.analyze("run proxy_rate");
    typed.analyze("run error_codes");
    typed.analyze("run invalid_rate_by_day");
    typed.analyze("run invalid_rate_by_affiliate");
    typed.analyze("run top_ips --param top=10");
    typed.analyze("run ids_in_two_partitions");
    assert_transcript!(typed);
}

#[test]
fn analyze_part_of_the_sample() {
    let mut typed = Transcript::begin();
    typed.analyze("run invalid_rate_by_day --from 2026-03-11 --to 2026-03-11");
    typed.analyze("run invalid_rate_by_day --from 2026-03-11 --to 2026-03-11 --require-complete");
    typed.analyze("run invalid_rate_by_day --from 2026-03-11 --to 2026-03-11 --require-complete --quiet --format csv");
    typed.analyze("run invalid_rate_by_day --from 2026-03-12 --to 2026-03-13 --require-complete");
    typed.analyze("run invalid_rate_by_day --account acme-network --from 2026-03-11 --require-complete --format csv");
    typed.analyze(
        "run invalid_rate_by_day --from 2026-03-12 --to 2026-03-12 --timezone America/New_York --account partner-17",
    );
    typed.analyze(
        "run invalid_rate_by_day --from 2026-03-11 --to 2026-03-11 --timezone Asia/Tokyo --account partner-17",
    );
    typed.analyze("run proxy_rate --from 2025-01-01 --to 2025-12-31");
    typed.analyze("run proxy_rate --account acme");
    assert_transcript!(typed);
}

#[test]
fn analyze_an_empty_lake() {
    let mut typed = Transcript::begin();
    typed.file("none.json", answer(&[]));
    typed.fetcher("land none.json --source network-clicks");
    ask_all(&mut typed);
    typed.analyze("run proxy_rate --require-complete");
    typed.fetcher("land none.json --source network-clicks --covers 2025-01-10/2025-01-11 --as-of 2025-01-20");
    typed.analyze("run proxy_rate --require-complete");
    assert_transcript!(typed);
}

#[test]
fn analyze_one_click() {
    let mut typed = Transcript::begin();
    typed.file("one.json", answer(&clicks(0..1)));
    typed.fetcher("land one.json --source network-clicks");
    ask_all(&mut typed);
    typed.analyze("run proxy_rate");
    assert_transcript!(typed);
}

#[test]
fn analyze_an_affiliates_lake() {
    let mut typed = Transcript::begin();
    typed.file("rows.ndjson", lines(&affiliate_rows(0..100)));
    typed.fetcher(
        "land rows.ndjson --source affiliate-clicks --covers 2025-01-10/2025-01-11 --as-of 2025-01-20 --account me",
    );
    ask_all(&mut typed);
    assert_transcript!(typed);
}

/// No rate has a denominator here; none may be printed.
#[test]
fn analyze_invalid_clicks_only() {
    let mut typed = Transcript::begin();
    let invalid: Vec<String> =
        clicks(0..500).into_iter().filter(|row| !row.contains(r#""error_code":0"#)).take(60).collect();
    typed.file("rows.ndjson", lines(&invalid));
    typed.fetcher("land rows.ndjson --source invalid-clicks --covers 2025-01-10/2025-01-15 --as-of 2025-01-20");
    ask_all(&mut typed);
    typed.analyze("run invalid_rate_by_day --require-complete --format markdown");
    assert_transcript!(typed);
}
