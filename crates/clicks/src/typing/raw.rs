//! A row to its values as they stand in it, column by column; nothing is typed yet.

use std::borrow::Cow;

use crate::schema::OBJECTS;

use super::Rejected;
use super::entries::{check_depth, each_entry};
use super::extra::{Leftovers, path_of};
use super::keys::{Found, Keys, Target};
use super::objects::{ObjectId, ObjectTable};
use super::plain::{Cursor, Member};

/// Keys stand by the number of their object; behind those of all objects:
const ROW_KEYS: usize = OBJECTS.len();
const RELATIONSHIP_KEYS: usize = OBJECTS.len() + 1;

/// The raw values of a row, before it is accepted.
#[derive(Default)]
pub(super) struct RawRow<'a> {
    /// True where no value has escapes, or is an object but for a map.
    pub(super) is_plain: bool,
    pub(super) values: Vec<(usize, &'a str)>,
    /// The members of the one column that is a map, where it is plain.
    pub(super) map_entries: Option<MapEntries<'a>>,
    pub(super) objects: [Option<RawObject<'a>>; OBJECTS.len()],
    pub(super) leftovers: Leftovers<'a>,
}

pub(super) type MapEntries<'a> = Vec<(Cow<'a, str>, &'a str)>;

/// An object of a row.
pub(super) enum RawObject<'a> {
    /// One that was typed before.
    Seen(ObjectId),
    /// The source text of a new one, and what it holds where that is plain.
    New(&'a str, Option<ObjectValues<'a>>),
}

/// The values of an object by column, and what has none.
pub(super) type ObjectValues<'a> = (Vec<(usize, &'a str)>, Leftovers<'a>);

/// Reads a row; its objects only where they were not typed before.
pub(super) fn read<'a>(row: &'a str, keys: &mut [Keys], objects: &[ObjectTable]) -> Result<RawRow<'a>, Rejected> {
    read_plain(row, keys, objects).map_or_else(|| read_any(row, keys), Ok)
}

/// Reads a row of the plain form; none where it has another.
fn read_plain<'a>(row: &'a str, keys: &mut [Keys], objects: &[ObjectTable]) -> Option<RawRow<'a>> {
    let mut raw = RawRow { values: Vec::with_capacity(64), is_plain: true, ..RawRow::default() };
    let [object_keys @ .., row_keys, relationship_keys] = keys else { return None };
    let mut cursor = Cursor::new(row);
    cursor.known_object(row_keys, |cursor, member| match member {
        Member::Value(index, value) => push_present(&mut raw.values, index, value),
        Member::Nested(Target::Relationship) => cursor.known_object(relationship_keys, |cursor, member| match member {
            Member::Value(index, value) => push_present(&mut raw.values, index, value),
            Member::Nested(Target::Map(index)) => {
                let (entries, source) = read_map(cursor)?;
                raw.map_entries = Some(entries);
                push_present(&mut raw.values, index, source)
            }
            Member::Nested(Target::Object(index)) => {
                raw.objects[index] = Some(read_object(cursor, &mut object_keys[index], &objects[index])?);
                Some(())
            }
            Member::Nested(_) => None,
            Member::Unknown(name) => {
                raw.leftovers.push_few(|| path_of("relationship.", name), cursor.scalar()?);
                Some(())
            }
        }),
        Member::Nested(_) => None,
        Member::Unknown(name) => {
            raw.leftovers.push_few(|| path_of("", name), cursor.scalar()?);
            Some(())
        }
    })?;
    cursor.is_at_end().then_some(raw)
}

/// Reads a row of any form.
fn read_any<'a>(row: &'a str, all_keys: &mut [Keys]) -> Result<RawRow<'a>, Rejected> {
    check_depth(row)?;
    if !row.trim_ascii_start().starts_with('{') {
        return Err(Rejected::new("", "not an object"));
    }
    let mut raw = RawRow { values: Vec::with_capacity(64), ..RawRow::default() };
    let mut relationship = None;
    let keys = &mut all_keys[ROW_KEYS];
    keys.begin();
    each_entry(row, |name, value| match keys.find(&name) {
        Found::Known(Target::Column(index) | Target::Map(index)) => raw.values.push((index, value)),
        Found::Known(_) => relationship = Some(value),
        Found::Again => raw.leftovers.push_few(|| path_of("", &name) + "#2", value),
        Found::Unknown => raw.leftovers.push_few(|| path_of("", &name), value),
    })
    .map_err(|error| Rejected::new("", error))?;
    if let Some(relationship) = relationship {
        read_relationship(relationship, &mut all_keys[RELATIONSHIP_KEYS], &mut raw);
    }
    Ok(raw)
}

fn read_relationship<'a>(relationship: &'a str, keys: &mut Keys, raw: &mut RawRow<'a>) {
    let (values, leftovers) = (raw.values.len(), raw.leftovers.len());
    keys.begin();
    let entries = each_entry(relationship, |name, value| match keys.find(&name) {
        Found::Known(Target::Column(index) | Target::Map(index)) => raw.values.push((index, value)),
        Found::Known(Target::Object(index)) => raw.objects[index] = Some(RawObject::New(value, None)),
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

/// Reads an object, unless it was seen before.
fn read_object<'a>(cursor: &mut Cursor<'a>, keys: &mut Keys, table: &ObjectTable) -> Option<RawObject<'a>> {
    cursor.peek()?;
    let rest = cursor.rest();
    if let Some((id, length)) = table.find_at_start(rest) {
        cursor.skip(length);
        return Some(RawObject::Seen(id));
    }
    let (mut values, mut odd) = (Vec::with_capacity(16), Leftovers::default());
    cursor.known_object(keys, |cursor, member| match member {
        Member::Value(index, value) => push_present(&mut values, index, value),
        Member::Nested(_) => None,
        Member::Unknown(name) => {
            odd.push_few(|| path_of(table.prefix(), name), cursor.scalar()?);
            Some(())
        }
    })?;
    let source = rest.get(..rest.len() - cursor.rest().len())?;
    Some(RawObject::New(source, Some((values, odd))))
}

/// Reads an object of any form; none where it is none.
pub(super) fn object_values<'a>(source: &'a str, keys: &mut Keys, prefix: &str) -> Option<ObjectValues<'a>> {
    let (mut values, mut odd) = (Vec::new(), Leftovers::default());
    keys.begin();
    let entries = each_entry(source, |name, value| match keys.find(&name) {
        Found::Known(Target::Column(index)) => values.push((index, value)),
        Found::Known(_) | Found::Unknown => odd.push_few(|| path_of(prefix, &name), value),
        Found::Again => odd.push_few(|| path_of(prefix, &name) + "#2", value),
    });
    entries.ok().map(|()| (values, odd))
}

/// Reads a map of plain values, and its source text.
fn read_map<'a>(cursor: &mut Cursor<'a>) -> Option<(MapEntries<'a>, &'a str)> {
    cursor.peek()?;
    let rest = cursor.rest();
    let mut entries = Vec::with_capacity(8);
    cursor.object(|cursor, key| cursor.scalar().map(|value| entries.push((Cow::Borrowed(key), value))))?;
    Some((entries, rest.get(..rest.len() - cursor.rest().len())?))
}

/// Keeps a value of a column, unless it says that there is none.
fn push_present<'a>(values: &mut Vec<(usize, &'a str)>, index: usize, value: &'a str) -> Option<()> {
    let is_absent = matches!(value.as_bytes(), b"\"\"" | b"null");
    if !is_absent {
        values.push((index, value));
    }
    Some(())
}
