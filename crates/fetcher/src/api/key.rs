//! The API key: a value that cannot print itself.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use reqwest::header::HeaderValue;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

/// The environment variable of the key.
pub const KEY_VARIABLE: &str = "EVERFLOW_API_KEY";
/// What stands in place of the key where something from outside repeats it.
pub(super) const REDACTED: &str = "[redacted]";
/// A file of more bytes is no key.
const KEY_BYTES_MAX: usize = 4096;

/// An Everflow API key. It cannot be printed, and its memory is wiped when it is dropped.
///
/// The copy in a request that is under way belongs to the HTTP library, which marks it as sensitive and shows it
/// nowhere, but does not wipe it.
#[derive(Clone)]
pub struct ApiKey(SecretString);

/// A key, and what there is to say of where it came from.
#[derive(Debug)]
pub struct LoadedKey {
    /// The key.
    pub key: ApiKey,
    /// The file that it was read from, where any user of the machine may read it: worth a warning.
    pub file_readable_by_all: Option<PathBuf>,
}

/// Why there is no key. None of these repeats what was found.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Neither a file nor the variable.
    #[error("no api key: set {KEY_VARIABLE}, or name a file that holds it with --api-key-file")]
    Missing,
    /// Nothing but white space.
    #[error("the api key in {0} is empty")]
    Empty(String),
    /// Something that cannot be a key; often two keys, a quote, or a file that is not a key's.
    #[error("the api key in {source_name} has {what} at character {at}: expected one line of visible ascii characters")]
    Malformed {
        /// Where the key came from.
        source_name: String,
        /// What was found.
        what: &'static str,
        /// Where, from 1.
        at: usize,
    },
    /// A file that is too large.
    #[error("{0} is too large for an api key: expected a file with nothing but the key")]
    TooLarge(String),
    /// A file that cannot be read.
    #[error("cannot read the api key from '{path}': {error}")]
    File {
        /// The file.
        path: String,
        /// Why.
        error: io::Error,
    },
}

impl ApiKey {
    /// Takes the key from a file, or, without one, from the value of [`KEY_VARIABLE`].
    ///
    /// White space around the key is dropped.
    ///
    /// # Errors
    /// When there is no key, or something that cannot be one.
    pub fn load(file: Option<&Path>, variable: Option<OsString>) -> Result<LoadedKey, KeyError> {
        if let Some(path) = file {
            return from_file(path);
        }
        let value = variable.ok_or(KeyError::Missing)?.into_encoded_bytes();
        let key = parse(&Zeroizing::new(value), KEY_VARIABLE)?;
        Ok(LoadedKey { key, file_readable_by_all: None })
    }

    /// The value of the header, marked so that no library prints it.
    pub(super) fn header(&self) -> HeaderValue {
        // A key has visible ASCII characters only, which every header value may have.
        let mut value = HeaderValue::from_str(self.0.expose_secret()).unwrap_or_else(|_| HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }

    /// The text without the key, in whatever case it comes.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let key = self.0.expose_secret().to_ascii_lowercase();
        // Lower case of ASCII only: offsets stay those of the text.
        let lower = Zeroizing::new(text.to_ascii_lowercase());
        let key = Zeroizing::new(key);
        let mut redacted = String::with_capacity(text.len());
        let mut end_of_last = 0;
        for (start, _) in lower.match_indices(key.as_str()) {
            redacted.push_str(&text[end_of_last..start]);
            redacted.push_str(REDACTED);
            end_of_last = start + key.len();
        }
        redacted.push_str(&text[end_of_last..]);
        redacted
    }

