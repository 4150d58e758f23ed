//! A partition that is one row group, column by column.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{FieldRef, Schema};
use arrow::error::ArrowError;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::errors::ParquetError;
use parquet::file::properties::{DEFAULT_DATA_PAGE_ROW_COUNT_LIMIT, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use zstd::bulk::Compressor;

use super::properties::ZSTD_LEVEL;
use super::{
    BATCH_ROWS, PartitionError, PartitionWriter, ROW_GROUP_BYTES, ROW_GROUP_ROWS, WIDE_ROW_BYTES, Writer, write_error,
    written_before,
};
use crate::chunk::{self, Dictionary};
use crate::failpoint;
use crate::schema::click_schema;

/// All rows of a partition, column by column.
pub(crate) trait Rows {
    /// How many there are.
    fn len(&self) -> usize;

    /// The distinct values of a column, and for each row which of them it has; none of a column that is not held so.
    fn shared(&self, column: usize) -> Option<(Dictionary, Vec<u32>)>;

    /// The values of some rows.
    fn values(&mut self, column: usize, rows: Range<usize>) -> Result<ArrayRef, ArrowError>;
}

impl PartitionWriter {
    /// True where rows with so many bytes of text are one row group in batches of [`BATCH_ROWS`], however they are
    /// written.
    pub(crate) fn is_one_group(rows: usize, text_bytes: usize, text_bytes_of_widest: usize) -> bool {
        /// More than the numbers and flags of a row take.
        const OTHER_BYTES: usize = 512;
        rows > 0
            && rows <= ROW_GROUP_ROWS
            && text_bytes_of_widest <= WIDE_ROW_BYTES
            && text_bytes + rows * OTHER_BYTES < ROW_GROUP_BYTES
    }

    /// Writes rows, which are all there are, as one row group.
    pub(crate) fn write_group(&mut self, rows: &mut impl Rows) -> Result<(), PartitionError> {
        let path = self.path.clone();
        self.write_columns(rows).map_err(|error| match error {
            GroupError::Rows(source) => PartitionError::Rows { path, source },
            GroupError::Parquet(error) => write_error(&path, error),
        })?;
        failpoint::hit("batch-written");
        Ok(())
    }

    fn write_columns(&mut self, rows: &mut impl Rows) -> Result<(), GroupError> {
        let schema = click_schema();
        let Writer::Batches(writer) = std::mem::replace(&mut self.writer, Writer::Done) else {
            return Err(written_before().into());
        };
        let (mut file, _) = writer.into_serialized_writer()?;
        let properties = file.properties().clone();
        let leaves = file.schema_descr().columns().to_vec();
        let mut leaves = leaves.iter();
        let mut compressor = Compressor::new(ZSTD_LEVEL).map_err(ParquetError::from)?;
        let page_ends = page_ends(rows.len());
        let mut group = file.next_row_group()?;
        for (index, field) in schema.fields().iter().enumerate() {
            if let Some((dictionary, keys)) = rows.shared(index) {
                let Some(leaf) = leaves.next() else { break };
                let chunk = chunk::encode(leaf, &properties, &keys, &dictionary, &page_ends, &mut compressor)?;
                group.append_column(&chunk.bytes, chunk.close)?;
                continue;
            }
            let mut writers = column_writers(field, &properties)?;
            for start in (0..rows.len()).step_by(BATCH_ROWS) {
                let values = rows.values(index, start..rows.len().min(start + BATCH_ROWS))?;
                let leaves = compute_leaves(field, &values)?;
                writers.iter_mut().zip(&leaves).try_for_each(|(writer, leaf)| writer.write(leaf))?;
            }
            for writer in writers {
                leaves.next();
                writer.close()?.append_to_row_group(&mut group)?;
            }
        }
        group.close()?;
        self.writer = Writer::Columns(file);
        Ok(())
    }
}

/// The crate's writers of one column. Each has memory of its own for compressing, so those that are not
/// used are not made.
fn column_writers(field: &FieldRef, properties: &WriterPropertiesPtr) -> Result<Vec<ArrowColumnWriter>, ParquetError> {
    let schema = Arc::new(Schema::new(vec![field.clone()]));
    let root = ArrowSchemaConverter::new().convert(&schema)?.root_schema_ptr();
    let file = SerializedFileWriter::new(io::sink(), root, properties.clone())?;
    ArrowRowGroupWriterFactory::new(&file, schema).create_column_writers(0)
}

/// After how many rows pages end: after a batch, once there are enough.
fn page_ends(rows: usize) -> Vec<usize> {
    let page = DEFAULT_DATA_PAGE_ROW_COUNT_LIMIT.next_multiple_of(BATCH_ROWS);
    (page..rows).step_by(page).chain([rows]).collect()
}

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
enum GroupError {
    Rows(#[from] ArrowError),
    Parquet(#[from] ParquetError),
}
