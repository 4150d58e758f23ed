//! Every environment variable that `analyze` reads, in one place.
//!
//! `COMPLETE`, set by a shell that asks what can be typed next, is read by clap; `XDG_STATE_HOME` and `HOME`, below which the
//! shell's history lies, by etcetera; `TMPDIR`, the folder that queries spill to, is read by the standard library; `RUST_BACKTRACE` by Rust's runtime.

use std::ffi::OsString;
use std::path::PathBuf;

/// The lake, where `--lake` does not name one.
pub const LAKE: &str = "CLICKPROOF_LAKE";

/// The configuration of scores, where `--config` does not name one.
pub const CONFIG: &str = "CLICKPROOF_CONFIG";

/// What the environment says. An empty variable says nothing.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `CLICKPROOF_LAKE`: the lake, where `--lake` does not name one.
    pub lake: Option<PathBuf>,
    /// `CLICKPROOF_CONFIG`: the configuration of scores, where `--config` does not name one.
    pub config: Option<PathBuf>,
    /// `NO_COLOR`: any value switches styles off (<https://no-color.org>).
    pub no_color: bool,
    /// `COLUMNS`: the width that tables are cut to on a terminal; without it the terminal is asked.
    pub columns: Option<usize>,
}

impl Environment {
    /// Reads this process's environment.
    pub fn read() -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
        Self {
            lake: variable(LAKE).map(PathBuf::from),
            config: variable(CONFIG).map(PathBuf::from),
            no_color: variable("NO_COLOR").is_some(),
            columns: variable("COLUMNS").and_then(|value| value.to_str()?.parse().ok()).filter(|columns| *columns > 0),
        }
    }
}
