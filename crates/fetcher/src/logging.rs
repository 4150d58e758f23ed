//! What libraries and we ourselves trace: off, unless asked for with `--verbose` or `RUST_LOG`. On stderr, like all talk.

use tracing_subscriber::EnvFilter;

use crate::args::{LogFormat, Talk};

/// Begins to write what is traced. Once in a process.
pub fn begin(talk: &Talk) {
    let filter = match EnvFilter::try_from_default_env() {
        Ok(filter) => filter,
        Err(_) if talk.verbose => EnvFilter::new("fetcher=debug"),
        Err(_) => return,
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    // A second beginning, as in tests that run commands in one process, changes nothing.
    let _ = match talk.log_format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
}
