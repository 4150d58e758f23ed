//! Synthetic Everflow traffic by seed: clicks as the JSON of each of its three feeds.
//!
//! Knows the API, not our parser: it shares no code with what it tests. Owns the simulated network (its affiliates, large and
//! small, honest and not), the visitors, the verdicts on their clicks, and the quirks of real answers. Promises the same
//! bytes for the same [`Config`] on every machine, no transaction twice, the same click in every feed that returns it, and
//! rows from newest to oldest. Names, ids and addresses are invented. [`server`] answers requests for it over HTTP.
//!
//! ```
//! use simulator::{Config, Feed, Traffic};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config { clicks_per_day: 100, days: 1, ..Config::new(7, "2026-03-02".parse()?) };
//! let traffic = Traffic::new(config)?;
//! assert!(traffic.rows(Feed::NetworkClicks).all(|row| row.starts_with(r#"{"transaction_id":""#)));
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod click;
mod config;
mod devices;
mod places;
pub mod population;
mod random;
mod rows;
pub mod server;
mod shapes;
mod traffic;
mod visitor;
mod world;

pub use config::{Config, ConfigError, Feed, UnknownFeed};
pub use traffic::Traffic;
pub use world::{Affiliate, Honesty};
