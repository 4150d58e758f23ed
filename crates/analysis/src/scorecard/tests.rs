//! Scores over many days, as whole commands: a made-up network of publishers, its past, verdicts and configurations.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use clap::Parser;
use parquet::arrow::ArrowWriter;
use serde_json::Value;
use tempfile::TempDir;

use crate::args::Arguments;
use crate::engine::test_lake::TestLake;
use crate::environment::Environment;
use crate::printer::tests::Shared;
use crate::printer::{LogFormat, Printer};
use crate::run::{Outcome, run};
use crate::temporaries::Temporaries;

mod learned;

const PUBLISHERS: usize = 30;
const DAYS: usize = 12;

/// A folder with a table of publishers by day, two signals about it, and an empty lake.
struct Network {
    folder: TempDir,
    lake: TestLake,
}

/// What a command wrote, as JSON, and said.
struct Ended {
    rows: Vec<Value>,
    said: String,
}

impl Network {
    /// Honest publishers of steady rates. On the last day number 7 sends a quarter of its clicks twice, half of them at night.
    fn new() -> Self {
        let network = Self { folder: tempfile::tempdir().unwrap(), lake: TestLake::new() };
        let (mut days, mut ids, mut repeats, mut nights) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        // Numbers that look like chance, and are the same in every run.
        let mut state = 42_u64;
        let mut chance = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / f64::from(1_u32 << 31)
        };
        for day in 1..=DAYS {
            for publisher in 0..PUBLISHERS {
                let turns = day == DAYS && publisher == 7;
                days.push(format!("2026-03-{day:02}"));
                ids.push(publisher.to_string());
                let mut hits = |rate: f64| (0..CLICKS as usize).filter(|_| chance() < rate).count() as f64;
                repeats.push(if turns { CLICKS / 4.0 } else { hits(0.02) });
                nights.push(if turns { CLICKS / 2.0 } else { hits(0.1) });
            }
        }
        let columns: [(&str, ArrayRef); 4] = [
            ("day", Arc::new(StringArray::from(days))),
            ("id", Arc::new(StringArray::from(ids))),
            ("repeats", Arc::new(Float64Array::from(repeats))),
            ("nights", Arc::new(Float64Array::from(nights))),
        ];
        let rows = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer =
            ArrowWriter::try_new(File::create(network.path("publishers.parquet")).unwrap(), rows.schema(), None)
                .unwrap();
        writer.write(&rows).unwrap();
        writer.close().unwrap();
        network.write("signals/repeats.sql", &signal("repetition", "repeats"));
        network.write("signals/nights.sql", &signal("timing", "nights"));
        network
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Verdicts on all publishers: these are frauds, the others cleared.
    fn label(&self, frauds: &[usize], day: &str) {
        let line = |publisher: usize| {
            let verdict = if frauds.contains(&publisher) { "fraud" } else { "cleared" };
            format!("{publisher},{verdict},{day}\n")
        };
        let lines: String = (0..PUBLISHERS).map(line).collect();
        self.write("labels.csv", &format!("entity,verdict,date\n{lines}"));
    }

    /// Runs `analyze COMMAND` over days of March. Files are named within the folder.
    async fn run(&self, command: &str, from: usize, to: usize, args: &[&str]) -> Ended {
        let output = self.path("answer.json");
        let table = format!("publishers={}", self.path("publishers.parquet").display());
        let [from, to] = [from, to].map(|day| format!("2026-03-{day:02}"));
        let file = |name: &str| self.path(name).display().to_string();
        let (signals, lake, written) = (file("signals"), self.lake.root().display().to_string(), file("answer.json"));
        let mut all = vec!["analyze", command, "--from", &from, "--to", &to, "--table", &table, "--signals", &signals];
        all.extend(["--lake", &lake, "--format", "json", "--output", &written]);
        let args: Vec<String> = args
            .iter()
            .map(|arg| if Path::new(arg).extension().is_some() || *arg == "scores" { file(arg) } else { (*arg).into() })
            .collect();
        all.extend(args.iter().map(String::as_str));
        let said = Shared::default();
        let printer = Printer::new(LogFormat::Text, false, false, Box::new(said.clone()));
        let arguments = Arguments::try_parse_from(all).unwrap();
        let ended = run(arguments, &Environment::default(), &printer, &Temporaries::default()).await;
        assert_eq!(ended.map_err(|error| error.to_string()), Ok(Outcome::Done), "{}", said.text());
        let rows = serde_json::from_str(&fs::read_to_string(output).unwrap()).unwrap();
        Ended { rows, said: said.text() }
    }
}

