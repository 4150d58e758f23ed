//! A window whose answer was cut: at least as many rows as the cap, somewhere in it.

use super::density::Density;
use crate::request::Window;

/// Of a cut answer's rows, the share in one second from which that second is asked for alone.
const HEAP_SHARE: f64 = 0.15;

/// What is left of a window whose answer was cut.
///
/// Nothing is asked for across its bounds, and it is asked for one half at a time: whether the other half can be asked
/// for whole depends on what the first brings.
#[derive(Debug)]
pub(super) struct Overflow {
    pub(super) window: Window,
    /// Rows that the window has at least.
    pub(super) rows_at_least: f64,
    pub(super) depth: u32,
    is_busy: bool,
}

impl Overflow {
    pub(super) fn new(window: Window, row_cap: u64, depth: u32) -> Overflow {
        Overflow { window, rows_at_least: row_cap as f64, depth, is_busy: false }
    }

    /// The next window in it, from the beginning of `piece`, of which nothing was asked; none while one is in flight.
    pub(super) fn next(&mut self, piece: Window) -> Option<Window> {
        if self.is_busy {
            return None;
        }
        self.is_busy = true;
        let last = self.window.to.min(piece.to);
        let half = (last - piece.from + 1) / 2;
        Some(Window { from: piece.from, to: piece.from + half.max(1) - 1 })
    }

    /// Takes an answer that was not cut; false when nothing is left of the overflow.
    pub(super) fn take_whole(&mut self, window: Window, rows: f64) -> bool {
        self.is_busy = false;
        self.rows_at_least -= rows;
        self.window.from = window.to + 1;
        self.window.from <= self.window.to
    }
}

/// The second that holds so many of a cut answer's rows that it is likely to be what made it overflow.
pub(super) fn heap_of(sorted_times: &[i64], row_cap: u64, window: Window) -> Option<i64> {
    let highest = sorted_times.chunk_by(|a, b| a == b).max_by_key(|same| same.len())?;
    let rows = highest.len() as f64;
    let usual = sorted_times.len() as f64 / window.seconds() as f64;
    (rows >= HEAP_SHARE * row_cap as f64 && rows >= 10.0 * usual).then_some(highest[0])
}

/// Tells what a cut answer suggests of the rate, where nothing better is known.
pub(super) fn hint(density: &mut Density, window: Window, sorted_times: &[i64], depth: u32) {
    let (Some(&first), Some(&last)) = (sorted_times.first(), sorted_times.last()) else {
        return guess(density, window, depth);
    };
    let span = Window { from: first, to: last };
    if span.seconds() as f64 > 0.97 * window.seconds() as f64 {
        // Rows from all over the window are a choice among more.
        return guess(density, window, depth);
    }
    density.hint(span, sorted_times.len() as f64 / span.seconds() as f64);
}

/// Without any rows to go by, each overflow makes the next window so many times shorter.
fn guess(density: &mut Density, window: Window, depth: u32) {
    density.hint_cap(window, 4f64.powi(depth.min(8) as i32 + 1));
}
