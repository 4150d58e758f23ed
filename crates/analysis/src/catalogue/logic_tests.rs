//! What the shipped queries mean, against figures that are worked out without SQL: shares of all and not of what is shown,
//! days before the range, currencies apart, keys that are ids.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::ScalarValue;

use super::Catalogue;
use super::shipped_tests::{Click, Fetched, click, many, micros, run, run_query};
use crate::evidence::reason;

fn number(value: i64) -> ScalarValue {
    ScalarValue::Int64(Some(value))
}

fn time(value: &str) -> ScalarValue {
    ScalarValue::TimestampMicrosecond(Some(micros(value)), Some("UTC".into()))
}

#[test]
fn every_query_that_reads_clicks_names_the_feeds_it_rests_on() {
    let reads = |sql: &str| {
        let code: String =
            sql.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join(" ");
        let words: Vec<&str> = code.split_whitespace().collect();
        words.windows(2).any(|pair| {
            ["FROM", "JOIN"].contains(&pair[0]) && ["clicks", "rated_clicks", "anomaly_scores"].contains(&pair[1])
        })
    };
    let mut seen = 0;
    for query in Catalogue::load(None).unwrap().iter().filter(|query| reads(&query.sql)) {
        assert!(!query.needs.is_empty(), "{} says nothing of gaps: give it a `-- needs:`", query.name);
        seen += 1;
    }
    assert!(seen > 30, "{seen}");
}

