//! Where the marks of a chart lie. Pure: figures in, shares of the chart's box out; the templates draw.
//!
//! A chart stretches with the page, and its text does not: labels are HTML beside the drawing, placed by per cent. So all
//! positions are per cent of width from the left, and of height from the top.

use std::fmt::Write as _;

use chrono::NaiveDate;
use serde::Serialize;

use super::model::{Day, Hour, Part, Rate, SmallDay};
use crate::page::percent_of;

/// The charts of an account.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Charts {
    /// Clicks by day; none where there are no days.
    pub(super) clicks: Option<Bars>,
    /// Invalid rates by day.
    pub(super) invalid: Option<Lines>,
    /// Proxy rates by day.
    pub(super) proxy: Option<Lines>,
    /// How dark each hour of the week is, 0 to 8, and the most clicks of an hour.
    pub(super) hours: Heat,
    /// The small time lines of the ranking, in its order.
    pub(super) small: Vec<Vec<SmallBar>>,
}

/// A label on an axis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Tick {
    at: f64,
    label: String,
}

/// Rates by day: a line, and the band of its interval; in pieces where days have none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Lines {
    lines: Vec<String>,
    bands: Vec<String>,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
}

/// Counts by day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Bars {
    bars: Vec<Bar>,
    width: f64,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
}

/// A bar from the bottom: where it begins, and how high it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Bar {
    x: f64,
    height: f64,
}

/// A bar of a small time line: clicks, and of them those that something speaks against.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct SmallBar {
    height: f64,
    suspicious: f64,
}

/// The week as shades.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Heat {
    /// None of hours that were not fetched.
    shades: Vec<Vec<Option<u8>>>,
    most: u64,
}

/// The charts of an account.
pub(super) fn of(part: &Part) -> Charts {
    let small_days = calendar(part.days.iter().map(|day| day.day.as_str()));
    Charts {
        clicks: clicks(&part.days),
        invalid: rates(&part.days, |day| day.invalid),
        proxy: rates(&part.days, |day| day.proxy),
        hours: heat(&part.hours),
        small: part.affiliates.top.rows.iter().map(|row| small(&row.days, &small_days)).collect(),
    }
}

/// Every day from the first to the last, in order.
fn calendar<'a>(days: impl Iterator<Item = &'a str> + Clone) -> Vec<NaiveDate> {
    let mut all = days.filter_map(|day| day.parse::<NaiveDate>().ok());
    let Some(first) = all.next() else { return Vec::new() };
    let last = all.last().unwrap_or(first);
    first.iter_days().take_while(|day| *day <= last).take(2_000).collect()
}

/// Two decimals are a hundredth of a per cent of the width: finer than a pixel.
fn round(share: f64) -> f64 {
    (share * 10_000.0).round() / 100.0
}

/// The middle of the n-th of so many days, a share of the width.
fn middle(index: usize, days: usize) -> f64 {
    (index as f64 + 0.5) / days.max(1) as f64
}

/// The bar of one of so many days, a share of the width: four fifths of its room, and no block where there are few.
fn bar_width(days: usize) -> f64 {
    (0.8 / days.max(1) as f64).min(0.12)
}

fn rates(days: &[Day], of: impl Fn(&Day) -> Option<Rate>) -> Option<Lines> {
    let calendar = calendar(days.iter().map(|day| day.day.as_str()));
    let rate_of = |date: &NaiveDate| days.iter().find(|day| day.day == date.to_string()).and_then(&of);
    let rates: Vec<Option<Rate>> = calendar.iter().map(rate_of).collect();
    let highest = rates.iter().flatten().map(|rate| rate.high).fold(0.0, f64::max);
    rates.iter().flatten().next()?;
    let (top, step) = scale(highest);
    let y = |share: f64| round(1.0 - share / top);
    let (mut lines, mut bands) = (Vec::new(), Vec::new());
    for piece in rates.iter().enumerate().collect::<Vec<_>>().split(|(_, rate)| rate.is_none()) {
        let mut points: Vec<(f64, &Rate)> =
            piece.iter().filter_map(|(index, rate)| Some((middle(*index, rates.len()), rate.as_ref()?))).collect();
        // A day alone is drawn as wide as its bar: neither a line nor a band of one point can be seen.
        if let [(x, rate)] = points[..] {
            let half = bar_width(rates.len()) / 2.0;
            points = vec![(x - half, rate), (x + half, rate)];
        }
        if points.is_empty() {
            continue;
        }
        let line: Vec<(f64, f64)> = points.iter().map(|(x, rate)| (round(*x), y(rate.value))).collect();
        lines.push(path(&line));
        let edge = points.iter().map(|(x, rate)| (round(*x), y(rate.high)));
        let back = points.iter().rev().map(|(x, rate)| (round(*x), y(rate.low)));
        bands.push(path(&edge.chain(back).collect::<Vec<_>>()) + "Z");
    }
    let y_ticks = ticks(top, step).map(|share| Tick { at: y(share), label: percent_label(share, step) }).collect();
    Some(Lines { lines, bands, x_ticks: day_ticks(&calendar), y_ticks })
}

