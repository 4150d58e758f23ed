//! How many rows are to be expected in a window, from what answers have shown.
//!
//! Owns one bucket per UTC hour of the goal. Traffic is forecast from the aggregate's counts where Everflow told them,
//! else from the same hours of the days around, either scaled by how the last answers compare with theirs; on the first
//! day from the nearest hours. What came in bursts is left out of it: it does not come again. Promises nothing: a forecast
//! decides how many requests it takes, never what is proven.

mod calm;
mod trend;

use std::collections::BTreeMap;

use calm::{calm_limits, likely_most};
use trend::{Recent, Recents};

use crate::request::Window;

const HOUR: i64 = 3_600;
/// Hours that are kept apart; later ones share the last bucket.
const HOURS_MAX: i64 = 400_000;
/// Days before and after from which the same hour is taken.
const DAYS_AROUND: i64 = 8;
/// Hours around that are looked at when no day around is known.
const HOURS_AROUND: i64 = 11;
/// Standard deviations between what is expected and the cap.
const DEVIATIONS: f64 = 2.0;
/// Answers that say how busy it is now.
const RECENT_FOR_LEVEL: usize = 6;
/// How old an answer may be, in seconds of traffic, to say how busy it is now.
const RECENT_SECONDS: i64 = 8 * HOUR;

/// Contradictions from which the aggregate is not believed.
const CONTRADICTIONS_MAX: u32 = 3;

/// What a forecast rests on, from the surest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Basis {
    /// The aggregate's counts.
    Expected,
    /// The same hour of days around.
    SameHour,
    /// The nearest hours seen.
    Nearby,
    /// No answer that was not cut.
    Unknown,
}

/// A window and what is expected of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sized {
    pub(super) to: i64,
    pub(super) rows: f64,
    pub(super) basis: Basis,
}

#[derive(Debug, Clone, Copy, Default)]
struct Hour {
    seconds: f64,
    /// Rows without those of bursts.
    calm_rows: f64,
    /// Rows per second that a cut answer has shown, as a hint.
    hinted_rate: f64,
}

#[derive(Debug, Clone, Copy)]
struct Estimate {
    /// Rows per second.
    rate: f64,
    /// Error of the rate that is to be expected, as a share of it.
    error: f64,
    basis: Basis,
}

/// The course of traffic, as far as it is known.
#[derive(Debug)]
pub(super) struct Density {
    first_hour: i64,
    hours: Vec<Hour>,
    expected: BTreeMap<i64, u64>,
    /// Answers that had more rows than the aggregate counts.
    contradictions: u32,
    recent: Recents,
    seconds_seen: f64,
    rows_seen: f64,
    /// Mean error of forecasts as a share of them, Poisson noise taken out: aggregate, same hour, nearby.
    errors: [f64; 3],
    row_cap: f64,
}

impl Density {
    /// Nothing is known yet, but what the aggregate told, about a range.
    pub(super) fn new(range: Window, expected: BTreeMap<i64, u64>, row_cap: u64) -> Density {
        let first_hour = range.from.div_euclid(HOUR);
        let hours = (range.to.div_euclid(HOUR) - first_hour + 1).clamp(1, HOURS_MAX);
        Density {
            first_hour,
            hours: vec![Hour::default(); usize::try_from(hours).unwrap_or(1)],
            expected,
            contradictions: 0,
            recent: Recents::default(),
            seconds_seen: 0.0,
            rows_seen: 0.0,
            errors: [0.05, 0.1, 0.12],
            row_cap: row_cap as f64,
        }
    }

    /// Takes the times of an answer that was not cut, sorted, and whether its window is part of one that had a burst;
    /// returns how many rows it has without those of bursts.
    pub(super) fn observe(&mut self, window: Window, times: &[i64], is_part: bool) -> f64 {
        let usual = self.rows(window);
        let limits = calm_limits(window, times, usual);
        for hour in hours_of(window) {
            self.hour_mut(hour.from).seconds += hour.seconds() as f64;
        }
        let mut calm_rows = 0.0;
        for same in times.chunk_by(|a, b| limits.bin(*a) == limits.bin(*b)) {
            let share = (limits.rows / same.len() as f64).min(1.0);
            calm_rows += share * same.len() as f64;
            for time in same {
                self.hour_mut(*time).calm_rows += share;
            }
        }
        let (seconds, rows) = (window.seconds() as f64, times.len() as f64);
        self.seconds_seen += seconds;
        self.rows_seen += rows;
        let surge = usual.map_or(1.0, |usual| rows / likely_most(usual).max(1.0));
        self.recent.insert(window.to, Recent { seconds, calm_rows, surge, is_calm: !is_part && surge <= 1.0 });
        calm_rows
    }

