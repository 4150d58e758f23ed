//! `everflow-sim`: a local stand-in for Everflow.
//!
//! Glue: flags in, rows out. Exit codes as everywhere in this project: 0 done (a closed pipe included), 2 what was asked is wrong
//! or cannot be done.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{NaiveDate, NaiveDateTime};
use clap::{Args, Parser, Subcommand, ValueEnum};
use simulator::{Config, ConfigError, Feed, Traffic};

/// Synthetic Everflow traffic by seed
#[derive(Parser)]
#[command(name = "everflow-sim", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a feed's answer, newest click first: the same flags give the same bytes on every machine
    Generate(Generate),
}

#[derive(Args)]
struct Generate {
    /// invalid-clicks, affiliate-clicks or network-clicks
    #[arg(long)]
    feed: Feed,
    /// What decides everything that the other flags leave open
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// First day, YYYY-MM-DD, UTC
    #[arg(long)]
    from: NaiveDate,
    /// How many days
    #[arg(long, default_value_t = 14)]
    days: u32,
    /// Clicks a day of all affiliates together, good and bad, before the feed picks its own
    #[arg(long, default_value_t = 1000)]
    clicks_per_day: u32,
    /// How many affiliates the network has
    #[arg(long, default_value_t = 40)]
    affiliates: u32,
    /// Whose clicks the affiliate feed returns
    #[arg(long, default_value_t = 17)]
    affiliate: i64,
    /// Only these seconds of it, both ends inclusive, such as 2026-03-02T00:00:00/2026-03-02T23:59:59, UTC
    #[arg(long, value_name = "FROM/TO", value_parser = parse_seconds)]
    between: Option<RangeInclusive<i64>>,
    /// How the rows are wrapped
    #[arg(long, value_enum, default_value_t = Format::Wrapper)]
    format: Format,
    /// Write to this file instead of stdout
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// {"clicks":[...]}
    Wrapper,
    /// {"table":[...]}
    Table,
    /// [...]
    Array,
    /// One row per line
    Ndjson,
}

impl Format {
    /// What stands before, between and after the rows.
    fn punctuation(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Wrapper => ("{\"clicks\":[", ",", "]}\n"),
            Self::Table => ("{\"table\":[", ",", "]}\n"),
            Self::Array => ("[", ",", "]\n"),
            Self::Ndjson => ("", "\n", "\n"),
        }
    }
}

fn parse_seconds(text: &str) -> Result<RangeInclusive<i64>, String> {
    let (from, to) = text.split_once('/').ok_or("write two times with a slash between")?;
    let parse = |time: &str| -> Result<i64, String> {
        let time: NaiveDateTime =
            time.parse().map_err(|error| format!("'{time}' is not YYYY-MM-DDTHH:MM:SS: {error}"))?;
        Ok(time.and_utc().timestamp())
    };
    Ok(parse(from)?..=parse(to)?)
}

fn main() -> ExitCode {
    let Command::Generate(arguments) = Cli::parse().command;
    match generate(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Write(_, error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            // With stderr gone as well there is nobody left to tell.
            let _ = writeln!(io::stderr(), "error: {failure}");
            ExitCode::from(2)
        }
    }
}

fn generate(arguments: &Generate) -> Result<(), Failure> {
    let traffic = Traffic::new(Config {
        seed: arguments.seed,
        from: arguments.from,
        days: arguments.days,
        clicks_per_day: arguments.clicks_per_day,
        affiliates: arguments.affiliates,
        portal_affiliate: arguments.affiliate,
    })?;
    let (target, output): (String, Box<dyn Write>) = match &arguments.out {
        None => ("stdout".to_owned(), Box::new(io::stdout().lock())),
        Some(path) => {
            let name = path.display().to_string();
            let file = File::create(path).map_err(|error| Failure::Write(name.clone(), error))?;
            (name, Box::new(file))
        }
    };
    let seconds = arguments.between.clone().unwrap_or(0..=i64::MAX);
    write_rows(
        traffic.rows_between(arguments.feed, seconds),
        arguments.format,
        BufWriter::with_capacity(1 << 18, output),
    )
    .map_err(|error| Failure::Write(target, error))
}

fn write_rows(rows: impl Iterator<Item = String>, format: Format, mut output: impl Write) -> io::Result<()> {
    let (before, between, after) = format.punctuation();
    let mut separator = before;
    let mut is_empty = true;
    for row in rows {
        output.write_all(separator.as_bytes())?;
        output.write_all(row.as_bytes())?;
        separator = between;
        is_empty = false;
    }
    match (format, is_empty) {
        (Format::Ndjson, true) => {}
        (_, true) => output.write_all([before, after].concat().as_bytes())?,
        (_, false) => output.write_all(after.as_bytes())?,
    }
    output.flush()
}

enum Failure {
    Config(ConfigError),
    Write(String, io::Error),
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Config(error) => error.fmt(out),
            Self::Write(target, error) => write!(out, "cannot write to {target}: {error}"),
        }
    }
}
