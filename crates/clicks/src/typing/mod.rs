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
mod required;
mod scalar;
mod texts;

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, StringArray, TimestampMicrosecondArray, new_null_array};
use arrow::datatypes::TimestampMicrosecondType;

use crate::feed::Feed;
use crate::gather::{Origin, TypedClicks, TypedColumn};
use crate::schema::{self, COLUMNS, Kind, OBJECTS, Place, position};

use columns::ColumnBuilder;
pub use entries::DEPTH_MAX;
use entries::{check_depth, each_entry};
use extra::{LEFTOVERS_MAX, Leftovers, Member, path_of};
use keys::{Found, Keys, Target};
use objects::{ABSENT, ObjectId, ObjectTable};
use plain::Cursor;
use required::check_required;
use scalar::Token;
use texts::TextTable;

/// What a row takes beside its values: a place in each column that any row has a value in.
const ROW_BYTES: usize = 64;
/// Source texts of objects that are remembered from one sheet to the next; past it all are forgotten.
const REMEMBERED_BYTES_MAX: usize = 12 << 20;

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
    observation: Observation,
    rows: usize,
    bytes: usize,
    moved_to_extra: u64,
}

const ROW_KEYS: usize = OBJECTS.len();
const RELATIONSHIP_KEYS: usize = OBJECTS.len() + 1;