    /// Compares an answer with the aggregate, which counts something else if it is often contradicted: then it is
    /// forgotten, for forecasts far too low cost more requests than none.
    pub(super) fn compare_with_aggregate(&mut self, window: Window, rows: u64) {
        if self.expected.is_empty() {
            return;
        }
        let first_hour = window.from.div_euclid(HOUR) * HOUR;
        let counted: u64 = self.expected.range(first_hour..=window.to).map(|(_, rows)| rows).sum();
        if rows as f64 > 1.5 * counted as f64 + 20.0 {
            self.contradictions += 1;
        }
        if self.contradictions >= CONTRADICTIONS_MAX {
            self.expected.clear();
        }
    }

    /// Takes what is known of a second that was split: its rows belong to no rhythm.
    pub(super) fn observe_second(&mut self, rows: u64) {
        self.seconds_seen += 1.0;
        self.rows_seen += rows as f64;
    }

    /// Takes a guess at the rate of a window, in rows per second, from an answer that was cut.
    pub(super) fn hint(&mut self, window: Window, rate: f64) {
        for hour in hours_of(window) {
            let hour = self.hour_mut(hour.from);
            hour.hinted_rate = hour.hinted_rate.max(rate);
        }
    }

    /// Learns how good a forecast was, of traffic without bursts.
    pub(super) fn judge(&mut self, forecast: Sized, rows: f64) {
        let slot = match forecast.basis {
            Basis::Expected => 0,
            Basis::SameHour => 1,
            Basis::Nearby => 2,
            Basis::Unknown => return,
        };
        if forecast.rows < 10.0 {
            return;
        }
        let off = (rows - forecast.rows).abs() - 0.8 * forecast.rows.sqrt();
        let share = (off / forecast.rows).clamp(0.0, 0.4);
        self.errors[slot] = (self.errors[slot] * 0.93 + share * 0.07).clamp(0.01, 0.4);
    }

    /// How long before a second the last answer before it ends.
    pub(super) fn seconds_since_answer(&self, second: i64) -> i64 {
        self.recent.before(second).next().map_or(i64::MAX, |(to, _)| second - to)
    }

    /// Rows that so many seconds have, if they are like those seen.
    pub(super) fn rows_expected(&self, seconds: i64) -> f64 {
        if self.seconds_seen > 0.0 { self.rows_seen / self.seconds_seen * seconds as f64 } else { 0.0 }
    }

    /// The rows that a window is expected to have at most: as many as leave room below the cap for chance.
    pub(super) fn rows_aimed_at(&self) -> f64 {
        let mut rows = self.row_cap;
        while rows > 1.0 && !self.fits(rows, rows * self.errors[1]) {
            rows *= 0.97;
        }
        rows
    }

    /// Rows that a window is expected to have, bursts apart, where answers that were not cut say so.
    pub(super) fn rows(&self, window: Window) -> Option<f64> {
        let level = self.level(window.from);
        let mut rows = 0.0;
        for piece in hours_of(window) {
            let estimate = self.estimate(piece, level, window.from)?;
            if estimate.basis == Basis::Unknown {
                return None;
            }
            rows += estimate.rate * piece.seconds() as f64;
        }
        Some(rows)
    }

