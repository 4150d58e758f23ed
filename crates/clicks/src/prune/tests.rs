//! What is older goes, what is not stays, and the proof of both.

use std::collections::BTreeMap;
use std::fs;

use arrow::datatypes::Int64Type;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::feed::Feed;
use crate::gather::TypedClicks;
use crate::lake::{Account, Granularity};
use crate::landing::Landing;
use crate::quarantine::QuarantinedRow;
use crate::typing::{ClickTyper, Observation};

/// 2026-03-01T00:00:00Z
const MIDNIGHT: i64 = 1_772_323_200;
const FEED: Feed = Feed::InvalidClicks;

fn new_lake(granularity: Granularity) -> (TempDir, Lake) {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open_or_create(folder.path(), Some(granularity)).unwrap();
    (folder, lake)
}

fn typed(feed: Option<Feed>, seconds: &[i64]) -> TypedClicks {
    let mut typer = ClickTyper::new(Observation { feed, observed_at: None });
    for second in seconds {
        let row = format!(
            r#"{{"transaction_id":"{feed:?}{second}","unix_timestamp":{},"error_code":0,"sub1":"{second}","relationship":{{"affiliate":{{"network_affiliate_id":{}}}}}}}"#,
            MIDNIGHT + second,
            second % 7,
        );
        typer.push(row.as_bytes()).unwrap();
    }
    typer.finish()
}

fn interval(from: i64, to: i64) -> Interval {
    Interval {
        feed: FEED,
        filters: vec![],
        from_time: MIDNIGHT + from,
        to_time: MIDNIGHT + to,
        rows: 0,
        cap: Some(1000),
        saturated: false,
        fetched_at: Some(MIDNIGHT),
        pruned: false,
    }
}

fn land(lake: &Lake, clicks: &[TypedClicks], coverage: &[Interval]) {
    let mut landing = Landing::new(lake, Account::default(), Duration::from_secs(10), 1);
    landing.fold(clicks, Observation::default(), &[], coverage).unwrap();
}

fn prune(lake: &Lake, before: i64) -> Forgotten {
    let pruning = Pruning::new(lake, MIDNIGHT + before, Duration::from_secs(10), false);
    let mut forgotten = Forgotten::default();
    for file in lake.partitions().unwrap() {
        forgotten += pruning.partition(&file).unwrap();
    }
    for file in lake.quarantine_files().unwrap() {
        forgotten += pruning.quarantine_file(&file).unwrap();
    }
    forgotten
}

fn coverage_of(lake: &Lake) -> Vec<Interval> {
    let files = lake.partitions().unwrap();
    let footer = |file: &PartitionFile| lake.footer(&file.key).unwrap().unwrap();
    files.iter().flat_map(|file| footer(file).coverage.intervals().to_vec()).collect()
}

/// (from, to, rows, pruned), in seconds after midnight.
fn spans(lake: &Lake) -> Vec<(i64, i64, u64, bool)> {
    let span = |it: &Interval| (it.from_time - MIDNIGHT, it.to_time - MIDNIGHT, it.rows, it.pruned);
    coverage_of(lake).iter().map(span).collect()
}

fn bytes_of(lake: &Lake) -> Vec<Vec<u8>> {
    lake.partitions().unwrap().iter().map(|file| fs::read(&file.path).unwrap()).collect()
}

fn seconds_in(lake: &Lake) -> Vec<i64> {
    let mut seconds = vec![];
    for file in lake.partitions().unwrap() {
        for batch in lake.open_partition(&file.key).unwrap().unwrap().read(Some(&["click_time"]), None).unwrap() {
            let batch = batch.unwrap();
            let times = batch.column(0).as_primitive::<TimestampMicrosecondType>();
            seconds.extend(times.values().iter().map(|micros| micros / 1_000_000 - MIDNIGHT));
        }
    }
    seconds.sort_unstable();
    seconds
}

