//! `--pseudonymize`: no trace of a visitor reaches the lake, and no trace of the key anything.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use arrow::util::display::array_value_to_string;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::everflow::{self, DAY_1};
use crate::lake_files::{bytes_of, paths_of};
use crate::process::{exit_with, land, said, succeed};

const KEY: &str = "a key of which nobody may see a byte";
const SECRETS: [&str; 5] = ["203.0.113.77", "6d92078a-8246", "9774d56d682e549c", "jane", "2001:db8:abcd:12"];

/// Clicks with secrets in every corner, and rows that are none.
fn answer() -> String {
    let secret = |number: i64| {
        format!(
            r#"{{"transaction_id":"secret{number}","unix_timestamp":{},"error_code":0,"user_ip":"203.0.113.77","sub{number}":"6D92078A-8246-4BA4-AE5B-76104861E7DC",
            "idfa":"6D92078A-8246-4BA4-AE5B-76104861E7DC","android_id":"9774d56d682e549c","referer":"http://x.example/?m=jane@doe.example&ip=2001:db8:abcd:12::1",
            "new_field":{{"ip":"203.0.113.77"}},"is_unique":"2001:db8:abcd:12::1","relationship":{{"query_parameters":{{"android_id":"9774d56d682e549c"}}}}}}"#,
            DAY_1 + number
        )
    };
    let mut rows = everflow::clicks(0..30);
    rows.extend((1..=5).map(secret));
    rows.push(r#"{"transaction_id":"no time","user_ip":"203.0.113.77","android_id":"9774d56d682e549c","note":"jane@doe.example"}"#.to_owned());
    everflow::answer(&rows)
}

fn pseudonymized(lake: &Path, input: &Path) -> Command {
    let mut command = land(lake);
    command
        .arg(input)
        .args(["--pseudonymize", "--max-quarantined", "1", "--verbose"])
        .env("CLICKPROOF_PSEUDONYM_KEY", KEY);
    command
}

/// Every value of every Parquet file of a lake, as text.
fn all_values(lake: &Path) -> String {
    let mut text = String::new();
    for path in paths_of(lake).into_iter().filter(|path| path.extension().is_some_and(|it| it == "parquet")) {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(lake.join(path)).unwrap()).unwrap();
        for batch in reader.build().unwrap() {
            let batch = batch.unwrap();
            for column in batch.columns() {
                for row in 0..batch.num_rows() {
                    let is_binary = column.data_type() == &arrow::datatypes::DataType::Binary;
                    match is_binary {
                        true => {
                            text += &String::from_utf8_lossy(arrow::array::AsArray::as_binary::<i32>(column).value(row))
                        }
                        false => text += &array_value_to_string(column, row).unwrap(),
                    }
                    text.push('\n');
                }
            }
        }
    }
    text.to_lowercase()
}

#[test]
fn no_visitor_reaches_the_lake() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, plain, input) =
        (folder.path().join("lake"), folder.path().join("plain"), folder.path().join("answer.json"));
    fs::write(&input, answer()).unwrap();
    succeed(land(&plain).arg(&input).args(["--max-quarantined", "1"]));
    let open = all_values(&plain);
    assert!(SECRETS.iter().all(|secret| open.contains(secret)), "the test looks in the wrong places");

    let output = succeed(&mut pseudonymized(&lake, &input));
    let found = all_values(&lake);
    for secret in SECRETS {
        assert!(!found.contains(secret), "{secret} is in the lake");
    }
    assert!(found.contains("203.0.113.h") && found.contains("2001:db8:abcd::h"));
    assert!(!format!("{found}{}", said(&output)).contains(KEY));
    for (path, bytes) in bytes_of(&lake) {
        assert!(!String::from_utf8_lossy(&bytes).contains(KEY), "the key is in {}", path.display());
    }

    // Again, from a file, changes not a byte; another key does.
    let before = bytes_of(&lake);
    succeed(&mut pseudonymized(&lake, &input));
    let key_file = folder.path().join("key");
    fs::write(&key_file, format!("{KEY}\n")).unwrap();
    let mut from_file = pseudonymized(&lake, &input);
    succeed(from_file.env_remove("CLICKPROOF_PSEUDONYM_KEY").arg("--pseudonym-key-file").arg(&key_file));
    assert!(bytes_of(&lake) == before, "landed again");
    let other = folder.path().join("other");
    succeed(pseudonymized(&other, &input).env("CLICKPROOF_PSEUDONYM_KEY", "another key that is long enough"));
    assert!(all_values(&other) != found);
}

#[test]
fn without_a_good_key_nothing_is_landed() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, input) = (folder.path().join("lake"), folder.path().join("answer.json"));
    fs::write(&input, answer()).unwrap();
    let mut none = pseudonymized(&lake, &input);
    let said_of_none = said(&exit_with(none.env_remove("CLICKPROOF_PSEUDONYM_KEY"), 2));
    assert!(said_of_none.contains("set CLICKPROOF_PSEUDONYM_KEY, or name a file"), "{said_of_none}");
    let weak = said(&exit_with(pseudonymized(&lake, &input).env("CLICKPROOF_PSEUDONYM_KEY", " short "), 2));
    assert!(weak.contains("5 bytes, and needs 16") && !weak.contains("short"), "{weak}");
    let missing = said(&exit_with(pseudonymized(&lake, &input).args(["--pseudonym-key-file", "nowhere"]), 2));
    assert!(missing.contains("cannot read the key of pseudonyms from nowhere"), "{missing}");
    assert!(!lake.exists(), "nothing may be made before the key is known");
}
