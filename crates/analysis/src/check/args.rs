//! What `analyze check` is told.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::args::LakeArgs;
use crate::delivery::DeliveryArgs;

/// Runs checks, queries whose rows are findings
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Exit codes: 0 no errors (warnings there may be); 1 errors; 3 the data is not complete (with --require-complete), \
                        whatever was found; 4 the webhook was not reached, all files but --state are written; 2, 70 and 130 as everywhere."
)]
pub struct CheckArgs {
    /// Only these checks; by default all, those that ship and those of --checks
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// The lake.
    #[command(flatten)]
    pub lake: LakeArgs,
    /// A value for every check that has the parameter, or for one with CHECK.NAME=VALUE; may be repeated
    #[arg(long = "param", value_name = "[CHECK.]NAME=VALUE")]
    pub params: Vec<String>,
    /// A folder of your own checks, which come in addition or replace
    #[arg(long, value_name = "DIR")]
    pub checks: Option<PathBuf>,
    /// Report only what is new or has become worse since the last run with this file, and write the file anew
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Write the checks as test cases for a CI server, too
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// How to write the findings
    #[arg(long, value_enum, default_value_t)]
    pub format: CheckFormat,
    /// Write to a file, which appears only once it is whole
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Exit with 3 where the feeds that the checks need do not cover the whole range
    #[arg(long)]
    pub require_complete: bool,
    /// Metrics and messages.
    #[command(flatten)]
    pub delivery: DeliveryArgs,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum CheckFormat {
    /// Aligned columns for a terminal
    #[default]
    Table,
    /// One object, with the figures behind each finding
    Json,
    /// A GitHub table
    Markdown,
}
