//! The file of a partition: how it is written, replaced and read back.
//!
//! Promises that what is published was read back: the footer of a finished file is parsed and compared before the
//! lake's back end replaces the old version. The same rows and coverage give the same bytes, wherever the lake is: the
//! writer is fed batches that end where the rows say so. Batches and row groups are bounded by bytes as well as by rows,
//! so that clicks of megabytes are written and read back in bounded memory.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::errors::ParquetError;
use parquet::file::metadata::{FileMetaData, KeyValue, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::writer::SerializedFileWriter;

use crate::coverage::{COVERAGE_KEY, Coverage, CoverageError};
use crate::failpoint;
use crate::lake::{Lake, Opened, PartitionKey, Publication, Version};
use crate::schema::click_schema;
use crate::width::{Cut, TextBytes};

mod group;
mod properties;

pub(crate) use group::Rows;
use properties::properties;
pub(crate) use properties::{has_statistics, is_by_dictionary};

/// Rows of the batches that are written, so that pages do not depend on how rows came.
pub const BATCH_ROWS: usize = 1_024;
/// About the bytes of text of such a batch, where rows are very wide: never more than these or one row.
pub(crate) const BATCH_BYTES: usize = 16 << 20;
/// Rows of a row group: what a writer holds in memory.
pub const ROW_GROUP_ROWS: usize = 120 * BATCH_ROWS;
/// Encoded bytes of a row group: what a writer holds in memory where rows are very wide.
const ROW_GROUP_BYTES: usize = 32 << 20;
/// Bytes of text of a row group, as rows have them, however well they compress.
const ROW_GROUP_TEXT_BYTES: usize = 160 << 20;
/// The same, of one whose rows are so wide that its reader may have to hold all of it at once.
const ROW_GROUP_TEXT_BYTES_WIDE: usize = 2 * BATCH_BYTES;
/// Bytes of text of a row that is wide: those of an ordinary click are a tenth.
const WIDE_ROW_BYTES: usize = BATCH_BYTES / BATCH_ROWS;
/// The size of a dictionary page past which a column's values are written plainly.
pub(crate) const DICTIONARY_BYTES_MAX: usize = 1 << 20;

/// The columns that rows are sorted by, ascending, NULLs last.
pub const SORTED_BY: [&str; 3] = ["affiliate_id", "click_time", "transaction_id"];

/// What is wrong with the file of a partition.
#[derive(Debug, thiserror::Error)]
pub enum PartitionError {
    /// Not Parquet, cut off, or damaged.
    #[error(
        "{path} is damaged or no Parquet file ({source}): restore it from a copy, or move it out of the lake and land its clicks again"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        source: ParquetError,
    },
    /// Parquet, but not ours.
    #[error(
        "{path} does not have the columns of a Clickproof partition (first difference: {difference}): move it out of the lake"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The first column that differs.
        difference: String,
    },
    /// The coverage in the footer is broken.
    #[error("{path}: {source}: restore it from a copy, or move it out of the lake and land its clicks again")]
    Coverage {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: CoverageError,
    },
    /// A click stands in it twice, which no landing leaves behind.
    #[error(
        "{path} holds transaction id {id} twice, so it was not written by Clickproof: restore it from a copy, or move it out of the lake and land its clicks again"
    )]
    Repeated {
        /// The file.
        path: PathBuf,
        /// The transaction id.
        id: String,
    },
    /// Others were faster, again and again.
    #[error("{path} was replaced by others {tries} times while it was merged: land again, with fewer at once")]
    Contended {
        /// The file.
        path: PathBuf,
        /// How often it was merged.
        tries: u32,
    },
    /// It could not be written; what was there before is as it was.
    #[error("cannot write {path}: {source}; what was committed before is untouched")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Rows in memory that do not fit together: a bug.
    #[error("cannot put together the rows of {path}: {source}")]
    Rows {
        /// The file.
        path: PathBuf,
        /// What Arrow says.
        source: ArrowError,
    },
}

