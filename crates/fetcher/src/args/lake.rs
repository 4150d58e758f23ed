//! Which lake, and whose clicks in it.

use std::path::PathBuf;
use std::time::Duration;

use clicks::lake::{Account, Granularity};

/// Where the lake lies: for commands that read all of it.
#[derive(Debug, Clone, clap::Args)]
pub struct WhichLake {
    /// The lake, made where there is none and clicks are to land: a folder, or s3://BUCKET/PREFIX with
    /// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION set (AWS_ENDPOINT_URL for other servers than Amazon's)
    // A URL that names no lake is refused when it is opened: clap would repeat it, with the password that it may hold.
    #[arg(long, value_name = "DIR|URL", env = "CLICKPROOF_LAKE", hide_env_values = true, default_value = "lake")]
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

fn parse_seconds(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_secs).map_err(|_| "expected a whole number of seconds".to_owned())
}
