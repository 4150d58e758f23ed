//! How many rows are to be expected in a window, from what answers have shown.
//!
//! Owns one bucket per UTC hour of the goal. An hour is forecast from the same hour of the days around it, scaled by how
//! the last hours compare with theirs; where Everflow's aggregate told, from that; else from the nearest hour seen.
//! Promises nothing: a forecast decides how many requests it takes, never what is proven.

use std::collections::BTreeMap;

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
/// Answers of which the fine course of traffic is kept.
const RECENT_MAX: usize = 256;

/// What a forecast rests on, from the surest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Basis {
    /// The aggregate's counts.
    Expected,
    /// The same hour of days around.
    SameHour,
    /// The nearest hour seen, so many hours away.
    Nearby(i64),
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
    rows: f64,
    /// Rows without what came in heaps within one second: what other days are likely to have as well.
    calm_rows: f64,
    /// Rows per second that a cut answer has shown, as a hint.
    hinted_rate: f64,
}

#[derive(Debug, Clone, Copy)]
struct Estimate {
    /// Rows per second.
    rate: f64,
    /// Standard deviation of the rate as a share of it.
    error: f64,
    basis: Basis,
}

/// The course of traffic, as far as it is known.
#[derive(Debug)]
pub(super) struct Density {
    first_hour: i64,
    hours: Vec<Hour>,
    expected: BTreeMap<i64, u64>,
    /// By the last second of an answer's window: seconds and rows.
    recent: BTreeMap<i64, (f64, f64)>,
    total: Hour,
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
            recent: BTreeMap::new(),
            total: Hour::default(),
            errors: [0.04, 0.12, 0.2],
            row_cap: row_cap as f64,
        }
    }

    /// Takes the times of an answer that was not cut, sorted.
    pub(super) fn observe(&mut self, window: Window, times: &[i64]) {
        let mut from = window.from;
        while from <= window.to {
            let to = window.to.min((from.div_euclid(HOUR) + 1) * HOUR - 1);
            self.hour_mut(from).seconds += (to - from + 1) as f64;
            from = to + 1;
        }
        let seconds = window.seconds() as f64;
        let heap = 3.0 + 10.0 * times.len() as f64 / seconds + self.row_cap / 100.0;
        for same in times.chunk_by(|a, b| a == b) {
            let hour = self.hour_mut(same[0]);
            hour.rows += same.len() as f64;
            hour.calm_rows += heap.min(same.len() as f64);
        }
        self.total.seconds += seconds;
        self.total.rows += times.len() as f64;
        self.recent.insert(window.to, (seconds, times.len() as f64));
        if self.recent.len() > RECENT_MAX {
            self.recent.pop_first();
        }
    }

    /// Takes what is known of a second that was split: its rows belong to no rhythm.
    pub(super) fn observe_second(&mut self, second: i64, rows: u64) {
        let hour = self.hour_mut(second);
        hour.seconds += 1.0;
        hour.rows += rows as f64;
        self.total.seconds += 1.0;
        self.total.rows += rows as f64;
    }

    /// Takes a guess at the rate of a window, from an answer that was cut.
    pub(super) fn hint(&mut self, window: Window, rate: f64) {
        let mut from = window.from;
        while from <= window.to {
            let hour = self.hour_mut(from);
            hour.hinted_rate = hour.hinted_rate.max(rate);
            from = (from.div_euclid(HOUR) + 1) * HOUR;
        }
    }

    /// Takes the guess that a window has so many times the cap's rows.
    pub(super) fn hint_cap(&mut self, window: Window, caps: f64) {
        self.hint(window, caps * self.row_cap / window.seconds() as f64);
    }

    /// Learns how good a forecast was.
    pub(super) fn judge(&mut self, forecast: Sized, rows: f64) {
        let slot = match forecast.basis {
            Basis::Expected => 0,
            Basis::SameHour => 1,
            Basis::Nearby(_) => 2,
            Basis::Unknown => return,
        };
        if forecast.rows < 10.0 {
            return;
        }
        let off = (rows - forecast.rows).abs() - 0.8 * forecast.rows.sqrt();
        let share = (off / forecast.rows).clamp(0.0, 0.4);
        self.errors[slot] = (self.errors[slot] * 0.93 + share * 0.07).clamp(0.01, 0.4);
    }

    /// Rows that so many seconds have, if they are like those seen.
    pub(super) fn rows_expected(&self, seconds: i64) -> f64 {
        if self.total.seconds > 0.0 { self.total.rows / self.total.seconds * seconds as f64 } else { 0.0 }
    }

    /// The rows that a window is expected to have at most: as many as leave room below the cap for chance.
    pub(super) fn rows_aimed_at(&self) -> f64 {
        let mut rows = self.row_cap;
        while rows > 1.0 && !self.fits(rows, rows * self.errors[1]) {
            rows *= 0.97;
        }
        rows
    }

    /// The longest window from a second on, no further than `limit`, that is likely to stay under the cap.
    pub(super) fn size(&self, from: i64, limit: i64) -> Option<Sized> {
        let level = self.level(from);
        let (mut rows, mut doubt, mut at) = (0.0, 0.0, from);
        let basis = self.estimate(from, level, from)?.basis;
        let (local_until, local_rate) = self.local(from);
        while at <= limit {
            let end = limit.min((at.div_euclid(HOUR) + 1) * HOUR - 1);
            let Estimate { mut rate, error, .. } = self.estimate(at, level, from)?;
            if at <= local_until && local_rate > 2.0 * rate {
                rate = local_rate;
            }
            let seconds = (end - at + 1) as f64;
            if self.fits(rows + rate * seconds, doubt + rate * seconds * error) {
                rows += rate * seconds;
                doubt += rate * seconds * error;
                at = end + 1;
                continue;
            }
            let (mut low, mut high) = (0, end - at + 1);
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                let more = rate * middle as f64;
                if self.fits(rows + more, doubt + more * error) { low = middle } else { high = middle }
            }
            let low = if at == from { low.max(1) } else { low };
            return Some(Sized { to: at + low - 1, rows: rows + rate * low as f64, basis });
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
            let rows = self.expected.get(&((self.first_hour + index) * HOUR)).copied().unwrap_or(0);
            return Some(rows as f64 / HOUR as f64);
        }
        let mut rates = [(0.0, 0.0); 2 * DAYS_AROUND as usize];
        let mut found = 0;
        for days in 1..=DAYS_AROUND {
            for hour in [index - 24 * days, index + 24 * days].map(|index| self.seen(index)).into_iter().flatten() {
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

    /// How the hours before a second compare with their profile.
    fn level(&self, second: i64) -> f64 {
        let index = self.index(second) as i64;
        let (mut rows, mut expected) = (50.0, 50.0);
        for hour in (0..=6).map(|before| index - before) {
            let Some(seen) = self.seen(hour) else { continue };
            let Some(rate) = self.profile(hour) else { continue };
            expected += rate * seen.seconds;
            rows += seen.calm_rows.min(2.5 * rate * seen.seconds + 20.0);
        }
        (rows / expected).clamp(0.3, 3.0)
    }

    /// The rate that the last answer before a second had, and until when it is likely to go on.
    fn local(&self, second: i64) -> (i64, f64) {
        let Some((&to, &(seconds, rows))) = self.recent.range(..second).next_back() else { return (i64::MIN, 0.0) };
        let until = to.saturating_add((2.0 * seconds) as i64);
        if rows < 20.0 { (i64::MIN, 0.0) } else { (until, rows / seconds) }
    }

    fn estimate(&self, second: i64, level: f64, from: i64) -> Option<Estimate> {
        let index = self.index(second) as i64;
        let own = self.hours[self.index(second)];
        // Less than this is nothing: it keeps empty weeks from taking more than one request.
        let least = 0.05 * self.row_cap / (14.0 * 86_400.0);
        if !self.expected.is_empty() {
            let rows = self.profile(index)? * HOUR as f64 * level.clamp(0.8, 1.25);
            let rate = (rows - own.rows).max(0.1 * rows) / (HOUR as f64 - own.seconds).max(1.0);
            return Some(Estimate { rate: rate.max(least), error: self.errors[0], basis: Basis::Expected });
        }
        if let Some(rate) = self.profile(index) {
            let seconds = HOUR as f64 / 3.0;
            let rate = (rate * level * seconds + own.calm_rows) / (seconds + own.seconds);
            return Some(Estimate { rate: rate.max(least), error: self.errors[1], basis: Basis::SameHour });
        }
        let (hours, rate) = self.nearest(index)?;
        let ahead = (second - from) as f64 / HOUR as f64;
        let error = self.errors[2] + (0.04 * (hours as f64).max(ahead)).min(0.5);
        let basis = if self.total.seconds > 0.0 { Basis::Nearby(hours) } else { Basis::Unknown };
        Some(Estimate { rate: rate.max(least), error, basis })
    }

    /// The rate of the nearest hours seen, and how far they are; the time of day counts, not the day.
    fn nearest(&self, index: i64) -> Option<(i64, f64)> {
        for hours in 0..=HOURS_AROUND {
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
        if self.total.seconds > 0.0 {
            let latest = self.recent.last_key_value().map_or(0, |(to, _)| self.index(*to) as i64);
            return Some(((index - latest).abs(), (self.total.rows + 1.0) / self.total.seconds));
        }
        (0..=HOURS_AROUND).chain(12..=24).find_map(|hours| {
            let hinted = |index: i64| self.hours.get(usize::try_from(index).ok()?).map(|hour| hour.hinted_rate);
            let rates = [index - hours, index + hours].map(|index| hinted(index).unwrap_or(0.0));
            let rate = rates[0].max(rates[1]);
            (rate > 0.0).then_some((hours, rate))
        })
    }
}
