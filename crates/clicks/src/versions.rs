//! Two versions of one click to one: field by field, the one observed later wins where it is not NULL.
//!
//! Unknown times of observation are the oldest; between equal times the greater value wins, so that the result does
//! not depend on which version came first. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::kernels::cmp;
use arrow::compute::kernels::zip::zip;
use arrow::compute::{is_not_null, is_null, or};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use arrow::error::ArrowError;
use serde_json::value::RawValue;

use crate::schema::{self, COLUMNS, click_schema, position};

/// Which of two versions is the later one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Later {
    First,
    Second,
    Neither,
}

/// Merges row i of one batch with row i of the other, both by [`click_schema`], the same clicks in the same order.
pub(crate) fn merge_versions(first: &RecordBatch, second: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    if first.columns() == second.columns() {
        return Ok(first.clone());
    }
    let later = later_versions(first, second);
    let mut columns = Vec::with_capacity(first.num_columns());
    for (index, field) in click_schema().fields().iter().enumerate() {
        let (a, b) = (first.column(index), second.column(index));
        let merged = match field.name().as_str() {
            schema::FEEDS => merge_text(a, b, |a, b, _| union_of_feeds(a, b), &later),
            schema::EXTRA => merge_text(a, b, merge_extra, &later),
            _ if a == b => a.clone(),
            _ => pick(a, b, &later)?,
        };
        columns.push(merged);
    }
    let click_time = columns[position::CLICK_TIME].clone();
    columns[position::DATE] = crate::typing::dates_of(&click_time);
    let merged = RecordBatch::try_new(click_schema(), columns)?;
    drop_stale_extra(merged, first, second, &later)
}

fn later_versions(first: &RecordBatch, second: &RecordBatch) -> Vec<Later> {
    let times =
        |batch: &RecordBatch| batch.column(position::OBSERVATION).as_primitive::<TimestampMicrosecondType>().clone();
    let (first, second) = (times(first), times(second));
    let pairs = first.iter().zip(second.iter());
    pairs
        .map(|(first, second)| match first.cmp(&second) {
            std::cmp::Ordering::Greater => Later::First,
            std::cmp::Ordering::Less => Later::Second,
            std::cmp::Ordering::Equal => Later::Neither,
        })
        .collect()
}

/// Of each pair the value of the later version, or the greater one, where that is not NULL.
fn pick(a: &ArrayRef, b: &ArrayRef, later: &[Later]) -> Result<ArrayRef, ArrowError> {
    let a_is_greater = match a.data_type() {
        DataType::Map(_, _) => (0..a.len()).map(|row| Some(entries_of(a, row) > entries_of(b, row))).collect(),
        _ => cmp::gt(a, b)?,
    };
    let prefers_a: BooleanArray = later
        .iter()
        .enumerate()
        .map(|(row, later)| {
            Some(match later {
                Later::First => true,
                Later::Second => false,
                Later::Neither => a_is_greater.is_valid(row) && a_is_greater.value(row),
            })
        })
        .collect();
    let takes_a = arrow::compute::and(&or(&prefers_a, &is_null(b)?)?, &is_not_null(a)?)?;
    zip(&takes_a, a, b)
}

/// The entries of a map, which order it.
fn entries_of(maps: &ArrayRef, row: usize) -> Vec<(String, Option<String>)> {
    let entries = maps.as_map().value(row);
    let (keys, values) = (entries.column(0).as_string::<i32>(), entries.column(1).as_string::<i32>());
    let owned = |text: Option<&str>| text.map(str::to_owned);
    keys.iter().zip(values).map(|(key, value)| (owned(key).unwrap_or_default(), owned(value))).collect()
}

fn merge_text(a: &ArrayRef, b: &ArrayRef, merge: impl Fn(&str, &str, Later) -> String, later: &[Later]) -> ArrayRef {
    let pairs = a.as_string::<i32>().iter().zip(b.as_string::<i32>().iter()).zip(later);
    let merged: StringArray = pairs
        .map(|((a, b), later)| match (a, b) {
            (Some(a), Some(b)) if a != b => Some(merge(a, b, *later)),
            (a, b) => a.or(b).map(str::to_owned),
        })
        .collect();
    Arc::new(merged)
}

