//! What `analyze report` is told.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::args::LakeArgs;
use crate::delivery::DeliveryArgs;

/// Makes a report of a range: one page with everything on it
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Exit codes: 0 made; 3 made, but the data is not complete (with --require-complete); 4 made, but the webhook was not \
                        reached; 2, 70 and 130 as everywhere."
)]
pub struct ReportArgs {
    /// The lake.
    #[command(flatten)]
    pub lake: LakeArgs,
    /// One affiliate's own page, with nothing about others on it
    #[arg(long, value_name = "ID", conflicts_with = "metrics")]
    pub affiliate: Option<i64>,
    /// Rows of long tables; what is left out is said
    #[arg(long, value_name = "ROWS", default_value_t = 25, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub top: u16,
    /// Leave affiliates with fewer clicks out of rates and ranks
    #[arg(long, value_name = "CLICKS", default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
    pub min_clicks: i64,
    /// A folder of templates of your own, which replace those of the same name
    #[arg(long, value_name = "DIR")]
    pub templates: Option<PathBuf>,
    /// How to write the report
    #[arg(long, value_enum, default_value_t)]
    pub format: ReportFormat,
    /// Write to a file, which appears only once it is whole
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Exit with 3 where a feed does not cover the whole range
    #[arg(long)]
    pub require_complete: bool,
    /// Metrics and messages.
    #[command(flatten)]
    pub delivery: DeliveryArgs,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ReportFormat {
    /// A page that stands alone: no script, nothing loaded from elsewhere
    #[default]
    Html,
    /// The same as text, for a mail or an issue
    Markdown,
    /// All figures, for programs
    Json,
}
