//! The distinct values of the clicks of a fold, each once, so that a partition needs neither copy nor compare them.

use std::hash::BuildHasher;
use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Date32Type, Int32Type, Int64Type};
use arrow::error::ArrowError;
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use parquet::data_type::ByteArray;
use parquet::file::statistics::{Statistics, ValueStatistics};

use crate::chunk::{Dictionary, NULL};
use crate::gather::{Origin, Pick, Places, TypedClicks, gather_column};
use crate::partition::{self, BATCH_ROWS, DICTIONARY_BYTES_MAX, Rows};
use crate::schema::{OBJECTS, click_schema};

/// The columns of some clicks whose values are shared.
pub(crate) struct Shared {
    /// By position in [`click_schema`].
    columns: Vec<Option<SharedColumn>>,
}

/// A column by its distinct values.
struct SharedColumn {
    /// Where each value is first met: the clicks, and the position there.
    values: Vec<Pick>,
    /// For each of the clicks, for each position there: the number of the value, or [`NULL`].
    keys: Vec<Vec<u32>>,
}

/// The bytes of values, as Parquet writes them, but for the lengths of texts.
enum Values<'a> {
    Texts(&'a [i32], &'a [u8]),
    Numbers(usize, &'a [u8]),
}

impl<'a> Values<'a> {
    /// None of a type whose values stand otherwise in a file.
    fn of(values: &'a ArrayRef) -> Option<Values<'a>> {
        match values.data_type() {
            DataType::Utf8 => {
                let texts = values.as_string::<i32>();
                Some(Values::Texts(texts.value_offsets(), texts.value_data()))
            }
            DataType::Int64 => Some(Values::Numbers(8, values.as_primitive::<Int64Type>().values().inner())),
            DataType::Int32 => Some(Values::Numbers(4, values.as_primitive::<Int32Type>().values().inner())),
            DataType::Date32 => Some(Values::Numbers(4, values.as_primitive::<Date32Type>().values().inner())),
            _ => None,
        }
    }

    fn get(&self, at: usize) -> &'a [u8] {
        match self {
            Values::Texts(offsets, data) => &data[offsets[at] as usize..offsets[at + 1] as usize],
            Values::Numbers(width, data) => &data[at * width..(at + 1) * width],
        }
    }
}

impl Shared {
    /// Finds the values of the columns that repeat them, on so many threads.
    pub(crate) fn of(sources: &[TypedClicks], threads: usize) -> Shared {
        let fields = click_schema().fields().len();
        let shared = |from: usize| {
            let columns = (from..fields).step_by(threads);
            columns.map(|index| (index, SharedColumn::of(sources, index))).collect::<Vec<_>>()
        };
        let mut columns: Vec<Option<SharedColumn>> = (0..fields).map(|_| None).collect();
        let found = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|from| scope.spawn(move || shared(from))).collect();
            let mut found = shared(0);
            found.extend(
                // A panic of a worker is a bug, and goes on as one.
                others.into_iter().flat_map(|other| other.join().unwrap_or_else(|bug| std::panic::resume_unwind(bug))),
            );
            found
        });
        for (index, column) in found {
            columns[index] = column;
        }
        Shared { columns }
    }
}

