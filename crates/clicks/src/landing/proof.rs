//! How many rows the intervals of coverage speak of.

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;

use crate::coverage::{Coverage, Interval};
use crate::partition::{PartitionError, PartitionWriter};
use crate::schema::position;

/// Counts, while rows are written, those that each interval of new coverage speaks of.
pub(super) struct Proof {
    intervals: Vec<Interval>,
}

impl Proof {
    pub(super) fn new(coverage: &Coverage) -> Proof {
        // Which rows a filter selected is not known here, and those that were pruned are gone: those counts stay.
        let zeroed = |interval: &Interval| match is_counted(interval) {
            true => Interval { rows: 0, ..interval.clone() },
            false => interval.clone(),
        };
        Proof { intervals: coverage.intervals().iter().map(zeroed).collect() }
    }

    pub(super) fn write(&mut self, writer: &mut PartitionWriter, batch: RecordBatch) -> Result<(), PartitionError> {
        self.count(batch.column(position::CLICK_TIME), batch.column(position::FEED_LIST));
        writer.write(batch)
    }

    /// True where there is anything to count.
    pub(super) fn is_counting(&self) -> bool {
        !self.intervals.is_empty()
    }

    /// Counts rows by the columns of their times and feeds.
    pub(super) fn count(&mut self, times: &ArrayRef, feeds: &ArrayRef) {
        if self.is_counting() {
            let times = times.as_primitive::<TimestampMicrosecondType>();
            let feeds = feeds.as_string::<i32>();
            for (time, feeds) in times.values().iter().zip(feeds) {
                let second = time.div_euclid(1_000_000);
                for interval in &mut self.intervals {
                    let is_of_feed =
                        || feeds.is_some_and(|feeds| feeds.split(',').any(|feed| feed == interval.feed.name()));
                    if is_counted(interval) && (interval.from_time..=interval.to_time).contains(&second) && is_of_feed()
                    {
                        interval.rows += 1;
                    }
                }
            }
        }
    }

    pub(super) fn coverage(self) -> Coverage {
        let mut coverage = Coverage::default();
        for interval in self.intervals {
            coverage.add(interval);
        }
        coverage
    }
}

fn is_counted(interval: &Interval) -> bool {
    interval.filters.is_empty() && !interval.pruned
}
