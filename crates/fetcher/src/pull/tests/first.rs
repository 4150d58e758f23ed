//! A pull that nothing disturbs, and what the next one then needs.

use super::*;
use simulator::Feed as SimFeed;
use simulator::server::Endpoint;

/// Refused clicks, one every so many seconds.
fn regular(from: i64, to: i64, every: usize) -> Vec<Click> {
    let click = |second: i64| Click { error_code: 9, ..Click::new(second, format!("{second:x}")) };
    (from..=to).step_by(every).map(click).collect()
}

#[test]
fn everything_lands_once_and_a_second_pull_asks_nothing() {
    let start = now() - 9 * DAY;
    let scene = Scene::new(regular(start, now() - 5 * DAY, 30));
    let (from, to) = (start - DAY, now() - 4 * DAY);
    let line = format!("--source invalid-clicks --from {} --to {}", word(from), word(to));
    assert_eq!(scene.pull(&line).unwrap(), Outcome::Done);
    assert_eq!(clicks_of(&scene.lake()), truth(&scene.server, SimFeed::InvalidClicks, Window { from, to }));
    assert!(scene.requests() < 30);
    let covered: Seconds =
        scene.coverage().iter().map(|interval| Window { from: interval.from_time, to: interval.to_time }).collect();
    assert_eq!(covered, Seconds::within(from, to));
    assert!(scene.coverage().iter().all(|interval| !interval.saturated && interval.fetched_at >= Some(scene.now)));
    assert_eq!(scene.pull(&line).unwrap(), Outcome::Done);
    assert_eq!(scene.requests(), 0);
    assert_eq!(scene.pull(&format!("{line} --refetch")).unwrap(), Outcome::Done);
    assert!(scene.requests() > 0);
}

#[test]
fn a_bad_key_costs_one_request_and_lands_nothing() {
    let scene = Scene::new(vec![]);
    std::fs::write(scene.path("key"), "another-key").unwrap();
    let line = format!("--source network-clicks --from {}", word(now() - 20 * DAY));
    assert_eq!(scene.pull(&line).unwrap(), Outcome::SourceFailed);
    assert_eq!(scene.requests(), 1);
    assert_eq!(scene.coverage(), []);
    let line = format!("--source affiliate-clicks --from {}", word(now() - 20 * DAY));
    assert_eq!(scene.pull(&line).unwrap(), Outcome::SourceFailed);
    assert_eq!(scene.server.count(Endpoint::AffiliateClicks), 1);
}
