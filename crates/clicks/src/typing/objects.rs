//! The objects of `relationship` that rows repeat word for word: each distinct one is typed once.
//!
//! A click network has thousands of clicks for each offer, place and device, so most objects of a row were seen
//! before. Comparing their bytes is many times cheaper than reading them again. What was seen is kept from one sheet of
//! clicks to the next; a sheet holds copies of those objects that its rows have, so that it stands alone.

use std::hash::BuildHasher;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::compute::interleave;
use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::schema::{COLUMNS, Place};

use super::columns::ColumnBuilder;
use super::extra::Member;

/// The object that is not there: all its columns are NULL.
pub(super) const ABSENT: ObjectId = ObjectId(0);
/// Sheets after which everything seen is forgotten: copying out of many is slow.
const SHEETS_REMEMBERED_MAX: usize = 64;

/// Names an object of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ObjectId(u32);

impl ObjectId {
    pub(super) fn to_bytes(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }
}

/// An object that was typed.
struct Object {
    hash: u64,
    /// Where its source text stands.
    start: usize,
    end: usize,
    /// Where its values stand: the sheet that it was new in, and the position there.
    sheet: usize,
    position: usize,
    /// Its number among the objects of the sheet in the making, if a row has it.
    local: Option<u32>,
    /// What no column holds.
    extra: Arc<[Member]>,
}

/// The distinct objects of one place, and which of them each row has.
pub(super) struct ObjectTable {
    /// The path of the object in the row, with a dot at its end.
    prefix: String,
    /// Positions in [`COLUMNS`], with the builders of the objects that are new in this sheet.
    columns: Vec<(usize, ColumnBuilder)>,
    new_objects: usize,
    /// The columns of the objects that were new in earlier sheets. The first holds the absent one.
    sheets: Vec<Vec<ArrayRef>>,
    objects: Vec<Object>,
    seen: HashTable<u32>,
    sources: Vec<u8>,
    /// The objects that rows of this sheet have, in the order in which they came; the absent one first.
    used: Vec<u32>,
    used_bytes: usize,
    /// For each row of this sheet: the position in `used`.
    of_rows: Vec<u32>,
}

impl ObjectTable {
    pub(super) fn new(place: Place) -> ObjectTable {
        let of_place = COLUMNS.iter().enumerate().filter(|(_, column)| column.place == place);
        let mut table = ObjectTable {
            prefix: place.path_prefix(),
            columns: of_place.map(|(index, column)| (index, ColumnBuilder::new(column.kind))).collect(),
            new_objects: 0,
            sheets: Vec::new(),
            objects: Vec::new(),
            seen: HashTable::new(),
            sources: Vec::new(),
            used: Vec::new(),
            used_bytes: 0,
            of_rows: Vec::new(),
        };
        table.forget();
        table
    }

    /// Forgets what was seen; the sheet in the making must be empty.
    pub(super) fn forget(&mut self) {
        let absent = self.columns.iter().map(|(index, _)| new_null_array(&COLUMNS[*index].kind.data_type(), 1));
        self.sheets = vec![absent.collect()];
        self.objects.clear();
        self.objects.push(Object {
            hash: 0,
            start: 0,
            end: 0,
            sheet: 0,
            position: 0,
            local: Some(0),
            extra: Arc::new([]),
        });
        self.seen.clear();
        self.sources.clear();
        self.used.clear();
        self.used.push(ABSENT.0);
    }

    /// The object of exactly this source text, if there was one.
    pub(super) fn find(&self, source: &str) -> Option<ObjectId> {
        let hash = hash_of(source);
        let is_it = |id: &u32| {
            let object = &self.objects[*id as usize];
            object.hash == hash && &self.sources[object.start..object.end] == source.as_bytes()
        };
        self.seen.find(hash, is_it).map(|id| ObjectId(*id))
    }

    /// The object that was seen before and with which the text begins, and its length.
    ///
    /// A flat object ends at the first brace, unless that is inside a text; then what ends there was never seen.
    pub(super) fn find_at_start(&self, text: &str) -> Option<(ObjectId, usize)> {
        let end = memchr::memchr(b'}', text.as_bytes())? + 1;
        self.find(text.get(..end)?).map(|id| (id, end))
    }

