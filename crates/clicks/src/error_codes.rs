//! The dictionary of Everflow's error codes: what each means, and whether it speaks of fraud.
//!
//! Invalid is not fraud: a good affiliate that hits a cap collects error codes. The classes are ours; codes are data,
//! so an unknown one is never refused.

use serde::Deserialize;

const SHIPPED: &str = include_str!("../../../data/error_codes.csv");

/// One error code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorCode {
    /// The value of `error_code`.
    pub code: i32,
    /// Everflow's name, or the sense of its message where no name is public.
    pub name: String,
    /// Our class: valid, lifecycle, cap, targeting, policy, routing, duplicate, proxy, vendor-verdict.
    pub class: String,
    /// True where the code by itself speaks of fraud.
    pub is_fraud_signal: bool,
}

/// A dictionary that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("error code dictionary, line {line}: {reason}; expected the columns code,name,class,is_fraud_signal")]
pub struct DictionaryError {
    line: usize,
    reason: String,
}

#[derive(Deserialize)]
struct Row {
    code: i32,
    name: String,
    class: String,
    is_fraud_signal: bool,
}

/// The dictionary that ships, in the order of its codes.
#[must_use]
pub fn shipped() -> Vec<ErrorCode> {
    // A test reads the embedded file: it cannot fail here.
    parse(SHIPPED).unwrap_or_default()
}

/// Reads a dictionary from CSV with the columns `code,name,class,is_fraud_signal`.
///
/// # Errors
/// Names the line that is not of this form.
pub fn parse(text: &str) -> Result<Vec<ErrorCode>, DictionaryError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut codes = Vec::new();
    for (index, row) in reader.deserialize::<Row>().enumerate() {
        let row = row.map_err(|error| DictionaryError { line: index + 2, reason: error.to_string() })?;
        codes.push(ErrorCode {
            code: row.code,
            name: row.name,
            class: row.class,
            is_fraud_signal: row.is_fraud_signal,
        });
    }
    Ok(codes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_dictionary_is_read() {
        let codes = parse(SHIPPED).unwrap();
        let of = |code| codes.iter().find(|c| c.code == code).unwrap();
        assert_eq!(of(0).class, "valid");
        assert_eq!((of(1018).class.as_str(), of(1018).is_fraud_signal), ("vendor-verdict", true));
        assert_eq!((of(3).class.as_str(), of(3).is_fraud_signal), ("cap", false));
        assert!(codes.windows(2).all(|pair| pair[0].code < pair[1].code));
    }

    #[test]
    fn a_wrong_line_is_named() {
        let error = parse("code,name,class,is_fraud_signal\n1,a,b,maybe\n").unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
