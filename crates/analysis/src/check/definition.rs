//! What a check is: a query, and what its header says of the rows that it finds.
//!
//! ```sql
//! -- title: Clicks in test mode
//! -- severity: warn
//! -- key: account, affiliate_id
//! -- measure: clicks
//! -- message: affiliate {{ affiliate_id }} has {{ clicks|count }} clicks in test mode
//! ```
//!
//! As dbt has it, each row is a finding. `severity` is `error` (the default) or `warn`; a column `severity` says it row by row
//! instead. With `error_if: >= 10` findings are errors where there are so many, else warnings. `key` names the columns that
//! tell one finding from another, today's from yesterday's not; without it, all texts, days and ids. `measure` is the column
//! that grows as a finding becomes worse. `message` is a template over the columns.

use crate::catalogue::{Query, Shelf};

/// Where checks are kept.
pub(super) const CHECKS: Shelf =
    Shelf { folder: "checks", keys: &["severity", "error_if", "message", "key", "measure"] };

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody should look at it.
    Warn,
    /// Somebody should be woken.
    Error,
}

impl Severity {
    /// `warn` or `error`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// The severity of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        [Self::Warn, Self::Error].into_iter().find(|severity| severity.name() == name)
    }
}

/// A condition on how many findings there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    comparison: Comparison,
    number: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Greater,
    AtLeast,
    Less,
    AtMost,
    Equal,
    Other,
}

impl Count {
    const SHAPE: &str = "write a comparison with a number of findings, such as >= 10";

    fn parse(text: &str) -> Result<Self, String> {
        use Comparison::{AtLeast, AtMost, Equal, Greater, Less, Other};
        // The longer ones first.
        let signs = [
            (">=", AtLeast),
            ("<=", AtMost),
            ("!=", Other),
            ("<>", Other),
            ("==", Equal),
            (">", Greater),
            ("<", Less),
            ("=", Equal),
        ];
        let found = signs.iter().find_map(|(sign, comparison)| Some((*comparison, text.trim().strip_prefix(sign)?)));
        let (comparison, number) = found.ok_or(Self::SHAPE)?;
        Ok(Self { comparison, number: number.trim().parse().map_err(|_| Self::SHAPE)? })
    }

    /// True where it holds for so many.
    #[must_use]
    pub fn holds(self, findings: usize) -> bool {
        match self.comparison {
            Comparison::Greater => findings > self.number,
            Comparison::AtLeast => findings >= self.number,
            Comparison::Less => findings < self.number,
            Comparison::AtMost => findings <= self.number,
            Comparison::Equal => findings == self.number,
            Comparison::Other => findings != self.number,
        }
    }
}

/// A check.
#[derive(Debug, Clone)]
pub struct Check {
    /// Its statement, name, title, parameters and feeds.
    pub query: Query,
    /// What a row is that does not say it itself.
    pub severity: Severity,
    /// When findings are errors; always, where there is no condition.
    pub error_if: Option<Count>,
    /// The columns that make a finding's id; `None`: all texts, days and ids.
    pub key: Option<Vec<String>>,
    /// The column that grows as a finding becomes worse.
    pub measure: Option<String>,
    /// The template of a finding's sentence; the title where there is none.
    pub message: String,
}

impl Check {
    /// Reads the header.
    ///
    /// # Errors
    /// Says which key is wrong, and what to write.
    pub fn of(query: Query) -> Result<Self, String> {
        let said = |key: &str| query.more.get(key).map(String::as_str);
        let severity = said("severity")
            .map(|name| Severity::of(name).ok_or_else(|| format!("severity '{name}' is neither 'error' nor 'warn'")));
        let severity = severity.transpose()?;
        let error_if =
            said("error_if").map(Count::parse).transpose().map_err(|problem| format!("error_if: {problem}"))?;
        if severity == Some(Severity::Warn) && error_if.is_some() {
            return Err("severity 'warn' never makes errors, so error_if would do nothing: write severity 'error', or leave one out".to_owned());
        }
        let names = |text: &str| text.split(',').map(|name| name.trim().to_owned()).collect();
        Ok(Self {
            severity: severity.unwrap_or(Severity::Error),
            error_if,
            key: said("key").map(names),
            measure: said("measure").map(str::to_owned),
            message: said("message").unwrap_or(&query.title).to_owned(),
            query,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_on_the_number_of_findings() {
        for (text, holds, fails) in [
            ("> 2", 3, 2),
            (">=2", 2, 1),
            ("< 2", 1, 2),
            ("<= 2", 2, 3),
            ("= 2", 2, 3),
            ("== 2", 2, 1),
            ("!= 0", 1, 0),
            ("<>0", 1, 0),
        ] {
            let condition = Count::parse(text).unwrap();
            assert!(condition.holds(holds) && !condition.holds(fails), "{text}");
        }
        for wrong in ["", "2", "> many", "=> 2", ">= -1"] {
            assert_eq!(Count::parse(wrong).unwrap_err(), Count::SHAPE, "{wrong}");
        }
    }
}
