//! The case file: what an analyst sends to defend a payment that is withheld, or reads before deciding not to.
//!
//! Owns `analyze evidence`: the reasons (SQL files, see `reason`), the rule for what is abnormal, and the document. Facts,
//! judgement and sentences are pure; `gather` asks the lake, `render` writes. Promises that all of it comes from one
//! version of the lake, that each implicated click counts once, and that what speaks for the subject is said first.

pub mod change;
mod command;
mod document;
mod facts;
mod gather;
mod judge;
pub(crate) mod reason;
mod render;
mod sentences;

use crate::page::PageError;
use crate::request::RequestError;

pub use command::{EvidenceArgs, run};
pub(crate) use gather::records;
pub use reason::ReasonError;
pub use render::CaseFormat;

/// Why there is no case file.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// A lake without clicks.
    #[error("the lake holds no clicks yet: land some first (see: fetcher land --help)")]
    EmptyLake,
    /// A range without clicks.
    #[error("no clicks in {range}: ask for another range with --from and --to (see: fetcher status)")]
    NoClicks {
        /// The range.
        range: String,
    },
    /// Clicks that do not say whose they are.
    #[error(
        "the clicks of {range} name no {noun}, as those of the affiliate feed do not: ask for an offer with --offer ID, or land a \
         feed of the network"
    )]
    NoIds {
        /// Affiliate or offer.
        noun: &'static str,
        /// The range.
        range: String,
    },
    /// No clicks of this id.
    #[error("no clicks of {noun} {id} in {range}; {hint}")]
    Unknown {
        /// Affiliate or offer.
        noun: &'static str,
        /// What was asked for.
        id: i64,
        /// The range.
        range: String,
        /// Whose clicks there are.
        hint: String,
    },
    /// The id of several.
    #[error("{noun} {id} is in accounts {accounts}, and not the same in each: name one with --account")]
    Ambiguous {
        /// Affiliate or offer.
        noun: &'static str,
        /// What was asked for.
        id: i64,
        /// Which accounts.
        accounts: String,
    },
    /// Two files of one name.
    #[error("--output and --transactions name the same file: give each its own")]
    SameFile,
    /// A reason's header is wrong.
    #[error(transparent)]
    Reason(#[from] ReasonError),
    /// The folder of reasons cannot be read.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A template fails.
    #[error(transparent)]
    Page(#[from] PageError),
}
