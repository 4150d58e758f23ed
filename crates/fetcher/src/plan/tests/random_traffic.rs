//! Small random traffic, a hundred thousand times.

use std::collections::BTreeMap;

use clicks::feed::Feed;

use super::checks::check;
use super::model::{CUTS, Caller, Server, pull};
use super::traffic::{Click, Dice};
use crate::plan::Goal;
use crate::request::{Filter, Window};

const SEEDS: u64 = 100_000;
const THREADS: u64 = 2;
/// 2026-03-01T00:00:00Z
const START: i64 = 1_772_323_200;

fn clicks(dice: &mut Dice, span: i64, cap: u64) -> Vec<Click> {
    let variety = [*dice.pick(&[1, 2, 5, 12]), *dice.pick(&[1, 3, 8]), *dice.pick(&[1, 2, 6])];
    let values = |dice: &mut Dice| variety.map(|values: u64| (dice.below(values) * dice.below(3)) as u16);
    let many = *dice.pick(&[0, 3, 40, 150]);
    let mut clicks = Vec::new();
    for _ in 0..dice.below(many + 1) {
        clicks.push(Click { time: START + dice.between(0, span - 1), values: values(dice) });
    }
    for _ in 0..dice.below(3) {
        let time = START + dice.between(0, span - 1);
        for _ in 0..dice.below(cap * 4) {
            clicks.push(Click { time: time + dice.between(0, 1), values: values(dice) });
        }
    }
    clicks.sort_unstable();
    clicks
}

/// The range, with some holes in it.
fn windows(dice: &mut Dice, span: i64) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut from = START;
    let end = START + span - 1;
    while from <= end {
        let to = if dice.below(2) == 0 { end } else { dice.between(from, end) };
        windows.push(Window { from, to });
        from = to + 2 + dice.between(0, span / 5);
    }
    windows
}

fn filters(dice: &mut Dice, feed: Feed) -> Vec<Filter> {
    let mut filters = Vec::new();
    for resource in crate::plan::resources(feed) {
        if dice.below(6) == 0 {
            for _ in 0..=dice.below(3) {
                filters.push(Filter { resource: (*resource).to_owned(), value: dice.below(5).to_string() });
            }
        }
    }
    filters
}

fn expected(dice: &mut Dice, clicks: &[Click]) -> BTreeMap<i64, u64> {
    let mut rows = BTreeMap::new();
    if dice.below(4) == 0 {
        // Everflow's counts need not agree with its rows.
        let times = *dice.pick(&[1, 1, 3, 0]);
        for click in clicks {
            *rows.entry(click.time.div_euclid(3600) * 3600).or_default() += times;
        }
    }
    rows
}

fn run(seed: u64) {
    let dice = &mut Dice(seed);
    let cap = dice.below(24) + 2;
    let span = *dice.pick(&[1, 7, 300, 3_600, 20_000, 200_000]);
    let feed = *dice.pick(&Feed::ALL);
    let clicks = clicks(dice, span, cap);
    let server = Server { clicks, cap: cap as usize, cut: *dice.pick(&CUTS) };
    let goal = Goal {
        feed,
        windows: windows(dice, span),
        filters: filters(dice, feed),
        row_cap: cap,
        longest_window_seconds: *dice.pick(&[span, 1 + span / 3, 1_000_000]),
        expected_rows_by_hour: expected(dice, &server.clicks),
    };
    let failures_permille = *dice.pick(&[0, 0, 0, 60]);
    let caller = Caller { concurrency: dice.between(1, 10) as usize, failures_permille };
    let (windows, filters) = (goal.windows.clone(), goal.filters.clone());
    let pulled = pull(&server, goal, caller, dice);
    check(&server, feed, &windows, &filters, &pulled);
}

#[test]
fn nothing_is_lost_and_nothing_is_proven_twice() {
    let fails = |seed: &u64| std::panic::catch_unwind(|| run(*seed)).is_err();
    let threads: Vec<_> = (0..THREADS)
        .map(|first| std::thread::spawn(move || (first..SEEDS).step_by(THREADS as usize).find(fails)))
        .collect();
    let failed: Vec<_> = threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect();
    assert!(failed.is_empty(), "seeds that fail: {failed:?}");
}
