//! Which requests get every click of a range: a pure state machine that reads no clock and sends nothing.
//!
//! The caller asks for the next request as long as it has room for one, and says what each brought. See
//! [`Planner`]. Owns the choice of windows and what an answer proves; leaves sending, retrying and landing to others.
//! Promises: the first request goes alone; every second of the goal is in the end proven, saturated or given up, and in
//! one proof only; a second is proven by an answer that was not cut, or by parts that were not cut and together are all
//! of it. Of a cut answer only that it was cut is relied on, for which of the rows survive is not documented; its times
//! and values are hints.

mod density;
mod known_values;
mod overflow;
mod second;
mod seconds;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use clicks::feed::Feed;

use density::{Basis, Density, Sized};
use known_values::KnownValues;
use overflow::{Cut, Overflow, Surroundings};
use second::{Part, Splitting};
use seconds::Seconds;

pub use second::resources;

use crate::request::{ClickRequest, Filter, Window};

/// What is to be got.
#[derive(Debug, Clone)]
pub struct Goal {
    /// The feed.
    pub feed: Feed,
    /// The seconds that are not covered yet: sorted, disjoint.
    pub windows: Vec<Window>,
    /// The user's filters, which every request carries.
    pub filters: Vec<Filter>,
    /// Rows at which an answer is taken for cut: the feed's cap, or fewer.
    pub row_cap: u64,
    /// The longest window that may be asked for, in seconds: 14 days for the streams.
    pub longest_window_seconds: i64,
    /// Rows that are expected, by the first second of the UTC hour, where Everflow's aggregate told; else empty.
    pub expected_rows_by_hour: BTreeMap<i64, u64>,
}

/// Names a request in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What an answer brought, as far as planning needs it.
#[derive(Debug, Clone, Default)]
pub struct Brought {
    /// Rows in the answer, before anything was dropped, doubled rows included: what the cap is compared with.
    pub rows: u64,
    /// Seconds since 1970 of the rows that lie within the window, in any order.
    pub times: Vec<i64>,
    /// For a window of one second, or an answer that is cut: how many of the rows have which value of each resource that
    /// the feed can be filtered by. Hints that spare requests: nothing is lost without them, but seconds with more rows
    /// than the cap can then hardly be split.
    pub values: BTreeMap<&'static str, BTreeMap<String, u64>>,
}

/// Seconds whose every click is known, or of which it is known that more exist than can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The seconds.
    pub window: Window,
    /// True where the feed's cap cannot be passed by any split: more rows may exist.
    pub saturated: bool,
}

/// A day is a partition; its seconds are finished before the next.
const DAY: i64 = 86_400;
/// Days beyond the oldest unfinished one that are asked for at the same time, where a window is shorter than a day.
const DAYS_AHEAD: i64 = 2;
/// How far from the last answer a window may begin beside others, where only answers nearby say what to expect.
const NEARBY_SECONDS: i64 = 1_200;
/// Holes that one window may bridge.
const BRIDGES_MAX: usize = 64;

/// Of the seconds that looked like too much for one answer, the share that was, from which the next such second is split
/// without asking for the whole of it.
const HEAPS_CUT: f64 = 0.7;

/// What a request in flight asked for.
#[derive(Debug)]
enum Asked {
    Window {
        window: Window,
        /// The seconds of the goal among the window's: it may bridge what is covered already.
        wanted: Vec<Window>,
        forecast: Option<Sized>,
        surroundings: Surroundings,
    },
    Part {
        second: i64,
        part: Part,
    },
}

impl Asked {
    fn first_second(&self) -> i64 {
        match self {
            Asked::Window { window, .. } => window.from,
            Asked::Part { second, .. } => *second,
        }
    }
}

/// The state machine: (what is known, the answer just seen) -> next requests.
#[derive(Debug)]
pub struct Planner {
    feed: Feed,
    filters: Vec<Filter>,
    row_cap: u64,
    longest_window_seconds: i64,
    goal: Seconds,
    /// Neither settled nor in flight nor being split.
    to_ask: Seconds,
    seconds_left: i64,
    in_flight: BTreeMap<Ticket, Asked>,
    next_ticket: u64,
    has_answer: bool,
    density: Density,
    /// By their first second; disjoint.
    overflows: BTreeMap<i64, Overflow>,
    splittings: BTreeMap<i64, Splitting>,
    values: KnownValues,
    /// Rows of a split second, as a multiple of the cap: the mean of those seen.
    second_size: f64,
    /// Of the seconds that looked like too much for one answer, the share that was.
    heaps_cut: f64,
    proofs: Vec<Proof>,
}

