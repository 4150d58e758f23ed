//! What must hold of a pull, whatever the traffic.

use std::collections::BTreeMap;

use clicks::feed::Feed;

use super::model::{Cut, Pulled, Server};
use crate::plan::resources;
use crate::plan::seconds::Seconds;
use crate::request::{ClickRequest, Filter, Window};

/// Everything that must hold of a pull, whatever the traffic.
pub(super) fn check(server: &Server, feed: Feed, windows: &[Window], filters: &[Filter], pulled: &Pulled) {
    let mut proofs = pulled.proofs.clone();
    proofs.sort_by_key(|proof| proof.window);
    let is_disjoint = proofs.windows(2).all(|pair| pair[0].window.to < pair[1].window.from);
    assert!(is_disjoint, "proven twice: {proofs:?}");
    let mut unproven = Seconds::default();
    windows.iter().for_each(|window| unproven.insert(*window));
    for proof in &proofs {
        let before = unproven.count();
        unproven.remove(proof.window);
        assert_eq!(before - unproven.count(), proof.window.seconds(), "proves more than the goal: {proof:?}");
    }
    for window in &pulled.failed {
        unproven.remove(*window);
    }
    assert!(unproven.is_empty(), "neither proven nor given up: {unproven:?}");

    for proof in &proofs {
        let request = ClickRequest { feed, window: proof.window, filters: filters.to_vec(), exclusions: Vec::new() };
        let truth = server.matching(&request);
        if proof.saturated {
            assert_eq!(proof.window.seconds(), 1);
            assert!(is_beyond_splitting(server, feed, &truth), "could be split: {proof:?} of {}", truth.len());
        } else {
            let missing = truth.iter().find(|index| !pulled.got.contains(index));
            assert!(missing.is_none(), "{proof:?} misses {:?}", missing.map(|index| server.clicks[*index]));
        }
    }
}

/// Whether rows of one second exceed the cap for some choice of all values that the feed can be filtered by.
fn is_beyond_splitting(server: &Server, feed: Feed, rows: &[usize]) -> bool {
    if server.cut == Cut::Unreadable {
        // Values that are never seen cannot be asked for.
        return rows.len() >= server.cap;
    }
    let mut counts: BTreeMap<Vec<u16>, usize> = BTreeMap::new();
    for row in rows {
        let values = server.clicks[*row].values[..resources(feed).len()].to_vec();
        *counts.entry(values).or_default() += 1;
    }
    counts.values().any(|rows| *rows >= server.cap)
}
