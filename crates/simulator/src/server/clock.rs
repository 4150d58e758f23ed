//! The server's own time: what has happened, what is too old.

use std::time::Instant;

use chrono::Utc;

/// The server's clock.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The real time.
    Real,
    /// Stands at this second since 1970.
    Stopped(i64),
    /// Showed a second since 1970 at an instant, and goes on from there.
    Running(i64, Instant),
}

impl Clock {
    /// A clock that shows `second` now and goes on.
    pub fn running_from(second: i64) -> Self {
        Self::Running(second, Instant::now())
    }

    /// Seconds since 1970.
    pub fn now(self) -> i64 {
        match self {
            Self::Real => Utc::now().timestamp(),
            Self::Stopped(second) => second,
            Self::Running(second, since) => {
                second.saturating_add(i64::try_from(since.elapsed().as_secs()).unwrap_or(i64::MAX))
            }
        }
    }
}
