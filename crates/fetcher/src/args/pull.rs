//! `fetcher pull`.

use std::path::PathBuf;
use std::time::Duration;

use clap_complete::ArgValueCandidates;
use clicks::feed::Feed;

use super::{EverflowArgs, LakeArgs, PseudonymArgs, SummaryFormat, Tolerance, ZoneArgs, parse_duration};
use crate::pull::goal::Retention;

const RANGE: &str = "What to get";
const HOW: &str = "How";

/// Arguments of `fetcher pull`.
#[derive(Debug, clap::Args)]
pub struct Pull {
    /// The feed to ask: invalid-clicks, affiliate-clicks or network-clicks
    #[arg(long, value_name = "FEED", add = ArgValueCandidates::new(super::feeds), help_heading = RANGE)]
    pub source: Feed,
    /// The first second: YYYY-MM-DD, 'YYYY-MM-DD HH:MM:SS' or RFC 3339
    #[arg(long, value_name = "T", required_unless_present = "since_last", help_heading = RANGE)]
    pub from: Option<String>,
    /// The last second, likewise; a day is its last second [default: now]
    #[arg(long, value_name = "T", help_heading = RANGE)]
    pub to: Option<String>,
    /// Only clicks of which TYPE is VALUE, such as error_code=15; of one type, any of several values
    #[arg(long, value_name = "TYPE=VALUE", help_heading = RANGE)]
    pub filter: Vec<String>,
    /// Go on from the newest covered second, less --lookback; with --from, fill what is missing since then as well
    #[arg(long, conflicts_with = "refetch", help_heading = RANGE)]
    pub since_last: bool,
    /// How much of what is covered --since-last asks for again, since rows come late and change
    #[arg(long, value_name = "DUR", default_value = "1h", value_parser = parse_duration, help_heading = RANGE)]
    pub lookback: Duration,
    /// Ask again for what is covered, and for seconds that are saturated
    #[arg(long, help_heading = RANGE)]
    pub refetch: bool,
    /// The time in which Everflow may still add rows: what is younger is left for a later pull
    #[arg(long, value_name = "DUR", default_value = "10m", value_parser = parse_duration, help_heading = RANGE)]
    pub settle: Duration,
    /// How long Everflow keeps clicks: months or days, such as 3months or 90d; older ones are not asked for
    #[arg(long, value_name = "DUR", default_value = "3months", value_parser = parse_retention, help_heading = RANGE)]
    pub retention: Retention,
    /// Show what would be asked for, and send nothing
    #[arg(long, conflicts_with = "follow", help_heading = HOW)]
    pub dry_run: bool,
    /// Stop after so many requests, those sent again among them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = HOW)]
    pub max_requests: Option<u64>,
    /// Requests under way at once; Everflow allows 10
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u8).range(1..=10), help_heading = HOW)]
    pub concurrency: u8,
    /// Pull again and again, so long apart, until a signal comes
    #[arg(long, value_name = "DUR", value_parser = parse_pause, conflicts_with_all = ["to", "refetch"], help_heading = HOW)]
    pub follow: Option<Duration>,
    /// Keep each answer as it came in this folder too, compressed, with its request; fetcher land reads them
    #[arg(long, value_name = "DIR", help_heading = HOW)]
    pub keep_raw: Option<PathBuf>,
    /// Rows that may go to quarantine before the exit code is 3: a number, or a share such as 0.1%
    #[arg(long, value_name = "N|P%", default_value = "0", allow_negative_numbers = true, help_heading = HOW)]
    pub max_quarantined: Tolerance,
    #[command(flatten, next_help_heading = "Everflow")]
    #[allow(missing_docs, reason = "a doc comment would become help text")]
    pub everflow: EverflowArgs,
    #[command(flatten, next_help_heading = "Lake")]
    #[allow(missing_docs, reason = "a doc comment would become help text")]
    pub lake: LakeArgs,
    #[command(flatten, next_help_heading = "Personal data")]
    #[allow(missing_docs, reason = "a doc comment would become help text")]
    pub pseudonyms: PseudonymArgs,
    #[command(flatten, next_help_heading = "Options")]
    #[allow(missing_docs, reason = "a doc comment would become help text")]
    pub zone: ZoneArgs,
    /// Form of the summary
    #[arg(long, value_enum, default_value_t = SummaryFormat::Text)]
    pub format: SummaryFormat,
}

fn parse_pause(text: &str) -> Result<Duration, String> {
    parse_duration(text).and_then(|pause| match pause.is_zero() {
        true => Err("expected at least 1s".to_owned()),
        false => Ok(pause),
    })
}

fn parse_retention(text: &str) -> Result<Retention, String> {
    const YEARS_MAX: u32 = 100;
    let expected = || "expected months or days, such as 3months or 90d".to_owned();
    let unit_starts = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(expected)?;
    let (number, unit) = text.split_at(unit_starts);
    let number: u32 = number.parse().map_err(|_| expected())?;
    let (retention, days) = match unit {
        "month" | "months" => (Retention::Months(number), u64::from(number) * 31),
        "d" => (Retention::Days(number), u64::from(number)),
        _ => return Err(expected()),
    };
    if days == 0 || days > u64::from(YEARS_MAX) * 366 {
        return Err(format!("expected at least a day, and at most {YEARS_MAX} years"));
    }
    Ok(retention)
}
