//! Checks over lakes that were made for them: what each finds, and what it leaves alone.

use clap::Parser;
use clicks::feed::Feed;

use crate::args::Arguments;
use crate::engine::test_lake::{Click, TestLake, interval, midnight};
use crate::environment::Environment;
use crate::printer::tests::Shared;
use crate::printer::{LogFormat, Printer};
use crate::run::{Outcome, run};
use crate::temporaries::Temporaries;

/// What a run ended with, its findings as `severity check account: message`, and what it said.
struct Ended {
    outcome: Result<Outcome, String>,
    findings: Vec<String>,
    said: String,
}

async fn check(lake: &TestLake, args: &[&str]) -> Ended {
    check_in(&Environment::default(), lake, args).await
}

async fn check_in(environment: &Environment, lake: &TestLake, args: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("findings.json");
    let places = ["--lake", lake.root().to_str().unwrap(), "--output", output.to_str().unwrap(), "--format", "json"];
    let all = ["analyze", "check"].iter().chain(args).chain(&places);
    let arguments = Arguments::try_parse_from(all).unwrap();
    let said = Shared::default();
    let printer = Printer::new(LogFormat::Text, false, false, Box::new(said.clone()));
    let outcome = run(arguments, environment, &printer, &Temporaries::default()).await;
    let text = std::fs::read_to_string(&output).unwrap_or_else(|_| r#"{"findings":[]}"#.to_owned());
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let word = |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap_or("-").to_owned();
    let findings = document["findings"].as_array().unwrap().iter().map(|finding| {
        let of = |key| word(finding, key);
        format!("{} {} {}: {}", of("severity"), of("check"), of("account"), of("message"))
    });
    Ended { outcome: outcome.map_err(|error| error.to_string()), findings: findings.collect(), said: said.text() }
}

/// A day of 200 clicks of each of three affiliates, spread over it: one in ten through a proxy, one in ten over the cap.
fn ordinary_day() -> Vec<Click> {
    let clicks = (0..600).map(|number| {
        let (affiliate, turn) = (i64::from(number % 3), number / 3);
        (i64::from(number) * 144, affiliate + 1, if turn % 10 == 1 { 2 } else { 0 }, turn % 10 == 5)
    });
    clicks.collect()
}

fn ordinary_week() -> TestLake {
    let lake = TestLake::new();
    for day in 1..=7 {
        lake.put_whole("acme", &format!("2026-03-0{day}"), &ordinary_day());
    }
    lake
}

/// Half an hour after the week.
const AFTER: [&str; 2] = ["--made-at", "2026-03-08 00:30:00"];

/// In a test lake an affiliate has one address.
const NOT_ADDRESSES: [&str; 2] = ["--param", "address_share.share=1"];

#[tokio::test]
async fn an_ordinary_week_has_nothing_to_tell() {
    let ended = check(&ordinary_week(), &[&AFTER[..], &NOT_ADDRESSES].concat()).await;
    assert_eq!((ended.outcome, ended.findings), (Ok(Outcome::Done), vec![]), "{}", ended.said);
    assert!(ended.said.ends_with("note: 16 checks: 0 errors, 0 warnings\n"), "{}", ended.said);
}

#[tokio::test]
async fn each_check_finds_what_it_is_for() {
    let lake = ordinary_week();
    // The last day: affiliate 1 all through proxies, affiliate 2 refused as fraud with a code that is new, affiliate 3 gone.
    let last = ordinary_day().into_iter().filter(|click| click.1 < 3).map(|(second, affiliate, code, proxy)| {
        (second, affiliate, if affiliate == 2 { 23 } else { code }, proxy || affiliate == 1)
    });
    let mut last: Vec<Click> = last.collect();
    last.push((50, 1, 4711, false));
    lake.put_whole("acme", "2026-03-07", &last);
    // The day before has a gap of an hour and a minute at the cap.
    let first = midnight("2026-03-06");
    let mut cut = interval(Feed::NetworkClicks, first + 7_200, first + 7_259);
    cut.saturated = true;
    let parts = [(0, 7_199), (7_260, 39_999), (43_600, 86_399)];
    let mut covered: Vec<_> =
        parts.iter().map(|(from, to)| interval(Feed::NetworkClicks, first + from, first + to)).collect();
    covered.push(cut);
    lake.put("acme", "2026-03-06", &ordinary_day(), covered);
    // An account whose only feed ended on the 2nd, with a day missing before.
    lake.put_whole("quiet", "2025-12-01", &[(5, 1, 0, false)]);
    lake.put_whole("quiet", "2025-12-03", &[(5, 1, 0, false)]);

    let ended = check(&lake, &["--made-at", "2026-02-25", "--to", "2026-03-07", "--param", "days=1"]).await;
    assert_eq!(ended.outcome, Ok(Outcome::Findings), "{}", ended.said);
    let expected = [
        "error feed_late quiet: network-clicks is 1,992 hours late: nothing after 2025-12-03 23:59:59 UTC is covered (see: fetcher status)",
        "error fraud_share acme: 49.8 % of 402 clicks were refused with a code that is a sign of fraud; the budget is 10.0 %",
        "error retention_expiring quiet: network-clicks lacks 1 day of 2025-12-02, which Everflow forgets in 5 days: pull it now",
        "warn address_share acme: affiliate 1: 100.0 % of 201 clicks came from 192.0.2.1",
        "warn address_share acme: affiliate 2: 100.0 % of 200 clicks came from 192.0.2.2",
        "warn coverage_gap acme: network-clicks lacks 1 h 1 min of 2026-03-06 (see: fetcher status; fetcher pull fills it)",
        "warn coverage_gap quiet: network-clicks lacks 1 day of 2025-12-02 (see: fetcher status; fetcher pull fills it)",
        "warn error_code_new acme: error code 23 (PROXY_BLOCK) is new: 200 clicks since 2026-03-07 00:02:24 UTC",
        "warn error_code_new acme: error code 4711 (not in the dictionary) is new: 1 click since 2026-03-07 00:00:50 UTC",
        "warn error_code_unknown acme: error code 4711 is not in the dictionary: 1 click; name its class in error_codes.csv (--lists)",
        "warn invalid_rate_up acme: affiliate 2: 100.0 % of 200 clicks were refused, 10.1 % of 1,192 before",
        "warn proxy_rate_up acme: affiliate 1: 99.5 % of 201 clicks came through proxies, 10.0 % of 1,192 before",
        "warn retention_expiring quiet: network-clicks lacks 1 day of 2025-12-04, which Everflow forgets in 7 days: pull it now",
        "warn retention_expiring quiet: network-clicks lacks 1 day of 2025-12-05, which Everflow forgets in 8 days: pull it now",
        "warn retention_expiring quiet: network-clicks lacks 1 day of 2025-12-06, which Everflow forgets in 9 days: pull it now",
        "warn retention_expiring quiet: network-clicks lacks 1 day of 2025-12-07, which Everflow forgets in 10 days: pull it now",
        "warn retention_expiring quiet: network-clicks lacks 1 day of 2025-12-08, which Everflow forgets in 11 days: pull it now",
        "warn retention_expiring quiet: network-clicks lacks 1 day of 2025-12-09, which Everflow forgets in 12 days: pull it now",
        "warn retention_expiring quiet: network-clicks lacks 1 day of 2025-12-10, which Everflow forgets in 13 days: pull it now",
        "warn retention_expiring quiet: network-clicks lacks 1 day of 2025-12-11, which Everflow forgets in 14 days: pull it now",
        "warn saturated acme: network-clicks was cut off by Everflow's cap in 60 seconds, first at 2026-03-06 02:00:00 UTC (see: fetcher status)",
        "warn volume_collapse acme: affiliate 3: 0 clicks in 1 day, 200 expected from the 6 days before",
    ];
    assert_eq!(ended.findings, expected, "{}", ended.said);
}

/// So many clicks of affiliate 1 over a day, every fifth of them refused; these, or the others, or all.
fn part_of_day(takes: fn(bool) -> bool) -> Vec<Click> {
    let all = (0..600).map(|number| (number * 144, 1, if number % 5 == 0 { 21 } else { 0 }, false));
    all.filter(|click: &Click| takes(click.2 != 0)).collect()
}

#[tokio::test]
async fn a_feed_that_was_added_is_no_rise() {
    let lake = TestLake::new();
    for day in 1..=6 {
        lake.put_whole("acme", &format!("2026-03-0{day}"), &part_of_day(|is_refused| !is_refused));
    }
    let first = midnight("2026-03-07");
    let both = [Feed::NetworkClicks, Feed::InvalidClicks].map(|feed| interval(feed, first, first + 86_399));
    lake.put("acme", "2026-03-07", &part_of_day(|_| true), both.to_vec());
    let ended = check(&lake, &["invalid_rate_up", "fraud_share", "--param", "budget=0.15"]).await;
    // The share of the last day, whose refused clicks are known, not of the week.
    let expected = [
        "error fraud_share acme: 20.0 % of 600 clicks were refused with a code that is a sign of fraud; the budget is 15.0 %",
    ];
    assert_eq!(ended.findings, expected, "{}", ended.said);
    // With both feeds on all days, the same clicks rise.
    for day in 1..=6 {
        let date = format!("2026-03-0{day}");
        let first = midnight(&date);
        let both = [Feed::NetworkClicks, Feed::InvalidClicks].map(|feed| interval(feed, first, first + 86_399));
        lake.put("acme", &date, &part_of_day(|is_refused| !is_refused), both.to_vec());
    }
    let ended = check(&lake, &["invalid_rate_up"]).await;
    assert_eq!(
        ended.findings,
        ["warn invalid_rate_up acme: affiliate 1: 20.0 % of 600 clicks were refused, 0.0 % of 2,880 before"]
    );
}

#[tokio::test]
async fn gaps_are_counted_by_feed_and_account() {
    let lake = TestLake::new();
    for account in ["a", "b"] {
        for day in [1, 3, 5] {
            lake.put_whole(account, &format!("2026-03-0{day}"), &[(5, 1, 0, false)]);
        }
    }
    let ended = check(&lake, &["coverage_gap"]).await;
    assert!(
        ended.findings.len() == 4 && ended.findings.iter().all(|finding| finding.starts_with("warn ")),
        "{:?}",
        ended.findings
    );
    lake.put_whole("b", "2026-03-07", &[(5, 1, 0, false)]);
    let ended = check(&lake, &["coverage_gap"]).await;
    let errors: Vec<_> = ended.findings.iter().filter(|finding| finding.starts_with("error ")).collect();
    assert!(
        errors.len() == 3 && errors.iter().all(|finding| finding.starts_with("error coverage_gap b:")),
        "{errors:?}"
    );
}

#[tokio::test]
async fn answers_have_a_file_each() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (a, b) = (path("a"), path("./a"));
    let ended = check(&ordinary_week(), &["--junit", &a, "--metrics", &b]).await;
    assert_eq!(ended.outcome.unwrap_err(), format!("--junit and --metrics both name {b}: give each its own file"));
    assert!(!folder.path().join("a").exists());
}

