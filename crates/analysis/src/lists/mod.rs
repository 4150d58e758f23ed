//! What is known from lists: error codes, declared bots, data centres. Short ones ship; the user's own come on top.
//!
//! Owns the files of `data/lists` and of `--lists DIR`. A file of words or networks holds one a line; `#` begins a comment,
//! `!WORD` takes out a line of the list that ships, and a `!` alone takes out all of it. A wrong line is an error that names
//! file and line, never skipped.

mod click_address;
mod codes;
mod patterns;
mod ranges;

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clicks::error_codes::{DictionaryError, ErrorCode};

use crate::suggestion::closest;

pub use click_address::ClickAddress;
pub use patterns::{Patterns, Standing};
pub use ranges::Ranges;

const BOTS: (&str, &str) = ("declared_bots.txt", include_str!("../../../../data/lists/declared_bots.txt"));
const DATACENTERS: (&str, &str) = ("datacenter_names.txt", include_str!("../../../../data/lists/datacenter_names.txt"));
const RANGES: (&str, &str) = ("datacenter_ranges.txt", include_str!("../../../../data/lists/datacenter_ranges.txt"));

/// The user's lists cannot be read.
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
    /// The dictionary of error codes is not of the form.
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
    /// A file that looks like a list and would not be read.
    #[error("{}: no list is called so; {hint}", path.display())]
    Misspelt {
        /// The file.
        path: PathBuf,
        /// What it may be meant to be.
        hint: String,
    },
    /// A line that is no entry of its list.
    #[error("{}:{line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

/// The lists of a session.
#[derive(Debug)]
pub struct Lists {
    /// The dictionary of error codes, in the order of its codes.
    pub codes: Vec<ErrorCode>,
    /// The class of each code.
    pub classes: HashMap<i32, String>,
    /// What user agents of declared bots hold.
    pub bots: Patterns,
    /// Names of data centres, as providers and organizations carry them.
    pub datacenters: Patterns,
    /// Addresses of data centres.
    pub ranges: Ranges,
}

impl Lists {
    /// The lists that ship, and those of a folder over them.
    ///
    /// # Errors
    /// A folder or file that cannot be read, or a line that is wrong.
    pub fn load(folder: Option<&Path>) -> Result<Self, ListError> {
        if let Some(folder) = folder {
            // A folder that is not there is a slip of the hand; a folder without some list is not.
            let fail = |source| ListError::Io { path: folder.to_owned(), source };
            for entry in std::fs::read_dir(folder).map_err(fail)? {
                refuse_misspelt(&entry.map_err(fail)?.path())?;
            }
        }
        let codes = codes::dictionary(folder)?;
        let classes = codes.iter().map(|code| (code.code, code.class.clone())).collect();
        let networks = entries(RANGES, folder, parse_network)?;
        Ok(Self {
            codes,
            classes,
            bots: patterns(BOTS, folder, Standing::Anywhere)?,
            datacenters: patterns(DATACENTERS, folder, Standing::Alone)?,
            ranges: Ranges::new(networks),
        })
    }
}

/// Lists that functions hold. Two are the same if they are one: lists do not change once they are read.
#[derive(Debug, Clone)]
pub struct SharedLists(pub Arc<Lists>);

