//! Which requests get every click of a range: a pure state machine that reads no clock and sends nothing.
//!
//! The caller asks for the next request as long as it has room for one, and says what each brought. See
//! [`Planner`].

use std::collections::BTreeMap;

use clicks::feed::Feed;

use crate::request::{ClickRequest, Filter, Window};

/// What is to be got.
#[derive(Debug, Clone)]
pub struct Goal {
    /// The feed.
    pub feed: Feed,
    /// The seconds that are not covered yet: sorted, disjoint.
    pub windows: Vec<Window>,
    /// The user's filters, which every request carries.
    pub filters: Vec<Filter>,
    /// Rows at which an answer is taken for cut: the feed's cap, or fewer.
    pub row_cap: u64,
    /// The longest window that may be asked for, in seconds: 14 days for the streams.
    pub longest_window_seconds: i64,
    /// Rows that are expected, by the first second of the UTC hour, where Everflow's aggregate told; else empty.
    pub expected_rows_by_hour: BTreeMap<i64, u64>,
}

/// Names a request in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What an answer brought, as far as planning needs it.
#[derive(Debug, Clone, Default)]
pub struct Brought {
    /// Rows in the answer, before anything was dropped, doubled rows included: what the cap is compared with.
    pub rows: u64,
    /// Seconds since 1970 of the rows that lie within the window, in any order.
    pub times: Vec<i64>,
    /// For a window of one second: the values that the rows have of each resource that the feed can be filtered by.
    pub values: BTreeMap<&'static str, BTreeMap<String, u64>>,
}

/// Seconds whose every click is known, or of which it is known that more exist than can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The seconds.
    pub window: Window,
    /// True where the feed's cap cannot be passed by any split: more rows may exist.
    pub saturated: bool,
}

/// The state machine: (what is known, the answer just seen) -> next requests.
#[derive(Debug)]
pub struct Planner {}

impl Planner {
    /// Begins.
    #[must_use]
    pub fn new(_goal: Goal) -> Planner {
        Planner {}
    }

    /// The next request that may be sent now; none while answers must be waited for first, or when all is done.
    pub fn next_request(&mut self) -> Option<(Ticket, ClickRequest)> {
        None
    }

    /// Takes what a request brought.
    pub fn answered(&mut self, _ticket: Ticket, _brought: &Brought) {}

    /// A request that was given up: its window stays unproven, and is not asked for again.
    pub fn failed(&mut self, _ticket: Ticket) {}

    /// What was proven since the last call. The rows of every answer that a proof rests on were handed to
    /// [`Planner::answered`] before.
    pub fn take_proofs(&mut self) -> Vec<Proof> {
        Vec::new()
    }

    /// True when nothing is in flight and nothing is left to ask.
    #[must_use]
    pub fn is_done(&self) -> bool {
        true
    }

    /// Seconds of the goal that are neither proven, saturated nor given up.
    #[must_use]
    pub fn seconds_left(&self) -> i64 {
        0
    }

    /// Requests that are still expected to be needed, for a progress line.
    #[must_use]
    pub fn requests_left(&self) -> u64 {
        0
    }
}
