//! What the server promises, asked over real HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod additions;
mod aggregate;
mod answers;
mod caps;
mod client;
mod command_line;
mod faults;
mod filters;
mod keys;
mod limits;
mod windows;
