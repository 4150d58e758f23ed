//! Reports over answers made by hand, and over small lakes.

use std::collections::BTreeMap;

use clap::Parser;
use clicks::feed::Feed;

use super::ask::{Answers, Both};
use super::rows::{
    AffiliateDay, AtRisk, CoveredDay, ErrorCode, Figures, Hour, Money, Offer, RatedAffiliate, RatedDay, Score,
    UnknownField,
};
use super::*;
use crate::args::{Arguments, Command};
use crate::engine::completeness::Completeness;
use crate::engine::test_lake::{Click, TestLake, interval, midnight};
use crate::printer::LogFormat;
use crate::printer::tests::Shared;

const HOSTILE: &str =
    "<script>hacked=1</script><img src=x onerror=alert(1)>\u{202e}live\u{1b}[31m\u{0}'\"=HYPERLINK(\"x\")|*_`&amp;";

/// As long as nobody writes a name.
fn hostile(number: usize) -> String {
    format!("{number} {HOSTILE} {}", "Длинное имя ".repeat(200))
}

const ACCOUNT: &str = "acme";
const FROM: i64 = 1_772_323_200; // 2026-03-01T00:00:00Z

/// A feed with so many gaps.
fn completeness(range: (i64, i64), gaps: usize) -> Completeness {
    Completeness {
        account: ACCOUNT.to_owned(),
        feeds: vec![Feed::NetworkClicks],
        feed: Feed::NetworkClicks,
        range,
        covered_seconds: 5,
        gaps: (0..gaps as i64).map(|gap| (range.0 + gap * 10, range.0 + gap * 10 + 1)).collect(),
        pruned_seconds: 0,
    }
}

