//! A row goes in, its columns come out, and nothing of it is lost.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Float64Type, Int32Type, Int64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::*;
use crate::gather::gather;
use crate::schema::index_of;

mod generated;
mod memo;
mod odd_values;
pub(crate) mod read_back;
mod round_trip;
mod seed_pages;

/// The clicks of some rows, all of which must be accepted.
fn typed(rows: &[&str]) -> RecordBatch {
    let mut typer = ClickTyper::new(Observation::default());
    for row in rows {
        typer.push(row.as_bytes()).unwrap_or_else(|rejected| panic!("{rejected}: {row:.2000}"));
    }
    assert_eq!(typer.len(), rows.len());
    batch_of(&typer.finish())
}

fn batch_of(clicks: &TypedClicks) -> RecordBatch {
    let picks: Vec<_> = (0..u32::try_from(clicks.len()).unwrap()).map(|row| (0, row)).collect();
    gather(&[clicks], &picks).unwrap()
}

/// A row with what is required, and these members: `"key":value, ...`.
fn row_with(members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!(r#"{{"transaction_id":"t","unix_timestamp":1731113091,"error_code":0{comma}{members}}}"#)
}

/// The value of a column in the only row, as text; none where it is NULL.
fn shown(batch: &RecordBatch, column: &str) -> Option<String> {
    let values = batch.column(index_of(column));
    let options = FormatOptions::default();
    let shown = || ArrayFormatter::try_new(values, &options).unwrap().value(0).to_string();
    values.is_valid(0).then(shown)
}

/// What a column and `extra` hold after typing a row with these members.
fn outcome(members: &str, column: &str) -> (Option<String>, Option<String>) {
    let batch = typed(&[&row_with(members)]);
    (shown(&batch, column), shown(&batch, "extra"))
}

/// Why a row is rejected.
fn rejection(row: &[u8]) -> (String, String) {
    let mut typer = ClickTyper::new(Observation::default());
    let rejected = typer.push(row).unwrap_err();
    assert!(typer.is_empty());
    // Nothing of it is left in the way of the next one.
    typer.push(row_with("").as_bytes()).unwrap();
    assert_eq!(batch_of(&typer.finish()), typed(&[&row_with("")]));
    (rejected.path, rejected.reason)
}