impl Planner {
    /// Begins.
    #[must_use]
    pub fn new(goal: Goal) -> Planner {
        let mut seconds = Seconds::default();
        for window in goal.windows {
            seconds.insert(window);
        }
        let row_cap = goal.row_cap.max(1);
        let range = seconds.bounds().unwrap_or(Window { from: 0, to: 0 });
        Planner {
            feed: goal.feed,
            filters: goal.filters,
            row_cap,
            longest_window_seconds: goal.longest_window_seconds.max(1),
            seconds_left: seconds.count(),
            to_ask: seconds.clone(),
            goal: seconds,
            in_flight: BTreeMap::new(),
            next_ticket: 0,
            has_answer: false,
            density: Density::new(range, goal.expected_rows_by_hour, row_cap),
            overflows: BTreeMap::new(),
            splittings: BTreeMap::new(),
            values: KnownValues::default(),
            second_size: 2.5,
            heaps_cut: 0.5,
            proofs: Vec::new(),
        }
    }

    /// The next request that may be sent now; none while answers must be waited for first, or when all is done.
    pub fn next_request(&mut self) -> Option<(Ticket, ClickRequest)> {
        if !self.has_answer && !self.in_flight.is_empty() {
            return None;
        }
        let asked = self.next_part().or_else(|| self.next_window())?;
        let (window, (filters, exclusions)) = match &asked {
            Asked::Window { window, .. } => (*window, (self.filters.clone(), Vec::new())),
            Asked::Part { second, part } => (Window { from: *second, to: *second }, part.filters_and_exclusions()),
        };
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.in_flight.insert(ticket, asked);
        Some((ticket, ClickRequest { feed: self.feed, window, filters, exclusions }))
    }

    /// Takes what a request brought.
    pub fn answered(&mut self, ticket: Ticket, brought: &Brought) {
        let Some(asked) = self.in_flight.remove(&ticket) else { return };
        self.has_answer = true;
        self.values.learn(&brought.values);
        match asked {
            Asked::Part { second, part } => {
                if let Some(splitting) = self.splittings.get_mut(&second) {
                    splitting.answered(part, brought);
                }
                self.finish_second(second);
            }
            Asked::Window { window, wanted, forecast, surroundings } => {
                self.density.compare_with_aggregate(window, brought.rows);
                let mut times = brought.times.clone();
                times.sort_unstable();
                if brought.rows >= self.row_cap {
                    self.take_cut(window, &wanted, forecast, surroundings, brought, &times);
                } else {
                    self.take_whole(window, &wanted, forecast, surroundings, &times);
                }
            }
        }
    }

    /// A request that was given up: its window stays unproven, and is not asked for again.
    pub fn failed(&mut self, ticket: Ticket) {
        match self.in_flight.remove(&ticket) {
            Some(Asked::Window { window, wanted, .. }) => {
                self.seconds_left -= wanted.iter().map(|wanted| wanted.seconds()).sum::<i64>();
                if let Some(first) = self.overflow_at(window.from) {
                    self.overflows.remove(&first);
                }
            }
            Some(Asked::Part { second, .. }) => {
                if let Some(splitting) = self.splittings.get_mut(&second) {
                    splitting.failed();
                }
                self.finish_second(second);
            }
            None => {}
        }
    }

    /// What was proven since the last call. The rows of every answer that a proof rests on were handed to
    /// [`Planner::answered`] before.
    pub fn take_proofs(&mut self) -> Vec<Proof> {
        std::mem::take(&mut self.proofs)
    }

