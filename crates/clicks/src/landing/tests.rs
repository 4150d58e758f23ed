//! Clicks join the lake: in any order, however split, again and again, the same files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use tempfile::TempDir;

use super::*;
use crate::lake::{Opened, Version};
use crate::partition::OpenPartition;
use crate::schema::position;
use crate::typing::ClickTyper;

mod contract;
mod coverage;
mod damaged;
mod invariance;
mod large;
mod quarantine;

/// 2026-03-01T00:00:00Z
const MIDNIGHT: i64 = 1_772_323_200;

fn new_lake(granularity: Granularity) -> (TempDir, Lake) {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open_or_create(folder.path(), Some(granularity)).unwrap();
    (folder, lake)
}

fn typed<'a>(observation: Observation, rows: impl IntoIterator<Item = &'a str>) -> TypedClicks {
    let mut typer = ClickTyper::new(observation);
    for row in rows {
        typer.push(row.as_bytes()).unwrap_or_else(|rejected| panic!("{rejected}: {row}"));
    }
    typer.finish()
}

fn landing(lake: &Lake) -> Landing<'_> {
    Landing::new(lake, Account::default(), Duration::from_secs(60), 2)
}

fn land(lake: &Lake, clicks: &[TypedClicks]) -> Folded {
    landing(lake).fold(clicks, Observation::default(), &[], &[]).unwrap()
}

/// A click of so many seconds after midnight.
fn row(id: &str, second: i64, members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!(r#"{{"transaction_id":"{id}","unix_timestamp":{},"error_code":0{comma}{members}}}"#, MIDNIGHT + second)
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

/// The files of the partitions, with paths from the lake on.
fn partition_files(lake: &Lake) -> BTreeMap<PathBuf, Vec<u8>> {
    let relative = |(path, bytes): (PathBuf, Vec<u8>)| (path.strip_prefix(lake.root()).unwrap().to_owned(), bytes);
    files(&lake.root().join("clicks")).into_iter().map(relative).collect()
}

fn open(path: &Path) -> OpenPartition {
    let opened = fs::File::open(path).map(|file| Some(Opened { file, version: Version::default() }));
    OpenPartition::open(path.to_owned(), opened).unwrap().unwrap()
}

/// The rows of each partition.
fn batches(lake: &Lake) -> Vec<(PartitionKey, RecordBatch)> {
    let read = |path: &Path| {
        let batches: Vec<_> = open(path).read(None, None).unwrap().map(Result::unwrap).collect();
        arrow::compute::concat_batches(&crate::schema::click_schema(), &batches).unwrap()
    };
    lake.partitions().unwrap().into_iter().map(|file| (file.key, read(&file.path))).collect()
}

fn ids(batch: &RecordBatch) -> Vec<&str> {
    batch.column(position::TRANSACTION_ID).as_string::<i32>().iter().flatten().collect()
}

#[test]
fn clicks_held_back_are_folded_later_and_once() {
    let of = |name: &str, seconds: &[i64]| {
        let rows: Vec<String> = seconds.iter().map(|second| row(&format!("{name}{second}"), *second, "")).collect();
        typed(Observation::default(), rows.iter().map(String::as_str))
    };
    let day = 86_400;
    let all = vec![of("a", &[1, 2]), of("b", &[1, 2]), of("c", &[3]), of("d", &[4, day + 1])];
    let (now, later) = hold_back(all, Granularity::Day);
    assert_eq!((now.len(), later.len()), (4, 1));
    let (_folder, lake) = new_lake(Granularity::Day);
    assert_eq!(land(&lake, &now).rows_new, 6);
    // Too large a share of what waits: nothing is held back.
    let (now, later) = hold_back([later, vec![of("e", &[day + 2])]].concat(), Granularity::Day);
    assert!(later.is_empty());
    let folded = land(&lake, &now);
    assert_eq!((folded.rows_new, folded.rows_unchanged, folded.partitions_written), (2, 0, 1));
}
