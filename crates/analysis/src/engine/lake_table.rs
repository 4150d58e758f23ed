//! The tables that are Parquet files of the lake: `clicks` and `quarantine`.
//!
//! Owns which files a scan reads. Promises that a file whose directory keys rule it out is not even opened, and that
//! planning and execution see the same version of every file that is. The schema is ours, never inferred; text is read
//! as Utf8View, which groups and compares faster. Leaves pruning within files to DataFusion.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{Array, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::and;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, Result, ScalarValue, Statistics, internal_datafusion_err};
use datafusion::datasource::file_format::parquet::transform_schema_to_view;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::listing::helpers::expr_applicable_for_cols;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::metadata::{DFParquetMetadata, ordering_from_parquet_metadata};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::LexOrdering;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use object_store::ObjectStore;
use object_store::path::Path as Location;

use super::absent::{AbsentColumns, with_empty_columns};
use super::footers::{self, Footer};
use super::snapshot::LakeFile;
use super::store::SnapshotStore;

/// A table over files of one snapshot.
#[derive(Debug)]
pub(super) struct LakeTable {
    store: Arc<SnapshotStore>,
    store_url: ObjectStoreUrl,
    files: Vec<LakeFile>,
    /// One row per file, one column per directory key.
    keys: RecordBatch,
    schema: TableSchema,
    required: SchemaRef,
    absent: AbsentColumns,
    /// What was read of a file's footer for an earlier scan: a snapshot's files do not change.
    described: Mutex<HashMap<Location, Described>>,
}

/// A file as DataFusion is told of it; none where it has no rows.
type Described = Option<PartitionedFile>;

impl LakeTable {
    /// A table of `columns` (as in the files) and the directory keys `keys`, of which a file may have `account`, `date`
    /// and `hour`. Files must have the columns named in `required`.
    pub(super) fn try_new(
        store: Arc<SnapshotStore>,
        store_url: ObjectStoreUrl,
        files: Vec<LakeFile>,
        columns: &Schema,
        keys: &[&str],
        required: &[&str],
    ) -> Result<Self> {
        let key_fields = keys.iter().map(|key| key_field(key)).collect::<Result<Vec<_>>>()?;
        let arrays = keys.iter().map(|key| {
            let values = files.iter().map(|file| key_value(file, key));
            if files.is_empty() {
                return Ok(arrow::array::new_empty_array(key_field(key)?.data_type()));
            }
            ScalarValue::iter_to_array(values)
        });
        let arrays = arrays.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(files.len()));
        let key_schema = Arc::new(Schema::new(key_fields.clone()));
        let required = columns.fields().iter().filter(|field| required.contains(&field.name().as_str()));
        let required = Arc::new(Schema::new(required.cloned().collect::<Vec<_>>()));
        let file_schema = Arc::new(transform_schema_to_view(columns));
        Ok(Self {
            store,
            store_url,
            keys: RecordBatch::try_new_with_options(key_schema, arrays, &options)?,
            files,
            schema: TableSchema::builder(file_schema).with_table_partition_cols(key_fields).build(),
            required,
            absent: AbsentColumns::default(),
            described: Mutex::default(),
        })
    }

    /// What scans find to be absent.
    pub(super) fn absent(&self) -> AbsentColumns {
        self.absent.clone()
    }

    /// The columns that every file must have.
    pub(super) fn required(&self) -> SchemaRef {
        Arc::clone(&self.required)
    }

    fn key_names(&self) -> Vec<&str> {
        self.schema.table_partition_cols().iter().map(|field| field.name().as_str()).collect()
    }

    /// The files that no filter on directory keys rules out.
    fn surviving(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<&LakeFile>> {
        let key_names = self.key_names();
        let schema = DFSchema::try_from(self.keys.schema())?;
        let mut keep = BooleanArray::from(vec![true; self.files.len()]);
        for filter in filters.iter().filter(|filter| expr_applicable_for_cols(&key_names, filter)) {
            let unqualified = datafusion::logical_expr::expr_rewriter::unnormalize_col(filter.clone());
            let predicate = state.create_physical_expr(unqualified, &schema)?;
            let verdict = predicate.evaluate(&self.keys)?.into_array(self.files.len())?;
            let verdict = verdict
                .as_any()
                .downcast_ref::<BooleanArray>()
                .ok_or_else(|| internal_datafusion_err!("a filter is not boolean: {filter}"))?;
            keep = and(&keep, verdict)?;
        }
        let kept = |index: usize| keep.is_valid(index) && keep.value(index);
        Ok(self.files.iter().enumerate().filter(|(index, _)| kept(*index)).map(|(_, file)| file).collect())
    }

    /// Describes the files to DataFusion, with the statistics of their footers; those without rows are left out.
    async fn describe(&self, files: &[&LakeFile], cache: &Arc<FileMetadataCache>) -> Result<Vec<PartitionedFile>> {
        let known = |file: &LakeFile| self.memo().get(&file.location).cloned();
        let unknown: Vec<&LakeFile> = files.iter().copied().filter(|file| known(file).is_none()).collect();
        let locations = unknown.iter().map(|file| file.location.clone()).collect();
        let footers = footers::read(&self.store, cache, &self.required, locations).await?;
        for (file, footer) in unknown.into_iter().zip(&footers) {
            let described = self.describe_one(file, footer)?;
            self.memo().insert(file.location.clone(), described);
        }
        Ok(files.iter().filter_map(|file| known(file).flatten()).collect())
    }

    fn memo(&self) -> MutexGuard<'_, HashMap<Location, Described>> {
        self.described.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn describe_one(&self, file: &LakeFile, footer: &Footer) -> Result<Described> {
        if footer.parquet.file_metadata().num_rows() == 0 {
            return Ok(None);
        }
        let schema = self.schema.file_schema();
        let statistics = DFParquetMetadata::statistics_from_parquet_metadata(&footer.parquet, schema)?;
        let statistics = with_empty_columns(statistics, schema, &footer.parquet);
        let keys = self.key_names().iter().map(|key| key_value(file, key)).collect();
        let described = PartitionedFile::new_from_meta(footer.meta.clone())
            .with_partition_values(keys)
            .with_statistics(Arc::new(statistics))
            .with_ordering(ordering_from_parquet_metadata(&footer.parquet, schema)?);
        Ok(Some(described))
    }

    /// Shares the files out to at most `target_partitions` groups, each with the sum of its files' statistics.
    fn group(&self, files: Vec<PartitionedFile>, target_partitions: usize) -> Result<(Vec<FileGroup>, Statistics)> {
        let schema = self.schema.table_schema();
        let mut groups = Vec::new();
        for group in FileGroup::new(files).split_files(target_partitions) {
            let statistics = group.iter().filter_map(|file| file.statistics.as_deref());
            let statistics = Statistics::try_merge_iter(statistics, schema)?;
            groups.push(group.with_statistics(Arc::new(statistics)));
        }
        let of_groups = groups.iter().filter_map(|group| group.file_statistics(None));
        let statistics = Statistics::try_merge_iter(of_groups, schema)?;
        Ok((groups, statistics))
    }
}

