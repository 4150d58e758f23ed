//! `fetcher man`.

use std::path::PathBuf;

/// Arguments of `fetcher man`.
#[derive(Debug, clap::Args)]
pub struct Man {
    /// The folder, which exists
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}