/// Answers of so many affiliates, offers, codes, fields and days, all with hostile names.
fn answers(many: usize, days: usize) -> Answers {
    let to = FROM + i64::try_from(days).unwrap() * 86_400 - 1;
    let account = || ACCOUNT.to_owned();
    let id = |number: usize| Some(i64::try_from(number).unwrap());
    let date = |number: usize| {
        chrono::DateTime::from_timestamp(FROM + i64::try_from(number).unwrap() * 86_400, 0)
            .unwrap()
            .date_naive()
            .to_string()
    };
    let some = Some(0.5);
    let figures = Figures {
        account: account(),
        clicks: 1_000,
        rated_clicks: 1_000,
        invalid_clicks: 100,
        proxy_known_clicks: 1_000,
        proxy_clicks: 50,
        affiliates: many as u64,
        invalid_low: Some(0.08),
        invalid_high: Some(0.12),
        proxy_low: Some(0.04),
        proxy_high: Some(0.06),
        ..Figures::default()
    };
    Answers {
        seconds: (FROM, to),
        before: ask::before((FROM, to)),
        has_range: true,
        completeness: Both { now: vec![completeness((FROM, to), many)], before: vec![] },
        covered_days: (0..days)
            .map(|day| CoveredDay {
                account: account(),
                date: date(day),
                feed: "network-clicks".to_owned(),
                covered_share: 0.25,
                saturated: 1,
            })
            .collect(),
        figures: Both { now: vec![figures.clone()], before: vec![figures] },
        money: Both {
            now: vec![Money {
                account: account(),
                currency_id: Some(HOSTILE.to_owned()),
                payout: some,
                revenue: some,
                payout_at_risk: some,
                revenue_at_risk: some,
            }],
            before: vec![],
        },
        error_codes: Both {
            now: (1..many.min(3_000))
                .map(|code| ErrorCode {
                    account: account(),
                    error_code: i32::try_from(code).unwrap(),
                    name: Some(hostile(code)),
                    class: if code % 2 == 0 { "unknown".to_owned() } else { hostile(code % 50) },
                    is_fraud_signal: Some(true),
                    clicks: 3,
                    message: Some(hostile(code)),
                })
                .collect(),
            before: vec![],
        },
        unknown_fields: Both {
            now: (0..many)
                .map(|field| UnknownField {
                    account: account(),
                    path: hostile(field),
                    clicks: 1,
                    ..UnknownField::default()
                })
                .collect(),
            before: vec![],
        },
        days: (0..days)
            .map(|day| RatedDay {
                account: account(),
                day: date(day),
                clicks: 10,
                rated_clicks: 10,
                proxy_known_clicks: 10,
                invalid_rate: some,
                invalid_low: Some(0.4),
                invalid_high: Some(0.6),
                proxy_rate: some,
                proxy_low: Some(0.4),
                proxy_high: Some(0.6),
                ..RatedDay::default()
            })
            .collect(),
        affiliates: (0..many)
            .map(|number| RatedAffiliate {
                account: account(),
                affiliate_id: id(number),
                affiliate_name: Some(hostile(number)),
                clicks: 500,
                rated_clicks: 500,
                proxy_known_clicks: 500,
                invalid_rate: some,
                invalid_low: Some(0.4),
                invalid_high: Some(0.6),
                proxy_rate: some,
                proxy_low: Some(0.4),
                proxy_high: Some(0.6),
                ..RatedAffiliate::default()
            })
            .collect(),
        at_risk: (0..many)
            .map(|number| AtRisk {
                account: account(),
                affiliate_id: id(number),
                affiliate_name: Some(hostile(number)),
                clicks: 500,
                datacenters: 400,
                payout_at_risk: some,
                ..AtRisk::default()
            })
            .collect(),
        hours: (0..168_u8)
            .map(|hour| Hour {
                account: account(),
                weekday: hour / 24 + 1,
                hour: hour % 24,
                clicks: u64::from(hour),
                invalid_clicks: 1,
            })
            .collect(),
        offers: (0..many)
            .map(|number| Offer {
                account: account(),
                offer_id: id(number),
                offer_name: Some(hostile(number)),
                clicks: 5,
                top_class: Some(hostile(number)),
                currency_id: Some(hostile(1)),
                ..Offer::default()
            })
            .collect(),
        affiliate_days: (0..many.min(50))
            .flat_map(|number| (0..days.min(90)).map(move |day| (number, day)))
            .map(|(number, day)| AffiliateDay {
                account: account(),
                affiliate_id: id(number),
                day: date(day),
                clicks: 9,
                suspicious_clicks: 4,
            })
            .collect(),
        notes: vec![hostile(0)],
        ..Answers::default()
    }
}

fn args(more: &[&str]) -> ReportArgs {
    let all = ["analyze", "report"].iter().chain(more);
    match Arguments::try_parse_from(all).unwrap().command {
        Command::Report(args) => args,
        other => panic!("{other:?}"),
    }
}

/// The report as HTML, Markdown and JSON.
fn render(answers: &Answers, more: &[&str]) -> [String; 3] {
    let args = args(more);
    let ranks = Ranks { is_partners: args.affiliate.is_some(), top: usize::from(args.top), min_clicks: 100 };
    let made_at = chrono::DateTime::from_timestamp(FROM, 0).unwrap();
    let asked = build::Asked { args: &args, ranks, zone: Tz::UTC, made_at, lake: "the lake here".to_owned() };
    let report = build::report(answers, build::accounts(answers), &asked);
    let templates = render::templates(None).unwrap();
    [
        render::html(&report, &templates, 100).unwrap(),
        render::markdown(&report, &templates, 100).unwrap(),
        render::json(&report),
    ]
}