#[tokio::test]
async fn a_shorter_range_forgets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let lake = ordinary_week();
    let args = ["address_share", "--state", state.to_str().unwrap(), "--made-at", "2026-03-08"];
    assert_eq!(check(&lake, &args).await.findings.len(), 3);
    let short = check(&lake, &[&args[..], &["--to", "2026-03-01", "--param", "share=1"]].concat()).await;
    assert!(!short.said.contains("gone"), "{}", short.said);
    assert_eq!(check(&lake, &args).await.findings, Vec::<String>::new());
}

#[tokio::test]
async fn an_empty_lake_and_the_affiliate_s_own_feed_are_fine() {
    let ended = check(&TestLake::new(), &AFTER).await;
    assert_eq!((ended.outcome, ended.findings), (Ok(Outcome::Done), vec![]));
    assert!(ended.said.contains("holds no clicks yet"), "{}", ended.said);
}

#[tokio::test]
async fn own_checks_replace_and_say_what_is_wrong_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let lake = ordinary_week();
    let dir = folder.path().to_str().unwrap();
    let run = async |text: &str, args: &[&str]| {
        std::fs::write(folder.path().join("mine.sql"), text).unwrap();
        check(&lake, &[&["mine", "--checks", dir], args].concat()).await
    };
    let counted = "SELECT account, affiliate_id, count(*) AS clicks FROM clicks WHERE click_time BETWEEN $from AND $to GROUP BY 1, 2 ORDER BY 2";
    let header =
        "-- severity: error\n-- error_if: > 3\n-- message: {{ affiliate_id }} has {{ clicks|many('click') }}\n";
    let ended = run(&format!("{header}{counted}"), &[]).await;
    assert_eq!(ended.outcome, Ok(Outcome::Done), "{}", ended.said);
    assert_eq!(ended.findings[0], "warn mine acme: 1 has 1,400 clicks");
    let ended = run(&format!("-- key: account\n{counted}"), &[]).await;
    assert_eq!((ended.outcome, ended.findings.len()), (Ok(Outcome::Findings), 3));

    for (text, args, problem) in [
        ("-- severity: bad\nSELECT 1", &[][..], "check mine: severity 'bad' is neither 'error' nor 'warn'"),
        ("-- error_if: many\nSELECT 1", &[], "check mine: error_if: write a comparison"),
        ("-- severity: warn\n-- error_if: > 1\nSELECT 1", &[], "never makes errors"),
        (
            "-- key: b\nSELECT 1 AS a",
            &[],
            "check mine: key names 'b', which the answer does not have; its columns are a",
        ),
        ("-- message: {{ b }}\nSELECT 1 AS a WHERE false", &[], "check mine: message names 'b'"),
        ("-- message: {{ a|nothing }}\nSELECT 1 AS a", &[], "unknown filter"),
        ("-- message: {{ a\nSELECT 1 AS a", &[], "check mine: message: template message:1"),
        ("SELECT 'x' AS severity", &[], "the column severity says 'x'"),
        ("SELECT 1 AS", &[], "mine.sql"),
        ("SELECT 1 AS a", &["--param", "days=1"], "--param days=1: no check that is run has such a parameter"),
        ("SELECT 1 AS a", &["--made-at", "noon"], "--made-at: `noon` is not a time"),
    ] {
        let ended = run(text, args).await;
        let said = match ended.outcome {
            // What was typed is wrong.
            Err(error) if !args.is_empty() => error,
            outcome => {
                assert_eq!(outcome, Ok(Outcome::Failed), "{text}");
                ended.said
            }
        };
        assert!(said.contains(problem), "{text}: {said}");
    }
    let error = check(&lake, &["proxy_rate"]).await.outcome.unwrap_err();
    assert_eq!(error, "no check is called 'proxy_rate'; did you mean 'proxy_rate_up'?");
}