impl SharedColumn {
    fn of(sources: &[TypedClicks], index: usize) -> Option<SharedColumn> {
        if !partition::is_by_dictionary(index) {
            return None;
        }
        let arrays: Vec<&ArrayRef> = sources.iter().map(|source| source.own_column(index)).collect();
        let views: Vec<Values> = arrays.iter().map(|values| Values::of(values)).collect::<Option<_>>()?;
        let mut values: Vec<Pick> = Vec::new();
        let mut hashes: Vec<u64> = Vec::new();
        let mut seen: HashTable<u32> = HashTable::new();
        let hasher = FixedState::default();
        let mut keys = Vec::with_capacity(sources.len());
        for (source, (array, view)) in (0..).zip(arrays.iter().zip(&views)) {
            if array.null_count() == array.len() {
                keys.push(vec![NULL; array.len()]);
                continue;
            }
            let mut last: (&[u8], u32) = (&[], NULL);
            let key = |at: usize| {
                if array.is_null(at) {
                    return NULL;
                }
                let value = view.get(at);
                if last.1 != NULL && last.0 == value {
                    return last.1;
                }
                let hash = hasher.hash_one(value);
                let is_it = |key: &u32| {
                    let (source, position) = values[*key as usize];
                    hashes[*key as usize] == hash && views[source as usize].get(position as usize) == value
                };
                let key = match seen.find(hash, is_it) {
                    Some(key) => *key,
                    None => {
                        let key = values.len() as u32;
                        values.push((source, at as u32));
                        hashes.push(hash);
                        seen.insert_unique(hash, key, |key| hashes[*key as usize]);
                        key
                    }
                };
                last = (value, key);
                key
            };
            keys.push((0..array.len()).map(key).collect());
        }
        Some(SharedColumn { values, keys })
    }
}

/// The rows of a partition, for columns that are taken one by one.
pub(crate) struct Picked<'a> {
    clicks: &'a [TypedClicks],
    shared: &'a Shared,
    sources: &'a [&'a TypedClicks],
    picks: &'a [Pick],
    places: Places,
    /// For each of [`OBJECTS`]: the distinct ones of these rows in the order in which they come, and which each row has.
    objects: Vec<(Vec<Pick>, Vec<u32>)>,
}

impl<'a> Picked<'a> {
    /// Picks that are all of these clicks, with which the sources begin.
    pub(crate) fn new(
        clicks: &'a [TypedClicks],
        shared: &'a Shared,
        sources: &'a [&'a TypedClicks],
        picks: &'a [Pick],
    ) -> Picked<'a> {
        let objects = (0..OBJECTS.len()).map(|object| distinct_objects(clicks, picks, object)).collect();
        Picked { clicks, shared, sources, picks, places: Places::default(), objects }
    }
}

impl Rows for Picked<'_> {
    fn len(&self) -> usize {
        self.picks.len()
    }

    fn values(&mut self, column: usize, rows: Range<usize>) -> Result<ArrayRef, ArrowError> {
        gather_column(self.sources, self.picks, column, rows, &mut self.places)
    }

    /// None also where the values take so much that the parquet crate would not write them so.
    fn shared(&self, index: usize) -> Option<(Dictionary, Vec<u32>)> {
        let column = self.shared.columns[index].as_ref()?;
        if column.values.is_empty() {
            let nulls = self.picks.len() as u64;
            return dictionary(index, &[], nulls).map(|dictionary| (dictionary, Vec::new()));
        }
        let mut numbers = vec![NULL; column.values.len()];
        let mut used: Vec<u32> = Vec::new();
        let mut number_of = |key: u32| {
            if key == NULL {
                return NULL;
            }
            let number = &mut numbers[key as usize];
            if *number == NULL {
                *number = used.len() as u32;
                used.push(key);
            }
            *number
        };
        let mut origins = self.clicks.iter().map(|clicks| clicks.origin(index));
        let keys: Vec<u32> = match origins.next() {
            Some(Origin::Object(object))
                if object < OBJECTS.len() && origins.all(|origin| origin == Origin::Object(object)) =>
            {
                let (distinct, of_rows) = &self.objects[object];
                let numbers: Vec<u32> = distinct
                    .iter()
                    .map(|(source, object)| number_of(column.keys[*source as usize][*object as usize]))
                    .collect();
                of_rows.iter().map(|object| numbers[*object as usize]).collect()
            }
            _ => self
                .picks
                .iter()
                .map(|(source, row)| {
                    let source = *source as usize;
                    number_of(column.keys[source][self.clicks[source].position(index, *row as usize)])
                })
                .collect(),
        };
        let values: Vec<&[u8]> = used
            .iter()
            .filter_map(|key| {
                let (source, position) = column.values[*key as usize];
                Values::of(self.clicks[source as usize].own_column(index)).map(|values| values.get(position as usize))
            })
            .collect();
        let nulls = keys.iter().filter(|key| **key == NULL).count() as u64;
        dictionary(index, &values, nulls).map(|dictionary| (dictionary, keys))
    }
}

