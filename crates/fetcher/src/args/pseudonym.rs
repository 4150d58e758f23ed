//! Pseudonyms in place of what identifies visitors.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use clicks::pseudonym::{Pseudonyms, WeakKey};

/// The environment variable of the key of pseudonyms.
const KEY_VARIABLE: &str = "CLICKPROOF_PSEUDONYM_KEY";
/// A file of more bytes is no key.
const KEY_BYTES_MAX: u64 = 4096;

/// Whether clicks are written with pseudonyms, and by which key.
#[derive(Debug, Clone, clap::Args)]
pub struct PseudonymArgs {
    /// Write keyed hashes in place of addresses and device ids; addresses keep their /24 or /48. The key is in
    /// CLICKPROOF_PSEUDONYM_KEY
    #[arg(long)]
    pub pseudonymize: bool,
    /// A file that holds the key of --pseudonymize, in place of the environment variable
    #[arg(long, value_name = "FILE", requires = "pseudonymize")]
    pub pseudonym_key_file: Option<PathBuf>,
}

/// Why there is no key. None of these repeats what was found.
#[derive(Debug, thiserror::Error)]
pub enum PseudonymKeyError {
    /// Neither a file nor the variable.
    #[error(
        "--pseudonymize needs a secret key: set {KEY_VARIABLE}, or name a file that holds it with --pseudonym-key-file"
    )]
    Missing,
    /// A file that cannot be read.
    #[error("cannot read the key of pseudonyms from {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that is too large.
    #[error("{0} is too large for a key of pseudonyms: expected a file with nothing but the key")]
    TooLarge(PathBuf),
    /// A key that protects nothing.
    #[error(transparent)]
    Weak(#[from] WeakKey),
}

impl PseudonymArgs {
    /// What gives the pseudonyms, if any are asked for.
    ///
    /// # Errors
    /// Where they are, and there is no key, or one that protects nothing.
    pub fn load(&self) -> Result<Option<Pseudonyms>, PseudonymKeyError> {
        if !self.pseudonymize {
            return Ok(None);
        }
        let key = match &self.pseudonym_key_file {
            None => std::env::var_os(KEY_VARIABLE).ok_or(PseudonymKeyError::Missing)?.into_encoded_bytes(),
            Some(path) => {
                let failed = |source| PseudonymKeyError::File { path: path.clone(), source };
                let mut key = Vec::new();
                File::open(path).map_err(failed)?.take(KEY_BYTES_MAX + 1).read_to_end(&mut key).map_err(failed)?;
                if key.len() as u64 > KEY_BYTES_MAX {
                    return Err(PseudonymKeyError::TooLarge(path.clone()));
                }
                key
            }
        };
        Ok(Some(Pseudonyms::of_key(&key)?))
    }
}
