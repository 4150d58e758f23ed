//! What landing promises wherever a lake is: functions that every back end must pass.
//!
//! On a local disk, in memory, and on S3 where `CLICKPROOF_S3_BUCKET` names a bucket that the `AWS_` variables lead to:
//! CI starts a server and runs this there (`tests/interop/object_store.py`).

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use object_store::ObjectStore;
use object_store::memory::InMemory;

use super::*;
use crate::coverage::Interval;
use crate::lake::PartitionFile;
use crate::prune::{Forgotten, Pruning};

mod races;

/// A kind of place, which makes new lakes.
enum Place {
    Disk(TempDir),
    Memory,
    S3 { url: String },
}

/// Every kind of place that there is here.
fn places() -> Vec<Place> {
    static NTH: AtomicU32 = AtomicU32::new(0);
    let mut places = vec![Place::Disk(tempfile::tempdir().unwrap()), Place::Memory];
    match std::env::var("CLICKPROOF_S3_BUCKET") {
        Ok(bucket) => {
            let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
            let url = format!("s3://{bucket}/{now}-{}/lake", NTH.fetch_add(1, Ordering::Relaxed));
            places.push(Place::S3 { url });
        }
        Err(_) => println!("CLICKPROOF_S3_BUCKET is not set: S3 is not tried"),
    }
    places
}

impl Place {
    /// The same place for every call, but for a new one in memory.
    fn lake(&self, granularity: Granularity) -> Lake {
        match self {
            Place::Disk(folder) => Lake::open_or_create(&folder.path().join("lake"), Some(granularity)),
            Place::Memory => Lake::in_store(Arc::new(InMemory::new()), "memory://lake", Some(granularity)),
            Place::S3 { url } => Lake::open_or_create(Path::new(url), Some(granularity)),
        }
        .unwrap()
    }
}

/// Every Parquet file of a lake with its bytes.
fn contents(lake: &Lake) -> BTreeMap<String, Vec<u8>> {
    let read = |location: &str| {
        let mut bytes = Vec::new();
        lake.open_file(location).unwrap().unwrap().read_to_end(&mut bytes).unwrap();
        (location.to_owned(), bytes)
    };
    let clicks = lake.partitions().unwrap();
    let quarantined = lake.quarantine_files().unwrap();
    let locations = clicks.iter().map(|file| &file.location).chain(quarantined.iter().map(|file| &file.location));
    locations.map(|location| read(location)).collect()
}

fn ids_of(lake: &Lake) -> Vec<String> {
    let rows = |file: PartitionFile| {
        let open = lake.open_partition(&file.key).unwrap().unwrap();
        let batches = open.read(Some(&["transaction_id"]), None).unwrap().map(Result::unwrap);
        let ids = |batch: RecordBatch| -> Vec<String> {
            batch.column(0).as_string::<i32>().iter().flatten().map(str::to_owned).collect()
        };
        batches.flat_map(ids).collect::<Vec<_>>()
    };
    let mut ids: Vec<String> = lake.partitions().unwrap().into_iter().flat_map(rows).collect();
    ids.sort();
    ids
}

fn clicks_of(feed: Feed, prefix: &str, seconds: &[i64]) -> TypedClicks {
    let rows: Vec<String> = seconds.iter().map(|second| row(&format!("{prefix}{second}"), *second, "")).collect();
    typed(Observation { feed: Some(feed), observed_at: Some(MIDNIGHT) }, rows.iter().map(String::as_str))
}

fn interval(feed: Feed, from: i64, to: i64) -> Interval {
    let (from_time, to_time) = (MIDNIGHT + from, MIDNIGHT + to);
    Interval {
        feed,
        filters: vec![],
        from_time,
        to_time,
        rows: 0,
        cap: None,
        saturated: false,
        fetched_at: None,
        pruned: false,
    }
}

fn odd(raw: &[u8]) -> QuarantinedRow {
    let (path, reason, source) = (String::new(), "missing".to_owned(), "-".to_owned());
    QuarantinedRow { raw: raw.to_vec(), part: 0, path, reason, source, position: 0 }
}

fn observed(feed: Feed) -> Observation {
    Observation { feed: Some(feed), observed_at: Some(MIDNIGHT) }
}

