//! The objects of `relationship` that rows repeat word for word: each distinct one is typed once.
//!
//! A click network has thousands of clicks for each offer, place and device, so most objects of a row were seen
//! before. Comparing their bytes is many times cheaper than reading them again.

use std::hash::BuildHasher;
use std::sync::Arc;

use arrow::array::ArrayRef;
use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::schema::{COLUMNS, Place};

use super::columns::ColumnBuilder;
use super::extra::Member;

/// The id of the object that is not there: all its columns are NULL.
pub(super) const ABSENT: u32 = 0;

/// An object that was typed.
#[derive(Clone)]
pub(super) struct Seen {
    hash: u64,
    start: usize,
    end: usize,
    pub(super) id: u32,
    /// What no column holds.
    pub(super) extra: Arc<[Member]>,
}

/// The distinct objects of one place, and which of them each row has.
pub(super) struct ObjectTable {
    /// Positions in [`COLUMNS`], with their builders.
    pub(super) columns: Vec<(usize, ColumnBuilder)>,
    /// Objects so far, the absent one included.
    len: u32,
    ids: Vec<u32>,
    seen: HashTable<Seen>,
    sources: Vec<u8>,
}

impl ObjectTable {
    pub(super) fn new(place: Place) -> ObjectTable {
        let of_place = COLUMNS.iter().enumerate().filter(|(_, column)| column.place == place);
        ObjectTable {
            columns: of_place.map(|(index, column)| (index, ColumnBuilder::new(column.kind))).collect(),
            len: 1,
            ids: Vec::new(),
            seen: HashTable::new(),
            sources: Vec::new(),
        }
    }

    /// The object of exactly this source text, if there was one.
    pub(super) fn find(&self, source: &str) -> Option<&Seen> {
        let hash = hash_of(source);
        self.seen.find(hash, |seen| seen.hash == hash && &self.sources[seen.start..seen.end] == source.as_bytes())
    }

    /// The object that was seen before and with which the text begins, and its length.
    ///
    /// A flat object ends at the first brace, unless that is inside a text; then what ends there was never seen.
    pub(super) fn find_at_start(&self, text: &str) -> Option<(&Seen, usize)> {
        let end = memchr::memchr(b'}', text.as_bytes())? + 1;
        self.find(text.get(..end)?).map(|seen| (seen, end))
    }

    /// A new object, whose columns are then set at this position.
    pub(super) fn add(&mut self) -> u32 {
        let id = self.len;
        self.len += 1;
        id
    }

    /// Remembers an object that was typed.
    pub(super) fn remember(&mut self, source: &str, id: u32, extra: &[Member]) {
        let (hash, start) = (hash_of(source), self.sources.len());
        self.sources.extend_from_slice(source.as_bytes());
        let seen = Seen { hash, start, end: self.sources.len(), id, extra: extra.into() };
        self.seen.insert_unique(hash, seen, |seen| seen.hash);
    }

    /// Says which object a row has; rows between, which had none, get the absent one.
    pub(super) fn assign(&mut self, row: usize, id: u32) {
        self.ids.resize(row, ABSENT);
        self.ids.push(id);
    }

    /// Bytes held for remembered objects and ids.
    pub(super) fn bytes(&self) -> usize {
        self.sources.len() * 2 + self.ids.len() * 4 + self.seen.len() * size_of::<Seen>()
    }

    /// The columns of the distinct objects, and the object of each of so many rows.
    pub(super) fn finish(&mut self, rows: usize) -> (Vec<(usize, ArrayRef)>, Vec<u32>) {
        let len = self.len as usize;
        let columns = self.columns.iter_mut().map(|(index, builder)| (*index, builder.finish(len))).collect();
        let mut ids = std::mem::take(&mut self.ids);
        ids.resize(rows, ABSENT);
        self.len = 1;
        self.seen.clear();
        self.sources.clear();
        (columns, ids)
    }
}

fn hash_of(source: &str) -> u64 {
    FixedState::default().hash_one(source.as_bytes())
}
