//! How each column of a partition is encoded.

use std::sync::LazyLock;

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;

use super::{BATCH_ROWS, DICTIONARY_BYTES_MAX, ROW_GROUP_BYTES, ROW_GROUP_ROWS, SORTED_BY};
use crate::schema::{COLUMNS, Kind, click_schema, index_of};

/// Texts that queries select by, so that least and greatest may spare reading a row group.
const TEXTS_WITH_STATISTICS: [&str; 4] = ["affiliate_name", "offer_name", "country_code", "user_ip"];

/// The level at which pages are compressed: the fastest that is no loss of size worth mentioning.
pub(super) const ZSTD_LEVEL: i32 = 1;

fn zstd_level() -> ZstdLevel {
    ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default()
}

static PROPERTIES: LazyLock<WriterProperties> = LazyLock::new(|| properties(0));

/// True where a column has nothing but its values and perhaps the least and greatest of a row group.
pub(crate) fn is_by_dictionary(index: usize) -> bool {
    let column = path_of(index);
    PROPERTIES.dictionary_enabled(&column)
        && PROPERTIES.bloom_filter_properties(&column).is_none()
        && PROPERTIES.statistics_enabled(&column) != EnabledStatistics::Page
}

/// True where a row group says the least and the greatest of a column.
pub(crate) fn has_statistics(index: usize) -> bool {
    PROPERTIES.statistics_enabled(&path_of(index)) != EnabledStatistics::None
}

fn path_of(index: usize) -> ColumnPath {
    ColumnPath::from(click_schema().field(index).name().as_str())
}

/// How a partition of so many rows is encoded.
pub(super) fn properties(rows: usize) -> WriterProperties {
    let sorting = SORTED_BY.iter().filter_map(|name| {
        let column_idx = i32::try_from(leaf_of(name)).ok()?;
        Some(SortingColumn { column_idx, descending: false, nulls_first: false })
    });
    // A filter sized for the rows that there are: the default would weigh a megabyte on a partition of ten clicks.
    let distinct = rows.clamp(1, ROW_GROUP_ROWS) as u64;
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by("clickproof".to_owned())
        .set_compression(Compression::ZSTD(zstd_level()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        // Pages end between the writer's steps. By default a step is longer where a batch has no NULL buffer, which
        // depends on how rows came: a step is a batch, always.
        .set_write_batch_size(BATCH_ROWS)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES_MAX)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_sorting_columns(Some(sorting.collect()))
        .set_column_dictionary_enabled(ColumnPath::from("transaction_id"), false);
    // Least and greatest of texts help no reader here, and comparing them all is a tenth of the work of writing.
    for column in
        COLUMNS.iter().filter(|column| column.kind == Kind::Text && !TEXTS_WITH_STATISTICS.contains(&column.name))
    {
        builder = builder.set_column_statistics_enabled(ColumnPath::from(column.name), EnabledStatistics::None);
    }
    for name in ["affiliate_id", "click_time"] {
        builder = builder.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::Page);
    }
    for name in ["transaction_id", "user_ip"] {
        builder = builder
            .set_column_bloom_filter_enabled(ColumnPath::from(name), true)
            .set_column_bloom_filter_fpp(ColumnPath::from(name), 0.01)
            .set_column_bloom_filter_max_ndv(ColumnPath::from(name), distinct);
    }
    // Times in a partition are near each other: their differences are a third of the size.
    builder
        .set_column_dictionary_enabled(ColumnPath::from("click_time"), false)
        .set_column_encoding(ColumnPath::from("click_time"), Encoding::DELTA_BINARY_PACKED)
        .build()
}

/// The position of a column among the leaves of the file: the map has two, and stands after all that are asked for.
fn leaf_of(name: &str) -> usize {
    index_of(name)
}