    /// The longest window from a second on, no further than `limit`, that is likely to stay under the cap.
    pub(super) fn size(&self, from: i64, limit: i64) -> Option<Sized> {
        let level = self.level(from);
        let (mut rows, mut doubt) = (0.0, 0.0);
        let basis = self.estimate(Window { from, to: from }, level, from)?.basis;
        let surge = self.recent.surge(from);
        for hour in hours_of(Window { from, to: limit }) {
            let mut piece = hour;
            // The rate of a whole hour is not that of its first minutes: once more for the part of it that fits.
            for is_last in [false, true] {
                let Estimate { mut rate, error, .. } = self.estimate(piece, level, from)?;
                if let Some((until, times)) = surge
                    && hour.from <= until
                {
                    rate *= times;
                }
                let fits = |seconds: i64| {
                    let more = rate * seconds as f64;
                    self.fits(rows + more, doubt + more * error)
                };
                let seconds = longest(hour.seconds(), fits);
                if seconds == hour.seconds() {
                    rows += rate * seconds as f64;
                    doubt += rate * seconds as f64 * error;
                    break;
                }
                if is_last {
                    let seconds = if hour.from == from { seconds.max(1) } else { seconds };
                    return Some(Sized { to: hour.from + seconds - 1, rows: rows + rate * seconds as f64, basis });
                }
                piece.to = hour.from + seconds.max(1) - 1;
            }
        }
        Some(Sized { to: limit, rows, basis })
    }

    fn fits(&self, rows: f64, doubt: f64) -> bool {
        rows + DEVIATIONS * (rows + doubt * doubt).sqrt() < self.row_cap
    }

    fn index(&self, second: i64) -> usize {
        let hour = (second.div_euclid(HOUR) - self.first_hour).clamp(0, self.hours.len() as i64 - 1);
        usize::try_from(hour).unwrap_or(0)
    }

    fn hour_mut(&mut self, second: i64) -> &mut Hour {
        let index = self.index(second);
        &mut self.hours[index]
    }

    fn seen(&self, index: i64) -> Option<&Hour> {
        self.hours.get(usize::try_from(index).ok()?).filter(|hour| hour.seconds > 0.0)
    }

    /// The rate of an hour as the days around have it, or the aggregate.
    fn profile(&self, index: i64) -> Option<f64> {
        if !self.expected.is_empty() {
            return Some(self.expected_calm(index));
        }
        let mut rates = [(0.0, 0.0); 2 * DAYS_AROUND as usize];
        let mut found = 0;
        for days in 1..=DAYS_AROUND.min(self.hours.len() as i64 / 24) {
            for hour in [index - 24 * days, index + 24 * days].into_iter().filter_map(|index| self.seen(index)) {
                let closeness = if days == 7 { 0.7 } else { 0.75f64.powi(days as i32 - 1) };
                rates[found] = (hour.calm_rows / hour.seconds, closeness * (hour.seconds / HOUR as f64).min(1.0));
                found += 1;
            }
        }
        let rates = &mut rates[..found];
        if rates.is_empty() {
            return None;
        }
        rates.sort_by(|a, b| a.0.total_cmp(&b.0));
        // A burst of one day must not make small windows on the others.
        let most = 2.0 * rates[(found - 1) / 2].0 + 20.0 / HOUR as f64;
        let weight: f64 = rates.iter().map(|rate| rate.1).sum();
        Some(rates.iter().map(|rate| rate.0.min(most) * rate.1).sum::<f64>() / weight)
    }

    /// The aggregate's rate of an hour; where it stands out from the hours around, theirs: a burst's place is not known.
    fn expected_calm(&self, index: i64) -> f64 {
        let rows = |index: i64| self.expected.get(&((self.first_hour + index) * HOUR)).copied().unwrap_or(0) as f64;
        let mut around = [-3, -2, -1, 1, 2, 3].map(|hours| rows(index + hours));
        around.sort_by(f64::total_cmp);
        rows(index).min(1.5 * around[3] + 20.0) / HOUR as f64
    }

    /// The profile at the middle of a window within an hour, for traffic changes within hours too.
    fn profile_at(&self, window: Window) -> Option<f64> {
        let index = self.index(window.from) as i64;
        let own = self.profile(index)?;
        let middle = (window.from + window.to) as f64 / 2.0 / HOUR as f64;
        let from_center = middle - (self.first_hour + index) as f64 - 0.5;
        let beside = index + if from_center < 0.0 { -1 } else { 1 };
        let beside = if beside < 0 { own } else { self.profile(beside).unwrap_or(own) };
        let share = from_center.abs().min(0.5);
        Some(own * (1.0 - share) + beside * share)
    }

