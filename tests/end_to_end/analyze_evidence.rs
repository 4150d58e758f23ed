//! Case files: what they say of the sample, and the same clicks found once more by loops over its files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Decimal128Type, Int32Type, Int64Type, TimestampMicrosecondType};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::everflow::{DAY_1, answer, clicks, lines};
use crate::lake_files::partitions;
use crate::process::{analyze, exit_with, land, said, succeed};
use crate::transcript::{Transcript, assert_transcript};

/// An affiliate of the sample: four machines in data centres.
const AFFILIATE: i64 = 13;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A click of the affiliate's.
struct Click {
    id: String,
    second: i64,
    code: i32,
    is_proxy: bool,
    address: String,
    user_agent: String,
    provider: String,
    payout: i128,
    currency: String,
}

fn own_clicks() -> Vec<Click> {
    let mut found = Vec::new();
    let paths = partitions(&project("data/sample"));
    for path in paths.iter().filter(|path| path.to_str().unwrap().contains("account=acme-network")) {
        for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            let column = |name: &str| batch.column_by_name(name).unwrap();
            let text = |name: &str, row: usize| {
                let column = column(name).as_string::<i32>();
                if column.is_valid(row) { column.value(row).to_owned() } else { String::new() }
            };
            let affiliates = column("affiliate_id").as_primitive::<Int64Type>();
            for row in (0..batch.num_rows()).filter(|row| affiliates.value(*row) == AFFILIATE) {
                found.push(Click {
                    id: text("transaction_id", row),
                    second: column("click_time").as_primitive::<TimestampMicrosecondType>().value(row) / 1_000_000,
                    code: column("error_code").as_primitive::<Int32Type>().value(row),
                    is_proxy: column("is_proxy").as_boolean().value(row),
                    address: text("user_ip", row),
                    user_agent: text("http_user_agent", row),
                    provider: text("isp_name", row),
                    payout: column("payout").as_primitive::<Decimal128Type>().value(row),
                    currency: text("currency_id", row),
                });
            }
        }
    }
    found.sort_by_key(|click| (click.second, click.id.clone()));
    found
}

/// The codes that the dictionary calls a sign of fraud.
fn fraud_codes() -> BTreeSet<i32> {
    let text = std::fs::read_to_string(project("data/error_codes.csv")).unwrap();
    let rows = text.lines().filter(|line| line.ends_with(",true"));
    rows.map(|line| line.split(',').next().unwrap().parse().unwrap()).collect()
}

/// Its abnormal reasons, worked out without SQL: ids, each with its reasons in the order of their names.
fn expected(clicks: &[Click]) -> BTreeMap<String, String> {
    let codes = fraud_codes();
    let names = std::fs::read_to_string(project("data/lists/datacenter_names.txt")).unwrap();
    let names: Vec<&str> = names.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let mut of_day: HashMap<(&str, i64), u32> = HashMap::new();
    let mut found = BTreeMap::new();
    for click in clicks {
        let of_day = of_day.entry((&click.address, click.second / 86_400)).or_default();
        *of_day += 1;
        let provider = format!(" {} ", click.provider.to_lowercase());
        let holds = [
            ("crowded_address", *of_day > 10),
            ("declared_bot", click.user_agent.contains("curl/")),
            ("from_a_datacenter", names.iter().any(|name| provider.contains(&format!(" {name} ")))),
            ("refused_as_fraud", codes.contains(&click.code)),
            ("through_a_proxy", click.is_proxy),
        ];
        let reasons: Vec<&str> = holds.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| name).collect();
        if !reasons.is_empty() {
            found.insert(click.id.clone(), reasons.join("; "));
        }
    }
    found
}

