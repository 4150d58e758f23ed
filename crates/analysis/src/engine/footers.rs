//! Reads footers: many at once, each checked, each error naming its file.
//!
//! Owns the check that a file is what its place in the lake says. Promises that whatever is wrong with a file, the
//! message names it and says what to do. Leaves caching to DataFusion's metadata cache, which the scan that follows
//! reads from; it is keyed by a path of this session's own store, so it never outlives a snapshot.

use std::sync::Arc;

use datafusion::common::DataFusionError;
use datafusion::common::runtime::JoinSet;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::parquet::arrow::parquet_to_arrow_schema;
use datafusion::parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use object_store::ObjectMeta;
use object_store::path::Path as Location;

use super::store::SnapshotStore;

/// Footers that are fetched from an object store at once.
const FETCHES_MAX: usize = 32;

/// A file that is not what its place in the lake says.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {file}: {reason}; move it out of the lake, then pull or land that day again")]
pub struct BadFile {
    /// The file's path.
    pub file: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The footer of a file, with the size and time it was read at.
#[derive(Debug, Clone)]
pub(super) struct Footer {
    /// Size and time of the version that was read.
    pub(super) meta: ObjectMeta,
    /// What the footer says.
    pub(super) parquet: Arc<ParquetMetaData>,
}

/// Reads the footers of `locations`, in their order; `required` columns must be there, with these types.
pub(super) async fn read(
    store: &Arc<SnapshotStore>,
    cache: &Arc<FileMetadataCache>,
    required: &arrow::datatypes::SchemaRef,
    locations: Vec<Location>,
) -> Result<Vec<Footer>, DataFusionError> {
    // Decoding a footer is pure computation: one task per core shares out the files. Fetching one is waiting.
    let tasks = match store.is_remote() {
        true => FETCHES_MAX,
        false => std::thread::available_parallelism().map_or(1, usize::from),
    };
    let tasks = tasks.min(locations.len());
    if tasks == 0 {
        return Ok(Vec::new());
    }
    let share = locations.len().div_ceil(tasks);
    let mut set = JoinSet::new();
    for (index, chunk) in locations.chunks(share).enumerate() {
        let chunk = chunk.to_vec();
        let (store, cache, required) = (Arc::clone(store), Arc::clone(cache), Arc::clone(required));
        set.spawn(async move {
            let mut footers = Vec::with_capacity(chunk.len());
            for location in chunk {
                footers.push(read_one(&store, &cache, &required, &location).await?);
            }
            Ok::<_, DataFusionError>((index, footers))
        });
    }
    let mut chunks = Vec::with_capacity(tasks);
    while let Some(joined) = set.join_next().await {
        chunks.push(joined.map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))??);
    }
    chunks.sort_by_key(|(index, _)| *index);
    Ok(chunks.into_iter().flat_map(|(_, footers)| footers).collect())
}

async fn read_one(
    store: &Arc<SnapshotStore>,
    cache: &Arc<FileMetadataCache>,
    required: &arrow::datatypes::SchemaRef,
    location: &Location,
) -> Result<Footer, DataFusionError> {
    let bad = |reason: String| DataFusionError::External(Box::new(BadFile { file: store.name_of(location), reason }));
    // A changed version passes as it is, since planning again cures it; anything else is a bad file.
    let keep_or_bad = |error: DataFusionError| {
        if store.saw_version_change() { error } else { bad(error.strip_backtrace()) }
    };
    let meta = store.meta(location).map_err(|error| keep_or_bad(error.into()))?;
    if meta.size == 0 {
        return Err(bad("it is empty".to_owned()));
    }
    let parquet = DFParquetMetadata::new(store.as_ref(), &meta)
        .with_file_metadata_cache(Some(Arc::clone(cache)))
        .with_metadata_size_hint(Some(super::FOOTER_SIZE_HINT_BYTES))
        // Statistics of row groups suffice for planning; a scan with a predicate fetches the pages' index itself.
        .with_page_index_policy(Some(PageIndexPolicy::Skip))
        .fetch_metadata()
        .await
        .map_err(keep_or_bad)?;
    check_columns(&parquet, required).map_err(bad)?;
    Ok(Footer { meta, parquet })
}

fn check_columns(parquet: &ParquetMetaData, required: &arrow::datatypes::Schema) -> Result<(), String> {
    let file = parquet.file_metadata();
    let schema =
        parquet_to_arrow_schema(file.schema_descr(), file.key_value_metadata()).map_err(|error| error.to_string())?;
    for wanted in required.fields() {
        match schema.field_with_name(wanted.name()) {
            Ok(found) if found.data_type() == wanted.data_type() => {}
            Ok(found) => {
                let (name, found, wanted) = (wanted.name(), found.data_type(), wanted.data_type());
                return Err(format!("its column {name} is {found}, not {wanted}"));
            }
            Err(_) => return Err(format!("it has no column {}, so it holds no clicks", wanted.name())),
        }
    }
    Ok(())
}
