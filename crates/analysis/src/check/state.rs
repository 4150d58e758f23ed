//! What was found before, so that only what is new or worse is reported.
//!
//! The file holds every finding of the last run. One that is no longer found is forgotten, and new when it comes back. What
//! the run did not look at, other checks, other accounts and what a longer range had found, stays as it was.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::definition::Severity;
use super::finding::Finding;

const FORMAT_VERSION: u32 = 1;

/// A million findings; a device has no end.
const BYTES_MAX: u64 = 256 << 20;

/// How much a measure must have grown since it was last reported to be reported again.
const WORSE: f64 = 1.25;

/// The findings of the last run, by id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    format_version: u32,
    findings: BTreeMap<String, Known>,
}

/// A finding of before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    check: String,
    account: Option<String>,
    severity: Severity,
    /// When it was last reported.
    measure: Option<f64>,
    first_seen: DateTime<Utc>,
    message: String,
    /// Seconds of the range of the run that found it last.
    #[serde(default)]
    over: u64,
}

/// What a finding is beside those of the last run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It was not there.
    New,
    /// It was, but a warning, or with a measure smaller by a fifth.
    Worsened,
    /// It was there and is no worse: not reported.
    Known,
}

impl Status {
    /// `new`, `worsened` or `known`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Worsened => "worsened",
            Self::Known => "known",
        }
    }
}

/// A state file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The system refuses.
    #[error("--state: cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something else than we write.
    #[error("--state: {} is not what `analyze check` writes ({problem}); move it away to begin anew", path.display())]
    Strange {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
}

/// What a run makes of the last one's findings.
#[derive(Debug, PartialEq)]
pub(super) struct Compared {
    /// Of each finding, in the order given, what it is, and since when it is there.
    pub statuses: Vec<(Status, DateTime<Utc>)>,
    /// Ids and messages of those that are no longer there.
    pub gone: Vec<(String, String)>,
    /// What the next run is to know.
    pub next: State,
}

impl Default for State {
    fn default() -> Self {
        Self { format_version: FORMAT_VERSION, findings: BTreeMap::new() }
    }
}

impl State {
    /// Reads the file; one that is not there knows nothing.
    ///
    /// # Errors
    /// A file that cannot be read, or that is something else.
    pub(super) fn load(path: &Path) -> Result<Self, StateError> {
        let strange = |problem: String| StateError::Strange { path: path.to_owned(), problem };
        let mut text = String::new();
        let read = File::open(path).and_then(|file| file.take(BYTES_MAX + 1).read_to_string(&mut text));
        match read {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(StateError::Unreadable { path: path.to_owned(), source }),
            Ok(bytes) if bytes as u64 > BYTES_MAX => return Err(strange("it is larger than 256 MiB".to_owned())),
            Ok(_) => {}
        }
        let state: Self = serde_json::from_str(&text).map_err(|error| strange(error.to_string()))?;
        if state.format_version != FORMAT_VERSION {
            return Err(strange(format!("format version {}, not {FORMAT_VERSION}", state.format_version)));
        }
        Ok(state)
    }

    /// The file's text.
    #[must_use]
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).map(|json| json + "\n").unwrap_or_default()
    }

    /// Compares the findings of a run over so many seconds with what was known. `looked_at` says of a check, an account and
    /// the seconds of the range that a finding is known from whether the run looked there.
    #[must_use]
    pub(super) fn compare(
        &self,
        findings: &[Finding],
        now: DateTime<Utc>,
        over: u64,
        looked_at: impl Fn(&str, Option<&str>, u64) -> bool,
    ) -> Compared {
        let mut next = Self::default();
        let mut gone = Vec::new();
        let mut statuses = Vec::with_capacity(findings.len());
        for finding in findings {
            let known = self.findings.get(&finding.id);
            let status = known.map_or(Status::New, |known| known.status_of(finding));
            let first_seen = known.map_or(now, |known| known.first_seen);
            // What creeps up is measured from where it was last reported.
            let reported = known.filter(|_| status == Status::Known).map_or(finding.measure, |known| known.measure);
            statuses.push((status, first_seen));
            let entry = Known {
                check: finding.check.clone(),
                account: finding.account.clone(),
                severity: finding.severity,
                measure: reported,
                first_seen,
                message: finding.message.clone(),
                over,
            };
            next.findings.insert(finding.id.clone(), entry);
        }
        for (id, known) in &self.findings {
            if next.findings.contains_key(id) {
                continue;
            }
            if looked_at(&known.check, known.account.as_deref(), known.over) {
                gone.push((id.clone(), known.message.clone()));
            } else {
                next.findings.insert(id.clone(), known.clone());
            }
        }
        Compared { statuses, gone, next }
    }
}

