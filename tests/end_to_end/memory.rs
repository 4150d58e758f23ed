//! Input larger than memory should be.

use std::io::Write;
use std::process::{Child, Output, Stdio};

use crate::everflow::{CLICKS_OF_DAY, clicks, transaction_id};
use crate::lake_files::unique_ids;
use crate::process::{land, said};

const INPUT_BYTES: usize = 100 << 20;
const MEMORY_KILOBYTES_MAX: u64 = 512 << 10;

/// One answer on one line, of rows whose texts strangers made longer than they should be.
#[cfg(target_os = "linux")]
#[test]
fn an_answer_of_one_long_line_lands_in_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut landing = land(folder.path());
    let mut child = landing.args(["-", "--source", "network-clicks"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut rows = 0;
    let feeding = std::thread::spawn(move || {
        let long_text = "x".repeat(4000);
        stdin.write_all(b"{\"clicks\":[").unwrap();
        let mut bytes = 0;
        while bytes < INPUT_BYTES {
            let separator = if rows == 0 { "" } else { "," };
            let row = long_row(rows, &long_text);
            stdin.write_all(separator.as_bytes()).unwrap();
            stdin.write_all(row.as_bytes()).unwrap();
            bytes += row.len();
            rows += 1;
        }
        stdin.write_all(b"]}").unwrap();
        rows
    });
    let (kilobytes, output) = watched(child);
    let rows = feeding.join().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(unique_ids(folder.path()).len(), rows as usize);
    assert!(kilobytes > 0 && kilobytes < MEMORY_KILOBYTES_MAX, "{kilobytes} kB");
}

/// Few rows, each of megabytes, that join a partition which cannot be held in memory either.
#[cfg(target_os = "linux")]
#[test]
fn clicks_of_megabytes_land_in_bounded_memory() {
    const ROWS: u32 = 36;
    let folder = tempfile::tempdir().unwrap();
    let mut landing = land(folder.path());
    let mut child = landing.args(["-", "--source", "network-clicks"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let feeding = std::thread::spawn(move || {
        for number in 0..ROWS {
            let text = char::from(b'a' + (number % 26) as u8).to_string().repeat(5_000_000);
            let line = clicks(0..1).remove(0).replace(&transaction_id(0), &transaction_id(number));
            stdin.write_all(line.replace(r#""sub1":""#, &format!(r#""sub1":"{text}"#)).as_bytes()).unwrap();
            stdin.write_all(b"\n").unwrap();
        }
    });
    let (kilobytes, output) = watched(child);
    feeding.join().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(unique_ids(folder.path()).len(), ROWS as usize);
    assert!(kilobytes > 0 && kilobytes < MEMORY_KILOBYTES_MAX, "{kilobytes} kB");
}

/// The most memory that a process had until it ended, and what it said.
fn watched(mut child: Child) -> (u64, Output) {
    let mut kilobytes = 0;
    while child.try_wait().unwrap().is_none() {
        kilobytes = kilobytes.max(peak_kilobytes(&child));
        std::thread::yield_now();
    }
    (kilobytes, child.wait_with_output().unwrap())
}

/// A click of one of the first three days.
fn long_row(number: u32, text: &str) -> String {
    let like = number % (3 * CLICKS_OF_DAY);
    clicks(like..like + 1)
        .remove(0)
        .replace(&transaction_id(like), &transaction_id(number))
        .replace(r#""sub1":""#, &format!(r#""sub1":"{text}"#))
}

/// The most memory that a process had so far; 0 once it ended.
fn peak_kilobytes(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}
