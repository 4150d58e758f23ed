//! Answers of the shipped queries, computed on one thread and on many.

use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::ScalarValue;
use futures::TryStreamExt;

use super::{Catalogue, Query};
use crate::engine::snapshot::Snapshot;
use crate::engine::sql_error::SqlText;
use crate::engine::statement::Parameters;
use crate::engine::{Engine, Options};

/// The cells of an answer over two days of the sample. Rates are cut where the order of a sum begins to show.
async fn cells(query: &Query, partitions: usize) -> Vec<Vec<String>> {
    let time = |text: &str| {
        let time = chrono::DateTime::parse_from_rfc3339(text).unwrap();
        ScalarValue::TimestampMicrosecond(Some(time.timestamp_micros()), Some("UTC".into()))
    };
    let mut parameters = Parameters::from([
        ("from".to_owned(), time("2026-03-10T00:00:00Z")),
        ("to".to_owned(), time("2026-03-11T23:59:59Z")),
        ("timezone".to_owned(), ScalarValue::from("America/New_York")),
    ]);
    parameters.extend(query.params.iter().map(|param| (param.name.clone(), param.default.clone().unwrap())));
    parameters.entry("min_clicks".to_owned()).and_modify(|least| *least = ScalarValue::Int64(Some(1)));
    let options = Options { target_partitions: Some(partitions), ..Options::default() };
    let engine = Engine::new(Snapshot::of_sample(), &options).unwrap();
    let text = SqlText { name: query.name.clone(), sql: query.sql.clone() };
    let batches: Vec<_> = engine.query(&text, &parameters).await.unwrap().rows.try_collect().await.unwrap();
    let format = FormatOptions::default();
    let mut rows = Vec::new();
    for batch in batches {
        let columns: Vec<_> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &format).unwrap()).collect();
        rows.extend((0..batch.num_rows()).map(|row| {
            columns
                .iter()
                .map(|column| {
                    let text = column.value(row).to_string();
                    let rate = text.parse::<f64>().ok().filter(|_| text.contains(['.', 'e']));
                    rate.map_or(text, |rate| format!("{rate:.9e}"))
                })
                .collect()
        }));
    }
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_do_not_depend_on_the_number_of_partitions() {
    let mut compared = 0;
    for query in Catalogue::load(None).unwrap().iter().filter(|query| !query.rests_on_scores()) {
        let (one, many) = (cells(query, 1).await, cells(query, 8).await);
        compared += one.len();
        assert_eq!(one, many, "{}", query.name);
    }
    assert!(compared > 500, "{compared} rows");
}
