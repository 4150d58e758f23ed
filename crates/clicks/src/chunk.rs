//! Columns of few distinct values as Parquet: the values once, and for each row which of them it has.
//!
//! The parquet crate takes the values of each row, and hashes and compares every one of them to find out which are the
//! same. Clicks know that already: nearly all of their columns repeat the words of an offer, a place, a device. Encoding
//! what is known takes a tenth of the time, and landing is for a good part encoding. Promises the same bytes as the
//! crate would write, which tests compare; everything but the pages of such columns is left to the crate.

use bytes::Bytes;
use parquet::basic::{Encoding, EncodingMask, PageType};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, LevelHistogram, OffsetIndexBuilder, PageEncodingStats};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;

mod hybrid;

use hybrid::Hybrid;

/// The key of a row that has no value.
pub(crate) const NULL: u32 = u32::MAX;

/// The distinct values of a column.
#[derive(Debug)]
pub(crate) struct Dictionary {
    /// As Parquet writes them plainly, one after the other, in the order in which rows first have them.
    pub(crate) plain: Vec<u8>,
    /// The bytes of each text; nothing of numbers.
    pub(crate) lengths: Option<Vec<u32>>,
    /// How many there are.
    pub(crate) len: usize,
    /// Least and greatest, and how many rows have none: where the column is to have statistics.
    pub(crate) statistics: Option<Statistics>,
}

/// An encoded column of a row group.
pub(crate) struct Chunk {
    pub(crate) bytes: Bytes,
    pub(crate) close: ColumnCloseResult,
}

/// Encodes a column: for each row the number of its value in the dictionary, or [`NULL`]; no numbers where no row has a
/// value. `page_ends` says after how many rows each page ends.
pub(crate) fn encode(
    descriptor: &ColumnDescPtr,
    properties: &WriterProperties,
    keys: &[u32],
    dictionary: &Dictionary,
    page_ends: &[usize],
    compressor: &mut Compressor,
) -> Result<Chunk, ParquetError> {
    let mut sink = TrackedWrite::new(Vec::new());
    let mut pages = SerializedPageWriter::new(&mut sink);
    let mut compressed = |plain: &[u8]| compressor.compress(plain).map(Bytes::from).map_err(ParquetError::from);
    let encoding = properties.dictionary_page_encoding();
    let page = Page::DictionaryPage {
        buf: compressed(&dictionary.plain)?,
        num_values: dictionary.len as u32,
        encoding,
        is_sorted: false,
    };
    let first = pages.write_page(CompressedPage::new(page, dictionary.plain.len()))?;
    let (mut uncompressed_size, mut data_page_offset) = (first.uncompressed_size, None);
    let (mut index, mut text_bytes_of_chunk) = (OffsetIndexBuilder::new(), 0);
    let (mut plain, mut start, mut distinct) = (Vec::new(), 0, 0);
    let mut nulls_of_chunk = 0;
    for end in page_ends {
        let rows = end - start;
        let keys = keys.get(start..*end).unwrap_or_default();
        // The key of no value, and one, is zero.
        distinct = keys.iter().fold(distinct, |distinct, key| distinct.max(key.wrapping_add(1)));
        let nulls = rows - keys.len() + keys.iter().filter(|key| **key == NULL).count();
        plain.clear();
        if descriptor.max_def_level() > 0 {
            put_levels(&mut plain, keys, rows, nulls);
        }
        put_values(&mut plain, keys, distinct);
        let page = Page::DataPage {
            buf: compressed(&plain)?,
            num_values: rows as u32,
            encoding: Encoding::RLE_DICTIONARY,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let written = pages.write_page(CompressedPage::new(page, plain.len()))?;
        uncompressed_size += written.uncompressed_size;
        data_page_offset.get_or_insert(written.offset);
        index.append_row_count(rows as i64);
        index.append_offset_and_size(written.offset as i64, written.compressed_size as i32);
        let text_bytes = dictionary.lengths.as_ref().map(|lengths| {
            keys.iter().filter(|key| **key != NULL).map(|key| i64::from(lengths[*key as usize])).sum::<i64>()
        });
        index.append_unencoded_byte_array_data_bytes(text_bytes);
        text_bytes_of_chunk += text_bytes.unwrap_or_default();
        nulls_of_chunk += nulls;
        start = *end;
    }
    let bytes = sink.into_inner()?;
    let of_pages = |page_type, encoding, count: usize| PageEncodingStats { page_type, encoding, count: count as i32 };
    let mut builder = ColumnChunkMetaData::builder(descriptor.clone())
        .set_compression(properties.compression(descriptor.path()))
        .set_encodings_mask(EncodingMask::new_from_encodings(
            [Encoding::RLE, encoding, Encoding::RLE_DICTIONARY].iter(),
        ))
        .set_page_encoding_stats(vec![
            of_pages(PageType::DICTIONARY_PAGE, encoding, 1),
            of_pages(PageType::DATA_PAGE, Encoding::RLE_DICTIONARY, page_ends.len()),
        ])
        .set_total_compressed_size(bytes.len() as i64)
        .set_total_uncompressed_size(uncompressed_size as i64)
        .set_num_values(start as i64)
        .set_dictionary_page_offset(Some(first.offset as i64))
        .set_data_page_offset(data_page_offset.unwrap_or_default() as i64);
    if properties.statistics_enabled(descriptor.path()) != EnabledStatistics::None {
        let histogram = LevelHistogram::try_new(descriptor.max_def_level()).map(|mut histogram| {
            histogram.increment_by(0, nulls_of_chunk as i64);
            histogram.increment_by(1, (start - nulls_of_chunk) as i64);
            histogram
        });
        builder = builder
            .set_unencoded_byte_array_data_bytes(dictionary.lengths.is_some().then_some(text_bytes_of_chunk))
            .set_definition_level_histogram(histogram);
        if let Some(statistics) = &dictionary.statistics {
            builder = builder.set_statistics(statistics.clone());
        }
    }
    let close = ColumnCloseResult {
        bytes_written: bytes.len() as u64,
        rows_written: start as u64,
        bloom_filter: None,
        metadata: builder.build()?,
        column_index: None,
        offset_index: Some(index.build()),
    };
    Ok(Chunk { bytes: bytes.into(), close })
}

/// Which rows have a value.
fn put_levels(plain: &mut Vec<u8>, keys: &[u32], rows: usize, nulls: usize) {
    let start = plain.len();
    plain.extend_from_slice(&[0; size_of::<u32>()]);
    let mut levels = Hybrid::new(plain, 1);
    match nulls {
        0 => levels.put_run(1, rows),
        _ if nulls == rows => levels.put_run(0, rows),
        _ => keys
            .chunk_by(|a, b| (*a == NULL) == (*b == NULL))
            .for_each(|run| levels.put_run(u32::from(run[0] != NULL), run.len())),
    }
    levels.finish();
    let end = start + size_of::<u32>();
    let bytes = (plain.len() - end) as u32;
    plain[start..end].copy_from_slice(&bytes.to_le_bytes());
}

/// The values of those that have one: all are among the first so many of the dictionary.
fn put_values(plain: &mut Vec<u8>, keys: &[u32], distinct: u32) {
    let width = (u32::BITS - distinct.saturating_sub(1).leading_zeros()) as u8;
    plain.push(width);
    let mut values = Hybrid::new(plain, width);
    keys.iter().filter(|key| **key != NULL).for_each(|key| values.put(*key));
    values.finish();
}

#[cfg(test)]
mod tests;