#[test]
fn analyze_evidence_of_the_sample() {
    let mut typed = Transcript::begin();
    typed.analyze(&format!("evidence --affiliate {AFFILIATE} --transactions ids.csv"));
    let mut reader = csv::Reader::from_path(typed.path("ids.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|column| column == name).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let found: BTreeMap<String, String> =
        rows.iter().map(|row| (row[place("transaction_id")].to_owned(), row[place("reasons")].to_owned())).collect();
    let clicks = own_clicks();
    let expected = expected(&clicks);
    assert_eq!(rows.len(), found.len(), "an id comes twice");
    assert_eq!(found, expected);

    // Money, each click once, is what the file says of all reasons.
    let mut money: BTreeMap<&str, (u32, i128)> = BTreeMap::new();
    for click in clicks.iter().filter(|click| expected.contains_key(&click.id)) {
        let (count, payout) = money.entry(&click.currency).or_default();
        (*count, *payout) = (*count + 1, *payout + click.payout);
    }
    assert!(money.values().any(|(_, payout)| *payout > 0));
    for (currency, (count, payout)) in money {
        let thousandths = format!("{}.{:03}", payout / 1_000_000, payout / 1_000 % 1_000);
        let payout = thousandths.strip_suffix('0').unwrap_or(&thousandths);
        let row = format!("| all reasons | {currency} | {count} | 0 | {payout} |");
        assert!(typed.text.contains(&row), "no {row}");
    }
    assert_transcript!(typed);
}

/// One click, an empty lake, the affiliate feed, nobody of that id: a sentence each, and what to do.
#[test]
fn analyze_evidence_of_little() {
    let mut typed = Transcript::begin();
    typed.analyze("evidence");
    typed.analyze("evidence --affiliate 13 --offer 4");
    typed.analyze("evidence --affiliate 99");
    typed.analyze("evidence --affiliate 13 --account partner-17");
    typed.analyze("evidence --affiliate 13 --from 2025-01-01 --to 2025-01-31");
    typed.analyze("evidence --affiliate 13 --reasons nowhere");
    typed.analyze("evidence --affiliate 13 --output one.txt --transactions one.txt");
    typed.file("none.json", answer(&[]));
    typed.fetcher("land none.json --source network-clicks --lake empty");
    typed.analyze("evidence --affiliate 13 --lake empty");
    typed.file("one.json", answer(&clicks(0..1)));
    typed.fetcher("land one.json --source network-clicks --lake one");
    typed.analyze("evidence --affiliate 100 --lake one --transactions one.csv --require-complete");
    let list = std::fs::read_to_string(typed.path("one.csv")).unwrap();
    assert_eq!(list.lines().count(), 1, "a header, and no click: {list}");
    assert_transcript!(typed);
}

/// Reasons of one's own come on top, are named where they are wrong, and nothing is written then.
#[test]
fn analyze_evidence_with_own_reasons() {
    let mut typed = Transcript::begin();
    let rows: Vec<String> =
        clicks(0..100).iter().map(|row| row.replace(r#""sub1":"3""#, r#""sub1":"<b>|=1+1""#)).collect();
    typed.file("rows.ndjson", lines(&rows));
    typed.fetcher("land rows.ndjson --source affiliate-clicks");
    std::fs::create_dir(typed.path("own")).unwrap();
    typed.file("own/odd.sql", "-- reason: odd {x} {n} {observed} {expected}\n-- basis: list\nSELECT *, nope AS is_hit FROM rated_clicks WHERE click_time BETWEEN $from AND $to");
    typed.analyze("evidence --offer 19 --reasons own --output case.html --format html");
    assert!(!typed.path("case.html").exists());
    assert_transcript!(typed);
    typed.file("own/odd.sql", "-- title: Odd\n-- reason: {x} of {n}, {observed}, {expected}\n-- basis: behavioural\nSELECT *, sub1 = '<b>|=1+1' AS is_hit FROM rated_clicks WHERE click_time BETWEEN $from AND $to");
    let mut command = analyze();
    command.current_dir(typed.folder.path()).args([
        "evidence",
        "--offer",
        "19",
        "--reasons",
        "own",
        "--format",
        "json",
    ]);
    let output = succeed(&mut command);
    let file: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let odd = file["findings"].as_array().unwrap().iter().find(|finding| finding["name"] == "odd").unwrap();
    let hits = rows.iter().filter(|row| row.contains("<b>|=1+1")).count();
    assert_eq!((odd["x"].as_u64(), odd["n"].as_u64()), (Some(hits as u64), Some(100)), "{odd} {}", said(&output));
    assert_eq!(odd["standing"], "normal", "nobody to be compared with");
}

/// Rows that are changed before they are landed.
fn rows(count: u32, change: impl Fn(usize, &mut serde_json::Value)) -> Vec<serde_json::Value> {
    let mut rows: Vec<serde_json::Value> =
        clicks(0..count).iter().map(|row| serde_json::from_str(row).unwrap()).collect();
    rows.iter_mut().enumerate().for_each(|(number, row)| change(number, row));
    rows
}

fn land_rows(folder: &Path, rows: &[&serde_json::Value], flags: &[&str]) {
    let file = folder.join("rows.ndjson");
    std::fs::write(&file, lines(&rows.iter().map(ToString::to_string).collect::<Vec<_>>())).unwrap();
    succeed(land(&folder.join("lake")).arg(file).args(flags));
}

fn case_file(folder: &Path, flags: &[&str]) -> serde_json::Value {
    let mut command = analyze();
    command.args(["evidence", "--format", "json", "--lake"]).arg(folder.join("lake")).args(flags);
    serde_json::from_slice(&succeed(&mut command).stdout).unwrap()
}

fn finding<'a>(file: &'a serde_json::Value, name: &str) -> &'a serde_json::Value {
    file["findings"].as_array().unwrap().iter().find(|finding| finding["name"] == name).unwrap()
}

/// The sentences of a part of the file that hold a text.
fn sentences<'a>(file: &'a serde_json::Value, part: &str, text: &str) -> Vec<&'a str> {
    let said = file[part].as_array().unwrap().iter().map(|said| said.as_str().unwrap());
    said.filter(|said| said.contains(text)).collect()
}