#[tokio::test]
async fn a_check_that_cannot_be_answered_keeps_no_other_from_being_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (state, junit, metrics, own) = (path("state.json"), path("junit.xml"), path("check.prom"), path("own"));
    std::fs::create_dir(&own).unwrap();
    let mine = |text: &str| std::fs::write(folder.path().join("own/mine.sql"), text).unwrap();
    let files = ["--state", &state, "--junit", &junit, "--metrics", &metrics, "--made-at", "2026-03-08"];
    let args = [&["address_share", "mine", "--checks", &own], &files[..]].concat();
    let lake = ordinary_week();

    mine("-- severity: warn\n-- message: one\nSELECT 1 AS measured");
    let whole = check(&lake, &args).await;
    assert_eq!((whole.outcome, whole.findings.len()), (Ok(Outcome::Done), 4), "{}", whole.said);

    for (text, problem) in [
        ("-- severity: warning\nSELECT 1 AS measured", "check mine: severity 'warning'"),
        ("-- severety: warn\nSELECT 1 AS measured", "severety"),
        ("SELECT nothing FROM clicks", "mine.sql"),
        ("SELECT 1 AS", "mine.sql"),
        ("-- message: {{ other }}\nSELECT 1 AS measured", "check mine: message names 'other'"),
        ("-- measure: a\nSELECT 'x' AS a", "check mine: measure: the column a holds \"x\", which is no number"),
        ("-- param: wanted bigint\nSELECT $wanted AS a", "wanted"),
    ] {
        mine(text);
        let ended = check(&lake, &[&args[..], &["--param", "address_share.share=0.98"]].concat()).await;
        assert_eq!(ended.outcome, Ok(Outcome::Failed), "{text}: {}", ended.said);
        assert!(ended.said.starts_with("error: ") && ended.said.contains(problem), "{text}: {}", ended.said);
        assert!(ended.said.contains("0 warnings; could not be answered: mine; 3 known"), "{}", ended.said);
        // Of its finding nobody knows whether it is gone.
        assert!(!ended.said.contains("gone"), "{text}: {}", ended.said);
        let [junit, metrics] = [&junit, &metrics].map(|file| std::fs::read_to_string(file).unwrap());
        assert!(junit.contains("failures=\"0\" errors=\"1\"") && junit.contains("<error message="), "{junit}");
        assert!(metrics.contains("clickproof_check_failed{check=\"mine\"} 1"), "{metrics}");
        assert!(metrics.contains("clickproof_check_failed{check=\"address_share\"} 0"), "{metrics}");
        assert!(!metrics.contains("check_findings{check=\"mine\""), "{metrics}");
    }
}

