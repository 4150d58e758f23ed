//! Through the engine, over lakes on disk.

mod remote;

use std::sync::atomic::{AtomicBool, Ordering};

use clicks::feed::Feed;
use datafusion::common::ScalarValue;
use futures::TryStreamExt;

use super::test_lake::{TestLake, interval, midnight, parquet, rows_of};
use super::*;

fn engine(lake: &TestLake, options: &Options) -> Result<Engine, EngineError> {
    Engine::new(lake.snapshot().unwrap(), options)
}

async fn ask(engine: &Engine, sql: &str) -> Result<Vec<String>, EngineError> {
    ask_with(engine, sql, &Parameters::new()).await
}

async fn ask_with(engine: &Engine, sql: &str, parameters: &Parameters) -> Result<Vec<String>, EngineError> {
    let text = SqlText { name: "q.sql".into(), sql: sql.into() };
    let answer = engine.query(&text, parameters).await?;
    let batches = answer.rows.try_collect::<Vec<_>>().await.map_err(|error| engine.explain(&text, &error))?;
    Ok(rows_of(&batches))
}

/// Ten days of March, ten clicks a day of affiliates 1 to 3.
fn ten_days() -> TestLake {
    let lake = TestLake::new();
    for day in 1..=10 {
        let clicks: Vec<_> = (0..10).map(|i| (i * 3600, 1 + i % 3, i32::from(i == 0), i % 2 == 0)).collect();
        lake.put_whole("acme", &format!("2026-03-{day:02}"), &clicks);
    }
    lake
}

fn time(text: &str) -> ScalarValue {
    let time = chrono::DateTime::parse_from_rfc3339(text).unwrap();
    ScalarValue::TimestampMicrosecond(Some(time.timestamp_micros()), Some("UTC".into()))
}

#[tokio::test]
async fn counts_groups_and_directory_keys() {
    let lake = ten_days();
    lake.put_whole("beta", "2026-03-02", &[(5, 9, 0, true)]);
    let engine = engine(&lake, &Options::default()).unwrap();
    assert_eq!(ask(&engine, "SELECT count(*), count(DISTINCT transaction_id) FROM clicks").await.unwrap(), ["101|101"]);
    let by_account =
        "SELECT account, count(*) AS n, min(date), max(date) FROM clicks GROUP BY account ORDER BY account";
    assert_eq!(
        ask(&engine, by_account).await.unwrap(),
        ["acme|100|2026-03-01|2026-03-10", "beta|1|2026-03-02|2026-03-02"]
    );
    let own_date = "SELECT count(*) FROM clicks WHERE click_date <> date OR click_time < date";
    assert_eq!(ask(&engine, own_date).await.unwrap(), ["0"]);
    assert_eq!(ask(&engine, "SELECT count(*) FROM clicks WHERE user_ip = '192.0.2.9'").await.unwrap(), ["1"]);
    let sorted = "SELECT affiliate_id FROM clicks WHERE account = 'acme' AND date = '2026-03-01' ORDER BY affiliate_id, click_time LIMIT 2";
    assert_eq!(ask(&engine, sorted).await.unwrap(), ["1", "1"]);
}

#[tokio::test]
async fn an_account_is_all_there_is_when_it_is_named() {
    let lake = ten_days();
    lake.put_whole("beta", "2026-03-02", &[(5, 9, 0, true)]);
    let beta = Options { account: Some("beta".into()), ..Options::default() };
    let engine_of_beta = engine(&lake, &beta).unwrap();
    assert_eq!(ask(&engine_of_beta, "SELECT count(*) FROM clicks").await.unwrap(), ["1"]);
    assert_eq!(ask(&engine_of_beta, "SELECT DISTINCT account FROM coverage").await.unwrap(), ["beta"]);
    let wrong = Options { account: Some("bete".into()), ..Options::default() };
    let error = engine(&lake, &wrong).err().unwrap().to_string();
    assert!(error.contains("did you mean 'beta'?"), "{error}");
}

