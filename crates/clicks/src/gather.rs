//! Clicks in memory, and picking rows out of them in any order.
//!
//! Columns that rows share (those of an offer, a place, a device) are held once for each distinct object; they become
//! plain columns only in the batch that is written.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, new_null_array};
use arrow::compute::interleave;
use arrow::error::ArrowError;

use crate::schema::click_schema;

/// Where the value of a row stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// At the position of the row.
    Row,
    /// At the position of the row's object of this number.
    Object(usize),
    /// At position 0, for every row.
    Constant,
}

/// One column, by the schema of a click.
#[derive(Debug, Clone)]
pub(crate) struct TypedColumn {
    pub(crate) values: ArrayRef,
    pub(crate) origin: Origin,
}

/// Clicks with the columns of [`click_schema`], in the order in which they came.
#[derive(Debug, Clone)]
pub struct TypedClicks {
    rows: usize,
    columns: Vec<TypedColumn>,
    /// For each object: that of each row.
    objects: Vec<Vec<u32>>,
}

/// A row: the number of the clicks that hold it, and its position there.
pub(crate) type Pick = (u32, u32);

impl TypedClicks {
    pub(crate) fn new(rows: usize, columns: Vec<TypedColumn>, objects: Vec<Vec<u32>>) -> TypedClicks {
        TypedClicks { rows, columns, objects }
    }

    /// Clicks that were read from the lake.
    pub(crate) fn from_batch(batch: &RecordBatch) -> TypedClicks {
        let column = |values: &ArrayRef| TypedColumn { values: values.clone(), origin: Origin::Row };
        TypedClicks {
            rows: batch.num_rows(),
            columns: batch.columns().iter().map(column).collect(),
            objects: Vec::new(),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// True where there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// A column that each row has its own value of.
    pub(crate) fn own_column(&self, index: usize) -> &ArrayRef {
        &self.columns[index].values
    }

    /// The position of a row's value in a column.
    pub(crate) fn position(&self, column: usize, row: usize) -> usize {
        self.position_by(self.columns[column].origin, row)
    }

    fn position_by(&self, origin: Origin, row: usize) -> usize {
        match origin {
            Origin::Row => row,
            Origin::Object(object) => self.objects[object][row] as usize,
            Origin::Constant => 0,
        }
    }
}

/// The picked rows as plain columns, in the order of the picks.
pub(crate) fn gather(sources: &[&TypedClicks], picks: &[Pick]) -> Result<RecordBatch, ArrowError> {
    let schema = click_schema();
    let mut columns = Vec::with_capacity(schema.fields().len());
    let mut positions: Vec<(Vec<Origin>, Vec<(usize, usize)>)> = Vec::new();
    for (index, field) in schema.fields().iter().enumerate() {
        let values: Vec<&dyn Array> = sources.iter().map(|source| source.columns[index].values.as_ref()).collect();
        if values.iter().all(|values| values.null_count() == values.len()) {
            columns.push(new_null_array(field.data_type(), picks.len()));
            continue;
        }
        let origins: Vec<Origin> = sources.iter().map(|source| source.columns[index].origin).collect();
        let known = positions.iter().position(|(of, _)| *of == origins);
        let known = known.unwrap_or_else(|| {
            let resolved = resolve(sources, &origins, picks);
            positions.push((origins, resolved));
            positions.len() - 1
        });
        columns.push(interleave(&values, &positions[known].1)?);
    }
    RecordBatch::try_new(schema, columns)
}

fn resolve(sources: &[&TypedClicks], origins: &[Origin], picks: &[Pick]) -> Vec<(usize, usize)> {
    picks
        .iter()
        .map(|(source, row)| {
            let source = *source as usize;
            (source, sources[source].position_by(origins[source], *row as usize))
        })
        .collect()
}

/// A batch without rows.
pub(crate) fn empty_batch() -> RecordBatch {
    RecordBatch::new_empty(Arc::clone(&click_schema()))
}
