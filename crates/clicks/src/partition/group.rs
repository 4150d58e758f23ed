//! A partition that is one row group, column by column.

use arrow::array::ArrayRef;
use parquet::arrow::arrow_writer::compute_leaves;
use parquet::errors::ParquetError;
use parquet::file::properties::DEFAULT_DATA_PAGE_ROW_COUNT_LIMIT;
use zstd::bulk::Compressor;

use super::{
    BATCH_ROWS, PartitionError, PartitionWriter, ROW_GROUP_BYTES, ROW_GROUP_ROWS, WIDE_ROW_BYTES, Writer, write_error,
    written_before,
};
use crate::chunk::{self, Dictionary};
use crate::failpoint;
use crate::schema::click_schema;

/// A column of all rows of a partition.
pub(crate) enum GroupColumn {
    /// The distinct values, and for each row which of them it has.
    Shared(Dictionary, Vec<u32>),
    /// The values of each batch.
    Plain(Vec<ArrayRef>),
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

    /// Writes so many rows, which are all there are, as one row group; `column` gives each column of the schema in turn.
    pub(crate) fn write_group(
        &mut self,
        rows: usize,
        column: impl FnMut(usize) -> Result<GroupColumn, PartitionError>,
    ) -> Result<(), PartitionError> {
        let path = self.path.clone();
        self.write_columns(rows, column).map_err(|error| match error {
            GroupError::Column(error) => error,
            GroupError::Parquet(error) => write_error(&path, error),
        })?;
        failpoint::hit("batch-written");
        Ok(())
    }

    fn write_columns(
        &mut self,
        rows: usize,
        mut column: impl FnMut(usize) -> Result<GroupColumn, PartitionError>,
    ) -> Result<(), GroupError> {
        let schema = click_schema();
        let (mut file, factory) = match std::mem::replace(&mut self.writer, Writer::Done) {
            Writer::Batches(writer) => writer.into_serialized_writer()?,
            _ => return Err(GroupError::Column(written_before(&self.path))),
        };
        let properties = file.properties().clone();
        let leaves = file.schema_descr().columns().to_vec();
        let mut compressor = Compressor::new(super::properties::ZSTD_LEVEL).map_err(ParquetError::from)?;
        let mut writers = factory.create_column_writers(0)?.into_iter().zip(leaves);
        let page_ends = page_ends(rows);
        let mut group = file.next_row_group()?;
        for (index, field) in schema.fields().iter().enumerate() {
            match column(index)? {
                GroupColumn::Shared(dictionary, keys) => {
                    let Some((_, leaf)) = writers.next() else { break };
                    let chunk = chunk::encode(&leaf, &properties, &keys, &dictionary, &page_ends, &mut compressor)?;
                    group.append_column(&chunk.bytes, chunk.close)?;
                }
                GroupColumn::Plain(batches) => {
                    let leaves = batches.iter().map(|values| compute_leaves(field, values));
                    let leaves: Vec<_> = leaves.collect::<Result<_, _>>()?;
                    for leaf in 0..leaves.first().map_or(0, Vec::len) {
                        let Some((mut writer, _)) = writers.next() else { break };
                        leaves.iter().try_for_each(|leaves| writer.write(&leaves[leaf]))?;
                        writer.close()?.append_to_row_group(&mut group)?;
                    }
                }
            }
        }
        group.close()?;
        self.writer = Writer::Columns(file);
        Ok(())
    }
}

/// After how many rows pages end: after a batch, once there are enough.
fn page_ends(rows: usize) -> Vec<usize> {
    let page = DEFAULT_DATA_PAGE_ROW_COUNT_LIMIT.next_multiple_of(BATCH_ROWS);
    (page..rows).step_by(page).chain([rows]).collect()
}

enum GroupError {
    Column(PartitionError),
    Parquet(ParquetError),
}

impl From<ParquetError> for GroupError {
    fn from(error: ParquetError) -> GroupError {
        GroupError::Parquet(error)
    }
}

impl From<PartitionError> for GroupError {
    fn from(error: PartitionError) -> GroupError {
        GroupError::Column(error)
    }
}
