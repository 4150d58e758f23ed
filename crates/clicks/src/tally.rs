//! How many clicks a partition holds, by day, affiliate and feeds: read from three columns of it, and nothing else.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use crate::partition::{OpenPartition, PartitionError};
use crate::schema::FEEDS;

const SECONDS_OF_DAY: i64 = 86_400;

/// What clicks are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// The first second of the UTC day, since 1970.
    pub day: i64,
    /// The affiliate; none where the click names none.
    pub affiliate_id: Option<i64>,
    /// The feeds that returned the click, joined by commas; empty where unknown.
    pub feeds: String,
}

/// Adds the clicks of a partition within closed seconds `from ..= to` to the counts.
///
/// # Errors
/// Where the file cannot be read.
pub fn tally(
    partition: &OpenPartition,
    (from, to): (i64, i64),
    counts: &mut BTreeMap<Group, u64>,
) -> Result<(), PartitionError> {
    for batch in partition.read(Some(&["click_time", "affiliate_id", FEEDS]), None)? {
        let batch = batch?;
        // In the order of the schema.
        let times = batch.column(0).as_primitive::<TimestampMicrosecondType>();
        let affiliates = batch.column(1).as_primitive::<Int64Type>();
        let feeds = batch.column(2).as_string::<i32>();
        // Rows are sorted by affiliate: neighbours mostly are of one group.
        let mut last: Option<(Group, u64)> = None;
        for row in 0..batch.num_rows() {
            let second = times.value(row).div_euclid(1_000_000);
            if !(from..=to).contains(&second) {
                continue;
            }
            let day = second.div_euclid(SECONDS_OF_DAY) * SECONDS_OF_DAY;
            let affiliate_id = affiliates.is_valid(row).then(|| affiliates.value(row));
            let feeds = if feeds.is_valid(row) { feeds.value(row) } else { "" };
            match &mut last {
                Some((group, count))
                    if group.day == day && group.affiliate_id == affiliate_id && group.feeds == feeds =>
                {
                    *count += 1;
                }
                _ => {
                    let next = (Group { day, affiliate_id, feeds: feeds.to_owned() }, 1);
                    if let Some((group, count)) = last.replace(next) {
                        *counts.entry(group).or_default() += count;
                    }
                }
            }
        }
        if let Some((group, count)) = last {
            *counts.entry(group).or_default() += count;
        }
    }
    Ok(())
}
