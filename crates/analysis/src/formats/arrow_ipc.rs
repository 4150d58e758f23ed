//! Arrow IPC in the file format (`ARROW1`, Feather version 2), uncompressed: what `polars.read_ipc`,
//! `pyarrow.feather` and `pandas.read_feather` take.
//!
//! Text is plain Utf8. The schema's metadata says what the rows are, as in Parquet.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::ipc::writer::FileWriter;

use super::parquet::facts;
use super::sink::Sink;
use super::{Format, FormatError, Meta, RowWriter};

pub(super) struct ArrowWriter {
    schema: SchemaRef,
    out: FileWriter<Sink>,
}

impl ArrowWriter {
    pub(super) fn new(schema: &SchemaRef, meta: &Meta, sink: Sink) -> Result<Self, FormatError> {
        let metadata = facts(meta).map(|(key, value)| (key.to_owned(), value)).collect();
        let schema = SchemaRef::new(schema.as_ref().clone().with_metadata(metadata));
        let out = FileWriter::try_new(sink, &schema).map_err(failed)?;
        Ok(Self { schema, out })
    }
}

impl RowWriter for ArrowWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), FormatError> {
        let batch = batch.clone().with_schema(self.schema.clone()).map_err(failed)?;
        self.out.write(&batch).map_err(failed)
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<String>, FormatError> {
        self.out.finish().map_err(failed)?;
        self.out.flush().map_err(failed)?;
        Ok(Vec::new())
    }
}

fn failed(problem: impl std::fmt::Display) -> FormatError {
    FormatError::encode(Format::Arrow, problem)
}