#[tokio::test]
async fn a_bound_on_click_time_leaves_other_days_unopened() {
    let lake = ten_days();
    let parameters = Parameters::from([
        ("from".to_owned(), time("2026-03-03T05:00:00Z")),
        ("to".to_owned(), time("2026-03-04T23:59:59Z")),
    ]);
    for (condition, count, files) in [
        ("click_time BETWEEN $from AND $to", 15, 2),
        ("$from <= click_time AND $to > click_time", 15, 2),
        ("click_time >= '2026-03-09T00:00:00Z'", 20, 2),
        ("click_time > '2026-03-08 23:59:59'", 20, 3),
        ("click_time < TIMESTAMP '2026-03-02 00:00:00'", 10, 1),
        ("click_time < date_trunc('day', $from) - INTERVAL '1 day'", 10, 1),
        ("CAST(click_time AS DATE) = '2026-03-05'", 10, 1),
        ("click_time >= $from AND click_time < $from + INTERVAL '1 hour'", 1, 1),
        ("date = '2026-03-07' AND is_proxy", 5, 1),
        ("account = 'none'", 0, 0),
        ("click_time > '2026-03-10T08:59:59Z' OR click_time <= '2026-03-01T00:00:00Z'", 2, 10),
        ("error_code = 1", 10, 10),
    ] {
        let engine = engine(&lake, &Options::default()).unwrap();
        let found = ask_with(&engine, &format!("SELECT count(*) FROM clicks WHERE {condition}"), &parameters).await;
        assert_eq!(found.unwrap(), [count.to_string()], "{condition}");
        assert_eq!(engine.files_opened(), files, "{condition}");
    }
}

#[tokio::test]
async fn an_empty_lake_answers_and_an_hourly_one_has_hours() {
    let empty = TestLake::new();
    let found =
        ask(&engine(&empty, &Options::default()).unwrap(), "SELECT count(*), max(click_time) FROM clicks").await;
    assert_eq!(found.unwrap(), ["0|"]);
    let hourly = TestLake::with_partition("hour");
    for hour in ["03", "21"] {
        let second = hour.parse::<i64>().unwrap() * 3600;
        hourly.put("acme", &format!("2026-03-01/hour={hour}"), &[(second, 1, 0, false)], vec![]);
    }
    let engine = engine(&hourly, &Options::default()).unwrap();
    assert_eq!(ask(&engine, "SELECT hour FROM clicks WHERE hour > 5").await.unwrap(), ["21"]);
    assert_eq!(engine.files_opened(), 1);
}

