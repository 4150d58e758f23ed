//! The reasons: SQL files that say of each click whether it speaks against whoever sent it.
//!
//! A reason is a query over `rated_clicks` with all its columns and a further one, `is_hit`: true where the click speaks
//! against its sender, NULL where that cannot be judged. Everything else (rates, days, sources, examples, money) follows
//! from that column, so a reason is added by adding a file.

use std::path::Path;

use arrow::datatypes::DataType;

use super::EvidenceError;
use crate::catalogue::{Catalogue, Query, Shelf};
use crate::engine::Engine;
use crate::engine::statement::Parameters;
use crate::request::{Question, RequestError};
use crate::run::RunError;

/// Where the reasons lie. `reason:` is its sentence, `basis:` what it rests on, `defined_by:` the dimensions of
/// sources (as in `sources.sql`) that it is defined by, with commas between, where it is by any.
pub(crate) const SHELF: Shelf = Shelf { folder: "evidence", keys: &["reason", "basis", "defined_by"] };

/// The placeholders of the sentence.
const PLACEHOLDERS: [&str; 4] = ["{x}", "{n}", "{observed}", "{expected}"];

/// What sources are told apart by, as in `sources.sql`.
const DIMENSIONS: [&str; 10] =
    ["sub1", "sub2", "sub3", "sub4", "sub5", "source_id", "offer_id", "affiliate_id", "network", "http_user_agent"];

/// What the evidence of a reason rests on (MRC, "Invalid Traffic Detection and Filtration Standards").
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Basis {
    /// How the traffic behaves: sophisticated invalid traffic (SIVT).
    Behavioural,
    /// What a list or a vendor says of an address, an agent or a click: general invalid traffic (GIVT).
    List,
}

/// A reason: what its header says, and its statement.
#[derive(Debug, Clone)]
pub(crate) struct Reason {
    /// Its name.
    pub(crate) name: String,
    /// The sentence, with the placeholders `{x}`, `{n}`, `{observed}` and `{expected}`.
    pub(crate) sentence: String,
    /// What it rests on.
    pub(crate) basis: Basis,
    /// The dimensions of sources whose values make it hold: without them there is none of it, which speaks for nobody.
    pub(crate) defined_by: Vec<String>,
    /// The statement, its title and its parameters.
    pub(crate) question: Question,
}

/// A reason whose header is wrong.
#[derive(Debug, thiserror::Error)]
#[error("reason '{name}': {problem}")]
pub struct ReasonError {
    name: String,
    problem: String,
}

/// The reasons that ship, and those of a folder, which come in addition or replace; in the order of their names.
///
/// # Errors
/// A folder, file or header that cannot be read.
pub(crate) fn load(own: Option<&Path>) -> Result<Vec<Reason>, EvidenceError> {
    let catalogue = Catalogue::load_from(SHELF, own).map_err(RequestError::from)?;
    catalogue.iter().map(|query| read(query).map_err(EvidenceError::from)).collect()
}

/// Makes a reason a view of the session.
///
/// # Errors
/// A statement that cannot be planned, or one that has no is_hit of true, false and NULL.
pub(crate) fn define(engine: &mut Engine, view: &str, reason: &Reason, range: &Parameters) -> Result<(), RunError> {
    let mut parameters = reason.question.bind(&[])?;
    parameters.extend(range.clone());
    engine.define(view, &reason.question.text, &parameters)?;
    let tables = engine.tables();
    let is_hit = tables.get(view).and_then(|schema| schema.field_with_name("is_hit").ok());
    let found = match is_hit.map(arrow::datatypes::Field::data_type) {
        Some(DataType::Boolean) => return Ok(()),
        Some(other) => format!("its is_hit is {other}"),
        None => "it has no is_hit".to_owned(),
    };
    let problem = format!("{found}: write a column of true, false and NULL, such as `payout > 100 AS is_hit`");
    Err(EvidenceError::from(ReasonError { name: reason.name.clone(), problem }).into())
}

fn read(query: &Query) -> Result<Reason, ReasonError> {
    let fail = |problem: String| ReasonError { name: query.name.clone(), problem };
    let key = |key: &str| query.more.get(key).cloned();
    let sentence = key("reason").ok_or_else(|| {
        fail(format!(
            "its header has no sentence: write `-- reason: ...`, with {} for the figures",
            PLACEHOLDERS.join(", ")
        ))
    })?;
    let basis = match key("basis").as_deref() {
        Some("behavioural") => Basis::Behavioural,
        Some("list") => Basis::List,
        other => {
            let found = other.map_or_else(|| "no basis".to_owned(), |other| format!("the basis '{other}'"));
            return Err(fail(format!("its header has {found}: write `-- basis: behavioural` or `-- basis: list`")));
        }
    };
    let is_plain = query.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if !is_plain {
        return Err(fail("a name has letters, digits, _ and - only: rename the file".to_owned()));
    }
    let question = Question::of_query(query.clone(), &query.file_name(""));
    let defined_by = key("defined_by").unwrap_or_default();
    let defined_by: Vec<String> =
        defined_by.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    if let Some(unknown) = defined_by.iter().find(|name| !DIMENSIONS.contains(&name.as_str())) {
        return Err(fail(format!("it is defined_by '{unknown}', which is none of {}", DIMENSIONS.join(", "))));
    }
    Ok(Reason { name: query.name.clone(), sentence, basis, defined_by, question })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ships_is_whole() {
        let reasons = load(None).unwrap();
        assert!(reasons.len() >= 8, "{reasons:?}");
        for reason in reasons {
            assert!(!reason.question.about.is_empty() && reason.question.title != reason.name, "{}", reason.name);
            for placeholder in PLACEHOLDERS {
                assert!(reason.sentence.contains(placeholder), "{} lacks {placeholder}", reason.name);
            }
        }
    }

    #[test]
    fn a_wrong_header_says_what_to_write() {
        for (name, text, expected) in [
            ("none", "-- basis: list\nSELECT 1", "reason 'none': its header has no sentence: write `-- reason: ...`"),
            ("odd", "-- reason: x\n-- basis: guess\nSELECT 1", "the basis 'guess': write `-- basis: behavioural`"),
            (
                "by",
                "-- reason: x\n-- basis: list\n-- defined_by: network, agent\nSELECT 1",
                "reason 'by': it is defined_by 'agent', which is none of sub1, ",
            ),
            ("it's", "-- reason: x\n-- basis: list\nSELECT 1", "reason 'it's': a name has letters"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(format!("{name}.sql")), text).unwrap();
            let said = load(Some(folder.path())).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        }
    }
}
