//! Case files from facts that are written here.

use super::super::facts::{Earlier, Kind};
use super::super::judge::{Counts, OfDay, judge};
use super::*;
use crate::engine::completeness::Completeness;

fn count(x: u64, n: u64) -> Count {
    Count { x, n }
}

/// Days from 2026-03-01 on whose clicks all have a denominator.
fn days_of(counts: &[(u64, u64)]) -> Vec<OfDay> {
    let of_day = |(day, &(x, n)): (usize, &(u64, u64))| OfDay {
        day: format!("2026-03-{:02}", day + 1),
        count: count(x, n),
        hits: x,
    };
    counts.iter().enumerate().map(of_day).collect()
}

/// A subject with a proxy rate of half, which rose on the fourth of six days, carried by one sub1.
pub(crate) fn facts(sub1: &str) -> Facts {
    let days = days_of(&[(1, 50), (0, 50), (2, 50), (90, 100), (85, 100), (88, 100)]);
    let counts = Counts {
        own: count(266, 450),
        hits: 270,
        peers: (0..10).map(|i| count(5 + i, 300)).collect(),
        days: days.clone(),
        earlier: Some(count(4, 200)),
    };
    let row = |dimension: &str, value: &str, x, n| SourceRow {
        dimension: dimension.to_owned(),
        value: value.to_owned(),
        x,
        n,
    };
    let example = Example {
        transaction_id: "t1".to_owned(),
        click_time: "2026-03-04T10:00:00Z".to_owned(),
        affiliate_id: Some(7),
        offer_id: Some(3),
        sub1: Some(sub1.to_owned()),
        source_id: None,
        user_ip: Some("203.0.113.9".to_owned()),
        http_user_agent: Some(sub1.to_owned()),
        error_code: Some(0),
        payout: Some("1.500000".to_owned()),
        currency_id: Some("USD".to_owned()),
    };
    let proxy = ReasonFacts {
        name: "proxy".to_owned(),
        title: "Through a proxy".to_owned(),
        about: "Relays too.".to_owned(),
        sentence: "{observed} of the clicks ({x} of {n}), the others {expected}".to_owned(),
        basis: Basis::List,
        defined_by: Vec::new(),
        own: counts.own,
        hits: 270,
        days,
        judgement: judge(&counts),
        sources: vec![
            row("sub1", sub1, 255, 260),
            row("sub1", "good", 11, 190),
            row("offer_id", "3", 266, 450),
            row("network", "203.0.113.0/24", 10, 10),
        ],
        examples: vec![example],
    };
    let none = Counts { own: count(1, 450), peers: counts.peers.clone(), ..Counts::default() };
    let bots = ReasonFacts {
        name: "bots".to_owned(),
        title: "Bots".to_owned(),
        own: none.own,
        hits: 1,
        days: Vec::new(),
        judgement: judge(&none),
        sources: Vec::new(),
        examples: Vec::new(),
        ..proxy.clone()
    };
    let money = |reason: Option<&str>| Money {
        reason: reason.map(str::to_owned),
        currency_id: Some("USD".to_owned()),
        clicks: 270,
        conversions: Some(3),
        payout: Some("12345.678900".to_owned()),
        revenue: None,
    };
    Facts {
        subject: Subject { kind: Kind::Affiliate, account: "net".to_owned(), id: 7, name: Some(sub1.to_owned()) },
        seconds: (1_772_323_200, 1_772_323_200 + 6 * 86_400 - 1),
        timezone: "UTC".to_owned(),
        earlier: None,
        completeness: None,
        others: 10,
        own: Totals { clicks: 460, rated_clicks: 450, conversion_known: 450, conversions: 9, ..Totals::default() },
        rest: Totals { clicks: 3000, rated_clicks: 3000, conversion_known: 3000, conversions: 60, ..Totals::default() },
        reasons: vec![bots, proxy],
        money: vec![money(None)],
        money_by_reason: vec![money(Some("proxy"))],
        counter: Counter {
            clicks: 270,
            rated_clicks: 266,
            conversions: Some(3),
            from_campuses: 20,
            ..Counter::default()
        },
        score: None,
    }
}

