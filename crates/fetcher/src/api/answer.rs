//! A body that came with status 200, with when it was asked for.

use super::budget::Reserved;

/// An answer of Everflow, of which nothing but its status has been looked at.
///
/// Its bytes count as in flight until it is dropped: whoever keeps answers keeps others from being read.
#[derive(Debug)]
pub struct Answer {
    /// The body, decompressed.
    pub body: Vec<u8>,
    /// When the request was sent, in whole seconds since 1970, by this machine's clock. The server cannot know of
    /// clicks that came later.
    pub asked_at: i64,
    /// When the last byte came, in seconds since 1970.
    pub answered_at: i64,
    /// The server's `Date`, in seconds since 1970: far from `asked_at`, one of the two clocks is wrong.
    pub server_time: Option<i64>,
    /// The status, one of 200 to 299.
    pub status: u16,
    /// What the server said about its limit.
    pub rate_limit: RateLimit,
    pub(super) _reserved: Reserved,
}

/// `X-RateLimit-*`: requests in a window of 30 seconds, shared by every program of the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests that the window allows.
    pub limit: Option<u64>,
    /// Requests that are left of it.
    pub remaining: Option<u64>,
}

/// A body that is no answer: torn JSON, a page for humans, `{"Error": ...}`, none of the known wrappers.
///
/// The request is sent again. The text says what was wrong; it may repeat the server's words, it is made safe to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Broken(pub String);
