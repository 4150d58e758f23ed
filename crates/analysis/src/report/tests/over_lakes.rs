//! Reports of lakes that were made for them.

use super::*;

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
    let why = "nothing is compared, for network-clicks covers 85.7 % of the 7 days before";
    assert_eq!(part["not_compared"], why);
    assert_eq!(part["sentences"][0], format!("2,100 clicks of 3 affiliates in 7 days; {why}."));
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
    let why = "nothing is compared, for invalid-clicks covers 0.0 % of the 24 hours before";
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
        "1 click of 1 affiliate in 2 days; the lake has nothing from the 2 days before to compare with."
    );
    assert!(sentences[1].as_str().unwrap().starts_with("Nothing proves that this is all"), "{sentences:?}");
    assert_eq!(sentences[2], "No click was refused.");

    lake.put_whole("acme", "2026-03-04", &[(5, 1, 0, true)]);
    let made = report_on(&lake, &["--from", "2026-03-02", "--to", "2026-03-04"]).await.unwrap();
    let part = &made["accounts"][0];
    assert_eq!(
        part["sentences"][1],
        "The feed network-clicks covers 33.3 %, with one gap of 2 days; invalid-clicks was not fetched, so refused clicks may be missing."
    );
    assert_eq!(part["coverage"][0]["gaps"]["rows"][0]["to"], "2026-03-03T23:59:59Z");
    assert_eq!(midnight("2026-03-04") - midnight("2026-03-02"), 2 * 86_400);
}

#[tokio::test]
async fn a_range_that_nothing_was_fetched_of_names_what_is_missing() {
    let lake = fortnight();
    let made = report_on(&lake, &["--from", "2026-04-01", "--to", "2026-04-07"]).await.unwrap();
    let part = &made["accounts"][0];
    assert_eq!(part["sentences"][0], "There are no clicks of this range in the lake.");
    assert_eq!(
        part["sentences"][1],
        "The feed network-clicks covers 0.0 %, with one gap of 7 days; invalid-clicks was not fetched, so refused clicks may be missing."
    );
    assert!(part["coverage"].as_array().unwrap().iter().all(|feed| feed["share"] == 0.0), "{part}");
    assert!(
        part["hours"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|day| day.as_array().unwrap())
            .all(|hour| hour["is_fetched"] == false)
    );
    // An account that brought nothing for longer is no gap any more.
    let made = report_on(&lake, &["--from", "2026-05-01", "--to", "2026-05-07"]).await.unwrap();
    assert_eq!((made["accounts"].clone(), made["is_complete"].clone()), (serde_json::json!([]), false.into()));
}
