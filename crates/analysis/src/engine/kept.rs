//! Answers that are kept in a temporary file, for statements that come after: computed once, read as often as one likes, and
//! never held in memory as a whole.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{Field, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::schema::types::ColumnPath;
use datafusion::physical_plan::ExecutionPlan;
use futures::TryStreamExt;
use tempfile::NamedTempFile;
use url::Url;

/// Rows of a file that vanishes with the table.
#[derive(Debug)]
pub(super) struct KeptTable {
    rows: ListingTable,
    _file: NamedTempFile,
}

impl KeptTable {
    /// Writes rows to a new file in a folder, or in the system's temporary one.
    pub(super) async fn write(mut rows: SendableRecordBatchStream, folder: Option<&Path>) -> Result<Self> {
        const ROW_GROUP_ROWS: usize = 256 << 10;
        let schema = rows.schema();
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix("kept-").suffix(".parquet");
        let file = folder.map_or_else(|| builder.tempfile(), |folder| builder.tempfile_in(folder))?;
        let mut properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_statistics_enabled(EnabledStatistics::None)
            .set_compression(Compression::LZ4_RAW);
        // Most numbers are fingerprints and times: looking each up in a dictionary costs more than it saves.
        let is_number = |field: &&Arc<Field>| field.data_type().is_numeric() || field.data_type().is_temporal();
        for field in schema.fields().iter().filter(is_number) {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(field.name().as_str()), false);
        }
        let mut writer = ArrowWriter::try_new(file.reopen()?, Arc::clone(&schema), Some(properties.build()))?;
        while let Some(batch) = rows.try_next().await? {
            writer.write(&batch)?;
        }
        writer.close()?;
        let options = ListingOptions::new(Arc::new(ParquetFormat::default()));
        let unusable = || exec_datafusion_err!("{} is no path of a temporary file", file.path().display());
        let place = ListingTableUrl::try_new(Url::from_file_path(file.path()).map_err(|()| unusable())?, None)?;
        let config = ListingTableConfig::new(place).with_listing_options(options).with_schema(schema);
        Ok(Self { rows: ListingTable::try_new(config)?, _file: file })
    }
}

#[async_trait]
impl TableProvider for KeptTable {
    fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.rows.supports_filters_pushdown(filters)
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.rows.scan(state, projection, filters, limit).await
    }
}
