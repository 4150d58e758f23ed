//! Everflow's own counts, held against what its answers bring.
//!
//! An answer can be empty, or short, and say nothing of it: where more clicks match than the cap, the page can be read as
//! "none are returned"; what is no longer kept comes back as no rows; and the cap of a key may be another than the one
//! documented. Where the counts are known, such an answer proves nothing.

use std::collections::BTreeMap;

use crate::request::Window;

const HOUR: i64 = 3_600;
/// Fewer clicks are too few to tell: one may have come after the counts, or be counted in another hour.
const CLICKS_MIN: u64 = 20;

/// The least that Everflow counts of a feed in each UTC hour, by its first second; empty where it told none.
#[derive(Debug, Default)]
pub(super) struct Counted(pub(super) BTreeMap<i64, u64>);

impl Counted {
    /// How many clicks are counted in the whole hours of a window, where an answer with so many rows has less than nine
    /// tenths of them.
    pub(super) fn contradicts(&self, window: Window, rows: u64) -> Option<u64> {
        let first = (window.from + HOUR - 1).div_euclid(HOUR) * HOUR;
        let end = (window.to + 1).div_euclid(HOUR) * HOUR;
        let counted: u64 = if first < end { self.0.range(first..end).map(|(_, clicks)| clicks).sum() } else { 0 };
        (counted >= CLICKS_MIN && rows.saturating_mul(10) < counted.saturating_mul(9)).then_some(counted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_hours_and_many_clicks_contradict() {
        let counted = Counted([(0, 30), (HOUR, 30), (2 * HOUR, 5)].into());
        let of = |from, to, rows| counted.contradicts(Window { from, to }, rows);
        assert_eq!(of(0, 2 * HOUR - 1, 53), Some(60));
        assert_eq!(of(0, 2 * HOUR - 1, 54), None);
        assert_eq!(of(1, 2 * HOUR - 1, 0), Some(30), "of the first hour a second is missing");
        assert_eq!(of(1, 2 * HOUR - 2, 0), None);
        assert_eq!(of(2 * HOUR, 9 * HOUR, 0), None, "five clicks are too few to tell");
        assert_eq!(of(10, 10, 0), None);
        assert_eq!(Counted::default().contradicts(Window { from: 0, to: i64::MAX - HOUR }, 0), None);
    }
}