/// Replaces the expected version of a partition by so many rows, sorted, in batches of any size. Drops the permit once
/// all is written, and nothing left but to wait for the disk.
pub(crate) fn write_partition(
    lake: &Lake,
    key: &PartitionKey,
    expected: &Version,
    rows: usize,
    permit: impl Sized,
    fill: impl FnOnce(&mut PartitionWriter) -> Result<Coverage, PartitionError>,
) -> Result<Publication, PartitionError> {
    let path = lake.path_of(key);
    let mut failure = None;
    let write = |file: &mut File| {
        let written = PartitionWriter::create(&path, file.try_clone()?, rows).and_then(|mut writer| {
            let coverage = fill(&mut writer)?;
            writer.close(&coverage)
        });
        written.map_err(|error| {
            let kind = match &error {
                PartitionError::Write { source, .. } => source.kind(),
                _ => io::ErrorKind::Other,
            };
            failure = Some(error);
            io::Error::from(kind)
        })?;
        check_footer(file, rows)?;
        drop(permit);
        Ok(())
    };
    let replaced = lake.replace_partition(key, expected, Box::new(write));
    match (failure, replaced) {
        (Some(error), _) => Err(error),
        (None, Err(source)) => Err(PartitionError::Write { path, source }),
        (None, Ok(publication)) => Ok(publication),
    }
}

/// Reads back the footer of what was written: a disk that lies, or a bug, must not replace what was good.
fn check_footer(file: &File, rows: usize) -> io::Result<()> {
    let metadata = ParquetMetaDataReader::new().parse_and_finish(file).map_err(io::Error::other)?;
    let found = metadata.file_metadata().num_rows();
    if usize::try_from(found).ok() == Some(rows) {
        Ok(())
    } else {
        Err(io::Error::other(format!("the footer says {found} rows instead of {rows}")))
    }
}

/// How the rows of a partition are written.
enum Writer {
    /// Batch by batch.
    Batches(Box<ArrowWriter<File>>),
    /// All were written column by column.
    Columns(SerializedFileWriter<File>),
    /// Being changed from the one to the other, or failed while at it.
    Done,
}

/// Writes the rows of a partition.
pub(crate) struct PartitionWriter {
    path: PathBuf,
    writer: Writer,
    /// The beginning of the next batch.
    waiting: Vec<RecordBatch>,
    cut: Cut,
    text_bytes_of_group: usize,
    rows_of_group: usize,
}

impl PartitionWriter {
    fn create(path: &Path, file: File, rows: usize) -> Result<PartitionWriter, PartitionError> {
        let writer = ArrowWriter::try_new(file, click_schema(), Some(properties(rows)))
            .map_err(|error| write_error(path, error))?;
        Ok(PartitionWriter {
            path: path.to_owned(),
            writer: Writer::Batches(Box::new(writer)),
            waiting: Vec::new(),
            cut: Cut::default(),
            text_bytes_of_group: 0,
            rows_of_group: 0,
        })
    }

    /// Writes some rows.
    pub(crate) fn write(&mut self, batch: RecordBatch) -> Result<(), PartitionError> {
        let mut start = 0;
        for (row, bytes) in TextBytes::of_batch(&batch).iter().enumerate() {
            if let Some(text_bytes) = self.cut.take(bytes) {
                self.waiting.push(batch.slice(start, row - start));
                self.write_waiting(text_bytes)?;
                start = row;
            }
        }
        self.waiting.push(batch.slice(start, batch.num_rows() - start));
        Ok(())
    }

    fn write_waiting(&mut self, text_bytes: usize) -> Result<(), PartitionError> {
        let batch = concat_batches(&click_schema(), &std::mem::take(&mut self.waiting))
            .map_err(|source| PartitionError::Rows { path: self.path.clone(), source })?;
        if batch.num_rows() > 0 { self.write_run(&batch, text_bytes) } else { Ok(()) }
    }

    /// Writes a batch as it is: a whole run by [`Cut`], which has so many bytes of text.
    fn write_run(&mut self, batch: &RecordBatch, text_bytes: usize) -> Result<(), PartitionError> {
        let Writer::Batches(writer) = &mut self.writer else {
            return Err(PartitionError::Rows { path: self.path.clone(), source: written_before() });
        };
        let groups = writer.flushed_row_groups().len();
        writer.write(batch).map_err(|error| write_error(&self.path, error))?;
        if writer.flushed_row_groups().len() > groups {
            (self.text_bytes_of_group, self.rows_of_group) = (0, 0);
        }
        self.text_bytes_of_group += text_bytes;
        self.rows_of_group += batch.num_rows();
        let is_wide = self.text_bytes_of_group > self.rows_of_group * WIDE_ROW_BYTES;
        let bytes_max = if is_wide { ROW_GROUP_TEXT_BYTES_WIDE } else { ROW_GROUP_TEXT_BYTES };
        if self.text_bytes_of_group >= bytes_max {
            writer.flush().map_err(|error| write_error(&self.path, error))?;
            (self.text_bytes_of_group, self.rows_of_group) = (0, 0);
        }
        failpoint::hit("batch-written");
        Ok(())
    }

