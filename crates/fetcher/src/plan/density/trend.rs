//! The answers of late: how busy it is now, and where that is heading.

use std::collections::BTreeMap;

use crate::request::Window;

const HOUR: i64 = 3_600;
/// Answers that are kept.
const RECENT_MAX: usize = 256;
/// How far a trend is looked back for, and followed.
const TREND_SECONDS: f64 = 3.0 * HOUR as f64;
/// Rows that make a rate.
const TREND_ROWS: f64 = 100.0;
/// How much traffic may rise or fall in an hour, as a share, for it to be a trend.
const TREND_MOST: f64 = 0.3;

/// An answer that was not cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recent {
    pub(super) seconds: f64,
    pub(super) calm_rows: f64,
    /// Its rows as a multiple of what they might have been without a burst.
    pub(super) surge: f64,
    /// Neither has it a burst, nor was it cut out of a window that had.
    pub(super) is_calm: bool,
}

/// The answers of late, by the last second of their windows.
#[derive(Debug, Default)]
pub(super) struct Recents(BTreeMap<i64, Recent>);

impl Recents {
    pub(super) fn insert(&mut self, to: i64, recent: Recent) {
        self.0.insert(to, recent);
        if self.0.len() > RECENT_MAX {
            self.0.pop_first();
        }
    }

    /// The answers before a second, the newest first.
    pub(super) fn before(&self, second: i64) -> impl Iterator<Item = (i64, &Recent)> {
        self.0.range(..second).rev().map(|(to, recent)| (*to, recent))
    }

    pub(super) fn last_second(&self) -> Option<i64> {
        self.0.last_key_value().map(|(to, _)| *to)
    }

    /// Until when a surge before a second is likely to go on, and how many times the usual rate it has.
    pub(super) fn surge(&self, second: i64) -> Option<(i64, f64)> {
        let (to, recent) = self.before(second).next().filter(|(_, recent)| recent.surge > 1.0)?;
        Some((to.saturating_add(recent.seconds as i64), 3.0 * recent.surge))
    }

    /// The rate that traffic is heading for, going by the last answers: mornings rise and evenings fall.
    pub(super) fn trend(&self, window: Window, from: i64) -> Option<f64> {
        let is_telling = |recent: &Recent| recent.is_calm && recent.seconds <= TREND_SECONDS;
        let before = self.before(from).filter(|(_, recent)| is_telling(recent));
        let (mut last, mut other) = (Stretch::default(), Stretch::default());
        let (mut last_to, mut newest_middle) = (i64::MIN, 0.0);
        for (to, recent) in before {
            let middle = to as f64 - recent.seconds / 2.0;
            if last.seconds == 0.0 {
                (last_to, newest_middle) = (to, middle);
            }
            let back = newest_middle - middle;
            if back <= TREND_SECONDS / 8.0 {
                last.add(middle, recent);
            } else if back >= TREND_SECONDS / 4.0 && (other.seconds == 0.0 || back <= TREND_SECONDS / 2.0) {
                other.add(middle, recent);
            } else if back > TREND_SECONDS / 2.0 {
                break;
            }
        }
        let apart = last.middle() - other.middle();
        let is_gone = (from as f64 - last_to as f64) > TREND_SECONDS / 2.0;
        if last.rows < TREND_ROWS || other.rows < TREND_ROWS || is_gone || apart > TREND_SECONDS {
            return None;
        }
        let slope = (last.rate() / other.rate()).ln() / apart;
        let most = TREND_MOST / HOUR as f64;
        let ahead = ((window.from + window.to) as f64 / 2.0 - last.middle()).min(TREND_SECONDS);
        Some(last.rate() * (slope.clamp(-most, most) * ahead).exp())
    }
}

/// Some answers together.
#[derive(Debug, Default)]
struct Stretch {
    seconds: f64,
    rows: f64,
    seconds_by_middle: f64,
}

impl Stretch {
    fn add(&mut self, middle: f64, recent: &Recent) {
        self.seconds += recent.seconds;
        self.rows += recent.calm_rows;
        self.seconds_by_middle += recent.seconds * middle;
    }

    fn middle(&self) -> f64 {
        self.seconds_by_middle / self.seconds
    }

    fn rate(&self) -> f64 {
        self.rows / self.seconds
    }
}
