//! Tables of entities that are not made of clicks: another network's publishers, with a row each.

use std::fs::File;
use std::path::PathBuf;
use std::str::FromStr;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::SignalError;
use crate::catalogue::is_name;
use crate::engine::Engine;

/// A Parquet file and the name that signals read it by: `NAME=FILE.parquet`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityTable {
    /// What signals call it.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

impl FromStr for EntityTable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, path) = text.split_once('=').ok_or("write NAME=FILE.parquet")?;
        if !is_name(name) {
            return Err(format!("'{name}' is no name for a table: use lower-case letters, digits and _"));
        }
        if path.is_empty() {
            return Err(format!("no file for the table '{name}': write NAME=FILE.parquet"));
        }
        Ok(Self { name: name.to_owned(), path: path.into() })
    }
}

impl EntityTable {
    /// Reads the file into memory and gives it its name.
    ///
    /// # Errors
    /// A file that cannot be read; a name that the lake's tables have.
    pub fn add_to(&self, engine: &mut Engine) -> Result<(), SignalError> {
        let fail = |problem: String| SignalError::Table { name: self.name.clone(), problem };
        let unreadable = |error: &dyn std::fmt::Display| fail(format!("cannot read {}: {error}", self.path.display()));
        if engine.has_table(&self.name) {
            return Err(fail("the lake has a table of this name: choose another".to_owned()));
        }
        let file = File::open(&self.path).map_err(|error| unreadable(&error))?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| unreadable(&error))?;
        let schema = reader.schema().clone();
        let reader = reader.build().map_err(|error| unreadable(&error))?;
        let rows = reader.collect::<Result<Vec<_>, _>>().map_err(|error| unreadable(&error))?;
        Ok(engine.add_rows(&self.name, schema, rows)?)
    }
}