#[test]
fn the_abnormal_leads_with_when_and_who() {
    let file = write(&facts("bad"));
    let [proxy, bots] = file.findings.as_slice() else { panic!("{:?}", file.findings) };
    assert_eq!((proxy.name.as_str(), proxy.judgement.standing), ("proxy", Standing::Abnormal));
    assert_eq!(bots.judgement.standing, Standing::Normal);
    assert_eq!(proxy.sentence, "59.1 % of the clicks (266 of 450), the others 3.2 %");
    assert!(proxy.since.as_ref().unwrap().starts_with("rose on 2026-03-04: 2.0 % before (3 of 150), 87.7 %"));
    // What lowers the rate most comes first, what has all the clicks last, what raises it not at all.
    let sources: Vec<(&str, &str)> =
        proxy.sources.iter().map(|source| (source.dimension.as_str(), source.value.as_str())).collect();
    assert_eq!(sources, [("sub1", "bad"), ("offer_id", "3")]);
    assert_eq!(proxy.sources[0].rate_without, count(11, 190).rate());
    assert_eq!(proxy.sources[1].rate_without, None);
    insta::assert_snapshot!(
        [
            file.summary.as_slice(),
            &["--".to_owned()],
            file.in_favour.as_slice(),
            &["--".to_owned()],
            file.method.as_slice()
        ]
        .concat()
        .join("\n")
    );
}

#[test]
fn nothing_abnormal_and_nothing_to_judge_are_said() {
    let mut quiet = facts("x");
    quiet.reasons.remove(1);
    quiet.counter = Counter::default();
    let file = write(&quiet);
    assert_eq!(file.summary.last().unwrap(), "Nothing is abnormal: of 1 reasons none holds against it.");
    quiet.own = Totals { clicks: 3, rated_clicks: 3, ..Totals::default() };
    let file = write(&quiet);
    assert!(
        file.summary[1].starts_with("Nothing can be judged: a rate can rest on 3 clicks only"),
        "{:?}",
        file.summary
    );
}

#[test]
fn completeness_is_the_first_thing_said() {
    let mut known = facts("x");
    let seconds = known.seconds;
    known.completeness = Some(Completeness {
        account: "net".to_owned(),
        feeds: vec![clicks::feed::Feed::NetworkClicks],
        feed: clicks::feed::Feed::NetworkClicks,
        range: seconds,
        covered_seconds: 5 * 86_400,
        gaps: vec![(seconds.1 - 86_399, seconds.1)],
        pruned_seconds: 0,
    });
    let said = write(&known).completeness;
    assert!(!said.is_complete && (said.share - 5.0 / 6.0).abs() < 1e-12);
    assert!(said.sentence.starts_with("Not complete: network-clicks covers 83.3 %"), "{}", said.sentence);
    assert_eq!(said.gaps, ["2026-03-06 UTC"]);
}

/// The facts with the days of the finding replaced, judged anew.
fn on_days(days: &[(u64, u64)]) -> Facts {
    with_days(days_of(days))
}

fn with_days(days: Vec<OfDay>) -> Facts {
    let mut facts = facts("x");
    let own = days.iter().fold(Count::default(), |sum, of| sum.and(of.count));
    let peers = (0..10).map(|_| count(3, 300)).collect();
    let counts = Counts { own, hits: own.x, peers, days: days.clone(), earlier: None };
    let proxy = &mut facts.reasons[1];
    (proxy.own, proxy.days, proxy.judgement) = (own, days, judge(&counts));
    facts.reasons.remove(0);
    facts
}

