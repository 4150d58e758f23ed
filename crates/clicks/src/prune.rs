//! Forgetting old clicks, and keeping the proof that they were there.
//!
//! A file is replaced, as by a landing, by one without the rows that are older than a time; the intervals of coverage
//! that speak of them stay, flagged as pruned, with the number of rows that they held. So what was proven stays proven
//! and is not asked for again, and nobody takes a time that was forgotten for one without clicks. Promises that at every
//! instant a file is its old version or its new one, that rows that are not older stay byte for byte, and that pruning
//! twice does no more than pruning once.
//!
//! Leaves to others: copies of the lake, answers that were kept beside it, and what the disk holds of deleted files.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, Scalar, TimestampMicrosecondArray};
use arrow::compute::filter_record_batch;
use arrow::compute::kernels::cmp::gt_eq;
use arrow::datatypes::TimestampMicrosecondType;
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;
use serde::Deserialize;

use crate::coverage::{Coverage, Interval};
use crate::lake::{Lake, Opened, PartitionFile, QuarantineFile, until_published};
use crate::landing::LandingError;
use crate::lock::LakeLock;
use crate::partition::{OpenPartition, PartitionError, write_partition};
use crate::quarantine::{quarantine_schema, write_batches};
use crate::schema::{FEEDS, position};

/// What was forgotten, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Clicks.
    pub clicks: u64,
    /// Partitions that held them.
    pub partitions: u64,
    /// Rows in quarantine.
    pub quarantined: u64,
    /// Rows in quarantine that stay because nothing says how old they are.
    pub quarantined_undated: u64,
}

impl std::ops::AddAssign for Forgotten {
    fn add_assign(&mut self, other: Forgotten) {
        self.clicks += other.clicks;
        self.partitions += other.partitions;
        self.quarantined += other.quarantined;
        self.quarantined_undated += other.quarantined_undated;
    }
}

/// Forgets what is older than a time, file by file.
#[derive(Debug)]
pub struct Pruning<'a> {
    lake: &'a Lake,
    before: i64,
    lock_timeout: Duration,
    is_dry_run: bool,
}

