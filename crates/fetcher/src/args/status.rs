//! `fetcher status`.

use std::path::PathBuf;

use clicks::lake::Account;
use clicks::time_bound::Edge;

use super::time::{RangeFlags, parse_time};
use super::{Range, SummaryFormat, TimeError, ZoneArgs};

/// Arguments of `fetcher status`.
#[derive(Debug, clap::Args)]
pub struct Status {
    /// The lake: a folder, or s3://BUCKET/PREFIX
    #[arg(long, value_name = "DIR|URL", env = "CLICKPROOF_LAKE", hide_env_values = true, default_value = "lake")]
    pub lake: PathBuf,
    /// Only this Everflow login [default: every one]
    #[arg(long, value_name = "NAME")]
    pub account: Option<Account>,
    /// The first second that is asked about, or a day [default: the account's first day]
    #[arg(long, value_name = "T")]
    pub from: Option<String>,
    /// The last second that is asked about, or a day [default: ten minutes ago, as later clicks are not settled]
    #[arg(long, value_name = "T")]
    pub to: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "a doc comment would become help text")]
    pub zone: ZoneArgs,
    /// End with code 3 where a part of the range is not covered
    #[arg(long)]
    pub require_complete: bool,
    /// A calendar for a person, or one JSON object; both on stdout
    #[arg(long, value_enum, default_value_t = SummaryFormat::Text)]
    pub format: SummaryFormat,
}

impl Status {
    /// The first and the last second that are asked about, where they are named.
    ///
    /// # Errors
    /// Says what is wrong with them.
    pub fn range(&self) -> Result<(Option<i64>, Option<i64>), TimeError> {
        let zone = self.zone.timezone;
        if let (Some(from), Some(to)) = (&self.from, &self.to) {
            let range = Range::parse(from, to, zone, RangeFlags::FROM_TO)?;
            return Ok((Some(range.from), Some(range.to)));
        }
        let from = self.from.as_deref().map(|text| parse_time(text, Edge::From, zone, "--from")).transpose()?;
        let to = self.to.as_deref().map(|text| parse_time(text, Edge::To, zone, "--to")).transpose()?;
        Ok((from, to))
    }
}
