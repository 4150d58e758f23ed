//! Requests that the planner needs, beside plain bisection and the least that could do: see `benches/README.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

/// The paths that the tests' server knows the planner by.
mod plan {
    pub(crate) use fetcher::plan::*;
}
mod request {
    pub(crate) use fetcher::request::*;
}
// What of both only the tests use is no dead code.
#[allow(dead_code)]
#[path = "../crates/fetcher/src/plan/tests/model.rs"]
mod model;
#[allow(dead_code)]
#[path = "../crates/fetcher/src/plan/tests/traffic.rs"]
mod traffic;

use std::collections::BTreeMap;
use std::time::Duration;

use clicks::feed::Feed;
use model::{CUTS, Caller, Cut, Server, pull};
use plan::Goal;
use request::{ClickRequest, Window};
use traffic::{Click, Course, Dice, clicks};

/// 2026-03-02T00:00:00Z
const START: i64 = 1_772_409_600;
const DAY: i64 = 86_400;
const LONGEST: i64 = 14 * DAY;
const SMOOTH: Course =
    Course { from: START, days: 14, clicks_a_day: 20_000.0, surges_a_day: 0.0, heaps_a_day: 0.0, heap: 0 };

struct Scenario {
    name: &'static str,
    feed: Feed,
    course: Course,
    /// What may be added to the days, as a multiple of the least.
    bound: f64,
}

fn scenarios() -> Vec<Scenario> {
    let bursty = Course { surges_a_day: 6.0, heaps_a_day: 2.0, heap: 3_000, ..SMOOTH };
    let scenario = |name, feed, bound, course| Scenario { name, feed, course, bound };
    let (invalid, network, affiliate) = (Feed::InvalidClicks, Feed::NetworkClicks, Feed::AffiliateClicks);
    vec![
        scenario("smooth", invalid, 1.3, SMOOTH),
        scenario("smooth, one day", invalid, 1.3, Course { days: 1, ..SMOOTH }),
        scenario("smooth, a few a day", invalid, 1.3, Course { clicks_a_day: 3_000.0, days: 30, ..SMOOTH }),
        scenario("smooth, dense", invalid, 1.3, Course { clicks_a_day: 500_000.0, days: 2, ..SMOOTH }),
        scenario("smooth, one million", network, 1.3, Course { clicks_a_day: 11_000.0, days: 90, ..SMOOTH }),
        scenario("smooth, ten million", network, 1.3, Course { clicks_a_day: 111_000.0, days: 90, ..SMOOTH }),
        scenario("bursty", invalid, 2.0, bursty),
        scenario("bursty, one day", invalid, 2.0, Course { days: 1, ..bursty }),
        scenario("bursty, dense", invalid, 2.0, Course { clicks_a_day: 200_000.0, days: 4, ..bursty }),
        scenario("bursty, affiliate", affiliate, 2.0, Course { heap: 12_000, clicks_a_day: 60_000.0, ..bursty }),
        scenario("surges only", invalid, 2.0, Course { heaps_a_day: 0.0, surges_a_day: 12.0, ..bursty }),
        scenario("heaps only", invalid, 2.0, Course { heaps_a_day: 5.0, surges_a_day: 0.0, ..bursty }),
        scenario("sparse", invalid, 1.3, Course { clicks_a_day: 15.0, days: 90, ..SMOOTH }),
        scenario("empty", invalid, 1.3, Course { clicks_a_day: 0.0, days: 90, ..SMOOTH }),
        scenario("one burst", invalid, 2.0, Course { clicks_a_day: 50.0, heaps_a_day: 0.08, ..bursty }),
    ]
}