impl<'a> Pruning<'a> {
    /// Clicks before this second since 1970 are to be forgotten; a dry run only counts them.
    #[must_use]
    pub fn new(lake: &'a Lake, before: i64, lock_timeout: Duration, is_dry_run: bool) -> Pruning<'a> {
        Pruning { lake, before, lock_timeout, is_dry_run }
    }

    /// Forgets the old clicks of a partition. It is left as it is where there are none.
    ///
    /// # Errors
    /// Where the lock is not had, or the file cannot be read or replaced; it is as it was then.
    pub fn partition(&self, file: &PartitionFile) -> Result<Forgotten, LandingError> {
        if file.key.period().seconds().0 >= self.before {
            return Ok(Forgotten::default());
        }
        let _lock = self.lock()?;
        until_published(&file.path, || self.try_partition(file))
    }

    /// None where somebody else has replaced the partition meanwhile.
    fn try_partition(&self, file: &PartitionFile) -> Result<Option<Forgotten>, LandingError> {
        let Some(old) = self.lake.open_partition(&file.key)? else {
            return Ok(Some(Forgotten::default()));
        };
        let (clicks, coverage) = self.count(&old, &file.path)?;
        if clicks == 0 {
            return Ok(Some(Forgotten::default()));
        }
        let forgotten = Forgotten { clicks: clicks as u64, partitions: 1, ..Forgotten::default() };
        if self.is_dry_run {
            return Ok(Some(forgotten));
        }
        let publication = write_partition(self.lake, &file.key, old.version(), old.rows() - clicks, (), |writer| {
            for batch in old.read(None, None)? {
                writer.write(self.newer_of(&batch?).map_err(|source| rows_of(&file.path, source))?)?;
            }
            Ok(coverage)
        })?;
        Ok(publication.is_published().then_some(forgotten))
    }

    /// Forgets the old rows of a file of the quarantine.
    ///
    /// A row has no time that could be typed. Its age is that of its `unix_timestamp` where that is a number not later
    /// than the answer; else that of the answer, since a click is never younger; a row with neither stays.
    ///
    /// # Errors
    /// As [`Pruning::partition`].
    pub fn quarantine_file(&self, file: &QuarantineFile) -> Result<Forgotten, LandingError> {
        let _lock = self.lock()?;
        until_published(&file.path, || self.try_quarantine_file(file))
    }

    /// None where somebody else has replaced the file meanwhile.
    fn try_quarantine_file(&self, file: &QuarantineFile) -> Result<Option<Forgotten>, LandingError> {
        let QuarantineFile { location, path, .. } = file;
        let damaged = |source: ParquetError| PartitionError::Damaged { path: path.clone(), source };
        let opened = self.lake.backend().open(location).map_err(|error| damaged(error.into()))?;
        let Some(Opened { file, version }) = opened else {
            return Ok(Some(Forgotten::default()));
        };
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(damaged)?;
        if builder.schema().fields() != quarantine_schema().fields() {
            let difference = "columns of a quarantine file".to_owned();
            return Err(PartitionError::Foreign { path: path.clone(), difference }.into());
        }
        let mut forgotten = Forgotten::default();
        let mut kept = Vec::new();
        for batch in builder.build().map_err(damaged)? {
            let batch = batch.map_err(|error| damaged(error.into()))?;
            let ages: Vec<Option<i64>> = (0..batch.num_rows()).map(|row| time_of_quarantined(&batch, row)).collect();
            forgotten.quarantined_undated += ages.iter().filter(|age| age.is_none()).count() as u64;
            let stays: BooleanArray = ages.iter().map(|age| Some(age.is_none_or(|age| age >= self.before))).collect();
            forgotten.quarantined += stays.false_count() as u64;
            kept.push(filter_record_batch(&batch, &stays).map_err(|source| rows_of(path, source))?);
        }
        if forgotten.quarantined > 0 && !self.is_dry_run {
            // Its name is the hash of the rows that it was born with; no other file can come by it while one is left.
            let fill = |file: &mut File| write_batches(file, &kept).map_err(io::Error::other);
            let publication = self.lake.backend().replace(location, &version, Box::new(fill));
            let publication = publication.map_err(|source| PartitionError::Write { path: path.clone(), source })?;
            return Ok(publication.is_published().then_some(forgotten));
        }
        Ok(Some(forgotten))
    }

    /// A dry run waits for nobody: it may count what a landing is about to replace.
    fn lock(&self) -> Result<Option<LakeLock>, LandingError> {
        if self.is_dry_run {
            return Ok(None);
        }
        Ok(self.lake.backend().lock(self.lock_timeout)?)
    }

    /// How many rows are older, and the coverage without them.
    fn count(&self, old: &OpenPartition, path: &Path) -> Result<(usize, Coverage), PartitionError> {
        let mut split = Split::new(old.coverage(), self.before);
        let mut rows = 0;
        for batch in old.read(Some(&["click_time", FEEDS]), None)? {
            let batch = batch?;
            let [times, feeds] = batch.columns() else {
                return Err(rows_of(path, ArrowError::SchemaError("not the two columns asked for".to_owned())));
            };
            let times = times.as_primitive::<TimestampMicrosecondType>().values();
            for (micros, feeds) in times.iter().zip(feeds.as_string::<i32>()) {
                let second = micros.div_euclid(1_000_000);
                if second < self.before {
                    rows += 1;
                    split.count(second, feeds);
                }
            }
        }
        Ok((rows, split.coverage()))
    }

    fn newer_of(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let before = TimestampMicrosecondArray::from(vec![self.before.saturating_mul(1_000_000)]).with_timezone("UTC");
        filter_record_batch(batch, &gt_eq(batch.column(position::CLICK_TIME), &Scalar::new(before))?)
    }
}

fn rows_of(path: &Path, source: ArrowError) -> PartitionError {
    PartitionError::Rows { path: path.to_owned(), source }
}

/// The intervals of a partition, each with what it loses.
struct Split<'a> {
    before: i64,
    intervals: Vec<(&'a Interval, Loss)>,
}

#[derive(Default)]
struct Loss {
    /// Rows of the interval's feed.
    rows: u64,
    /// Whether rows of its time go of which nobody knows whether they are its own.
    is_doubtful: bool,
}

impl<'a> Split<'a> {
    fn new(coverage: &'a Coverage, before: i64) -> Split<'a> {
        Split { before, intervals: coverage.intervals().iter().map(|interval| (interval, Loss::default())).collect() }
    }

    fn count(&mut self, second: i64, feeds: Option<&str>) {
        for (interval, loss) in &mut self.intervals {
            if (interval.from_time..=interval.to_time).contains(&second) {
                match feeds {
                    Some(feeds) if interval.filters.is_empty() => {
                        loss.rows += u64::from(feeds.split(',').any(|feed| feed == interval.feed.name()));
                    }
                    // Which rows a filter selected is not known, nor where a click of unknown feed came from.
                    _ => loss.is_doubtful = true,
                }
            }
        }
    }

    /// An interval that loses nothing stays whole: that there were no clicks is as true as before.
    fn coverage(self) -> Coverage {
        let mut coverage = Coverage::default();
        for (interval, loss) in self.intervals {
            let loses = loss.rows > 0 || loss.is_doubtful;
            if interval.pruned || !loses {
                coverage.add(interval.clone());
                continue;
            }
            let older = Interval { to_time: interval.to_time.min(self.before - 1), pruned: true, ..interval.clone() };
            if interval.to_time < self.before {
                coverage.add(older);
                continue;
            }
            let newer = Interval { from_time: self.before, ..interval.clone() };
            let (older_rows, newer_rows) = match interval.filters.is_empty() {
                true => (loss.rows, interval.rows.saturating_sub(loss.rows)),
                false => share(interval, older.to_time),
            };
            coverage.add(Interval { rows: older_rows, ..older });
            coverage.add(Interval { rows: newer_rows, ..newer });
        }
        coverage
    }
}

/// The rows of an interval in proportion to its seconds up to one, and of the rest.
fn share(interval: &Interval, to: i64) -> (u64, u64) {
    let seconds = |to: i64| i128::from(to) - i128::from(interval.from_time) + 1;
    let older = i128::from(interval.rows) * seconds(to) / seconds(interval.to_time);
    let older = u64::try_from(older).unwrap_or(interval.rows);
    (older, interval.rows - older)
}

/// How old a row in quarantine is, in seconds since 1970.
fn time_of_quarantined(batch: &RecordBatch, row: usize) -> Option<i64> {
    #[derive(Deserialize)]
    struct Clock {
        unix_timestamp: serde_json::Value,
    }
    let observations = batch.column(quarantine_schema().index_of("observed_at").ok()?);
    let observations = observations.as_primitive::<TimestampMicrosecondType>();
    let observed = observations.is_valid(row).then(|| observations.value(row).div_euclid(1_000_000));
    let raw = batch.column_by_name("raw")?.as_binary::<i32>().value(row);
    let clock = serde_json::from_slice::<Clock>(raw).ok().map(|clock| clock.unix_timestamp);
    let own = clock.and_then(|value| match value {
        serde_json::Value::Number(seconds) => seconds.as_i64(),
        serde_json::Value::String(text) => text.parse().ok(),
        _ => None,
    });
    own.filter(|second| *second > 0 && observed.is_none_or(|observed| *second <= observed)).or(observed)
}

#[cfg(test)]
mod tests;
