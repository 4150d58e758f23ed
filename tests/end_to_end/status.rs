//! `fetcher status`: what people and programs read of a lake's coverage.

use std::fs;

use crate::everflow::{self, DAY_1};
use crate::transcript::{Transcript, assert_transcript};

/// A lake of which some is covered, some saturated, some missing, and another account of which nothing is proven.
fn landed() -> Transcript {
    let mut transcript = Transcript::begin();
    transcript.file("rows.json", everflow::answer(&everflow::clicks(0..150)));
    let many: Vec<String> = (0..1000)
        .map(|number| {
            let second = DAY_1 + 86_400 * 4 + number;
            format!(r#"{{"transaction_id":"{number}","unix_timestamp":{second},"error_code":21}}"#)
        })
        .collect();
    transcript.file("at_the_cap.json", everflow::answer(&many));
    for line in [
        "land rows.json -q --source network-clicks --covers '2025-01-10/2025-01-12 11:59:59' --as-of 2025-01-20",
        "land rows.json -q --source network-clicks --covers '2025-01-12 18:00:00/2025-01-12' --as-of 2025-01-20",
        "land at_the_cap.json -q --source invalid-clicks --covers 2025-01-14/2025-01-14 --as-of 2025-01-20",
        "land rows.json -q --account another",
    ] {
        transcript.fetcher(line);
    }
    transcript.text.clear();
    transcript
}

#[test]
fn status_of_a_lake() {
    let mut transcript = landed();
    transcript.fetcher("status --from 2025-01-09 --to 2025-01-15");
    transcript.fetcher("status --from 2025-01-10 --to 2025-01-11 --account default --require-complete");
    transcript.fetcher("status --from 2025-01-12 --to 2025-01-12 --account default --timezone Europe/Berlin");
    transcript.fetcher("status --to '2025-01-12 17:59:59' --from '2025-01-12' --account another --require-complete");
    assert_transcript!(transcript);
}

#[test]
fn status_for_programs() {
    let mut transcript = landed();
    transcript.fetcher("status --from 2025-01-12 --to 2025-01-13 --format json");
    transcript.text = replaced_after(&transcript.text, r#""now":""#);
    transcript.text = replaced_after(&transcript.text, r#""retained_from":""#);
    assert_transcript!(transcript);
}

/// The same text with another time where one follows the mark.
fn replaced_after(text: &str, mark: &str) -> String {
    let (before, rest) = text.split_once(mark).unwrap();
    let (_, after) = rest.split_once('"').unwrap();
    format!("{before}{mark}[TIME]\"{after}")
}

#[test]
fn status_of_what_is_no_lake() {
    let mut transcript = landed();
    fs::create_dir(transcript.path("foreign")).unwrap();
    transcript.file("foreign/thesis.txt", "x");
    transcript.fetcher("status --lake foreign");
    transcript.fetcher("status --lake nowhere");
    fs::create_dir(transcript.path("empty")).unwrap();
    transcript.file("empty/lake.json", r#"{"format_version": 1, "partition": "day"}"#);
    transcript.fetcher("status --lake empty --require-complete");
    transcript.fetcher("status --account default --lake empty");
    transcript.fetcher("status --account nobody");
    transcript.fetcher("status --from 2025-01-12 --to 2025-01-11");
    transcript.fetcher("status --from 2025-02-29");
    transcript.fetcher("status --from 9000-01-01");
    transcript.file("lake/clicks/account=default/date=2025-01-10/clicks.parquet", "PAR1 and no more");
    transcript.fetcher("status");
    assert_transcript!(transcript);
}