#[tokio::test]
async fn a_share_is_one_of_all_and_not_of_the_rows_that_are_shown() {
    let at =
        |code, affiliate| Click { code, offer: Some((7, "Offer")), ..click("net", "2026-03-01T10:00:00", affiliate) };
    let mut clicks: Vec<Click> = many(&at(2, 1), 30).collect();
    clicks.extend(many(&at(21, 1), 8));
    clicks.extend(many(&at(23, 1), 2));
    clicks.extend(many(&at(0, 1), 100));
    for query in ["error_codes_by_affiliate", "error_codes_by_offer", "error_codes_by_day"] {
        for (least, shown) in [(1, 3), (5, 2), (30, 1)] {
            let rows = run(query, &clicks, &[], &[("min_clicks", number(least))]).await;
            let shares: Vec<&str> = rows.iter().map(|row| row.last().unwrap().as_str()).collect();
            assert_eq!(shares, ["0.7500", "0.2000", "0.0500"][..shown], "{query} of {least}");
        }
    }
    let rows = run("error_codes_by_class", &clicks, &[], &[]).await;
    let found: Vec<Vec<&str>> = rows.iter().map(|row| row[1..5].iter().map(String::as_str).collect()).collect();
    let expected = [["cap", "30", "0.7500", "0"], ["duplicate", "8", "0.2000", "8"], ["proxy", "2", "0.0500", "2"]];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn currencies_are_never_added() {
    let of = |payout, currency| Click {
        payout: Some(payout),
        currency,
        ip: Some("192.0.2.1"),
        agent: Some("curl/8"),
        ..click("net", "2026-03-30T10:00:00", 1)
    };
    let clicks = [of(1_250_000, Some("EUR")), of(2_000_000, Some("USD")), of(3_000_000, Some("USD")), of(10, None)];
    let everything = "1.25 EUR; 5 USD; 0.00001";
    for query in ["period_variance", "sub_sources", "new_affiliates", "top_ips", "declared_bots"] {
        let given = if query == "sub_sources" { vec![("min_clicks", number(1))] } else { Vec::new() };
        let rows = run(query, &clicks, &[], &given).await;
        assert_eq!(rows.len(), 1, "{query}");
        assert!(rows[0].iter().any(|cell| cell == everything), "{query}: {rows:?}");
    }
}

/// Days of March, one click each, by affiliate and the day that they begin on.
fn from_day(affiliate: i64, first: usize) -> impl Iterator<Item = Click> {
    const NOONS: [&str; 12] = [
        "2026-03-01T12:00:00",
        "2026-03-02T12:00:00",
        "2026-03-03T12:00:00",
        "2026-03-04T12:00:00",
        "2026-03-05T12:00:00",
        "2026-03-06T12:00:00",
        "2026-03-07T12:00:00",
        "2026-03-08T12:00:00",
        "2026-03-09T12:00:00",
        "2026-03-10T12:00:00",
        "2026-03-11T12:00:00",
        "2026-03-12T12:00:00",
    ];
    NOONS.into_iter().skip(first - 1).map(move |noon| click("net", noon, affiliate))
}

#[tokio::test]
async fn new_is_new_to_the_lake_and_not_to_the_range() {
    let clicks: Vec<Click> = from_day(1, 1).chain(from_day(2, 9)).chain(from_day(3, 12)).collect();
    let week = [("from", time("2026-03-06T00:00:00")), ("to", time("2026-03-12T23:59:59"))];
    let names = async |given: &[(&str, ScalarValue)]| {
        let rows = run("new_affiliates", &clicks, &[], given).await;
        rows.into_iter().map(|row| format!("{} {}", row[1], row[4])).collect::<Vec<_>>()
    };
    assert_eq!(names(&week).await, ["2 4", "3 1"], "affiliate 1 was there before");
    assert_eq!(names(&[&week[..], &[("days", number(1))]].concat()).await, ["3 1"]);
    let until_day_11 = [("from", time("2026-03-06T00:00:00")), ("to", time("2026-03-11T23:59:59"))];
    assert_eq!(names(&until_day_11).await, ["2 3"], "what comes after the range is not looked at");
}

#[tokio::test]
async fn periods_are_of_equal_length_wherever_the_range_begins() {
    let clicks: Vec<Click> = from_day(1, 1).chain(from_day(2, 9)).collect();
    let counts = async |from: &str, to: &str, days| {
        let given = [("from", time(from)), ("to", time(to)), ("days", number(days))];
        let rows = run("period_variance", &clicks, &[], &given).await;
        let mut found: Vec<String> = rows
            .into_iter()
            .map(|row| row[1..2].iter().chain(&row[3..5]).cloned().collect::<Vec<_>>().join(" "))
            .collect();
        found.sort();
        found
    };
    // Three days against three, though two of those lie before the range.
    assert_eq!(counts("2026-03-10T00:00:00", "2026-03-12T23:59:59", 7).await, ["1 3 3", "2 3 1"]);
    assert_eq!(counts("2026-03-01T00:00:00", "2026-03-12T23:59:59", 2).await, ["1 2 2", "2 2 2"]);
    assert_eq!(counts("2026-03-01T00:00:00", "2026-03-12T23:59:59", 5).await, ["1 5 5", "2 4 0"]);
    // The lake begins on the first: of seven days before the fifth it has not all.
    assert_eq!(counts("2026-03-01T00:00:00", "2026-03-12T23:59:59", 7).await, ["1 7 -", "2 4 -"]);
    // A day of New York ends at 04:00 UTC.
    let given = [
        ("from", time("2026-03-10T04:00:00")),
        ("to", time("2026-03-11T03:59:59")),
        ("timezone", ScalarValue::from("America/New_York")),
    ];
    let late = |at| click("net", at, 9);
    let edges = ["2026-03-10T03:59:59", "2026-03-10T04:00:00", "2026-03-09T04:00:00", "2026-03-09T03:59:59"].map(late);
    let rows = run("period_variance", &edges, &[], &given).await;
    assert_eq!(rows[0][3..5], ["1", "2"]);
}

#[tokio::test]
async fn a_drift_needs_a_period_before() {
    let coded = |time, code| Click { code, ..click("net", time, 1) };
    let mut clicks: Vec<Click> = many(&coded("2026-03-12T10:00:00", 2), 8).collect();
    clicks.extend(many(&coded("2026-03-11T10:00:00", 2), 3));
    clicks.extend(many(&coded("2026-03-11T10:00:00", 0), 4));
    let day = [("from", time("2026-03-12T00:00:00")), ("to", time("2026-03-12T23:59:59"))];
    let rows = run("error_code_drift", &clicks, &[], &day).await;
    // (3 + 0.5) * 8 / 7 = 4
    assert_eq!(rows[0][5..8], ["8", "3", "4.0000"]);
    let before = [("from", time("2026-03-11T00:00:00")), ("to", time("2026-03-11T23:59:59"))];
    let rows = run("error_code_drift", &clicks, &[], &before).await;
    assert_eq!(rows[0][5..8], ["3", "-", "-"]);
    // Covered, and without a click: that is known.
    let covered: [Fetched; 1] = [("net", "network-clicks", &[], "2026-03-10T00:00:00", "2026-03-11T23:59:59")];
    let rows = run("error_code_drift", &clicks, &covered, &before).await;
    assert_eq!(rows[0][5..7], ["3", "0"]);
}

#[tokio::test]
async fn a_renamed_offer_is_one_offer() {
    let of =
        |name, proxy| Click { offer: Some((5, name)), proxy: Some(proxy), ..click("net", "2026-03-01T10:00:00", 1) };
    let clicks: Vec<Click> = many(&of("Old", true), 30).chain(many(&of("New", false), 90)).collect();
    let rows = run("proxy_rate_by", &clicks, &[], &[("by", ScalarValue::from("offer"))]).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0][..6], ["net", "5", "Old", "120", "30", "0.2500"]);
}