    /// True when nothing is in flight and nothing is left to ask.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.in_flight.is_empty() && self.to_ask.is_empty() && self.splittings.is_empty()
    }

    /// Seconds of the goal that are neither proven, saturated nor given up.
    #[must_use]
    pub fn seconds_left(&self) -> i64 {
        self.seconds_left
    }

    /// Requests that are still expected to be needed, for a progress line.
    #[must_use]
    pub fn requests_left(&self) -> u64 {
        let parts: usize = self.splittings.values().map(Splitting::parts_left).sum();
        let windows = self.in_flight.values().filter(|asked| matches!(asked, Asked::Window { .. })).count();
        let seconds = self.to_ask.count() as f64;
        let by_rows = self.density.rows_expected(self.to_ask.count()) / self.density.rows_aimed_at();
        let by_length = seconds / self.longest_window_seconds as f64;
        let at_least_one = if self.to_ask.is_empty() { 0.0 } else { 1.0 };
        (parts + windows) as u64 + by_rows.max(by_length).max(at_least_one).ceil() as u64
    }

    fn next_part(&mut self) -> Option<Asked> {
        self.splittings
            .iter_mut()
            .find_map(|(&second, splitting)| splitting.next().map(|part| Asked::Part { second, part }))
    }

    /// The oldest seconds that may be asked for now, as many of them as are likely to stay under the cap.
    fn next_window(&mut self) -> Option<Asked> {
        let mut at = i64::MIN;
        loop {
            let piece = self.to_ask.from(at)?;
            if let Some(first) = self.overflow_at(piece.from) {
                let overflow = self.overflows.get_mut(&first)?;
                let end = overflow.window.to;
                if let Some(mut window) = overflow.next(piece) {
                    if overflow.is_blind() {
                        window.to = self.density.size(window.from, window.to).map_or(window.to, |sized| sized.to);
                    }
                    return Some(self.ask(window, vec![window], None));
                }
                at = end.checked_add(1)?;
                continue;
            }
            let (window, wanted, forecast) = self.size(piece);
            if !self.in_flight.is_empty() && !self.may_go_beside_others(window, forecast) {
                return None;
            }
            return Some(self.ask(window, wanted, forecast));
        }
    }

    fn ask(&mut self, window: Window, wanted: Vec<Window>, forecast: Option<Sized>) -> Asked {
        for wanted in &wanted {
            self.to_ask.remove(*wanted);
        }
        let overflow = self.overflow_at(window.from).and_then(|first| self.overflows.get(&first));
        let surroundings = overflow.map_or_else(Surroundings::default, |overflow| overflow.surroundings);
        Asked::Window { window, wanted, forecast, surroundings }
    }

    fn within_longest(&self, window: Window) -> Window {
        Window { from: window.from, to: window.to.min(window.from.saturating_add(self.longest_window_seconds - 1)) }
    }

    /// A window from the beginning of a piece of what is to ask, and which of its seconds are wanted.
    fn size(&self, piece: Window) -> (Window, Vec<Window>, Option<Sized>) {
        let next_overflow = self.overflows.range(piece.from..).next().map_or(i64::MAX, |(first, _)| *first);
        let limit = self.within_longest(Window { from: piece.from, to: next_overflow - 1 }).to;
        let whole = Window { from: piece.from, to: piece.to.min(limit) };
        let Some(mut sized) = self.density.size(whole.from, whole.to) else {
            // A day tells of all hours, and an empty one of how much may be asked for at once.
            let probe = Window { from: whole.from, to: whole.to.min(whole.from.saturating_add(DAY - 1)) };
            return (probe, vec![probe], None);
        };
        let mut wanted = vec![Window { from: piece.from, to: sized.to }];
        let mut last = piece;
        while sized.to == last.to && wanted.len() <= BRIDGES_MAX {
            let Some(next) = last.to.checked_add(1).and_then(|second| self.to_ask.from(second)) else { break };
            let is_hole_covered = self.goal.from(last.to + 1).is_some_and(|goal| goal.from == next.from);
            if !is_hole_covered || next.to > limit {
                break;
            }
            match self.density.size(piece.from, next.to) {
                Some(wider) if wider.to == next.to => sized = wider,
                _ => break,
            }
            wanted.push(next);
            last = next;
        }
        (Window { from: piece.from, to: sized.to }, wanted, Some(sized))
    }

    /// Whether a window is worth asking for before the answers in flight are known: it should not be a guess that they
    /// may prove wrong, nor begin many days before the oldest is finished.
    fn may_go_beside_others(&self, window: Window, forecast: Option<Sized>) -> bool {
        let Some(forecast) = forecast else { return false };
        let reach = if window.seconds() >= DAY { window.seconds() } else { NEARBY_SECONDS };
        let is_sure = match forecast.basis {
            Basis::Expected | Basis::SameHour => true,
            Basis::Nearby => self.density.seconds_since_answer(window.from) <= reach,
            Basis::Unknown => false,
        };
        let oldest_in_flight = self.in_flight.values().map(Asked::first_second).min().unwrap_or(window.from);
        let oldest = self.splittings.keys().next().map_or(oldest_in_flight, |second| oldest_in_flight.min(*second));
        let days_end = (oldest.div_euclid(DAY) + 1 + DAYS_AHEAD) * DAY;
        is_sure && window.from < days_end.max(oldest.saturating_add(window.seconds().saturating_mul(2)))
    }

    /// The first second of the overflow that a second lies in.
    fn overflow_at(&self, second: i64) -> Option<i64> {
        let (first, overflow) = self.overflows.range(..=second).next_back()?;
        (overflow.window.to >= second).then_some(*first)
    }

    fn take_whole(
        &mut self,
        window: Window,
        wanted: &[Window],
        forecast: Option<Sized>,
        surroundings: Surroundings,
        times: &[i64],
    ) {
        for window in wanted {
            self.proofs.push(Proof { window: *window, saturated: false });
            self.seconds_left -= window.seconds();
        }
        let calm_rows = self.density.observe(window, times, surroundings.have_burst);
        if let Some(forecast) = forecast.filter(|_| surroundings.cuts == 0) {
            self.density.judge(forecast, calm_rows);
        }
        if window.seconds() == 1 && surroundings.cuts > 0 {
            self.judge_heap(false);
        }
        let rows_that_fit = 0.6 * self.density.rows_aimed_at();
        let overflow = self.overflow_at(window.from).and_then(|first| self.overflows.remove(&first));
        if let Some(rest) = overflow.and_then(|overflow| overflow.after(window, times.len() as f64, rows_that_fit)) {
            self.overflows.insert(rest.window.from, rest);
        }
    }

    fn take_cut(
        &mut self,
        window: Window,
        wanted: &[Window],
        forecast: Option<Sized>,
        surroundings: Surroundings,
        brought: &Brought,
        times: &[i64],
    ) {
        if let Some(first) = self.overflow_at(window.from) {
            self.overflows.remove(&first);
        }
        if window.seconds() == 1 {
            self.split(window.from, brought, true);
            return;
        }
        for window in wanted {
            self.to_ask.insert(*window);
        }
        let cut = Cut { window, times, row_cap: self.row_cap as f64, surroundings };
        if let Some(forecast) = forecast.filter(|_| !cut.is_burst(&self.density)) {
            self.density.judge(forecast, forecast.rows * 1.2);
        }
        for overflow in cut.parts(&mut self.density) {
            let Window { from, to } = overflow.window;
            let is_heap = from == to && self.to_ask.from(from).is_some_and(|piece| piece.from == from);
            if is_heap && self.heaps_cut > HEAPS_CUT && !brought.values.is_empty() {
                self.to_ask.remove(overflow.window);
                self.split(from, brought, false);
            } else {
                self.overflows.insert(from, overflow);
            }
        }
    }

    /// Asks for a second in parts, after its answer was cut, or because it is likely to be.
    fn split(&mut self, second: i64, brought: &Brought, is_cut: bool) {
        let rows = self.second_size * self.row_cap as f64;
        let splitting = Splitting::new(self.feed, &self.filters, brought, is_cut, rows, self.row_cap);
        self.splittings.insert(second, splitting);
        self.finish_second(second);
    }

    fn judge_heap(&mut self, is_cut: bool) {
        self.heaps_cut = 0.8 * self.heaps_cut + if is_cut { 0.2 } else { 0.0 };
    }

    /// Settles a split second when all its parts are.
    fn finish_second(&mut self, second: i64) {
        let Some(splitting) = self.splittings.get_mut(&second) else { return };
        if !splitting.is_done(&self.values) {
            return;
        }
        if !splitting.has_failed() {
            let window = Window { from: second, to: second };
            self.proofs.push(Proof { window, saturated: splitting.is_saturated() });
            self.density.observe_second(splitting.rows());
            let size = splitting.rows() as f64 / self.row_cap as f64;
            self.second_size = 0.7 * self.second_size + 0.3 * size.clamp(1.0, 6.0);
            self.judge_heap(size >= 1.0);
        }
        self.seconds_left -= 1;
        self.splittings.remove(&second);
    }
}