#[test]
fn ten_thousand_hostile_affiliates_fit_on_a_page_and_do_no_harm() {
    let [html, markdown, json] = render(&answers(10_000, 3_000), &[]);
    for (text, format) in [(&html, "html"), (&markdown, "markdown")] {
        assert!(text.len() < 2_000_000, "{format}: {} bytes", text.len());
        assert!(!text.contains("<script") && !text.contains("<img"), "{format}");
        assert!(!text.contains(['\u{202e}', '\u{1b}', '\u{0}']), "{format}");
        assert!(text.contains("9,975 more affiliates below these"), "{format}");
        assert!(text.contains("2,600 earlier ones are not shown"), "{format}");
    }
    assert!(!json.contains(['\u{202e}', '\u{1b}', '\u{0}']) && json.contains("\\u202e"), "json");
    assert!(json.len() < 2_000_000, "json: {} bytes", json.len());
    let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(parsed["accounts"][0]["offers"]["more"], 9_975);
    // Tags and quotes are ours alone: as many open as close.
    for tag in ["section", "table", "tr", "td", "th", "svg", "figure", "details", "ul", "li", "p", "div"] {
        let opened = html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, html.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn a_page_that_would_be_too_large_shows_fewer_rows_and_says_so() {
    let args = args(&["--top", "500"]);
    let ranks = Ranks { is_partners: false, top: 500, min_clicks: 100 };
    let made_at = chrono::DateTime::from_timestamp(FROM, 0).unwrap();
    let asked = build::Asked { args: &args, ranks, zone: Tz::UTC, made_at, lake: "the lake here".to_owned() };
    let answers = answers(10_000, 400);
    let templates = render::templates(None).unwrap();
    let (report, text) = fitting(&answers, &build::accounts(&answers), asked, &templates, 1_000_000).unwrap();
    assert!(text.len() <= 1_000_000, "{}", text.len());
    let rows = report.accounts[0].offers.rows.len();
    assert!((TOP_MIN..500).contains(&rows), "{rows}");
    assert_eq!(report.notes[0], format!("with --top 500 this would be more than 1.0 MB: long tables show {rows} rows"));
}

#[test]
fn the_page_stands_alone_and_is_the_same_for_the_same_answers() {
    let pages = render(&answers(40, 14), &[]);
    assert_eq!(pages, render(&answers(40, 14), &[]));
    let html = &pages[0];
    for loaded in ["<script", " src=\"", "url(", "@import", "<link rel=\"stylesheet", "http://", "https://"] {
        assert!(!html.contains(loaded), "{loaded}");
    }
    let ids: Vec<&str> = html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let mut distinct = ids.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), ids.len(), "{ids:?}");
    for link in html.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(ids.contains(&link), "{link}");
    }
    // Every drawing has its figures beside it, or says what it shows.
    for svg in html.split("<svg").skip(1).map(|rest| rest.split('>').next().unwrap()) {
        assert!(svg.contains("aria-hidden=\"true\"") || svg.contains("role=\"img\" aria-label=\""), "{svg}");
    }
}

#[test]
fn a_partner_s_page_names_no_revenue_and_no_others() {
    let [html, markdown, json] = render(&answers(1, 7), &["--affiliate", "0"]);
    for text in [&html, &markdown] {
        assert!(!text.to_lowercase().contains("revenue") && !text.contains("the lake here"), "{text}");
        assert!(!text.contains("whole account"), "{text}");
    }
    assert!(json.contains("\"revenue\": null") && json.contains("\"lake\": null"), "{json}");
}

/// Runs `analyze report` on a lake, as JSON.
async fn report_on(lake: &TestLake, more: &[&str]) -> Result<serde_json::Value, String> {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("report.json");
    let places = ["--lake", lake.root().to_str().unwrap(), "--output", output.to_str().unwrap(), "--format", "json"];
    let args = args(&[more, &places, &["--made-at", "2026-03-08"]].concat());
    let printer = Printer::new(LogFormat::Text, true, false, Box::new(Shared::default()));
    let made = report(&args, &Environment::default(), &printer, &Temporaries::default()).await;
    made.map_err(|error| error.to_string())?;
    Ok(serde_json::from_str(&std::fs::read_to_string(output).unwrap()).unwrap())
}

/// Clicks of three affiliates on a day, some refused and some through proxies; pseudo-random, always the same.
fn some_clicks(day: i64) -> Vec<Click> {
    let clicks = (0..300).map(|number: i64| {
        let mixed = (number + day * 1_000).wrapping_mul(2_654_435_761) >> 7;
        (
            number * 288,
            mixed.rem_euclid(3) + 1,
            [0, 0, 0, 2, 23, 4711][usize::try_from(mixed.rem_euclid(6)).unwrap()],
            mixed.rem_euclid(5) == 0,
        )
    });
    clicks.collect()
}

