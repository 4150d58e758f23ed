//! Parquet, compressed with zstd, in row groups small enough that writing and reading stay in bounded memory.
//!
//! Text is plain Utf8. The footer's `clickproof.title`, `clickproof.about` and `clickproof.notes` say what the rows are.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::sink::Sink;
use super::{Format, FormatError, Meta, RowWriter};

const ROW_GROUP_ROWS: usize = 128 * 1024;
const ROW_GROUP_BYTES: usize = 64 * 1024 * 1024;
const ZSTD_LEVEL: i32 = 3;

pub(super) struct ParquetWriter {
    out: ArrowWriter<Sink>,
}

impl ParquetWriter {
    pub(super) fn new(schema: &SchemaRef, meta: &Meta, sink: Sink) -> Result<Self, FormatError> {
        let metadata = facts(meta).map(|(key, value)| KeyValue::new(key.to_owned(), value)).collect();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL).map_err(failed)?))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
            .set_key_value_metadata(Some(metadata))
            .build();
        let out = ArrowWriter::try_new(sink, schema.clone(), Some(properties)).map_err(failed)?;
        Ok(Self { out })
    }
}

impl RowWriter for ParquetWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), FormatError> {
        self.out.write(batch).map_err(failed)
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<String>, FormatError> {
        self.out.finish().map_err(failed)?;
        std::io::Write::flush(self.out.inner_mut()).map_err(failed)?;
        Ok(Vec::new())
    }
}

/// What a file that travels alone says about its rows, as keys and values.
pub(super) fn facts(meta: &Meta) -> impl Iterator<Item = (&'static str, String)> {
    [
        ("clickproof.title", meta.title.clone()),
        ("clickproof.about", meta.about.clone()),
        ("clickproof.notes", meta.notes.join("\n")),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
}

fn failed(problem: impl std::fmt::Display) -> FormatError {
    FormatError::encode(Format::Parquet, problem)
}
