//! Columns that a query reads and that the clicks cannot have, for their feed lacks them.
//!
//! The affiliate feed has no affiliate, no user agent and no payout of the network: such columns are NULL, and what rests on
//! them is empty. Owns noticing that, by the footers that planning reads anyway.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::Schema;
use clicks::feed::Feed;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use datafusion::parquet::file::metadata::ParquetMetaData;

/// A chunk of NULLs alone: the headers of two pages, and levels that are all the same. One letter makes it longer.
const EMPTY_CHUNK_BYTES: i64 = 40;

/// The columns that scans of a session found to be absent. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct AbsentColumns(Arc<Mutex<BTreeSet<String>>>);

impl AbsentColumns {
    /// Notes which of the `read` columns are absent from files of these statistics, where they are the affiliate feed's
    /// alone. Other feeds leave columns empty too, but then it is the traffic that has none.
    pub(super) fn note(&self, schema: &Schema, statistics: &Statistics, read: impl Iterator<Item = usize>) {
        let columns = &statistics.column_statistics;
        let feeds = schema.index_of("feeds").ok().and_then(|index| columns.get(index));
        let Some(rows) = statistics.num_rows.get_value().filter(|_| feeds.is_some_and(is_affiliates_alone)) else {
            return;
        };
        let is_absent =
            |index: &usize| columns.get(*index).is_some_and(|column| column.null_count.get_value() == Some(rows));
        let names = read.filter(is_absent).map(|index| schema.field(index).name().clone());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(names);
    }

    /// What to say of it, where there is something to say.
    pub(super) fn said(&self) -> Option<String> {
        const NAMED_MAX: usize = 8;
        let absent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let named = absent.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
        let others = absent.len().saturating_sub(NAMED_MAX);
        let others = if others == 0 { String::new() } else { format!(" and {others} more") };
        let feed = Feed::AffiliateClicks;
        (!absent.is_empty())
            .then(|| format!("these clicks are of {feed} alone and have no {named}{others}: NULL in this answer"))
    }
}

/// The statistics of a file, with the NULLs of columns that have none, as most texts have none, and that are too small in every
/// row group to hold a value. Inexact: nothing is answered from it.
pub(super) fn with_empty_columns(mut statistics: Statistics, schema: &Schema, parquet: &ParquetMetaData) -> Statistics {
    let rows = statistics.num_rows.to_inexact();
    for (field, column) in schema.fields().iter().zip(&mut statistics.column_statistics) {
        let is_empty = || {
            parquet.row_groups().iter().all(|row_group| {
                let mut chunks = row_group.columns().iter();
                let chunk = chunks.find(|chunk| chunk.column_path().string() == *field.name());
                chunk.is_some_and(|chunk| chunk.uncompressed_size() <= EMPTY_CHUNK_BYTES)
            })
        };
        if column.null_count.get_value().is_none() && is_empty() {
            column.null_count = rows;
        }
    }
    statistics
}

fn is_affiliates_alone(feeds: &ColumnStatistics) -> bool {
    let is_it = |value: Option<&ScalarValue>| {
        value.and_then(|value| value.try_as_str().flatten()) == Some(Feed::AffiliateClicks.name())
    };
    feeds.null_count.get_value() == Some(&0) && is_it(feeds.min_value.get_value()) && is_it(feeds.max_value.get_value())
}
