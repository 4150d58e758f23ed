//! A row of Everflow JSON to a click: values to their columns, what is left to `extra`, or a reason why it is no click.
//!
//! Promises that every leaf of an accepted row can be read back, and that a row is accepted whole or rejected whole.
//! Pure: takes text, gives columns. Leaves finding rows to [`crate::document`].

mod columns;
mod entries;
mod extra;
mod keys;
mod objects;
mod plain;
mod raw;
mod required;
mod scalar;
mod texts;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, StringArray, TimestampMicrosecondArray, new_null_array};
use arrow::datatypes::TimestampMicrosecondType;
use foldhash::fast::FixedState;

use crate::feed::Feed;
use crate::gather::{Origin, TypedClicks, TypedColumn};
use crate::schema::{self, COLUMNS, Kind, OBJECTS, Place, position};

use columns::ColumnBuilder;
pub use entries::DEPTH_MAX;
use entries::each_entry;
use extra::{LEFTOVERS_MAX, Leftovers, Member, path_of};
use keys::Keys;
use objects::{ABSENT, ObjectId, ObjectTable};
use raw::{MapEntries, ObjectValues, RawObject, RawRow, object_values};
use required::check_required;
use scalar::Token;
use texts::TextTable;

/// What a row takes beside its values: a place in each column that any row has a value in.
const ROW_BYTES: usize = 64;
/// Source texts of objects that are remembered from one sheet to the next; past it all are forgotten.
const REMEMBERED_BYTES_MAX: usize = 3 << 20;

/// Why a row is no click.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct Rejected {
    /// The JSON path of the fault; empty for the row as a whole.
    pub path: String,
    /// What is wrong.
    pub reason: String,
}

impl Rejected {
    fn new(path: &str, reason: impl Into<String>) -> Rejected {
        Rejected { path: path.to_owned(), reason: reason.into() }
    }
}

/// From where and when rows came: the same for all rows of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Observation {
    /// The feed that returned them, where known.
    pub feed: Option<Feed>,
    /// When the answer came, in seconds since 1970, where known.
    pub observed_at: Option<i64>,
}

/// Columns in the making.
pub struct ClickTyper {
    keys: Vec<Keys>,
    /// Of the row and of `relationship`; by position in [`COLUMNS`].
    own: Vec<(usize, ColumnBuilder)>,
    /// By position in [`COLUMNS`]: the position in `own`.
    own_position: Vec<usize>,
    objects: Vec<ObjectTable>,
    extra: TextTable,
    /// What was left over of rows of this sheet, as it came, to its position in `extra`, and how many values it is: rows
    /// have the same few fields that no column holds.
    known_extra: HashMap<Vec<u8>, (u32, u64), FixedState>,
    observation: Observation,
    rows: usize,
    bytes: usize,
    moved_to_extra: u64,
}

impl ClickTyper {
    /// A typer of rows that were observed together.
    #[must_use]
    pub fn new(observation: Observation) -> ClickTyper {
        let places = OBJECTS.iter().map(|(place, _)| *place).chain([Place::Row, Place::Relationship]);
        let is_own = |place| matches!(place, Place::Row | Place::Relationship);
        let own: Vec<_> = COLUMNS
            .iter()
            .enumerate()
            .filter(|(_, column)| is_own(column.place))
            .map(|(index, column)| (index, own_builder(index, column.kind)))
            .collect();
        let mut own_position = vec![usize::MAX; COLUMNS.len()];
        for (position, (index, _)) in own.iter().enumerate() {
            own_position[*index] = position;
        }
        ClickTyper {
            keys: places.map(Keys::of).collect(),
            own,
            own_position,
            objects: OBJECTS.iter().map(|(place, _)| ObjectTable::new(*place)).collect(),
            extra: TextTable::new(),
            known_extra: HashMap::default(),
            observation,
            rows: 0,
            bytes: 0,
            moved_to_extra: 0,
        }
    }

