//! A window whose answer was cut: at least as many rows as the cap, somewhere in it.
//!
//! Decides what to ask for next in such a window. Nothing here is relied on: whatever the cut answer suggests, the parts
//! are asked for, and each is proven or cut by its own answer.

use super::density::Density;
use crate::request::Window;

/// Of the cap, the share that one second has from which it is asked for alone.
const HEAP_SHARE: f64 = 0.5;
/// The same for a second at the edge of what came back, of which more may be hidden.
const HEAP_SHARE_AT_EDGE: f64 = 0.1;
/// Of the cap, the share that a part is made to have.
const PART_SHARE: f64 = 0.88;
/// Parts that a window is split into at most.
const PARTS_MAX: usize = 16;
/// Pieces of the window that are compared with what was expected.
const BINS: usize = 24;
/// Rows that were expected before the first row, or after the last, from which a gap is no chance.
const GAP_ROWS: f64 = 5.0;
/// The same as a share of the window, where nothing was expected.
const GAP_SHARE: f64 = 0.03;

/// A window across whose bounds nothing is asked for.
#[derive(Debug)]
pub(super) struct Overflow {
    pub(super) window: Window,
    pub(super) depth: u32,
    /// Rows that it has at least, where nothing is known of their place: it is then asked for one half at a time, for
    /// whether the other half can be asked for whole depends on what the first brings.
    rows_at_least: Option<f64>,
    is_busy: bool,
}

impl Overflow {
    fn part(window: Window, depth: u32) -> Overflow {
        Overflow { window, depth, rows_at_least: None, is_busy: false }
    }

    fn blind(window: Window, row_cap: f64, depth: u32) -> Overflow {
        Overflow { window, depth, rows_at_least: Some(row_cap), is_busy: false }
    }

    /// Whether nothing is known of where its rows are.
    pub(super) fn is_blind(&self) -> bool {
        self.rows_at_least.is_some()
    }

    /// The next window in it, from the beginning of `piece`, of which nothing was asked; none while one is in flight.
    pub(super) fn next(&mut self, piece: Window) -> Option<Window> {
        let to = self.window.to.min(piece.to);
        if !self.is_blind() {
            return Some(Window { from: piece.from, to });
        }
        if self.is_busy {
            return None;
        }
        self.is_busy = true;
        let half = (to - piece.from + 1) / 2;
        Some(Window { from: piece.from, to: piece.from + half.max(1) - 1 })
    }

    /// Takes an answer that was not cut; what is left of the overflow, unless it is nothing or likely to fit.
    pub(super) fn after(mut self, window: Window, rows: f64, rows_that_fit: f64) -> Option<Overflow> {
        self.is_busy = false;
        self.window.from = window.to + 1;
        let rows_at_least = self.rows_at_least.as_mut()?;
        *rows_at_least -= rows;
        (*rows_at_least >= rows_that_fit && self.window.from <= self.window.to).then_some(self)
    }
}

/// A cut answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut<'a> {
    pub(super) window: Window,
    /// Of the rows that came back, sorted.
    pub(super) times: &'a [i64],
    pub(super) row_cap: f64,
    /// How often in a row the window's surroundings were cut before.
    pub(super) depth: u32,
}

