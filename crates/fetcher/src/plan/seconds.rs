//! A set of seconds, as the fewest closed intervals.

use std::collections::BTreeMap;

use crate::request::Window;

/// A set of seconds since 1970.
#[derive(Debug, Clone, Default)]
pub(super) struct Seconds {
    /// The last second of each interval by its first; disjoint, and never touching.
    last_by_first: BTreeMap<i64, i64>,
    count: i64,
}

impl Seconds {
    /// How many seconds are in it.
    pub(super) fn count(&self) -> i64 {
        self.count
    }

    pub(super) fn is_empty(&self) -> bool {
        self.last_by_first.is_empty()
    }

    /// The first second and the last.
    pub(super) fn bounds(&self) -> Option<Window> {
        let from = *self.last_by_first.first_key_value()?.0;
        Some(Window { from, to: *self.last_by_first.last_key_value()?.1 })
    }

    /// Puts seconds in; some of them may be in it already.
    pub(super) fn insert(&mut self, window: Window) {
        let Window { mut from, mut to } = window;
        if to < from {
            return;
        }
        while let Some((&first, &last)) = self.last_by_first.range(..=to.saturating_add(1)).next_back() {
            if last < from.saturating_sub(1) {
                break;
            }
            self.last_by_first.remove(&first);
            self.count -= last - first + 1;
            from = from.min(first);
            to = to.max(last);
        }
        self.last_by_first.insert(from, to);
        self.count += to - from + 1;
    }

    /// Takes seconds out; some of them may not be in it.
    pub(super) fn remove(&mut self, window: Window) {
        while let Some((&first, &last)) = self.last_by_first.range(..=window.to).next_back() {
            if last < window.from {
                break;
            }
            self.last_by_first.remove(&first);
            self.count -= last - first + 1;
            for (from, to) in [(first, window.from.saturating_sub(1)), (window.to.saturating_add(1), last)] {
                if (first..=last).contains(&from) && (first..=last).contains(&to) && from <= to {
                    self.last_by_first.insert(from, to);
                    self.count += to - from + 1;
                }
            }
        }
    }

    /// The interval that a second lies in, from that second on; else the next interval; else none.
    pub(super) fn from(&self, second: i64) -> Option<Window> {
        if let Some((_, &to)) = self.last_by_first.range(..=second).next_back()
            && to >= second
        {
            return Some(Window { from: second, to });
        }
        self.last_by_first.range(second..).next().map(|(&from, &to)| Window { from, to })
    }

    /// Its intervals within a window, oldest first.
    #[cfg(test)]
    pub(super) fn within(&self, window: Window) -> impl Iterator<Item = Window> + '_ {
        let mut at = Some(window.from);
        std::iter::from_fn(move || {
            let found = self.from(at?).filter(|found| found.from <= window.to)?;
            let to = found.to.min(window.to);
            at = to.checked_add(1);
            Some(Window { from: found.from, to })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(changes in prop::collection::vec((any::<bool>(), 0i64..60, 0i64..12), 0..40), at in 0i64..70) {
            let mut seconds = Seconds::default();
            let mut truth = BTreeSet::new();
            for (is_insert, from, length) in changes {
                let window = Window { from, to: from + length };
                if is_insert {
                    seconds.insert(window);
                    truth.extend(from..=from + length);
                } else {
                    seconds.remove(window);
                    truth.retain(|second| !(from..=from + length).contains(second));
                }
                prop_assert_eq!(seconds.count(), truth.len() as i64);
            }
            let all = Window { from: -10, to: 100 };
            let listed: Vec<_> = seconds.within(all).flat_map(|window| window.from..=window.to).collect();
            prop_assert_eq!(&listed, &truth.iter().copied().collect::<Vec<_>>());
            let is_apart = seconds.within(all).zip(seconds.within(all).skip(1)).all(|(a, b)| a.to + 1 < b.from);
            prop_assert!(is_apart);
            prop_assert_eq!(seconds.from(at).map(|window| window.from), truth.range(at..).next().copied());
        }
    }
}