impl PartialEq for SharedLists {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for SharedLists {}

impl Hash for SharedLists {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// A list under a wrong name would be left out without a word. Files of other kinds, and a `README`, are somebody's notes.
fn refuse_misspelt(path: &Path) -> Result<(), ListError> {
    let known = [BOTS.0, DATACENTERS.0, RANGES.0, codes::FILE_NAME];
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let lower = name.to_lowercase();
    let is_like_a_list = (lower.ends_with(".txt") || lower.ends_with(".csv")) && !lower.starts_with("readme");
    if !is_like_a_list || name.starts_with('.') || known.contains(&name.as_ref()) {
        return Ok(());
    }
    let hint = match closest(&name, known.into_iter()) {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => format!("lists are {}", known.join(", ")),
    };
    Err(ListError::Misspelt { path: path.to_owned(), hint })
}

fn parse_network(line: &str) -> Result<(IpAddr, u8), String> {
    let form = || format!("'{line}' is no network: write one such as 203.0.113.0/24 or 2001:db8::/32");
    ranges::parse_network(line).ok_or_else(form)
}

/// The shortest word that says anything: shorter ones are found nearly everywhere.
const WORD_LETTERS_MIN: usize = 3;

fn patterns(list: (&str, &str), folder: Option<&Path>, standing: Standing) -> Result<Patterns, ListError> {
    let words = entries(list, folder, |line| {
        let word = line.to_lowercase();
        let is_long_enough = word.chars().count() >= WORD_LETTERS_MIN;
        is_long_enough
            .then_some(word)
            .ok_or_else(|| format!("'{line}' is too short: it would be found nearly everywhere"))
    })?;
    let built = Patterns::new(words.iter().map(String::as_str), standing);
    built.map_err(|error| ListError::Line { path: list.0.into(), line: words.len(), problem: error.to_string() })
}

/// The entries of a list that ships, less and more what the user's file of the same name says.
fn entries<T: PartialEq>(
    (name, shipped): (&str, &str),
    folder: Option<&Path>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, ListError> {
    let mut kept = Vec::new();
    add_lines(&mut kept, Path::new(name), shipped, &parse)?;
    let Some(path) = folder.map(|folder| folder.join(name)).filter(|path| path.exists()) else { return Ok(kept) };
    let text = std::fs::read_to_string(&path).map_err(|source| ListError::Io { path: path.clone(), source })?;
    add_lines(&mut kept, &path, &text, &parse)?;
    Ok(kept)
}

/// A `#` begins a comment at the beginning of a line or after a blank; within a word it is part of it.
fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    for (place, letter) in line.char_indices() {
        if letter == '#' && before.is_whitespace() {
            return &line[..place];
        }
        before = letter;
    }
    line
}

fn add_lines<T: PartialEq>(
    kept: &mut Vec<T>,
    path: &Path,
    text: &str,
    parse: &impl Fn(&str) -> Result<T, String>,
) -> Result<(), ListError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let shipped = kept.len();
    let mut own = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = without_comment(line).trim();
        let wrong = |problem| ListError::Line { path: path.to_owned(), line: index + 1, problem };
        match line.strip_prefix('!').map(str::trim) {
            _ if line.is_empty() => {}
            None => own.push(parse(line).map_err(wrong)?),
            Some("") => kept.clear(),
            Some(entry) => {
                let entry = parse(entry).map_err(wrong)?;
                let before = kept.len();
                kept.retain(|known| *known != entry);
                if kept.len() == before && shipped > 0 && before > 0 {
                    return Err(wrong(format!("'{line}' takes out what the list that ships does not hold")));
                }
            }
        }
    }
    kept.append(&mut own);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(files: &[(&str, &str)]) -> Result<Lists, String> {
        let dir = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, text)| std::fs::write(dir.path().join(name), text).unwrap());
        Lists::load(Some(dir.path())).map_err(|error| error.to_string())
    }

    fn holds(lists: &Lists, address: &str) -> bool {
        lists.ranges.hold(&ClickAddress::parse(address).unwrap())
    }

    #[test]
    fn the_lists_that_ship_are_read() {
        let lists = Lists::load(None).unwrap();
        assert!(lists.bots.are_in("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"));
        assert!(
            !lists.bots.are_in("Mozilla/5.0 (Linux; Android 7.0; CUBOT_NOTE_S) Chrome/120.0.0.0 Mobile Safari/537.36")
        );
        assert!(lists.datacenters.are_in("DIGITALOCEAN-ASN") && !lists.datacenters.are_in("Rede Planalto Ltda"));
        assert!(holds(&lists, "159.203.10.9") && !holds(&lists, "198.51.100.1"));
        assert_eq!(lists.classes[&23], "proxy");
    }

    #[test]
    fn the_users_own_extend_and_replace() {
        let lists = load(&[
            ("declared_bots.txt", "# ours\nAcmeMonitor   # in the office\nAcme#Crawler\n!googlebot\n"),
            ("datacenter_names.txt", "!\nAcme Hosting\n"),
            ("datacenter_ranges.txt", "198.51.100.0/24\n\n"),
            ("readme.md", "whose lists these are"),
        ])
        .unwrap();
        assert!(lists.bots.are_in("acmemonitor 1.0") && lists.bots.are_in("bingbot/2.0"));
        assert!(!lists.bots.are_in("Googlebot/2.1"));
        assert!(lists.bots.are_in("acme#crawler/1") && !lists.bots.are_in("acme phone"));
        assert!(lists.datacenters.are_in("ACME Hosting Ltd") && !lists.datacenters.are_in("Digitalocean Llc"));
        assert!(holds(&lists, "198.51.100.xxx") && holds(&lists, "159.203.10.9"));
    }

    #[test]
    fn a_wrong_line_is_named() {
        let wrong = [
            (
                "datacenter_ranges.txt",
                "198.51.100.0/24\n198.51.100/24\n",
                "datacenter_ranges.txt:2: '198.51.100/24' is no network",
            ),
            (
                "datacentre_names.txt",
                "x\n",
                "datacentre_names.txt: no list is called so; did you mean datacenter_names.txt?",
            ),
            ("zones.csv", "x\n", "zones.csv: no list is called so; lists are declared_bots.txt"),
            ("declared_bots.txt", "a\n", "declared_bots.txt:1: 'a' is too short"),
            ("declared_bots.txt", "!nosuchbot\n", "declared_bots.txt:1: '!nosuchbot' takes out what"),
            ("error_codes.csv", "code,name\n1,x\n", "error_codes.csv"),
        ];
        for (name, text, expected) in wrong {
            let error = load(&[(name, text)]).err().unwrap();
            assert!(error.contains(expected), "{error}");
        }
        assert!(Lists::load(Some(Path::new("/nonexistent"))).is_err());
    }
}