#[test]
fn clicks_go_and_their_coverage_stays_with_its_rows() {
    let (_folder, lake) = new_lake(Granularity::Day);
    land(&lake, &[typed(Some(FEED), &[10, 20, 30, 90_000])], &[interval(0, 99_999)]);
    let forgotten = prune(&lake, 25);
    assert_eq!((forgotten.clicks, forgotten.partitions), (2, 1));
    assert_eq!(spans(&lake), [(0, 24, 2, true), (25, 86_399, 1, false), (86_400, 99_999, 1, false)]);
    assert_eq!(seconds_in(&lake), [30, 90_000]);
    let before = bytes_of(&lake);
    assert_eq!(prune(&lake, 25), Forgotten::default());
    assert!(bytes_of(&lake) == before, "pruned twice");
    // Later: what was pruned before and what is pruned now become one.
    prune(&lake, 86_400);
    assert_eq!(spans(&lake), [(0, 86_399, 3, true), (86_400, 99_999, 1, false)]);
}

#[test]
fn a_time_that_had_no_clicks_stays_known_to_have_none() {
    let (_folder, lake) = new_lake(Granularity::Day);
    let all = Interval { feed: Feed::NetworkClicks, ..interval(0, 999) };
    let filtered = Interval { filters: vec!["offer=1".into()], rows: 5, ..interval(0, 999) };
    land(&lake, &[typed(Some(FEED), &[10])], &[interval(0, 999), all.clone(), filtered.clone()]);
    prune(&lake, 500);
    let expected = [
        Interval { to_time: MIDNIGHT + 499, rows: 1, pruned: true, ..interval(0, 0) },
        interval(500, 999),
        Interval { to_time: MIDNIGHT + 499, rows: 2, pruned: true, ..filtered.clone() },
        Interval { from_time: MIDNIGHT + 500, rows: 3, ..filtered },
        all,
    ];
    assert_eq!(coverage_of(&lake), expected);
}

#[test]
fn clicks_of_unknown_feed_make_all_intervals_of_their_time_doubtful() {
    let (_folder, lake) = new_lake(Granularity::Day);
    land(&lake, &[typed(None, &[10])], &[interval(0, 19)]);
    prune(&lake, 11);
    assert_eq!(spans(&lake), [(0, 10, 0, true), (11, 19, 0, false)]);
}

#[test]
fn clicks_that_are_landed_again_come_back_and_prove_nothing_until_an_answer_does() {
    let (_folder, lake) = new_lake(Granularity::Day);
    let clicks = [typed(Some(FEED), &[10, 20, 30])];
    land(&lake, &clicks, &[interval(0, 99)]);
    let undisturbed = bytes_of(&lake);
    prune(&lake, 25);
    let pruned = [(0, 24, 2, true), (25, 99, 1, false)];
    land(&lake, &[typed(Some(FEED), &[20])], &[]);
    assert_eq!(
        (spans(&lake), seconds_in(&lake)),
        (pruned.to_vec(), vec![20, 30]),
        "rows of a pruned time are those it had"
    );
    assert_eq!(prune(&lake, 25).clicks, 1);
    assert_eq!((spans(&lake), seconds_in(&lake)), (pruned.to_vec(), vec![30]));
    land(&lake, &clicks, &[]);
    land(&lake, &clicks, &[interval(0, 99)]);
    assert!(bytes_of(&lake) == undisturbed, "as if it had never been pruned");
}

#[test]
fn a_dry_run_counts_and_changes_nothing() {
    let (_folder, lake) = new_lake(Granularity::Day);
    land(&lake, &[typed(Some(FEED), &[10, 20])], &[interval(0, 99)]);
    let before = bytes_of(&lake);
    let pruning = Pruning::new(&lake, MIDNIGHT + 15, Duration::ZERO, true);
    assert_eq!(pruning.partition(&lake.partitions().unwrap()[0]).unwrap().clicks, 1);
    assert!(bytes_of(&lake) == before);
}