#[test]
fn a_beginning_is_said_only_as_the_days_show_it() {
    // Nine days without a hit, then all: too few clicks for a split, but not from the first day.
    let mut days = vec![(0, 5); 9];
    days.push((15, 15));
    let said = write(&on_days(&days)).findings[0].since.clone().unwrap();
    assert_eq!(
        said,
        "no single day can be named on which the rate changed; the first such click was on 2026-03-10 (15 of 15 on that day, \
         none of 45 on the days before)"
    );
    let always = write(&on_days(&[(30, 60), (31, 60), (29, 60)])).findings[0].since.clone().unwrap();
    assert_eq!(
        always,
        "no single day can be named on which the rate changed; the first such click was on 2026-03-01 (30 of 60 on that day, the \
         first of the range that can be judged)"
    );
    // A fall is no beginning.
    let fell = write(&on_days(&[(90, 100), (88, 100), (30, 100), (28, 100)])).findings[0].since.clone().unwrap();
    assert!(fell.starts_with("the first such click was on 2026-03-01 (90 of 100 on that day"), "{fell}");
    assert!(fell.contains("; fell on 2026-03-03: 89.0 % before"), "{fell}");
}

#[test]
fn what_defines_a_reason_speaks_for_nobody() {
    let in_favour = |defined_by: &[&str]| {
        let mut facts = facts("curl/8");
        let proxy = &mut facts.reasons[1];
        proxy.defined_by = defined_by.iter().map(|name| (*name).to_owned()).collect();
        let row = |dimension: &str, value: &str, x, n| SourceRow {
            dimension: dimension.to_owned(),
            value: value.to_owned(),
            x,
            n,
        };
        proxy.sources = vec![
            row("http_user_agent", "curl/8", 262, 262),
            row("offer_id", "3", 133, 225),
            row("sub1", "same", 133, 225),
        ];
        proxy.own = count(266, 450);
        let file = write(&facts);
        let named: Vec<String> = file.findings[0].sources.iter().map(|source| source.dimension.clone()).collect();
        assert_eq!(named, ["http_user_agent"], "without the others the rate is the same");
        file.in_favour.iter().any(|said| said.contains("one source carries it"))
    };
    assert!(in_favour(&[]));
    assert!(!in_favour(&["http_user_agent"]));
    assert!(!in_favour(&["network", "http_user_agent"]));
}

/// The facts with other sources of the finding, whose days are one.
fn with_sources(own: Count, sources: &[(&str, Count)]) -> CaseFile {
    let mut facts = facts("x");
    facts.reasons.remove(0);
    let proxy = &mut facts.reasons[0];
    let peers = (0..10).map(|i| count(5 + i, 300)).collect();
    proxy.judgement = judge(&Counts { own, hits: own.x, peers, ..Counts::default() });
    (proxy.own, proxy.days) = (own, Vec::new());
    let row = |(value, count): &(&str, Count)| SourceRow {
        dimension: "offer_id".to_owned(),
        value: (*value).to_owned(),
        n: count.n,
        x: count.x,
    };
    proxy.sources = sources.iter().map(row).collect();
    write(&facts)
}

#[test]
fn nobody_is_cleared_by_what_is_left_of_five_clicks() {
    let said = |file: &CaseFile| {
        let favour = file.in_favour.iter().find(|said| said.contains("one source carries it")).cloned();
        (file.summary.iter().any(|said| said.contains("is carried by")), favour)
    };
    // 500 of 505 clicks are of one offer: what is left says nothing, neither for nor against.
    let few = with_sources(count(200, 505), &[("7", count(200, 500))]);
    assert_eq!(few.findings[0].sources[0].rate_without, Some(0.0));
    assert_eq!(said(&few), (false, None));
    // A source with as large a part of the clicks as of the hits carries nothing.
    assert!(!said(&with_sources(count(400, 1000), &[("7", count(300, 700))])).0);
    // What is left is like the others, but few: no more is said than that.
    let (is_carried, favour) = said(&with_sources(count(203, 600), &[("7", count(200, 500))]));
    assert!(is_carried);
    assert_eq!(
        favour.unwrap(),
        "Through a proxy: one source carries it, offer_id = 7, with 98.5 % of the hits and 83.3 % of the clicks. Without it the rate is \
         3.0 % (3 of 100), of the others' clicks 3.2 %; by its 95 % interval it may be up to 8.5 %."
    );
    let enough = said(&with_sources(count(500, 4500), &[("7", count(460, 500))])).1.unwrap();
    assert!(
        enough.ends_with("of the others' clicks 3.2 %: the affiliate is no worse than the others then."),
        "{enough}"
    );
    // Not like the others.
    assert_eq!(said(&with_sources(count(240, 600), &[("7", count(230, 500))])).1, None);
}