    /// Rows accepted since the last [`ClickTyper::finish`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// True where no row was accepted since the last [`ClickTyper::finish`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// About how many bytes the accepted rows take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let of_texts = self.own.iter().filter_map(|(_, builder)| builder.shared_bytes()).sum::<usize>();
        self.bytes + of_texts + self.extra.bytes() + self.objects.iter().map(ObjectTable::bytes).sum::<usize>()
    }

    /// Types one row.
    ///
    /// # Errors
    /// Says what makes it no click; nothing of it is kept then.
    pub fn push(&mut self, row: &[u8]) -> Result<(), Rejected> {
        let row = simdutf8::compat::from_utf8(row)
            .map_err(|error| Rejected::new("", format!("not UTF-8 at byte {}", error.valid_up_to())))?;
        let raw = raw::read(row, &mut self.keys, &self.objects)?;
        check_required(&raw)?;
        if raw.leftovers.len() > LEFTOVERS_MAX {
            return Err(Rejected::new("", format!("more than {LEFTOVERS_MAX} values that have no column")));
        }
        self.append(raw);
        Ok(())
    }

    /// Puts an accepted row into the columns.
    fn append(&mut self, mut raw: RawRow) {
        let row = self.rows;
        self.bytes += ROW_BYTES;
        let mut leftovers = raw.leftovers;
        for (index, value) in raw.values {
            let builder = &mut self.own[self.own_position[index]].1;
            if !matches!(builder, ColumnBuilder::Repeated(_)) {
                self.bytes += value.len() + 8;
            }
            match COLUMNS[index].kind {
                Kind::TextMap => set_map(builder, row, index, value, raw.map_entries.take(), &mut leftovers),
                _ => set_scalar(builder, row, index, value, raw.is_plain, &mut leftovers),
            }
        }
        let mut ids = [ABSENT; OBJECTS.len()];
        let mut unread = Vec::new();
        for (place, object) in raw.objects.into_iter().enumerate() {
            ids[place] = match object {
                None => continue,
                Some(RawObject::Seen(id)) => id,
                Some(RawObject::New(source, values)) => self.object_of(place, source, values, &mut unread),
            };
            self.objects[place].assign(row, ids[place]);
        }
        self.append_extra(leftovers, &ids, unread);
        self.rows += 1;
    }

    /// Keeps what no column holds: of the row, of its objects, and objects that could not be read.
    fn append_extra(&mut self, leftovers: Leftovers, ids: &[ObjectId; OBJECTS.len()], unread: Vec<Member>) {
        const KEY_BYTES_MAX: usize = 512;
        let row = self.rows;
        let of_objects = || self.objects.iter().zip(ids).filter(|(table, id)| !table.extra_of(**id).is_empty());
        if leftovers.len() == 0 && unread.is_empty() && of_objects().next().is_none() {
            return;
        }
        let mut key = Vec::with_capacity(KEY_BYTES_MAX);
        for (path, value) in leftovers.iter() {
            // No path and no value has a byte that UTF-8 has not.
            [path.as_bytes(), value.as_bytes()].into_iter().for_each(|part| {
                key.extend_from_slice(part);
                key.push(0xff);
            });
        }
        for (table, id) in of_objects() {
            key.extend_from_slice(table.prefix().as_bytes());
            key.extend_from_slice(&id.to_bytes());
        }
        if let Some((position, values)) = self.known_extra.get(&key).filter(|_| unread.is_empty()) {
            self.moved_to_extra += values;
            return self.extra.set_again(row, *position);
        }
        let is_short = key.len() <= KEY_BYTES_MAX && unread.is_empty();
        let mut extra = leftovers.into_members();
        of_objects().for_each(|(table, id)| extra.extend_from_slice(table.extra_of(*id)));
        extra.extend(unread);
        if extra.is_empty() {
            return;
        }
        let values = extra.len() as u64;
        self.moved_to_extra += values;
        self.extra.set(row, &extra::to_json(&mut extra));
        if is_short {
            self.known_extra.insert(key, (self.extra.last_position(), values));
        }
    }

    /// The object of a source text; what cannot be read goes to `unread` as a whole.
    fn object_of(
        &mut self,
        place: usize,
        source: &str,
        values: Option<ObjectValues>,
        unread: &mut Vec<Member>,
    ) -> ObjectId {
        let table = &mut self.objects[place];
        if let Some(id) = table.find(source) {
            return id;
        }
        let is_plain = values.is_some();
        let values = values.or_else(|| object_values(source, &mut self.keys[place], table.prefix()));
        let Some((values, mut odd)) = values.filter(|(_, odd)| odd.len() <= LEFTOVERS_MAX) else {
            // Not an object, or one that cannot be read: kept as it came.
            let path = table.prefix().trim_end_matches('.').to_owned();
            unread.append(&mut Leftovers::one(path, source).into_members());
            return ABSENT;
        };
        let position = table.next_position();
        for (index, value) in values {
            if let Some(builder) = table.builder(index) {
                set_scalar(builder, position, index, value, is_plain, &mut odd);
            }
        }
        table.add(source, &odd.into_members())
    }

    /// The clicks so far; the typer is then empty again.
    pub fn finish(&mut self) -> TypedClicks {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let mut columns: Vec<Option<TypedColumn>> = schema::click_schema().fields().iter().map(|_| None).collect();
        let mut ids = Vec::with_capacity(self.objects.len() + self.own.len());
        for (place, table) in self.objects.iter_mut().enumerate() {
            let (values, of_rows) = table.finish(rows);
            ids.push(of_rows);
            for (index, values) in values {
                columns[index] = Some(TypedColumn { values, origin: Origin::Object(place) });
            }
        }
        for (index, builder) in &mut self.own {
            columns[*index] = Some(match builder.finish_shared() {
                Some((values, of_rows)) => {
                    ids.push(of_rows);
                    TypedColumn { values, origin: Origin::Object(ids.len() - 1) }
                }
                // A column that no row has a value in is one NULL for all of them.
                None if builder.is_empty() => TypedColumn {
                    values: new_null_array(&COLUMNS[*index].kind.data_type(), 1),
                    origin: Origin::Constant,
                },
                None => TypedColumn { values: builder.finish(rows), origin: Origin::Row },
            });
        }
        self.known_extra.clear();
        let (extra, of_rows) = self.extra.finish();
        ids.push(of_rows);
        columns[position::EXTRA_VALUES] =
            Some(TypedColumn { values: Arc::new(extra), origin: Origin::Object(ids.len() - 1) });
        if self.objects.iter().map(ObjectTable::bytes_remembered).sum::<usize>() > REMEMBERED_BYTES_MAX {
            self.objects.iter_mut().for_each(ObjectTable::forget);
        }
        let dates = columns[position::CLICK_TIME].as_ref().map(|column| dates_of(&column.values));
        let feed = StringArray::from(vec![self.observation.feed.map(Feed::name)]);
        let observed_at = self.observation.observed_at.and_then(|seconds| seconds.checked_mul(1_000_000));
        let observed_at = TimestampMicrosecondArray::from(vec![observed_at]).with_timezone("UTC");
        let constants: [(usize, ArrayRef); 2] =
            [(position::FEED_LIST, Arc::new(feed)), (position::OBSERVATION, Arc::new(observed_at))];
        for (index, values) in constants {
            columns[index] = Some(TypedColumn { values, origin: Origin::Constant });
        }
        columns[position::DATE] = dates.map(|values| TypedColumn { values, origin: Origin::Row });
        let mut columns: Vec<TypedColumn> = columns.into_iter().flatten().collect();
        // Builders grow by doubling: half of what they hold may be air.
        columns.iter_mut().for_each(|column| Array::shrink_to_fit(&mut column.values));
        TypedClicks::new(rows, columns, ids)
    }

    /// Values moved to `extra` since the last call.
    pub fn take_moved_to_extra(&mut self) -> u64 {
        std::mem::take(&mut self.moved_to_extra)
    }
}

