//! The dictionary of error codes: the one that ships, with the user's own rows over it.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use clicks::error_codes::{ErrorCode, parse, shipped};

use super::ListError;

/// The user's file in `--lists DIR`.
pub(super) const FILE_NAME: &str = "error_codes.csv";

/// The rows that ship; those of `lists/error_codes.csv`, where it exists, replace rows of their code or come in
/// addition.
pub(super) fn dictionary(lists: Option<&Path>) -> Result<Vec<ErrorCode>, ListError> {
    let mut codes: BTreeMap<i32, ErrorCode> = shipped().into_iter().map(|code| (code.code, code)).collect();
    if let Some(folder) = lists {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| ListError::Io { path, source }
        };
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
        std::fs::write(dir.path().join(FILE_NAME), format!("{own}0,Good,valid,false\n")).unwrap();
        let error = dictionary(Some(dir.path())).unwrap_err().to_string();
        assert!(error.contains("error_codes.csv: the code 0 stands there twice"), "{error}");
    }
}
