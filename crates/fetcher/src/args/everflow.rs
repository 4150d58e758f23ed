//! Whom to ask, and with which key.

use std::path::PathBuf;
use std::time::Duration;

use super::parse_duration;

/// The Everflow account that is asked: for every command that sends requests.
#[derive(Debug, Clone, clap::Args)]
pub struct EverflowArgs {
    /// Where Everflow answers; accounts in the EU live on https://api-eu.eflow.team
    #[allow(rustdoc::bare_urls, reason = "help text of the command line")]
    #[arg(long, value_name = "URL", default_value = "https://api.eflow.team")]
    pub base_url: String,
    /// Allow plain http to another machine, where everyone on the way reads the key
    #[arg(long)]
    pub insecure: bool,
    /// A file that holds the API key and nothing else [default: the environment variable EVERFLOW_API_KEY]
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
    /// How long one request is tried, again and again where need be, before it is given up
    #[arg(long, value_name = "DUR", default_value = "10m", value_parser = parse_duration)]
    pub give_up_after: Duration,
}
