//! How wide rows are, in bytes of text, and where a run of them ends that is written as one batch.
//!
//! Promises that a batch is bounded by bytes as well as by rows, since a click may hold megabytes; and that where
//! batches end depends on nothing but the rows in their order, so that the same rows give the same file. Numbers and
//! flags are not counted: the number of rows bounds them.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::DataType;

use crate::gather::{Origin, TypedColumn};
use crate::partition::{BATCH_BYTES, BATCH_ROWS};

/// The bytes of all texts of each row.
#[derive(Debug)]
pub(crate) struct TextBytes(Vec<u32>);

impl TextBytes {
    /// Of rows whose values stand where their columns say; `objects` has the position of each row's object.
    pub(crate) fn of(rows: usize, columns: &[TypedColumn], objects: &[Vec<u32>]) -> TextBytes {
        let mut of_rows = vec![0; rows];
        let mut of_objects: Vec<Vec<u32>> = vec![Vec::new(); objects.len()];
        for TypedColumn { values, origin } in columns {
            match origin {
                Origin::Row => add_lengths(&mut of_rows, values),
                Origin::Object(object) => {
                    let of_object = &mut of_objects[*object];
                    of_object.resize(values.len().max(of_object.len()), 0);
                    add_lengths(of_object, values);
                }
                Origin::Constant => {
                    let mut constant = [0];
                    add_lengths(&mut constant, values);
                    of_rows.iter_mut().for_each(|bytes| *bytes = bytes.saturating_add(constant[0]));
                }
            }
        }
        for (of_object, positions) in of_objects.iter().zip(objects) {
            for (bytes, position) in of_rows.iter_mut().zip(positions) {
                *bytes = bytes.saturating_add(of_object.get(*position as usize).copied().unwrap_or_default());
            }
        }
        TextBytes(of_rows)
    }

    /// Of plain columns.
    pub(crate) fn of_batch(batch: &RecordBatch) -> TextBytes {
        let mut of_rows = vec![0; batch.num_rows()];
        batch.columns().iter().for_each(|values| add_lengths(&mut of_rows, values));
        TextBytes(of_rows)
    }

    pub(crate) fn of_row(&self, row: usize) -> usize {
        self.0[row] as usize
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().map(|bytes| *bytes as usize)
    }
}

/// Adds what each text, or each map of texts, takes.
fn add_lengths(bytes: &mut [u32], values: &ArrayRef) {
    if values.null_count() == values.len() {
        return;
    }
    match values.data_type() {
        DataType::Utf8 => add(bytes, values.as_string::<i32>().value_offsets()),
        DataType::Map(_, _) => {
            let maps = values.as_map();
            for texts in [maps.keys(), maps.values()] {
                let of_entries = texts.as_string::<i32>().value_offsets();
                let of_maps: Vec<i32> = maps.value_offsets().iter().map(|entry| of_entries[*entry as usize]).collect();
                add(bytes, &of_maps);
            }
        }
        _ => {}
    }
}

fn add(bytes: &mut [u32], offsets: &[i32]) {
    for (bytes, ends) in bytes.iter_mut().zip(offsets.windows(2)) {
        *bytes = bytes.saturating_add((ends[1] - ends[0]) as u32);
    }
}

/// Cuts rows that come one after the other into runs.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    rows: usize,
    bytes: usize,
}

impl Cut {
    /// Takes the next row. Where a run ends before it: the bytes of that run.
    pub(crate) fn take(&mut self, bytes: usize) -> Option<usize> {
        let is_full = self.rows == BATCH_ROWS || (self.rows > 0 && self.bytes + bytes > BATCH_BYTES);
        let ended = is_full.then(|| std::mem::take(self).bytes);
        self.rows += 1;
        self.bytes += bytes;
        ended
    }

    /// The bytes of the run in the making.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}
