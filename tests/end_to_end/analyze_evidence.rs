//! Case files: what they say of the sample, and the same clicks found once more by loops over its files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Decimal128Type, Int32Type, Int64Type, TimestampMicrosecondType};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::everflow::{answer, clicks, lines};
use crate::lake_files::partitions;
use crate::process::{analyze, said, succeed};
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