#[tokio::test]
async fn clocks_that_were_put_forward_keep_nothing_known() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let lake = ordinary_week();
    let args =
        ["address_share", "--state", state.to_str().unwrap(), "--made-at", "2026-03-30", "--timezone", "Europe/Berlin"];
    // Two ranges of as many days, the second an hour shorter.
    let first = check(&lake, &[&args[..], &["--from", "2026-03-01", "--to", "2026-03-28"]].concat()).await;
    assert_eq!(first.findings.len(), 3);
    let shorter = ["--from", "2026-03-02", "--to", "2026-03-29", "--param", "share=1"];
    let second = check(&lake, &[&args[..], &shorter].concat()).await;
    assert!(second.said.contains("3 findings gone"), "{}", second.said);
}

#[tokio::test]
async fn what_is_not_due_yet_is_not_missing() {
    let lake = ordinary_week();
    let from = ["feed_late", "--from", "2026-03-01", "--require-complete"];
    let morning =
        check(&lake, &[&from[..], &["--to", "2026-03-08", "--made-at", "2026-03-08 05:30:00"]].concat()).await;
    assert_eq!(morning.outcome, Ok(Outcome::Done), "{}", morning.said);
    let proxies = ["proxy_rate_up", "--from", "2026-03-01", "--require-complete", "--to", "2026-03-08"];
    let morning = check(&lake, &[&proxies[..], &["--made-at", "2026-03-08 05:30:00"]].concat()).await;
    assert_eq!(morning.outcome, Ok(Outcome::Done), "{}", morning.said);
    let noon = check(&lake, &[&proxies[..], &["--made-at", "2026-03-08 12:00:00"]].concat()).await;
    assert_eq!(noon.outcome, Ok(Outcome::Incomplete), "{}", noon.said);
}