/// A few visitors that click at random, and for each click a look at all before it.
#[tokio::test]
async fn a_click_of_ones_own_hides_no_other() {
    const SECONDS: [&str; 8] = [
        "2026-03-01T10:00:00",
        "2026-03-01T10:00:01",
        "2026-03-01T10:00:02",
        "2026-03-01T10:00:04",
        "2026-03-01T10:05:00",
        "2026-03-01T10:09:59",
        "2026-03-01T10:14:59",
        "2026-03-01T10:30:00",
    ];
    let mut state = 7_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((state >> 33) % below).unwrap()
    };
    let clicks: Vec<Click> = (0..300)
        .map(|index| Click {
            offer: Some((i64::try_from(random(3)).unwrap(), "Offer")),
            ip: Some(["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"][random(4)]),
            agent: Some(["one", "two", "three"][random(3)]),
            id: format!("{index:03}"),
            ..click("net", SECONDS[random(8)], i64::try_from(random(3)).unwrap())
        })
        .collect();
    let is_before = |a: &Click, b: &Click| (micros(a.time), &a.id) < (micros(b.time), &b.id);
    let seconds_between = |a: &Click, b: &Click| (micros(b.time) - micros(a.time)) / 1_000_000;
    let is_visitor = |a: &Click, b: &Click| (a.ip, a.agent) == (b.ip, b.agent);
    let reasons = Catalogue::load_from(reason::SHELF, None).unwrap();
    let hit_ids = |is_hit: &dyn Fn(&Click, &Click) -> bool| -> BTreeSet<String> {
        let hits = clicks.iter().filter(|b| clicks.iter().any(|a| is_before(a, b) && is_visitor(a, b) && is_hit(a, b)));
        hits.map(|click| click.id.clone()).collect()
    };
    let expected: BTreeMap<&str, BTreeSet<String>> = BTreeMap::from([
        ("visitor_of_another_affiliate", hit_ids(&|a, b| a.affiliate != b.affiliate && seconds_between(a, b) < 600)),
        (
            "offers_within_seconds",
            hit_ids(&|a, b| a.affiliate == b.affiliate && a.offer != b.offer && seconds_between(a, b) <= 2),
        ),
    ]);
    for (name, expected) in expected {
        assert!(expected.len() > 20 && expected.len() < 290, "{name}: {}", expected.len());
        // What the tests read: the id and the verdict.
        let mut query = reasons.find(name).unwrap().clone();
        let at = query.sql.find("\nSELECT").unwrap();
        query.sql = format!("SELECT transaction_id, is_hit FROM ({}) AS r", &query.sql[at..]);
        let rows = run_query(&query, &clicks, &[], &[]).await;
        let found: BTreeSet<String> =
            rows.into_iter().filter(|row| row[1] == "true").map(|row| row[0].clone()).collect();
        assert_eq!(found, expected, "{name}");
    }
}
