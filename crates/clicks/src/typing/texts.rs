//! The texts of a column, each held once, and which of them each row has.
//!
//! Even the columns that are a row's own repeat their texts: a page, a campaign, an address that clicks on. What is held
//! once is copied, hashed and compared once, here; landing then works with numbers.

use std::hash::BuildHasher;

use arrow::array::{Array, StringArray, StringBuilder};
use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::columns::with_reserve;

/// Distinct texts of some rows. Position 0 is that of rows without one.
pub(super) struct TextTable {
    texts: StringBuilder,
    hashes: Vec<u64>,
    seen: HashTable<u32>,
    of_rows: Vec<u32>,
}

impl TextTable {
    pub(super) fn new() -> TextTable {
        let mut table =
            TextTable { texts: StringBuilder::new(), hashes: Vec::new(), seen: HashTable::new(), of_rows: Vec::new() };
        table.clear();
        table
    }

    fn clear(&mut self) {
        self.seen.clear();
        self.hashes.clear();
        self.hashes.push(0);
        self.texts.append_null();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.of_rows.is_empty()
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        /// A hash, an offset, a place among those that were seen.
        const TEXT_BYTES: usize = 24;
        self.texts.values_slice().len() + self.hashes.len() * TEXT_BYTES + self.of_rows.len() * size_of::<u32>()
    }

    /// Sets the text of a row, later than any set before.
    pub(super) fn set(&mut self, row: usize, text: &str) {
        let position = self.position_of(text);
        self.set_again(row, position);
    }

    /// The position of the text of the last row that was set.
    pub(super) fn last_position(&self) -> u32 {
        self.of_rows.last().copied().unwrap_or_default()
    }

    /// Sets the text of a row to one that was set before.
    pub(super) fn set_again(&mut self, row: usize, position: u32) {
        self.of_rows.resize(row, 0);
        self.of_rows.push(position);
    }

    fn position_of(&mut self, text: &str) -> u32 {
        if let Some(last) = self.of_rows.last()
            && *last > 0
            && self.text(*last) == text.as_bytes()
        {
            return *last;
        }
        let hash = FixedState::default().hash_one(text.as_bytes());
        let is_it = |position: &u32| self.hashes[*position as usize] == hash && self.text(*position) == text.as_bytes();
        if let Some(position) = self.seen.find(hash, is_it) {
            return *position;
        }
        let position = self.hashes.len() as u32;
        self.texts.append_value(text);
        self.hashes.push(hash);
        let hashes = &self.hashes;
        self.seen.insert_unique(hash, position, |position| hashes[*position as usize]);
        position
    }

    fn text(&self, position: u32) -> &[u8] {
        let (offsets, position) = (self.texts.offsets_slice(), position as usize);
        &self.texts.values_slice()[offsets[position] as usize..offsets[position + 1] as usize]
    }

    /// The distinct texts, and the position of that of each row, as far as any has one. The table is then empty.
    pub(super) fn finish(&mut self) -> (StringArray, Vec<u32>) {
        let texts = self.texts.finish();
        // The next rows will be much like these.
        self.texts = StringBuilder::with_capacity(with_reserve(texts.len()), with_reserve(texts.value_data().len()));
        let room = Vec::with_capacity(with_reserve(self.of_rows.len()));
        self.clear();
        (texts, std::mem::replace(&mut self.of_rows, room))
    }
}
