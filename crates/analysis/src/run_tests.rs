//! Commands in one process: what they write, what they say, how they end.

use std::path::{Path, PathBuf};

use clap::Parser;
use clicks::feed::Feed;
use clicks::lake::Place;

use super::*;
use crate::engine::test_lake::{TestLake, interval, midnight};
use crate::printer::LogFormat;
use crate::printer::tests::Shared;
use crate::request::{LakeChoice, choose_lake};

/// What became of a command.
struct Ended {
    result: Result<Outcome, String>,
    output: Option<String>,
    said: String,
}

/// Runs `analyze ARGS --lake LAKE --output FILE` and reads the file.
async fn analyze(lake: &TestLake, args: &[&str]) -> Ended {
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("answer");
    let ended = analyze_into(&output, lake, args).await;
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), usize::from(ended.result.is_ok()), "left behind: {left:?}");
    ended
}

async fn analyze_into(output: &Path, lake: &TestLake, args: &[&str]) -> Ended {
    let lake = lake.root().to_str().unwrap();
    let places = ["--lake", lake, "--output", output.to_str().unwrap()];
    let all = ["analyze"].iter().chain(args).chain(&places);
    let arguments = Arguments::try_parse_from(all).unwrap();
    let said = Shared::default();
    let printer = Printer::new(LogFormat::Text, false, false, Box::new(said.clone()));
    let result = run(arguments, &Environment::default(), &printer, &Temporaries::default())
        .await
        .map_err(|error| error.to_string());
    Ended { result, output: std::fs::read_to_string(output).ok(), said: said.text() }
}

fn two_days() -> TestLake {
    let lake = TestLake::new();
    lake.put_whole("acme", "2026-03-01", &[(0, 1, 0, true), (3600, 1, 7, false)]);
    let second = midnight("2026-03-02");
    let covered = vec![interval(Feed::NetworkClicks, second, second + 43_199)];
    lake.put("acme", "2026-03-02", &[(1, 2, 0, false), (43_000, 2, 0, false)], covered);
    lake
}

fn query(dir: &tempfile::TempDir, text: &str) -> PathBuf {
    let path = dir.path().join("mine.sql");
    std::fs::write(&path, text).unwrap();
    path
}

const COUNT: &str = "-- title: Clicks
-- needs: network-clicks | affiliate-clicks
-- param: code int = 0    only this error code
SELECT count(*) AS n, min(click_time) AS first FROM clicks
WHERE click_time BETWEEN $from AND $to AND error_code >= $code";

#[tokio::test]
async fn a_file_with_parameters_and_a_range() {
    let (lake, dir) = (two_days(), tempfile::tempdir().unwrap());
    let path = query(&dir, COUNT);
    let file = path.to_str().unwrap();
    let ended = analyze(&lake, &["run", file, "--format", "csv", "--to", "2026-03-01"]).await;
    assert_eq!(ended.result, Ok(Outcome::Done));
    assert_eq!(ended.output.unwrap(), "n,first\n2,2026-03-01T00:00:00Z\n");
    assert_eq!(ended.said, "");
    let args =
        ["run", file, "--format", "csv", "--param", "code=7", "--from", "2026-03-01", "--to", "2026-03-01 01:00:00"];
    assert!(analyze(&lake, &args).await.output.unwrap().contains("1,2026-03-01T01:00:00Z"));
    // Half past midnight in Tokyo is still the day before in UTC.
    let args = [
        "run",
        file,
        "--format",
        "csv",
        "--from",
        "2026-03-02",
        "--timezone",
        "Asia/Tokyo",
        "--to",
        "2026-03-02 09:30:00",
    ];
    assert!(analyze(&lake, &args).await.output.unwrap().contains("1,2026-03-02T00:00:01Z"));
}

#[tokio::test]
async fn incomplete_data_is_said_and_can_be_refused() {
    let (lake, dir) = (two_days(), tempfile::tempdir().unwrap());
    let path = query(&dir, COUNT);
    let file = path.to_str().unwrap();
    let ended = analyze(&lake, &["run", file]).await;
    assert_eq!(ended.result, Ok(Outcome::Done));
    let note = "note: network-clicks covers 75.0 % of 2026-03-01 .. 2026-03-02 UTC in account acme; \
                1 gap, first 2026-03-02 12:00:00 .. 23:59:59 UTC (see: SELECT * FROM coverage)\n";
    assert_eq!(ended.said, note);
    let ended = analyze(&lake, &["run", file, "--require-complete", "--format", "csv"]).await;
    assert_eq!(ended.result, Ok(Outcome::Incomplete));
    assert!(ended.output.unwrap().contains("4,"), "the answer is written all the same");
    let ended = analyze(&lake, &["run", file, "--require-complete", "--to", "2026-03-02 11:59:59"]).await;
    assert_eq!((ended.result, ended.said.as_str()), (Ok(Outcome::Done), ""));
    let ended = analyze(&lake, &["run", file, "--from", "2027-01-01"]).await;
    assert!(ended.said.contains("rates have no denominator"), "{}", ended.said);
}