/// Halves what is cut, from the longest windows down to single seconds, which stay cut.
fn bisect(server: &Server, feed: Feed, window: Window) -> (u64, u64) {
    let request = ClickRequest { feed, window, filters: Vec::new(), exclusions: Vec::new() };
    let rows = server.matching(&request).len();
    if rows < server.cap {
        return (1, 0);
    }
    if window.seconds() == 1 {
        return (1, (rows - server.cap) as u64);
    }
    let middle = window.from + window.seconds() / 2;
    let (left, lost_left) = bisect(server, feed, Window { from: window.from, to: middle - 1 });
    let (right, lost_right) = bisect(server, feed, Window { from: middle, to: window.to });
    (1 + left + right, lost_left + lost_right)
}

fn bisection(server: &Server, feed: Feed, days: i64) -> (u64, u64) {
    (0..days).step_by(14).fold((0, 0), |(requests, lost), day| {
        let to = START + (day + 14).min(days) * DAY - 1;
        let (more, more_lost) = bisect(server, feed, Window { from: START + day * DAY, to });
        (requests + more, lost + more_lost)
    })
}

fn planned(server: &Server, scenario: &Scenario, counts: BTreeMap<i64, u64>, seed: u64) -> (usize, Duration) {
    let goal = Goal {
        feed: scenario.feed,
        windows: vec![Window { from: START, to: START + scenario.course.days * DAY - 1 }],
        filters: Vec::new(),
        row_cap: scenario.feed.row_cap(),
        longest_window_seconds: LONGEST,
        expected_rows_by_hour: counts,
    };
    let caller = Caller { concurrency: 8, failures_permille: 0 };
    let pulled = pull(server, goal, caller, &mut Dice(seed));
    (pulled.requests.len(), pulled.planning)
}

fn counts(clicks: &[Click]) -> BTreeMap<i64, u64> {
    let mut counts = BTreeMap::new();
    for click in clicks {
        *counts.entry(click.time.div_euclid(3_600) * 3_600).or_default() += 1;
    }
    counts
}

/// A line of the table; all of them have the same columns.
fn line(cells: &[String]) -> String {
    let (name, numbers) = cells.split_first().unwrap();
    numbers.iter().fold(format!("{name:22}"), |line, number| format!("{line} {number:>10}"))
}

fn measure(scenario: &Scenario) -> String {
    let clicks = clicks(scenario.course, &mut Dice(7));
    let counts = counts(&clicks);
    let (rows, cap, days) = (clicks.len(), scenario.feed.row_cap(), scenario.course.days);
    let least = rows.div_ceil(cap as usize);
    let bound = (scenario.bound * least as f64) as i64 + days;
    let mut server = Server { clicks, cap: cap as usize, cut: Cut::Newest };
    let (bisected, lost) = bisection(&server, scenario.feed, days);
    let (counted, _) = planned(&server, scenario, counts, 7);
    let mut cells = vec![scenario.name.to_owned()];
    cells.extend([rows as u64, cap, least as u64, bound as u64].map(|number| number.to_string()));
    let mut slowest = 0.0f64;
    for cut in CUTS {
        server.cut = cut;
        let (needed, took) = planned(&server, scenario, BTreeMap::new(), 7);
        slowest = slowest.max(took.as_secs_f64() * 1000.0 / needed as f64);
        cells.push(needed.to_string());
    }
    cells.extend([counted as u64, bisected, lost].map(|number| number.to_string()));
    cells.push(format!("{slowest:.2}"));
    line(&cells)
}

fn main() {
    let only = std::env::args().skip(1).find(|name| !name.starts_with("--"));
    println!("requests needed, 8 in flight, answered in random order, by which rows survive a cut");
    let columns = ["traffic", "rows", "cap", "least", "bound", "newest", "oldest", "random", "unreadable"];
    let more = ["counts", "bisection", "it loses", "ms/answer"];
    println!("{}", line(&columns.into_iter().chain(more).map(str::to_owned).collect::<Vec<_>>()));
    for scenario in scenarios().iter().filter(|scenario| only.as_ref().is_none_or(|only| scenario.name.contains(only)))
    {
        println!("{}", measure(scenario));
    }
}
