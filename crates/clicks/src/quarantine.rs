//! Rows that could not be typed: their bytes, where the fault is, and why.
//!
//! Promises that a row is kept once, however often it is landed, and before the partition whose coverage claims its
//! window. A row longer than the reader takes is kept in parts.

use std::collections::HashSet;
use std::fmt::Write as _;
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

type Identity = (String, i32);

/// Keeps the rows that are not yet kept. Returns how many were new.
pub(crate) fn keep(
    lake: &Lake,
    account: &Account,
    observation: Observation,
    rows: &[QuarantinedRow],
) -> Result<usize, PartitionError> {
    if rows.is_empty() {
        return Ok(0);
    }
    let name = lake.backend().name_of(&quarantine_location(account, ""));
    until_published(&name, || try_to_keep(lake, account, observation, rows))
}

/// None where somebody else has written a file of the same rows meanwhile.
fn try_to_keep(
    lake: &Lake,
    account: &Account,
    observation: Observation,
    rows: &[QuarantinedRow],
) -> Result<Option<usize>, PartitionError> {
    let mut known = known_rows(lake, account)?;
    let mut fresh: Vec<(Identity, &QuarantinedRow)> = rows
        .iter()
        .map(|row| ((hex(&Sha256::digest(&row.raw)), i32::try_from(row.part).unwrap_or(i32::MAX)), row))
        .filter(|(identity, _)| known.insert(identity.clone()))
        .collect();
    if fresh.is_empty() {
        return Ok(Some(0));
    }
    fresh.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut name = Sha256::new();
    for ((sha, part), _) in &fresh {
        name.update(sha);
        name.update(part.to_be_bytes());
    }
    let location = quarantine_location(account, &format!("{}.parquet", hex(&name.finalize())));
    let path = lake.backend().name_of(&location);
    // A file of this name was born with just these rows, none of which is known: pruning has emptied it.
    let emptied = lake.backend().open(&location);
    let emptied = emptied.map_err(|error| PartitionError::Damaged { path: path.clone(), source: error.into() })?;
    let version = emptied.map(|opened| opened.version).unwrap_or_default();
    let fill = |file: &mut File| write(file, observation, &fresh).map_err(io::Error::other);
    let publication = lake.backend().replace(&location, &version, Box::new(fill));
    let publication = publication.map_err(|source| PartitionError::Write { path, source })?;
    Ok(publication.is_published().then_some(fresh.len()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn write(file: &File, observation: Observation, rows: &[(Identity, &QuarantinedRow)]) -> Result<(), ParquetError> {
    let text = |of: &dyn Fn(&QuarantinedRow) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(|(_, row)| of(row))))
    };
    let observed_at = observation.observed_at.and_then(|seconds| seconds.checked_mul(1_000_000));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|((sha, _), _)| sha))),
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
    write_batches(file, &[RecordBatch::try_new(quarantine_schema(), columns)?])
}

/// Writes rows by [`quarantine_schema`].
pub(crate) fn write_batches(file: &File, batches: &[RecordBatch]) -> Result<(), ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by("clickproof".to_owned())
        .build();
    let mut writer = ArrowWriter::try_new(file, quarantine_schema(), Some(properties))?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.close()?;
    Ok(())
}

fn known_rows(lake: &Lake, account: &Account) -> Result<HashSet<Identity>, PartitionError> {
    let listed = lake.quarantine_files().map_err(|error| {
        let source = match error {
            LakeError::Io { source, .. } => source,
            other => io::Error::other(other),
        };
        PartitionError::Write { path: lake.backend().name_of("quarantine"), source }
    })?;
    let mut known = HashSet::new();
    for QuarantineFile { location, path, .. } in listed.iter().filter(|file| file.account == *account) {
        let damaged = |source: ParquetError| PartitionError::Damaged { path: path.clone(), source };
        // Gone since it was listed: then it keeps nothing.
        let Some(file) = lake.open_file(location).map_err(|error| damaged(error.into()))? else { continue };
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(damaged)?;
        if builder.schema().fields() != quarantine_schema().fields() {
            let difference = "columns of a quarantine file".to_owned();
            return Err(PartitionError::Foreign { path: path.clone(), difference });
        }
        let mask = ProjectionMask::columns(builder.parquet_schema(), ["raw_sha256", "part"]);
        for batch in builder.with_projection(mask).build().map_err(damaged)? {
            let batch = batch.map_err(|error| damaged(error.into()))?;
            let parts = batch.column(1).as_primitive::<Int32Type>();
            let shas = batch.column(0).as_string::<i32>().iter().flatten();
            known.extend(shas.zip(parts.values()).map(|(sha, part)| (sha.to_owned(), *part)));
        }
    }
    Ok(known)
}
