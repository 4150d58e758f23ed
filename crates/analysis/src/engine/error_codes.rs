//! The table `error_codes`: the dictionary that ships, with the user's own rows over it.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use clicks::error_codes::{DictionaryError, ErrorCode, parse, shipped};
use datafusion::common::Result;
use datafusion::datasource::MemTable;

/// The user's file in `--lists DIR`.
pub const FILE_NAME: &str = "error_codes.csv";

/// The user's dictionary cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The file system refused.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not of the form.
    #[error("{}: {source}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// Where and what.
        source: DictionaryError,
    },
    /// Of two rows of a code, nobody knows which is meant.
    #[error("{}: the code {code} stands there twice: keep one row of it", path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The code.
        code: i32,
    },
}

/// The rows that ship; those of `lists/error_codes.csv`, where it exists, replace rows of their code or come in
/// addition.
pub fn dictionary(lists: Option<&Path>) -> Result<Vec<ErrorCode>, ListError> {
    let mut codes: BTreeMap<i32, ErrorCode> = shipped().into_iter().map(|code| (code.code, code)).collect();
    if let Some(folder) = lists {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| ListError::Io { path, source }
        };
        // A folder that is not there is a slip of the hand; a folder without this list is not.
        std::fs::read_dir(folder).map_err(io(folder))?;
        let path = folder.join(FILE_NAME);
        if path.exists() {
            let text = std::fs::read_to_string(&path).map_err(io(&path))?;
            let own = parse(&text).map_err(|source| ListError::Form { path: path.clone(), source })?;
            let mut seen = HashSet::new();
            if let Some(twice) = own.iter().find(|code| !seen.insert(code.code)) {
                return Err(ListError::Twice { path, code: twice.code });
            }
            codes.extend(own.into_iter().map(|code| (code.code, code)));
        }
    }
    Ok(codes.into_values().collect())
}

/// The table over a dictionary.
pub fn table(codes: &[ErrorCode]) -> Result<MemTable> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("code", DataType::Int32, false),
        Field::new("name", DataType::Utf8, false),
        Field::new("class", DataType::Utf8, false),
        Field::new("is_fraud_signal", DataType::Boolean, false),
    ]));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from_iter_values(codes.iter().map(|code| code.code))),
        Arc::new(StringArray::from_iter_values(codes.iter().map(|code| &code.name))),
        Arc::new(StringArray::from_iter_values(codes.iter().map(|code| &code.class))),
        Arc::new(codes.iter().map(|code| Some(code.is_fraud_signal)).collect::<BooleanArray>()),
    ];
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;
    MemTable::try_new(schema, vec![vec![batch]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_rows_replace_and_extend() {
        let dir = tempfile::tempdir().unwrap();
        let own = "code,name,class,is_fraud_signal\n0,Fine,valid,false\n999999,Ours,policy,true\n";
        std::fs::write(dir.path().join(FILE_NAME), own).unwrap();
        let codes = dictionary(Some(dir.path())).unwrap();
        assert_eq!(codes.len(), shipped().len() + 1);
        assert_eq!(codes[0].name, "Fine");
        assert!(codes.iter().any(|code| code.code == 999_999 && code.is_fraud_signal));
        std::fs::write(dir.path().join(FILE_NAME), "code,name\n1,x\n").unwrap();
        assert!(dictionary(Some(dir.path())).unwrap_err().to_string().contains("error_codes.csv"));
        assert!(dictionary(Some(&dir.path().join("none"))).is_err());
        std::fs::write(dir.path().join(FILE_NAME), format!("{own}0,Good,valid,false\n")).unwrap();
        let error = dictionary(Some(dir.path())).unwrap_err().to_string();
        assert!(error.contains("error_codes.csv: the code 0 stands there twice"), "{error}");
    }
}
