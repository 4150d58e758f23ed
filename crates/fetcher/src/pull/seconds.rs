//! Sets of seconds, as sorted, disjoint windows that do not touch.

use crate::request::Window;

/// A set of seconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seconds {
    windows: Vec<Window>,
}

impl Seconds {
    /// The seconds from `from` to `to`, both ends inclusive; none where `to` lies before.
    #[must_use]
    pub fn within(from: i64, to: i64) -> Seconds {
        let windows = if from <= to { vec![Window { from, to }] } else { Vec::new() };
        Seconds { windows }
    }

    /// The windows: sorted, disjoint, with at least one second between them.
    #[must_use]
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// True where there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> i64 {
        self.windows.iter().map(|window| window.seconds()).sum()
    }

    /// The last one.
    #[must_use]
    pub fn last(&self) -> Option<i64> {
        self.windows.last().map(|window| window.to)
    }

    /// Adds the seconds of a window.
    pub fn insert(&mut self, window: Window) {
        // Those that overlap or touch it become one with it.
        let start = self.windows.partition_point(|known| known.to < window.from.saturating_sub(1));
        let end = self.windows.partition_point(|known| known.from <= window.to.saturating_add(1));
        let merged = self.windows[start..end.max(start)]
            .iter()
            .fold(window, |merged, known| Window { from: merged.from.min(known.from), to: merged.to.max(known.to) });
        self.windows.splice(start..end.max(start), [merged]);
    }

    /// The seconds that are here and there.
    #[must_use]
    pub fn and(&self, other: &Seconds) -> Seconds {
        let (mut here, mut there) = (self.windows.iter().peekable(), other.windows.iter().peekable());
        let mut windows = Vec::new();
        while let (Some(a), Some(b)) = (here.peek(), there.peek()) {
            let (from, to) = (a.from.max(b.from), a.to.min(b.to));
            if from <= to {
                windows.push(Window { from, to });
            }
            if a.to < b.to {
                here.next()
            } else {
                there.next()
            };
        }
        Seconds { windows }
    }

    /// The seconds that are here, but not there.
    #[must_use]
    pub fn without(&self, other: &Seconds) -> Seconds {
        let mut windows = Vec::new();
        let mut holes = other.windows.iter().peekable();
        for window in &self.windows {
            let mut from = window.from;
            while let Some(hole) = holes.next_if(|hole| hole.to < window.from).or_else(|| holes.peek().copied()) {
                if hole.to < window.from {
                    continue;
                }
                if hole.from > window.to {
                    break;
                }
                if from < hole.from {
                    windows.push(Window { from, to: hole.from - 1 });
                }
                from = hole.to + 1;
                if hole.to > window.to {
                    break;
                }
                holes.next();
            }
            if from <= window.to {
                windows.push(Window { from, to: window.to });
            }
        }
        Seconds { windows }
    }
}

impl FromIterator<Window> for Seconds {
    fn from_iter<I: IntoIterator<Item = Window>>(windows: I) -> Self {
        let mut seconds = Seconds::default();
        windows.into_iter().for_each(|window| seconds.insert(window));
        seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn set_of(seconds: &Seconds) -> BTreeSet<i64> {
        seconds.windows().iter().flat_map(|window| window.from..=window.to).collect()
    }

    fn is_normal(seconds: &Seconds) -> bool {
        let is_apart = |pair: &[Window]| pair[0].to + 1 < pair[1].from;
        seconds.windows().iter().all(|window| window.from <= window.to) && seconds.windows().windows(2).all(is_apart)
    }

    fn any_windows() -> impl Strategy<Value = Vec<Window>> {
        let window = (0i64..60, 0i64..12).prop_map(|(from, length)| Window { from, to: from + length });
        prop::collection::vec(window, 0..10)
    }

    proptest! {
        /// Against sets of single seconds.
        #[test]
        fn as_sets(a in any_windows(), b in any_windows()) {
            let (a, b): (Seconds, Seconds) = (a.into_iter().collect(), b.into_iter().collect());
            let (a_set, b_set) = (set_of(&a), set_of(&b));
            prop_assert!(is_normal(&a));
            prop_assert_eq!(a.count(), a_set.len() as i64);
            prop_assert_eq!(set_of(&a.and(&b)), &a_set & &b_set);
            let without = a.without(&b);
            prop_assert!(is_normal(&without), "{without:?}");
            prop_assert_eq!(set_of(&without), &a_set - &b_set);
        }
    }

    #[test]
    fn a_window_of_no_second_is_none() {
        assert!(Seconds::within(5, 4).is_empty());
        assert_eq!(Seconds::within(5, 5).count(), 1);
    }
}