/// The affiliate feed has neither conversions nor user agents: none of them is no zero.
#[test]
fn what_a_feed_does_not_say_is_not_known() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(400, |number, row| {
        let is_bad = number % 4 == 0;
        row.as_object_mut().unwrap().retain(|key, _| key != "has_conversion" && key != "payout");
        let relationship = row["relationship"].as_object_mut().unwrap();
        relationship.retain(|key, _| key != "http_user_agent" && key != "affiliate");
        relationship["offer"]["network_offer_id"] = (number % 4 + 1).into();
        relationship["geolocation"]["is_proxy"] = is_bad.into();
    });
    land_rows(folder.path(), &rows.iter().collect::<Vec<_>>(), &["--source", "affiliate-clicks"]);
    let file = case_file(folder.path(), &["--offer", "1"]);
    assert_eq!(finding(&file, "through_a_proxy")["standing"], "abnormal");
    for unknown in ["/totals/user_agents", "/implicated/counter/conversions", "/implicated/money/0/conversions"] {
        assert_eq!(file.pointer(unknown), Some(&serde_json::Value::Null), "{unknown}");
    }
    assert_eq!(sentences(&file, "in_favour", "Whether clicks converted is not known").len(), 1);
}

/// Of two days in the midst only the refused clicks are there.
#[test]
fn days_without_a_denominator_are_no_beginning_and_no_period_to_compare_with() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(400, |number, row| {
        row["error_code"] = if number % 2 == 0 && number >= 100 { 21 } else { 0 }.into();
        row["relationship"]["affiliate"]["network_affiliate_id"] = (number % 2 + 1).into();
    });
    let as_of = "--as-of=2025-01-20T00:00:00Z";
    let refused: Vec<&serde_json::Value> = rows.iter().filter(|row| row["error_code"] != 0).collect();
    land_rows(folder.path(), &refused, &["--source", "invalid-clicks", "--covers", "2025-01-10/2025-01-17", as_of]);
    for (numbers, covers) in [(0..100, "2025-01-10/2025-01-11"), (200..400, "2025-01-14/2025-01-17")] {
        let all: Vec<&serde_json::Value> = rows[numbers].iter().collect();
        land_rows(folder.path(), &all, &["--source", "network-clicks", "--covers", covers, as_of]);
    }
    let file = case_file(folder.path(), &["--affiliate", "1"]);
    let refused = finding(&file, "refused_as_fraud");
    assert_eq!(
        refused["since"],
        "rose between 2025-01-11 and 2025-01-14 (no rate is known of the days between): 0.0 % before (0 of 50), 100.0 % from then on \
         (100 of 100)"
    );
    let third = &refused["days"][2];
    assert_eq!((&third["day"], &third["n"], &third["hits"]), (&"2025-01-12".into(), &0.into(), &25.into()));
    assert_eq!(file["implicated"]["share"], 100.0 / 150.0);
    let said = "150 clicks are implicated, each counted once: 100 of the 150 that a rate can rest on (66.7 %), and 50 of the 50 of times of \
                which only refused clicks are there.";
    assert_eq!(sentences(&file, "summary", said).len(), 1, "{}", file["summary"]);

    let half = case_file(folder.path(), &["--affiliate", "1", "--from", "2025-01-14", "--to", "2025-01-17"]);
    assert_eq!(finding(&half, "refused_as_fraud")["itself"]["earlier"], serde_json::Value::Null);
    let said =
        "The period before, 2025-01-10 .. 2025-01-13 UTC, is not compared with: network-clicks covers 50.0 % of it.";
    assert_eq!(sentences(&half, "method", said).len(), 1, "{}", half["method"]);
    let whole = case_file(folder.path(), &["--affiliate", "1", "--from", "2025-01-16", "--to", "2025-01-17"]);
    assert_eq!(finding(&whole, "refused_as_fraud")["itself"]["earlier"]["n"], 50);
    assert_eq!(sentences(&whole, "method", "The period before is 2025-01-14 .. 2025-01-15 UTC.").len(), 1);
}

