//! Writers at once: both finish, and nothing of either is lost.

use std::fmt;
use std::sync::Mutex;

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::path::Path as Key;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, PutMode, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, Result,
};

use super::*;
use crate::lake::TRIES_MAX;

#[test]
fn many_landings_at_once_lose_nothing() {
    const WRITERS: i64 = 6;
    const FOLDS: i64 = 4;
    for place in places() {
        let lake = place.lake(Granularity::Day);
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let lake = &lake;
                scope.spawn(move || {
                    let mut landing = landing(lake);
                    for fold in 0..FOLDS {
                        let feed = Feed::NetworkClicks;
                        let second = writer * 100 + fold;
                        let clicks = [clicks_of(feed, "id", &[second, second + 86_400])];
                        let coverage = [interval(feed, second, second)];
                        let folded = landing.fold(&clicks, observed(feed), &[], &coverage).unwrap();
                        assert_eq!((folded.rows_new, folded.partitions_written), (2, 2));
                    }
                });
            }
        });
        let ids = ids_of(&lake);
        assert_eq!(ids.len() as i64, WRITERS * FOLDS * 2, "{}: {ids:?}", lake.root().display());
        let covered: i64 = lake
            .partitions()
            .unwrap()
            .iter()
            .map(|file| {
                let open = lake.open_partition(&file.key).unwrap().unwrap();
                open.coverage().intervals().iter().map(|it| it.to_time - it.from_time + 1).sum::<i64>()
            })
            .sum();
        assert_eq!(covered, WRITERS * FOLDS, "{}", lake.root().display());
    }
}

#[test]
fn lakes_made_at_once_are_one_lake() {
    for place in places() {
        let Place::Memory = place else {
            let granularities = [Granularity::Hour; 4];
            let lakes: Vec<Lake> = std::thread::scope(|scope| {
                let made: Vec<_> = granularities.iter().map(|it| scope.spawn(|| place.lake(*it))).collect();
                made.into_iter().map(|lake| lake.join().unwrap()).collect()
            });
            assert!(lakes.iter().all(|lake| lake.granularity() == Granularity::Hour));
            continue;
        };
    }
}

type Meddling = Box<dyn FnOnce() + Send>;

/// A store in which something happens just before an object is put.
struct Meddled {
    inner: Arc<InMemory>,
    /// What happens before the first put of a name that ends so.
    before: Mutex<Vec<(&'static str, Meddling)>>,
    ignores_conditions: bool,
}

impl Meddled {
    fn lake(inner: &Arc<InMemory>, before: Vec<(&'static str, Meddling)>) -> Lake {
        let store = Meddled { inner: Arc::clone(inner), before: Mutex::new(before), ignores_conditions: false };
        Lake::in_store(Arc::new(store), "memory://lake", None).unwrap()
    }
}

impl fmt::Debug for Meddled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meddled")
    }
}

impl fmt::Display for Meddled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meddled")
    }
}

