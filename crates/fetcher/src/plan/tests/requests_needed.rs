//! How many requests it takes: what is promised of smooth, bursty and empty traffic, at the feeds' real caps.

use std::collections::BTreeMap;

use clicks::feed::Feed;

use super::checks::check;
use super::model::{CUTS, Caller, Cut, Server, pull};
use super::traffic::{Click, Course, Dice, clicks};
use crate::plan::Goal;
use crate::request::Window;

/// 2026-03-02T00:00:00Z
const START: i64 = 1_772_409_600;
const DAY: i64 = 86_400;
const SMOOTH: Course = Course { from: START, days: 5, clicks_a_day: 0.0, surges_a_day: 0.0, heaps_a_day: 0.0, heap: 0 };

fn goal(feed: Feed, days: i64, longest_window_seconds: i64) -> Goal {
    Goal {
        feed,
        windows: vec![Window { from: START, to: START + days * DAY - 1 }],
        filters: Vec::new(),
        row_cap: feed.row_cap(),
        longest_window_seconds,
        expected_rows_by_hour: BTreeMap::new(),
    }
}

/// Requests that it takes to get the clicks, after checking that all of them came.
fn requests(clicks: &[Click], days: i64, feed: Feed, cut: Cut, has_counts: bool, seed: u64) -> f64 {
    let mut goal = goal(feed, days, 14 * DAY);
    for click in clicks.iter().filter(|_| has_counts) {
        *goal.expected_rows_by_hour.entry(click.time.div_euclid(3600) * 3600).or_default() += 1;
    }
    let server = Server { clicks: clicks.to_vec(), cap: feed.row_cap() as usize, cut };
    let caller = Caller { concurrency: 1 + seed as usize % 10, failures_permille: 0 };
    let windows = goal.windows.clone();
    let pulled = pull(&server, goal, caller, &mut Dice(seed));
    check(&server, feed, &windows, &[], &pulled);
    pulled.requests.len() as f64
}

/// Checks a bound for every way of cutting of `cuts`, with and without the aggregate's counts.
fn assert_bound(course: Course, feed: Feed, times_the_least: f64, cuts: &[Cut], seed: u64) {
    let clicks = clicks(course, &mut Dice(seed));
    let least = clicks.len().div_ceil(feed.row_cap() as usize) as f64;
    let bound = times_the_least * least + course.days as f64;
    for cut in cuts {
        for has_counts in [false, true] {
            let needed = requests(&clicks, course.days, feed, *cut, has_counts, seed);
            assert!(
                needed <= bound,
                "{needed} of {bound}, least {least}: seed {seed}, {feed}, {cut:?}, counts {has_counts}, {course:?}"
            );
        }
    }
}

#[test]
fn smooth_traffic_takes_at_most_three_tenths_more_than_the_least() {
    for (seed, caps_a_day) in [0.2, 1.0, 3.0, 9.0, 25.0, 40.0].into_iter().enumerate() {
        let feed = if seed % 2 == 0 { Feed::InvalidClicks } else { Feed::AffiliateClicks };
        let course = Course { clicks_a_day: caps_a_day * feed.row_cap() as f64, ..SMOOTH };
        assert_bound(course, feed, 1.3, &CUTS, seed as u64);
    }
}

#[test]
fn bursty_traffic_takes_at_most_twice_the_least() {
    let cuts = [Cut::Newest, Cut::Oldest, Cut::Random];
    for (seed, caps_a_day) in [2.0, 10.0, 30.0].into_iter().enumerate() {
        let course =
            Course { clicks_a_day: caps_a_day * 1000.0, surges_a_day: 4.0, heaps_a_day: 2.0, heap: 3_000, ..SMOOTH };
        assert_bound(course, Feed::InvalidClicks, 2.0, &cuts, seed as u64);
    }
}

#[test]
fn counts_of_something_else_are_soon_not_believed() {
    let clicks = clicks(Course { clicks_a_day: 20_000.0, ..SMOOTH }, &mut Dice(5));
    let bound = 1.3 * clicks.len() as f64 / 1000.0 + 5.0 + 12.0;
    let server = Server { clicks, cap: 1000, cut: Cut::Newest };
    let mut goal = goal(Feed::InvalidClicks, 5, 14 * DAY);
    goal.expected_rows_by_hour = (0..5 * 24).map(|hour| (START + hour * 3600, 1)).collect();
    let pulled = pull(&server, goal, Caller { concurrency: 3, failures_permille: 0 }, &mut Dice(5));
    assert!((pulled.requests.len() as f64) < bound, "{} of {bound}", pulled.requests.len());
    // In an unoptimised build, sharing the processor with others: a hundred times what it takes.
    assert!(pulled.planning.as_secs_f64() / (pulled.requests.len() as f64) < 0.1, "{:?}", pulled.planning);
}

#[test]
fn empty_and_sparse_ranges_take_few_requests() {
    for (feed, longest_days, most) in [(Feed::NetworkClicks, 14, 8), (Feed::InvalidClicks, 400, 2)] {
        let server = Server { clicks: Vec::new(), cap: feed.row_cap() as usize, cut: Cut::Newest };
        for concurrency in [1, 10] {
            let caller = Caller { concurrency, failures_permille: 0 };
            let pulled = pull(&server, goal(feed, 90, longest_days * DAY), caller, &mut Dice(1));
            assert!(pulled.requests.len() <= most, "{feed}: {}", pulled.requests.len());
        }
    }
    let sparse = clicks(Course { days: 90, clicks_a_day: 20.0, ..SMOOTH }, &mut Dice(3));
    assert!(requests(&sparse, 90, Feed::InvalidClicks, Cut::Newest, false, 3) <= 9.0);
}

#[test]
fn a_hole_is_bridged_where_that_saves_a_request() {
    let clicks = clicks(Course { clicks_a_day: 40.0, ..SMOOTH }, &mut Dice(4));
    let server = Server { clicks, cap: 1000, cut: Cut::Newest };
    let mut goal = goal(Feed::InvalidClicks, 5, 14 * DAY);
    let first_hours = |day: i64| Window { from: START + day * DAY, to: START + day * DAY + 40_000 };
    goal.windows = (0..5).map(first_hours).collect();
    let windows = goal.windows.clone();
    let caller = Caller { concurrency: 1, failures_permille: 0 };
    let pulled = pull(&server, goal, caller, &mut Dice(4));
    check(&server, Feed::InvalidClicks, &windows, &[], &pulled);
    assert_eq!(pulled.requests.len(), 2, "one to know how much there is, one for the rest: {:?}", pulled.requests);
}
