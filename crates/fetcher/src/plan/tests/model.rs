//! A server that is a list of clicks, and a caller that asks it what the planner says, in any order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::traffic::{Click, Dice};
use crate::plan::{Brought, Goal, Planner, Proof, Ticket, resources};
use crate::request::{ClickRequest, Filter, Window};

/// Which rows of too many come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Newest,
    Oldest,
    Random,
    /// As many rows as the cap, none of which can be read.
    Unreadable,
}

pub(super) const CUTS: [Cut; 4] = [Cut::Newest, Cut::Oldest, Cut::Random, Cut::Unreadable];
const RESOURCES: [&str; 3] = ["error_code", "offer", "affiliate"];

#[derive(Debug)]
pub(super) struct Server {
    /// By time.
    pub(super) clicks: Vec<Click>,
    pub(super) cap: usize,
    pub(super) cut: Cut,
}

impl Server {
    /// The indices of the clicks that a request matches.
    pub(super) fn matching(&self, request: &ClickRequest) -> Vec<usize> {
        let begin = self.clicks.partition_point(|click| click.time < request.window.from);
        let end = self.clicks.partition_point(|click| click.time <= request.window.to);
        let matched = |filters: &[Filter], click: &Click, resource: usize| {
            let mut values = filters.iter().filter(|filter| filter.resource == RESOURCES[resource]).peekable();
            values.peek()?;
            Some(values.any(|filter| filter.value.parse() == Ok(click.values[resource])))
        };
        let is_wanted = |index: &usize| {
            let click = &self.clicks[*index];
            (0..3).all(|resource| {
                matched(&request.filters, click, resource) != Some(false)
                    && matched(&request.exclusions, click, resource) != Some(true)
            })
        };
        if request.filters.is_empty() && request.exclusions.is_empty() {
            return (begin..end).collect();
        }
        (begin..end).filter(is_wanted).collect()
    }

    /// What comes back, and the clicks that it showed.
    fn answer(&self, request: &ClickRequest, dice: &mut Dice) -> (Brought, Vec<usize>) {
        let mut rows = self.matching(request);
        if rows.len() > self.cap {
            match self.cut {
                Cut::Newest => drop(rows.drain(..rows.len() - self.cap)),
                Cut::Oldest => rows.truncate(self.cap),
                Cut::Random => {
                    for index in 0..self.cap {
                        let other = index + dice.below((rows.len() - index) as u64) as usize;
                        rows.swap(index, other);
                    }
                    rows.truncate(self.cap);
                }
                Cut::Unreadable => return (Brought { rows: self.cap as u64, ..Brought::default() }, Vec::new()),
            }
        }
        let mut brought = Brought { rows: rows.len() as u64, ..Brought::default() };
        brought.times = rows.iter().map(|index| self.clicks[*index].time).collect();
        if request.window.seconds() == 1 || rows.len() == self.cap {
            for resource in resources(request.feed) {
                let slot = RESOURCES.iter().position(|name| name == resource).unwrap();
                let counts: &mut BTreeMap<String, u64> = brought.values.entry(resource).or_default();
                for row in &rows {
                    *counts.entry(self.clicks[*row].values[slot].to_string()).or_default() += 1;
                }
            }
        }
        (brought, rows)
    }
}

/// How the caller behaves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    pub(super) concurrency: usize,
    /// Requests in a thousand that are given up.
    pub(super) failures_permille: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Pulled {
    pub(super) requests: Vec<ClickRequest>,
    pub(super) proofs: Vec<Proof>,
    /// The clicks of answers that were not cut.
    pub(super) got: BTreeSet<usize>,
    pub(super) failed: Vec<Window>,
    /// Time spent in the planner.
    pub(super) planning: Duration,
}

const REQUESTS_MAX: usize = 200_000;

/// Asks until the planner has nothing left.
pub(super) fn pull(server: &Server, goal: Goal, caller: Caller, dice: &mut Dice) -> Pulled {
    let longest = goal.longest_window_seconds;
    let mut planner = Planner::new(goal);
    let mut pulled = Pulled::default();
    let mut in_flight: Vec<(Ticket, ClickRequest)> = Vec::new();
    let mut has_answer = false;
    loop {
        while in_flight.len() < caller.concurrency {
            let Some((ticket, request)) = timed(&mut pulled.planning, || planner.next_request()) else { break };
            assert!(has_answer || in_flight.is_empty(), "a second request before the first was answered");
            assert!(request.window.to >= request.window.from && request.window.seconds() <= longest, "{request:?}");
            pulled.requests.push(request.clone());
            assert!(pulled.requests.len() < REQUESTS_MAX, "no end");
            in_flight.push((ticket, request));
        }
        if in_flight.is_empty() {
            break;
        }
        assert!(!planner.is_done());
        let (ticket, request) = in_flight.swap_remove(dice.below(in_flight.len() as u64) as usize);
        if dice.below(1000) < caller.failures_permille {
            planner.failed(ticket);
            pulled.failed.push(request.window);
            continue;
        }
        let (brought, rows) = server.answer(&request, dice);
        has_answer = true;
        if rows.len() < server.cap && brought.rows == rows.len() as u64 {
            pulled.got.extend(rows);
        }
        timed(&mut pulled.planning, || planner.answered(ticket, &brought));
        pulled.proofs.extend(planner.take_proofs());
    }
    assert!(planner.is_done() && planner.next_request().is_none());
    assert_eq!(planner.seconds_left(), 0);
    assert_eq!(planner.requests_left(), 0);
    pulled
}

fn timed<T>(total: &mut Duration, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    *total += started.elapsed();
    result
}
