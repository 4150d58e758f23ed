//! Clicks in memory, and picking rows out of them in any order.
//!
//! Columns that rows share (those of an offer, a place, a device) are held once for each distinct object; they become
//! plain columns only in the batch that is written.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, Int32Array, RecordBatch, new_null_array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::{concat, interleave};
use arrow::datatypes::{DataType, Field, FieldRef, Int32Type, Int64Type, Schema, TimestampMicrosecondType};
use arrow::error::ArrowError;

use crate::partition::{BATCH_ROWS, DICTIONARY_BYTES_MAX};
use crate::schema::{click_schema, position};
use crate::width::{Cut, TextBytes};

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
    text_bytes: Arc<TextBytes>,
    share: Share,
}

/// Which of the clicks are meant, by microseconds of their time, both ends inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Share {
    within: (i64, i64),
    without: Option<(i64, i64)>,
}

impl Share {
    const ALL: Share = Share { within: (i64::MIN, i64::MAX), without: None };

    fn contains(self, micros: i64) -> bool {
        let is_in = |(from, to): (i64, i64)| (from..=to).contains(&micros);
        is_in(self.within) && !self.without.is_some_and(is_in)
    }
}

/// A row: the number of the clicks that hold it, and its position there.
pub(crate) type Pick = (u32, u32);

impl TypedClicks {
    pub(crate) fn new(rows: usize, columns: Vec<TypedColumn>, objects: Vec<Vec<u32>>) -> TypedClicks {
        let text_bytes = Arc::new(TextBytes::of(rows, &columns, &objects));
        TypedClicks { rows, columns, objects, text_bytes, share: Share::ALL }
    }

    /// Clicks that were read from the lake.
    pub(crate) fn from_batch(batch: &RecordBatch) -> TypedClicks {
        let column = |values: &ArrayRef| TypedColumn { values: values.clone(), origin: Origin::Row };
        TypedClicks::new(batch.num_rows(), batch.columns().iter().map(column).collect(), Vec::new())
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

    /// The same clicks with some columns replaced: each by as many values of the same type; none leaves it as it is.
    pub(crate) fn map_columns(
        &self,
        replacement: impl Fn(usize, &ArrayRef) -> Result<Option<ArrayRef>, ArrowError>,
    ) -> Result<TypedClicks, ArrowError> {
        let mut mapped = self.clone();
        for (index, column) in mapped.columns.iter_mut().enumerate() {
            if let Some(values) = replacement(index, &column.values)? {
                column.values = values;
            }
        }
        mapped.text_bytes = Arc::new(TextBytes::of(mapped.rows, &mapped.columns, &mapped.objects));
        Ok(mapped)
    }

    /// The rows that are meant, with their times in microseconds.
    pub(crate) fn meant_rows(&self) -> impl DoubleEndedIterator<Item = (u32, i64)> + '_ {
        let times = self.own_column(position::CLICK_TIME).as_primitive::<TimestampMicrosecondType>();
        let rows = times.values().iter().enumerate().map(|(row, micros)| (row as u32, *micros));
        rows.filter(|(_, micros)| self.share.contains(*micros))
    }

    /// The seconds since 1970 at which they happened, in the order in which they came.
    pub fn seconds(&self) -> impl Iterator<Item = i64> + '_ {
        self.meant_rows().map(|(_, micros)| micros.div_euclid(1_000_000))
    }

    /// The value of a row in a column of ids, codes or text, as text; none where it is NULL or of another kind.
    #[must_use]
    pub fn text_of(&self, column: usize, row: usize) -> Option<String> {
        let values = &self.columns[column].values;
        let at = self.position(column, row);
        if values.is_null(at) {
            return None;
        }
        match values.data_type() {
            DataType::Int32 => Some(values.as_primitive::<Int32Type>().value(at).to_string()),
            DataType::Int64 => Some(values.as_primitive::<Int64Type>().value(at).to_string()),
            DataType::Utf8 => Some(values.as_string::<i32>().value(at).to_owned()),
            _ => None,
        }
    }

    /// The same clicks as two shares: those within some microseconds, and the others. The others cannot be split again.
    pub(crate) fn split(&self, from: i64, to: i64) -> (TypedClicks, TypedClicks) {
        let Share { within, without } = self.share;
        debug_assert!(without.is_none(), "a share without some clicks is folded, not split");
        let with = |share| TypedClicks { share, ..self.clone() };
        let inside = Share { within: (from.max(within.0), to.min(within.1)), without };
        (with(inside), with(Share { within, without: Some((from, to)) }))
    }

    /// The bytes of all texts of a row.
    pub(crate) fn text_bytes(&self, row: usize) -> usize {
        self.text_bytes.of_row(row)
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
    RecordBatch::try_new(click_schema(), gather_columns(sources, picks, |_| None)?)
}