#[test]
fn the_first_click_may_have_no_denominator() {
    let day = |day: &str, x, n, hits| OfDay { day: day.to_owned(), count: count(x, n), hits };
    let since = |days: Vec<OfDay>| write(&with_days(days)).findings[0].since.clone().unwrap();
    let days = vec![day("2026-03-01", 0, 80, 0), day("2026-03-02", 0, 0, 18), day("2026-03-03", 9, 19, 9)];
    let said = since(days.clone());
    assert!(
        said.ends_with(
            "the first such click was on 2026-03-02 (18, of a day without a rate, none of 80 on the days before)"
        ),
        "{said}"
    );
    let said = since(days[1..].iter().cloned().chain([day("2026-03-04", 30, 60, 30)]).collect());
    assert!(said.ends_with("the first such click was on 2026-03-02 (18, of a day without a rate)"), "{said}");
    let said = since(vec![day("2026-03-01", 30, 60, 35), day("2026-03-02", 30, 60, 30)]);
    assert!(
        said.ends_with(
            "(30 of 60 on that day, and 5 without a denominator, the first of the range that can be judged)"
        ),
        "{said}"
    );
    // A change lies between the days that have rates.
    let said = since(vec![day("2026-03-01", 0, 80, 0), day("2026-03-02", 0, 0, 18), day("2026-03-03", 39, 60, 39)]);
    assert!(
        said.starts_with(
            "rose between 2026-03-01 and 2026-03-03 (no rate is known of the days between): 0.0 % before (0 of 80)"
        ),
        "{said}"
    );
}

#[test]
fn a_share_is_one_of_clicks_with_a_denominator() {
    let file = write(&facts("x"));
    assert_eq!(file.implicated.share, count(266, 450).rate());
    let said = "270 clicks are implicated, each counted once: 266 of the 450 that a rate can rest on (59.1 %), and 4 of the 10 of times of \
                which only refused clicks are there.";
    assert!(file.summary.iter().any(|sentence| sentence == said), "{:?}", file.summary);
    let mut rated = facts("x");
    rated.own.clicks = 450;
    rated.counter.clicks = 266;
    assert!(write(&rated).implicated.sentence.starts_with("266 clicks (59.1 % of all) are implicated"));
}

#[test]
fn what_is_not_known_is_no_zero() {
    let mut unknown = facts("x");
    unknown.own.conversion_known = 0;
    unknown.counter.conversions = None;
    let file = write(&unknown);
    assert!(file.in_favour.iter().any(|said| said.starts_with("Whether clicks converted is not known")), "{file:?}");
    assert!(!file.in_favour.iter().any(|said| said.contains(" converted.")));
}

#[test]
fn a_period_before_that_is_not_whole_is_said() {
    let mut facts = facts("x");
    let mut method = |earlier| {
        facts.earlier = Some(earlier);
        write(&facts).method.join("\n")
    };
    let seconds = (0, 86_399);
    assert!(method(Earlier { seconds, not_compared: None }).contains("The period before is 1970-01-01 UTC."));
    let why = Some("network-clicks covers 50.0 % of it".to_owned());
    let said = method(Earlier { seconds, not_compared: why });
    assert!(
        said.contains("The period before, 1970-01-01 UTC, is not compared with: network-clicks covers 50.0 % of it."),
        "{said}"
    );
}

#[test]
fn the_others_that_are_far_out_are_said() {
    let mut facts = facts("x");
    let proxy = &mut facts.reasons[1];
    let mut peers: Vec<Count> = (0..10).map(|i| count(5 + i, 300)).collect();
    peers.push(count(500, 1000));
    proxy.judgement = judge(&Counts { own: proxy.own, hits: 270, peers, ..Counts::default() });
    let sentence = write(&facts).findings[0].sentence.clone();
    assert!(sentence.ends_with(", the others 14.9 % (3.2 % without the one that is far out itself)"), "{sentence}");
}
