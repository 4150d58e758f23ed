//! Asks Everflow: keys, addresses, requests, and how answers are had from a server and a network that fail.
//!
//! Owns every byte that is sent to Everflow and every one that comes back: [`Client`] sends, keeps under the published
//! limits, tries again as [`RetryPolicy`] says, bounds time, sizes and memory, and turns what went wrong into an
//! [`ApiError`] with the server's words. Promises that the key reaches no log, error or panic, and goes to no other
//! host. Leaves which requests to send to [`crate::plan`], and what is in an answer to whoever reads it.
//!
//! The parts: [`ApiKey`], [`ClientConfig`], [`Client`] with [`Client::clicks`], the aggregate ([`Client::aggregate`],
//! `Client::rows_by_hour`) and what a check of the set-up needs ([`Client::check_account`], [`Client::time_zones`]).

mod account;
mod aggregate;
mod answer;
mod budget;
mod clicks;
mod client;
mod config;
mod error;
mod exchange;
mod filters;
mod key;
mod pace;
mod retry;
#[cfg(test)]
mod tests;
mod words;

pub use account::{AccountCheck, KeyKind, TimeZone};
pub use aggregate::{Aggregate, AggregateColumn, AggregateRow, CountsByHour, Metric};
pub use answer::{Answer, Broken, RateLimit};
pub use clicks::{click_request_json, path_of};
pub use client::{Client, Counters};
pub use config::{BASE_URL, BASE_URL_EU, ClientConfig, ConfigError, Limits, Timeouts};
pub use error::{ApiError, Transient};
pub use filters::{canonical_resource, resources};
pub use key::{ApiKey, KEY_VARIABLE, KeyError, LoadedKey};
pub use retry::RetryPolicy;
