//! `fetcher doctor`.

use std::path::PathBuf;

use super::{EverflowArgs, SummaryFormat};

/// Arguments of `fetcher doctor`.
#[derive(Debug, clap::Args)]
pub struct Doctor {
    /// The lake: a folder, or s3://BUCKET/PREFIX
    #[arg(long, value_name = "DIR|URL", env = "CLICKPROOF_LAKE", hide_env_values = true, default_value = "lake")]
    pub lake: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs, reason = "a doc comment would become help text")]
    pub everflow: EverflowArgs,
    /// A checklist for a person, or one JSON object; both on stdout
    #[arg(long, value_enum, default_value_t = SummaryFormat::Text)]
    pub format: SummaryFormat,
}
