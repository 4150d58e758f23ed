//! Every signal over lakes on disk: the sample, an empty one, one click.

use std::collections::BTreeMap;

use arrow::array::UInt64Array;
use arrow::compute::{concat_batches, take_record_batch};
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
async fn every_signal_sees_something_in_the_sample_and_every_drill_finds_clicks_of_one_entity() {
    let signals = Signals::load(None).unwrap();
    assert!(signals.iter().count() >= 30);
    let mut engine = sample();
    let matrix = observe(&mut engine, &signals, By::Affiliate, &march()).await.unwrap();
    assert!(matrix.entities().len() > 30);
    let largest = matrix.entities().iter().zip(matrix.exposure()).max_by_key(|(_, clicks)| **clicks).unwrap().0;
    for (index, signal) in matrix.signals().iter().enumerate() {
        assert!(matrix.column(index).iter().flatten().count() > 0, "{} saw nobody", signal.name);
        assert_eq!(matrix.unusable()[index], 0, "{}", signal.name);
        if signal.drill.is_empty() {
            continue;
        }
        let sql = drill_for(&signal.drill, largest);
        let unordered = sql.split(" ORDER BY click_time, ").next().unwrap();
        let sql = format!("SELECT DISTINCT account, affiliate_id FROM ({unordered}) AS d");
        let (_, rows) = engine.collect(&SqlText { name: signal.name.clone(), sql }, &march()).await.unwrap();
        assert!(rows.iter().map(|rows| rows.num_rows()).sum::<usize>() <= 1, "{}", signal.name);
    }
}

#[tokio::test]
async fn neither_the_order_of_rows_nor_their_partitions_matter() {
    let signals = Signals::load(None).unwrap();
    let all = SqlText { name: "all".into(), sql: "SELECT * FROM clicks WHERE account = 'acme-network'".into() };
    let (schema, rows) = sample().collect(&all, &march()).await.unwrap();
    let rows = concat_batches(&schema, &rows).unwrap();
    let mut found = Vec::new();
    for (step, batch_size) in [(1, rows.num_rows()), (7919, 1000)] {
        // 7919 is prime and no divisor of the number of rows: every row comes once, in another order.
        let order: UInt64Array = (0..rows.num_rows()).map(|row| (row * step % rows.num_rows()) as u64).collect();
        let mixed = take_record_batch(&rows, &order).unwrap();
        let slices = (0..mixed.num_rows()).step_by(batch_size);
        let slices = slices.map(|start| mixed.slice(start, batch_size.min(mixed.num_rows() - start))).collect();
        let mut engine = sample();
        engine.add_rows("clicks", schema.clone(), slices).unwrap();
        let sql = "SELECT *, 1 AS basis FROM clicks".to_owned();
        engine.define("rated_clicks", &SqlText { name: "r".into(), sql }, &Parameters::new()).unwrap();
        found.push(seen(&observe(&mut engine, &signals, By::Affiliate, &march()).await.unwrap()));
    }
    assert!(found[0].len() > 1000);
    assert!(found[0].keys().eq(found[1].keys()));
    for (key, (x, n)) in &found[0] {
        let (other_x, other_n) = found[1][key];
        assert_eq!(*n, other_n, "{key:?}");
        // Sums of fractions depend on their order in the last digits.
        assert!((x - other_x).abs() <= 1e-9 * x.abs().max(1.0), "{key:?}: {x} and {other_x}");
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
        ("-- family: f\n-- kind: shape\n-- reason: {observd}\nSELECT 1", "did you mean {observed}?"),
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
