//! What can be asked of Everflow: the vocabulary that planning and asking share.

use std::fmt;

use clicks::feed::Feed;

/// A closed interval of seconds since 1970: both ends belong to it, and `to >= from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    /// The first second.
    pub from: i64,
    /// The last second.
    pub to: i64,
}

impl Window {
    /// How many seconds it has, at least one.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.to - self.from + 1
    }
}

/// Keeps the rows of which a resource has a value, or, as an exclusion, those of which it has not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Filter {
    /// Everflow's name of the resource, such as `error_code`, `offer` or `affiliate`.
    pub resource: String,
    /// The value, as text, even of ids.
    pub value: String,
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.resource, self.value)
    }
}

/// One request for raw clicks. Filters of one resource are alternatives, those of different resources all apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClickRequest {
    /// The feed that is asked.
    pub feed: Feed,
    /// The seconds that are asked for.
    pub window: Window,
    /// Rows that are wanted.
    pub filters: Vec<Filter>,
    /// Rows that are not.
    pub exclusions: Vec<Filter>,
}
