//! The shipped rates, worked out once more by a loop over the files of the sample.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::lake_files::partitions;
use crate::process::{analyze, succeed};

const NETWORK: &str = "network-clicks";
const AFFILIATE: &str = "affiliate-clicks";
const INVALID: &str = "invalid-clicks";

/// A click, and which feeds were fetched for the second it fell on.
struct Click {
    account: String,
    affiliate_id: Option<i64>,
    second: i64,
    is_proxy: Option<bool>,
    is_invalid: bool,
    feeds: String,
    fetched: Vec<String>,
}

impl Click {
    fn is_fetched(&self, feed: &str) -> bool {
        self.fetched.iter().any(|fetched| fetched == feed)
    }
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample")
}

/// The closed seconds of each feed that a file's footer claims.
fn coverage(json: &str) -> Vec<(String, i64, i64)> {
    let intervals: Vec<serde_json::Value> = serde_json::from_str(json).unwrap();
    let second =
        |time: &serde_json::Value| chrono::DateTime::parse_from_rfc3339(time.as_str().unwrap()).unwrap().timestamp();
    let claim = |interval: &serde_json::Value| {
        assert!(interval["filters"].as_array().is_none_or(Vec::is_empty), "the sample has no filtered answers");
        (interval["feed"].as_str().unwrap().to_owned(), second(&interval["from_time"]), second(&interval["to_time"]))
    };
    intervals.iter().map(claim).collect()
}

fn all_clicks() -> Vec<Click> {
    let mut clicks = Vec::new();
    for path in partitions(&sample()) {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
        let facts = builder.metadata().file_metadata().key_value_metadata().unwrap();
        let json = facts.iter().find(|fact| fact.key == "clickproof.coverage").unwrap().value.clone().unwrap();
        let covered = coverage(&json);
        let names = path.iter().map(|part| part.to_str().unwrap());
        let account = names.filter_map(|part| part.strip_prefix("account=")).next().unwrap().to_owned();
        for batch in builder.build().unwrap() {
            append(&mut clicks, &batch.unwrap(), &account, &covered);
        }
    }
    assert!(clicks.len() > 20_000, "{} clicks", clicks.len());
    clicks
}

fn append(clicks: &mut Vec<Click>, batch: &RecordBatch, account: &str, covered: &[(String, i64, i64)]) {
    let column = |name: &str| batch.column_by_name(name).unwrap();
    let (ids, codes) =
        (column("affiliate_id").as_primitive::<Int64Type>(), column("error_code").as_primitive::<Int32Type>());
    let (times, proxies) =
        (column("click_time").as_primitive::<TimestampMicrosecondType>(), column("is_proxy").as_boolean());
    let feeds = column("feeds").as_string::<i32>();
    for row in 0..batch.num_rows() {
        let second = times.value(row).div_euclid(1_000_000);
        let fetched = covered.iter().filter(|(_, from, to)| *from <= second && second <= *to);
        clicks.push(Click {
            account: account.to_owned(),
            affiliate_id: ids.is_valid(row).then(|| ids.value(row)),
            second,
            is_proxy: proxies.is_valid(row).then(|| proxies.value(row)),
            is_invalid: codes.value(row) != 0,
            feeds: feeds.value(row).to_owned(),
            fetched: fetched.map(|(feed, ..)| feed.clone()).collect(),
        });
    }
}

/// What `analyze` answers: a line of cells each.
fn answer(query: &str, flags: &[&str]) -> Vec<Vec<String>> {
    let mut command = analyze();
    command.args(["run", query, "--format", "ndjson", "--quiet", "--lake"]).arg(sample()).args(flags);
    let text = String::from_utf8(succeed(&mut command).stdout).unwrap();
    let row = |line: &str| {
        let row: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        row.into_iter().map(|(name, value)| format!("{name}={}", shown(&value))).collect()
    };
    text.lines().map(row).collect()
}

/// Rates differ in their last digits by the order in which they are worked out.
fn shown(value: &serde_json::Value) -> String {
    match value.as_f64().filter(|_| value.is_f64()) {
        Some(rate) => format!("{rate:.12}"),
        None => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }
}

