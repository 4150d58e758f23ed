//! What can be typed.
//!
//! Each command has its own module; what several share is in groups: [`WhichLake`], [`LakeArgs`], [`ZoneArgs`],
//! [`EverflowArgs`].

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::{CompleteEnv, CompletionCandidate};
use clicks::feed::Feed;

mod doctor;
mod everflow;
mod lake;
mod land;
mod man;
mod prune;
mod pseudonym;
mod pull;
mod status;
mod time;
mod verify;

pub use doctor::Doctor;
pub use everflow::EverflowArgs;
pub use lake::{LakeArgs, WhichLake};
pub use land::{Land, Tolerance};
pub use man::Man;
pub use prune::Prune;
pub use pseudonym::{PseudonymArgs, PseudonymKeyError};
pub use pull::Pull;
pub use status::Status;
pub use time::{Range, RangeFlags, TimeError, ZoneArgs, parse_duration};
pub use verify::Verify;

/// Brings Everflow's clicks into a lake of Parquet files.
#[derive(Debug, Parser)]
#[command(
    name = "fetcher",
    version,
    max_term_width = 110,
    after_help = "Exit codes: 0 done; 2 what was asked is wrong or cannot be done; 3 landed, but the data is incomplete or \
                  partly quarantined; 4 Everflow or the way to it failed, what had landed stays; 70 a bug; 130 \
                  interrupted."
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
    /// What was typed; ends the process with help, with code 2 and what is wrong, or with what can be typed next where a
    /// shell asks that (`source <(COMPLETE=bash fetcher)`).
    #[must_use]
    pub fn from_command_line() -> Args {
        CompleteEnv::with_factory(Args::command).complete();
        Args::parse()
    }
}

/// The feeds that a shell offers.
fn feeds() -> Vec<CompletionCandidate> {
    Feed::ALL.iter().map(|feed| CompletionCandidate::new(feed.to_string())).collect()
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
    /// Get everything that Everflow has of a range, past its row caps, with the proof that nothing is missing
    Pull(Box<Pull>),
    /// Land files of Everflow JSON: answers, arrays, or one row a line; plain, gzip or zstd
    Land(Land),
    /// Show what is covered, by account, feed and day: a calendar, gaps, what expires next
    Status(Status),
    /// Forget old clicks, and keep the proof that they were there
    Prune(Prune),
    /// Compare landed clicks with Everflow's own counts, by day and affiliate
    Verify(Verify),
    /// Check key, host, clocks, limits and lake, and say what to do about what is wrong
    Doctor(Doctor),
    /// Write the manual pages, one a command, to a folder
    Man(Man),
}

/// The form of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SummaryFormat {
    /// A few lines for a person, on stderr.
    Text,
    /// One JSON object, on stdout.
    Json,
}
