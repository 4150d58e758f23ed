//! Order, split and repetition change nothing; versions merge as a naive loop over their fields says.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::*;
use crate::typing::tests::read_back::{Leaf, leaves_of_click, leaves_of_json};

/// A version of a click, with the time at which it was observed.
#[derive(Debug, Clone, PartialEq)]
struct Version {
    id: String,
    second: i64,
    fields: Vec<(&'static str, &'static str)>,
    observation: Observation,
}

/// Fields with two values each; of the last one, the second does not fit its column.
const FIELDS: [(&str, [&str; 2]); 7] = [
    ("sub1", ["\"a\"", "\"b\""]),
    ("affiliate", ["1", "2"]),
    ("is_unique", ["false", "true"]),
    ("parameters", [r#"{"k":"1"}"#, r#"{"k":"1","l":"2"}"#]),
    ("new", ["1", "2"]),
    ("revenue", ["1.5", "22.25"]),
    ("payout", ["3", "\"odd\""]),
];

impl Version {
    fn json(&self) -> String {
        let (mut own, mut related) = (vec![], vec![]);
        for (field, value) in &self.fields {
            match *field {
                "affiliate" => related.push(format!(r#""affiliate":{{"network_affiliate_id":{value}}}"#)),
                "parameters" => related.push(format!(r#""query_parameters":{value}"#)),
                field => own.push(format!("\"{field}\":{value}")),
            }
        }
        own.push(format!("\"relationship\":{{{}}}", related.join(",")));
        row(&self.id, self.second, &own.join(","))
    }

    fn key(&self, granularity: Granularity) -> (Option<Period>, String) {
        (Period::of(MIDNIGHT + self.second, granularity), self.id.clone())
    }
}

/// Merges field by field, as `design.md` puts it.
fn naive_merge(a: &Version, b: &Version) -> Version {
    let order = a.observation.observed_at.cmp(&b.observation.observed_at);
    let (later, earlier) = if order == Ordering::Greater { (a, b) } else { (b, a) };
    let value_of = |version: &Version, name| version.fields.iter().find(|(field, _)| *field == name).map(|(_, v)| *v);
    let mut fields = vec![];
    for (name, [low, _]) in FIELDS {
        let value = match (value_of(later, name), value_of(earlier, name)) {
            (Some(a), Some(b)) if order == Ordering::Equal && a != b => match name {
                // What fits the column wins over what does not.
                "payout" => Some(low),
                _ => FIELDS.iter().find(|(field, _)| *field == name).map(|(_, [_, high])| *high),
            },
            (later, earlier) => later.or(earlier),
        };
        fields.extend(value.map(|value| (name, value)));
    }
    let second = if order == Ordering::Equal { a.second.max(b.second) } else { later.second };
    Version { id: a.id.clone(), second, fields, observation: later.observation }
}

fn version(id: String) -> impl Strategy<Value = Version> {
    let fields = FIELDS.map(|(name, values)| {
        prop::option::of(prop::sample::select(values.to_vec())).prop_map(move |value| value.map(|value| (name, value)))
    });
    let second = prop::sample::select(vec![0, 1, 1, 2, 3_599, 3_600, 86_399, 86_400]);
    let feed = prop::sample::select(vec![None, Some(Feed::InvalidClicks), Some(Feed::NetworkClicks)]);
    let observed_at = prop::sample::select(vec![None, Some(5), Some(9)]);
    (second, fields.to_vec(), feed, observed_at).prop_map(move |(second, fields, feed, observed_at)| Version {
        id: id.clone(),
        second,
        fields: fields.into_iter().flatten().collect(),
        observation: Observation { feed, observed_at },
    })
}

/// Clicks in at most two versions each; some come again as they were.
fn versions() -> impl Strategy<Value = Vec<Version>> {
    let click = |nth: usize| prop::collection::vec(version(format!("id{nth}")), 1..=2);
    let clicks: Vec<_> = (0..8).map(click).collect();
    (clicks, prop::collection::vec(any::<prop::sample::Index>(), 0..6)).prop_map(|(clicks, again)| {
        let mut versions: Vec<Version> = clicks.into_iter().flatten().collect();
        let again: Vec<Version> = again.into_iter().map(|index| index.get(&versions).clone()).collect();
        versions.extend(again);
        versions
    })
}

/// Lands versions in this order, cut into folds, and each fold into answers of one observation.
fn land_versions(lake: &Lake, versions: &[Version], fold_rows: usize) {
    let mut landing = landing(lake);
    for fold in versions.chunks(fold_rows) {
        let answers = fold.chunk_by(|a, b| a.observation == b.observation);
        let clicks: Vec<_> = answers
            .map(|answer| {
                let rows: Vec<String> = answer.iter().map(Version::json).collect();
                typed(answer[0].observation, rows.iter().map(String::as_str))
            })
            .collect();
        landing.fold(&clicks, Observation::default(), &[], &[]).unwrap();
    }
}

fn expected(versions: &[Version], granularity: Granularity) -> BTreeMap<(Option<Period>, String), Version> {
    let mut expected: BTreeMap<_, Version> = BTreeMap::new();
    for version in versions {
        let key = version.key(granularity);
        let merged = expected.get(&key).map_or_else(|| version.clone(), |known| naive_merge(known, version));
        expected.insert(key, merged);
    }
    expected
}

fn check_against(versions: &[Version], lake: &Lake) {
    let expected = expected(versions, lake.granularity());
    let mut found = 0;
    for (key, batch) in batches(lake) {
        let affiliates = batch.column(position::AFFILIATE_ID).as_primitive::<arrow::datatypes::Int64Type>();
        let mut order = vec![];
        for (row, id) in ids(&batch).into_iter().enumerate() {
            let version = &expected[&(Some(key.period()), id.to_owned())];
            let mut leaves = leaves_of_json(&version.json());
            // Where the column and `extra` both have a value, the test's row has one only.
            leaves.sort();
            assert_eq!(leaves_of_click(&batch, row), leaves, "{versions:#?}");
            let times = batch.column(position::OBSERVATION).as_primitive::<TimestampMicrosecondType>();
            let observed_at = times.is_valid(row).then(|| times.value(row) / 1_000_000);
            assert_eq!(observed_at, version.observation.observed_at);
            let affiliate = if affiliates.is_valid(row) { affiliates.value(row) } else { i64::MAX };
            order.push((affiliate, version.second, id.to_owned()));
            found += 1;
        }
        assert!(order.is_sorted(), "{order:?}");
    }
    assert_eq!(found, expected.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn order_split_and_repetition_change_nothing(
        (versions, shuffled) in versions().prop_flat_map(|versions| (Just(versions.clone()), Just(versions).prop_shuffle())),
        fold_rows in 1_usize..8,
        granularity in prop::sample::select(vec![Granularity::Day, Granularity::Hour]),
    ) {
        let (_folder, lake) = new_lake(granularity);
        land_versions(&lake, &versions, usize::MAX);
        check_against(&versions, &lake);
        let (_other_folder, other) = new_lake(granularity);
        land_versions(&other, &shuffled, fold_rows);
        let files = partition_files(&lake);
        prop_assert!(partition_files(&other) == files, "{:?} {:?}", batches(&lake), batches(&other));
        // Again, in yet another order.
        land_versions(&lake, &shuffled, fold_rows);
        prop_assert!(partition_files(&lake) == files, "landing twice changed the files");
    }
}

#[test]
fn two_versions_in_both_orders() {
    let earlier = row("a", 5, r#""sub1":"x","sub2":"y","relationship":{"affiliate":{"network_affiliate_id":1}}"#);
    let later = row("a", 9, r#""sub1":"z","relationship":{"affiliate":{"network_affiliate_id":2}}"#);
    let other = row("b", 7, r#""relationship":{"affiliate":{"network_affiliate_id":1}}"#);
    let at = |second| Observation { feed: None, observed_at: Some(second) };
    let (earlier, later) = (typed(at(1), [earlier.as_str(), other.as_str()]), typed(at(2), [later.as_str()]));
    let mut seen = vec![];
    for order in [[&earlier, &later], [&later, &earlier]] {
        for is_one_fold in [true, false] {
            let (_folder, lake) = new_lake(Granularity::Day);
            match is_one_fold {
                true => _ = land(&lake, &order.map(Clone::clone)),
                false => order.iter().for_each(|clicks| _ = land(&lake, &[(*clicks).clone()])),
            }
            let (_, batch) = &batches(&lake)[0];
            // It moved behind the other click, for it is another affiliate's now.
            assert_eq!(ids(batch), ["b", "a"]);
            let leaves = leaves_of_click(batch, 1);
            for (path, value) in [("sub1", "z"), ("sub2", "y"), ("unix_timestamp", "1772323209")] {
                assert!(leaves.contains(&(vec![path.to_owned()], Leaf::Written(value.to_owned()))), "{leaves:?}");
            }
            seen.push(partition_files(&lake));
        }
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn the_summary_counts_what_happened() {
    let (_folder, lake) = new_lake(Granularity::Day);
    let clicks = |rows: &[String]| [typed(Observation::default(), rows.iter().map(String::as_str))];
    let rows = [row("a", 1, ""), row("b", 2, ""), row("a", 1, ""), row("c", 90_000, "")];
    let first = land(&lake, &clicks(&rows));
    let expected = Folded { rows_new: 3, rows_repeated: 1, partitions_written: 2, ..Folded::default() };
    assert_eq!(first, expected);
    let again = land(&lake, &clicks(&rows));
    assert_eq!(again, Folded { rows_unchanged: 3, rows_repeated: 1, ..Folded::default() });
    let changed = land(&lake, &clicks(&[row("a", 1, r#""sub1":"x""#), row("b", 2, ""), row("d", 3, "")]));
    let expected =
        Folded { rows_new: 1, rows_changed: 1, rows_unchanged: 1, partitions_written: 1, ..Folded::default() };
    assert_eq!(changed, expected);
}

#[test]
fn accounts_do_not_mix() {
    let (_folder, lake) = new_lake(Granularity::Day);
    for account in ["one", "two"] {
        let mut landing = Landing::new(&lake, account.parse().unwrap(), Duration::from_secs(10), 1);
        let clicks = typed(Observation::default(), [row("a", 1, "").as_str()]);
        let folded = landing.fold(&[clicks], Observation::default(), &[], &[]).unwrap();
        assert_eq!(folded.rows_new, 1);
    }
    let accounts: Vec<_> = batches(&lake).into_iter().map(|(key, _)| key.account.to_string()).collect();
    assert_eq!(accounts, ["one", "two"]);
}
