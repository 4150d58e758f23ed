//! The tables beside `clicks`: what came in and could not be typed, what is proven, what codes mean.

use std::fs;

use crate::everflow::{answer, broken_rows, clicks, lines};
use crate::transcript::{Transcript, assert_transcript};

#[test]
fn analyze_the_quarantine() {
    let mut typed = Transcript::begin();
    let mut rows = clicks(0..3);
    rows.extend(broken_rows());
    rows.push(r#"{"transaction_id":"\u001b[2Jgrüße","error_code":0}"#.to_owned());
    let mut bytes = lines(&rows).into_bytes();
    bytes.extend(b"{\"transaction_id\":\"torn \xff\",\"error_code\":0}\n");
    typed.file("rows.ndjson", bytes);
    typed.file("answer.json", answer(&[r#"{"transaction_id":"odd","unix_timestamp":1736467200}"#.to_owned()]));
    typed.fetcher("land rows.ndjson --source network-clicks --quiet");
    // As the summary of a landing advises.
    typed.analyze("sql 'SELECT reason, path, raw FROM quarantine'");
    typed.fetcher("land answer.json --account other --quiet");
    typed.analyze("sql 'SELECT reason, path, raw FROM quarantine ORDER BY raw' --account other --format ndjson");
    typed.analyze(
        "sql 'SELECT account, reason, feed, source, position FROM quarantine ORDER BY account, position' --format csv",
    );
    typed.analyze("sql 'SELECT count(*) AS rows FROM quarantine' --account other");
    typed.analyze("sql 'DESCRIBE quarantine'");
    assert_transcript!(typed);
}

#[test]
fn analyze_the_coverage() {
    let mut typed = Transcript::begin();
    typed.file("rows.json", answer(&clicks(0..150)));
    typed.fetcher(
        "land rows.json --source network-clicks --covers '2025-01-10/2025-01-11 17:59:59' --as-of 2025-01-20 --quiet",
    );
    typed.fetcher("land rows.json --source invalid-clicks --covers 2025-01-12/2025-01-12 --as-of 2025-01-21 --quiet");
    typed.analyze("sql 'SELECT * FROM coverage ORDER BY account, feed, from_time'");
    typed.analyze("sql 'SELECT * FROM coverage ORDER BY account, feed, from_time' --format ndjson");
    typed.analyze("sql 'SELECT feed, sum(rows) AS rows FROM coverage GROUP BY feed ORDER BY feed' --account default");
    typed.analyze("run invalid_rate_by_day");
    assert_transcript!(typed);
}

#[test]
fn analyze_own_error_codes() {
    let mut typed = Transcript::begin();
    for folder in ["lists", "none", "wrong", "columns", "twice"] {
        fs::create_dir(typed.path(folder)).unwrap();
    }
    typed.file(
        "lists/error_codes.csv",
        "code,name,class,is_fraud_signal\n21,REPEATED,duplicate,false\n9001,\"OURS, OURS\",policy,true\n",
    );
    typed.file("wrong/error_codes.csv", "code,name,class,is_fraud_signal\n21,REPEATED,duplicate,perhaps\n");
    typed.file("columns/error_codes.csv", "code;name;class;is_fraud_signal\n21;REPEATED;duplicate;false\n");
    typed.file("twice/error_codes.csv", "code,name,class,is_fraud_signal\n21,A,cap,false\n21,B,cap,false\n");
    typed.file("rows.ndjson", lines(&clicks(0..10)));
    typed.fetcher("land rows.ndjson --source network-clicks --quiet");
    let codes = "sql 'SELECT * FROM error_codes WHERE code IN (0, 21, 9001) ORDER BY code'";
    typed.analyze(codes);
    for lists in ["lists", "none", "wrong", "columns", "twice"] {
        typed.analyze(&format!("{codes} --lists {lists}"));
    }
    typed.analyze("run error_codes --lists lists");
    assert_transcript!(typed);
}
