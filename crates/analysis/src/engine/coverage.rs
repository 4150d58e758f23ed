//! What the footers of the partitions say was fetched: the table `coverage`, and the intervals behind a completeness
//! check.
//!
//! Owns reading the footer key. Reads lazily: only when a query names the table or rests on a feed. Leaves the
//! arithmetic to [`completeness`](super::completeness).

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, ListBuilder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Date32Type, Field, Schema, SchemaRef, TimeUnit};
use async_trait::async_trait;
use chrono::NaiveDate;
use clicks::coverage::{COVERAGE_KEY, Coverage, Interval};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::footers::{self, BadFile};
use super::snapshot::LakeFile;
use super::store::SnapshotStore;

/// An interval, and the partition whose footer holds it.
#[derive(Debug, Clone)]
pub(super) struct Covered {
    /// The account.
    pub(super) account: String,
    /// The UTC day of the partition.
    pub(super) date: Option<NaiveDate>,
    /// What was fetched.
    pub(super) interval: Interval,
}

/// Reads coverage from footers.
#[derive(Debug, Clone)]
pub(super) struct CoverageReader {
    /// The store that the files are read through.
    pub(super) store: Arc<SnapshotStore>,
    /// The cache of footers, shared with the scans of `clicks`.
    pub(super) cache: Arc<FileMetadataCache>,
    /// The columns that a partition must have.
    pub(super) required: SchemaRef,
}

impl CoverageReader {
    /// The coverage of these partitions, in their order.
    pub(super) async fn read(&self, files: Vec<LakeFile>) -> Result<Vec<Covered>> {
        let locations = files.iter().map(|file| file.location.clone()).collect();
        let footers = footers::read(&self.store, &self.cache, &self.required, locations).await?;
        let mut found = Vec::new();
        for (file, footer) in files.iter().zip(&footers) {
            let entries = footer.parquet.file_metadata().key_value_metadata();
            let entry = entries.into_iter().flatten().find(|entry| entry.key == COVERAGE_KEY);
            // A file without the key proves nothing, so it covers nothing.
            let Some(json) = entry.and_then(|entry| entry.value.as_deref()) else { continue };
            let coverage = Coverage::from_json(json).map_err(|error| {
                let reason = format!("its coverage ({COVERAGE_KEY}) cannot be read: {error}");
                DataFusionError::External(Box::new(BadFile { file: self.store.name_of(&file.location), reason }))
            })?;
            found.extend(coverage.intervals().iter().map(|interval| Covered {
                account: file.account.clone(),
                date: file.date,
                interval: interval.clone(),
            }));
        }
        Ok(found)
    }
}

/// The table `coverage`: one row per interval per partition, but for those whose clicks were pruned: a query that joins
/// clicks with it must not take a day that was forgotten for one without clicks.
#[derive(Debug)]
pub(super) struct CoverageTable {
    reader: CoverageReader,
    files: Vec<LakeFile>,
    schema: SchemaRef,
}

impl CoverageTable {
    /// The table over these partitions; reads nothing yet.
    pub(super) fn new(reader: CoverageReader, files: Vec<LakeFile>) -> Self {
        Self { reader, files, schema: schema() }
    }
}

fn schema() -> SchemaRef {
    let time = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let filters = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
    Arc::new(Schema::new(vec![
        Field::new("account", DataType::Utf8, false),
        Field::new("date", DataType::Date32, true),
        Field::new("feed", DataType::Utf8, false),
        Field::new("filters", filters, false),
        Field::new("from_time", time(), false),
        Field::new("to_time", time(), false),
        Field::new("rows", DataType::UInt64, false),
        Field::new("cap", DataType::UInt64, true),
        Field::new("saturated", DataType::Boolean, false),
        Field::new("fetched_at", time(), true),
    ]))
}

fn batch(schema: &SchemaRef, rows: &[Covered]) -> Result<RecordBatch> {
    let times = |of: &dyn Fn(&Interval) -> Option<i64>| -> ArrayRef {
        let micros = rows.iter().map(|row| of(&row.interval).and_then(|seconds| seconds.checked_mul(1_000_000)));
        Arc::new(micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
    };
    let mut filters = ListBuilder::new(StringBuilder::new());
    for row in rows {
        filters.append_value(row.interval.filters.iter().map(Some));
    }
    let dates = rows.iter().map(|row| row.date.map(Date32Type::from_naive_date));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.account))),
        Arc::new(dates.collect::<Date32Array>()),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.interval.feed.to_string()))),
        Arc::new(filters.finish()),
        times(&|interval| Some(interval.from_time)),
        times(&|interval| Some(interval.to_time)),
        Arc::new(UInt64Array::from_iter_values(rows.iter().map(|row| row.interval.rows))),
        Arc::new(rows.iter().map(|row| row.interval.cap).collect::<UInt64Array>()),
        Arc::new(rows.iter().map(|row| Some(row.interval.saturated)).collect::<BooleanArray>()),
        times(&|interval| interval.fetched_at),
    ];
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

#[async_trait]
impl TableProvider for CoverageTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut rows = self.reader.read(self.files.clone()).await?;
        rows.retain(|row| !row.interval.pruned);
        let batch = batch(&self.schema, &rows)?;
        let plan = MemorySourceConfig::try_new_exec(&[vec![batch]], Arc::clone(&self.schema), projection.cloned())?;
        Ok(plan)
    }
}