#[tokio::test]
async fn scores_that_cannot_be_made_keep_no_other_check_from_being_told() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("clickproof.toml");
    std::fs::write(&config, "[score]\nwatch_scroe = 4\n").unwrap();
    let environment = Environment { config: Some(config), ..Environment::default() };
    let lake = ordinary_week();
    let ended = check_in(&environment, &lake, &["address_share", "affiliate_flagged", "--made-at", "2026-03-08"]).await;
    assert_eq!((ended.outcome, ended.findings.len()), (Ok(Outcome::Failed), 3), "{}", ended.said);
    assert!(ended.said.contains("watch_scroe") && ended.said.contains("could not be answered: affiliate_flagged"));
}

#[tokio::test]
async fn with_a_state_a_finding_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let lake = ordinary_week();
    let args = ["address_share", "--state", state.to_str().unwrap(), "--made-at", "2026-03-08"];
    let first = check(&lake, &args).await;
    assert_eq!(first.findings.len(), 3);
    let second = check(&lake, &args).await;
    assert_eq!(second.findings, Vec::<String>::new());
    assert!(second.said.contains("3 known findings not repeated"), "{}", second.said);
    let third = check(&lake, &[&args[..], &["--param", "share=1"]].concat()).await;
    assert!(third.said.contains("3 findings gone since the last run"), "{}", third.said);
    let fourth = check(&lake, &args).await;
    assert_eq!(fourth.findings.len(), 3);
}
