//! What answers must not depend on: how the clicks were landed, and where a clock stands.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use simulator::{Config, Feed, Traffic};

use crate::everflow::lines;
use crate::process::{analyze, land, succeed};

/// The cells of each query's answer, asked one after the other.
pub(crate) fn answers(lake: &Path, flags: &[&str]) -> BTreeMap<String, Vec<Vec<String>>> {
    let listed = String::from_utf8(succeed(analyze().args(["list", "--format", "csv"])).stdout).unwrap();
    let is_name =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit());
    let names: Vec<&str> =
        listed.lines().skip(1).filter_map(|line| line.split(',').next()).filter(|name| is_name(name)).collect();
    assert!(names.len() >= 30, "{names:?}");
    let asked: String =
        names.iter().map(|name| format!("SELECT 'answer of {name}' AS begin;\n\\run {name}\n")).collect();
    let script = lake.with_extension("script");
    fs::write(&script, asked).unwrap();
    let mut shell = analyze();
    shell.args(["shell", "--quiet", "--format", "ndjson", "--lake"]).arg(lake).args(flags);
    let said = String::from_utf8(succeed(shell.stdin(File::open(&script).unwrap())).stdout).unwrap();
    let mut answers: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    let mut name = String::new();
    for line in said.lines() {
        let row: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        match row.get("begin").and_then(|begin| begin.as_str()?.strip_prefix("answer of ")) {
            Some(begun) => {
                name = begun.to_owned();
                answers.insert(name.clone(), Vec::new());
            }
            None => answers.get_mut(&name).unwrap().push(row.into_iter().map(shown).collect()),
        }
    }
    assert_eq!(answers.len(), names.len());
    answers
}

/// The last digits of a rate depend on the order of its sum.
fn shown((name, value): (String, serde_json::Value)) -> String {
    match value.as_f64().filter(|_| value.is_f64()) {
        Some(rate) => format!("{name}={rate:.9e}"),
        None => format!("{name}={value}"),
    }
}

/// One lake by day, of two answers; one by hour, of eight, in another order, each with its rows reversed.
#[test]
fn answers_do_not_depend_on_files_order_or_granularity() {
    const FIRST: i64 = 1_772_841_600; // 2026-03-07, 00:00:00 UTC
    let config = Config { clicks_per_day: 400, days: 2, ..Config::new(11, "2026-03-07".parse().unwrap()) };
    let traffic = Traffic::new(config).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.ndjson");
    let (daily, hourly) = (folder.path().join("daily"), folder.path().join("hourly"));
    let part = |lake: &Path, feed: Feed, flags: &[&str], from: i64, to: i64, is_reversed: bool| {
        let mut rows: Vec<String> = traffic.rows_between(feed, from..=to).collect();
        if is_reversed {
            rows.reverse();
        }
        fs::write(&file, lines(&rows)).unwrap();
        let time = |second: i64| chrono::DateTime::from_timestamp(second, 0).unwrap().to_rfc3339();
        let covers = format!("{}/{}", time(from), time(to));
        succeed(
            land(lake)
                .arg(&file)
                .args(["--source", feed.name(), "--as-of", "2026-03-20", "--covers", &covers])
                .args(flags),
        );
    };
    let end = FIRST + 2 * 86_400 - 1;
    for feed in [Feed::NetworkClicks, Feed::InvalidClicks] {
        part(&daily, feed, &[], FIRST, end, false);
    }
    let cuts = [(130_000, 172_799), (0, 9_999), (60_123, 129_999), (10_000, 60_122)];
    for feed in [Feed::InvalidClicks, Feed::NetworkClicks] {
        for (from, to) in cuts {
            part(&hourly, feed, &["--partition", "hour"], FIRST + from, FIRST + to, true);
        }
    }
    let flags = ["--timezone", "America/New_York"];
    let (by_day, by_hour) = (answers(&daily, &flags), answers(&hourly, &flags));
    for (name, rows) in &by_day {
        assert_eq!(rows, &by_hour[name], "{name}");
    }
    let empty: Vec<_> = by_day.iter().filter(|(_, rows)| rows.is_empty()).map(|(name, _)| name).collect();
    assert!(empty.len() <= 6, "nothing is compared of {empty:?}");
}

/// Four clicks of one visitor around the midnights of New York, on the day that its clocks go forward.
#[test]
fn days_and_hours_are_those_of_the_time_zone() {
    let folder = tempfile::tempdir().unwrap();
    let (file, lake) = (folder.path().join("rows.ndjson"), folder.path().join("lake"));
    let midnight = 1_772_946_000; // 2026-03-08, 00:00:00 in New York; that day has 23 hours
    let click = |(number, second): (usize, i64)| {
        format!(
            r#"{{"transaction_id":"{number}","unix_timestamp":{second},"error_code":21,"user_ip":"192.0.2.1","relationship":{{"offer":{{"network_offer_id":1}}}}}}"#
        )
    };
    let seconds = [midnight - 1, midnight, midnight + 23 * 3600 - 1, midnight + 23 * 3600];
    fs::write(&file, lines(&seconds.into_iter().enumerate().map(click).collect::<Vec<_>>())).unwrap();
    succeed(land(&lake).arg(&file).args(["--source", "network-clicks"]));
    let ask = |query: &str, flags: &[&str]| {
        let mut command = analyze();
        command.args(["run", query, "--format", "ndjson", "--quiet", "--lake"]).arg(&lake).args(flags);
        let rows = String::from_utf8(succeed(&mut command).stdout).unwrap();
        rows.lines().map(|row| serde_json::from_str::<serde_json::Value>(row).unwrap()).collect::<Vec<_>>()
    };
    let new_york = ["--timezone", "America/New_York"];
    let days = |rows: Vec<serde_json::Value>| {
        rows.iter().map(|row| format!("{}: {}", row["day"].as_str().unwrap(), row["clicks"])).collect::<Vec<_>>()
    };
    for query in ["error_codes_by_day", "invalid_rate_by_day"] {
        let clicks = if query == "invalid_rate_by_day" { "invalid_clicks" } else { "clicks" };
        let rows = ask(query, &new_york).into_iter().map(|mut row| {
            row["clicks"] = row[clicks].clone();
            row
        });
        assert_eq!(days(rows.collect()), ["2026-03-07: 1", "2026-03-08: 2", "2026-03-09: 1"], "{query}");
    }
    let only = [&new_york[..], &["--from", "2026-03-08", "--to", "2026-03-08"]].concat();
    assert_eq!(days(ask("error_codes_by_day", &only)), ["2026-03-08: 2"]);
    let all = ["--param", "min_clicks=1"];
    let ask_one =
        |query: &str, zone: &[&str], column: &str| ask(query, &[zone, &all[..]].concat())[0][column].to_string();
    // In UTC two of them lie on each of two days, in New York two lie on one.
    assert_eq!(ask_one("duplicates", &[], "repeats"), "2");
    assert_eq!(ask_one("duplicates", &new_york, "repeats"), "1");
    // At 3, 4, 4 and 5 o'clock in UTC; at 23 and 0 in New York.
    assert_eq!(ask_one("hourly_shape", &[], "silent_hours"), "21");
    assert_eq!(ask_one("hourly_shape", &new_york, "silent_hours"), "22");
    // Each span is alone in UTC: 4 clicks, 2 days, an hour of a quarter of them, or of half of them.
    assert_eq!(ask_one("bursts", &[], "expected"), format!("{:?}", 4.0 * 0.25 / 2.0 / 6.0));
    assert_eq!(ask_one("bursts", &new_york, "expected"), format!("{:?}", 4.0 * 0.5 / 3.0 / 6.0));
}
