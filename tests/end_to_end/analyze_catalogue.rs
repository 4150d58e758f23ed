//! Every query of the catalogue, over every kind of lake: none fails, and what the sample answers is looked at.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::analyze_invariance::answers;
use crate::everflow::{answer, clicks, lines};
use crate::process::{analyze, land, succeed};
use crate::transcript::{Transcript, assert_transcript};

/// Rows of an answer that are looked at.
const ROWS_SHOWN: usize = 8;

fn names() -> Vec<String> {
    let listed = succeed(analyze().args(["list", "--format", "ndjson"]));
    let text = String::from_utf8(listed.stdout).unwrap();
    let name =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["name"].as_str().unwrap().to_owned();
    text.lines().map(name).collect()
}

/// What a query answers, as lines of CSV: a header, then rows.
fn ask(query: &str, lake: &Path, flags: &[&str]) -> Vec<String> {
    let mut command = analyze();
    command.args(["run", query, "--format", "csv", "--quiet", "--lake"]).arg(lake).args(flags);
    String::from_utf8(succeed(&mut command).stdout).unwrap().lines().map(str::to_owned).collect()
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample")
}

#[test]
fn analyze_every_query() {
    let names = names();
    assert!(names.len() >= 30, "{names:?}");
    let mut typed = Transcript::begin();
    for name in names {
        let rows = ask(&name, &sample(), &[]);
        let shown = rows.iter().take(1 + ROWS_SHOWN).cloned().collect::<Vec<_>>().join("\n");
        let more = rows.len().saturating_sub(1 + ROWS_SHOWN);
        // Writing to a String cannot fail.
        let _ = writeln!(typed.text, "$ analyze run {name}\n{shown}\n({more} rows more)\n");
    }
    assert_transcript!(typed);
}

#[test]
fn the_query_that_the_manual_writes_runs() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/queries/your-own.md")).unwrap();
    let sql = page.split_once("```sql\n").unwrap().1.split("```").next().unwrap();
    assert_eq!(sql.lines().count(), 10, "ten lines are promised");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("night_owls.sql"), sql).unwrap();
    let rows =
        ask("night_owls", &sample(), &["--queries", folder.path().to_str().unwrap(), "--param", "min_clicks=500"]);
    assert!(rows.len() > 3 && rows[0] == "account,affiliate_id,clicks,share", "{rows:?}");
}

/// The affiliate feed lacks columns, which are NULL, and codes that nobody knows are kept.
#[test]
fn no_query_fails_on_a_lake_of_any_kind() {
    let folder = tempfile::tempdir().unwrap();
    let lake = |name: &str, rows: String, flags: &[&str]| {
        let (file, lake) = (folder.path().join(format!("{name}.json")), folder.path().join(name));
        std::fs::write(&file, rows).unwrap();
        succeed(land(&lake).arg(file).args(flags));
        lake
    };
    let strange = |row: &String| row.replace(r#""error_code":21"#, r#""error_code":987654"#);
    let bare = r#"{"transaction_id":"a","unix_timestamp":1736467200,"error_code":0}"#.to_owned();
    let lakes = [
        lake("empty", answer(&[]), &["--source", "network-clicks"]),
        lake("one", answer(&clicks(0..1)), &["--source", "network-clicks"]),
        lake("affiliate", lines(&clicks(0..60)), &["--source", "affiliate-clicks"]),
        lake("bare", lines(&[bare]), &[]),
        lake("strange", lines(&clicks(0..60).iter().map(strange).collect::<Vec<_>>()), &["--source", "invalid-clicks"]),
    ];
    for lake in &lakes {
        let answers = answers(lake, &["--timezone", "America/New_York"]);
        let found: Vec<_> = answers.iter().filter(|(_, rows)| !rows.is_empty()).map(|(name, _)| name).collect();
        let is_empty = lake.ends_with("empty");
        assert_eq!(is_empty, found.is_empty(), "over {}: {found:?}", lake.display());
    }
}
