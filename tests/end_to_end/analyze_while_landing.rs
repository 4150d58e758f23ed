//! `analyze` asks while `fetcher` replaces what it reads: every answer is one that was right at some time meanwhile.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::everflow::{self, CLICKS_OF_DAY, DAY_1};
use crate::process::{analyze, land, succeed};

/// Answers that are compared, at least.
const ANSWERS: u32 = 30;
/// Landings that they meet, at least: on a busy machine this takes more answers.
const LANDINGS: u32 = 15;
const DAYS: u32 = 3;
const CLICKS_BEFORE: u32 = DAYS * CLICKS_OF_DAY;
const NEW_CLICKS_EACH: u32 = 10;

/// Every landing adds clicks to one day only, so that the lake has no other counts than those between landings; and
/// changes the clicks of all days, so that all files are replaced.
fn landed(number: u32) -> String {
    let old = 0..CLICKS_BEFORE;
    let mut rows = if number.is_multiple_of(2) { everflow::clicks(old) } else { everflow::later_clicks(old) };
    let first_new = CLICKS_BEFORE + number.saturating_sub(1) * NEW_CLICKS_EACH;
    let new = if number == 0 { 0..0 } else { first_new..first_new + NEW_CLICKS_EACH };
    for row in everflow::clicks(new.clone()).iter().zip(new).map(|(row, id)| on_second_day(row, id)) {
        rows.push(row);
    }
    everflow::lines(&rows)
}

fn on_second_day(row: &str, second: u32) -> String {
    let mut row: serde_json::Value = serde_json::from_str(row).unwrap();
    row["unix_timestamp"] = (DAY_1 + 86_400 + i64::from(second)).into();
    row.to_string()
}

fn clicks_after(landings: u32) -> u32 {
    CLICKS_BEFORE + landings * NEW_CLICKS_EACH
}

fn land_number(number: u32, folder: &Path) {
    let file = folder.join("rows.ndjson");
    fs::write(&file, landed(number)).unwrap();
    let as_of = format!("2025-02-01 {:02}:{:02}:{:02}", number / 3600, number / 60 % 60, number % 60);
    let mut landing = land(&folder.join("lake"));
    let output = succeed(landing.arg(&file).args(["--as-of", &as_of, "--format", "json"]));
    let summary = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(summary.contains(&format!(r#""partitions_written":{DAYS},"#)), "{summary}");
}

/// Counts clicks and ids, through all three columns by which files could be mixed up.
fn count(lake: &Path) -> (u32, u32, u32) {
    let sql =
        "SELECT count(*) AS n, count(distinct transaction_id) AS d, count(distinct click_date) AS days FROM clicks";
    let output = succeed(analyze().args(["sql", sql, "--format", "csv", "--lake"]).arg(lake));
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<u32> = text.lines().nth(1).unwrap().split(',').map(|number| number.parse().unwrap()).collect();
    assert_eq!(text.lines().next(), Some("n,d,days"));
    (numbers[0], numbers[1], numbers[2])
}

#[test]
fn every_answer_was_right_between_its_beginning_and_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    land_number(0, folder.path());
    let (begun, finished, is_enough) = (AtomicU32::new(0), AtomicU32::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let landings = scope.spawn(|| {
            while !is_enough.load(Ordering::SeqCst) {
                let number = begun.fetch_add(1, Ordering::SeqCst) + 1;
                land_number(number, folder.path());
                finished.store(number, Ordering::SeqCst);
            }
        });
        // Also where an assertion fails: the landings must end.
        let answers = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let (mut answers, mut last) = (0, 0);
            while answers < ANSWERS || finished.load(Ordering::SeqCst) < LANDINGS {
                answers += 1;
                let oldest = finished.load(Ordering::SeqCst);
                let (clicks, ids, days) = count(&lake);
                let newest = begun.load(Ordering::SeqCst);
                assert_eq!((clicks, days), (ids, DAYS));
                let possible: Vec<u32> = (oldest..=newest).map(clicks_after).collect();
                assert!(possible.contains(&clicks), "{clicks} clicks; there were {possible:?}");
                assert!(clicks >= last, "{clicks} clicks after {last}");
                last = clicks;
            }
        }));
        is_enough.store(true, Ordering::SeqCst);
        landings.join().unwrap();
        answers.unwrap();
    });
    let landings = finished.load(Ordering::SeqCst);
    assert_eq!(count(&lake).0, clicks_after(landings));
}