    /// The path of the object in the row, with a dot at its end.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What no column holds of an object.
    pub(super) fn extra_of(&self, id: ObjectId) -> &[Member] {
        &self.objects[id.0 as usize].extra
    }

    /// The position at which the values of the next new object are to be set.
    pub(super) fn next_position(&self) -> usize {
        self.new_objects
    }

    /// The builder of a column of new objects.
    pub(super) fn builder(&mut self, index: usize) -> Option<&mut ColumnBuilder> {
        self.columns.iter_mut().find(|(column, _)| *column == index).map(|(_, builder)| builder)
    }

    /// Takes in the object whose values were set at the next position.
    pub(super) fn add(&mut self, source: &str, extra: &[Member]) -> ObjectId {
        let (hash, start, id) = (hash_of(source), self.sources.len(), self.objects.len() as u32);
        self.sources.extend_from_slice(source.as_bytes());
        self.objects.push(Object {
            hash,
            start,
            end: self.sources.len(),
            sheet: self.sheets.len(),
            position: self.new_objects,
            local: None,
            extra: extra.into(),
        });
        let objects = &self.objects;
        self.seen.insert_unique(hash, id, |id| objects[*id as usize].hash);
        self.new_objects += 1;
        ObjectId(id)
    }

    /// Says which object a row has; rows between, which had none, get the absent one.
    pub(super) fn assign(&mut self, row: usize, id: ObjectId) {
        let object = &mut self.objects[id.0 as usize];
        let local = *object.local.get_or_insert_with(|| {
            self.used.push(id.0);
            self.used_bytes += object.end - object.start;
            self.used.len() as u32 - 1
        });
        self.of_rows.resize(row, 0);
        self.of_rows.push(local);
    }

    /// Bytes that the sheet in the making takes.
    pub(super) fn bytes(&self) -> usize {
        self.used_bytes + self.of_rows.len() * size_of::<u32>()
    }

    /// Bytes of the source texts that are remembered.
    pub(super) fn bytes_remembered(&self) -> usize {
        self.sources.len()
    }

    /// The columns of the distinct objects of so many rows, and the position there of each row's. The sheet is then
    /// empty again.
    #[allow(clippy::expect_used, reason = "the arrays are of one type, and a sheet is far from 2 GiB of text")]
    pub(super) fn finish(&mut self, rows: usize) -> (Vec<(usize, ArrayRef)>, Vec<u32>) {
        let new_objects = std::mem::take(&mut self.new_objects);
        self.sheets.push(self.columns.iter_mut().map(|(_, builder)| builder.finish(new_objects)).collect());
        let picks: Vec<(usize, usize)> = self
            .used
            .iter()
            .map(|id| (self.objects[*id as usize].sheet, self.objects[*id as usize].position))
            .collect();
        let mut columns = Vec::with_capacity(self.columns.len());
        for (column, (index, _)) in self.columns.iter().enumerate() {
            let sheets: Vec<&dyn Array> = self.sheets.iter().map(|sheet| sheet[column].as_ref()).collect();
            let is_absent = sheets.iter().all(|values| values.null_count() == values.len());
            columns.push((
                *index,
                match is_absent {
                    true => new_null_array(&COLUMNS[*index].kind.data_type(), picks.len()),
                    false => interleave(&sheets, &picks).expect("arrays of one type"),
                },
            ));
        }
        for id in self.used.drain(1..) {
            self.objects[id as usize].local = None;
        }
        self.used_bytes = 0;
        let mut of_rows = std::mem::take(&mut self.of_rows);
        of_rows.resize(rows, 0);
        if new_objects == 0 {
            self.sheets.pop();
        }
        if self.sheets.len() > SHEETS_REMEMBERED_MAX {
            self.forget();
        }
        (columns, of_rows)
    }
}

fn hash_of(source: &str) -> u64 {
    FixedState::default().hash_one(source.as_bytes())
}
