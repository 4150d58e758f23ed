//! Answers questions from the lake: a DataFusion session that is read-only by construction, the catalogue of queries
//! that ship, and the formats an answer is written in.
//!
//! Owns the binary `analyze`. Leaves the shape of a click, the layout of the lake and its coverage to `clicks`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod args;
mod argument_values;
pub mod blocklist;
pub mod catalogue;
pub mod check;
pub mod delivery;
pub mod engine;
pub mod environment;
pub mod evidence;
mod failpoint;
pub mod formats;
pub mod functions;
pub mod inquiry;
mod listing;
pub mod lists;
pub mod output;
pub mod page;
pub mod printer;
pub mod process;
pub mod report;
pub mod request;
pub mod run;
pub mod scorecard;
pub mod scoring;
pub mod shell;
pub mod signals;
mod suggestion;
pub mod temporaries;
