//! A real HTTP server that stands in for Everflow, on a port of this machine.
//!
//! Owns the endpoints ([`Endpoint`]), their caps, keys, limits and errors ([`Settings`]), what there is to tell
//! ([`Content`], of [`Click`]s or of generated traffic with [`Additions`]), the time ([`Clock`]) and what goes wrong
//! ([`Faults`]). Knows Everflow's pages, not our client: it shares no code with what it tests. Everything can be changed while
//! it runs; a request sees the state of when it is answered.
//!
//! | endpoint | default cap | key |
//! |---|---|---|
//! | `POST /v1/networks/reporting/invalidclicks` | 1,000 rows | `network-key` |
//! | `POST /v1/affiliates/reporting/clicks/stream` | 5,000 rows, 14 days | `affiliate-key` |
//! | `POST /v1/networks/reporting/clicks/stream` | 10,000 rows, 14 days | `network-key` |
//! | `POST /v1/networks/reporting/entity/table` | 10,000 rows, then `"incomplete_results": true` | `network-key` |
//! | `GET /v1/meta/timezones` | | either |
//! | `GET /v1/networks` | | `network-key` |
//! | `GET /v1/affiliates/affiliate` | | `affiliate-key` |
//!
//! The server has threads of its own, so tests may be synchronous or asynchronous, and ends when it is dropped.
//!
//! ```
//! use simulator::Feed;
//! use simulator::server::{Click, Endpoint, Fault, Scripted, Server};
//!
//! # fn main() -> std::io::Result<()> {
//! let now = 1_772_409_600;
//! let clicks = (0..5000).map(|number| Click { error_code: 9, ..Click::new(now - number, number.to_string()) });
//! let server = Server::with_clicks(clicks.collect(), now)?;
//! server.configure(|settings| {
//!     settings.caps.invalid_clicks = 100;
//!     settings.faults.script.push(Scripted::nth(Endpoint::InvalidClicks, 2, Fault::CutBody));
//! });
//! // Ask `server.base_url()`, then compare:
//! assert_eq!(server.truth(Feed::InvalidClicks).len(), 5000);
//! assert_eq!(server.count(Endpoint::InvalidClicks), 0);
//! server.set_now(now + 60);
//! # Ok(())
//! # }
//! ```

mod additions;
mod aggregate;
mod answer;
mod click;
mod clock;
mod content;
mod endpoint;
mod fault;
mod filter;
mod handler;
mod log;
mod rate;
mod request;
mod rows;
mod running;
mod settings;
mod time_zones;
mod truth;

pub use additions::{Additions, Burst};
pub use click::{Click, Values};
pub use clock::Clock;
pub use content::Content;
pub use endpoint::{Endpoint, KeyKind};
pub use fault::{Fault, Faults, Scripted, UnknownFault};
pub use log::Received;
pub use running::Server;
pub use settings::{
    Aggregate, Caps, Limits, Order, OverCap, PastRetention, Retention, Settings, Spelling, UnknownFilters, Wrapper,
};
