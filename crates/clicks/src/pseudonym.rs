//! Keyed pseudonyms in place of what identifies a visitor: addresses, device ids, e-mail addresses.
//!
//! A pseudonym is a part of the HMAC-SHA256 of the value: who has not the key cannot go back, nor try all addresses; the
//! same value has the same pseudonym wherever it stands, so clicks of one visitor can still be counted. An address keeps
//! its network, the /24 of IPv4 and the /48 of IPv6. What is no person stays: masked addresses, ids of zeros,
//! placeholders that were never filled in, and pseudonyms.
//!
//! Promises that the columns of [`PERSONAL_COLUMNS`] and the members of maps that are called like one hold nothing else;
//! that everywhere else, `extra` and rows in quarantine included, what is written like an address, a UUID, a hardware
//! address or an e-mail address is replaced as well; and that applying it twice is applying it once. Leaves alone what
//! `docs/pseudonyms.md` lists. Pure.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, MapArray, StringArray, StructArray};
use arrow::error::ArrowError;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::gather::TypedClicks;
use crate::quarantine::QuarantinedRow;
use crate::schema::{COLUMNS, EXTRA, Kind, click_schema};

mod scan;

/// The columns whose every value identifies a visitor, or a device.
pub const PERSONAL_COLUMNS: [&str; 10] = [
    "user_ip",
    "idfa",
    "idfa_md5",
    "idfa_sha1",
    "google_ad_id",
    "google_ad_id_md5",
    "google_ad_id_sha1",
    "android_id",
    "android_id_md5",
    "android_id_sha1",
];

/// Texts that are left alone: what joins a click with Everflow, and versions, which look like addresses.
const UNTOUCHED_COLUMNS: [&str; 4] = ["transaction_id", "http_user_agent", "browser_version", "os_version"];

/// A key of fewer bytes could be guessed.
const KEY_BYTES_MIN: usize = 16;
/// Bytes of the hash that stand for the rest of an address: enough that no two addresses of a lake share them.
const ADDRESS_HASH_BYTES: usize = 8;
/// Bytes of the hash that stand for an id.
const ID_HASH_BYTES: usize = 16;
/// What a hash begins with. No hexadecimal digit, so that it is neither an address nor an id.
const MARK: char = 'h';
/// What stands between several addresses.
const LIST_SEPARATOR: &str = ", ";

/// A key that protects nothing.
#[derive(Debug, thiserror::Error)]
#[error(
    "the key of pseudonyms has {0} bytes, and needs {KEY_BYTES_MIN} at least: make one with 'openssl rand -hex 32', and keep it, \
     since another key gives other pseudonyms"
)]
pub struct WeakKey(usize);

/// Gives pseudonyms by a key, which it does not show.
#[derive(Clone)]
pub struct Pseudonyms(Hmac<Sha256>);

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms([redacted])")
    }
}

impl Pseudonyms {
    /// Pseudonyms by a secret key; white space around it is dropped.
    ///
    /// # Errors
    /// Where the key is shorter than 16 bytes.
    pub fn of_key(key: &[u8]) -> Result<Pseudonyms, WeakKey> {
        let key = key.trim_ascii();
        let weak = |_| WeakKey(key.len());
        if key.len() < KEY_BYTES_MIN {
            return Err(WeakKey(key.len()));
        }
        Hmac::new_from_slice(key).map(Pseudonyms).map_err(weak)
    }

