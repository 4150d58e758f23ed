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

/// Clicks of megabytes, some of them in two versions; names that offers share.
fn wide_rows() -> Vec<String> {
    let wide = |nth: i64| (nth % 7).to_string().repeat(2_500_000);
    let own = |nth| row(&format!("{nth:02}"), nth * 31, &format!(r#""sub1":"{}""#, wide(nth)));
    let later = |nth| row(&format!("{nth:02}"), nth * 31, &format!(r#""sub2":"{}""#, wide(nth)));
    let shared = |nth: i64| {
        let offer = format!(r#""relationship":{{"offer":{{"name":"{}"}}}}"#, "o".repeat(400_000));
        row(&format!("{nth:02}"), nth * 31, &offer)
    };
    (0..16).map(own).chain((0..12).map(later)).chain((16..60).map(shared)).collect()
}

#[test]
fn clicks_of_megabytes() {
    let rows = wide_rows();
    let (_folder, lake) = new_lake(Granularity::Day);
    // More versions than one pass merges.
    assert_eq!(land(&lake, &[typed_rows(&rows)]).rows_new, 60);
    let expected = partition_files(&lake);
    let text_of = |column: &str, row| {
        let batch = &batches(&lake)[0].1;
        let texts = batch.column_by_name(column).unwrap().as_string::<i32>();
        texts.is_valid(row).then(|| texts.value(row).len())
    };
    assert_eq!(
        [text_of("sub1", 11), text_of("sub2", 11), text_of("sub2", 12)],
        [Some(2_500_000), Some(2_500_000), None]
    );
    let file = fs::File::open(lake.root().join(expected.keys().next().unwrap())).unwrap();
    let groups = SerializedFileReader::new(file).unwrap().metadata().num_row_groups();
    assert!(groups >= 2, "{groups} row group of nearly 90 MB of text");

    let (_other_folder, other) = new_lake(Granularity::Day);
    for part in 0..3 {
        let some: Vec<_> = rows.iter().rev().skip(part).step_by(3).cloned().collect();
        land(&other, &[typed_rows(&some)]);
    }
    assert!(partition_files(&other) == expected);
    let again = land(&lake, &[typed_rows(&rows)]);
    assert_eq!((again.rows_changed, again.rows_new), (0, 0));
    assert!(partition_files(&lake) == expected);
}
