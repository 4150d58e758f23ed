//! An analyst's verdicts: a CSV file with the columns `entity`, `verdict`, `date` and, where ids repeat, `account`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use serde::Deserialize;

use crate::scoring::learned::Verdict;
use crate::scoring::matrix::Entity;
use crate::suggestion::closest;

/// Verdicts by account and id, each list in the order of days.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Labels(HashMap<(String, String), Vec<(NaiveDate, Verdict)>>);

/// A file of labels that cannot be meant.
#[derive(Debug, thiserror::Error)]
#[error("--labels {}{}: {problem}", path.display(), .line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct LabelError {
    path: PathBuf,
    line: Option<u64>,
    problem: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(default)]
    account: Option<String>,
    entity: String,
    verdict: String,
    date: String,
}

impl Labels {
    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read, or a row that is no label, with its line.
    pub fn read(path: &Path) -> Result<Self, LabelError> {
        let fail = |line, problem: String| LabelError { path: path.to_owned(), line, problem };
        let reader = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_path(path);
        let mut reader = reader.map_err(|error| fail(None, format!("cannot be read: {error}")))?;
        let headers = reader.headers().map_err(|error| fail(None, error.to_string()))?.clone();
        check_headers(&headers).map_err(|problem| fail(Some(1), problem))?;
        let mut labels: HashMap<(String, String), Vec<(NaiveDate, Verdict)>> = HashMap::new();
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(|error| fail(None, error.to_string()))? {
            let line = record.position().map(csv::Position::line);
            let row: Row = record.deserialize(Some(&headers)).map_err(|error| fail(line, error.to_string()))?;
            let verdict = verdict(&row.verdict).map_err(|problem| fail(line, problem))?;
            let day = row
                .date
                .parse()
                .map_err(|_| fail(line, format!("'{}' is no day: write one such as 2026-11-22", row.date)))?;
            let account = row.account.filter(|account| !account.is_empty()).unwrap_or_else(|| "default".to_owned());
            labels.entry((account, row.entity)).or_default().push((day, verdict));
        }
        labels.values_mut().for_each(|verdicts| verdicts.sort_by_key(|(day, _)| *day));
        Ok(Self(labels))
    }

    /// What is held of an entity: its last verdict.
    #[must_use]
    pub fn latest(&self, entity: &Entity) -> Option<Verdict> {
        self.of(&entity.account, &entity.id).last().map(|(_, verdict)| *verdict)
    }

    /// Whether a window that ended on `last` was cleared: the first verdict from that day on says so.
    #[must_use]
    pub fn clears(&self, account: &str, id: &str, last: NaiveDate) -> bool {
        let next = self.of(account, id).iter().find(|(day, _)| *day >= last);
        next.is_some_and(|(_, verdict)| *verdict == Verdict::Cleared)
    }

    /// What is held of a window, which lasted from `first` to `last`, and since when: the first verdict from its last day on,
    /// else the last one that was given while it lasted.
    #[must_use]
    pub fn about(
        &self,
        account: &str,
        id: &str,
        (first, last): (NaiveDate, NaiveDate),
    ) -> Option<(NaiveDate, Verdict)> {
        let verdicts = self.of(account, id);
        let after = verdicts.iter().find(|(day, _)| *day >= last);
        after.or_else(|| verdicts.iter().rev().find(|(day, _)| *day >= first)).copied()
    }