    /// How the answers before a second compare with the profile.
    fn level(&self, second: i64) -> f64 {
        let (mut rows, mut expected, mut weight) = (20.0, 20.0, 1.0);
        for (to, recent) in self.recent.before(second).filter(|(_, recent)| recent.is_calm).take(RECENT_FOR_LEVEL) {
            if second - to > RECENT_SECONDS {
                break;
            }
            let window = Window { from: to - recent.seconds as i64 + 1, to };
            let profiles = hours_of(window).map(|hour| Some(self.profile_at(hour)? * hour.seconds() as f64));
            if let Some(profile) = profiles.sum::<Option<f64>>() {
                expected += weight * profile;
                rows += weight * recent.calm_rows;
                weight *= 0.7;
            }
        }
        (rows / expected).clamp(0.3, 3.0)
    }

    /// What is known of a window within an hour, for a request that begins at `from`.
    fn estimate(&self, window: Window, level: f64, from: i64) -> Option<Estimate> {
        // Less than this is nothing: it keeps empty weeks from taking more than one request.
        let least = 0.05 * self.row_cap / (14.0 * 86_400.0);
        if let Some(rate) = self.profile_at(window) {
            let (error, basis) = match self.expected.is_empty() {
                true => (self.errors[1], Basis::SameHour),
                false => (self.errors[0], Basis::Expected),
            };
            return Some(Estimate { rate: (rate * level).max(least), error, basis });
        }
        let trend = self.recent.trend(window, from).map(|rate| (0, rate));
        let (hours, rate) = trend.or_else(|| self.nearest(self.index(window.from) as i64))?;
        let ahead = (window.from - from) as f64 / HOUR as f64;
        let error = self.errors[2] + (0.04 * (hours as f64).max(ahead)).min(0.5);
        let basis = if self.seconds_seen > 0.0 { Basis::Nearby } else { Basis::Unknown };
        Some(Estimate { rate: rate.max(least), error, basis })
    }

    /// The rate of the nearest hours seen, and how far they are; the time of day counts, not the day.
    fn nearest(&self, index: i64) -> Option<(i64, f64)> {
        for hours in 0..=HOURS_AROUND.min(self.hours.len() as i64) {
            let (mut rows, mut seconds) = (0.0, 0.0);
            for days in [0, -1, 1, -2, 2] {
                for hour in [index + 24 * days - hours, index + 24 * days + hours] {
                    if let Some(seen) = self.seen(hour) {
                        rows += seen.calm_rows;
                        seconds += seen.seconds;
                    }
                }
            }
            if seconds > 0.0 {
                return Some((hours, (rows + 1.0) / seconds));
            }
        }
        if self.seconds_seen > 0.0 {
            let latest = self.recent.last_second().map_or(0, |to| self.index(to) as i64);
            return Some(((index - latest).abs(), (self.rows_seen + 1.0) / self.seconds_seen));
        }
        (0..=24).find_map(|hours| {
            let hinted = |index: i64| self.hours.get(usize::try_from(index).ok()?).map(|hour| hour.hinted_rate);
            let rates = [index - hours, index + hours].map(|index| hinted(index).unwrap_or(0.0));
            let rate = rates[0].max(rates[1]);
            (rate > 0.0).then_some((hours, rate))
        })
    }
}

/// The largest number up to `most` that fits, where smaller numbers fit too.
fn longest(most: i64, fits: impl Fn(i64) -> bool) -> i64 {
    if fits(most) {
        return most;
    }
    let (mut low, mut high) = (0, most);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if fits(middle) { low = middle } else { high = middle }
    }
    low
}

/// A window, cut at the hours.
fn hours_of(window: Window) -> impl Iterator<Item = Window> {
    let mut from = window.from;
    std::iter::from_fn(move || {
        let to = window.to.min((from.div_euclid(HOUR) + 1) * HOUR - 1);
        let hour = (from <= window.to).then_some(Window { from, to });
        from = to + 1;
        hour
    })
}