    fn close(mut self, coverage: &Coverage) -> Result<(), PartitionError> {
        self.write_waiting(self.cut.bytes())?;
        let coverage = KeyValue::new(COVERAGE_KEY.to_owned(), coverage.to_json());
        let closed = match self.writer {
            Writer::Batches(mut writer) => {
                writer.append_key_value_metadata(coverage);
                writer.close()
            }
            Writer::Columns(mut writer) => {
                writer.append_key_value_metadata(coverage);
                writer.close()
            }
            Writer::Done => {
                return Err(PartitionError::Rows { path: self.path, source: written_before() });
            }
        };
        closed.map(drop).map_err(|error| write_error(&self.path, error))
    }
}

/// Rows after those that were said to be all: a bug.
fn written_before() -> ArrowError {
    ArrowError::InvalidArgumentError("rows were written column by column before".to_owned())
}

fn write_error(path: &Path, error: ParquetError) -> PartitionError {
    // The kind of the cause, a full disk above all, is what a user can act on.
    let source = match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(source) => *source,
            Err(cause) => io::Error::other(cause),
        },
        error => io::Error::other(error),
    };
    PartitionError::Write { path: path.to_owned(), source }
}

static EMPTY_COVERAGE: LazyLock<Coverage> = LazyLock::new(Coverage::default);

/// What the footer of a partition says.
#[derive(Debug, Clone)]
pub struct Footer {
    /// The number of clicks.
    pub rows: usize,
    /// What is known to be complete.
    pub coverage: Coverage,
}

impl Footer {
    /// Reads it from the end of a file, of which `tail` gives so many bytes and the size of the whole.
    pub(crate) fn read(
        path: &Path,
        tail: impl Fn(u64) -> io::Result<Option<(Bytes, u64)>>,
    ) -> Result<Option<Footer>, PartitionError> {
        /// Most footers fit: one read suffices.
        const FIRST_BYTES: u64 = 64 << 10;
        let damaged = |source| PartitionError::Damaged { path: path.to_owned(), source };
        let mut wanted = FIRST_BYTES;
        loop {
            let Some((bytes, size)) = tail(wanted).map_err(|error| damaged(error.into()))? else { return Ok(None) };
            let mut reader = ParquetMetaDataReader::new();
            match reader.try_parse_sized(&bytes, size) {
                Ok(()) => {
                    let metadata = reader.finish().map_err(damaged)?;
                    let file = metadata.file_metadata();
                    let schema =
                        parquet_to_arrow_schema(file.schema_descr(), file.key_value_metadata()).map_err(damaged)?;
                    return Footer::check(path, &Arc::new(schema), file).map(Some);
                }
                // The next read may find another version: it is parsed from its own beginning.
                Err(ParquetError::NeedMoreData(more)) if more as u64 > wanted && wanted < size => wanted = more as u64,
                Err(error) => return Err(damaged(error)),
            }
        }
    }

    /// Takes what a footer says of a file that has our columns.
    fn check(path: &Path, schema: &SchemaRef, metadata: &FileMetaData) -> Result<Footer, PartitionError> {
        let found = schema.fields().iter().map(Some).chain(std::iter::repeat(None));
        let expected = click_schema();
        let mut pairs = expected.fields().iter().zip(found);
        let difference =
            pairs.find(|(expected, found)| *found != Some(expected)).map(|(expected, _)| expected.name().clone());
        let surplus = schema.fields().get(expected.fields().len()).map(|field| field.name().clone());
        if let Some(difference) = difference.or(surplus) {
            return Err(PartitionError::Foreign { path: path.to_owned(), difference });
        }
        let pairs = metadata.key_value_metadata().map(Vec::as_slice).unwrap_or_default();
        let text = pairs.iter().find(|pair| pair.key == COVERAGE_KEY).and_then(|pair| pair.value.as_deref());
        let coverage = text
            .map_or_else(|| Ok(EMPTY_COVERAGE.clone()), Coverage::from_json)
            .map_err(|source| PartitionError::Coverage { path: path.to_owned(), source })?;
        Ok(Footer { rows: usize::try_from(metadata.num_rows()).unwrap_or_default(), coverage })
    }
}

