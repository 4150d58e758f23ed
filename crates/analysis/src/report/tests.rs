//! Reports over answers made by hand, and over small lakes.

mod over_lakes;

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
use crate::engine::completeness::{self, Completeness};
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
        before: completeness::before((FROM, to)),
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
    let ranks = Ranks { is_partners: args.affiliate.is_some(), top: usize::from(args.top), min_clicks: 100, days: 400 };
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
    let ranks = Ranks { is_partners: false, top: 500, min_clicks: 100, days: 400 };
    let made_at = chrono::DateTime::from_timestamp(FROM, 0).unwrap();
    let asked = || build::Asked { args: &args, ranks, zone: Tz::UTC, made_at, lake: "the lake here".to_owned() };
    let answers = answers(10_000, 400);
    let templates = render::templates(None).unwrap();
    let (report, text) = fitting(&answers, &build::accounts(&answers), asked(), &templates, 1_000_000).unwrap();
    assert!(text.len() <= 1_000_000, "{}", text.len());
    let rows = report.accounts[0].offers.rows.len();
    assert!((TOP_MIN..500).contains(&rows), "{rows}");
    assert_eq!(report.notes[0], format!("with --top 500 this would be more than 1.0 MB: long tables show {rows} rows"));

    // Where that is not enough, days go, the earliest first.
    let all = report.accounts[0].days.len();
    let (report, text) = fitting(&answers, &build::accounts(&answers), asked(), &templates, 120_000).unwrap();
    assert!(text.len() <= 120_000, "{}", text.len());
    let part = &report.accounts[0];
    assert!((DAYS_MIN..all).contains(&part.days.len()) && part.days_left_out > 0, "{} of {all}", part.days.len());
    assert!(report.notes[0].contains(&format!("5 rows, and no more than the last {} days", part.days.len())));
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
        score("0", "watch", 90.0),
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

    // An affiliate's own clicks: one entity without an id, and nobody to rank it among.
    let own = Answers { scores: vec![score("", "insufficient data", 0.0)], ..answers(3, 7) };
    let document: serde_json::Value = serde_json::from_str(&render(&own, &[])[2]).unwrap();
    assert_eq!(document["accounts"][0]["affiliates"]["is_by_scores"], false);
}