fn percent_label(share: f64, step: f64) -> String {
    let percent = share * 100.0;
    let is_whole = (step * 100.0 - (step * 100.0).round()).abs() < 1e-9;
    match is_whole {
        _ if step < 0.01 => percent_of(share),
        true => format!("{percent:.0} %"),
        false => format!("{percent:.1} %"),
    }
}

fn path(points: &[(f64, f64)]) -> String {
    let mut text = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        let _ = write!(text, "{}{x} {y}", if index == 0 { "M" } else { "L" });
    }
    text
}

fn clicks(days: &[Day]) -> Option<Bars> {
    let calendar = calendar(days.iter().map(|day| day.day.as_str()));
    let most = days.iter().map(|day| day.clicks).max()?;
    let (top, step) = scale(most as f64);
    let width = bar_width(calendar.len());
    let bars = calendar.iter().enumerate().map(|(index, date)| {
        let clicks = days.iter().find(|day| day.day == date.to_string()).map_or(0, |day| day.clicks);
        let x = round(middle(index, calendar.len()) - width / 2.0);
        Bar { x, height: round(clicks as f64 / top) }
    });
    let bars = bars.collect();
    let label = |value: f64| crate::formats::grouped(&format!("{value:.0}"));
    let y_ticks = ticks(top, step).filter(|value| value.fract() == 0.0);
    let y_ticks = y_ticks.map(|value| Tick { at: round(1.0 - value / top), label: label(value) }).collect();
    Some(Bars { bars, width: round(width), x_ticks: day_ticks(&calendar), y_ticks })
}

/// A round number at or above the highest value, and a round step that divides it in two to five.
fn scale(highest: f64) -> (f64, f64) {
    if !(highest > 0.0 && highest.is_finite()) {
        return (1.0, 0.5);
    }
    let magnitude = 10_f64.powf((highest / 4.0).log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|factor| factor * magnitude);
    let step = steps.into_iter().find(|step| step * 4.0 >= highest).unwrap_or(magnitude * 10.0);
    ((highest / step).ceil() * step, step)
}

fn ticks(top: f64, step: f64) -> impl Iterator<Item = f64> {
    let count = (top / step).round() as u32;
    (0..=count).map(move |index| f64::from(index) * step)
}

/// At most four days are named, so that the names fit on a telephone.
fn day_ticks(calendar: &[NaiveDate]) -> Vec<Tick> {
    let every = calendar.len().div_ceil(4).max(1);
    let named = calendar.iter().enumerate().step_by(every);
    named
        .map(|(index, day)| Tick { at: round(middle(index, calendar.len())), label: day.format("%b %-d").to_string() })
        .collect()
}

fn heat(hours: &[Vec<Hour>]) -> Heat {
    let most = hours.iter().flatten().map(|hour| hour.clicks).max().unwrap_or(0);
    let shade = |hour: &Hour| {
        if hour.clicks == 0 || most == 0 {
            return hour.is_fetched.then_some(0);
        }
        // Eight shades; the least of clicks has the first.
        Some(u8::try_from((hour.clicks * 8).div_ceil(most)).unwrap_or(8))
    };
    Heat { shades: hours.iter().map(|day| day.iter().map(shade).collect()).collect(), most }
}

