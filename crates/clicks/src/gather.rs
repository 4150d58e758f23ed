//! Clicks in memory, and picking rows out of them in any order.
//!
//! Values that rows share (those of an offer, a place, a device; texts) are held once for each distinct object or text;
//! they become plain columns only where rows of the lake join them.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, new_null_array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow::error::ArrowError;

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
    /// For each object, or column that repeats its values: the position of that of each row. Position 0, where nothing
    /// is, may be left out at the end.
    objects: Arc<Vec<Vec<u32>>>,
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
        TypedClicks { rows, columns, objects: Arc::new(objects), text_bytes, share: Share::ALL }
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

    /// The position of an object of a row.
    pub(crate) fn object(&self, object: usize, row: usize) -> u32 {
        self.objects.get(object).and_then(|of_rows| of_rows.get(row)).copied().unwrap_or_default()
    }

    /// Where the values of rows stand in a column.
    pub(crate) fn origin(&self, column: usize) -> Origin {
        self.columns[column].origin
    }

    /// The position of a row's value in a column.
    pub(crate) fn position(&self, column: usize, row: usize) -> usize {
        self.position_by(self.columns[column].origin, row)
    }

    fn position_by(&self, origin: Origin, row: usize) -> usize {
        match origin {
            Origin::Row => row,
            // Rows at the end of which none has a value are not listed.
            Origin::Object(object) => self.objects[object].get(row).copied().unwrap_or_default() as usize,
            Origin::Constant => 0,
        }
    }
}

/// The picked rows as plain columns, in the order of the picks.
pub(crate) fn gather(sources: &[&TypedClicks], picks: &[Pick]) -> Result<RecordBatch, ArrowError> {
    let schema = click_schema();
    let mut places = Places::default();
    let columns =
        (0..schema.fields().len()).map(|index| gather_column(sources, picks, index, 0..picks.len(), &mut places));
    let columns = columns.collect::<Result<_, _>>()?;
    RecordBatch::try_new(schema, columns)
}

/// For each row: the number of the array that holds its value, and the position there.
type Positions = Vec<(usize, usize)>;

/// Where the values of picked rows stand: columns of the same origins share that.
#[derive(Default)]
pub(crate) struct Places(Vec<(Vec<Origin>, Positions)>);

/// Some of the picked rows of one column; `places` are those of all picks.
pub(crate) fn gather_column(
    sources: &[&TypedClicks],
    picks: &[Pick],
    index: usize,
    rows: Range<usize>,
    places: &mut Places,
) -> Result<ArrayRef, ArrowError> {
    let values: Vec<&dyn Array> = sources.iter().map(|source| source.columns[index].values.as_ref()).collect();
    if values.iter().all(|values| values.null_count() == values.len()) {
        return Ok(new_null_array(click_schema().field(index).data_type(), rows.len()));
    }
    let of_column = sources.iter().map(|source| source.columns[index].origin);
    let known = places.0.iter().position(|(origins, _)| origins.iter().copied().eq(of_column.clone()));
    let known = known.unwrap_or_else(|| {
        let origins: Vec<Origin> = of_column.collect();
        let resolved = resolve(sources, &origins, picks);
        places.0.push((origins, resolved));
        places.0.len() - 1
    });
    picked(&values, &places.0[known].1[rows])
}

/// The picks in runs that make one batch each.
pub(crate) fn runs<'a>(sources: &'a [&TypedClicks], picks: &'a [Pick]) -> impl Iterator<Item = &'a [Pick]> + 'a {
    let (mut cut, mut start) = (Cut::default(), 0);
    let ends = (0..=picks.len()).filter(move |at| match picks.get(*at) {
        Some((source, row)) => cut.take(sources[*source as usize].text_bytes(*row as usize)).is_some(),
        None => *at > 0,
    });
    ends.map(move |end| &picks[std::mem::replace(&mut start, end)..end])
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