    fn of(&self, account: &str, id: &str) -> &[(NaiveDate, Verdict)] {
        self.0.get(&(account.to_owned(), id.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// Entities that have labels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Labelled entities that are none of these, sorted: account and id.
    #[must_use]
    pub fn strangers(&self, entities: &[Entity]) -> Vec<String> {
        let is_known = |(account, id): &(String, String)| {
            entities.iter().any(|entity| entity.account == *account && entity.id == *id)
        };
        let strangers = self.0.keys().filter(|key| !is_known(key)).map(|(account, id)| format!("{id} of {account}"));
        let mut strangers: Vec<String> = strangers.collect();
        strangers.sort_unstable();
        strangers
    }
}

fn check_headers(headers: &csv::StringRecord) -> Result<(), String> {
    const NAMES: [&str; 4] = ["account", "entity", "verdict", "date"];
    if let Some(stranger) = headers.iter().find(|name| !NAMES.contains(name)) {
        let hint = closest(stranger, NAMES.into_iter())
            .map_or_else(|| format!("columns are {}", NAMES.join(", ")), |name| format!("did you mean '{name}'?"));
        return Err(format!("unknown column '{stranger}'; {hint}"));
    }
    let missing = NAMES[1..].iter().find(|name| !headers.iter().any(|header| header == **name));
    missing.map_or(Ok(()), |name| Err(format!("no column '{name}': the first line is entity,verdict,date")))
}

fn verdict(text: &str) -> Result<Verdict, String> {
    match text.to_lowercase().as_str() {
        "fraud" => Ok(Verdict::Fraud),
        "cleared" => Ok(Verdict::Cleared),
        other => Err(match closest(other, ["fraud", "cleared"].into_iter()) {
            Some(similar) => format!("no verdict '{text}'; did you mean '{similar}'?"),
            None => format!("no verdict '{text}': write fraud or cleared"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Labels, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("labels.csv");
        std::fs::write(&path, text).unwrap();
        Labels::read(&path).map_err(|error| error.to_string().replace(&path.display().to_string(), "labels.csv"))
    }

    #[test]
    fn the_last_verdict_holds_and_windows_are_cleared_by_the_next() {
        let labels = read(
            "entity,verdict,date\n7,cleared,2026-11-10\n7, Fraud ,2026-11-20\n# a comment\n8,cleared,2026-11-01\n",
        )
        .unwrap();
        let entity = |id: &str| Entity { account: "default".to_owned(), id: id.to_owned(), name: None };
        assert_eq!(labels.latest(&entity("7")), Some(Verdict::Fraud));
        assert_eq!((labels.latest(&entity("8")), labels.latest(&entity("9"))), (Some(Verdict::Cleared), None));
        let clears = |id: &str, day: &str| labels.clears("default", id, day.parse().unwrap());
        assert!(clears("7", "2026-11-10") && clears("7", "2026-11-01"));
        assert!(!clears("7", "2026-11-11") && !clears("7", "2026-11-21") && !clears("8", "2026-11-02"));
        let about = |id: &str, first: &str, last: &str| {
            let found = labels.about("default", id, (first.parse().unwrap(), last.parse().unwrap()));
            found.map(|(day, verdict)| (day.to_string(), verdict))
        };
        let [cleared, fraud] = [("2026-11-10", Verdict::Cleared), ("2026-11-20", Verdict::Fraud)]
            .map(|(day, verdict)| Some((day.to_owned(), verdict)));
        assert_eq!(about("7", "2026-11-01", "2026-11-10"), cleared);
        assert_eq!(about("7", "2026-11-01", "2026-11-11"), fraud, "the next verdict, before one while it lasted");
        assert_eq!(about("7", "2026-11-01", "2026-11-30"), fraud, "the last one while it lasted");
        assert_eq!(about("7", "2026-11-21", "2026-11-30"), None, "all of it comes later");
        assert_eq!(labels.strangers(&[entity("7")]), ["8 of default"]);
        let other = read("account,entity,verdict,date\nacme,7,fraud,2026-11-20\n").unwrap();
        assert_eq!(other.latest(&entity("7")), None);
    }

    #[test]
    fn what_is_no_label_is_refused_with_its_line() {
        let refused = |text: &str| read(text).unwrap_err();
        insta::assert_snapshot!(
            [
                refused("entity,verdict\n"),
                refused("entity,verdikt,date\n"),
                refused("entity,verdict,date\n7,frod,2026-11-20\n"),
                refused("entity,verdict,date\n7,fraud,2026-11-20\n8,fraud,20.11.2026\n"),
                refused("entity,verdict,date\n7,fraud\n"),
                Labels::read(Path::new("/no/such.csv")).unwrap_err().to_string(),
            ]
            .join("\n")
        );
    }
}
