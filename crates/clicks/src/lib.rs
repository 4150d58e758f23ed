//! The click and its lake.
//!
//! Owns what a click looks like ([`schema`]), how a row of Everflow JSON becomes one ([`document`], [`typing`]), where
//! clicks lie ([`lake`]), what is known to be complete ([`coverage`]), and how new rows join what is there
//! ([`landing`]). Promises that a click is never lost nor counted twice: a row that cannot be typed goes to
//! [`quarantine`], a value that its column cannot hold goes to `extra`, and a partition is replaced as a whole or not
//! at all.
//!
//! Leaves to others: where JSON comes from (`fetcher`), and what it means (`analysis`).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout))]

mod chunk;
pub mod coverage;
pub mod document;
pub mod error_codes;
mod failpoint;
pub mod feed;
pub mod gather;
pub mod lake;
pub mod landing;
mod lock;
pub mod partition;
pub mod prune;
pub mod pseudonym;
pub mod quarantine;
pub mod schema;
mod shared;
pub mod tally;
pub mod time_bound;
pub mod typing;
mod versions;
mod width;
