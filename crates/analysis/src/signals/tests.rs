//! Every signal over lakes on disk: the sample, an empty one, one click.

use std::collections::BTreeMap;

use datafusion::common::ScalarValue;

use super::{By, EntityTable, SignalError, Signals, drill_for, observe};
use crate::engine::sql_error::SqlText;
use crate::engine::statement::Parameters;
use crate::engine::test_lake::{TestLake, midnight};
use crate::engine::{Engine, Options, snapshot::Snapshot};
use crate::scoring::matrix::SignalMatrix;

fn parameters(from: &str, to: &str) -> Parameters {
    let time = |seconds: i64| ScalarValue::TimestampMicrosecond(Some(seconds * 1_000_000), Some("UTC".into()));
    Parameters::from([
        ("from".to_owned(), time(midnight(from))),
        ("to".to_owned(), time(midnight(to) + 86_399)),
        ("timezone".to_owned(), ScalarValue::Utf8(Some("UTC".to_owned()))),
    ])
}

fn sample() -> Engine {
    Engine::new(Snapshot::of_sample(), &Options::default()).unwrap()
}

fn march() -> Parameters {
    parameters("2026-03-01", "2026-03-31")
}

/// What signal saw what of whom.
fn seen(matrix: &SignalMatrix) -> BTreeMap<(String, String, String), (f64, f64)> {
    let mut all = BTreeMap::new();
    for (index, signal) in matrix.signals().iter().enumerate() {
        for (entity, seen) in matrix.entities().iter().zip(matrix.column(index)) {
            if let Some(seen) = seen {
                all.insert((signal.name.clone(), entity.account.clone(), entity.id.clone()), (seen.x, seen.n));
            }
        }
    }
    all
}

#[tokio::test]
async fn every_signal_sees_something_in_the_sample() {
    let signals = Signals::load(None).unwrap();
    let matrix = observe(&mut sample(), &signals, By::Affiliate, &march()).await.unwrap();
    assert!(matrix.entities().len() > 30);
    for (index, signal) in matrix.signals().iter().enumerate() {
        let seen = matrix.column(index).iter().flatten().count();
        assert!(seen > 0, "{} saw nobody", signal.name);
        assert_eq!(matrix.unusable()[index], 0, "{}", signal.name);
    }
}

#[tokio::test]
async fn every_drill_finds_clicks_of_the_entity_alone() {
    let signals = Signals::load(None).unwrap();
    let mut engine = sample();
    let matrix = observe(&mut engine, &signals, By::Affiliate, &march()).await.unwrap();
    let entity = matrix.entities().iter().zip(matrix.exposure()).max_by_key(|(_, clicks)| **clicks).unwrap().0;
    for signal in matrix.signals().iter().filter(|signal| !signal.drill.is_empty()) {
        let sql = drill_for(&signal.drill, entity);
        let sql = format!(
            "SELECT DISTINCT account, affiliate_id FROM ({}) AS d",
            sql.split(" ORDER BY click_time, ").next().unwrap()
        );
        let text = SqlText { name: signal.name.clone(), sql };
        let (_, rows) = engine.collect(&text, &march()).await.unwrap();
        let count: usize = rows.iter().map(|rows| rows.num_rows()).sum();
        assert!(count <= 1, "{}", signal.name);
    }
}

#[tokio::test]
async fn an_empty_lake_has_no_entities() {
    let lake = TestLake::new();
    let mut engine = Engine::new(lake.snapshot().unwrap(), &Options::default()).unwrap();
    let matrix = observe(&mut engine, &Signals::load(None).unwrap(), By::Affiliate, &march()).await.unwrap();
    assert!(matrix.entities().is_empty());
}

#[tokio::test]
async fn one_click_is_an_entity_of_one_click_whatever_is_scored() {
    let lake = TestLake::new();
    lake.put_whole("acme", "2026-03-02", &[(5, 9, 0, true)]);
    for (by, id) in [(By::Affiliate, "9"), (By::AffiliateOffer, "9/-"), (By::AffiliateSub1, "9/-"), (By::Offer, "-")] {
        let mut engine = Engine::new(lake.snapshot().unwrap(), &Options::default()).unwrap();
        let matrix = observe(&mut engine, &Signals::load(None).unwrap(), by, &march()).await.unwrap();
        assert_eq!((matrix.entities()[0].id.as_str(), matrix.exposure()), (id, &[1][..]), "{by}");
        assert_eq!(seen(&matrix)[&("proxy_rate".into(), "acme".into(), id.into())], (1.0, 1.0));
    }
}

#[tokio::test]
async fn signals_of_the_users_own_and_tables_of_entities() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let header = "-- family: device\n-- kind: shape\n-- reason: {observed}\n";
    write("mine.sql", &format!("{header}SELECT 'fdma' AS account, entity, n, value FROM publishers"));
    let path = folder.path().join("p.parquet");
    let mut engine = sample();
    let sql = "SELECT 'p1' AS entity, 20 AS n, 1.5 AS value UNION ALL SELECT 'p2', 30, CAST(NULL AS DOUBLE)";
    let text = SqlText { name: "t".into(), sql: sql.into() };
    let (schema, rows) = engine.collect(&text, &march()).await.unwrap();
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, schema, None).unwrap();
    rows.iter().for_each(|rows| writer.write(rows).unwrap());
    writer.close().unwrap();
    let table: EntityTable = format!("publishers={}", path.display()).parse().unwrap();
    table.add_to(&mut engine).unwrap();
    let signals = Signals::of_folder(folder.path()).unwrap();
    let matrix = observe(&mut engine, &signals, By::Affiliate, &march()).await.unwrap();
    assert_eq!(seen(&matrix), BTreeMap::from([(("mine".into(), "fdma".into(), "p1".into()), (1.5, 20.0))]));
    assert_eq!(matrix.exposure(), [20]);
    // Beside those that ship, the folder adds and replaces.
    assert_eq!(
        Signals::load(Some(folder.path())).unwrap().iter().count(),
        Signals::load(None).unwrap().iter().count() + 1
    );
    let refusal = |error: SignalError| error.to_string();
    let clicks: EntityTable = format!("clicks={}", path.display()).parse().unwrap();
    assert!(refusal(clicks.add_to(&mut engine).unwrap_err()).contains("the lake has a table of this name"));
    for (text, problem) in [
        ("-- kind: shape\n-- reason: r\nSELECT 1", "no 'family:'"),
        ("-- family: f\n-- kind: shap\n-- reason: r\nSELECT 1", "kind is one of rate, shape"),
    ] {
        write("mine.sql", text);
        assert!(refusal(Signals::of_folder(folder.path()).unwrap_err()).contains(problem), "{problem}");
    }
    for (columns, problem) in [
        ("'a' AS account, entity, n", "no column 'value'"),
        ("'a' AS account, entity, n, n AS value, 1 AS expcted", "the column 'expcted' means nothing here"),
        ("'a' AS account, 'e' AS entity, 1 AS n, 1 AS value", "two rows"),
        ("'a' AS account, NULL AS entity, 1 AS n, 1 AS value", "names no account or no entity"),
    ] {
        write("mine.sql", &format!("{header}SELECT {columns} FROM publishers"));
        let signals = Signals::of_folder(folder.path()).unwrap();
        let error = observe(&mut engine, &signals, By::Affiliate, &march()).await.unwrap_err();
        assert!(refusal(error).contains(problem), "{problem}");
    }
}
