//! What can be typed.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chrono_tz::Tz;
use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};
use clicks::feed::Feed;
use clicks::lake::{Account, Granularity};
use clicks::time_bound::{self, Edge};

/// Brings Everflow's clicks into a lake of Parquet files.
#[derive(Debug, Parser)]
#[command(
    name = "fetcher",
    version,
    max_term_width = 110,
    after_help = "Exit codes: 0 done; 2 what was asked is wrong or cannot be done; 3 landed, but the data is incomplete or \
                  partly quarantined; 70 a bug; 130 interrupted."
)]
pub struct Args {
    #[command(flatten)]
    #[allow(missing_docs, reason = "a doc comment would become help text")]
    pub talk: Talk,
    #[command(subcommand)]
    #[allow(missing_docs, reason = "a doc comment would become help text")]
    pub command: Command,
}

impl Args {
    /// What was typed; ends the process with help, or with code 2 and what is wrong.
    #[must_use]
    pub fn from_command_line() -> Args {
        Args::parse()
    }
}

const MESSAGES: &str = "Messages";

/// How much is said, and how.
#[derive(Debug, Clone, clap::Args)]
pub struct Talk {
    /// Say nothing but warnings and errors
    #[arg(long, short, global = true, conflicts_with = "verbose", help_heading = MESSAGES)]
    pub quiet: bool,
    /// Say more: each fold of clicks into the lake
    #[arg(long, short, global = true, help_heading = MESSAGES)]
    pub verbose: bool,
    /// Form of what is said on stderr
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, help_heading = MESSAGES)]
    pub log_format: LogFormat,
}

/// The form of what is said on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Sentences.
    Text,
    /// One JSON object a line.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Land files of Everflow JSON: answers, arrays, or one row a line; plain, gzip or zstd
    Land(Land),
}

/// The form of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SummaryFormat {
    /// A few lines for a person, on stderr.
    Text,
    /// One JSON object, on stdout.
    Json,
}

/// Arguments of `fetcher land`.
#[derive(Debug, clap::Args)]
pub struct Land {
    /// Files to land; - is standard input
    #[arg(required = true, value_name = "FILE|-")]
    pub files: Vec<PathBuf>,
    /// The feed that returned the rows: invalid-clicks, affiliate-clicks or network-clicks
    #[arg(long, value_name = "FEED")]
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
    /// The lake; it is made where there is none
    #[arg(long, value_name = "DIR", env = "CLICKPROOF_LAKE", default_value = "lake", value_parser = PathBufValueParser::new().try_map(parse_folder))]
    pub lake: PathBuf,
    /// The Everflow login that the clicks belong to
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub account: Account,
    /// Partition a new lake by day or by hour
    #[arg(long, value_name = "day|hour", value_parser = parse_granularity)]
    pub partition: Option<Granularity>,
    /// The time zone in which --covers and --as-of are read
    #[arg(long, value_name = "IANA", default_value = "UTC", value_parser = parse_zone)]
    pub timezone: Tz,
    /// How long to wait for another process that writes to the lake
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = parse_seconds)]
    pub lock_timeout: Duration,
    /// Form of the summary
    #[arg(long, value_enum, default_value_t = SummaryFormat::Text)]
    pub format: SummaryFormat,
}

/// Seconds since 1970, both ends inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first second.
    pub from: i64,
    /// The last second.
    pub to: i64,
}

/// A range or a time that cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum TimeError {
    /// Not two times.
    #[error("--covers '{0}' is not FROM/TO: write two times with a slash between, such as 2026-03-01/2026-03-14")]
    NoSlash(String),
    /// The ends are the wrong way round.
    #[error("--covers '{0}' ends before it begins")]
    Reversed(String),
    /// The ends are no seconds that Everflow has.
    #[error("--covers '{0}' begins before 1970 or ends after 9999")]
    OutOfRange(String),
    /// An answer that has not come yet.
    #[error("--as-of '{0}' is in the future: name the time when Everflow answered")]
    Future(String),
    /// One of the times.
    #[error("{flag}: {source}")]
    Time {
        /// The flag.
        flag: &'static str,
        /// What is wrong.
        source: time_bound::TimeBoundError,
    },
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
        let parse = |text, edge| {
            time_bound::parse(text, edge, self.timezone)
                .map(|time| time.timestamp())
                .map_err(|source| TimeError::Time { flag: "--covers", source })
        };
        let range = Range { from: parse(from, Edge::From)?, to: parse(to, Edge::To)? };
        if range.to < range.from {
            return Err(TimeError::Reversed(text.clone()));
        }
        if range.from < 0 || range.to > 253_402_300_799 {
            return Err(TimeError::OutOfRange(text.clone()));
        }
        Ok(Some(range))
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
        let time = time_bound::parse(text, Edge::From, self.timezone)
            .map_err(|source| TimeError::Time { flag: "--as-of", source })?
            .timestamp();
        if time > now + CLOCK_SKEW_SECONDS {
            return Err(TimeError::Future(text.clone()));
        }
        Ok(Some(time))
    }
}

fn parse_granularity(text: &str) -> Result<Granularity, String> {
    match text {
        "day" => Ok(Granularity::Day),
        "hour" => Ok(Granularity::Hour),
        _ => Err("expected day or hour".to_owned()),
    }
}

fn parse_folder(folder: PathBuf) -> Result<PathBuf, String> {
    // Taken as a path, it would become a folder called `s3:`.
    if folder.to_string_lossy().contains("://") {
        return Err("object stores are not supported yet; name a local folder".to_owned());
    }
    Ok(folder)
}

fn parse_zone(text: &str) -> Result<Tz, String> {
    text.parse().map_err(|_| "no such time zone; use an IANA name such as Europe/Berlin".to_owned())
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_secs).map_err(|_| "expected a whole number of seconds".to_owned())
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