impl Known {
    fn status_of(&self, finding: &Finding) -> Status {
        let has_grown = match (self.measure, finding.measure) {
            (Some(before), Some(now)) => now > before && now >= before * WORSE,
            _ => false,
        };
        if finding.severity > self.severity || has_grown { Status::Worsened } else { Status::Known }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(id: &str, severity: Severity, measure: f64) -> Finding {
        let (check, account) = id.split_once('-').unwrap();
        Finding {
            id: id.to_owned(),
            check: check.to_owned(),
            severity,
            account: Some(account.to_owned()),
            message: format!("message of {id}"),
            measure: Some(measure),
            values: serde_json::Map::new(),
        }
    }

    fn at(hour: u32) -> DateTime<Utc> {
        chrono::NaiveDate::from_ymd_opt(2026, 3, 1).unwrap().and_hms_opt(hour, 0, 0).unwrap().and_utc()
    }

    #[test]
    fn only_what_is_new_or_worse_is_told_apart_from_what_is_known() {
        let all = |_: &str, _: Option<&str>, _: u64| true;
        let first = State::default().compare(&[finding("a-x", Severity::Warn, 10.0)], at(1), 9, all);
        assert_eq!(first.statuses, [(Status::New, at(1))]);
        let same = first.next.compare(&[finding("a-x", Severity::Warn, 12.0)], at(2), 9, all);
        assert_eq!(same.statuses, [(Status::Known, at(1))]);
        // 12.5 is a quarter more than the 10 that were reported, though not than the 12 of the last run.
        let crept = same.next.compare(&[finding("a-x", Severity::Warn, 12.5)], at(3), 9, all);
        assert_eq!(crept.statuses, [(Status::Worsened, at(1))]);
        let again = crept.next.compare(&[finding("a-x", Severity::Warn, 15.0)], at(4), 9, all);
        assert_eq!(again.statuses, [(Status::Known, at(1))]);
        let risen = again.next.compare(&[finding("a-x", Severity::Error, 1.0)], at(5), 9, all);
        assert_eq!(risen.statuses, [(Status::Worsened, at(1))]);
        let gone = risen.next.compare(&[], at(6), 9, all);
        assert_eq!(gone.gone, [("a-x".to_owned(), "message of a-x".to_owned())]);
        assert_eq!(gone.next, State::default());
    }

    #[test]
    fn what_was_not_looked_at_stays() {
        let found = [
            finding("a-x", Severity::Warn, 1.0),
            finding("a-y", Severity::Warn, 1.0),
            finding("b-x", Severity::Warn, 1.0),
        ];
        let state = State::default().compare(&found, at(1), 9, |_, _, _| true).next;
        let later = state.compare(&[], at(2), 9, |check, account, _| check == "a" && account == Some("x"));
        assert_eq!(later.gone.len(), 1);
        assert_eq!(later.next.findings.keys().collect::<Vec<_>>(), ["a-y", "b-x"]);
        let shorter = state.compare(&[], at(2), 8, |_, _, known_over| known_over <= 8);
        assert_eq!((shorter.gone.len(), &shorter.next), (0, &state));
    }

    #[test]
    fn files_of_others_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        assert_eq!(State::load(&path).unwrap(), State::default());
        for (text, problem) in
            [("{", "EOF"), ("[]", "invalid"), (r#"{"format_version":2,"findings":{}}"#, "format version 2")]
        {
            std::fs::write(&path, text).unwrap();
            let error = State::load(&path).unwrap_err().to_string();
            assert!(error.contains(problem) && error.contains("state.json"), "{error}");
        }
        let state = State::default().compare(&[finding("a-x", Severity::Warn, 1.0)], at(1), 9, |_, _, _| true).next;
        std::fs::write(&path, state.to_json()).unwrap();
        assert_eq!(State::load(&path).unwrap(), state);
    }
}
