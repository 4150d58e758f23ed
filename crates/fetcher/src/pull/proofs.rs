//! What an answer proves, cut to what it can: when was it asked for?

use std::collections::BTreeMap;

use clicks::coverage::Interval;

use super::goal::Wish;
use super::seconds::Seconds;
use crate::api::Answer;
use crate::plan::Proof;
use crate::request::Window;

/// When a request was sent, by our clock and by the server's: where they differ, what proves less counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AskedAt {
    /// What happened later cannot be in the answer.
    pub(super) earliest: i64,
    /// What was forgotten by then cannot be in the answer.
    pub(super) latest: i64,
}

impl AskedAt {
    pub(super) fn of(answer: &Answer) -> AskedAt {
        AskedAt::new(answer.asked_at, answer.answered_at, answer.server_time)
    }

    /// The server looked at its clicks between question and answer. Its own time is from then, unless a clock is wrong.
    pub(super) fn new(asked_at: i64, answered_at: i64, server_time: Option<i64>) -> AskedAt {
        let server_time = server_time.unwrap_or(asked_at);
        AskedAt { earliest: asked_at.min(server_time), latest: asked_at.max(answered_at).max(server_time) }
    }

    fn and(self, other: AskedAt) -> AskedAt {
        AskedAt { earliest: self.earliest.min(other.earliest), latest: self.latest.max(other.latest) }
    }
}

/// Turns what the planner proves into coverage.
#[derive(Debug, Default)]
pub(super) struct Proofs {
    /// Of seconds that are asked for in parts: when the first of them was.
    parts: BTreeMap<i64, AskedAt>,
}

impl Proofs {
    /// Takes in that a window was answered, in whole or in part.
    pub(super) fn answered(&mut self, window: Window, asked_at: AskedAt) {
        if window.seconds() == 1 {
            self.parts.entry(window.from).and_modify(|known| *known = known.and(asked_at)).or_insert(asked_at);
        }
    }

    /// The coverage of a proof that the last answer completed; none where it proves nothing.
    ///
    /// Coverage never passes the time of the request less what is not settled, whatever rows came back. A window that
    /// begins before what Everflow keeps proves nothing, not even of its later part: what is asked for too early may
    /// come back without any rows.
    pub(super) fn interval_of(&mut self, proof: &Proof, last: AskedAt, wish: &Wish) -> Option<Interval> {
        let Proof { window, saturated } = *proof;
        let asked_at = match window.seconds() {
            1 => self.parts.remove(&window.from).unwrap_or(last),
            _ => last,
        };
        let is_kept = window.from >= wish.retention.first_kept(asked_at.latest);
        let to_time = window.to.min(asked_at.earliest.saturating_sub(wish.settle_seconds));
        (is_kept && window.from <= to_time).then(|| Interval {
            feed: wish.feed,
            filters: wish.filter_names(),
            from_time: window.from,
            to_time,
            rows: 0,
            cap: Some(wish.row_cap),
            saturated,
            fetched_at: Some(asked_at.earliest),
            pruned: false,
        })
    }
}

/// What came of the seconds that were asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Settled {
    pub(super) proven: Seconds,
    pub(super) saturated: Seconds,
}

impl Settled {
    pub(super) fn add(&mut self, interval: &Interval) {
        let seconds = if interval.saturated { &mut self.saturated } else { &mut self.proven };
        seconds.insert(Window { from: interval.from_time, to: interval.to_time });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pull::goal::{Again, Retention};
    use clicks::feed::Feed;

    /// 2026-03-15T12:00:00Z
    const NOW: i64 = 1_773_576_000;

    fn wish() -> Wish {
        Wish {
            feed: Feed::InvalidClicks,
            range: Window { from: 0, to: NOW },
            filters: vec![],
            settle_seconds: 600,
            retention: Retention::Days(10),
            again: Again::Nothing,
            row_cap: 1000,
        }
    }

    fn covered(from: i64, to: i64, asked_at: AskedAt) -> Option<(i64, i64)> {
        let proof = Proof { window: Window { from, to }, saturated: false };
        let interval = Proofs::default().interval_of(&proof, asked_at, &wish())?;
        Some((interval.from_time, interval.to_time))
    }

    #[test]
    fn coverage_ends_where_the_request_could_not_yet_know() {
        let asked_at = AskedAt::new(NOW, NOW, None);
        assert_eq!(covered(NOW - 5000, 2 * NOW, asked_at), Some((NOW - 5000, NOW - 600)));
        assert_eq!(covered(NOW - 599, NOW, asked_at), None);
        assert_eq!(covered(NOW - 600, NOW, asked_at), Some((NOW - 600, NOW - 600)));
    }

    #[test]
    fn what_was_asked_for_too_late_proves_nothing() {
        let kept_from = NOW - 10 * 86_400;
        let asked_at = AskedAt::new(NOW, NOW, None);
        assert_eq!(covered(kept_from, kept_from + 9, asked_at), Some((kept_from, kept_from + 9)));
        assert_eq!(covered(kept_from - 1, kept_from + 9, asked_at), None);
        assert_eq!(covered(kept_from, kept_from + 9, AskedAt::new(NOW, NOW + 1, None)), None);
    }

    #[test]
    fn of_two_clocks_the_one_that_proves_less_counts() {
        let (slow, fast) = (AskedAt::new(NOW, NOW, Some(NOW - 100)), AskedAt::new(NOW, NOW, Some(NOW + 100)));
        let kept_from = NOW - 10 * 86_400;
        assert_eq!(covered(kept_from, NOW, slow), Some((kept_from, NOW - 700)));
        assert_eq!(covered(kept_from + 99, NOW, fast), None);
        assert_eq!(covered(kept_from + 100, NOW, fast), Some((kept_from + 100, NOW - 600)));
    }

    #[test]
    fn a_second_in_parts_was_fetched_when_its_first_part_was() {
        let second = Window { from: NOW - 700, to: NOW - 700 };
        let mut proofs = Proofs::default();
        proofs.answered(second, AskedAt::new(NOW - 200, NOW, None));
        proofs.answered(second, AskedAt::new(NOW, NOW, None));
        let proof = Proof { window: second, saturated: false };
        let interval = proofs.interval_of(&proof, AskedAt::new(NOW, NOW, None), &wish());
        assert_eq!(interval, None, "asked for before it settled");
    }
}
