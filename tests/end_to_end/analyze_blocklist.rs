//! Blocklists: what is on them, what never is, and values that come out as they went in.

use std::collections::BTreeMap;
use std::path::Path;

use crate::everflow::{answer, clicks, lines};
use crate::process::{analyze, land, succeed};
use crate::transcript::{Transcript, assert_transcript};

#[test]
fn analyze_blocklists() {
    let mut typed = Transcript::begin();
    typed.analyze("blocklist --by user_ip");
    typed.analyze("blocklist --by sub1 --affiliate 13 --format text");
    typed.analyze("blocklist --by sub1 --format text");
    typed.analyze("blocklist --by sub6");
    typed.analyze("blocklist --by sub1 --min-share 90");
    typed.analyze("blocklist --by sub1 --reason throuh_a_proxy");
    typed.file("none.json", answer(&[]));
    typed.fetcher("land none.json --source network-clicks --lake empty");
    typed.analyze("blocklist --by ip_prefix --lake empty");
    // Of refused clicks alone every source looks bad, honest ones too.
    let refused: Vec<String> =
        clicks(0..60).iter().map(|row| row.replace("\"error_code\":0", "\"error_code\":21")).collect();
    typed.file("refused.ndjson", lines(&refused));
    typed.fetcher("land refused.ndjson --source invalid-clicks --lake refused");
    typed.analyze("blocklist --by user_ip --min-clicks 1 --lake refused --require-complete");
    typed.fetcher("land refused.ndjson --lake unnamed");
    typed.analyze("blocklist --by user_ip --min-clicks 1 --lake unnamed");
    assert_transcript!(typed);
}

/// Sub-sources of one affiliate, twenty-two bad clicks each.
const VALUES: [&str; 9] = [
    "<script>alert(1)</script>",
    "=cmd|'/c calc'!A1",
    "a|b\\c",
    "with, comma and \"quotes\"",
    "\u{202e}gnp.exe\u{200f}",
    " edges ",
    "line\nbreak",
    "converts",
    "carrier",
];

/// A lake with them: refused as duplicates, but for `good`, whose clicks are fine.
fn lake_of(folder: &Path) -> std::path::PathBuf {
    let mut rows = Vec::new();
    for (place, value) in VALUES.iter().chain(&["good"]).enumerate() {
        for number in 0..22 {
            let row = clicks((place as u32) * 22 + number..(place as u32) * 22 + number + 1).remove(0);
            let mut row: serde_json::Value = serde_json::from_str(&row).unwrap();
            row["sub1"] = (*value).into();
            row["error_code"] = if *value == "good" { 0 } else { 21 }.into();
            row["user_ip"] = match place {
                0 => "198.51.100.xxx".into(),
                _ if *value == "good" => format!("192.0.2.{number}").into(),
                _ => "198.51.100.7".into(),
            };
            row["has_conversion"] = (*value == "converts" && number < 2).into();
            row["relationship"]["affiliate"]["network_affiliate_id"] = 7.into();
            row["relationship"]["geolocation"]["is_proxy"] = false.into();
            if *value == "carrier" {
                row["relationship"]["geolocation"]["carrier_name"] = "Carrier".into();
            }
            rows.push(row.to_string());
        }
    }
    let (file, lake) = (folder.join("rows.ndjson"), folder.join("lake"));
    std::fs::write(&file, lines(&rows)).unwrap();
    succeed(land(&lake).arg(file).args(["--source", "network-clicks"]));
    lake
}

fn blocklist(lake: &Path, flags: &[&str]) -> (String, String) {
    let mut command = analyze();
    command.args(["blocklist", "--lake"]).arg(lake).args(flags);
    let output = succeed(&mut command);
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn values_come_out_as_they_went_in_and_what_people_need_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_of(folder.path());
    let bare: Vec<&str> =
        VALUES.iter().copied().filter(|value| !["converts", "carrier", "line\nbreak"].contains(value)).collect();

    let (text, said) = blocklist(&lake, &["--by", "sub1", "--affiliate", "7", "--format", "text"]);
    let mut lines: Vec<&str> = text.split_terminator('\n').collect();
    lines.sort_unstable();
    let mut sorted = bare.clone();
    sorted.sort_unstable();
    assert_eq!(lines, sorted);
    for part in [
        "1 of 9 bad values are left out, for they had more than 0 conversions",
        "1 of 9 bad values are left out, for many",
        "1 values with a line break",
    ] {
        assert!(said.contains(part), "no {part} in {said}");
    }

    let flags = ["--by", "sub1", "--max-conversions", "2", "--include-shared"];
    let (csv_text, _) = blocklist(&lake, &flags);
    let mut reader = csv::Reader::from_reader(csv_text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|column| column == name).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    // Without exactly the `'` that keeps a spreadsheet from running it.
    let values: BTreeMap<String, &csv::StringRecord> = rows
        .iter()
        .map(|row| (row[place("value")].strip_prefix('\'').unwrap_or(&row[place("value")]).to_owned(), row))
        .collect();
    assert_eq!(values.len(), VALUES.len());
    for value in VALUES {
        let row = values[value];
        assert_eq!((&row[place("affiliate_id")], &row[place("clicks")], &row[place("bad_clicks")]), ("7", "22", "22"));
    }
    assert_eq!(&values["converts"][place("conversions")], "2");
    assert!(values["carrier"][place("warning")].contains("mobile carrier"));
    let last_two: Vec<&str> = rows[rows.len() - 2..].iter().map(|row| &row[place("value")]).collect();
    assert_eq!(last_two, ["converts", "carrier"], "what people need comes last");

    let (json, _) = blocklist(&lake, &[&flags[..], &["--format", "json"]].concat());
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert!(VALUES.iter().all(|value| rows.iter().any(|row| row["value"] == *value)));
    assert_eq!(rows[0].as_object().unwrap().keys().count(), header.len());
}

