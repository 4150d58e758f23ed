//! `fetcher pull` as a user meets it: the real binary, a real server, real files.

mod clocks;
mod ends;
mod key;
mod kills;
mod plans;
mod pseudonyms;
mod raw;
mod refusals;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use chrono::{DateTime, SecondsFormat, Utc};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use simulator::Feed;
use simulator::server::{Click, Clock, Server};
use tempfile::TempDir;

use crate::lake_files;
use crate::process::fetcher;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
const NETWORK_KEY: &str = "network-key";

/// A server, a folder, and commands that know of both.
struct Scene {
    server: Server,
    folder: TempDir,
}

impl Scene {
    fn new(clicks: Vec<Click>) -> Scene {
        let server = Server::with_clicks(clicks, now()).unwrap();
        server.set_clock(Clock::Real);
        Scene { server, folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn lake(&self) -> PathBuf {
        self.path("lake")
    }

    /// `fetcher pull` into the lake, to which flags are added; words are parted by spaces.
    fn pull(&self, flags: &str) -> Command {
        self.pull_into(&self.lake(), flags)
    }

    fn pull_into(&self, lake: &Path, flags: &str) -> Command {
        let mut command = fetcher();
        command.current_dir(self.folder.path()).arg("pull").args(flags.split_whitespace());
        command.arg("--lake").arg(lake).args(["--base-url", &self.server.base_url()]);
        command.env("EVERFLOW_API_KEY", NETWORK_KEY);
        command
    }

    fn requests(&self) -> usize {
        self.server.received().len()
    }

    /// The server's refused clicks of a range, by id.
    fn truth(&self, from: i64, to: i64) -> BTreeMap<String, i64> {
        let truth = self.server.truth(Feed::InvalidClicks);
        let within = truth.into_iter().filter(|click| (from..=to).contains(&click.unix_timestamp));
        within.map(|click| (click.transaction_id, click.unix_timestamp)).collect()
    }
}

fn now() -> i64 {
    Utc::now().timestamp()
}

/// A refused click.
fn refused(second: i64, id: impl Into<String>) -> Click {
    Click { error_code: 9, ..Click::new(second, id) }
}

/// Refused clicks, one every so many seconds.
fn regular(from: i64, to: i64, every: usize) -> Vec<Click> {
    (from..=to).step_by(every).map(|second| refused(second, format!("{second:x}"))).collect()
}

/// A time as it is typed.
fn time(second: i64) -> String {
    DateTime::<Utc>::from_timestamp(second, 0).unwrap().to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The clicks of a lake by id, with their seconds; none may be there twice.
fn clicks_of(lake: &Path) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    for path in lake_files::partitions(lake) {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
        let mask = ProjectionMask::columns(builder.parquet_schema(), ["transaction_id", "click_time"]);
        for batch in builder.with_projection(mask).build().unwrap() {
            let batch = batch.unwrap();
            let times = batch.column_by_name("click_time").unwrap().as_primitive::<TimestampMicrosecondType>();
            let ids = batch.column_by_name("transaction_id").unwrap().as_string::<i32>();
            for (id, micros) in ids.iter().flatten().zip(times.values()) {
                assert_eq!(found.insert(id.to_owned(), micros / 1_000_000), None, "{id} is there twice");
            }
        }
    }
    found
}

/// The intervals of coverage in a lake's footers: first and last second, and whether they are saturated.
fn coverage_of(lake: &Path) -> Vec<(i64, i64, bool)> {
    let mut found = Vec::new();
    for path in lake_files::partitions(lake) {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
        let pairs = builder.metadata().file_metadata().key_value_metadata().unwrap();
        let text = pairs.iter().find(|pair| pair.key == "clickproof.coverage").and_then(|pair| pair.value.clone());
        let intervals: Vec<Value> = serde_json::from_str(&text.unwrap()).unwrap();
        found.extend(intervals.iter().map(|interval| {
            let second = |key: &str| DateTime::parse_from_rfc3339(interval[key].as_str().unwrap()).unwrap().timestamp();
            (second("from_time"), second("to_time"), interval["saturated"].as_bool().unwrap())
        }));
    }
    found.sort_unstable();
    found
}

/// True where proven coverage has every second of a range.
fn is_covered(lake: &Path, from: i64, to: i64) -> bool {
    let mut next = from;
    for (first, last, is_saturated) in coverage_of(lake) {
        if !is_saturated && first <= next {
            next = next.max(last + 1);
        }
    }
    next > to
}

/// The summary for programs.
fn summary(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}
