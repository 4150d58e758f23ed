//! What a user of the real binaries meets: processes, signals, full disks, broken files, and what is said of them.
//!
//! Every case works in a folder of its own. [`everflow`] makes the input, [`process`] runs the binaries, [`lake_files`]
//! looks at a lake as a stranger would: as files, and through the parquet crate. None of the three shares code with
//! what is tested.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "analyze")]
mod analyze_answers;
#[cfg(feature = "analyze")]
mod analyze_blocklist;
#[cfg(feature = "analyze")]
mod analyze_catalogue;
#[cfg(feature = "analyze")]
mod analyze_evidence;
#[cfg(feature = "analyze")]
mod analyze_invariance;
#[cfg(feature = "analyze")]
mod analyze_naively;
#[cfg(feature = "analyze")]
mod analyze_queries;
#[cfg(feature = "analyze")]
mod analyze_refusals;
#[cfg(feature = "analyze")]
mod analyze_scores;
#[cfg(feature = "analyze")]
mod analyze_tables;
#[cfg(feature = "analyze")]
mod analyze_while_landing;
mod command_line;
mod crash;
mod deployment;
mod doctor;
mod everflow;
mod faults;
mod lake_files;
#[cfg(feature = "analyze")]
mod manual;
mod memory;
mod process;
mod prune;
mod pseudonymize;
mod pull;
mod readers;
#[cfg(feature = "analyze")]
mod report;
#[cfg(feature = "analyze")]
mod shell;
mod signals;
mod status;
mod transcript;
mod verify;
