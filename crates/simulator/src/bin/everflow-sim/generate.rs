//! `everflow-sim generate`: flags in, rows out.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use chrono::{NaiveDate, NaiveDateTime};
use clap::{Args, ValueEnum};
use simulator::Feed;

use crate::Failure;
use crate::traffic_args::TrafficArgs;

#[derive(Args)]
pub(crate) struct Generate {
    /// invalid-clicks, affiliate-clicks or network-clicks
    #[arg(long)]
    feed: Feed,
    /// First day, YYYY-MM-DD, UTC
    #[arg(long)]
    from: NaiveDate,
    #[command(flatten)]
    traffic: TrafficArgs,
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

pub(crate) fn generate(arguments: &Generate) -> Result<(), Failure> {
    let traffic = arguments.traffic.traffic(arguments.from)?;
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
