//! The command line of `analyze`, as it is typed. What it means is decided in [`request`](crate::request).

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::{ArgValueCandidates, ArgValueCompleter};

use crate::argument_values;
use crate::blocklist::BlocklistArgs;
use crate::check::CheckArgs;
use crate::evidence::EvidenceArgs;
use crate::formats::Format;
use crate::printer::LogFormat;
use crate::report::ReportArgs;
use crate::signals::{By, EntityTable};

/// Asks a lake of clicks questions in SQL.
#[derive(Debug, Parser)]
#[command(
    name = "analyze",
    version,
    after_help = "Exit codes: 0 answered; 1 a check found errors; 2 what was asked is wrong or cannot be done; 3 answered, but not over complete \
                  data (with --require-complete); 4 a webhook was not reached; 70 a bug; 130 interrupted."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How to talk.
    #[command(flatten)]
    pub talk: Talk,
}

/// What goes to stderr, and how.
#[derive(Debug, Clone, Args)]
pub struct Talk {
    /// Say nothing but errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Say more: files read, rows, seconds
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// How messages on stderr look
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answer a query: a file, or a name from the catalogue
    Run {
        /// A path to a .sql file, or a name that `analyze list` shows
        #[arg(value_name = "FILE.sql|NAME", add = ArgValueCompleter::new(argument_values::queries_and_files))]
        query: String,
        /// Everything else.
        #[command(flatten)]
        options: AnswerArgs,
    },
    /// Answer a statement
    Sql {
        /// One SELECT, WITH, EXPLAIN or DESCRIBE; `$name` stands for --param name=VALUE
        #[arg(value_name = "STATEMENT")]
        statement: String,
        /// Everything else.
        #[command(flatten)]
        options: AnswerArgs,
    },
    /// What every signal of suspicion saw of every affiliate, before any scoring
    Signals(SignalsArgs),
    /// Make a report of a range: one page with everything on it
    Report(ReportArgs),
    /// Run checks: queries whose rows are findings
    Check(CheckArgs),
    /// Write the case file of an affiliate or an offer
    Evidence(EvidenceArgs),
    /// List what to block, with what it would have cost
    Blocklist(BlocklistArgs),
    /// Ask one statement after the other, or those that are piped in
    Shell(Box<ShellArgs>),
    /// Score affiliates: who is abnormal, and why
    Score(ScoreArgs),
    /// What two configurations would have flagged, day by day
    Backtest(BacktestArgs),
    /// List the catalogue: names, titles, parameters; or all about one query
    List {
        /// Words that a query's header has to have; or the name of one, for all that there is to know about it
        #[arg(value_name = "NAME|WORD", add = ArgValueCandidates::new(argument_values::queries))]
        words: Vec<String>,
        /// Print the file of the one query that is named, to be changed and run
        #[arg(long, requires = "words", conflicts_with = "format")]
        sql: bool,
        /// A folder of your own queries, which come in addition or replace
        #[arg(long, value_name = "DIR")]
        queries: Option<PathBuf>,
        /// How to write the list
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Write the manual pages, one a command, to a folder
    Man {
        /// The folder, which exists
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// What every command that asks a lake has in common: which lake, which clicks of it, with what.
#[derive(Debug, Clone, Args)]
pub struct LakeArgs {
    /// First second: YYYY-MM-DD, 'YYYY-MM-DD HH:MM:SS' or RFC 3339; by default the lake's first day
    #[arg(long, value_name = "T")]
    pub from: Option<String>,
    /// Last second, in the same forms; a day is its last second; by default the lake's last day
    #[arg(long, value_name = "T")]
    pub to: Option<String>,
    /// The time zone of --from, --to and $timezone, such as Europe/Berlin
    #[arg(long, value_name = "IANA", default_value = "UTC", add = ArgValueCandidates::new(argument_values::time_zones))]
    pub timezone: String,
    /// Only this account's rows
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(argument_values::accounts))]
    pub account: Option<String>,
    /// The lake: a folder, or s3://BUCKET/PREFIX with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION set
    /// (AWS_ENDPOINT_URL for other servers than Amazon's); by default CLICKPROOF_LAKE, else ./lake, else the sample that
    /// ships
    #[arg(long, value_name = "DIR|URL")]
    pub lake: Option<PathBuf>,
    /// A folder of your own lists: error_codes.csv, declared_bots.txt, datacenter_names.txt, datacenter_ranges.txt
    #[arg(long, value_name = "DIR")]
    pub lists: Option<PathBuf>,
    /// Memory for the queries, such as 512MB; beyond it, they spill to disk; by default half of the machine's
    #[arg(long, value_name = "SIZE")]
    pub memory_limit: Option<String>,
}

/// What `run` and `sql` have in common.
#[derive(Debug, Clone, Args)]
pub struct AnswerArgs {
    /// The lake.
    #[command(flatten)]
    pub lake: LakeArgs,
    /// A value for a parameter of the query; may be repeated
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// A folder of your own queries, which come in addition or replace
    #[arg(long, value_name = "DIR")]
    pub queries: Option<PathBuf>,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Write to a file, which appears only once it is whole
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Leave text cells of CSV as they are, even where a spreadsheet would run them
    #[arg(long)]
    pub raw: bool,
    /// Exit with 3 where the feeds a query needs do not cover the whole range
    #[arg(long)]
    pub require_complete: bool,
}

/// Which signals, about whom.
#[derive(Debug, Clone, Args)]
pub struct SignalsArgs {
    /// The lake.
    #[command(flatten)]
    pub lake: LakeArgs,
    /// Whose clicks are counted together
    #[arg(long, value_enum, default_value_t)]
    pub by: By,
    /// A folder of your own signals, which come in addition or replace
    #[arg(long, value_name = "DIR")]
    pub signals: Option<PathBuf>,
    /// A table of entities that are not made of clicks, for the signals of --signals, which then are the only ones; may
    /// be repeated
    #[arg(long = "table", value_name = "NAME=FILE.parquet", requires = "signals")]
    pub tables: Vec<EntityTable>,
    /// How to write them
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Write to a file, which appears only once it is whole
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Leave text cells of CSV as they are, even where a spreadsheet would run them
    #[arg(long)]
    pub raw: bool,
}

/// What `shell` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Exit codes: 0 left; 2 a statement that was piped in failed; 130 interrupted.")]
pub struct ShellArgs {
    /// The lake.
    #[command(flatten)]
    pub lake: LakeArgs,
    /// A folder of your own queries, which come in addition or replace
    #[arg(long, value_name = "DIR")]
    pub queries: Option<PathBuf>,
    /// How to write answers
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

/// How to score.
#[derive(Debug, Clone, Args)]
pub struct ScoreArgs {
    /// Which signals, about whom.
    #[command(flatten)]
    pub signals: SignalsArgs,
    /// Score each day of the range by itself, the days before it being its history
    #[arg(long)]
    pub daily: bool,
    /// The reasons of one entity: what was observed and expected, and the query that lists its clicks
    #[arg(long, value_name = "ID", conflicts_with = "daily")]
    pub explain: Option<String>,
    /// Verdicts of an analyst: CSV with entity, verdict (fraud or cleared), date and, if need be, account
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Thresholds, exceptions, overrides; by default CLICKPROOF_CONFIG, else ./clickproof.toml where there is one
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where scores are kept and the history is read from; by default LAKE.scores beside a lake in a folder
    #[arg(long, value_name = "DIR")]
    pub scores: Option<PathBuf>,
    /// Neither read a history nor keep these scores
    #[arg(long, conflicts_with = "scores")]
    pub no_history: bool,
    /// Exit with 3 where no feed with all clicks covers the whole range
    #[arg(long)]
    pub require_complete: bool,
}

/// What to compare.
#[derive(Debug, Clone, Args)]
pub struct BacktestArgs {
    /// Which signals, about whom.
    #[command(flatten)]
    pub signals: SignalsArgs,
    /// A configuration; give two
    #[arg(long = "config", value_name = "FILE", required = true)]
    pub configs: Vec<PathBuf>,
    /// Verdicts of an analyst, for the precision: CSV with entity, verdict (fraud or cleared), date
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
}

impl Command {
    /// What the command says about the lake, where it asks one.
    pub fn lake_args(&self) -> Option<&LakeArgs> {
        match self {
            Self::Run { options, .. } | Self::Sql { options, .. } => Some(&options.lake),
            Self::Signals(args) => Some(&args.lake),
            Self::Report(args) => Some(&args.lake),
            Self::Check(args) => Some(&args.lake),
            Self::Evidence(args) => Some(&args.lake),
            Self::Blocklist(args) => Some(&args.lake),
            Self::Shell(args) => Some(&args.lake),
            Self::Score(args) => Some(&args.signals.lake),
            Self::Backtest(args) => Some(&args.signals.lake),
            Self::List { .. } | Self::Man { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }
}