/// A dozen clicks of an address on either side of midnight in UTC: one day in New York.
#[test]
fn the_day_of_a_crowded_address_is_one_of_the_time_zone() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(24, |number, row| {
        row["unix_timestamp"] = (DAY_1 + 86_400 - 12 * 60 + number as i64 * 60).into();
        row["user_ip"] = "203.0.113.7".into();
        row["relationship"]["affiliate"]["network_affiliate_id"] = 1.into();
    });
    land_rows(folder.path(), &rows.iter().collect::<Vec<_>>(), &["--source", "network-clicks"]);
    let hits = |flags: &[&str]| {
        let file = case_file(folder.path(), &[&["--affiliate", "1"], flags].concat());
        finding(&file, "crowded_address")["hits"].as_u64().unwrap()
    };
    assert_eq!((hits(&[]), hits(&["--timezone", "America/New_York"])), (4, 14));
}

#[test]
fn a_verdict_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(60, |_, _| {});
    land_rows(folder.path(), &rows.iter().collect::<Vec<_>>(), &["--source", "network-clicks"]);
    let own = folder.path().join("own");
    std::fs::create_dir(&own).unwrap();
    for (verdict, expected) in [
        ("error_code AS is_hit", "reason 'old': its is_hit is Int32: write a column of true, false and NULL"),
        ("true AS is_bad", "reason 'old': it has no is_hit: write a column"),
    ] {
        let text = format!(
            "-- reason: x\n-- basis: list\nSELECT *, {verdict} FROM rated_clicks WHERE click_time BETWEEN $from AND $to"
        );
        std::fs::write(own.join("old.sql"), text).unwrap();
        for words in [["evidence", "--affiliate", "100"], ["blocklist", "--by", "sub1"]] {
            let mut command = analyze();
            command.args(words).arg("--lake").arg(folder.path().join("lake")).arg("--reasons").arg(&own);
            let said = said(&exit_with(&mut command, 2));
            assert!(said.contains(expected), "{words:?}: {said}");
        }
    }
}
