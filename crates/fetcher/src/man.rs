//! `fetcher man`: the manual pages, made from what can be typed.

use std::path::PathBuf;

use clap::CommandFactory;

use crate::args::{Args, Man};
use crate::{Failure, Outcome};

/// Pages that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write manual pages to {}: {source}", folder.display())]
pub struct ManError {
    folder: PathBuf,
    source: std::io::Error,
}

impl Failure for ManError {}

/// Writes `fetcher.1` and a page for each command.
///
/// # Errors
/// The folder is not there or cannot be written to.
pub fn run(args: &Man) -> Result<Outcome, ManError> {
    let written = clap_mangen::generate_to(Args::command(), &args.folder);
    written.map(|()| Outcome::Done).map_err(|source| ManError { folder: args.folder.clone(), source })
}