fn distinct_objects(sources: &[TypedClicks], picks: &[Pick], object: usize) -> (Vec<Pick>, Vec<u32>) {
    let mut numbers: Vec<Vec<u32>> = vec![Vec::new(); sources.len()];
    let mut distinct = Vec::new();
    let of_rows = picks.iter().map(|(source, row)| {
        let id = sources[*source as usize].object(object, *row as usize);
        let numbers = &mut numbers[*source as usize];
        if numbers.len() <= id as usize {
            numbers.resize(id as usize + 1, NULL);
        }
        let number = &mut numbers[id as usize];
        if *number == NULL {
            *number = distinct.len() as u32;
            distinct.push((*source, id));
        }
        *number
    });
    let of_rows = of_rows.collect();
    (distinct, of_rows)
}

fn dictionary(index: usize, values: &[&[u8]], nulls: u64) -> Option<Dictionary> {
    let data_type = click_schema().field(index).data_type().clone();
    let is_text = data_type == DataType::Utf8;
    let longest = values.iter().map(|value| value.len()).max().unwrap_or_default();
    let bytes: usize = values.iter().map(|value| value.len() + if is_text { size_of::<u32>() } else { 0 }).sum();
    // Near the limit of a dictionary the crate takes smaller steps, and pages end elsewhere.
    if bytes + BATCH_ROWS * (longest + size_of::<u32>()) > DICTIONARY_BYTES_MAX {
        return None;
    }
    let mut plain = Vec::with_capacity(bytes);
    for value in values {
        if is_text {
            plain.extend_from_slice(&(value.len() as u32).to_le_bytes());
        }
        plain.extend_from_slice(value);
    }
    let statistics = match partition::has_statistics(index) {
        true => Some(statistics(&data_type, values, nulls)?),
        false => None,
    };
    let lengths = is_text.then(|| values.iter().map(|value| value.len() as u32).collect());
    Some(Dictionary { plain, lengths, len: values.len(), statistics })
}

/// None for texts so long that the crate would cut them.
fn statistics(data_type: &DataType, values: &[&[u8]], nulls: u64) -> Option<Statistics> {
    const BYTES_MAX: usize = 64;
    let nulls = Some(nulls);
    Some(match data_type {
        DataType::Utf8 => {
            let (least, greatest) = (values.iter().min(), values.iter().max());
            if least.into_iter().chain(greatest).any(|value| value.len() > BYTES_MAX) {
                return None;
            }
            let text = |value: &&[u8]| ByteArray::from(value.to_vec());
            Statistics::ByteArray(ValueStatistics::new(least.map(text), greatest.map(text), None, nulls, false))
        }
        DataType::Int64 => {
            let number = |value: &&[u8]| (*value).try_into().map(i64::from_le_bytes).unwrap_or_default();
            let (least, greatest) = (values.iter().map(number).min(), values.iter().map(number).max());
            let statistics = ValueStatistics::new(least, greatest, None, nulls, false);
            Statistics::Int64(statistics.with_backwards_compatible_min_max(true))
        }
        _ => {
            let number = |value: &&[u8]| (*value).try_into().map(i32::from_le_bytes).unwrap_or_default();
            let (least, greatest) = (values.iter().map(number).min(), values.iter().map(number).max());
            let statistics = ValueStatistics::new(least, greatest, None, nulls, false);
            Statistics::Int32(statistics.with_backwards_compatible_min_max(true))
        }
    })
}
