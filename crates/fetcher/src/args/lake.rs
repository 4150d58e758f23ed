//! Which lake, and whose clicks in it.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PathBufValueParser, TypedValueParser};
use clicks::lake::{Account, Granularity};

/// Where the lake lies: for commands that read all of it.
#[derive(Debug, Clone, clap::Args)]
pub struct WhichLake {
    /// The lake; it is made where there is none and clicks are to land
    #[arg(long, value_name = "DIR", env = "CLICKPROOF_LAKE", default_value = "lake", value_parser = PathBufValueParser::new().try_map(parse_folder))]
    pub lake: PathBuf,
    /// How long to wait for another process that writes to the lake
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = parse_seconds)]
    pub lock_timeout: Duration,
}

/// The lake, and the account in it: for commands that land clicks.
#[derive(Debug, Clone, clap::Args)]
pub struct LakeArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "a doc comment would become help text")]
    pub which: WhichLake,
    /// The Everflow login that the clicks belong to
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub account: Account,
    /// Partition a new lake by day or by hour
    #[arg(long, value_name = "day|hour", value_parser = parse_granularity)]
    pub partition: Option<Granularity>,
}

fn parse_granularity(text: &str) -> Result<Granularity, String> {
    match text {
        "day" => Ok(Granularity::Day),
        "hour" => Ok(Granularity::Hour),
        _ => Err("expected day or hour".to_owned()),
    }
}

pub(super) fn parse_folder(folder: PathBuf) -> Result<PathBuf, String> {
    // Taken as a path, it would become a folder called `s3:`.
    if folder.to_string_lossy().contains("://") {
        return Err("object stores are not supported yet; name a local folder".to_owned());
    }
    Ok(folder)
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_secs).map_err(|_| "expected a whole number of seconds".to_owned())
}