/// Wilson's interval at 95 %, as Brown, Cai and DasGupta (2001) write it.
fn wilson(k: u32, n: u32) -> (f64, f64) {
    let (kappa, n, p) = (1.959_963_984_540_054_f64, f64::from(n), f64::from(k) / f64::from(n));
    let center = (f64::from(k) + kappa * kappa / 2.0) / (n + kappa * kappa);
    let half = kappa * n.sqrt() / (n + kappa * kappa) * (p * (1.0 - p) + kappa * kappa / (4.0 * n)).sqrt();
    ((center - half).max(0.0), (center + half).min(1.0))
}

fn rate_cells(rate: &str, k: u32, n: u32) -> Vec<String> {
    let (low, high) = wilson(k, n);
    let rate = format!("{rate}={:.12}", f64::from(k) / f64::from(n));
    vec![rate, format!("wilson_low={low:.12}"), format!("wilson_high={high:.12}")]
}

fn sorted(mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    for row in &mut rows {
        row.retain(|cell| !cell.starts_with("affiliate_name="));
        row.sort();
    }
    rows.sort();
    rows
}

#[test]
fn the_proxy_rate_is_what_a_loop_counts() {
    let mut counts: BTreeMap<(String, Option<i64>), (u32, u32)> = BTreeMap::new();
    for click in all_clicks() {
        let is_counted = click.is_fetched(NETWORK) || click.is_fetched(AFFILIATE) || click.feeds != INVALID;
        if let Some(is_proxy) = click.is_proxy.filter(|_| is_counted) {
            let (clicks, proxies) = counts.entry((click.account, click.affiliate_id)).or_default();
            *clicks += 1;
            *proxies += u32::from(is_proxy);
        }
    }
    for min_clicks in [1, 100, 442] {
        let counted = counts.iter().filter(|(_, (clicks, _))| *clicks >= min_clicks);
        let expected = counted.map(|((account, affiliate), &(clicks, proxies))| {
            let affiliate = affiliate.map_or_else(|| "null".to_owned(), |id| id.to_string());
            let mut row = vec![format!("account={account}"), format!("affiliate_id={affiliate}")];
            row.extend([format!("clicks={clicks}"), format!("proxy_clicks={proxies}")]);
            row.extend(rate_cells("proxy_rate", proxies, clicks));
            row
        });
        let expected: Vec<_> = expected.collect();
        assert!(!expected.is_empty());
        let found = answer("proxy_rate", &["--param", &format!("min_clicks={min_clicks}")]);
        assert_eq!(sorted(found), sorted(expected));
    }
}

/// Hours of Japan need no calendar: it is nine hours ahead all year.
#[test]
fn the_invalid_rate_by_day_is_what_a_loop_counts() {
    for (zone, hours_ahead) in [("UTC", 0), ("Asia/Tokyo", 9)] {
        let mut counts: BTreeMap<(String, i64), (u32, u32)> = BTreeMap::new();
        for click in all_clicks() {
            // So that every click's rate rests on what its account's rates rest on.
            let (has_all, is_network) = match click.account.as_str() {
                "acme-network" => (click.is_fetched(NETWORK) && click.is_fetched(INVALID), true),
                _ => (click.is_fetched(AFFILIATE), false),
            };
            assert!(has_all, "a click of {} (network: {is_network}) that was not asked for", click.account);
            let day = (click.second + hours_ahead * 3600).div_euclid(86_400);
            let (clicks, invalid) = counts.entry((click.account, day)).or_default();
            *clicks += 1;
            *invalid += u32::from(click.is_invalid);
        }
        let expected = counts.into_iter().map(|((account, day), (clicks, invalid))| {
            let basis = if account == "acme-network" { "network-clicks and invalid-clicks" } else { AFFILIATE };
            let date = chrono::DateTime::from_timestamp(day * 86_400, 0).unwrap().date_naive();
            let mut row = vec![format!("account={account}"), format!("day={date}"), format!("rests_on={basis}")];
            row.extend([format!("clicks={clicks}"), format!("invalid_clicks={invalid}"), "left_out=0".to_owned()]);
            row.extend(rate_cells("invalid_rate", invalid, clicks));
            row
        });
        let expected: Vec<_> = expected.collect();
        assert!(expected.len() >= 28);
        assert_eq!(sorted(answer("invalid_rate_by_day", &["--timezone", zone])), sorted(expected), "{zone}");
    }
}
