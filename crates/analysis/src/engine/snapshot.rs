//! What the lake held at one moment: the list of its files, by account, date and hour.
//!
//! Owns the choice of which files a query may see: everything a session plans and executes comes from one list, made
//! once. Opens nothing: reading is the [`store`](super::store)'s. Leaves the layout of a lake on disk to
//! [`clicks::lake`], and knows it only for the sample that is embedded in the binary.

use std::sync::Arc;

use chrono::NaiveDate;
use clicks::lake::{Granularity, Lake, LakeError, PartitionFile, Place, QuarantineFile};
use include_dir::{Dir, include_dir};
use object_store::ObjectMeta;
use object_store::path::Path as Location;

use super::store::{RemoteFile, Source};

/// The lake that ships, in the binary itself.
static SAMPLE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../data/sample");

/// One Parquet file of the lake.
#[derive(Debug, Clone)]
pub struct LakeFile {
    /// The account whose rows it holds.
    pub account: String,
    /// The UTC day of its clicks; none in the quarantine.
    pub date: Option<NaiveDate>,
    /// The UTC hour of its clicks, in a lake partitioned by hour.
    pub hour: Option<u8>,
    /// Its name in the store, relative to the lake.
    pub location: Location,
    /// Where its bytes are.
    pub source: Source,
}

/// The files of a lake at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// What a message calls this lake.
    pub name: String,
    /// How finely it is partitioned.
    pub granularity: Granularity,
    /// The partitions, sorted by account, date and hour.
    pub clicks: Vec<LakeFile>,
    /// The files of the quarantine.
    pub quarantine: Vec<LakeFile>,
    /// Parquet files under `clicks/` that are no partition, which are not read.
    pub strangers: Vec<String>,
}

impl Snapshot {
    /// Lists the lake at a place.
    pub fn open(place: &Place) -> Result<Self, LakeError> {
        Self::of(Lake::at(place)?)
    }

    /// Lists a lake.
    pub fn of(lake: Lake) -> Result<Self, LakeError> {
        let (name, granularity) = (format!("lake {}", lake.root().display()), lake.granularity());
        let lake = Arc::new(lake);
        let source = |path, object: Option<ObjectMeta>| match object {
            Some(meta) => Source::Object(RemoteFile { lake: Arc::clone(&lake), path, meta }),
            None => Source::Disk(path),
        };
        let files = lake.click_files()?;
        let of_partition = |file: PartitionFile| LakeFile {
            account: file.key.account.as_str().to_owned(),
            date: Some(file.key.date),
            hour: file.key.hour,
            location: Location::from(file.location),
            source: source(file.path, file.object),
        };
        let of_quarantine = |file: QuarantineFile| LakeFile {
            account: file.account.as_str().to_owned(),
            date: None,
            hour: None,
            location: Location::from(file.location),
            source: source(file.path, file.object),
        };
        Ok(Self {
            name,
            granularity,
            clicks: files.partitions.into_iter().map(of_partition).collect(),
            quarantine: lake.quarantine_files()?.into_iter().map(of_quarantine).collect(),
            strangers: files.strangers.iter().map(|path| path.display().to_string()).collect(),
        })
    }

    /// Lists the sample that is embedded in the binary; empty where it was built without one.
    pub fn of_sample() -> Self {
        let mut found = Vec::new();
        list_embedded(&SAMPLE, &mut found);
        found.sort_by(|a, b| a.location.cmp(&b.location));
        let (clicks, quarantine): (Vec<_>, _) = found.into_iter().partition(|file| file.date.is_some());
        let hourly = clicks.iter().any(|file| file.hour.is_some());
        Self {
            name: "the sample lake".to_owned(),
            granularity: if hourly { Granularity::Hour } else { Granularity::Day },
            clicks,
            quarantine,
            strangers: Vec::new(),
        }
    }

    /// The accounts that have clicks or quarantined rows, sorted.
    pub fn accounts(&self) -> Vec<&str> {
        let files = self.clicks.iter().chain(&self.quarantine);
        let mut accounts: Vec<&str> = files.map(|file| file.account.as_str()).collect();
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }

    /// Forgets every other account.
    pub fn retain_account(&mut self, account: &str) {
        self.clicks.retain(|file| file.account == account);
        self.quarantine.retain(|file| file.account == account);
    }

    /// How many times its files have so many bytes, rounded up, and at most `most`: only as many files are looked at as tell.
    pub fn multiples_of(&self, bytes: u64, most: usize) -> usize {
        let most_bytes = bytes.saturating_mul(most as u64);
        let mut seen = 0_u64;
        for file in self.clicks.iter().chain(&self.quarantine) {
            seen = seen.saturating_add(file.source.size_bytes());
            if seen >= most_bytes {
                return most;
            }
        }
        usize::try_from(seen.div_ceil(bytes)).unwrap_or(most)
    }

    /// The first and the last day that have a partition.
    pub fn days(&self) -> Option<(NaiveDate, NaiveDate)> {
        let days = || self.clicks.iter().filter_map(|file| file.date);
        days().min().zip(days().max())
    }
}

fn list_embedded(dir: &'static Dir<'static>, found: &mut Vec<LakeFile>) {
    for child in dir.dirs() {
        list_embedded(child, found);
    }
    for file in dir.files() {
        let parts: Vec<&str> = file.path().iter().filter_map(|part| part.to_str()).collect();
        let value = |key: &str| {
            let mut parts = parts.iter().filter_map(|part| part.split_once('='));
            parts.find(|(name, _)| *name == key).map(|(_, value)| value)
        };
        let Some(account) = value("account").filter(|_| parts.last().is_some_and(|name| name.ends_with(".parquet")))
        else {
            continue;
        };
        found.push(LakeFile {
            account: account.to_owned(),
            date: value("date").and_then(|date| date.parse().ok()),
            hour: value("hour").and_then(|hour| hour.parse().ok()),
            location: Location::from_iter(parts.iter().copied()),
            source: Source::Embedded(file.contents()),
        });
    }
}
