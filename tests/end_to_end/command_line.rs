//! What a user of `fetcher` types and is told.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use crate::everflow::{self, answer, clicks, lines};
use crate::process::fetcher;
use crate::transcript::{Transcript, assert_transcript};

#[test]
fn help() {
    let mut typed = Transcript::begin();
    typed.fetcher("--help");
    typed.fetcher("land --help");
    typed.fetcher("");
    typed.fetcher("lnad");
    typed.fetcher("land");
    assert_transcript!(typed);
}

#[test]
fn good_input() {
    let mut typed = Transcript::begin();
    typed.file("rows.ndjson", lines(&clicks(0..120))).file("later.json", answer(&everflow::later_clicks(100..1200)));
    typed.fetcher("land rows.ndjson");
    typed.fetcher("land rows.ndjson --source network-clicks");
    typed.fetcher("land rows.ndjson --source network-clicks");
    typed.fetcher("land later.json rows.ndjson --source invalid-clicks --as-of 2025-02-10");
    typed.fetcher("land later.json --lake hourly --partition hour --quiet");
    typed.fetcher("land rows.ndjson --verbose --lake other");
    assert_transcript!(typed);
}

#[test]
fn summary_for_programs() {
    let mut typed = Transcript::begin();
    let mut rows = clicks(0..60);
    rows.extend(everflow::broken_rows());
    typed.file("rows.ndjson", lines(&rows));
    typed.fetcher("land rows.ndjson --format json --max-quarantined 2");
    typed.fetcher("land rows.ndjson --format json --quiet --source network-clicks --max-quarantined 2");
    typed.fetcher("land rows.ndjson --log-format json");
    typed.fetcher("land gone.ndjson --log-format json");
    typed.fetcher("land rows.ndjson --log-format json --source fraud");
    assert_transcript!(typed);
}

#[test]
fn quarantine() {
    let mut typed = Transcript::begin();
    let mut rows = clicks(0..50);
    rows.extend(everflow::broken_rows());
    typed.file("rows.ndjson", lines(&rows));
    typed.fetcher("land rows.ndjson --source network-clicks");
    typed.fetcher("land rows.ndjson --source network-clicks --max-quarantined 1");
    typed.fetcher("land rows.ndjson --source network-clicks --max-quarantined 2");
    typed.fetcher("land rows.ndjson --source network-clicks --max-quarantined 3%");
    typed.fetcher("land rows.ndjson --source network-clicks --max-quarantined 4% --quiet");
    assert_transcript!(typed);
}

