//! A lake as a stranger sees it: files, and what the parquet crate reads in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Every file below a folder with its bytes, by its path from there; the lock file apart, which is always empty.
pub(crate) fn bytes_of(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    paths_of(root)
        .into_iter()
        .filter(|path| path != Path::new(".lock"))
        .map(|path| {
            let bytes = fs::read(root.join(&path)).unwrap();
            (path, bytes)
        })
        .collect()
}

/// Every file below a folder, by its path from there. One that goes while this looks is left out.
pub(crate) fn paths_of(root: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries.unwrap(),
        };
        for entry in entries {
            let entry = entry.unwrap();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            } else {
                found.insert(entry.path().strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    found
}

/// The files that `clicks/**/*.parquet` names.
pub(crate) fn partitions(root: &Path) -> Vec<PathBuf> {
    let is_partition =
        |path: &PathBuf| path.starts_with("clicks") && path.extension().is_some_and(|it| it == "parquet");
    paths_of(root).into_iter().filter(is_partition).map(|path| root.join(path)).collect()
}

/// The transaction ids of a Parquet file, all of whose other columns are read as well, so that damage is found.
pub(crate) fn ids_of(path: &Path) -> Vec<String> {
    let read = || -> parquet::errors::Result<Vec<String>> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
        let mut ids = Vec::new();
        for batch in builder.build()? {
            let batch = batch?;
            let column = batch.column_by_name("transaction_id").unwrap().as_string::<i32>();
            ids.extend(column.iter().flatten().map(str::to_owned));
        }
        Ok(ids)
    };
    read().unwrap_or_else(|error| panic!("{} does not read: {error}", path.display()))
}

/// The transaction ids of the lake, none of which may be there twice.
pub(crate) fn unique_ids(root: &Path) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for path in partitions(root) {
        for id in ids_of(&path) {
            assert!(all.insert(id.clone()), "{id} is in the lake twice, once in {}", path.display());
        }
    }
    all
}

/// The raw rows that are kept in quarantine.
pub(crate) fn quarantined(root: &Path) -> BTreeSet<String> {
    let mut rows = BTreeSet::new();
    for path in paths_of(&root.join("quarantine")).into_iter().filter(|path| path.extension().is_some()) {
        let path = root.join("quarantine").join(path);
        if path.extension().is_some_and(|it| it == "parquet") {
            let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
            let mask = ProjectionMask::columns(builder.parquet_schema(), ["raw"]);
            for batch in builder.with_projection(mask).build().unwrap() {
                let batch = batch.unwrap();
                let raw = batch.column(0).as_binary::<i32>();
                rows.extend(raw.iter().flatten().map(|raw| String::from_utf8_lossy(raw).into_owned()));
            }
        }
    }
    rows
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for path in paths_of(from) {
        let target = to.join(&path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(from.join(&path), target).unwrap();
    }
}
