//! Pulls from a real server in this process, into real files.

use std::collections::BTreeMap;
use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use clap::Parser as _;
use clicks::lake::{Account, Lake};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use simulator::server::{Click, Server};
use tempfile::TempDir;

use super::*;
use crate::api::{ApiKey, ClientConfig, RetryPolicy};
use crate::args::{Args, Command};

mod first;
mod seeds;

/// A server, a folder for the lake, and what is typed.
pub(super) struct Scene {
    pub(super) server: Server,
    pub(super) folder: TempDir,
    pub(super) now: i64,
}

pub(super) const DAY: i64 = 86_400;

impl Scene {
    /// A server that has these clicks; its clock is the real one.
    pub(super) fn new(clicks: Vec<Click>) -> Scene {
        let now = now();
        let server = Server::with_clicks(clicks, now).unwrap();
        server.set_clock(simulator::server::Clock::Real);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), "network-key\n").unwrap();
        std::fs::set_permissions(folder.path().join("key"), Permissions::from_mode(0o600)).unwrap();
        Scene { server, folder, now }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn args(&self, line: &str) -> Pull {
        let (lake, key) = (self.path("lake"), self.path("key"));
        let mut words = vec!["fetcher".to_owned(), "pull".to_owned()];
        words.extend(line.split_whitespace().map(str::to_owned));
        words.extend(["--base-url".to_owned(), self.server.base_url()]);
        words.extend(["--lake".to_owned(), lake.display().to_string()]);
        words.extend(["--api-key-file".to_owned(), key.display().to_string()]);
        let args = Args::try_parse_from(words).unwrap_or_else(|error| panic!("{error}"));
        match args.command {
            Command::Pull(pull) => *pull,
            other => panic!("{other:?}"),
        }
    }

    /// Types a pull from a server whose answers are cut at so many rows, with a client that does not wait.
    pub(super) fn pull_hastily(&self, line: &str, row_cap: u64, interrupt: &Interrupt) -> Result<Outcome, PullError> {
        let args = self.args(line);
        let mut order = Order::of(&args, now())?;
        order.row_cap = row_cap;
        let key = ApiKey::load(args.everflow.api_key_file.as_deref(), None).unwrap().key;
        let mut config = ClientConfig::new(&self.server.base_url(), key);
        let limits = Limits { requests_per_second: 100_000, requests_max: args.max_requests, ..Limits::network() };
        config.limits = limits;
        let wait = Duration::from_millis(1);
        config.retry = RetryPolicy { first_wait: wait, longest_wait: wait, ..RetryPolicy::default() };
        super::pull(&args, order, Client::new(config).unwrap(), None, interrupt.clone(), &quiet())
    }

    /// Types a pull.
    pub(super) fn pull(&self, line: &str) -> Result<Outcome, PullError> {
        run(&self.args(line), &quiet())
    }

    pub(super) fn lake(&self) -> Lake {
        Lake::open(&self.path("lake")).unwrap()
    }

    pub(super) fn coverage(&self) -> Vec<Interval> {
        coverage_of(&self.lake(), &Account::default()).unwrap()
    }

    /// How many requests came since the last call.
    pub(super) fn requests(&self) -> usize {
        let requests = self.server.received().len();
        self.server.forget_received();
        requests
    }
}

pub(super) fn quiet() -> Printer {
    let args = Args::try_parse_from(["fetcher", "--quiet", "land", "x"]).unwrap();
    Printer::new(&args.talk)
}

/// The clicks of the lake: transaction id -> second; none may be there twice.
pub(super) fn clicks_of(lake: &Lake) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    for partition in lake.partitions().unwrap() {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(&partition.path).unwrap()).unwrap();
        let mask = ProjectionMask::columns(builder.parquet_schema(), ["transaction_id", "click_time"]);
        for batch in builder.with_projection(mask).build().unwrap() {
            let batch = batch.unwrap();
            let times = batch.column_by_name("click_time").unwrap().as_primitive::<TimestampMicrosecondType>().values();
            let ids = batch.column_by_name("transaction_id").unwrap().as_string::<i32>();
            for (id, micros) in ids.iter().flatten().zip(times) {
                let twice = found.insert(id.to_owned(), micros / 1_000_000);
                assert_eq!(twice, None, "{id} is in the lake twice");
            }
        }
    }
    found
}

/// What the server has of a feed, within a window.
pub(super) fn truth(server: &Server, feed: simulator::Feed, window: Window) -> BTreeMap<String, i64> {
    let is_within = |click: &&Click| (window.from..=window.to).contains(&click.unix_timestamp);
    let truth = server.truth(feed);
    truth.iter().filter(is_within).map(|click| (click.transaction_id.clone(), click.unix_timestamp)).collect()
}