#[test]
fn a_masked_address_is_never_listed() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_of(folder.path());
    let flags = ["--by", "user_ip", "--format", "text", "--max-conversions", "9"];
    let (text, said) = blocklist(&lake, &flags);
    // One address with as many user agents as clicks may be shared by many.
    assert_eq!(text, "", "{said}");
    assert!(said.contains("22 clicks of masked addresses are left out"), "{said}");
    let (text, said) = blocklist(&lake, &[&flags[..], &["--include-shared"]].concat());
    assert_eq!(text, "198.51.100.7\n");
    assert!(said.contains("1 value carries a warning: many people may share it"), "{said}");
    let flags = ["--by", "ip_prefix", "--format", "text", "--max-conversions", "9", "--include-shared"];
    assert_eq!(blocklist(&lake, &flags).0, "198.51.100.0/24\n");
}

/// One affiliate's list is of its clicks alone; that others' visitors have the address as well is said all the same.
#[test]
fn an_address_that_others_share_is_known_for_it_in_the_list_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<String> = clicks(0..90)
        .iter()
        .enumerate()
        .map(|(number, row)| {
            let mut row: serde_json::Value = serde_json::from_str(row).unwrap();
            row["user_ip"] = "198.51.100.7".into();
            row["error_code"] = if number < 30 { 21 } else { 0 }.into();
            row["relationship"]["affiliate"]["network_affiliate_id"] = (number / 30 + 1).into();
            row.to_string()
        })
        .collect();
    let (file, lake) = (folder.path().join("rows.ndjson"), folder.path().join("lake"));
    std::fs::write(&file, lines(&rows)).unwrap();
    succeed(land(&lake).arg(file).args(["--source", "network-clicks"]));
    let flags = ["--by", "user_ip", "--affiliate", "1", "--reason", "refused_as_fraud"];
    let (listed, said) = blocklist(&lake, &flags);
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(said.contains("1 of 1 bad values are left out, for many people may share them"), "{said}");
    let (listed, _) = blocklist(&lake, &[&flags[..], &["--include-shared"]].concat());
    let row: Vec<&str> = listed.lines().nth(1).unwrap().split(',').collect();
    // Clicks are the affiliate's thirty, user agents and affiliates are everybody's.
    assert_eq!((row[8], row[9], row[11]), ("90", "3", "30"), "{listed}");
}

/// The affiliate feed has neither conversions nor user agents: what protects people there is not.
#[test]
fn what_a_feed_does_not_say_is_no_zero() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<String> = clicks(0..40)
        .iter()
        .map(|row| {
            let mut row: serde_json::Value = serde_json::from_str(row).unwrap();
            row.as_object_mut().unwrap().remove("has_conversion");
            row["relationship"]
                .as_object_mut()
                .unwrap()
                .retain(|key, _| key != "http_user_agent" && key != "affiliate");
            (row["sub1"], row["error_code"], row["user_ip"]) = ("bad".into(), 21.into(), "198.51.100.7".into());
            row.to_string()
        })
        .chain(clicks(40..50))
        .collect();
    let (file, lake) = (folder.path().join("rows.ndjson"), folder.path().join("lake"));
    std::fs::write(&file, lines(&rows)).unwrap();
    succeed(land(&lake).arg(file).args(["--source", "affiliate-clicks"]));
    let (listed, said) = blocklist(&lake, &["--by", "user_ip", "--format", "json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&listed).unwrap();
    assert_eq!(rows.len(), 1, "{listed}");
    for unknown in ["conversions", "user_agents", "affiliates"] {
        assert!(rows[0][unknown].is_null(), "{unknown}: {listed}");
    }
    assert_eq!(rows[0]["unique_clicks"], 40);
    for part in [
        "whether clicks converted is not known of 1 listed value: --max-conversions keeps none of them out",
        "the clicks of 1 listed value name no user agents, or no affiliates",
    ] {
        assert!(said.contains(part), "no {part} in {said}");
    }
}

/// Bare values of a lake of two accounts say whose they are, also where only one has any.
#[test]
fn bare_values_are_of_an_account() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    for (account, code) in [("aa", 0), ("bb", 21)] {
        let rows: Vec<String> = clicks(0..30)
            .iter()
            .map(|row| {
                let mut row: serde_json::Value = serde_json::from_str(row).unwrap();
                (row["user_ip"], row["error_code"]) = ("198.51.100.7".into(), code.into());
                row["relationship"]["http_user_agent"] = "one".into();
                row["relationship"]["affiliate"]["network_affiliate_id"] = 1.into();
                row.to_string()
            })
            .collect();
        let file = folder.path().join("rows.ndjson");
        std::fs::write(&file, lines(&rows)).unwrap();
        succeed(land(&lake).arg(file).args(["--source", "network-clicks", "--account", account]));
    }
    let flags = ["--by", "user_ip", "--format", "text", "--reason", "refused_as_fraud"];
    let note = "all values are of account bb: block them there alone";
    let (listed, said) = blocklist(&lake, &flags);
    assert!(listed == "198.51.100.7\n" && said.contains(note), "{listed} {said}");
    let (_, said) = blocklist(&lake, &[&flags[..], &["--account", "bb"]].concat());
    assert!(!said.contains(note), "{said}");
}
