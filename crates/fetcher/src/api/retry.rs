//! When a request is sent again.

use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use chrono::DateTime;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// When a request is sent again, and when it is given up. Requests only read, so that sending one twice changes nothing.
///
/// # What is tried again
///
/// - status 429, 408, and 500 to 599;
/// - no connection, a connection that broke, a name that was not found;
/// - nothing received for [`super::Timeouts::idle`], no whole answer within [`super::Timeouts::answer`];
/// - a body that is cut off, does not unpack, or that its reader calls [`super::Broken`]: torn JSON, a page for
///   humans, `{"Error": ...}` with status 200.
///
/// # What is not
///
/// Every other status, 400, 401, 403 and 404 among them; a redirect; a certificate that is not trusted; a body over
/// [`super::Limits::body_bytes_max`]. (A 400 for a filter whose name Everflow misspells is sent once in each other
/// spelling, until one was accepted: see [`super::canonical_resource`].)
///
/// # How long
///
/// 1. The wait before the n-th try is `first_wait * 2^(n-2)`, at most `longest_wait`, and a random part of up to as
///    much again, so that programs that failed together do not come back together.
/// 2. A longer `Retry-After` (seconds or date) is obeyed, up to `longest_retry_after`.
/// 3. After a 429 no request of this client is sent until that wait is over: the limit is everybody's.
/// 4. It is given up after `tries_max` tries, or when the next one could not begin before `total_max` is over, counted
///    from the first one. A try that is under way then ends at that time. So a call ends within `total_max`, not
///    counting the wait for its first turn, for memory, and its reader's time.
/// 5. The last failure is what is reported, with the server's words.
/// 6. Every wait ends when the call is dropped.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// Tries in all, the first one among them.
    pub tries_max: u32,
    /// The wait before the second try.
    pub first_wait: Duration,
    /// The longest wait, without its random part.
    pub longest_wait: Duration,
    /// The longest wait that the server may ask for.
    pub longest_retry_after: Duration,
    /// All tries and waits together.
    pub total_max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            tries_max: 10,
            first_wait: Duration::from_secs(1),
            // Limits are counted in windows of 30 s.
            longest_wait: Duration::from_secs(30),
            longest_retry_after: Duration::from_secs(120),
            total_max: Duration::from_secs(600),
        }
    }
}

impl RetryPolicy {
    /// Never tries again.
    #[must_use]
    pub fn once() -> RetryPolicy {
        RetryPolicy { tries_max: 1, ..RetryPolicy::default() }
    }

    /// The waits before the second try, the third, and so on.
    pub(super) fn waits(&self) -> ExponentialBackoff {
        ExponentialBuilder::new()
            .with_min_delay(self.first_wait)
            .with_max_delay(self.longest_wait)
            .with_max_times(self.tries_max.saturating_sub(1) as usize)
            .with_jitter()
            .build()
    }

    /// The wait that the server asked for, within our bound.
    pub(super) fn retry_after(&self, headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
        let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        let wait = match text.parse::<u64>() {
            Ok(seconds) => Duration::from_secs(seconds),
            // A time that has passed asks for no wait.
            Err(_) => {
                SystemTime::from(DateTime::parse_from_rfc2822(text).ok()?).duration_since(now).unwrap_or_default()
            }
        };
        Some(wait.min(self.longest_retry_after))
    }
}
