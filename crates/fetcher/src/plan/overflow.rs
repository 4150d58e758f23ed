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

/// Cuts in a row after which hints are no longer followed.
const CUTS_IN_A_ROW: u32 = 6;
/// Rows that a cut answer is taken to stand for where it tells nothing, as a multiple of the cap.
const GUESS: f64 = 10.0;

/// What was cut that a window is part of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Surroundings {
    /// How often in a row.
    pub(super) cuts: u32,
    /// Whether it has a burst.
    pub(super) have_burst: bool,
}

/// A window across whose bounds nothing is asked for.
#[derive(Debug)]
pub(super) struct Overflow {
    pub(super) window: Window,
    pub(super) surroundings: Surroundings,
    /// Rows that it has at least, where nothing is known of their place: it is then asked for one half at a time, for
    /// whether the other half can be asked for whole depends on what the first brings.
    rows_at_least: Option<f64>,
    is_busy: bool,
}

impl Overflow {
    fn part(window: Window, surroundings: Surroundings) -> Overflow {
        Overflow { window, surroundings, rows_at_least: None, is_busy: false }
    }

    fn blind(window: Window, row_cap: f64, surroundings: Surroundings) -> Overflow {
        Overflow { window, surroundings, rows_at_least: Some(row_cap), is_busy: false }
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
    pub(super) surroundings: Surroundings,
}

impl Cut<'_> {
    /// What to ask for instead. Tells `density` what the answer suggests where nothing better is known.
    pub(super) fn parts(&self, density: &mut Density) -> Vec<Overflow> {
        let have_burst = self.surroundings.have_burst || self.is_burst(density);
        let here = Surroundings { cuts: self.surroundings.cuts + 1, have_burst };
        let halves = |density: &mut Density| {
            density.hint(self.window, self.rate_guessed());
            vec![Overflow::blind(self.window, self.row_cap, here)]
        };
        let (Some(&first), Some(&last)) = (self.times.first(), self.times.last()) else { return halves(density) };
        let usual = density.rows(self.window);
        let (gap_before, gap_after) = self.gaps(first, last, usual);
        let factor = self.rows_for_each_seen(Window { from: first, to: last }, density);
        let edge = [(first, gap_before), (last, gap_after)];
        if let Some(second) = self.heap(factor.unwrap_or(1.0), edge) {
            return vec![Overflow::part(Window { from: second, to: second }, here)];
        }
        let is_full = gap_before == gap_after;
        // Rows from all over the window are a choice among nobody knows how many. And where hints have led from one cut
        // answer to the next, they lead nowhere.
        if (is_full && usual.is_none()) || here.cuts > CUTS_IN_A_ROW {
            return halves(density);
        }
        let factor = factor.unwrap_or(1.0);
        if is_full {
            let windows = self.split_evenly(factor);
            if windows.len() < 2 {
                return halves(density);
            }
            return windows.into_iter().map(|window| Overflow::part(window, here)).collect();
        }
        let Some((seen, gap)) = self.split_off_seen(gap_before, factor) else { return halves(density) };
        if usual.is_none() {
            let span = Window { from: first, to: last };
            density.hint(span, self.times.len() as f64 / span.seconds() as f64);
        }
        let mut parts = vec![Overflow::part(seen, here)];
        if density.rows(gap).is_some_and(|rows| rows < self.row_cap) {
            parts.push(Overflow::part(gap, here));
        }
        // Else the gap is too much for one answer, or nothing is known of it: the next answers tell.
        parts
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
        GUESS.powi(self.surroundings.cuts.min(8) as i32 + 1) * self.row_cap / self.window.seconds() as f64
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
    fn split_off_seen(&self, gap_before: bool, factor: f64) -> Option<(Window, Window)> {
        let Window { from, to } = self.window;
        let rows = self.times.len();
        let wanted = ((PART_SHARE * self.row_cap / factor) as usize).clamp(1, rows);
        let before = if gap_before { self.times[rows - wanted] - 1 } else { self.times[wanted - 1] };
        if before < from || before >= to {
            return None;
        }
        let (older, newer) = (Window { from, to: before }, Window { from: before + 1, to });
        Some(if gap_before { (newer, older) } else { (older, newer) })
    }
}
