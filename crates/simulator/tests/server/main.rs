//! What the server promises, asked over real HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod caps;
mod client;
mod filters;
mod keys;