/// The landings of a small life: two days, changes, coverage, rows for quarantine.
fn live(lake: &Lake) -> Folded {
    let feed = Feed::InvalidClicks;
    let mut folded = Folded::default();
    let folds = [
        (vec![clicks_of(feed, "a", &[1, 2, 3, 86_401])], vec![odd(b"x")], vec![interval(feed, 0, 100)]),
        (vec![clicks_of(feed, "a", &[2, 90_000])], vec![odd(b"x"), odd(b"y")], vec![]),
        (vec![clicks_of(feed, "b", &[7, 3_600])], vec![], vec![interval(feed, 50, 90_000)]),
    ];
    for (clicks, quarantined, coverage) in folds {
        folded += landing(lake).fold(&clicks, observed(feed), &quarantined, &coverage).unwrap();
    }
    folded
}

#[test]
fn the_same_input_gives_the_same_bytes_everywhere() {
    for granularity in [Granularity::Day, Granularity::Hour] {
        let mut first: Option<BTreeMap<String, Vec<u8>>> = None;
        for place in places() {
            let lake = place.lake(granularity);
            let folded = live(&lake);
            assert_eq!((folded.rows_new, folded.rows_unchanged, folded.rows_quarantined_new), (7, 1, 2));
            let found = contents(&lake);
            assert!(found.len() > 2);
            let expected = first.get_or_insert_with(|| found.clone());
            assert!(found == *expected, "{}: {:?}", lake.root().display(), found.keys());
        }
    }
}

#[test]
fn landing_again_changes_nothing() {
    for place in places() {
        let lake = place.lake(Granularity::Day);
        live(&lake);
        let before = contents(&lake);
        let folded = live(&lake);
        assert_eq!((folded.rows_new, folded.rows_changed, folded.rows_quarantined_new), (0, 0, 0));
        assert!(contents(&lake) == before, "{}", lake.root().display());
    }
}

#[test]
fn a_lake_is_found_again_with_its_granularity() {
    for place in places() {
        let made = place.lake(Granularity::Hour);
        live(&made);
        let Place::Memory = place else {
            let found = Lake::open(made.root()).unwrap();
            assert_eq!(found.granularity(), Granularity::Hour);
            assert_eq!(ids_of(&found), ids_of(&made));
            let error = Lake::open_or_create(made.root(), Some(Granularity::Day)).unwrap_err();
            assert!(matches!(error, crate::lake::LakeError::OtherGranularity { .. }), "{error}");
            continue;
        };
    }
}

#[test]
fn an_open_partition_stays_the_version_that_it_was() {
    for place in places() {
        let lake = place.lake(Granularity::Day);
        land(&lake, &[clicks_of(Feed::InvalidClicks, "a", &[1])]);
        let key = lake.partitions().unwrap().remove(0).key;
        let open = lake.open_partition(&key).unwrap().unwrap();
        land(&lake, &[clicks_of(Feed::InvalidClicks, "b", &[2])]);
        let rows: usize = open.read(None, None).unwrap().map(|batch| batch.unwrap().num_rows()).sum();
        assert_eq!((open.rows(), rows), (1, 1));
        assert_eq!(ids_of(&lake), ["a1", "b2"]);
    }
}

#[test]
fn a_footer_is_read_alone() {
    for place in places() {
        let lake = place.lake(Granularity::Day);
        live(&lake);
        // More intervals than fit into what is read first.
        let feed = Feed::InvalidClicks;
        let many: Vec<Interval> = (0..2_000).map(|nth| interval(feed, nth * 20, nth * 20 + 1)).collect();
        landing(&lake).fold(&[], observed(feed), &[], &many).unwrap();
        for PartitionFile { key, .. } in lake.partitions().unwrap() {
            let (footer, open) = (lake.footer(&key).unwrap().unwrap(), lake.open_partition(&key).unwrap().unwrap());
            assert_eq!((footer.rows, &footer.coverage), (open.rows(), open.coverage()));
            let absent = PartitionKey { date: key.date - chrono::Days::new(9), ..key };
            assert!(lake.footer(&absent).unwrap().is_none());
        }
    }
}

