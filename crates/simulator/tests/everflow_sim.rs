//! The program `everflow-sim`, as a user runs it.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn sim(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_everflow-sim"));
    command.args(arguments.split_whitespace());
    command
}

fn run(arguments: &str) -> Output {
    sim(arguments).output().unwrap()
}

const SMALL: &str = "generate --feed network-clicks --seed 3 --from 2026-03-02 --days 1 --clicks-per-day 50";

#[test]
fn every_wrapper_holds_the_same_rows() {
    let lines = run(&format!("{SMALL} --format ndjson"));
    assert!(lines.status.success() && lines.stderr.is_empty());
    let rows: Vec<Value> = lines.stdout.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    assert!(rows.len() > 40);
    let answer =
        |format: &str| -> Value { serde_json::from_slice(&run(&format!("{SMALL} --format {format}")).stdout).unwrap() };
    assert_eq!(answer("wrapper"), serde_json::json!({ "clicks": rows }));
    assert_eq!(answer("table"), serde_json::json!({ "table": rows }));
    assert_eq!(answer("array"), Value::Array(rows));
}

#[test]
fn between_returns_the_rows_of_these_seconds_and_no_other() {
    let all = String::from_utf8(run(&format!("{SMALL} --format ndjson")).stdout).unwrap();
    let part =
        |range: &str| String::from_utf8(run(&format!("{SMALL} --format ndjson --between {range}")).stdout).unwrap();
    let morning = part("2026-03-02T00:00:00/2026-03-02T11:29:59");
    let evening = part("2026-03-02T11:30:00/2026-03-02T23:59:59");
    assert!(!morning.is_empty() && !evening.is_empty());
    assert_eq!(evening + &morning, all);
    assert_eq!(part("2026-03-03T00:00:00/2026-03-04T00:00:00"), "");
}

#[test]
fn an_answer_without_rows_is_still_an_answer() {
    // One click on the day, of another affiliate than the portal's.
    let none = "generate --feed affiliate-clicks --from 2026-03-02 --days 1 --clicks-per-day 1";
    assert_eq!(run(none).stdout, b"{\"clicks\":[]}\n");
    assert_eq!(run(&format!("{none} --format ndjson")).stdout, b"");
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let mut child = sim("generate --feed network-clicks --from 2026-03-02 --clicks-per-day 100000 --format ndjson")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.ends_with("}\n"));
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn wrong_flags_exit_with_2_and_say_why() {
    let cases = [
        ("generate --feed clicks --from 2026-03-02", "no feed is called \"clicks\""),
        ("generate --feed network-clicks --from 2024-11-31", "2024-11-31"),
        ("generate --feed network-clicks --from 2026-03-02 --days 0", "days must be from 1 to 3660"),
        ("generate --feed network-clicks --from 2026-03-02 --between 2026-03-02", "two times with a slash"),
        ("generate --feed network-clicks --from 2026-03-02 --between 2026-03-02/x", "is not YYYY-MM-DDTHH:MM:SS"),
        ("generate --feed network-clicks --from 2026-03-02 --affiliate 3", "no affiliate 3"),
        ("generate --feed network-clicks --from 2026-03-02 --out /nowhere/at/all", "cannot write to /nowhere/at/all"),
    ];
    for (arguments, reason) in cases {
        let output = run(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {stderr}");
        assert!(stderr.contains(reason), "{arguments}: {stderr}");
        assert!(output.stdout.is_empty());
    }
}
