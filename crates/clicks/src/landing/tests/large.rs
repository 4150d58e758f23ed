//! More rows than a batch and than a row group.

use parquet::file::reader::{FileReader, SerializedFileReader};

use super::*;
use crate::partition::{BATCH_ROWS, ROW_GROUP_ROWS};

/// Rows in an order of their own.
fn rows(count: i64) -> Vec<String> {
    // Long names of offers: with all that are different, more than a dictionary page holds.
    let members = |nth: i64| {
        let affiliate = match nth % 5 {
            4 => String::new(),
            affiliate => format!(r#""affiliate":{{"network_affiliate_id":{affiliate},"name":"n{affiliate}"}},"#),
        };
        let offer = nth * 13 % 1000;
        let status = if nth % 7 == 0 { "null" } else { "\"active\"" };
        let name = "x".repeat(if offer < 400 { 3_000 } else { 3 });
        format!(r#""relationship":{{{affiliate}"offer":{{"name":"{offer}{name}","offer_status":{status}}}}}"#)
    };
    (0..count).map(|nth| row(&format!("{:06}", nth * 7919 % count), nth * 31 % 86_400, &members(nth))).collect()
}

fn typed_rows(rows: &[String]) -> TypedClicks {
    typed(Observation::default(), rows.iter().map(String::as_str))
}

fn assert_sorted(batch: &RecordBatch) {
    let affiliates = batch.column(position::AFFILIATE_ID).as_primitive::<arrow::datatypes::Int64Type>();
    let times = batch.column(position::CLICK_TIME).as_primitive::<TimestampMicrosecondType>();
    let keys: Vec<_> = (0..batch.num_rows())
        .map(|row| (affiliates.is_null(row), affiliates.is_valid(row).then(|| affiliates.value(row)), times.value(row)))
        .zip(ids(batch))
        .collect();
    assert!(keys.is_sorted());
}

#[test]
fn partitions_larger_than_a_batch() {
    let count = BATCH_ROWS as i64 * 2 + 17;
    let rows = rows(count);
    let (_folder, lake) = new_lake(Granularity::Day);
    assert_eq!(land(&lake, &[typed_rows(&rows)]).rows_new, count as u64);
    let expected = partition_files(&lake);
    assert_sorted(&batches(&lake)[0].1);
    let (_other_folder, other) = new_lake(Granularity::Day);
    // Three interleaved parts, the last with rows that are there already.
    for part in 0..3 {
        let some: Vec<_> = (0..rows.len()).filter(|nth| nth % 3 == part || (part == 2 && nth % 3 == 0)).collect();
        let some: Vec<String> = some.into_iter().rev().map(|nth| rows[nth].clone()).collect();
        land(&other, &[typed_rows(&some)]);
    }
    assert!(partition_files(&other) == expected);
}

#[test]
fn partitions_larger_than_a_row_group() {
    let count = ROW_GROUP_ROWS as i64 + BATCH_ROWS as i64 + 1;
    let rows = rows(count);
    let (first, second) = rows.split_at(ROW_GROUP_ROWS / 2);
    let (_folder, lake) = new_lake(Granularity::Day);
    land(&lake, &[typed_rows(second)]);
    land(&lake, &[typed_rows(first)]);
    let (_, batch) = batches(&lake).remove(0);
    assert_sorted(&batch);
    let mut found = ids(&batch);
    found.sort_unstable();
    assert!(found.iter().enumerate().all(|(nth, id)| *id == format!("{nth:06}")));
    assert_eq!(found.len() as i64, count);
    let file = fs::File::open(&lake.partitions().unwrap()[0].path).unwrap();
    let groups: Vec<_> =
        SerializedFileReader::new(file).unwrap().metadata().row_groups().iter().map(|g| g.num_rows()).collect();
    assert_eq!(groups, [ROW_GROUP_ROWS as i64, BATCH_ROWS as i64 + 1]);
    let (_other_folder, other) = new_lake(Granularity::Day);
    land(&other, &[typed_rows(second), typed_rows(first)]);
    assert!(partition_files(&other) == partition_files(&lake));
}