const CLICKS: f64 = 400.0;

fn signal(family: &str, column: &str) -> String {
    format!(
        "-- title: {column}\n-- about: {column}\n-- family: {family}\n-- kind: rate\n-- reason: {{observed}} against {{expected}}\n\
         SELECT 'default' AS account, id AS entity, {column} AS x, {CLICKS}.0 AS n\n\
         FROM publishers\nWHERE CAST(day AS TIMESTAMP) BETWEEN $from AND $to\n"
    )
}

/// Who has this tier, with the day where there is one.
fn with_tier(rows: &[Value], tier: &str) -> Vec<String> {
    let rows = rows.iter().filter(|row| row["tier"] == tier);
    rows.map(|row| format!("{} {}", row["date"].as_str().unwrap_or("-"), row["entity"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn cleared_days_calibrate_the_next_one() {
    let network = Network::new();
    network.label(&[], "2026-03-31");
    let past = network.run("score", 1, DAYS - 1, &["--daily", "--scores", "scores"]).await;
    assert!(past.said.contains("scores are uncalibrated"), "{}", past.said);
    assert_eq!(past.rows.len(), PUBLISHERS * (DAYS - 1));
    assert_eq!(with_tier(&past.rows, "flag"), Vec::<String>::new());

    let last = network.run("score", DAYS, DAYS, &["--labels", "labels.csv", "--scores", "scores"]).await;
    let cleared = PUBLISHERS * (DAYS - 1);
    let said = format!("scores are calibrated: p-values are ranks among {cleared} cleared windows");
    assert!(last.said.contains(&said), "{}", last.said);
    assert_eq!(with_tier(&last.rows, "flag"), ["- 7"]);
    // The first of as many ranks as there are cleared windows of others.
    let p = last.rows[0]["p"].as_f64().unwrap();
    assert!((p - 1.0 / (cleared - (DAYS - 1) + 1) as f64).abs() < 1e-8, "{p}");

    // Without the verdicts the same windows are no reference.
    let unlabelled = network.run("score", DAYS, DAYS, &["--scores", "scores"]).await;
    assert!(unlabelled.said.contains("scores are uncalibrated"), "{}", unlabelled.said);
}

#[tokio::test]
async fn scores_of_other_signals_are_no_reference() {
    let network = Network::new();
    network.label(&[], "2026-03-31");
    network.run("score", 1, DAYS - 1, &["--daily", "--scores", "scores"]).await;
    network.write(
        "signals/repeats.sql",
        &signal("repetition", "repeats").replace("repeats AS x", "floor(repeats / 2) AS x"),
    );
    let last = network.run("score", DAYS, DAYS, &["--labels", "labels.csv", "--scores", "scores"]).await;
    assert!(last.said.contains("(0 of 300 cleared windows"), "{}", last.said);
    assert!(last.said.contains("11 earlier windows do not count: other signals or settings"), "{}", last.said);
    // What only decides what is made of a score changes none.
    network.write("signals/repeats.sql", &signal("repetition", "repeats"));
    network.write("stern.toml", "[score]\nwatch_score = 5\nfalse_discovery_rate = 0.2\n");
    let args = ["--labels", "labels.csv", "--scores", "scores", "--config", "stern.toml"];
    let last = network.run("score", DAYS, DAYS, &args).await;
    assert!(last.said.contains("scores are calibrated") && !last.said.contains("do not count"), "{}", last.said);
}

#[tokio::test]
async fn a_backtest_tells_what_two_configurations_would_have_flagged() {
    let network = Network::new();
    network.label(&[7], "2026-03-31");
    network.write("defaults.toml", "");
    network.write("never.toml", "[score]\nfalse_discovery_rate = 0\n");
    let configs = ["--config", "defaults.toml", "--config", "never.toml", "--labels", "labels.csv"];
    let ended = network.run("backtest", DAYS - 2, DAYS, &configs).await;
    let [row] = &ended.rows[..] else { panic!("{:?}", ended.rows) };
    let of = |key: &str| row[key].as_str().unwrap();
    assert_eq!([of("date"), of("entity"), of("flagged_by"), of("verdict")], ["2026-03-12", "7", "A only", "fraud"]);
    assert_eq!(row["score_a"], row["score_b"], "configurations decide what is made of a score");
    assert!(ended.said.contains("defaults.toml): 1 flag of 1 entity on 3 days; precision 100 %"), "{}", ended.said);
    assert!(ended.said.contains("never.toml): 0 flags of 0 entities on 3 days; no verdict"), "{}", ended.said);
    assert!(ended.said.contains("they differ on 1 of these flags"), "{}", ended.said);
}
