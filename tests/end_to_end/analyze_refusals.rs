//! What `analyze` refuses, and whether a user learns from the message what to type instead.

use std::fs;

use crate::everflow::{answer, clicks};
use crate::lake_files::partitions;
use crate::process::{land, succeed};
use crate::transcript::{Transcript, assert_transcript};

#[test]
fn analyze_wrong_flags() {
    let mut typed = Transcript::begin();
    fs::create_dir(typed.path("folder")).unwrap();
    for flags in [
        "run proxy-rates",
        "run proxyrate",
        "run gone.sql",
        "run gone/proxy_rate.sql",
        "run folder",
        "run",
        "rnu proxy_rate",
        "run proxy_rate --param min_click=5",
        "run proxy_rate --param min_clicks=few",
        "run proxy_rate --param min_clicks=",
        "run proxy_rate --param min_clicks",
        "run proxy_rate --param min_clicks=1 --param min_clicks=2",
        "run proxy_rate --param min_clicks=99999999999999999999",
        "run proxy_rate --param from=2026-03-01",
        "run error_codes --param x=1",
        "run proxy_rate --from 2026-03-05 --to 2026-03-04",
        "run proxy_rate --from 2024-11-31",
        "run proxy_rate --from 05/03/2026",
        "run proxy_rate --to yesterday",
        "run proxy_rate --timezone Europe/Berln",
        "run proxy_rate --timezone CEST",
        "run proxy_rate --memory-limit nonsense",
        "run proxy_rate --memory-limit 1MB",
        "run proxy_rate --format xlsx",
        "run proxy_rate --lake gs://bucket/lake",
        "run proxy_rate --lake s3://user:hush@bucket/lake",
        "run proxy_rate --lake gone",
        "run proxy_rate --lake folder",
        "run proxy_rate --lists gone",
        "run proxy_rate --queries gone",
        "run proxy_rate --output gone/answer.csv",
        "run proxy_rate --output folder",
        "run proxy_rate --quiet --verbose",
        "run proxy_rate --log-format json --from 2024-11-31",
    ] {
        typed.analyze(flags);
    }
    assert_transcript!(typed);
}

#[test]
fn analyze_wrong_sql() {
    let mut typed = Transcript::begin();
    for statement in [
        "SELECT error_cod FROM clicks",
        "SELECT c.user_ipp FROM clicks AS c",
        "SELECT * FROM click",
        "SELECT cuont(*) FROM clicks",
        "SELECT\n  account,\n  cout(*) FORM clicks",
        "SELECT * FROM clicks WHERE (error_code = 1",
        "SELECT 1; SELECT 2",
        "",
        "SELECT * FROM clicks WHERE error_code = 'abc'",
        "SELECT account, count(*) FROM clicks",
        "SELECT * FROM clicks LIMIT $top",
        "SELECT 1 / 0",
        "SELECT wilson_lower(1) FROM clicks",
    ] {
        typed.analyze(&format!("sql \"{statement}\" --quiet"));
    }
    assert_transcript!(typed);
}

#[test]
fn analyze_only_reads() {
    let mut typed = Transcript::begin();
    for statement in [
        "CREATE TABLE t AS SELECT 1",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "INSERT INTO clicks SELECT * FROM clicks",
        "DELETE FROM clicks",
        "UPDATE clicks SET error_code = 0",
        "COPY clicks TO 'out.csv'",
        "SET datafusion.execution.batch_size = 1",
        "DROP TABLE clicks",
        "EXPLAIN ANALYZE DELETE FROM clicks",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM 'x.parquet'",
        "SELECT * INTO t FROM clicks",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM information_schema.tables",
    ] {
        typed.analyze(&format!("sql \"{statement}\" --quiet"));
    }
    assert_transcript!(typed);
    assert_eq!(fs::read_dir(typed.folder.path()).unwrap().count(), 0, "it wrote something");
}

#[test]
fn analyze_broken_queries() {
    let mut typed = Transcript::begin();
    typed.file(
        "typo.sql",
        "-- title: A typo\n\nSELECT error_cod\nFROM clicks\nWHERE click_time BETWEEN $from AND $to\n",
    );
    typed.file("header.sql", "-- title: A header\n-- param: top bigint = many\nSELECT 1\n");
    typed.file("feed.sql", "-- title: A feed\n-- needs: network-click\nSELECT 1\n");
    typed.file("needs.sql", "-- title: A parameter\n-- param: day date    the day\nSELECT $day AS day\n");
    typed.file("latin.sql", b"-- title: caf\xe9\nSELECT 1\n");
    typed.file("empty.sql", "");
    typed.file("binary.sql", b"PAR1\x00\x01\x02");
    for query in ["typo", "header", "feed", "needs", "latin", "empty", "binary"] {
        typed.analyze(&format!("run {query}.sql --quiet"));
    }
    typed.analyze("run needs.sql --quiet --param day=2024-11-31");
    typed.analyze("run needs.sql --quiet --param day=2024-11-30");
    assert_transcript!(typed);
}

#[test]
fn analyze_damaged_lakes() {
    let mut typed = Transcript::begin();
    typed.file("rows.json", answer(&clicks(0..100)));
    let (rows, lake) = (typed.path("rows.json"), typed.path("lake"));
    succeed(land(&lake).arg(rows).args(["--source", "network-clicks"]));
    let count = "sql \"SELECT count(*) AS clicks FROM clicks\"";
    fs::write(lake.join("notes.txt"), "mine").unwrap();
    fs::write(lake.join("clicks/stray.parquet"), "not a partition").unwrap();
    typed.analyze(count);

    let partition =
        partitions(&lake).into_iter().find(|path| path.ends_with("date=2025-01-11/clicks.parquet")).unwrap();
    let good = fs::read(&partition).unwrap();
    fs::remove_file(lake.join("clicks/stray.parquet")).unwrap();
    fs::write(&partition, &good[..good.len() / 2]).unwrap();
    typed.analyze(count);
    fs::write(&partition, "").unwrap();
    typed.analyze(count);
    let mut flipped = good.clone();
    flipped[10..200].fill(0xff);
    fs::write(&partition, &flipped).unwrap();
    typed.analyze("sql \"SELECT count(DISTINCT transaction_id || tracking_url || http_user_agent) AS n FROM clicks\"");
    typed.analyze("run proxy_rate --from 2025-01-10 --to 2025-01-10 --param min_clicks=1 --quiet --format csv");
    fs::write(&partition, &good).unwrap();
    fs::write(lake.join("lake.json"), r#"{"format_version": 99, "partition": "day"}"#).unwrap();
    typed.analyze(count);
    fs::write(lake.join("lake.json"), "{").unwrap();
    typed.analyze(count);
    assert_transcript!(typed);
}