fn fortnight() -> TestLake {
    let lake = TestLake::new();
    for day in 1..=14 {
        lake.put_whole("acme", &format!("2026-03-{day:02}"), &some_clicks(day));
    }
    lake
}

#[test]
fn scores_rank_where_there_are_any() {
    let score = |entity: &str, tier: &str, score: f64| Score {
        account: ACCOUNT.to_owned(),
        entity: entity.to_owned(),
        tier: tier.to_owned(),
        score,
        clicks: 500,
        reasons: vec![format!("the reason of {entity}")],
        families: Some("repetition 62 %, network 38 %".to_owned()),
        evidence: Some("SIVT".to_owned()),
        ..Score::default()
    };
    let scores = vec![
        score("2", "flag", 81.4),
        score("0", "watch", 40.0),
        score("1", "ok", 3.0),
        score("77", "insufficient data", 0.0),
    ];
    let all = Answers { scores, ..answers(3, 7) };
    let [html, _, json] = render(&all, &[]);
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    let ranking = &document["accounts"][0]["affiliates"];
    let rows = ranking["top"]["rows"].as_array().unwrap();
    let ids: Vec<i64> = rows.iter().map(|row| row["affiliate"]["id"].as_i64().unwrap()).collect();
    assert_eq!((ids, &ranking["usual"], &ranking["too_few"]), (vec![2, 0], &1.into(), &1.into()));
    assert!(html.contains("the reason of 2") && html.contains("<span class=\"tag bad\">flag</span>"));
}

#[tokio::test]
async fn figures_are_those_that_a_loop_over_the_clicks_counts() {
    let lake = fortnight();
    let made = report_on(&lake, &["--from", "2026-03-08", "--to", "2026-03-14", "--min-clicks", "1"]).await.unwrap();
    let part = &made["accounts"][0];
    let (now, before): (Vec<Click>, Vec<Click>) =
        ((8..=14).flat_map(some_clicks).collect(), (1..=7).flat_map(some_clicks).collect());
    let figure =
        |name: &str| part["figures"].as_array().unwrap().iter().find(|figure| figure["name"] == name).unwrap().clone();
    let share = |clicks: &[Click], of: fn(&Click) -> bool| {
        clicks.iter().filter(|click| of(click)).count() as f64 / clicks.len() as f64
    };
    for (name, of) in [
        ("Refused", (|click: &Click| click.2 != 0) as fn(&Click) -> bool),
        ("Refused as fraud", |click| click.2 == 23),
        ("Through proxies", |click| click.3),
    ] {
        assert!((figure(name)["value"].as_f64().unwrap() - share(&now, of)).abs() < 1e-12, "{name}");
        assert!((figure(name)["before"].as_f64().unwrap() - share(&before, of)).abs() < 1e-12, "{name}");
    }
    assert_eq!(figure("Clicks")["value"], now.len() as f64);
    assert_eq!(figure("Clicks")["before"], before.len() as f64);
    assert_eq!(figure("Affiliates")["value"], 3.0);
    let mut codes: BTreeMap<i64, u64> = BTreeMap::new();
    now.iter().filter(|click| click.2 != 0).for_each(|click| *codes.entry(i64::from(click.2)).or_default() += 1);
    for class in part["error_classes"]["rows"].as_array().unwrap() {
        for code in class["codes"]["rows"].as_array().unwrap() {
            assert_eq!(codes.remove(&code["code"].as_i64().unwrap()), code["clicks"].as_u64());
        }
    }
    assert!(codes.is_empty(), "{codes:?}");
    assert_eq!(part["unknown_codes"]["rows"][0]["code"], 4711);
    assert_eq!(part["unknown_codes"]["rows"][0]["is_new"], false);
    let hours: u64 = part["hours"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|day| day.as_array().unwrap())
        .map(|hour| hour["clicks"].as_u64().unwrap())
        .sum();
    assert_eq!(hours, now.len() as u64);
    assert_eq!(part["days"].as_array().unwrap().len(), 7);
    assert_eq!((made["is_complete"].clone(), part["sentences"].as_array().unwrap().len()), (true.into(), 5));
    assert_eq!(made["period"]["text"], "2026-03-08 to 2026-03-14");
    assert_eq!(made["before"]["text"], "2026-03-01 to 2026-03-07");
}