/// Both lists of feeds as one, sorted.
fn union_of_feeds(a: &str, b: &str) -> String {
    let mut feeds: Vec<&str> = a.split(',').chain(b.split(',')).collect();
    feeds.sort_unstable();
    feeds.dedup();
    feeds.join(",")
}

type Extra = BTreeMap<String, Box<RawValue>>;

fn merge_extra(a: &str, b: &str, later: Later) -> String {
    let (Ok(a_values), Ok(b_values)) = (serde_json::from_str::<Extra>(a), serde_json::from_str::<Extra>(b)) else {
        // Not what we wrote: keep the greater text whole rather than lose one in part.
        return a.max(b).to_owned();
    };
    let (mut winner, loser) = if later == Later::First { (a_values, b_values) } else { (b_values, a_values) };
    for (path, value) in loser {
        let is_better = winner.get(&path).is_none_or(|known| later == Later::Neither && value.get() > known.get());
        if is_better {
            winner.insert(path, value);
        }
    }
    // A map of text to JSON always serialises.
    serde_json::to_string(&winner).unwrap_or_default()
}

/// A field lives in its column or, where that cannot hold it, in `extra`. Where one version has it here and the other
/// there, the later version's place holds and the other is emptied; between equal times the column's.
fn drop_stale_extra(
    merged: RecordBatch,
    first: &RecordBatch,
    second: &RecordBatch,
    later: &[Later],
) -> Result<RecordBatch, ArrowError> {
    let extra_index = position::EXTRA_VALUES;
    let extras = merged.column(extra_index).as_string::<i32>().clone();
    if extras.null_count() == extras.len() {
        return Ok(merged);
    }
    let mut columns = merged.columns().to_vec();
    let mut kept: Vec<Option<String>> = extras.iter().map(|text| text.map(str::to_owned)).collect();
    for (index, column) in COLUMNS.iter().enumerate() {
        let path = column.path();
        let spellings = [path.clone(), format!("{path}#json")];
        let mut emptied = vec![false; merged.num_rows()];
        for row in 0..merged.num_rows() {
            let Some(text) = &kept[row] else { continue };
            if columns[index].is_null(row) || !text.contains(&path) {
                continue;
            }
            let Ok(mut values) = serde_json::from_str::<Extra>(text) else { continue };
            if !spellings.iter().any(|spelling| values.contains_key(spelling)) {
                continue;
            }
            let winner = match later[row] {
                Later::First => Some(first),
                Later::Second => Some(second),
                Later::Neither => None,
            };
            if winner.is_some_and(|winner| winner.column(index).is_null(row) && has_extra(winner, row, &spellings)) {
                emptied[row] = true;
            } else {
                values.retain(|name, _| !spellings.contains(name));
                kept[row] = (!values.is_empty()).then(|| serde_json::to_string(&values).unwrap_or_default());
            }
        }
        if emptied.contains(&true) {
            columns[index] =
                without_hidden_text(arrow::compute::nullif(&columns[index], &BooleanArray::from(emptied))?);
        }
    }
    columns[extra_index] = Arc::new(StringArray::from(kept));
    RecordBatch::try_new(click_schema(), columns)
}

/// What `nullif` empties keeps its bytes behind the NULL, which would count where batches are bounded by bytes.
fn without_hidden_text(values: ArrayRef) -> ArrayRef {
    match values.as_string_opt::<i32>() {
        Some(texts) => Arc::new(texts.iter().collect::<StringArray>()),
        None => values,
    }
}

fn has_extra(batch: &RecordBatch, row: usize, spellings: &[String; 2]) -> bool {
    let extras = batch.column(position::EXTRA_VALUES).as_string::<i32>();
    extras.is_valid(row)
        && serde_json::from_str::<Extra>(extras.value(row))
            .is_ok_and(|values| spellings.iter().any(|spelling| values.contains_key(spelling)))
}

#[cfg(test)]
mod tests;