impl Cut<'_> {
    /// What to ask for instead. Tells `density` what the answer suggests where nothing better is known.
    pub(super) fn parts(&self, density: &mut Density) -> Vec<Overflow> {
        let depth = self.depth + 1;
        let (Some(&first), Some(&last)) = (self.times.first(), self.times.last()) else {
            density.hint(self.window, self.rate_guessed());
            return vec![Overflow::blind(self.window, self.row_cap, depth)];
        };
        let usual = density.rows(self.window);
        let (gap_before, gap_after) = self.gaps(first, last, usual);
        let factor = self.rows_for_each_seen(Window { from: first, to: last }, density);
        let edge = [(first, gap_before), (last, gap_after)];
        if let Some(second) = self.heap(factor.unwrap_or(1.0), edge) {
            return vec![Overflow::part(Window { from: second, to: second }, depth)];
        }
        let is_full = gap_before == gap_after;
        if usual.is_none() && is_full {
            // Rows from all over the window are a choice among nobody knows how many.
            density.hint(self.window, self.rate_guessed());
            return vec![Overflow::blind(self.window, self.row_cap, depth)];
        }
        let factor = factor.unwrap_or(1.0);
        let mut windows = if is_full { self.split_evenly(factor) } else { self.split_off_seen(gap_before, factor) };
        if usual.is_none() {
            let span = Window { from: first, to: last };
            density.hint(span, self.times.len() as f64 / span.seconds() as f64);
            // What lies in the gap is not known at all, and is asked for as the answers to the rest suggest.
            windows.retain(
                |window| if gap_before { window.to == self.window.to } else { window.from == self.window.from },
            );
        }
        if windows.contains(&self.window) || windows.is_empty() {
            return vec![Overflow::blind(self.window, self.row_cap, depth)];
        }
        windows.into_iter().map(|window| Overflow::part(window, depth)).collect()
    }

    /// Whether rows come at much more than the usual rate somewhere, so that no forecast was to blame.
    pub(super) fn is_burst(&self, density: &Density) -> bool {
        let (Some(&from), Some(&to)) = (self.times.first(), self.times.last()) else { return false };
        let span = Window { from, to };
        density.rows(span).is_some_and(|usual| {
            let counts = self.counts(span);
            let busiest = counts.iter().copied().fold(0.0, f64::max);
            busiest > 3.0 * usual / BINS as f64 + 10.0
        })
    }

    /// The rows in each of [`BINS`] pieces of a span.
    fn counts(&self, span: Window) -> [f64; BINS] {
        let seconds = span.seconds() as f64 / BINS as f64;
        let mut counts = [0.0; BINS];
        for time in self.times {
            counts[(((time - span.from) as f64 / seconds) as usize).min(BINS - 1)] += 1.0;
        }
        counts
    }

    /// Each overflow without anything to go by makes the next window so many times shorter.
    fn rate_guessed(&self) -> f64 {
        4f64.powi(self.depth.min(8) as i32 + 1) * self.row_cap / self.window.seconds() as f64
    }

    /// Whether rows are missing before the first, and after the last.
    fn gaps(&self, first: i64, last: i64, usual: Option<f64>) -> (bool, bool) {
        let is_gap = |seconds: i64| {
            let share = seconds as f64 / self.window.seconds() as f64;
            usual.map_or(share > GAP_SHARE, |rows| share * rows > GAP_ROWS)
        };
        (is_gap(first - self.window.from), is_gap(self.window.to - last))
    }

    /// How many rows exist for each that came back, judged by the pieces of the window without a burst.
    fn rows_for_each_seen(&self, span: Window, density: &Density) -> Option<f64> {
        let usual = density.rows(span)? / BINS as f64;
        let mut counts = self.counts(span);
        counts.sort_by(f64::total_cmp);
        Some((usual / counts[BINS / 2].max(0.5)).clamp(1.0, 16.0))
    }

    /// The second that by itself is the reason.
    fn heap(&self, factor: f64, edges: [(i64, bool); 2]) -> Option<i64> {
        let highest = self.times.chunk_by(|a, b| a == b).max_by_key(|same| same.len())?;
        let (second, rows) = (highest[0], highest.len() as f64);
        let usual = self.times.len() as f64 / self.window.seconds() as f64;
        let is_at_edge = edges.contains(&(second, true));
        let share = if is_at_edge { HEAP_SHARE_AT_EDGE } else { HEAP_SHARE };
        (rows * factor >= share * self.row_cap && rows >= 10.0 * usual).then_some(second)
    }

    /// Parts that have about the same number of rows.
    fn split_evenly(&self, factor: f64) -> Vec<Window> {
        let rows = self.times.len();
        let parts = (factor * rows as f64 / (PART_SHARE * self.row_cap)).ceil() as usize;
        let parts = parts.clamp(2, PARTS_MAX);
        let mut windows = Vec::new();
        let mut from = self.window.from;
        for part in 1..parts {
            let to = self.times[part * rows / parts];
            if to >= from && to < self.window.to {
                windows.push(Window { from, to });
                from = to + 1;
            }
        }
        windows.push(Window { from, to: self.window.to });
        windows
    }

    /// The seconds of which the rows came back, as far as they fit into one answer, and the others.
    fn split_off_seen(&self, gap_before: bool, factor: f64) -> Vec<Window> {
        let rows = self.times.len();
        let wanted = ((PART_SHARE * self.row_cap / factor) as usize).clamp(1, rows);
        let before = if gap_before { self.times[rows - wanted] - 1 } else { self.times[wanted - 1] };
        if before < self.window.from || before >= self.window.to {
            return vec![self.window];
        }
        vec![Window { from: self.window.from, to: before }, Window { from: before + 1, to: self.window.to }]
    }
}
