//! Keys of an object to what they stand for. Rows have their keys in nearly the same order, so the key that followed
//! last time is tried first.

use std::collections::HashMap;

use crate::schema::{COLUMNS, Kind, OBJECTS, Place};

/// What a key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The column at this position in [`COLUMNS`].
    Column(usize),
    /// The column at this position in [`COLUMNS`], which holds an object.
    Map(usize),
    /// `relationship`.
    Relationship,
    /// The object at this position in [`OBJECTS`].
    Object(usize),
}

/// What a key turned out to be.
pub(super) enum Found {
    Known(Target),
    /// A known key that this object had before.
    Again,
    Unknown,
}

struct Key {
    name: &'static str,
    /// As it stood in JSON last time: in quotes, with the colon, and with its value where that was short and plain.
    member: String,
    /// Bytes of the member before its value.
    value_at: usize,
    target: Target,
    /// The key that came after this one last time.
    next: usize,
    /// The object that last had this key.
    last_object: u64,
}

/// The known keys of one kind of object.
pub(super) struct Keys {
    keys: Vec<Key>,
    positions: HashMap<&'static str, usize, foldhash::fast::FixedState>,
    current: usize,
    object: u64,
}

impl Keys {
    pub(super) fn of(place: Place) -> Keys {
        let columns = COLUMNS.iter().enumerate().filter(|(_, column)| column.place == place);
        let mut known: Vec<_> = columns
            .map(|(index, column)| match column.kind {
                Kind::TextMap => (column.key, Target::Map(index)),
                _ => (column.key, Target::Column(index)),
            })
            .collect();
        match place {
            Place::Row => known.push(("relationship", Target::Relationship)),
            Place::Relationship => {
                known.extend(OBJECTS.iter().enumerate().map(|(index, (_, key))| (*key, Target::Object(index))));
            }
            _ => {}
        }
        let keys: Vec<Key> = known
            .iter()
            .enumerate()
            .map(|(index, (name, target))| Key {
                name,
                member: format!("\"{name}\":"),
                value_at: name.len() + 3,
                target: *target,
                next: (index + 1) % known.len(),
                last_object: 0,
            })
            .collect();
        let positions = keys.iter().enumerate().map(|(index, key)| (key.name, index)).collect();
        Keys { keys, positions, current: 0, object: 0 }
    }

    /// Begins the next object.
    pub(super) fn begin(&mut self) {
        self.object += 1;
    }

    /// The key that followed last time, as it stands in JSON, with the value that it had then; and the bytes before that.
    /// Most values of a click are those of the one before it.
    pub(super) fn expected(&self) -> (&str, usize) {
        let key = &self.keys[self.keys[self.current].next];
        (&key.member, key.value_at)
    }

    /// Remembers the plain value of the current key.
    pub(super) fn remember(&mut self, value: &str) {
        const BYTES_MAX: usize = 64;
        let Key { member, value_at, .. } = &mut self.keys[self.current];
        if value.len() <= BYTES_MAX {
            member.truncate(*value_at);
            member.push_str(value);
        }
    }

    /// Takes the expected key for the next one.
    pub(super) fn take_expected(&mut self) -> Found {
        self.current = self.keys[self.current].next;
        self.take_current()
    }

    pub(super) fn find(&mut self, name: &str) -> Found {
        let guess = self.keys[self.current].next;
        let position = if self.keys[guess].name == name {
            guess
        } else {
            match self.positions.get(name) {
                Some(position) => *position,
                None => return Found::Unknown,
            }
        };
        self.keys[self.current].next = position;
        self.current = position;
        self.take_current()
    }

    fn take_current(&mut self) -> Found {
        let key = &mut self.keys[self.current];
        if key.last_object == self.object {
            return Found::Again;
        }
        key.last_object = self.object;
        Found::Known(key.target)
    }
}
