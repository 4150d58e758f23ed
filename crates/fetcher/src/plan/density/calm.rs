//! Which rows of an answer are a burst: what comes in it does not come again, and forecasts leave it out.

use crate::request::Window;

/// Pieces that an answer's window is compared in.
const PIECES: i64 = 48;
/// Pieces from which their median says what is usual.
const PIECES_MIN: i64 = 6;

/// The rows above which a piece of a window has a burst, by what such pieces usually have.
pub(super) fn likely_most(usual: f64) -> f64 {
    3.0 * usual + 3.0 * usual.sqrt() + 4.0
}

/// How many rows of an answer each piece of its window may have without being a burst.
pub(super) fn calm_limits(window: Window, times: &[i64], usual: Option<f64>) -> CalmLimits {
    let seconds_each = (window.seconds() / PIECES).max(1);
    let mut limits = CalmLimits { from: window.from, seconds_each, rows: f64::INFINITY };
    let bins = window.seconds() / seconds_each;
    if bins >= PIECES_MIN {
        let mut counts: Vec<_> =
            times.chunk_by(|a, b| limits.bin(*a) == limits.bin(*b)).map(|same| same.len()).collect();
        counts.resize(counts.len().max(bins as usize), 0);
        counts.sort_unstable();
        limits.rows = likely_most(counts[counts.len() / 2] as f64);
    }
    if let Some(usual) = usual {
        limits.rows = limits.rows.min(likely_most(usual / bins as f64));
    }
    limits
}

/// The pieces of an answer's window, and how many rows each may have without being a burst.
pub(super) struct CalmLimits {
    from: i64,
    seconds_each: i64,
    pub(super) rows: f64,
}

impl CalmLimits {
    pub(super) fn bin(&self, second: i64) -> i64 {
        (second - self.from) / self.seconds_each
    }
}