#[tokio::test]
async fn what_is_wrong_is_said_with_what_to_do() {
    let (lake, dir) = (two_days(), tempfile::tempdir().unwrap());
    let path = query(&dir, &COUNT.replace("= 0 ", "    "));
    let file = path.to_str().unwrap();
    for (args, expected) in [
        (vec!["run", file], "needs the parameter code: give it with --param code=VALUE (only this error code)"),
        (vec!["run", file, "--param", "cod=1"], "no such parameter; did you mean code?"),
        (vec!["run", file, "--param", "code"], "write NAME=VALUE"),
        (vec!["run", file, "--param", "code=1", "--param", "code=2"], "given twice"),
        (vec!["run", file, "--param", "code=many"], "'many' is no int"),
        (vec!["run", file, "--param", "from=2026-03-01"], "use --from"),
        (vec!["sql", "SELECT 1", "--from", "2024-11-31"], "--from: `2024-11-31` does not exist in the calendar"),
        (vec!["sql", "SELECT 1", "--from", "2026-03-02", "--to", "2026-03-01"], "is after --to"),
        (vec!["sql", "SELECT 1", "--timezone", "Europe/Berln"], "did you mean Europe/Berlin?"),
        (vec!["sql", "SELECT 1", "--memory-limit", "lots"], "512MB"),
        (vec!["sql", "SELECT 1", "--account", "acne"], "did you mean 'acme'?"),
        (vec!["sql", "SELECT $x"], "--param x=VALUE"),
        (vec!["sql", "SELECT nope FROM clicks"], "statement:1:8"),
        (vec!["sql", "DROP TABLE clicks"], "DROP is refused"),
        (vec!["run", "./none.sql"], "cannot read ./none.sql"),
        (vec!["run", "no_such_query"], "no query is called 'no_such_query'"),
    ] {
        let error = analyze(&lake, &args).await.result.unwrap_err();
        assert!(error.contains(expected), "{args:?}: {error}");
    }
}

#[tokio::test]
async fn a_failing_query_leaves_an_existing_output_as_it_was() {
    let (lake, dir) = (two_days(), tempfile::tempdir().unwrap());
    let output = dir.path().join("answer.csv");
    std::fs::write(&output, "before").unwrap();
    // Fails only when the rows are there.
    let statement = "SELECT 1 / (affiliate_id - 2) FROM clicks";
    let ended = analyze_into(&output, &lake, &["sql", statement, "--format", "csv"]).await;
    assert!(ended.result.unwrap_err().to_lowercase().contains("divide by zero"));
    assert_eq!(ended.output.as_deref(), Some("before"));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn statements_take_any_parameter_and_every_format_writes() {
    let lake = two_days();
    let statement = "SELECT affiliate_id, count(*) AS n FROM clicks WHERE affiliate_id = $id GROUP BY 1";
    for format in ["table", "csv", "json", "ndjson", "markdown", "html", "parquet", "arrow"] {
        let ended = analyze(&lake, &["sql", statement, "--param", "id=2", "--format", format]).await;
        assert_eq!(ended.result, Ok(Outcome::Done), "{format}");
    }
    let ended = analyze(&lake, &["sql", statement, "--param", "id=2", "--format", "ndjson"]).await;
    assert_eq!(ended.output.unwrap(), "{\"affiliate_id\":2,\"n\":2}\n");
}

#[tokio::test]
async fn lists_replace_error_codes_and_an_empty_lake_says_so() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("error_codes.csv"), "code,name,class,is_fraud_signal\n0,Fine,valid,false\n")
        .unwrap();
    let lists = dir.path().to_str().unwrap();
    let args = ["sql", "SELECT name FROM error_codes WHERE code = 0", "--lists", lists, "--format", "csv"];
    let ended = analyze(&TestLake::new(), &args).await;
    assert_eq!(ended.output.unwrap().lines().last(), Some("Fine"));
    assert!(ended.said.contains("the lake holds no clicks yet"));
}

#[test]
fn the_lake_is_the_flags_then_the_environments_then_the_sample() {
    let named = Environment { lake: Some("from-environment".into()), ..Environment::default() };
    let folder = |name: &str| LakeChoice::Named(Place::Folder(name.into()));
    assert_eq!(choose_lake(Some(Path::new("flag")), &named).unwrap(), folder("flag"));
    assert_eq!(choose_lake(None, &named).unwrap(), folder("from-environment"));
    assert_eq!(choose_lake(None, &Environment::default()).unwrap(), LakeChoice::Sample);
    let s3 = Place::parse(Path::new("s3://bucket/lake")).unwrap();
    assert_eq!(choose_lake(Some(Path::new("s3://bucket/lake")), &named).unwrap(), LakeChoice::Named(s3));
    assert!(choose_lake(Some(Path::new("gs://bucket/lake")), &named).is_err());
}
