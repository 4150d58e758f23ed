//! Rows that could not be typed: their bytes, where the fault is, and why.
//!
//! Promises that a row is kept once, however often it is landed, and before the partition whose coverage claims its
//! window. A row longer than the reader takes is kept in parts.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    ArrayRef, AsArray, BinaryArray, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use sha2::{Digest, Sha256};

use crate::feed::Feed;
use crate::lake::{Account, Lake, LakeError, QuarantineFile, quarantine_location, until_published};
use crate::partition::PartitionError;
use crate::schema::timestamp_type;
use crate::typing::Observation;

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("raw_sha256", DataType::Utf8, false),
        Field::new("part", DataType::Int32, false),
        Field::new("raw", DataType::Binary, false),
        Field::new("path", DataType::Utf8, false),
        Field::new("reason", DataType::Utf8, false),
        Field::new("feed", DataType::Utf8, true),
        Field::new("source", DataType::Utf8, false),
        Field::new("position", DataType::Int64, false),
        Field::new("observed_at", timestamp_type(), true),
    ]))
});

/// The columns of a quarantine file: the row's SHA-256, part and bytes, the JSON path and the reason of the fault, and
/// where it came from (feed, file, byte position in the decompressed input, time of the answer).
#[must_use]
pub fn quarantine_schema() -> SchemaRef {
    SCHEMA.clone()
}

/// A row that could not be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedRow {
    /// Its bytes.
    pub raw: Vec<u8>,
    /// Which part of a row too long for one, from 0.
    pub part: u32,
    /// The JSON path of the fault; empty for the row as a whole.
    pub path: String,
    /// What is wrong.
    pub reason: String,
    /// The file it came from, or `-`.
    pub source: String,
    /// Where it begins in the decompressed input, in bytes.
    pub position: u64,
}

/// Rows are copied for the writer in batches of about so many bytes.
const BATCH_BYTES: usize = 4 << 20;

/// A row's SHA-256 in hexadecimal digits, and its part.
type Identity = ([u8; 64], i32);

/// What an account's quarantine is known to hold: each of its files is read once, not for every fold.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// By location: the size, which a pruned file changes.
    files: HashMap<String, u64>,
    rows: HashSet<Identity>,
}

/// So many rows are remembered. A quarantine may be larger than memory: past it, files are read again.
const KNOWN_MAX: usize = 200_000;

impl Known {
    fn add(&mut self, location: &str, size: u64, rows: impl IntoIterator<Item = Identity>) {
        self.rows.extend(rows);
        self.files.insert(location.to_owned(), size);
        if self.rows.len() > KNOWN_MAX {
            *self = Known::default();
        }
    }

    /// Forgets all where any of the files is gone, or is another.
    fn check(&mut self, present: &[(&QuarantineFile, u64)]) {
        let same = present.iter().filter(|(file, size)| self.files.get(&file.location) == Some(size));
        if same.count() != self.files.len() {
            *self = Known::default();
        }
    }
}

/// Keeps the rows that are not yet kept. Returns how many were new; the parts of a long row are one.
pub(crate) fn keep(
    lake: &Lake,
    account: &Account,
    observation: Observation,
    rows: &[QuarantinedRow],
    known: &mut Known,
) -> Result<usize, PartitionError> {
    if rows.is_empty() {
        return Ok(0);
    }
    let name = lake.backend().name_of(&quarantine_location(account, ""));
    until_published(&name, || try_to_keep(lake, account, observation, rows, known))
}

/// None where somebody else has written a file of the same rows meanwhile.
fn try_to_keep(
    lake: &Lake,
    account: &Account,
    observation: Observation,
    rows: &[QuarantinedRow],
    known: &mut Known,
) -> Result<Option<usize>, PartitionError> {
    let mut wanted = HashSet::with_capacity(rows.len());
    let mut fresh: Vec<(Identity, &QuarantinedRow)> = rows
        .iter()
        .map(|row| ((hex(Sha256::digest(&row.raw).into()), i32::try_from(row.part).unwrap_or(i32::MAX)), row))
        .filter(|(identity, _)| wanted.insert(*identity))
        .collect();
    remove_known(&mut wanted, lake, account, known)?;
    fresh.retain(|(identity, _)| wanted.contains(identity));
    if fresh.is_empty() {
        return Ok(Some(0));
    }
    fresh.sort_by_key(|(identity, _)| *identity);
    let mut name = Sha256::new();
    for ((sha, part), _) in &fresh {
        name.update(sha);
        name.update(part.to_be_bytes());
    }
    let location = quarantine_location(account, &format!("{}.parquet", text_of(&hex(name.finalize().into()))));
    let path = lake.backend().name_of(&location);
    // A file of this name was born with just these rows, none of which is known: pruning has emptied it.
    let emptied = lake.backend().open(&location);
    let emptied = emptied.map_err(|error| PartitionError::Damaged { path: path.clone(), source: error.into() })?;
    let version = emptied.map(|opened| opened.version).unwrap_or_default();
    let mut size = 0;
    let fill = |file: &mut File| {
        write(file, observation, &fresh).map_err(io::Error::other)?;
        size = file.metadata()?.len();
        Ok(())
    };
    let publication = lake.backend().replace(&location, &version, Box::new(fill));
    let publication = publication.map_err(|source| PartitionError::Write { path, source })?;
    let rows_new = fresh.iter().filter(|(_, row)| row.part == 0).count();
    if publication.is_published() {
        known.add(&location, size, fresh.iter().map(|(identity, _)| *identity));
    }
    Ok(publication.is_published().then_some(rows_new))
}

