//! Lakes for tests, written with the Parquet writer alone, so that they do not depend on how `fetcher` lands.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use chrono::NaiveDate;
use clicks::coverage::{COVERAGE_KEY, Coverage, Interval};
use clicks::feed::Feed;
use clicks::lake::{Lake, LakeError};
use clicks::schema::click_schema;
use datafusion::parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
use datafusion::parquet::file::metadata::{KeyValue, SortingColumn};
use datafusion::parquet::file::properties::WriterProperties;

use super::snapshot::Snapshot;

/// A lake in a temporary folder.
pub(crate) struct TestLake {
    dir: tempfile::TempDir,
}

/// A click: seconds after midnight, affiliate, error code, proxy.
pub(crate) type Click = (i64, i64, i32, bool);

pub(crate) fn midnight(date: &str) -> i64 {
    let date: NaiveDate = date.parse().unwrap();
    date.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp()
}

pub(crate) fn interval(feed: Feed, from_time: i64, to_time: i64) -> Interval {
    Interval {
        feed,
        filters: vec![],
        from_time,
        to_time,
        rows: 1,
        cap: None,
        saturated: false,
        fetched_at: Some(to_time),
        pruned: false,
    }
}

impl TestLake {
    pub(crate) fn new() -> Self {
        Self::with_partition("day")
    }

    pub(crate) fn with_partition(granularity: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let json = format!(r#"{{"format_version": 1, "partition": "{granularity}"}}"#);
        std::fs::write(dir.path().join("lake.json"), json).unwrap();
        Self { dir }
    }

    pub(crate) fn snapshot(&self) -> Result<Snapshot, LakeError> {
        Snapshot::of(Lake::open(self.root())?)
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn path(&self, account: &str, day: &str) -> PathBuf {
        self.root().join(format!("clicks/account={account}/date={day}/clicks.parquet"))
    }

    /// Writes the partition, atomically, as a landing does. `day` may go on with `/hour=HH`.
    pub(crate) fn put(&self, account: &str, day: &str, clicks: &[Click], covered: Vec<Interval>) {
        let path = self.path(account, day);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let temporary = path.with_extension("partial");
        std::fs::write(&temporary, parquet(&day[..10], clicks, covered)).unwrap();
        std::fs::rename(temporary, path).unwrap();
    }

    /// A day that `network-clicks` covers whole.
    pub(crate) fn put_whole(&self, account: &str, day: &str, clicks: &[Click]) {
        let first = midnight(day);
        self.put(account, day, clicks, vec![interval(Feed::NetworkClicks, first, first + 86_399)]);
    }
}

/// The bytes of a partition file, in row groups of four rows.
pub(crate) fn parquet(day: &str, clicks: &[Click], covered: Vec<Interval>) -> Vec<u8> {
    let mut clicks = clicks.to_vec();
    clicks.sort_by_key(|(second, affiliate, ..)| (*affiliate, *second));
    let first = midnight(day);
    let ids =
        clicks.iter().enumerate().map(|(index, (second, affiliate, ..))| format!("{day}-{second}-{affiliate}-{index}"));
    let column = |name: &str| -> Option<ArrayRef> {
        Some(match name {
            "transaction_id" => Arc::new(StringArray::from_iter_values(ids.clone())),
            "click_time" => {
                let micros = clicks.iter().map(|click| (first + click.0) * 1_000_000);
                Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC"))
            }
            "affiliate_id" => Arc::new(clicks.iter().map(|click| Some(click.1)).collect::<Int64Array>()),
            "error_code" => Arc::new(clicks.iter().map(|click| Some(click.2)).collect::<Int32Array>()),
            "is_proxy" => Arc::new(clicks.iter().map(|click| Some(click.3)).collect::<BooleanArray>()),
            "click_date" => {
                Arc::new(clicks.iter().map(|_| Some(i32::try_from(first / 86_400).unwrap())).collect::<Date32Array>())
            }
            "user_ip" => {
                Arc::new(StringArray::from_iter_values(clicks.iter().map(|click| format!("192.0.2.{}", click.1))))
            }
            _ => return None,
        })
    };
    let schema = click_schema();
    let columns = schema
        .fields()
        .iter()
        .map(|field| column(field.name()).unwrap_or_else(|| new_null_array(field.data_type(), clicks.len())));
    let batch = RecordBatch::try_new(schema.clone(), columns.collect()).unwrap();
    let mut coverage = Coverage::default();
    covered.into_iter().for_each(|interval| coverage.add(interval));
    let leaves = ArrowSchemaConverter::new().convert(&schema).unwrap();
    let sorting = ["affiliate_id", "click_time", "transaction_id"]
        .map(|name| leaves.columns().iter().position(|leaf| leaf.name() == name).unwrap())
        .map(|leaf| SortingColumn { column_idx: i32::try_from(leaf).unwrap(), descending: false, nulls_first: false });
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(4))
        .set_sorting_columns(Some(sorting.to_vec()))
        .set_key_value_metadata(Some(vec![KeyValue::new(COVERAGE_KEY.to_owned(), coverage.to_json())]))
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// The rows as text, one string a row, cells separated by a bar.
pub(crate) fn rows_of(batches: &[RecordBatch]) -> Vec<String> {
    let mut rows = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let cells = batch
                .columns()
                .iter()
                .map(|column: &Arc<dyn Array>| arrow::util::display::array_value_to_string(column, row).unwrap());
            rows.push(cells.collect::<Vec<_>>().join("|"));
        }
    }
    rows
}
