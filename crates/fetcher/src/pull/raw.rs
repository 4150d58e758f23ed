//! Answers kept as they came: `--keep-raw`.
//!
//! One file for each answer: a skippable frame of zstd that holds the request as JSON, then the body as zstd. Every zstd
//! tool skips the first, so `zstd -dc` gives the body, byte by byte; the request is text, and `head -c 600` shows it.
//! Being one file, an answer is there with its request, or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use clicks::feed::Feed;
use clicks::lake::Account;
use serde::{Deserialize, Serialize};

use super::goal::{Again, Retention, Wish};
use crate::api::Answer;
use crate::request::{ClickRequest, Filter, Window};

/// The first of the magic numbers that begin a skippable frame, little-endian.
const SKIPPABLE_MAGIC: [u8; 4] = 0x184D_2A50_u32.to_le_bytes();
/// A header is a few hundred bytes, but for many filters.
const HEADER_BYTES_MAX: u32 = 1 << 20;
const ZSTD_LEVEL: i32 = 3;

/// What stands before a kept answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawHeader {
    /// The version of this form: 1.
    pub clickproof_answer: u32,
    /// The account that it was pulled for.
    pub account: String,
    /// The feed.
    pub feed: Feed,
    /// The first second that was asked for, since 1970.
    pub from: i64,
    /// The last.
    pub to: i64,
    /// The filters of the pull, as `TYPE=VALUE`.
    pub pull_filters: Vec<String>,
    /// All filters of the request, those of the pull among them.
    pub filters: Vec<String>,
    /// Its exclusions.
    pub exclusions: Vec<String>,
    /// When it was sent, in seconds since 1970.
    pub asked_at: i64,
    /// When its last byte came, in seconds since 1970.
    pub answered_at: i64,
    /// What the server took for the time.
    pub server_time: Option<i64>,
    /// Rows at which the answer is taken for cut.
    pub row_cap: u64,
    /// What Everflow counts there, where the answer has far fewer rows: it proves nothing then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<u64>,
    /// Seconds before the request that were not settled.
    pub settle_seconds: i64,
    /// How long Everflow kept clicks.
    pub retention: Retention,
    /// The JSON that was sent.
    pub request: String,
}

/// A kept answer that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RawError {
    /// The operating system refused, or it is cut off.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// What stands before it is not what we write.
    #[error("{path}: what stands before the answer is not what 'fetcher pull --keep-raw' writes: {source}")]
    Header {
        /// The file.
        path: PathBuf,
        /// What the JSON parser says.
        source: serde_json::Error,
    },
    /// Written by a later release.
    #[error("{path}: form {found} of kept answers is newer than 1, the newest this build knows: upgrade Clickproof")]
    Newer {
        /// The file.
        path: PathBuf,
        /// The form found.
        found: u32,
    },
}

impl RawHeader {
    /// What says how an answer came.
    #[must_use]
    pub(super) fn new(account: &Account, wish: &Wish, request: &ClickRequest, answer: &Answer) -> RawHeader {
        RawHeader {
            asked_at: answer.asked_at,
            answered_at: answer.answered_at,
            server_time: answer.server_time,
            ..RawHeader::of(account, wish, request)
        }
    }

    fn of(account: &Account, wish: &Wish, request: &ClickRequest) -> RawHeader {
        let names = |filters: &[Filter]| filters.iter().map(Filter::to_string).collect();
        RawHeader {
            clickproof_answer: 1,
            account: account.to_string(),
            feed: request.feed,
            from: request.window.from,
            to: request.window.to,
            pull_filters: names(&wish.filters),
            filters: names(&request.filters),
            exclusions: names(&request.exclusions),
            asked_at: 0,
            answered_at: 0,
            server_time: None,
            row_cap: wish.row_cap,
            counted: None,
            settle_seconds: wish.settle_seconds,
            retention: wish.retention,
            request: crate::api::click_request_json(request),
        }
    }

    /// The request.
    #[must_use]
    pub fn to_request(&self) -> ClickRequest {
        let window = Window { from: self.from, to: self.to };
        let (filters, exclusions) = (parse(&self.filters), parse(&self.exclusions));
        ClickRequest { feed: self.feed, window, filters, exclusions }
    }

    /// What the pull wanted of that window.
    #[must_use]
    pub fn to_wish(&self) -> Wish {
        Wish {
            feed: self.feed,
            range: Window { from: self.from, to: self.to },
            filters: parse(&self.pull_filters),
            settle_seconds: self.settle_seconds,
            retention: self.retention,
            again: Again::Everything,
            row_cap: self.row_cap,
        }
    }

    /// True where the request asked for all that the pull wanted of its window, and not for a part of it.
    #[must_use]
    pub fn is_of_whole_window(&self) -> bool {
        self.filters == self.pull_filters && self.exclusions.is_empty()
    }
}

fn parse(names: &[String]) -> Vec<Filter> {
    let pairs = names.iter().filter_map(|name| name.split_once('='));
    pairs.map(|(resource, value)| Filter { resource: resource.to_owned(), value: value.to_owned() }).collect()
}

/// The folder of `--keep-raw`.
#[derive(Debug)]
pub(super) struct RawFolder {
    folder: PathBuf,
    number: AtomicU64,
}