/// A partition that is open for reading: one version, whatever replaces its path meanwhile.
pub struct OpenPartition {
    path: PathBuf,
    file: Arc<File>,
    metadata: ArrowReaderMetadata,
    version: Version,
    rows: usize,
    coverage: Coverage,
}

impl OpenPartition {
    /// Takes what was opened; none where there is no file.
    pub(crate) fn open(
        path: PathBuf,
        opened: io::Result<Option<Opened>>,
    ) -> Result<Option<OpenPartition>, PartitionError> {
        let damaged = |source| PartitionError::Damaged { path: path.clone(), source };
        let Some(Opened { file, version }) = opened.map_err(|error| damaged(ParquetError::from(error)))? else {
            return Ok(None);
        };
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::default()).map_err(damaged)?;
        let Footer { rows, coverage } = Footer::check(&path, metadata.schema(), metadata.metadata().file_metadata())?;
        Ok(Some(OpenPartition { path, file: Arc::new(file), metadata, version, rows, coverage }))
    }

    /// Which version this is.
    pub(crate) fn version(&self) -> &Version {
        &self.version
    }

    /// The number of clicks.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The coverage in the footer.
    #[must_use]
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// Reads the selected rows, or all; only some columns, or all. Batches never go beyond a row group, so what is held
    /// at once is bounded as it was written.
    pub(crate) fn read(
        &self,
        columns: Option<&[&str]>,
        mut selection: Option<RowSelection>,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, PartitionError>> + use<>, PartitionError> {
        let file = &self.file;
        let (path, metadata) = (self.path.clone(), self.metadata.clone());
        let columns =
            columns.map(|columns| ProjectionMask::columns(metadata.parquet_schema(), columns.iter().copied()));
        let groups: Vec<(usize, Option<RowSelection>)> = (0..)
            .zip(metadata.metadata().row_groups())
            .map(|(number, group)| {
                let rows = usize::try_from(group.num_rows()).unwrap_or_default();
                (number, selection.as_mut().map(|selection| selection.split_off(rows)))
            })
            .collect();
        let file = clone_of(file, &path)?;
        let open = move |(number, selection): (usize, Option<RowSelection>)| {
            let file = file.try_clone().map_err(ParquetError::from)?;
            let rows = rows_of_batch(metadata.metadata().row_group(number));
            let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata.clone())
                .with_batch_size(rows)
                .with_row_groups(vec![number]);
            if let Some(columns) = &columns {
                builder = builder.with_projection(columns.clone());
            }
            if let Some(selection) = selection {
                builder = builder.with_row_selection(selection);
            }
            builder.build()
        };
        Ok(groups.into_iter().flat_map(move |group| -> Batches {
            let path = path.clone();
            let damaged = move |source| PartitionError::Damaged { path: path.clone(), source };
            match open(group) {
                Ok(reader) => Box::new(reader.map(move |batch| batch.map_err(|error| damaged(error.into())))),
                Err(error) => Box::new(std::iter::once(Err(damaged(error)))),
            }
        }))
    }
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, PartitionError>>>;

/// How many rows of a group are read at once: fewer where they are wide. What a dictionary holds once counts once, so
/// the writer ends groups of wide rows early.
fn rows_of_batch(group: &RowGroupMetaData) -> usize {
    let bytes = usize::try_from(group.total_byte_size()).unwrap_or_default();
    let rows = usize::try_from(group.num_rows()).unwrap_or_default();
    (BATCH_BYTES.saturating_mul(rows) / bytes.max(1)).clamp(1, BATCH_ROWS)
}

fn clone_of(file: &File, path: &Path) -> Result<File, PartitionError> {
    file.try_clone()
        .map_err(|error| PartitionError::Damaged { path: path.to_owned(), source: ParquetError::from(error) })
}