#[tokio::test]
async fn a_query_sees_one_version_though_files_are_replaced_between_planning_and_reading() {
    let lake = ten_days();
    let engine = engine(&lake, &Options::default()).unwrap();
    let text =
        SqlText { name: "q".into(), sql: "SELECT count(*), sum(error_code) FROM clicks WHERE user_ip <> ''".into() };
    let answer = engine.query(&text, &Parameters::new()).await.unwrap();
    for day in 1..=10 {
        lake.put_whole("acme", &format!("2026-03-{day:02}"), &[(1, 1, 7, false); 3]);
    }
    let batches = answer.rows.try_collect::<Vec<_>>().await.unwrap();
    assert_eq!(rows_of(&batches), ["100|10"]);
    let next = Engine::new(lake.snapshot().unwrap(), &Options::default()).unwrap();
    assert_eq!(ask(&next, &text.sql).await.unwrap(), ["30|210"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_loop_beside_landings_it_never_fails_and_never_miscounts() {
    let lake = std::sync::Arc::new(ten_days());
    let stop = std::sync::Arc::new(AtomicBool::new(false));
    let landing = {
        let (lake, stop) = (std::sync::Arc::clone(&lake), std::sync::Arc::clone(&stop));
        std::thread::spawn(move || {
            let mut version = 0;
            while !stop.load(Ordering::Relaxed) {
                version += 1;
                let day = format!("2026-03-{:02}", 1 + version % 10);
                // Always ten clicks, in files of ever different sizes.
                let clicks: Vec<_> = (0..10)
                    .map(|i| (i * version % 86_400, i % (1 + i64::from(version as i32 % 7)), version as i32, true))
                    .collect();
                lake.put_whole("acme", &day, &clicks);
            }
            version
        })
    };
    for round in 0..15 {
        // Every third round with too few descriptors, so that files are closed and opened again.
        let options = Options { max_open_files: (round % 3 == 0).then_some(2), ..Options::default() };
        let engine = engine(&lake, &options).unwrap();
        let sql =
            "SELECT (SELECT count(*) FROM clicks WHERE user_ip <> ''), count(DISTINCT transaction_id) FROM clicks";
        match ask(&engine, sql).await {
            Ok(rows) => assert_eq!(rows, ["100|100"], "round {round}"),
            Err(EngineError::Replaced(_)) if round % 3 == 0 => {}
            Err(error) => panic!("round {round}: {error}"),
        }
    }
    stop.store(true, Ordering::Relaxed);
    assert!(landing.join().unwrap() > 10);
}

#[tokio::test]
async fn a_file_that_is_no_partition_is_named() {
    let good = parquet("2026-03-11", &[(1, 1, 0, false)], vec![]);
    let mut torn = parquet("2026-03-11", &[(1, 1, 0, false); 400], vec![]);
    let end = torn.len() - 40_000.min(torn.len() / 2);
    torn[4..end].fill(0xff);
    for (bytes, reason) in [
        (b"not parquet".to_vec(), "Parquet"),
        (Vec::new(), "it is empty"),
        (good[..good.len() - 9].to_vec(), "Parquet"),
        (torn, ""),
    ] {
        let lake = ten_days();
        let path = lake.path("acme", "2026-03-11");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        let engine = engine(&lake, &Options::default()).unwrap();
        let error =
            ask(&engine, "SELECT max(user_ip), max(is_proxy), sum(affiliate_id) FROM clicks WHERE user_ip LIKE '1%'")
                .await
                .unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, EngineError::BadFile(_)), "{error:?}");
        assert!(message.contains("clicks/account=acme/date=2026-03-11/clicks.parquet"), "{message}");
        assert!(message.contains(reason) && message.contains("move it out of the lake"), "{message}");
        // Days that are not asked for do not matter.
        assert_eq!(ask(&engine, "SELECT count(*) FROM clicks WHERE date < '2026-03-11'").await.unwrap(), ["100"]);
    }
}

#[tokio::test]
async fn a_parquet_file_of_something_else_is_named_and_strangers_are_not_read() {
    let lake = ten_days();
    std::fs::write(lake.path("acme", "2026-03-01").with_file_name("copy.parquet"), b"x").unwrap();
    let snapshot = lake.snapshot().unwrap();
    assert!(snapshot.strangers.len() == 1 && snapshot.strangers[0].ends_with("date=2026-03-01/copy.parquet"));
    let schema = std::sync::Arc::new(arrow::datatypes::Schema::new(vec![arrow::datatypes::Field::new(
        "a",
        arrow::datatypes::DataType::Int32,
        true,
    )]));
    let path = lake.path("acme", "2026-03-05");
    let file = std::fs::File::create(&path).unwrap();
    datafusion::parquet::arrow::ArrowWriter::try_new(file, schema, None).unwrap().close().unwrap();
    let error = ask(&engine(&lake, &Options::default()).unwrap(), "SELECT count(*) FROM clicks").await.unwrap_err();
    assert!(error.to_string().contains("it has no column"), "{error}");
}

#[tokio::test]
async fn errors_in_sql_point_at_their_place() {
    let lake = ten_days();
    let engine = engine(&lake, &Options::default()).unwrap();
    for (sql, expected) in [
        ("SELECT\n  affilate_id\nFROM clicks", vec!["q.sql:2:3", "^^^^^^^^^^^", "did you mean 'affiliate_id'"]),
        ("SELECT c.affilate_id FROM clicks c", vec!["q.sql:1:8", "did you mean"]),
        ("SELECT 1 FROM click", vec!["no table 'click'", "q.sql:1:15", "did you mean 'clicks'?"]),
        ("SELECT 1 FROM '/etc/passwd'", vec!["no table"]),
        ("SELECT 1 FROM \"file.parquet\"", vec!["no table"]),
        ("SELECT 1 FROM information_schema.tables", vec!["no table"]),
        ("SELECT cuont(affiliate_id) FROM clicks", vec!["q.sql:1:8", "did you mean 'count'?"]),
        ("SELECT affiliate_id, count(*) FROM clicks", vec!["affiliate_id", "q.sql:1:8"]),
        ("SELECT 1 FROM read_parquet('x')", vec!["read_parquet", "q.sql:1:15"]),
        ("SELECT @@version", vec!["q.sql"]),
        ("SELECT arrow_cast(user_ip, 'Int64') FROM clicks", vec!["192.0.2."]),
    ] {
        let error = ask(&engine, sql).await.err().unwrap_or_else(|| panic!("{sql} has an answer"));
        assert!(matches!(error, EngineError::Sql(_)), "{sql}: {error:?}");
        let message = error.to_string();
        for part in expected {
            assert!(message.contains(part), "{sql}: no {part:?} in:\n{message}");
        }
    }
}

#[tokio::test]
async fn parameters_are_values_never_text() {
    let lake = ten_days();
    let engine = engine(&lake, &Options::default()).unwrap();
    let parameters = Parameters::from([
        ("name".to_owned(), ScalarValue::Utf8(Some("x' OR '1'='1".into()))),
        ("n".to_owned(), ScalarValue::Int64(Some(2))),
        ("timezone".to_owned(), ScalarValue::Utf8(Some("Asia/Tokyo".into()))),
        ("from".to_owned(), time("2026-03-03T00:00:00Z")),
    ]);
    for (sql, expected) in [
        ("SELECT count(*) FROM clicks WHERE user_ip = $name", vec!["0"]),
        ("SELECT $name", vec!["x' OR '1'='1"]),
        ("SELECT $n + 1, coalesce($n, 0), $n / 4.0", vec!["3|2|0.5"]),
        ("SELECT affiliate_id FROM clicks WHERE date = '2026-03-01' ORDER BY 1 LIMIT $n", vec!["1", "1"]),
        ("SELECT date_trunc('month', $from)", vec!["2026-03-01T00:00:00Z"]),
        ("SELECT $from AT TIME ZONE $timezone", vec!["2026-03-03T09:00:00+09:00"]),
        ("SELECT a FROM (VALUES (1), (2), (3)) AS t(a) WHERE a IN (SELECT $n)", vec!["2"]),
        (
            "WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r WHERE i < $n) SELECT max(i) FROM r",
            vec!["2"],
        ),
        ("SELECT wilson_lower(5, 10) < 0.5 AND $n = 2", vec!["true"]),
    ] {
        assert_eq!(
            ask_with(&engine, sql, &parameters).await.unwrap_or_else(|e| panic!("{sql}: {e}")),
            expected,
            "{sql}"
        );
    }
    let plan = ask_with(&engine, "EXPLAIN SELECT * FROM clicks WHERE click_time < $from", &parameters).await.unwrap();
    assert!(plan.join("\n").contains("date <="), "{plan:#?}");
    assert!(ask(&engine, "DESCRIBE clicks").await.unwrap().iter().any(|row| row.starts_with("affiliate_id|Int64|")));
}

#[tokio::test]
async fn the_other_tables() {
    let lake = ten_days();
    let first = midnight("2026-03-01");
    let partial = vec![
        interval(Feed::InvalidClicks, first, first + 3599),
        interval(Feed::NetworkClicks, first + 60, first + 119),
    ];
    lake.put("beta", "2026-03-01", &[], partial);
    let engine = engine(&lake, &Options::default()).unwrap();
    let sql = "SELECT feed, from_time, to_time, rows, cap, saturated, cardinality(filters) FROM coverage WHERE account = 'beta' ORDER BY feed";
    assert_eq!(
        ask(&engine, sql).await.unwrap(),
        [
            "invalid-clicks|2026-03-01T00:00:00Z|2026-03-01T00:59:59Z|1||false|0",
            "network-clicks|2026-03-01T00:01:00Z|2026-03-01T00:01:59Z|1||false|0"
        ]
    );
    assert_eq!(ask(&engine, "SELECT class FROM error_codes WHERE code = 0").await.unwrap(), ["valid"]);
    assert_eq!(ask(&engine, "SELECT count(*) FROM quarantine").await.unwrap(), ["0"]);
    let range = (first, first + 86_399);
    let needs = [vec![Feed::AffiliateClicks, Feed::NetworkClicks]];
    let measured = engine.completeness(&needs, range).await.unwrap();
    assert_eq!(measured.iter().map(|account| account.covered_seconds).collect::<Vec<_>>(), [86_400, 60]);
}

#[tokio::test]
async fn memory_is_bounded_a_sort_spills_and_what_cannot_is_told() {
    let lake = TestLake::new();
    let options = Options { memory_limit_bytes: Some(16 << 20), ..Options::default() };
    let engine = engine(&lake, &options).unwrap();
    let rows = 600_000;
    let sql = format!(
        "SELECT count(*), min(v) FROM (SELECT value AS v, row_number() OVER (ORDER BY -value) AS r FROM generate_series(1, {rows})) WHERE r > 0"
    );
    let found = ask(&engine, &sql).await;
    assert_eq!(found.unwrap_or_else(|e| panic!("{e}")), [format!("{rows}|1")]);
    let sql = format!("SELECT array_agg(repeat('x', 40) || value) FROM generate_series(1, {rows})");
    let error = ask(&engine, &sql).await.unwrap_err();
    assert!(matches!(error, EngineError::Resources { .. }), "{error:?}");
    assert!(
        error.to_string().contains("memory limit of 16.0 MiB") && error.to_string().contains("--memory-limit"),
        "{error}"
    );
}

#[tokio::test]
async fn columns_named_by_parameters_are_always_called_the_same() {
    let lake = ten_days();
    let engine = engine(&lake, &Options::default()).unwrap();
    let parameters = ["from", "to", "timezone", "a", "b", "c"].map(|name| (name.to_owned(), ScalarValue::from(name)));
    let parameters = Parameters::from(parameters);
    let text = SqlText { name: "q".into(), sql: "SELECT $to, $c, $from, upper($a), $timezone, $b".into() };
    let answer = engine.query(&text, &parameters).await.unwrap();
    let schema = answer.rows.schema();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["$to", "$c", "$from", "upper($a)", "$timezone", "$b"]);
    assert_eq!(ask_with(&engine, &text.sql, &parameters).await.unwrap(), ["to|c|from|A|timezone|b"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn planning_ends_with_thousands_of_terms_and_is_given_up_when_it_takes_too_long() {
    let lake = ten_days();
    let sql = |op: &str, terms: u32| {
        let terms: Vec<String> = (0..terms).map(|i| format!("affiliate_id = {i}")).collect();
        format!("SELECT count(*) FROM clicks WHERE {}", terms.join(op))
    };
    let patient = engine(&lake, &Options::default()).unwrap();
    assert_eq!(ask(&patient, &sql(" OR ", 2_000)).await.unwrap(), ["100"]);
    let hasty = Options { planning_time_max: Some(std::time::Duration::from_millis(1)), ..Options::default() };
    let error = ask(&engine(&lake, &hasty).unwrap(), &sql(" AND ", 500)).await.unwrap_err();
    assert!(matches!(error, EngineError::Planning(_)), "{error}");
    assert!(error.to_string().contains("planning takes longer than 0.001 s"), "{error}");
}

#[tokio::test]
async fn a_session_beside_another_has_tables_of_its_own() {
    let lake = ten_days();
    let mut one = engine(&lake, &Options::default()).unwrap();
    let mut other = one.beside();
    let text = |sql: &str| SqlText { name: "kept.sql".into(), sql: sql.into() };
    let kept = BTreeMap::from([("a", text("SELECT 1 AS x")), ("b", text("SELECT count(*) AS x FROM clicks"))]);
    one.keep(&kept, &Parameters::new()).await.unwrap();
    other.define("a", &text("SELECT 2 AS x"), &Parameters::new()).unwrap();
    assert_eq!(ask(&one, "SELECT a.x, b.x FROM a, b").await.unwrap(), ["1|100"]);
    assert_eq!(ask(&other, "SELECT x FROM a").await.unwrap(), ["2"]);
    assert!(!other.has_table("b"));
    one.drop_tables(["a", "b"].into_iter());
    assert!(!one.has_table("a") && other.has_table("a"));
}

#[test]
fn an_answer_has_no_more_streams_than_its_lake_keeps_busy() {
    let lake = ten_days();
    let snapshot = lake.snapshot().unwrap();
    let bytes: u64 = snapshot.clicks.iter().map(|file| file.source.size_bytes()).sum();
    assert!(bytes > 1000);
    assert_eq!(snapshot.multiples_of(bytes, 8), 1);
    assert_eq!(snapshot.multiples_of(bytes - 1, 8), 2);
    assert_eq!(snapshot.multiples_of(bytes / 4, 3), 3);
    assert_eq!(TestLake::new().snapshot().unwrap().multiples_of(1, 8), 0);
}