#[test]
fn files_that_are_no_json() {
    let mut typed = Transcript::begin();
    fs::create_dir(typed.folder.path().join("folder")).unwrap();
    typed.file("good.ndjson", lines(&clicks(0..5)));
    typed
        .file("empty.json", "")
        .file("blank.json", "\n  \n")
        .file("page.html", "<!DOCTYPE html><html><body>Login</body></html>");
    typed.file("chart.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").file("table.csv", "transaction_id,error_code\na,0\n");
    typed.file("torn.json.gz", &gzip(lines(&clicks(0..40)).as_bytes())[..1000]);
    typed.file("error.json", r#"{"Error": "timezone is required"}"#).file("none.json", r#"{"clicks": []}"#);
    typed.file("torn.json", &answer(&clicks(0..5))[..2000]);
    typed.file("lake.parquet", b"PAR1\x15\x04");
    for name in [
        "gone.json",
        "folder",
        "empty.json",
        "blank.json",
        "page.html",
        "chart.png",
        "table.csv",
        "torn.json.gz",
        "error.json",
        "none.json",
        "torn.json",
        "lake.parquet",
        "good.ndjson page.html",
    ] {
        typed.fetcher(&format!("land {name} --source network-clicks"));
    }
    assert_transcript!(typed);
}

#[test]
fn wrong_flags() {
    let mut typed = Transcript::begin();
    typed.file("rows.ndjson", lines(&clicks(0..5)));
    for flags in [
        "--source fraud",
        "--source Network-Clicks",
        "--account ../x",
        "--account ''",
        "--covers 2024-11-31/2024-12-01 --source network-clicks",
        "--covers 2025-01-12/2025-01-10 --source network-clicks",
        "--covers 2025-01-12 --source network-clicks",
        "--covers 2025-01-12/2025-01-13",
        "--covers 2025-01-12/ --source network-clicks",
        "--covers 01/02/2025 --source network-clicks",
        "--covers '2025-03-30 02:30:00/2025-03-30 04:00:00' --timezone Europe/Berlin --source network-clicks",
        "--as-of yesterday",
        "--timezone Berlin",
        "--timezone CEST",
        "--max-quarantined few",
        "--max-quarantined -1",
        "--max-quarantined 101%",
        "--partition week",
        "--lock-timeout 1m",
        "--quiet --verbose",
        "--format table",
        "--lake ''",
        "--lake gs://bucket/lake",
        "--lake https://s3.example.com/bucket",
        "--lake s3://user:hush@bucket/lake",
        "--lake s3:/bucket/lake",
        "--api-key secret",
    ] {
        typed.fetcher(&format!("land rows.ndjson {flags}"));
    }
    assert!(!typed.folder.path().join("lake").exists(), "a lake was made for a command that was refused");
    assert_transcript!(typed);
}

#[test]
fn another_granularity_and_another_login() {
    let mut typed = Transcript::begin();
    typed.file("rows.ndjson", lines(&clicks(0..60)));
    typed.fetcher("land rows.ndjson --source network-clicks --quiet");
    typed.fetcher("land rows.ndjson --source network-clicks --partition hour");
    typed.fetcher("land rows.ndjson --source affiliate-clicks");
    typed.fetcher("land rows.ndjson --source affiliate-clicks --account portal");
    typed.fetcher("land rows.ndjson --source invalid-clicks --account portal");
    assert_transcript!(typed);
}

#[test]
fn standard_input_and_compression() {
    let mut typed = Transcript::begin();
    let text = lines(&clicks(0..50));
    typed.file("rows.ndjson", &text);
    typed.file("rows.ndjson.gz", gzip(text.as_bytes()));
    typed.file("rows.json.zst", zstd::encode_all(text.as_bytes(), 1).unwrap());
    typed.fetcher_reads("land - --source network-clicks", Path::new("rows.ndjson"));
    typed.fetcher_reads("land - --source network-clicks", Path::new("rows.ndjson.gz"));
    typed.fetcher("land rows.ndjson.gz rows.json.zst --source network-clicks");
    typed.fetcher_reads("land --source network-clicks rows.ndjson -", Path::new("rows.json.zst"));
    typed.fetcher("land - --source network-clicks");
    assert_transcript!(typed);
}

#[test]
fn coverage() {
    let mut typed = Transcript::begin();
    typed.file("few.json", answer(&clicks(0..100))).file("cap.json", answer(&clicks(0..1000)));
    typed.file("torn.json", &answer(&clicks(0..10))[..5000]).file("none.json", answer(&[]));
    let days = "--source invalid-clicks --covers 2025-01-10/2025-01-11";
    typed.fetcher(&format!("land few.json {days} --as-of 2025-01-20"));
    typed.fetcher(&format!("land few.json {days} --as-of '2025-01-11 12:00:00'"));
    typed.fetcher(&format!("land few.json {days}"));
    typed.fetcher(
        "land few.json --source invalid-clicks --covers 2024-10-01/2025-01-11 --as-of 2025-01-11T18:00:00+02:00",
    );
    typed.fetcher(
        "land cap.json --source invalid-clicks --covers 2025-01-10/2025-01-29 --as-of 2025-02-01 --account capped",
    );
    typed.fetcher(&format!("land torn.json {days} --as-of 2025-01-20 --account torn"));
    typed.file("empty.json", "");
    typed.fetcher(&format!("land few.json empty.json {days} --as-of 2025-01-20 --account empty"));
    typed.fetcher(&format!("land few.json {days} --as-of '2025-01-11 12:00:00' --account empty --format json"));
    typed.fetcher(&format!("land none.json {days} --as-of 2025-01-20 --account quiet --timezone America/New_York"));
    assert_transcript!(typed);
}

/// What an answer says against itself is believed, whatever rows it has.
#[test]
fn answers_that_prove_nothing() {
    let mut typed = Transcript::begin();
    let rows = clicks(0..10).join(",");
    typed.file("error.json", format!(r#"{{"clicks":[{rows}],"error":"shard 7 timed out"}}"#));
    typed.file("incomplete.json", format!(r#"{{"table":[{rows}],"incomplete_results":true,"total":10}}"#));
    typed.file("between.ndjson", format!("{}\n{{\"clicks\":[],\"Error\":\"down\"}}\n", clicks(10..20).join("\n")));
    typed.file("open.json", "[").file("object.json", "{}").file("whole.json", answer(&clicks(0..10)));
    let days = "--source invalid-clicks --covers 2025-01-10/2025-01-11 --as-of 2025-01-20";
    for name in ["error.json", "incomplete.json", "between.ndjson", "open.json", "object.json"] {
        typed.fetcher(&format!("land whole.json {name} {days}"));
    }
    typed.fetcher("land open.json");
    typed.fetcher("land error.json --max-quarantined 100%");
    assert_transcript!(typed);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn whoever_reads_the_summary_may_go() {
    let folder = tempfile::tempdir().unwrap();
    let mut landing = fetcher();
    landing.current_dir(folder.path()).args(["land", "-", "--format", "json", "--source", "network-clicks"]);
    let mut child = landing.stdin(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(lines(&clicks(0..50)).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
    assert_eq!(crate::lake_files::unique_ids(&folder.path().join("lake")).len(), 50);
}

#[cfg(target_os = "linux")]
#[test]
fn a_summary_that_cannot_be_written() {
    let mut typed = Transcript::begin();
    typed.file("rows.ndjson", lines(&clicks(0..50)));
    let mut landing = fetcher();
    landing.args(["land", "rows.ndjson", "--format", "json"]);
    landing.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
    typed.run("fetcher land rows.ndjson --format json > /dev/full", &mut landing);
    assert_transcript!(typed);
}
