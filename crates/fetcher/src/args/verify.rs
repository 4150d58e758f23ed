//! `fetcher verify`.

use std::path::PathBuf;

use clap_complete::ArgValueCandidates;
use clicks::feed::Feed;
use clicks::lake::Account;

use super::time::RangeFlags;
use super::{EverflowArgs, Range, SummaryFormat, TimeError, ZoneArgs};

/// Arguments of `fetcher verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// The first second, or a day
    #[arg(long, value_name = "T")]
    pub from: String,
    /// The last second, or a day; what is younger than ten minutes is left out
    #[arg(long, value_name = "T")]
    pub to: String,
    #[command(flatten)]
    #[allow(missing_docs, reason = "a doc comment would become help text")]
    pub zone: ZoneArgs,
    /// Compare this feed only: invalid-clicks or network-clicks [default: those that the account holds]
    #[arg(long, value_name = "FEED", add = ArgValueCandidates::new(super::feeds))]
    pub source: Option<Feed>,
    /// The lake: a folder, or s3://BUCKET/PREFIX
    #[arg(long, value_name = "DIR|URL", env = "CLICKPROOF_LAKE", hide_env_values = true, default_value = "lake")]
    pub lake: PathBuf,
    /// The Everflow login whose clicks are compared
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub account: Account,
    #[command(flatten)]
    #[allow(missing_docs, reason = "a doc comment would become help text")]
    pub everflow: EverflowArgs,
    /// A table for a person, or one JSON object; both on stdout
    #[arg(long, value_enum, default_value_t = SummaryFormat::Text)]
    pub format: SummaryFormat,
}

impl Verify {
    /// The range.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn range(&self) -> Result<Range, TimeError> {
        Range::parse(&self.from, &self.to, self.zone.timezone, RangeFlags::FROM_TO)
    }
}
