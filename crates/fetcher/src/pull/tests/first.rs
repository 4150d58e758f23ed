//! A pull that nothing disturbs, and what the next one then needs.

use super::*;
use simulator::Feed as SimFeed;
use simulator::server::{Endpoint, Fault, Scripted};

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

#[test]
fn fewer_rows_than_everflow_counts_prove_nothing() {
    let (from, to) = (now() - 9 * DAY, now() - 5 * DAY);
    let scene = Scene::new(regular(from, to, 300));
    let line = format!("--source invalid-clicks --from {} --to {}", word(from), word(to));
    let raw = scene.path("raw").display().to_string();
    let script = |faults: &[Fault]| {
        let nth = |(n, fault): (usize, &Fault)| Scripted::nth(Endpoint::InvalidClicks, n as u64 + 1, *fault);
        let script = faults.iter().enumerate().map(nth).collect();
        scene.server.configure(|settings| settings.faults.script = script);
    };
    script(&[Fault::NullClicks]);
    assert_eq!(scene.pull(&format!("{line} --keep-raw {raw}")).unwrap(), Outcome::Incomplete);
    let first = scene.coverage().first().map(|interval| interval.from_time);
    assert!(first.is_none_or(|first| first > from), "an empty answer is taken for the proof of nothing");
    script(&[]);
    assert_eq!(scene.pull(&line).unwrap(), Outcome::Done);
    let truth = truth(&scene.server, SimFeed::InvalidClicks, Window { from, to });
    assert_eq!(clicks_of(&scene.lake()), truth);

    // Nor does the answer when it lands again.
    let kept: Vec<_> = std::fs::read_dir(&raw).unwrap().map(|entry| entry.unwrap().path()).collect();
    let again = Lake::open_or_create(&scene.path("again"), None).unwrap();
    let mut landing = Landing::new(&again, Account::default(), Duration::from_secs(9), 1);
    let headers = replay::headers_of(&kept).unwrap().unwrap();
    assert!(replay::replay(&headers, "default", &mut landing, &Interrupt::default()).unwrap().is_incomplete);
    let covered = coverage_of(&again, &Account::default()).unwrap();
    assert!(covered.iter().all(|interval| interval.from_time > from));
}