#[async_trait]
impl ObjectStore for Meddled {
    async fn put_opts(&self, location: &Key, payload: PutPayload, mut options: PutOptions) -> Result<PutResult> {
        let meddling = {
            let mut before = self.before.lock().unwrap();
            let nth = before.iter().position(|(name, _)| location.as_ref().ends_with(name));
            nth.map(|nth| before.remove(nth).1)
        };
        if let Some(meddle) = meddling {
            tokio::task::block_in_place(meddle);
        }
        if self.ignores_conditions {
            options.mode = PutMode::Overwrite;
        }
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(&self, at: &Key, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, location: &Key, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Key>>) -> BoxStream<'static, Result<Key>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Key>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Key>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

fn lake_in(store: &Arc<InMemory>) -> Lake {
    Lake::in_store(Arc::clone(store) as _, "memory://lake", None).unwrap()
}

fn land_in(store: &Arc<InMemory>, feed: Feed, prefix: &'static str, second: i64) -> Meddling {
    let store = Arc::clone(store);
    Box::new(move || {
        landing(&lake_in(&store)).fold(&[clicks_of(feed, prefix, &[second])], observed(feed), &[], &[]).unwrap();
    })
}

/// The partition is new, then it is old: both times somebody else puts it first.
#[test]
fn a_lost_race_is_merged_again() {
    let store = Arc::new(InMemory::new());
    let feed = Feed::NetworkClicks;
    let races = (0..3).map(|nth| ("clicks.parquet", land_in(&store, feed, ["x", "y", "z"][nth], 5))).collect();
    let lake = Meddled::lake(&store, races);
    let folded = landing(&lake).fold(&[clicks_of(feed, "a", &[1, 2])], observed(feed), &[], &[]).unwrap();
    assert_eq!((folded.rows_new, folded.partitions_written), (2, 1));
    assert_eq!(ids_of(&lake), ["a1", "a2", "x5", "y5", "z5"]);
    // The order of the landings does not show.
    let other = Arc::new(InMemory::new());
    for prefix in ["z", "y", "x"] {
        land_in(&other, feed, prefix, 5)();
    }
    landing(&lake_in(&other)).fold(&[clicks_of(feed, "a", &[2, 1])], observed(feed), &[], &[]).unwrap();
    assert!(contents(&lake) == contents(&lake_in(&other)));
}

/// A landing between the reading and the writing of a pruning: its click stays, and what is old goes.
#[test]
fn pruning_merges_again_as_well() {
    let store = Arc::new(InMemory::new());
    let feed = Feed::NetworkClicks;
    land_in(&store, feed, "old", 1)();
    let lake = Meddled::lake(&store, vec![("clicks.parquet", land_in(&store, feed, "new", 50))]);
    let pruning = Pruning::new(&lake, MIDNIGHT + 10, Duration::from_secs(10), false);
    assert_eq!(pruning.partition(&lake.partitions().unwrap()[0]).unwrap().clicks, 1);
    assert_eq!(ids_of(&lake), ["new50"]);
}

#[test]
fn who_is_always_second_is_told_and_loses_nothing_of_others() {
    let store = Arc::new(InMemory::new());
    let feed = Feed::NetworkClicks;
    let race = |nth: i64| ("clicks.parquet", land_in(&store, feed, "x", nth));
    let lake = Meddled::lake(&store, (0..i64::from(TRIES_MAX)).map(race).collect());
    let error = landing(&lake).fold(&[clicks_of(feed, "a", &[1])], observed(feed), &[], &[]).unwrap_err();
    assert!(error.to_string().contains("was replaced by others 32 times"), "{error}");
    assert_eq!(ids_of(&lake).len(), 32);
}

#[test]
fn first_landings_of_two_logins_at_once_do_not_both_succeed() {
    let store = Arc::new(InMemory::new());
    let lake = Meddled::lake(&store, vec![(".login", land_in(&store, Feed::NetworkClicks, "x", 5))]);
    let mut landing = landing(&lake);
    landing.check_feed(Some(Feed::AffiliateClicks)).unwrap();
    let feed = Feed::AffiliateClicks;
    let error = landing.fold(&[clicks_of(feed, "a", &[1])], observed(feed), &[], &[]).unwrap_err();
    assert!(matches!(error, LandingError::OtherLogin { found: Feed::NetworkClicks, .. }), "{error}");
    assert_eq!(ids_of(&lake), ["x5"]);
}

#[test]
fn lakes_made_in_one_store_at_once_are_one_lake() {
    let store = Arc::new(InMemory::new());
    let made = Arc::clone(&store);
    let other: Meddling = Box::new(move || {
        Lake::in_store(made, "memory://lake", Some(Granularity::Hour)).unwrap();
    });
    let lake = Meddled::lake(&store, vec![("lake.json", other)]);
    assert_eq!(lake.granularity(), Granularity::Hour);
}

#[test]
fn a_store_that_ignores_conditions_is_found_out() {
    let store = Meddled { inner: Arc::default(), before: Mutex::default(), ignores_conditions: true };
    let error = Lake::in_store(Arc::new(store), "memory://lake", None).unwrap_err();
    assert!(error.to_string().contains("ignores the conditions of a put"), "{error}");
}
