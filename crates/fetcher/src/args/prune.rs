//! `fetcher prune`.

use clicks::lake::Account;
use clicks::time_bound::Edge;

use super::time::parse_time;
use super::{SummaryFormat, TimeError, WhichLake, ZoneArgs};

/// Arguments of `fetcher prune`.
#[derive(Debug, clap::Args)]
pub struct Prune {
    /// Clicks before this time are forgotten; a day is its first second
    #[arg(long, value_name = "T")]
    pub before: String,
    #[command(flatten)]
    #[allow(missing_docs, reason = "a doc comment would become help text")]
    pub which: WhichLake,
    /// Only this Everflow login [default: every one]
    #[arg(long, value_name = "NAME")]
    pub account: Option<Account>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "a doc comment would become help text")]
    pub zone: ZoneArgs,
    /// Say what would be forgotten, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Form of the summary
    #[arg(long, value_enum, default_value_t = SummaryFormat::Text)]
    pub format: SummaryFormat,
}

impl Prune {
    /// The first second that is kept, since 1970.
    ///
    /// # Errors
    /// Says what is wrong with `--before`.
    pub fn before(&self) -> Result<i64, TimeError> {
        parse_time(&self.before, Edge::From, self.zone.timezone, "--before")
    }
}