fn small(days: &[SmallDay], calendar: &[NaiveDate]) -> Vec<SmallBar> {
    let most = days.iter().map(|day| day.clicks).max().unwrap_or(0).max(1) as f64;
    // The last two months of a longer range: more do not fit.
    let shown = &calendar[calendar.len().saturating_sub(62)..];
    let bars = shown.iter().map(|date| {
        let day = days.iter().find(|day| day.day == date.to_string());
        let share = |clicks: u64| round(clicks as f64 / most);
        day.map_or(SmallBar { height: 0.0, suspicious: 0.0 }, |day| SmallBar {
            height: share(day.clicks),
            suspicious: share(day.suspicious),
        })
    });
    bars.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_axis_ends_above_the_highest_value_in_few_round_steps(highest in 1e-6_f64..1e12) {
            let (top, step) = scale(highest);
            prop_assert!(top >= highest * 0.999_999 && top <= highest * 2.6, "{highest} {top}");
            let ticks: Vec<f64> = ticks(top, step).collect();
            prop_assert!((2..=6).contains(&ticks.len()), "{highest} {ticks:?}");
            prop_assert!((ticks[ticks.len() - 1] / top - 1.0).abs() < 1e-9);
        }

        #[test]
        fn marks_stay_in_the_box(values in prop::collection::vec((0u64..50, 1u64..1000), 1..40)) {
            let days: Vec<Day> = values.iter().enumerate().map(|(index, (part, whole))| {
                let value = (*part as f64 / *whole as f64).min(1.0);
                let rate = Rate { value, low: value * 0.5, high: (value + 0.1).min(1.0), clicks: *whole };
                Day { day: format!("2026-0{}-{:02}", 1 + index / 28, 1 + index % 28), clicks: *whole, invalid: Some(rate), proxy: None }
            }).collect();
            let lines = rates(&days, |day| day.invalid).unwrap();
            let numbers = lines.lines.iter().chain(&lines.bands).flat_map(|path| path.split(['M', 'L', 'Z', 'h', ' ']));
            for number in numbers.filter(|number| !number.is_empty()) {
                let number: f64 = number.parse().unwrap();
                prop_assert!((0.0..=100.0).contains(&number), "{number}");
            }
            prop_assert!(rates(&days, |day| day.proxy).is_none());
            let bars = clicks(&days).unwrap();
            prop_assert!(bars.bars.iter().all(|bar| bar.height <= 100.0 && bar.x + bars.width <= 100.01));
            prop_assert!(bars.x_ticks.len() <= 4);
        }
    }

    #[test]
    fn a_day_without_a_rate_breaks_the_line() {
        let day = |day: &str| {
            let rate = Rate { value: 0.5, low: 0.4, high: 0.6, clicks: 10 };
            Day { day: day.to_owned(), clicks: 10, invalid: Some(rate), proxy: None }
        };
        let lines = rates(&[day("2026-03-01"), day("2026-03-02"), day("2026-03-04")], |day| day.invalid).unwrap();
        assert_eq!(lines.lines, ["M12.5 16.67L37.5 16.67", "M81.5 16.67L93.5 16.67"]);
        assert_eq!(lines.bands[1], "M81.5 0L93.5 0L93.5 33.33L81.5 33.33Z");
    }

    #[test]
    fn an_axis_says_what_its_ticks_are() {
        let labels = |highest| {
            let (top, step) = scale(highest);
            ticks(top, step).map(|share| percent_label(share, step)).collect::<Vec<_>>()
        };
        assert_eq!(labels(0.09), ["0.0 %", "2.5 %", "5.0 %", "7.5 %", "10.0 %"]);
        assert_eq!(labels(0.19), ["0 %", "5 %", "10 %", "15 %", "20 %"]);
    }

    #[test]
    fn the_busiest_hour_is_darkest_and_none_is_empty() {
        let hours = [Some(800), Some(1), Some(0), None].map(|clicks| Hour {
            clicks: clicks.unwrap_or(0),
            invalid_clicks: 0,
            is_fetched: clicks.is_some(),
        });
        assert_eq!(heat(&[hours.to_vec()]), Heat { shades: vec![vec![Some(8), Some(1), Some(0), None]], most: 800 });
    }
}