/// The raw values of a row, before it is accepted.
#[derive(Default)]
struct RawRow<'a> {
    values: Vec<(usize, &'a str)>,
    objects: [Option<RawObject<'a>>; OBJECTS.len()],
    leftovers: Leftovers<'a>,
}

/// An object of a row.
enum RawObject<'a> {
    /// One that was typed before.
    Seen(ObjectId),
    /// The source text of a new one.
    New(&'a str),
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
        let raw = match self.read_plain(row) {
            Some(raw) => raw,
            None => self.read(row)?,
        };
        check_required(&raw)?;
        if raw.leftovers.len() > LEFTOVERS_MAX {
            return Err(Rejected::new("", format!("more than {LEFTOVERS_MAX} values that have no column")));
        }
        self.append(raw);
        Ok(())
    }

    /// Reads a row of the plain form; none where it has another.
    fn read_plain<'a>(&mut self, row: &'a str) -> Option<RawRow<'a>> {
        let mut raw = RawRow { values: Vec::with_capacity(64), ..RawRow::default() };
        let [object_keys @ .., row_keys, relationship_keys] = self.keys.as_mut_slice() else { return None };
        let objects = &self.objects;
        let mut cursor = Cursor::new(row);
        cursor.known_object(row_keys, |cursor, found, name| match found {
            Found::Known(Target::Column(index)) => push_present(&mut raw.values, index, cursor.scalar()?),
            Found::Known(_) => cursor.known_object(relationship_keys, |cursor, found, name| match found {
                Found::Known(Target::Column(index)) if COLUMNS[index].kind == Kind::TextMap => {
                    push_present(&mut raw.values, index, cursor.flat_object()?)
                }
                Found::Known(Target::Column(index)) => push_present(&mut raw.values, index, cursor.scalar()?),
                Found::Known(Target::Object(index)) => {
                    cursor.peek()?;
                    raw.objects[index] = Some(match objects[index].find_at_start(cursor.rest()) {
                        Some((id, length)) => {
                            cursor.skip(length);
                            RawObject::Seen(id)
                        }
                        None => RawObject::New(cursor.known_flat_object(&mut object_keys[index])?),
                    });
                    Some(())
                }
                Found::Unknown => {
                    raw.leftovers.push_few(|| path_of("relationship.", name), cursor.scalar()?);
                    Some(())
                }
                Found::Again | Found::Known(Target::Relationship) => None,
            }),
            Found::Unknown => {
                raw.leftovers.push_few(|| path_of("", name), cursor.scalar()?);
                Some(())
            }
            Found::Again => None,
        })?;
        cursor.is_at_end().then_some(raw)
    }

    fn read<'a>(&mut self, row: &'a str) -> Result<RawRow<'a>, Rejected> {
        check_depth(row)?;
        if !row.trim_ascii_start().starts_with('{') {
            return Err(Rejected::new("", "not an object"));
        }
        let mut raw = RawRow { values: Vec::with_capacity(64), ..RawRow::default() };
        let mut relationship = None;
        let keys = &mut self.keys[ROW_KEYS];
        keys.begin();
        each_entry(row, |name, value| match keys.find(&name) {
            Found::Known(Target::Column(index)) => raw.values.push((index, value)),
            Found::Known(_) => relationship = Some(value),
            Found::Again => raw.leftovers.push_few(|| path_of("", &name) + "#2", value),
            Found::Unknown => raw.leftovers.push_few(|| path_of("", &name), value),
        })
        .map_err(|error| Rejected::new("", error))?;
        if let Some(relationship) = relationship {
            self.read_relationship(relationship, &mut raw);
        }
        Ok(raw)
    }

    fn read_relationship<'a>(&mut self, relationship: &'a str, raw: &mut RawRow<'a>) {
        let (values, leftovers) = (raw.values.len(), raw.leftovers.len());
        let keys = &mut self.keys[RELATIONSHIP_KEYS];
        keys.begin();
        let entries = each_entry(relationship, |name, value| match keys.find(&name) {
            Found::Known(Target::Column(index)) => raw.values.push((index, value)),
            Found::Known(Target::Object(index)) => raw.objects[index] = Some(RawObject::New(value)),
            Found::Known(Target::Relationship) | Found::Unknown => {
                raw.leftovers.push_few(|| path_of("relationship.", &name), value);
            }
            Found::Again => raw.leftovers.push_few(|| path_of("relationship.", &name) + "#2", value),
        });
        if entries.is_err() {
            raw.values.truncate(values);
            raw.leftovers.truncate(leftovers);
            raw.objects = Default::default();
            raw.leftovers.push("relationship".to_owned(), relationship);
        }
    }

    /// Puts an accepted row into the columns.
    fn append(&mut self, raw: RawRow) {
        let row = self.rows;
        self.bytes += ROW_BYTES;
        let mut leftovers = raw.leftovers;
        for (index, value) in raw.values {
            let builder = &mut self.own[self.own_position[index]].1;
            if !matches!(builder, ColumnBuilder::Repeated(_)) {
                self.bytes += value.len() + 8;
            }
            match COLUMNS[index].kind {
                Kind::TextMap => set_map(builder, row, index, value, &mut leftovers),
                _ => set_scalar(builder, row, index, value, &mut leftovers),
            }
        }
        let mut extra = leftovers.into_members();
        for (place, object) in raw.objects.into_iter().enumerate() {
            match object {
                None => {}
                Some(RawObject::Seen(id)) => {
                    extra.extend_from_slice(self.objects[place].extra_of(id));
                    self.objects[place].assign(self.rows, id);
                }
                Some(RawObject::New(source)) => self.append_object(place, source, &mut extra),
            }
        }
        if !extra.is_empty() {
            self.moved_to_extra += extra.len() as u64;
            self.extra.set(row, &extra::to_json(&mut extra));
        }
        self.rows += 1;
    }

    fn append_object(&mut self, place: usize, source: &str, extra: &mut Vec<Member>) {
        let table = &mut self.objects[place];
        if let Some(id) = table.find(source) {
            extra.extend_from_slice(table.extra_of(id));
            return table.assign(self.rows, id);
        }
        let (mut values, mut odd) = (Vec::with_capacity(16), Leftovers::default());
        let keys = &mut self.keys[place];
        let prefix = OBJECTS[place].0.path_prefix();
        let mut cursor = Cursor::new(source);
        let plain = cursor.known_object(keys, |cursor, found, name| match found {
            Found::Known(Target::Column(index)) => push_present(&mut values, index, cursor.scalar()?),
            Found::Unknown => {
                odd.push_few(|| path_of(&prefix, name), cursor.scalar()?);
                Some(())
            }
            Found::Known(_) | Found::Again => None,
        });
        let is_read = plain.is_some() && cursor.is_at_end() || {
            values.clear();
            odd.clear();
            keys.begin();
            let entries = each_entry(source, |name, value| match keys.find(&name) {
                Found::Known(Target::Column(index)) => values.push((index, value)),
                Found::Known(_) | Found::Unknown => odd.push_few(|| path_of(&prefix, &name), value),
                Found::Again => odd.push_few(|| path_of(&prefix, &name) + "#2", value),
            });
            entries.is_ok()
        };
        if !is_read || odd.len() > LEFTOVERS_MAX {
            // Not an object, or one that cannot be read: kept as it came.
            extra.append(&mut Leftovers::one(prefix.trim_end_matches('.').to_owned(), source).into_members());
            return table.assign(self.rows, ABSENT);
        }
        let position = table.next_position();
        for (index, value) in values {
            if let Some(builder) = table.builder(index) {
                set_scalar(builder, position, index, value, &mut odd);
            }
        }
        let mut members = odd.into_members();
        let id = table.add(source, &members);
        extra.append(&mut members);
        table.assign(self.rows, id);
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

/// Keeps a value of a column, unless it says that there is none.
fn push_present<'a>(values: &mut Vec<(usize, &'a str)>, index: usize, value: &'a str) -> Option<()> {
    if !matches!(value, "\"\"" | "null") {
        values.push((index, value));
    }
    Some(())
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
    leftovers: &mut Leftovers<'a>,
) {
    match Token::read(value) {
        Token::Absent => {}
        Token::Text(text) if matches!(builder, ColumnBuilder::Text(_) | ColumnBuilder::Repeated(_)) => {
            builder.set_text(row, &text)
        }
        token => {
            if !builder.set(row, &token) {
                leftovers.push(COLUMNS[index].path(), value);
            }
        }
    }
}

fn set_map<'a>(builder: &mut ColumnBuilder, row: usize, index: usize, value: &'a str, leftovers: &mut Leftovers<'a>) {
    let mut entries: Vec<(Cow<'a, str>, &'a str)> = Vec::new();
    let mut cursor = Cursor::new(value);
    let plain = cursor.object(|cursor, key| cursor.scalar().map(|value| entries.push((Cow::Borrowed(key), value))));
    if plain.is_none() || !cursor.is_at_end() {
        entries.clear();
        if each_entry(value, |key, value| entries.push((key, value))).is_err() {
            return leftovers.push(COLUMNS[index].path(), value);
        }
    }
    if entries.len() > LEFTOVERS_MAX {
        return leftovers.push(COLUMNS[index].path(), value);
    }
    // Stable: of a key that stands twice, the first has the place in the map.
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut held: Vec<(Cow<'a, str>, Token<'a>)> = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let path = |key: &str| path_of(&(COLUMNS[index].path() + "."), key);
        let token = Token::read(value);
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
