//! A lake in an object store: the same answers, and one version of every object or none.

use std::sync::Arc;

use clicks::lake::Lake;
use object_store::memory::InMemory;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt};

use super::*;

/// The files of a lake on disk, put into a store.
async fn uploaded(lake: &TestLake) -> Arc<InMemory> {
    let store = Arc::new(InMemory::new());
    upload(lake, &store).await;
    store
}

async fn upload(lake: &TestLake, store: &InMemory) {
    let mut folders = vec![lake.root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let key = Key::from(path.strip_prefix(lake.root()).unwrap().to_str().unwrap());
                store.put(&key, std::fs::read(path).unwrap().into()).await.unwrap();
            }
        }
    }
}

fn engine_over(store: &Arc<InMemory>) -> Engine {
    let lake = Lake::in_store(Arc::clone(store) as Arc<dyn ObjectStore>, "s3://bucket/lake", None).unwrap();
    Engine::new(Snapshot::of(lake).unwrap(), &Options::default()).unwrap()
}

#[tokio::test]
async fn the_answers_are_those_of_a_folder_and_days_out_of_range_are_not_read() {
    let lake = ten_days();
    let store = uploaded(&lake).await;
    store.put(&Key::from("clicks/account=acme/date=2026-03-01/copy.parquet"), "x".into()).await.unwrap();
    let (local, remote) = (engine(&lake, &Options::default()).unwrap(), engine_over(&store));
    assert_eq!(remote.snapshot.strangers, ["s3://bucket/lake/clicks/account=acme/date=2026-03-01/copy.parquet"]);
    for sql in [
        "SELECT count(*), sum(error_code), min(click_time), max(user_ip) FROM clicks",
        "SELECT date, count(*) FROM clicks WHERE is_proxy GROUP BY date ORDER BY date",
        "SELECT count(*), max(to_time) FROM coverage",
        "SELECT count(*) FROM quarantine",
    ] {
        assert_eq!(ask(&remote, sql).await.unwrap(), ask(&local, sql).await.unwrap(), "{sql}");
    }
    let remote = engine_over(&store);
    ask(&remote, "SELECT max(user_ip) FROM clicks WHERE date = '2026-03-02'").await.unwrap();
    assert_eq!(remote.files_opened(), 1);
}

/// Planned on one version, executed on another: an error that planning again cures, never a mixture.
#[tokio::test]
async fn an_object_replaced_after_planning_is_planned_again() {
    let lake = ten_days();
    let store = uploaded(&lake).await;
    let engine = engine_over(&store);
    let text = SqlText { name: "q".into(), sql: "SELECT sum(error_code) FROM clicks WHERE user_ip <> ''".into() };
    let answer = engine.query(&text, &Parameters::new()).await.unwrap();
    lake.put_whole("acme", "2026-03-04", &[(1, 1, 7, false); 3]);
    upload(&lake, &store).await;
    let error = answer.rows.try_collect::<Vec<_>>().await.unwrap_err();
    let error = engine.explain(&text, &error);
    assert!(matches!(error, EngineError::Replaced(_)), "{error:?}");
    let said = error.to_string();
    assert!(said.contains(".parquet was replaced while it was read; run the query again"), "{said}");
    assert!(!said.contains("ulimit"), "{said}");
    let local = super::engine(&lake, &Options::default()).unwrap();
    assert_eq!(ask(&engine_over(&store), &text.sql).await.unwrap(), ask(&local, &text.sql).await.unwrap());
}

/// Between the listing and the first read, too; and an object that is gone is a replaced one.
#[tokio::test]
async fn an_object_replaced_or_gone_before_planning_is_listed_again() {
    for is_gone in [false, true] {
        let store = uploaded(&ten_days()).await;
        let engine = engine_over(&store);
        let key = Key::from("clicks/account=acme/date=2026-03-04/clicks.parquet");
        match is_gone {
            true => store.delete(&key).await.unwrap(),
            false => drop(store.put(&key, "other".into()).await.unwrap()),
        }
        let error = ask(&engine, "SELECT count(*) FROM clicks").await.unwrap_err();
        assert!(matches!(error, EngineError::Replaced(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_broken_object_is_named() {
    let store = uploaded(&ten_days()).await;
    let key = Key::from("clicks/account=acme/date=2026-03-04/clicks.parquet");
    store.put(&key, "no parquet at all".into()).await.unwrap();
    let error = ask(&engine_over(&store), "SELECT count(*) FROM clicks").await.unwrap_err();
    assert!(matches!(error, EngineError::BadFile(_)), "{error:?}");
    assert!(
        error.to_string().contains("s3://bucket/lake/clicks/account=acme/date=2026-03-04/clicks.parquet"),
        "{error}"
    );
}
