//! Blocklists: values that a network can paste into its traffic controls, with what blocking them would have cost.
//!
//! Owns `analyze blocklist`. A click is bad where a reason of the [case file](crate::evidence) speaks against it; a value is
//! listed where most of its clicks are. Promises that a value is written exactly as it came, that nothing which stands for
//! more than itself (a masked address) or for nobody in particular (no value) is listed, and that what converts, or is shared
//! by many people, is kept out unless asked for, and said.

mod by;
mod command;
mod statements;

pub use by::By;
pub use command::{BlocklistArgs, BlocklistFormat, run};

/// Why there is no blocklist.
#[derive(Debug, thiserror::Error)]
pub enum BlocklistError {
    /// No such reason.
    #[error("--reason {wanted}: no such reason; {hint}")]
    UnknownReason {
        /// What was typed.
        wanted: String,
        /// What there is.
        hint: String,
    },
    /// A share that is none.
    #[error("--min-share {0}: write a share between 0 and 1, such as 0.9")]
    Share(f64),
    /// Values of several affiliates in a list without names.
    #[error(
        "a list of bare {0} values would strike every affiliate that uses them: name one with --affiliate ID, or write --format csv, \
         which says whose each is"
    )]
    WhoseSource(&'static str),
    /// Values of several accounts in a list without names.
    #[error(
        "the values are of several accounts: name one with --account, or write --format csv, which says whose each is"
    )]
    WhoseAccount,
}