fn hex(digest: [u8; 32]) -> [u8; 64] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(digest) {
        pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    text
}

fn text_of(digits: &[u8; 64]) -> &str {
    // Digits are ASCII.
    std::str::from_utf8(digits).unwrap_or_default()
}

fn write(file: &File, observation: Observation, rows: &[(Identity, &QuarantinedRow)]) -> Result<(), ParquetError> {
    let mut writer = writer_to(file)?;
    let mut rest = rows;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |(_, row): &&(Identity, &QuarantinedRow)| {
            bytes += row.raw.len();
            bytes <= BATCH_BYTES
        };
        let (batch, others) = rest.split_at(rest.iter().take_while(fits).count().max(1));
        writer.write(&batch_of(observation, batch)?)?;
        rest = others;
    }
    writer.close()?;
    Ok(())
}

/// Writes rows by [`quarantine_schema`].
pub(crate) fn write_batches(file: &File, batches: &[RecordBatch]) -> Result<(), ParquetError> {
    let mut writer = writer_to(file)?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.close()?;
    Ok(())
}

fn writer_to(file: &File) -> Result<ArrowWriter<&File>, ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        // Rows differ, and may be long: a dictionary would only hold them once more.
        .set_column_dictionary_enabled(ColumnPath::from("raw"), false)
        .set_created_by("clickproof".to_owned())
        .build();
    ArrowWriter::try_new(file, quarantine_schema(), Some(properties))
}

fn batch_of(observation: Observation, rows: &[(Identity, &QuarantinedRow)]) -> Result<RecordBatch, ParquetError> {
    let text = |of: &dyn Fn(&QuarantinedRow) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(|(_, row)| of(row))))
    };
    let observed_at = observation.observed_at.and_then(|seconds| seconds.checked_mul(1_000_000));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|((sha, _), _)| text_of(sha)))),
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|((_, part), _)| *part))),
        Arc::new(BinaryArray::from_iter_values(rows.iter().map(|(_, row)| &row.raw))),
        text(&|row| &row.path),
        text(&|row| &row.reason),
        Arc::new(StringArray::from(vec![observation.feed.map(Feed::name); rows.len()])),
        text(&|row| &row.source),
        Arc::new(Int64Array::from_iter_values(
            rows.iter().map(|(_, row)| i64::try_from(row.position).unwrap_or(i64::MAX)),
        )),
        Arc::new(TimestampMicrosecondArray::from(vec![observed_at; rows.len()]).with_timezone("UTC")),
    ];
    Ok(RecordBatch::try_new(quarantine_schema(), columns)?)
}

/// Removes what is kept already. Holds only what is asked for, and what memory bears.
fn remove_known(
    wanted: &mut HashSet<Identity>,
    lake: &Lake,
    account: &Account,
    known: &mut Known,
) -> Result<(), PartitionError> {
    let listed = lake.quarantine_files().map_err(|error| {
        let source = match error {
            LakeError::Io { source, .. } => source,
            other => io::Error::other(other),
        };
        PartitionError::Write { path: lake.backend().name_of("quarantine"), source }
    })?;
    let mut present = Vec::with_capacity(listed.len());
    for file in listed.iter().filter(|file| file.account == *account) {
        let damaged = |source: io::Error| PartitionError::Damaged { path: file.path.clone(), source: source.into() };
        let size = match &file.object {
            Some(object) => Some(object.size),
            None => {
                let opened = lake.open_file(&file.location).map_err(damaged)?;
                opened.map(|file| Ok(file.metadata()?.len())).transpose().map_err(damaged)?
            }
        };
        // Gone since it was listed: then it keeps nothing.
        present.extend(size.map(|size| (file, size)));
    }
    known.check(&present);
    wanted.retain(|identity| !known.rows.contains(identity));
    for (file, size) in present {
        if known.files.contains_key(&file.location) {
            continue;
        }
        for identities in identities_in(lake, file)? {
            let identities = identities?;
            identities.iter().for_each(|identity| _ = wanted.remove(identity));
            known.rows.extend(identities);
        }
        known.add(&file.location, size, []);
    }
    Ok(())
}

/// The rows that a file keeps.
fn identities_in(
    lake: &Lake,
    file: &QuarantineFile,
) -> Result<impl Iterator<Item = Result<Vec<Identity>, PartitionError>>, PartitionError> {
    let QuarantineFile { location, path, .. } = file;
    let damaged = |source: ParquetError| PartitionError::Damaged { path: path.clone(), source };
    let reader = match lake.open_file(location).map_err(|error| damaged(error.into()))? {
        None => None,
        Some(file) => {
            let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(damaged)?;
            if builder.schema().fields() != quarantine_schema().fields() {
                let difference = "columns of a quarantine file".to_owned();
                return Err(PartitionError::Foreign { path: path.clone(), difference });
            }
            let mask = ProjectionMask::columns(builder.parquet_schema(), ["raw_sha256", "part"]);
            Some(builder.with_projection(mask).build().map_err(damaged)?)
        }
    };
    Ok(reader.into_iter().flatten().map(move |batch| {
        let batch = batch.map_err(|error| damaged(error.into()))?;
        let parts = batch.column(1).as_primitive::<Int32Type>();
        let shas = batch.column(0).as_string::<i32>().iter().flatten();
        let pairs = shas.zip(parts.values());
        Ok(pairs.filter_map(|(sha, part)| Some((sha.as_bytes().try_into().ok()?, *part))).collect())
    }))
}