impl RawFolder {
    /// Makes the folder, where there is none.
    pub(super) fn create(folder: &Path) -> Result<RawFolder, RawError> {
        let io = |source| RawError::Io { action: "make the folder", path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(io)?;
        Ok(RawFolder { folder: folder.to_owned(), number: AtomicU64::new(0) })
    }

    /// Keeps an answer, under a name of its own.
    pub(super) fn keep(&self, header: &RawHeader, body: &[u8]) -> Result<PathBuf, RawError> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let name = format!(
            "{}_{}_{}_asked_{}_{:x}-{number}.json.zst",
            header.feed,
            compact(header.from),
            compact(header.to),
            compact(header.asked_at),
            std::process::id(),
        );
        let path = self.folder.join(&name);
        let temporary = self.folder.join(format!(".{name}.tmp"));
        let written = File::create(&temporary).and_then(|file| {
            write(file, header, body)?;
            fs::rename(&temporary, &path)
        });
        written.map_err(|source| {
            // Best effort: the error of the write is what matters.
            let _ = fs::remove_file(&temporary);
            RawError::Io { action: "write", path: path.clone(), source }
        })?;
        Ok(path)
    }
}

fn compact(seconds: i64) -> String {
    DateTime::<Utc>::from_timestamp(seconds, 0)
        .map_or_else(|| seconds.to_string(), |time| time.format("%Y%m%dT%H%M%SZ").to_string())
}

fn write(mut file: File, header: &RawHeader, body: &[u8]) -> io::Result<()> {
    // Text, numbers and lists of text always serialise.
    let mut text = serde_json::to_vec(header).unwrap_or_default();
    text.push(b'\n');
    let length = u32::try_from(text.len()).map_err(io::Error::other)?;
    file.write_all(&SKIPPABLE_MAGIC)?;
    file.write_all(&length.to_le_bytes())?;
    file.write_all(&text)?;
    file.write_all(&zstd::bulk::compress(body, ZSTD_LEVEL)?)?;
    file.sync_all()
}

/// What stands before the answer in a kept file; none in a file of another kind.
///
/// # Errors
/// Where the file cannot be read, or begins as a kept answer and is none.
pub fn header_of(path: &Path) -> Result<Option<RawHeader>, RawError> {
    let io = |source| RawError::Io { action: "read", path: path.to_owned(), source };
    if !fs::metadata(path).map_err(io)?.is_file() {
        return Ok(None);
    }
    let mut file = File::open(path).map_err(io)?;
    let mut beginning = [0; 8];
    match file.read_exact(&mut beginning) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read.map_err(io)?,
    }
    let [magic @ .., l0, l1, l2, l3] = beginning;
    let length = u32::from_le_bytes([l0, l1, l2, l3]);
    if magic != SKIPPABLE_MAGIC || length > HEADER_BYTES_MAX {
        return Ok(None);
    }
    let mut text = Vec::new();
    file.take(u64::from(length)).read_to_end(&mut text).map_err(io)?;
    #[derive(Deserialize)]
    struct Form {
        clickproof_answer: u32,
    }
    let header_error = |source| RawError::Header { path: path.to_owned(), source };
    // The form first: a later one may say the rest in words that this build does not know.
    let form: Form = serde_json::from_slice(&text).map_err(header_error)?;
    if form.clickproof_answer > 1 {
        return Err(RawError::Newer { path: path.to_owned(), found: form.clickproof_answer });
    }
    serde_json::from_slice(&text).map(Some).map_err(header_error)
}

/// The body of a kept answer.
///
/// # Errors
/// Where the file cannot be read or is damaged.
pub fn body_of(path: &Path) -> Result<Vec<u8>, RawError> {
    let io = |source| RawError::Io { action: "read", path: path.to_owned(), source };
    zstd::stream::decode_all(File::open(path).map_err(io)?).map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> RawHeader {
        let filter = |name: &str| Filter { resource: name.to_owned(), value: "15".to_owned() };
        let request = ClickRequest {
            feed: Feed::InvalidClicks,
            window: Window { from: 1_773_576_000, to: 1_773_576_599 },
            filters: vec![filter("error_code"), filter("offer")],
            exclusions: vec![],
        };
        let wish = Wish {
            feed: Feed::InvalidClicks,
            range: Window { from: 0, to: 1_773_580_000 },
            filters: vec![filter("error_code")],
            settle_seconds: 600,
            retention: Retention::Months(3),
            again: Again::Nothing,
            row_cap: 1000,
        };
        RawHeader { asked_at: 1_773_580_000, ..RawHeader::of(&Account::default(), &wish, &request) }
    }

    #[test]
    fn an_answer_comes_back_with_its_request() {
        let folder = tempfile::tempdir().unwrap();
        let raw = RawFolder::create(&folder.path().join("new")).unwrap();
        let body = br#"{"clicks":[]}"#.repeat(100);
        let path = raw.keep(&header(), &body).unwrap();
        let again = raw.keep(&header(), &body).unwrap();
        assert_ne!(path, again);
        assert_eq!(header_of(&path).unwrap(), Some(header()));
        assert_eq!(body_of(&path).unwrap(), body);
        assert!(!header().is_of_whole_window());
        assert_eq!(header().to_request().filters.len(), 2);
        assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 2, "temporaries are left");
    }

    #[test]
    fn what_is_no_kept_answer_is_none_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        for (name, bytes) in [("empty", &b""[..]), ("short", b"{}"), ("json", br#"{"clicks":[]}"#)] {
            assert_eq!(header_of(&file(name, bytes)).unwrap(), None, "{name}");
        }
        assert_eq!(header_of(&file("zst", &zstd::encode_all(&b"{}"[..], 1).unwrap())).unwrap(), None);
        let framed = |text: &str| [&SKIPPABLE_MAGIC[..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
        let newer = header_of(&file("newer", &framed(r#"{"clickproof_answer":2,"colour":"blue"}"#)));
        assert!(matches!(newer, Err(RawError::Newer { found: 2, .. })), "{newer:?}");
        let other = header_of(&file("other", &framed("hello")));
        assert!(matches!(other, Err(RawError::Header { .. })), "{other:?}");
    }
}
