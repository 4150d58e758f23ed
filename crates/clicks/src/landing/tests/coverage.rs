//! The proof in the footers is the one that was asked for, second by second.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::coverage::Interval;

fn interval(from: i64, to: i64) -> Interval {
    Interval {
        feed: Feed::InvalidClicks,
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

fn cover(lake: &Lake, clicks: &[TypedClicks], intervals: &[Interval]) -> Folded {
    landing(lake).fold(clicks, Observation::default(), &[], intervals).unwrap()
}

fn covered(lake: &Lake) -> Vec<Interval> {
    let partitions = lake.partitions().unwrap();
    partitions.iter().flat_map(|file| open(&file.path).coverage().intervals().to_vec()).collect()
}

fn clicks(rows: &[(&str, i64)]) -> [TypedClicks; 1] {
    let observation = Observation { feed: Some(Feed::InvalidClicks), observed_at: None };
    let rows: Vec<String> = rows.iter().map(|(id, second)| row(id, *second, "")).collect();
    [typed(observation, rows.iter().map(String::as_str))]
}

#[test]
fn an_empty_window_commits_its_coverage() {
    for granularity in [Granularity::Day, Granularity::Hour] {
        let (_folder, lake) = new_lake(granularity);
        let folded = cover(&lake, &[], &[interval(3_000, 4_000)]);
        assert_eq!(folded.rows_new, 0);
        assert!(batches(&lake).iter().all(|(_, batch)| batch.num_rows() == 0));
        let spans: Vec<_> = covered(&lake).iter().map(|i| (i.from_time - MIDNIGHT, i.to_time - MIDNIGHT)).collect();
        match granularity {
            Granularity::Day => assert_eq!(spans, [(3_000, 4_000)]),
            Granularity::Hour => assert_eq!(spans, [(3_000, 3_599), (3_600, 4_000)]),
        }
        // Clicks that come later join it.
        let folded = cover(&lake, &clicks(&[("a", 3_500)]), &[]);
        assert_eq!((folded.rows_new, folded.partitions_written), (1, 1));
        assert_eq!(covered(&lake).len(), spans.len());
    }
}

#[test]
fn intervals_count_the_rows_of_their_feed() {
    let (_folder, lake) = new_lake(Granularity::Day);
    let mut rows = clicks(&[("a", 10), ("b", 20), ("c", 21), ("d", 86_400)]).to_vec();
    rows.push(typed(Observation::default(), [row("e", 15, "").as_str()]));
    cover(&lake, &rows, &[interval(10, 20), interval(86_000, 90_000)]);
    let counts: Vec<_> = covered(&lake).iter().map(|interval| interval.rows).collect();
    assert_eq!(counts, [2, 0, 1]);
}

#[test]
fn a_refetch_replaces_what_it_overlaps() {
    let (_folder, lake) = new_lake(Granularity::Day);
    cover(&lake, &clicks(&[("a", 10)]), &[Interval { saturated: true, ..interval(0, 100) }]);
    let newer = Interval { fetched_at: Some(MIDNIGHT + 50), ..interval(0, 100) };
    cover(&lake, &clicks(&[("a", 10), ("b", 11)]), std::slice::from_ref(&newer));
    assert_eq!(covered(&lake), [Interval { rows: 2, ..newer.clone() }]);
    // Again the same: the same bytes.
    let before = partition_files(&lake);
    cover(&lake, &clicks(&[("a", 10), ("b", 11)]), &[newer]);
    assert!(partition_files(&lake) == before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Against a set of seconds for each day.
    #[test]
    fn footers_are_a_set_of_seconds(
        folds in prop::collection::vec(prop::collection::vec((-30_i64..30, 0_i64..50), 0..3), 1..4),
        is_hourly in any::<bool>(),
    ) {
        let (_folder, lake) = new_lake(if is_hourly { Granularity::Hour } else { Granularity::Day });
        let mut seconds = BTreeSet::new();
        for fold in folds {
            let intervals: Vec<_> = fold.iter().map(|(from, length)| interval(*from, from + length)).collect();
            seconds.extend(fold.iter().flat_map(|(from, length)| *from..=from + length));
            cover(&lake, &[], &intervals);
        }
        let mut found = BTreeSet::new();
        for file in lake.partitions().unwrap() {
            let (first, last) = file.key.period().seconds();
            for interval in open(&file.path).coverage().intervals() {
                prop_assert!(first <= interval.from_time && interval.to_time <= last);
                for second in interval.from_time..=interval.to_time {
                    prop_assert!(found.insert(second - MIDNIGHT));
                }
            }
        }
        prop_assert_eq!(found, seconds);
    }
}

#[test]
fn an_account_is_one_kind_of_login() {
    let (_folder, lake) = new_lake(Granularity::Day);
    landing(&lake).check_feed(Some(Feed::AffiliateClicks)).unwrap();
    cover(&lake, &clicks(&[("a", 1)]), &[]);
    let landing = landing(&lake);
    landing.check_feed(Some(Feed::NetworkClicks)).unwrap();
    landing.check_feed(None).unwrap();
    let error = landing.check_feed(Some(Feed::AffiliateClicks)).unwrap_err();
    assert!(matches!(error, LandingError::OtherLogin { found: Feed::InvalidClicks, .. }), "{error}");
}