    /// The address with its host replaced: `203.0.113.h5f3a9c0d1e2b7a64`, `2001:db8:abcd::h5f3a9c0d1e2b7a64`.
    fn address(&self, address: IpAddr) -> String {
        let address = address.to_canonical();
        let hash = self.hash("address", &address.to_string(), ADDRESS_HASH_BYTES);
        match address {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                format!("{a}.{b}.{c}.{hash}")
            }
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                // Ends with "::", whatever groups are zero.
                format!("{}{hash}", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
            }
        }
    }

    /// The pseudonym of an id, in whatever case it comes.
    fn id(&self, id: &str) -> String {
        self.hash("id", &id.to_ascii_lowercase(), ID_HASH_BYTES)
    }

    fn hash(&self, kind: &str, text: &str, bytes: usize) -> String {
        let mut mac = self.0.clone();
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        let digest = mac.finalize().into_bytes();
        digest.iter().take(bytes).fold(String::from(MARK), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// A value that identifies somebody, whatever it looks like.
    fn personal<'a>(&self, value: &'a str) -> Cow<'a, str> {
        let is_settled = |part: &str| is_nobody(part) || is_masked(part) || is_pseudonym(part);
        let trimmed = value.trim();
        if trimmed.split(LIST_SEPARATOR).all(is_settled) {
            return Cow::Borrowed(value);
        }
        // Proxies write several addresses, and ports.
        let parts = trimmed.split([',', ';', ' ', '[', ']']).filter(|part| !part.is_empty());
        let addresses: Option<Vec<String>> = parts
            .map(|part| match scan::whole_address(part) {
                Some(address) => Some(self.address(address)),
                None => is_settled(part).then(|| part.to_owned()),
            })
            .collect();
        Cow::Owned(addresses.map_or_else(|| self.id(trimmed), |addresses| addresses.join(LIST_SEPARATOR)))
    }

    /// A text with what it holds of addresses and ids replaced.
    fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match scan::replace(self, text.as_bytes()) {
            // Whole ASCII tokens were replaced by ASCII, so this is UTF-8 still.
            Some(bytes) => Cow::Owned(String::from_utf8(bytes).unwrap_or_else(|_| self.id(text))),
            None => Cow::Borrowed(text),
        }
    }

    /// The clicks with pseudonyms.
    pub(crate) fn clicks(&self, clicks: &TypedClicks) -> Result<TypedClicks, ArrowError> {
        let schema = click_schema();
        clicks.map_columns(|index, values| {
            let name = schema.field(index).name().as_str();
            let kind = COLUMNS.get(index).map(|column| column.kind);
            if PERSONAL_COLUMNS.contains(&name) {
                Ok(map_texts(values, |text| self.personal(text)))
            } else if name == EXTRA || kind == Some(Kind::Text) && !UNTOUCHED_COLUMNS.contains(&name) {
                Ok(map_texts(values, |text| self.text(text)))
            } else if kind == Some(Kind::TextMap) {
                self.map(values).map(Some)
            } else {
                Ok(None)
            }
        })
    }

    /// A column of maps: the values of keys that are called like an id, and what is written like one in all others.
    fn map(&self, maps: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let maps = maps.as_map();
        let (field, offsets, entries, nulls, is_sorted) = maps.clone().into_parts();
        let (fields, columns, entry_nulls) = entries.into_parts();
        let (keys, values) = (columns[0].as_string::<i32>(), columns[1].as_string::<i32>());
        let values: StringArray = keys
            .iter()
            .zip(values)
            .map(|(key, value)| match (key, value) {
                (Some(key), Some(value)) if scan::is_personal_name(key.as_bytes()) => Some(self.personal(value)),
                (_, value) => value.map(|value| self.text(value)),
            })
            .collect();
        let entries = StructArray::try_new(fields, vec![columns[0].clone(), Arc::new(values)], entry_nulls)?;
        Ok(Arc::new(MapArray::try_new(field, offsets, entries, nulls, is_sorted)?))
    }

    /// The row with pseudonyms in its bytes, as far as they can be told in what is no click.
    pub(crate) fn quarantined(&self, row: &QuarantinedRow) -> QuarantinedRow {
        QuarantinedRow {
            raw: scan::replace(self, &row.raw).unwrap_or_else(|| row.raw.clone()),
            reason: self.text(&row.reason).into_owned(),
            ..row.clone()
        }
    }
}

/// None where nothing changes.
fn map_texts<'a>(values: &'a ArrayRef, pseudonym: impl Fn(&'a str) -> Cow<'a, str>) -> Option<ArrayRef> {
    let texts = values.as_string::<i32>();
    if texts.null_count() == texts.len() {
        return None;
    }
    let mut is_changed = false;
    let replaced: StringArray = texts
        .iter()
        .map(|text| {
            let replaced = text.map(&pseudonym);
            is_changed |= matches!(replaced, Some(Cow::Owned(_)));
            replaced
        })
        .collect();
    is_changed.then(|| Arc::new(replaced) as ArrayRef)
}

/// Values that stand for nobody: a fraud that they give away must stay visible.
fn is_nobody(value: &str) -> bool {
    const WORDS: [&str; 8] = ["null", "none", "n/a", "na", "unknown", "undefined", "true", "false"];
    let is_zero = value.bytes().all(|byte| matches!(byte, b'0' | b'-' | b'.' | b':'));
    let is_placeholder = [("{", "}"), ("[", "]"), ("%%", "%%"), ("<", ">")]
        .iter()
        .any(|(open, close)| value.len() < 64 && value.starts_with(open) && value.ends_with(close))
        && !value.bytes().any(|byte| byte.is_ascii_digit());
    is_zero || is_placeholder || WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// An address whose end Everflow has masked, such as `203.0.113.xxx`.
fn is_masked(value: &str) -> bool {
    let separator = if value.contains(':') { ':' } else { '.' };
    let is_mask = |group: &str| !group.is_empty() && group.bytes().all(|byte| matches!(byte, b'x' | b'X' | b'*'));
    let is_number = |group: &str| group.len() <= 4 && group.bytes().all(|byte| byte.is_ascii_hexdigit());
    value.contains(separator)
        && value.split(separator).next_back().is_some_and(is_mask)
        && value.split(separator).all(|group| is_mask(group) || is_number(group))
}

/// What [`Pseudonyms`] writes.
fn is_pseudonym(value: &str) -> bool {
    let is_id = || value.strip_prefix(MARK).is_some_and(|hash| is_hash(hash, ID_HASH_BYTES));
    is_id() || network_of(value).is_some()
}

fn is_hash(text: &str, bytes: usize) -> bool {
    text.len() == bytes * 2 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// The network that a pseudonym of an address has kept, as its first address and its bits; none where the text is none.
///
/// ```
/// use clicks::pseudonym::network_of;
///
/// assert_eq!(network_of("203.0.113.h2f3e97a3e23e9518"), Some(([203, 0, 113, 0].into(), 24)));
/// assert_eq!(network_of("203.0.113.7"), None);
/// ```
#[must_use]
pub fn network_of(text: &str) -> Option<(IpAddr, u8)> {
    let (network, hash) = text.rsplit_once(MARK)?;
    let first: IpAddr = format!("{network}0").parse().ok().filter(|_| is_hash(hash, ADDRESS_HASH_BYTES))?;
    Some((first, if first.is_ipv4() { 24 } else { 48 }))
}

#[cfg(test)]
mod tests;
