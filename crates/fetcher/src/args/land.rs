//! `fetcher land`.

use std::path::PathBuf;
use std::str::FromStr;

use clap_complete::ArgValueCandidates;
use clicks::feed::Feed;
use clicks::time_bound::Edge;

use super::time::{RangeFlags, parse_time};
use super::{LakeArgs, PseudonymArgs, Range, SummaryFormat, TimeError, ZoneArgs};

/// Arguments of `fetcher land`.
#[derive(Debug, clap::Args)]
pub struct Land {
    /// Files to land; - is standard input
    #[arg(required = true, value_name = "FILE|-")]
    pub files: Vec<PathBuf>,
    /// The feed that returned the rows: invalid-clicks, affiliate-clicks or network-clicks
    #[arg(long, value_name = "FEED", add = ArgValueCandidates::new(super::feeds))]
    pub source: Option<Feed>,
    /// The range that the files hold completely, both ends inclusive: it is recorded as covered
    #[arg(long, value_name = "FROM/TO", requires = "source")]
    pub covers: Option<String>,
    /// When Everflow answered, so that of two versions of a click the later wins [default: unknown, the oldest]
    #[arg(long, value_name = "T")]
    pub as_of: Option<String>,
    /// Rows that may go to quarantine before the exit code is 3: a number, or a share such as 0.1%
    #[arg(long, value_name = "N|P%", default_value = "0", allow_negative_numbers = true)]
    pub max_quarantined: Tolerance,
    #[command(flatten)]
    #[allow(missing_docs, reason = "a doc comment would become help text")]
    pub lake: LakeArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "a doc comment would become help text")]
    pub zone: ZoneArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "a doc comment would become help text")]
    pub pseudonyms: PseudonymArgs,
    /// Form of the summary
    #[arg(long, value_enum, default_value_t = SummaryFormat::Text)]
    pub format: SummaryFormat,
}

impl Land {
    /// The range of `--covers`, if given.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn covered_range(&self) -> Result<Option<Range>, TimeError> {
        let Some(text) = &self.covers else {
            return Ok(None);
        };
        let (from, to) = text.split_once('/').ok_or_else(|| TimeError::NoSlash(text.clone()))?;
        Range::parse(from, to, self.zone.timezone, RangeFlags::COVERS).map(Some)
    }

    /// The time of `--as-of`, if given, in seconds since 1970.
    ///
    /// # Errors
    /// Says what is wrong with it. The future is refused: what was observed then would win over every later answer.
    pub fn observed_at(&self, now: i64) -> Result<Option<i64>, TimeError> {
        const CLOCK_SKEW_SECONDS: i64 = 300;
        let Some(text) = &self.as_of else {
            return Ok(None);
        };
        let time = parse_time(text, Edge::From, self.zone.timezone, "--as-of")?;
        if time > now + CLOCK_SKEW_SECONDS {
            return Err(TimeError::Future(text.clone()));
        }
        Ok(Some(time))
    }
}

/// How many rows may go to quarantine without being worth an exit code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// So many rows.
    Rows(u64),
    /// A share of all rows, between 0 and 1.
    Share(f64),
}

impl Tolerance {
    /// True where so many rows of all are tolerated.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a share of rows needs no more than 52 bits")]
    pub fn allows(self, quarantined: u64, rows: u64) -> bool {
        match self {
            Tolerance::Rows(most) => quarantined <= most,
            Tolerance::Share(most) => quarantined as f64 <= most * rows as f64,
        }
    }
}

impl FromStr for Tolerance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = || "expected a number of rows, or a share between 0% and 100%".to_owned();
        match text.strip_suffix('%') {
            None => text.parse().map(Tolerance::Rows).map_err(|_| expected()),
            Some(percent) => match percent.parse::<f64>() {
                Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Tolerance::Share(percent / 100.0)),
                _ => Err(expected()),
            },
        }
    }
}