/// The figure of this name on the page of the first account.
fn figure(made: &serde_json::Value, name: &str) -> serde_json::Value {
    let figures = made["accounts"][0]["figures"].as_array().unwrap();
    figures.iter().find(|figure| figure["name"] == name).unwrap().clone()
}

/// So many clicks of affiliate 1 over a day, the first tenth of them refused and through proxies, or all of them.
fn plain(clicks: i64, are_all_refused: bool) -> Vec<Click> {
    let bad = |number: i64| are_all_refused || number < clicks / 10;
    (0..clicks).map(|number| (number * 80, 1, if bad(number) { 21 } else { 0 }, bad(number))).collect()
}

#[tokio::test]
async fn all_rates_of_a_page_rest_on_the_same_times() {
    let lake = TestLake::new();
    lake.put_whole("acme", "2026-03-01", &plain(1_000, false));
    lake.put("acme", "2026-03-02", &plain(1_000, true), vec![]);
    let made = report_on(&lake, &[]).await.unwrap();
    let part = &made["accounts"][0];
    assert_eq!(figure(&made, "Clicks")["value"], 2_000.0);
    for name in ["Refused", "Refused as fraud", "Through proxies"] {
        assert_eq!(figure(&made, name)["value"], 0.1, "{name}");
    }
    for rates in ["invalid_by_affiliate", "proxy_by_affiliate"] {
        let rates = &part[rates];
        assert_eq!((rates["all"].clone(), rates["top"]["rows"][0]["rate"]["value"].clone()), (0.1.into(), 0.1.into()));
    }
    assert_eq!(part["offers"]["rows"][0]["invalid"]["value"], 0.1);
    assert_eq!(part["offers"]["rows"][0]["proxy_rate"], 0.1);
    let days = part["days"].as_array().unwrap();
    assert_eq!((days[0]["invalid"]["value"].clone(), days[0]["proxy"]["value"].clone()), (0.1.into(), 0.1.into()));
    assert_eq!(
        (&days[1]["clicks"], days[1]["invalid"].is_null(), days[1]["proxy"].is_null()),
        (&1_000.into(), true, true)
    );
    assert_eq!(part["left_out_of_rates"], 1_000);
}

#[tokio::test]
async fn nothing_is_compared_with_a_period_that_is_not_whole() {
    let lake = fortnight();
    std::fs::remove_dir_all(lake.path("acme", "2026-03-03").parent().unwrap()).unwrap();
    let week = ["--from", "2026-03-08", "--to", "2026-03-14", "--min-clicks", "1"];
    let made = report_on(&lake, &week).await.unwrap();
    let part = &made["accounts"][0];
    let why = "nothing is compared, for network-clicks covers 85.7 % of the 7 d before";
    assert_eq!(part["not_compared"], why);
    assert_eq!(part["sentences"][0], format!("2,100 clicks of 3 affiliates in 7 d; {why}."));
    assert!(part["figures"].as_array().unwrap().iter().all(|figure| figure["before"].is_null()), "{part}");
    assert!(part["error_classes"]["rows"][0]["clicks_before"].is_null());
    assert!(part["unknown_codes"]["rows"][0]["is_new"].is_null());
    assert_eq!(made["is_compared"], false);

    // A gap of this range: rates are compared, numbers are not.
    let lake = fortnight();
    std::fs::remove_dir_all(lake.path("acme", "2026-03-10").parent().unwrap()).unwrap();
    let made = report_on(&lake, &week).await.unwrap();
    assert!(figure(&made, "Clicks")["before"].is_null() && !figure(&made, "Refused")["before"].is_null(), "{made}");
}