    /// How many bytes it has.
    pub(super) fn length(&self) -> usize {
        self.0.expose_secret().len()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({REDACTED})")
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

fn from_file(path: &Path) -> Result<LoadedKey, KeyError> {
    let file_error = |error| KeyError::File { path: path.display().to_string(), error };
    let file = File::open(path).map_err(file_error)?;
    let is_readable_by_all = is_readable_by_all(&file);
    // One reservation, so that no copy is left behind by growth.
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_BYTES_MAX + 1));
    file.take(KEY_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(file_error)?;
    let source_name = format!("'{}'", path.display());
    if bytes.len() > KEY_BYTES_MAX {
        return Err(KeyError::TooLarge(source_name));
    }
    let key = parse(&bytes, &source_name)?;
    Ok(LoadedKey { key, file_readable_by_all: is_readable_by_all.then(|| path.to_owned()) })
}

/// Everyone, that is: a group may be how an orchestrator hands out its secrets.
#[cfg(unix)]
fn is_readable_by_all(file: &File) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn is_readable_by_all(_file: &File) -> bool {
    false
}

fn parse(bytes: &[u8], source_name: &str) -> Result<ApiKey, KeyError> {
    let bytes = bytes.trim_ascii();
    if bytes.is_empty() {
        return Err(KeyError::Empty(source_name.to_owned()));
    }
    let malformed = |what, at| KeyError::Malformed { source_name: source_name.to_owned(), what, at: at + 1 };
    if let Some(at) = bytes.iter().position(|byte| !byte.is_ascii_graphic()) {
        let what = match bytes[at] {
            b' ' => "a space",
            byte if byte.is_ascii_control() => "a control character",
            _ => "a character that is not ascii",
        };
        return Err(malformed(what, at));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| malformed("no text", error.valid_up_to()))?;
    Ok(ApiKey(SecretString::from(text)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn load(value: &[u8]) -> Result<ApiKey, KeyError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, value).unwrap();
        ApiKey::load(Some(&path), Some("of the variable".into())).map(|loaded| loaded.key)
    }

    #[test]
    fn a_file_may_end_in_a_line_break() {
        for text in ["abc123", "abc123\n", "abc123\r\n", "\n abc123 \n\n"] {
            assert_eq!(load(text.as_bytes()).unwrap().0.expose_secret(), "abc123");
        }
    }

    #[test]
    fn what_cannot_be_a_key_is_refused_without_being_repeated() {
        let cases: [(&[u8], &str); 6] = [
            (b"", "is empty"),
            (b" \n\t", "is empty"),
            (b"se cret", "has a space at character 3"),
            (b"se\ncret", "has a control character at character 3"),
            ("sécret".as_bytes(), "has a character that is not ascii at character 2"),
            (&[b'x'; KEY_BYTES_MAX + 1], "is too large for an api key"),
        ];
        for (value, expected) in cases {
            let text = load(value).unwrap_err().to_string();
            assert!(text.contains(expected), "{text}");
            assert!(!text.contains("cret") && !text.contains("xxx"), "{text}");
        }
    }

    #[test]
    fn the_file_comes_before_the_variable_and_one_is_needed() {
        let loaded = ApiKey::load(None, Some("v4riable".into())).unwrap();
        assert_eq!(loaded.key.0.expose_secret(), "v4riable");
        assert!(loaded.file_readable_by_all.is_none());
        assert!(ApiKey::load(None, None).unwrap_err().to_string().contains(KEY_VARIABLE));
        assert!(matches!(ApiKey::load(None, Some("".into())), Err(KeyError::Empty(_))));
        let missing = ApiKey::load(Some(Path::new("/no/such/file")), Some("v4riable".into())).unwrap_err();
        assert!(missing.to_string().contains("/no/such/file"), "{missing}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_everyone_may_read_is_told_of() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "abc").unwrap();
        for (mode, is_open) in [(0o600, false), (0o640, false), (0o644, true), (0o604, true)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let loaded = ApiKey::load(Some(&path), None).unwrap();
            assert_eq!(loaded.file_readable_by_all.is_some(), is_open, "{mode:o}");
        }
    }

    #[test]
    fn it_does_not_print_itself() {
        let loaded = ApiKey::load(None, Some("s3cret-k3y".into())).unwrap();
        let header = loaded.key.header();
        let printed = format!("{loaded:?} {:?} {} {header:?}", loaded.key, loaded.key);
        assert!(!printed.contains("s3cret"), "{printed}");
    }

    proptest! {
        #[test]
        fn no_text_keeps_the_key(before in ".{0,20}", after in ".{0,20}", times in 1..4_usize, upper: bool) {
            let key = load(b"k3y-oF.tests").unwrap();
            let secret = if upper { "K3Y-OF.TESTS" } else { "k3y-oF.tests" };
            let text = format!("{before}{}{after}", secret.repeat(times));
            let redacted = key.redact(&text);
            prop_assert!(!redacted.to_lowercase().contains("k3y-of.tests"));
            prop_assert_eq!(redacted, format!("{before}{}{after}", REDACTED.repeat(times)));
        }
    }
}