#[test]
fn what_was_pruned_is_gone_and_can_come_again() {
    for place in places() {
        let lake = place.lake(Granularity::Day);
        live(&lake);
        let before = contents(&lake);
        let pruning = Pruning::new(&lake, MIDNIGHT + 86_400, Duration::from_secs(10), false);
        let mut forgotten = Forgotten::default();
        for file in lake.partitions().unwrap() {
            forgotten += pruning.partition(&file).unwrap();
        }
        for file in lake.quarantine_files().unwrap() {
            forgotten += pruning.quarantine_file(&file).unwrap();
        }
        assert_eq!((forgotten.clicks, forgotten.partitions, forgotten.quarantined), (5, 1, 2));
        assert_eq!(ids_of(&lake), ["a86401", "a90000"]);
        let again = live(&lake);
        assert_eq!((again.rows_new, again.rows_quarantined_new), (5, 2));
        assert!(contents(&lake).keys().eq(before.keys()), "{}", lake.root().display());
        assert_eq!(live(&lake).rows_quarantined_new, 0);
    }
}

#[test]
fn what_cannot_be_kept_in_quarantine_is_not_covered() {
    for place in places() {
        let lake = place.lake(Granularity::Day);
        let feed = Feed::InvalidClicks;
        landing(&lake).fold(&[], observed(feed), &[odd(b"x")], &[]).unwrap();
        let location = lake.quarantine_files().unwrap().remove(0).location;
        let damage = Box::new(|file: &mut fs::File| std::io::Write::write_all(file, b"damaged"));
        let seen = lake.backend().open(&location).unwrap().unwrap().version;
        let _ = lake.backend().replace(&location, &seen, damage).unwrap();
        let clicks = [clicks_of(feed, "a", &[1])];
        let error = landing(&lake).fold(&clicks, observed(feed), &[odd(b"y")], &[interval(feed, 0, 9)]).unwrap_err();
        assert!(error.to_string().contains("is damaged or no Parquet file"), "{error}");
        assert!(lake.partitions().unwrap().is_empty());
    }
}

#[test]
fn an_account_is_one_kind_of_login_everywhere() {
    for place in places() {
        let lake = place.lake(Granularity::Day);
        landing(&lake)
            .fold(&[clicks_of(Feed::InvalidClicks, "a", &[1])], observed(Feed::InvalidClicks), &[], &[])
            .unwrap();
        let other = [clicks_of(Feed::AffiliateClicks, "b", &[2])];
        for observation in [observed(Feed::AffiliateClicks), Observation::default()] {
            let error = landing(&lake).fold(&other, observation, &[], &[]).unwrap_err();
            assert!(matches!(error, LandingError::OtherLogin { found: Feed::InvalidClicks, .. }), "{error}");
        }
        landing(&lake).fold(&[], observed(Feed::NetworkClicks), &[], &[interval(Feed::NetworkClicks, 0, 9)]).unwrap();
        assert_eq!(ids_of(&lake), ["a1"]);
    }
}

#[test]
fn partitions_of_the_other_granularity_stop_a_landing() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let lake = Lake::in_store(Arc::clone(&store), "memory://lake", Some(Granularity::Hour)).unwrap();
    land(&lake, &[clicks_of(Feed::InvalidClicks, "a", &[1])]);
    let version = lake.backend().open("lake.json").unwrap().unwrap().version;
    let edited = Box::new(|file: &mut fs::File| {
        std::io::Write::write_all(file, br#"{"format_version": 1, "partition": "day"}"#)
    });
    let _ = lake.backend().replace("lake.json", &version, edited).unwrap();
    let lake = Lake::in_store(store, "memory://lake", None).unwrap();
    let clicks = [clicks_of(Feed::InvalidClicks, "b", &[2])];
    let error = landing(&lake).fold(&clicks, Observation::default(), &[], &[]).unwrap_err();
    assert!(
        error.to_string().contains("is a partition of another granularity than lake.json says, which is day"),
        "{error}"
    );
}

#[test]
fn what_is_none_of_ours_is_left_alone() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let strange = object_store::path::Path::from("thesis.txt");
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(object_store::ObjectStoreExt::put(store.as_ref(), &strange, "x".into()))
        .unwrap();
    let error = Lake::in_store(store, "memory://lake", None).unwrap_err();
    assert!(matches!(error, crate::lake::LakeError::Foreign(_)), "{error}");
}