#[tokio::test]
async fn a_feed_that_was_added_is_no_rise() {
    let lake = TestLake::new();
    for day in 1..=2 {
        lake.put_whole("acme", &format!("2026-03-0{day}"), &plain(1_000, false)[100..]);
    }
    let first = midnight("2026-03-02");
    let both = [Feed::NetworkClicks, Feed::InvalidClicks].map(|feed| interval(feed, first, first + 86_399));
    lake.put("acme", "2026-03-02", &plain(1_000, false), both.to_vec());
    let made = report_on(&lake, &["--from", "2026-03-02"]).await.unwrap();
    assert_eq!(figure(&made, "Refused")["value"], 0.1);
    assert!(figure(&made, "Refused")["before"].is_null() && figure(&made, "Clicks")["before"].is_null(), "{made}");
    let why = "nothing is compared, for invalid-clicks covers 0.0 % of the 1 d before";
    assert_eq!(made["accounts"][0]["not_compared"], why);
}

#[tokio::test]
async fn a_partner_s_page_is_made_of_its_own_clicks() {
    let lake = fortnight();
    let made = report_on(&lake, &["--from", "2026-03-08", "--affiliate", "2"]).await.unwrap();
    let part = &made["accounts"][0];
    let own = (8..=14).flat_map(some_clicks).filter(|click| click.1 == 2).count();
    assert_eq!(part["figures"][0]["value"], own as f64);
    assert_eq!(part["invalid_by_affiliate"]["top"]["rows"].as_array().unwrap().len(), 1);
    let text = made.to_string();
    for other in ["\"id\":1,", "\"id\":3,", "192.0.2.1\"", "192.0.2.3\""] {
        assert!(!text.contains(other), "{other} in {text}");
    }
    let error = report_on(&lake, &["--affiliate", "99"]).await.unwrap_err();
    assert!(error.starts_with("affiliate 99 has no clicks in this range"), "{error}");
    lake.put_whole("other", "2026-03-08", &some_clicks(8));
    let error = report_on(&lake, &["--affiliate", "2"]).await.unwrap_err();
    assert_eq!(error, "affiliate 2 is one in each of the accounts acme, other: name one with --account");
    assert!(report_on(&lake, &["--affiliate", "2", "--account", "other"]).await.is_ok());
}

#[tokio::test]
async fn an_empty_lake_a_gap_and_a_single_click_read_well() {
    let made = report_on(&TestLake::new(), &[]).await.unwrap();
    assert_eq!((made["accounts"].clone(), made["is_complete"].clone()), (serde_json::json!([]), false.into()));
    assert!(made["period"].is_null() && made["before"].is_null(), "a range that nobody named, of no clicks: {made}");

    let lake = TestLake::new();
    lake.put("acme", "2026-03-02", &[(5, 1, 0, false)], vec![]);
    let made = report_on(&lake, &["--from", "2026-03-01"]).await.unwrap();
    let sentences = made["accounts"][0]["sentences"].as_array().unwrap();
    assert_eq!(
        sentences[0],
        "1 click of 1 affiliate in 2 d; the lake has nothing from the 2 d before to compare with."
    );
    assert!(sentences[1].as_str().unwrap().starts_with("Nothing proves that this is all"), "{sentences:?}");
    assert_eq!(sentences[2], "No click was refused.");

    lake.put_whole("acme", "2026-03-04", &[(5, 1, 0, true)]);
    let made = report_on(&lake, &["--from", "2026-03-02", "--to", "2026-03-04"]).await.unwrap();
    let part = &made["accounts"][0];
    assert_eq!(part["sentences"][1], "The feed network-clicks covers 33.3 %, with one gap of 2 d.");
    assert_eq!(part["coverage"][0]["gaps"]["rows"][0]["to"], "2026-03-03T23:59:59Z");
    assert_eq!(midnight("2026-03-04") - midnight("2026-03-02"), 2 * 86_400);
}