/// The order that all files share; DataFusion drops it where files of one group overlap.
fn common_ordering(files: &[PartitionedFile]) -> Vec<LexOrdering> {
    let first = files.first().and_then(|file| file.ordering.as_ref());
    let shared = first.filter(|first| files.iter().all(|file| file.ordering.as_ref() == Some(first)));
    shared.cloned().into_iter().collect()
}

fn key_field(key: &str) -> Result<FieldRef> {
    let data_type = match key {
        "account" => DataType::Utf8View,
        "date" => DataType::Date32,
        "hour" => DataType::Int32,
        _ => return Err(internal_datafusion_err!("{key} is no directory key")),
    };
    Ok(Arc::new(Field::new(key, data_type, key != "account")))
}

fn key_value(file: &LakeFile, key: &str) -> ScalarValue {
    match key {
        "account" => ScalarValue::Utf8View(Some(file.account.clone())),
        "date" => ScalarValue::Date32(file.date.map(arrow::datatypes::Date32Type::from_naive_date)),
        _ => ScalarValue::Int32(file.hour.map(i32::from)),
    }
}

#[async_trait]
impl TableProvider for LakeTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.schema.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let key_names = self.key_names();
        let verdict = |filter: &&Expr| {
            if expr_applicable_for_cols(&key_names, filter) {
                TableProviderFilterPushDown::Exact
            } else {
                TableProviderFilterPushDown::Inexact
            }
        };
        Ok(filters.iter().map(verdict).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self.surviving(state, filters)?;
        let cache = state.runtime_env().cache_manager.get_file_metadata_cache();
        let described = self.describe(&files, &cache).await?;
        if described.is_empty() {
            let schema = datafusion::physical_plan::project_schema(&self.schema(), projection)?;
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let ordering = common_ordering(&described);
        let (groups, statistics) = self.group(described, state.config().target_partitions())?;
        let table = self.schema.table_schema();
        let all = (0..table.fields().len()).collect();
        self.absent.note(table, &statistics, projection.unwrap_or(&all).iter().copied());
        let store: Arc<dyn ObjectStore> = Arc::clone(&self.store) as _;
        let source = ParquetSource::new(self.schema.clone())
            .with_table_parquet_options(state.default_table_options().parquet)
            .with_metadata_size_hint(super::FOOTER_SIZE_HINT_BYTES)
            .with_parquet_file_reader_factory(Arc::new(CachedParquetFileReaderFactory::new(store, cache)));
        let scan = FileScanConfigBuilder::new(self.store_url.clone(), Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .with_output_ordering(ordering)
            .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}
