//! Rows that cannot be typed are kept once, with their bytes.

use arrow::datatypes::{Int32Type, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::*;
use crate::quarantine::quarantine_schema;

fn odd(raw: &[u8], part: u32) -> QuarantinedRow {
    QuarantinedRow {
        raw: raw.to_vec(),
        part,
        path: "error_code".to_owned(),
        reason: "missing".to_owned(),
        source: "a.json".to_owned(),
        position: 7,
    }
}

fn keep(lake: &Lake, rows: &[QuarantinedRow]) -> u64 {
    let observation = Observation { feed: Some(Feed::InvalidClicks), observed_at: Some(MIDNIGHT) };
    landing(lake).fold(&[], observation, rows, &[]).unwrap().rows_quarantined_new
}

fn kept(lake: &Lake) -> Vec<RecordBatch> {
    let files = lake.quarantine_files().unwrap();
    let read = |path: &Path| ParquetRecordBatchReader::try_new(fs::File::open(path).unwrap(), 1024).unwrap();
    files.iter().flat_map(|file| read(&file.path)).map(Result::unwrap).collect()
}

#[test]
fn a_row_is_kept_once_with_its_bytes() {
    let (_folder, lake) = new_lake(Granularity::Day);
    let rows = [odd(b"\xff\0{", 0), odd(b"x", 0), odd(b"x", 1), odd(b"x", 0)];
    // The parts of a long row are one row.
    assert_eq!(keep(&lake, &rows), 2);
    let before = files(lake.root());
    assert_eq!(keep(&lake, &rows), 0);
    assert_eq!(keep(&lake, &rows[1..2]), 0);
    assert!(files(lake.root()) == before, "kept again");
    assert_eq!(keep(&lake, &[odd(b"x", 0), odd(b"y", 0)]), 1);
    let batches = kept(&lake);
    let mut found: Vec<(Vec<u8>, i32)> = vec![];
    for batch in &batches {
        assert_eq!(batch.schema().fields(), quarantine_schema().fields());
        let (parts, raws) = (batch.column(1).as_primitive::<Int32Type>(), batch.column(2).as_binary::<i32>());
        found.extend(raws.iter().zip(parts.values()).map(|(raw, part)| (raw.unwrap().to_vec(), *part)));
        for row in 0..batch.num_rows() {
            assert_eq!(batch.column(3).as_string::<i32>().value(row), "error_code");
            assert_eq!(batch.column(4).as_string::<i32>().value(row), "missing");
            assert_eq!(batch.column(5).as_string::<i32>().value(row), "invalid-clicks");
            assert_eq!(batch.column(6).as_string::<i32>().value(row), "a.json");
            assert_eq!(batch.column(7).as_primitive::<Int64Type>().value(row), 7);
            let time = batch.column(8).as_primitive::<TimestampMicrosecondType>().value(row);
            assert_eq!(time, MIDNIGHT * 1_000_000);
        }
    }
    found.sort();
    let expected: Vec<(Vec<u8>, i32)> =
        vec![(b"x".into(), 0), (b"x".into(), 1), (b"y".into(), 0), (b"\xff\0{".into(), 0)];
    assert_eq!(found, expected);
    // SHA-256 of "x".
    let shas: Vec<_> = batches.iter().flat_map(|b| b.column(0).as_string::<i32>().iter().flatten()).collect();
    assert!(shas.contains(&"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"));
}

#[test]
fn the_order_of_rows_does_not_change_the_file() {
    let rows = [odd(b"a", 0), odd(b"b", 0), odd(b"c", 0)];
    let (_folder, lake) = new_lake(Granularity::Day);
    let (_other_folder, other) = new_lake(Granularity::Day);
    keep(&lake, &rows);
    keep(&other, &[rows[2].clone(), rows[0].clone(), rows[1].clone()]);
    let bytes = |lake: &Lake| files(&lake.root().join("quarantine")).into_values().collect::<Vec<_>>();
    assert_eq!(bytes(&lake).len(), 1);
    assert!(bytes(&lake) == bytes(&other));
}

/// Rows go to quarantine before coverage claims their window: where they cannot, nothing is claimed.
#[test]
fn no_coverage_without_the_quarantine() {
    let (_folder, lake) = new_lake(Granularity::Day);
    keep(&lake, &[odd(b"x", 0)]);
    let path = lake.quarantine_files().unwrap().remove(0).path;
    fs::write(&path, "damaged").unwrap();
    let interval = crate::coverage::Interval {
        feed: Feed::InvalidClicks,
        filters: vec![],
        from_time: MIDNIGHT,
        to_time: MIDNIGHT + 9,
        rows: 0,
        cap: None,
        saturated: false,
        fetched_at: None,
        pruned: false,
    };
    let clicks = [typed(Observation::default(), [row("a", 1, "").as_str()])];
    let error = landing(&lake).fold(&clicks, Observation::default(), &[odd(b"y", 0)], &[interval]).unwrap_err();
    assert!(error.to_string().contains("is damaged or no Parquet file"), "{error}");
    assert!(lake.partitions().unwrap().is_empty());
    assert_eq!(fs::read(&path).unwrap(), b"damaged");
}

#[test]
fn a_landing_reads_each_file_once() {
    let (_folder, lake) = new_lake(Granularity::Day);
    assert_eq!(keep(&lake, &[odd(b"x", 0)]), 1);
    let mut one = landing(&lake);
    let mut fold =
        |raw: &[u8]| one.fold(&[], Observation::default(), &[odd(raw, 0)], &[]).unwrap().rows_quarantined_new;
    assert_eq!(fold(b"x"), 0);
    // What others keep meanwhile is seen.
    assert_eq!(keep(&lake, &[odd(b"y", 0)]), 1);
    assert_eq!((fold(b"y"), fold(b"z")), (0, 1));
    for file in lake.quarantine_files().unwrap() {
        let size = fs::metadata(&file.path).unwrap().len();
        fs::write(file.path, vec![b'x'; size as usize]).unwrap();
    }
    assert_eq!((fold(b"x"), fold(b"y"), fold(b"z")), (0, 0, 0));
}