/// The picks in runs that make one batch each, with the bytes of their texts.
pub(crate) fn runs<'a>(
    sources: &'a [&TypedClicks],
    picks: &'a [Pick],
) -> impl Iterator<Item = (&'a [Pick], usize)> + 'a {
    let (mut cut, mut start) = (Cut::default(), 0);
    let ends = (0..=picks.len()).filter_map(move |at| match picks.get(at) {
        Some((source, row)) => cut.take(sources[*source as usize].text_bytes(*row as usize)).map(|bytes| (at, bytes)),
        None => (at > 0).then(|| (at, cut.bytes())),
    });
    ends.map(move |(end, bytes)| (&picks[std::mem::replace(&mut start, end)..end], bytes))
}

/// For each row: the number of the array that holds its value, and the position there.
type Positions = Vec<(usize, usize)>;

/// Gathers columns; `ready` gives those that are there already.
fn gather_columns(
    sources: &[&TypedClicks],
    picks: &[Pick],
    ready: impl Fn(usize) -> Option<Result<ArrayRef, ArrowError>>,
) -> Result<Vec<ArrayRef>, ArrowError> {
    let schema = click_schema();
    let mut columns = Vec::with_capacity(schema.fields().len());
    let mut positions: Vec<(Vec<Origin>, Positions)> = Vec::new();
    for (index, field) in schema.fields().iter().enumerate() {
        let values: Vec<&dyn Array> = sources.iter().map(|source| source.columns[index].values.as_ref()).collect();
        if values.iter().all(|values| values.null_count() == values.len()) {
            columns.push(new_null_array(field.data_type(), picks.len()));
            continue;
        }
        if let Some(column) = ready(index) {
            columns.push(column?);
            continue;
        }
        let origins: Vec<Origin> = sources.iter().map(|source| source.columns[index].origin).collect();
        let known = positions.iter().position(|(of, _)| *of == origins);
        let known = known.unwrap_or_else(|| {
            let resolved = resolve(sources, &origins, picks);
            positions.push((origins, resolved));
            positions.len() - 1
        });
        columns.push(picked(&values, &positions[known].1)?);
    }
    Ok(columns)
}

/// The values at these positions. Flags by a way of their own: `interleave` has none for them that is quick.
fn picked(values: &[&dyn Array], positions: &[(usize, usize)]) -> Result<ArrayRef, ArrowError> {
    let Some(flags) = values.iter().map(|values| values.as_boolean_opt()).collect::<Option<Vec<_>>>() else {
        return interleave(values, positions);
    };
    let held = BooleanBuffer::collect_bool(positions.len(), |at| {
        let (array, row) = positions[at];
        flags[array].value(row)
    });
    let has_nulls = flags.iter().any(|flags| flags.null_count() > 0);
    let nulls = has_nulls.then(|| {
        NullBuffer::new(BooleanBuffer::collect_bool(positions.len(), |at| {
            let (array, row) = positions[at];
            flags[array].is_valid(row)
        }))
    });
    Ok(Arc::new(BooleanArray::new(held, nulls)))
}

/// The shared texts of some clicks, once for all rows that refer to them.
///
/// The Parquet writer takes such a column in place of a plain one and writes the same bytes: the values of most columns
/// need then not be copied for each row.
pub(crate) struct SharedTexts {
    /// By position in [`click_schema`]: the distinct values of all clicks, one after the other.
    values: Vec<Option<ArrayRef>>,
    /// For each object, for each of the clicks: where its values begin.
    offsets: Vec<Vec<i32>>,
}

impl SharedTexts {
    /// None where there are no clicks, or more distinct values than positions can count. Texts that take much memory
    /// are left as they are.
    pub(crate) fn of(sources: &[TypedClicks]) -> Result<Option<SharedTexts>, ArrowError> {
        let Some(first) = sources.first() else { return Ok(None) };
        let mut shared =
            SharedTexts { values: vec![None; first.columns.len()], offsets: vec![vec![]; first.objects.len()] };
        for (index, column) in first.columns.iter().enumerate() {
            let Origin::Object(object) = column.origin else { continue };
            if *column.values.data_type() != DataType::Utf8 {
                continue;
            }
            let values: Vec<&dyn Array> = sources.iter().map(|source| source.columns[index].values.as_ref()).collect();
            if !is_bounded(&values) {
                continue;
            }
            let mut offset = 0_usize;
            let mut offsets = Vec::with_capacity(values.len());
            for values in &values {
                let Ok(from) = i32::try_from(offset) else { return Ok(None) };
                offsets.push(from);
                offset += values.len();
            }
            if i32::try_from(offset).is_err() {
                return Ok(None);
            }
            shared.values[index] = Some(concat(&values)?);
            shared.offsets[object] = offsets;
        }
        Ok(Some(shared))
    }

    /// As [`gather`], with the shared texts left shared.
    pub(crate) fn gather(&self, sources: &[TypedClicks], picks: &[Pick]) -> Result<RecordBatch, ArrowError> {
        let keys: Vec<Int32Array> = self
            .offsets
            .iter()
            .enumerate()
            .map(|(object, offsets)| {
                let key = |(source, row): &Pick| {
                    let id = sources[*source as usize].objects[object][*row as usize];
                    offsets.get(*source as usize).map_or(0, |offset| offset + id as i32)
                };
                Int32Array::from_iter_values(picks.iter().map(key))
            })
            .collect();
        let sources: Vec<&TypedClicks> = sources.iter().collect();
        let columns = gather_columns(&sources, picks, |index| {
            let values = self.values[index].as_ref()?;
            let Origin::Object(object) = sources[0].columns[index].origin else { return None };
            Some(
                DictionaryArray::try_new(keys[object].clone(), values.clone())
                    .map(|column| Arc::new(column) as ArrayRef),
            )
        })?;
        let field_of =
            |(field, column): (&FieldRef, &ArrayRef)| field.as_ref().clone().with_data_type(column.data_type().clone());
        let fields: Vec<Field> = click_schema().fields().iter().zip(&columns).map(field_of).collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
    }
}

/// True where no batch of these texts comes near the limit of a dictionary page. There the writer cuts plain texts into
/// smaller steps, but not shared ones, and the bytes would differ.
fn is_bounded(texts: &[&dyn Array]) -> bool {
    let lengths = || texts.iter().flat_map(|texts| texts.as_string::<i32>().offsets().lengths());
    let longest = lengths().max().unwrap_or_default();
    let of_dictionary: usize = lengths().map(|length| length + size_of::<u32>()).sum();
    of_dictionary + BATCH_ROWS * longest <= DICTIONARY_BYTES_MAX
}

fn resolve(sources: &[&TypedClicks], origins: &[Origin], picks: &[Pick]) -> Positions {
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
