//! Against the parquet crate's own encoding of the same rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterVersion;
use proptest::prelude::*;

use super::*;

const BATCH: usize = 64;
const PAGE: usize = 192;

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap()))
        .set_write_batch_size(BATCH)
        .set_data_page_row_count_limit(PAGE)
        .set_statistics_enabled(EnabledStatistics::None)
        .build()
}

fn by_crate(schema: &Arc<Schema>, values: &ArrayRef) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, schema.clone(), Some(properties())).unwrap();
    for start in (0..values.len()).step_by(BATCH) {
        let batch = values.slice(start, BATCH.min(values.len() - start));
        writer.write(&RecordBatch::try_new(schema.clone(), vec![batch]).unwrap()).unwrap();
    }
    writer.close().unwrap();
    file
}

fn by_us(schema: &Arc<Schema>, keys: &[u32], dictionary: &Dictionary) -> Vec<u8> {
    chunk_of(schema, keys, keys.len(), dictionary)
}

fn chunk_of(schema: &Arc<Schema>, keys: &[u32], rows: usize, dictionary: &Dictionary) -> Vec<u8> {
    let mut bytes = Vec::new();
    let writer = ArrowWriter::try_new(&mut bytes, schema.clone(), Some(properties())).unwrap();
    let (mut file, _) = writer.into_serialized_writer().unwrap();
    let leaf = file.schema_descr().column(0);
    let ends: Vec<usize> = (PAGE..rows).step_by(PAGE).chain([rows]).collect();
    let mut compressor = Compressor::new(1).unwrap();
    let chunk = encode(&leaf, &properties(), keys, dictionary, &ends, &mut compressor).unwrap();
    let mut group = file.next_row_group().unwrap();
    group.append_column(&chunk.bytes, chunk.close).unwrap();
    group.close().unwrap();
    file.close().unwrap();
    bytes
}

/// Numbers in the order in which they first come, and which numbers they stand for.
fn numbered(values: &[Option<u32>]) -> (Vec<u32>, Vec<u32>) {
    let mut distinct: Vec<u32> = Vec::new();
    let keys = values.iter().map(|value| match value {
        None => NULL,
        Some(value) => distinct.iter().position(|known| known == value).unwrap_or_else(|| {
            distinct.push(*value);
            distinct.len() - 1
        }) as u32,
    });
    (keys.collect(), distinct)
}

fn check(values: &[Option<u32>]) {
    let (keys, distinct) = numbered(values);
    let text = |value: u32| "ä".repeat(value as usize % 7) + &value.to_string();
    let texts: Vec<String> = distinct.iter().map(|value| text(*value)).collect();
    let schema = |data_type, nullable| Arc::new(Schema::new(vec![Field::new("column", data_type, nullable)]));
    let mut plain = Vec::new();
    for text in &texts {
        plain.extend_from_slice(&(text.len() as u32).to_le_bytes());
        plain.extend_from_slice(text.as_bytes());
    }
    let lengths = Some(texts.iter().map(|text| text.len() as u32).collect());
    let dictionary = Dictionary { plain, lengths, len: texts.len(), statistics: None };
    let array: ArrayRef = Arc::new(values.iter().map(|value| value.map(text)).collect::<StringArray>());
    let of_texts = schema(DataType::Utf8, true);
    assert_eq!(by_us(&of_texts, &keys, &dictionary), by_crate(&of_texts, &array));
    if texts.is_empty() {
        assert_eq!(
            chunk_of(&of_texts, &[], keys.len(), &dictionary),
            chunk_of(&of_texts, &keys, keys.len(), &dictionary)
        );
    }

    let plain = distinct.iter().flat_map(|value| i64::from(*value).to_le_bytes()).collect();
    let dictionary = Dictionary { plain, lengths: None, len: distinct.len(), statistics: None };
    let array: ArrayRef = Arc::new(values.iter().map(|value| value.map(i64::from)).collect::<Int64Array>());
    let of_numbers = schema(DataType::Int64, array.null_count() > 0);
    assert_eq!(by_us(&of_numbers, &keys, &dictionary), by_crate(&of_numbers, &array));
}

proptest! {
    #[test]
    fn gives_the_bytes_of_the_parquet_crate(
        runs in prop::collection::vec((prop::option::weighted(0.8, 0_u32..9), 1_usize..40), 1..60),
        spread in prop::sample::select(vec![1_u32, 2, 300]),
    ) {
        let row = |(at, value): (usize, Option<u32>)| value.map(|value| value + 9 * (at as u32 % spread));
        let values: Vec<Option<u32>> =
            runs.iter().flat_map(|(value, len)| std::iter::repeat_n(*value, *len)).enumerate().map(row).collect();
        check(&values);
    }
}

#[test]
fn ends_of_packed_runs() {
    for rows in [1, 7, 8, 9, 63, 64, 503, 504, 505, 512, 600] {
        check(&(0..rows).map(Some).collect::<Vec<_>>());
        check(&(0..rows).map(|row| (row % 3 > 0).then_some(row)).collect::<Vec<_>>());
        check(&vec![Some(5); rows as usize]);
        check(&vec![None; rows as usize]);
    }
}
