//! Ctrl-C.

use std::io::Write;
use std::process::{Child, Command, Stdio};

use crate::everflow::{clicks, lines};
use crate::lake_files::{bytes_of, unique_ids};
use crate::process::{exit_with, land, said, succeed};

#[test]
fn ctrl_c_ends_a_landing_and_what_was_committed_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, file) = (folder.path().join("lake"), folder.path().join("rows.ndjson"));
    std::fs::write(&file, lines(&clicks(0..100))).unwrap();
    succeed(land(&lake).arg(&file));
    let before = bytes_of(&lake);

    let mut child = land(&lake).arg("-").stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let rows = lines(&clicks(50..1000));
    // More than a pipe holds: once it is written, the process reads, and has been listening for signals for long.
    stdin.write_all(rows.as_bytes()).unwrap();
    interrupt(&child);
    let mut rows_fed = 0;
    while stdin.write_all(rows.as_bytes()).is_ok() {
        rows_fed += rows.len();
        assert!(rows_fed < 100_000_000, "it goes on reading");
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert_eq!(said(&output).trim_end(), "warning: interrupted; nothing was landed");
    assert!(bytes_of(&lake) == before, "an interrupted landing left something behind");

    std::fs::write(&file, rows).unwrap();
    succeed(land(&lake).arg(&file));
    assert_eq!(unique_ids(&lake).len(), 1000);
}

fn interrupt(child: &Child) {
    exit_with(Command::new("sh").arg("-c").arg(format!("kill -INT {}", child.id())), 0);
}