/// The builder of a column of the row or of `relationship`. Ids are not repeated, and other texts are.
fn own_builder(index: usize, kind: Kind) -> ColumnBuilder {
    match kind {
        Kind::Text if index != position::TRANSACTION_ID => ColumnBuilder::Repeated(Box::new(TextTable::new())),
        kind => ColumnBuilder::new(kind),
    }
}

/// The UTC dates of timestamps.
pub(crate) fn dates_of(click_time: &ArrayRef) -> ArrayRef {
    let times = click_time.as_primitive::<TimestampMicrosecondType>();
    let day = |micros: i64| i32::try_from(micros.div_euclid(86_400_000_000)).unwrap_or(i32::MAX);
    Arc::new(times.iter().map(|time| time.map(day)).collect::<Date32Array>())
}

fn set_scalar<'a>(
    builder: &mut ColumnBuilder,
    row: usize,
    index: usize,
    value: &'a str,
    is_plain: bool,
    leftovers: &mut Leftovers<'a>,
) {
    match if is_plain { Token::of_plain(value) } else { Token::read(value) } {
        Token::Absent => {}
        Token::Text(text) if matches!(builder, ColumnBuilder::Text(_) | ColumnBuilder::Repeated(_)) => {
            builder.set_text(row, &text);
        }
        token => {
            if !builder.set(row, &token) {
                leftovers.push(COLUMNS[index].path(), value);
            }
        }
    }
}

fn set_map<'a>(
    builder: &mut ColumnBuilder,
    row: usize,
    index: usize,
    value: &'a str,
    entries: Option<MapEntries<'a>>,
    leftovers: &mut Leftovers<'a>,
) {
    let is_plain = entries.is_some();
    let mut entries = entries.unwrap_or_default();
    if !is_plain && each_entry(value, |key, value| entries.push((key, value))).is_err() {
        return leftovers.push(COLUMNS[index].path(), value);
    }
    if entries.len() > LEFTOVERS_MAX {
        return leftovers.push(COLUMNS[index].path(), value);
    }
    // Stable: of a key that stands twice, the first has the place in the map.
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut held: Vec<(Cow<'a, str>, Token<'a>)> = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let path = |key: &str| path_of(&(COLUMNS[index].path() + "."), key);
        let token = if is_plain { Token::of_plain(value) } else { Token::read(value) };
        if held.last().is_some_and(|(known, _)| *known == key) {
            leftovers.push(path(&key) + "#2", value);
        } else if token.to_text().is_none() && token != Token::Absent {
            leftovers.push(path(&key), value);
            held.push((key, Token::Absent));
        } else {
            held.push((key, token));
        }
    }
    if !held.is_empty() {
        builder.set_map(row, held.iter().map(|(key, value)| (&**key, value.to_text())));
    }
}

#[cfg(test)]
pub(crate) mod tests;