#[test]
fn rows_in_quarantine_are_as_old_as_they_say_or_as_their_answer() {
    let (_folder, lake) = new_lake(Granularity::Day);
    let row = |raw: String| QuarantinedRow {
        raw: raw.into_bytes(),
        part: 0,
        path: "error_code".to_owned(),
        reason: "missing".to_owned(),
        source: "a.json".to_owned(),
        position: 7,
    };
    let timed = |second: i64| row(format!(r#"{{"unix_timestamp":"{}"}}"#, MIDNIGHT + second));
    let mut landing = Landing::new(&lake, Account::default(), Duration::from_secs(10), 1);
    let mut keep = |observed_at: Option<i64>, rows: &[QuarantinedRow]| {
        let observation = Observation { feed: None, observed_at: observed_at.map(|second| MIDNIGHT + second) };
        landing.fold(&[], observation, rows, &[]).unwrap();
    };
    // Of the last two, one claims a time after its answer, the other one that is none.
    keep(Some(1_000), &[timed(10), timed(500), timed(2_000), row(r#"{"unix_timestamp":"soon"}"#.to_owned())]);
    keep(Some(50), &[row("torn".to_owned()), timed(60)]);
    keep(None, &[row("nobody knows".to_owned()), timed(99)]);
    let forgotten = prune(&lake, 100);
    assert_eq!((forgotten.quarantined, forgotten.quarantined_undated), (4, 1));
    assert_eq!(prune(&lake, 100), Forgotten { quarantined_undated: 1, ..Forgotten::default() });
    // All files still read, and a row that was forgotten is kept anew when it comes again.
    keep(Some(50), &[row("torn".to_owned()), timed(500)]);
    assert_eq!(prune(&lake, 100).quarantined, 1);
    assert_eq!(prune(&lake, 2_000).quarantined, 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Against doing the same to a list of seconds: the clicks, the proof, and how many there were.
    #[test]
    fn as_a_list_of_seconds(
        seconds in prop::collection::btree_set(-40_i64..40, 1..30),
        covered in prop::collection::vec((-40_i64..40, 0_i64..30), 0..4),
        befores in prop::collection::vec(-45_i64..45, 1..4),
        is_hourly in any::<bool>(),
    ) {
        let (_folder, lake) = new_lake(if is_hourly { Granularity::Hour } else { Granularity::Day });
        let seconds: Vec<i64> = seconds.into_iter().collect();
        let intervals: Vec<_> = covered.iter().map(|(from, length)| interval(*from, from + length)).collect();
        land(&lake, &[typed(Some(FEED), &seconds)], &intervals);
        let rows = |lake: &Lake| coverage_of(lake).iter().map(|interval| interval.rows).sum::<u64>();
        let proven = |lake: &Lake| -> BTreeMap<i64, bool> {
            let spans = spans(lake);
            spans.iter().flat_map(|(from, to, _, pruned)| (*from..=*to).map(|second| (second, *pruned))).collect()
        };
        let (rows_before, proven_before) = (rows(&lake), proven(&lake));
        let mut last = i64::MIN;
        for before in befores {
            let gone = seconds.iter().filter(|second| **second >= last && **second < before).count() as u64;
            prop_assert_eq!(prune(&lake, before).clicks, gone);
            last = last.max(before);
        }
        let kept: Vec<i64> = seconds.iter().copied().filter(|second| *second >= last).collect();
        prop_assert_eq!(seconds_in(&lake), kept);
        prop_assert_eq!(rows(&lake), rows_before);
        let after = proven(&lake);
        prop_assert!(after.keys().eq(proven_before.keys()), "coverage was lost or made up");
        for (second, pruned) in after {
            // Never unflagged where a click is gone, never flagged where none could be.
            prop_assert!(pruned || second >= last || !seconds.contains(&second), "{} has lost its click", second);
            prop_assert!(!pruned || second < last);
        }
    }
}

#[test]
fn what_stays_is_byte_for_byte_what_a_landing_of_it_gives() {
    let many: Vec<i64> = (0..5_000).map(|number| number * 17 % 86_400).collect();
    let (_folder, lake) = new_lake(Granularity::Day);
    land(&lake, &[typed(None, &many)], &[]);
    prune(&lake, 40_000);
    let kept: Vec<i64> = many.iter().copied().filter(|second| *second >= 40_000).collect();
    let (_folder, other) = new_lake(Granularity::Day);
    land(&other, &[typed(None, &kept)], &[]);
    assert!(bytes_of(&lake) == bytes_of(&other));
    assert!(lake.partitions().unwrap().iter().all(|file| {
        let open = lake.open_partition(&file.key).unwrap().unwrap();
        let batches = open.read(Some(&["affiliate_id"]), None).unwrap();
        batches.map(Result::unwrap).all(|batch| batch.column(0).as_primitive::<Int64Type>().null_count() == 0)
    }));
}
