//! What the simulated traffic promises: the shapes of the API's pages, the quirks of real answers, and the same bytes again.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::OnceLock;

use serde_json::Value;
use simulator::{Config, Feed, Honesty, Traffic};

/// Keys of an invalid click, in the order of the API's page, and of the stream, which has ten subs.
const NETWORK_KEYS: &str = "transaction_id is_unique unix_timestamp tracking_url source_id sub1 sub2 sub3 sub4 sub5 payout_type \
    revenue_type payout revenue referer previous_network_offer_id error_code project_id user_ip error_message url is_view_through \
    is_async server_side_url server_side_output custom_landing_page_id is_test_mode idfa idfa_md5 idfa_sha1 google_ad_id \
    google_ad_id_md5 google_ad_id_sha1 android_id android_id_md5 android_id_sha1 error_filter_id has_conversion is_pass_through \
    creative_id relationship coupon_code redirect_method is_sdk_click category_id currency_id";
const AFFILIATE_KEYS: &str = "transaction_id is_unique unix_timestamp tracking_url source_id sub1 sub2 sub3 sub4 sub5 revenue_type \
    revenue referer error_code user_ip error_message idfa idfa_md5 idfa_sha1 google_ad_id google_ad_id_md5 google_ad_id_sha1 \
    android_id android_id_md5 android_id_sha1 relationship coupon_code currency_id";
const NETWORK_RELATIONSHIP: &str = "offer advertiser account_manager affiliate affiliate_manager geolocation device_information \
    http_user_agent query_parameters forensiq_score";
const AFFILIATE_RELATIONSHIP: &str = "offer geolocation device_information query_parameters";
const NETWORK_OBJECTS: &[Object] = &[
    (
        "offer",
        "network_offer_id network_id network_advertiser_id network_offer_group_id name offer_status network_tracking_domain_id \
         visibility currency_id",
    ),
    ("advertiser", "network_advertiser_id network_id name account_status"),
    ("account_manager", "network_employee_id network_id first_name last_name full_name account_status"),
    ("affiliate", "network_affiliate_id network_id name account_status network_traffic_source_id"),
    ("affiliate_manager", "network_employee_id network_id first_name last_name full_name account_status"),
    ("geolocation", GEOLOCATION),
    ("device_information", DEVICE),
];
const AFFILIATE_OBJECTS: &[Object] = &[
    ("offer", "network_offer_id network_id name offer_status network_tracking_domain_id"),
    ("geolocation", GEOLOCATION),
    ("device_information", DEVICE),
];
const GEOLOCATION: &str = "country_code country_name region_code region_name city_name dma dma_name timezone carrier_name carrier_code \
    organization isp_name is_mobile is_proxy postal_code";
const DEVICE: &str = "is_mobile platform_name os_version brand model is_tablet browser_name browser_version device_type language \
    http_accept_language is_robot is_filter";

fn config() -> Config {
    Config { days: 4, clicks_per_day: 1200, ..Config::new(11, "2026-03-02".parse().unwrap()) }
}

fn texts(config: Config, feed: Feed) -> Vec<String> {
    Traffic::new(config).unwrap().rows(feed).collect()
}

fn parse(texts: &[String]) -> Vec<Value> {
    texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

/// Rows of [`config`], made once for all tests.
fn usual(feed: Feed) -> &'static [String] {
    static FEEDS: [OnceLock<Vec<String>>; 3] = [const { OnceLock::new() }; 3];
    FEEDS[feed as usize].get_or_init(|| texts(config(), feed))
}

fn rows(feed: Feed) -> Vec<Value> {
    parse(usual(feed))
}

fn text<'a>(row: &'a Value, pointer: &str) -> &'a str {
    row.pointer(pointer).and_then(Value::as_str).unwrap()
}

/// The keys of the object that begins at `key":{` in a row's text, in the order they stand there.
fn keys_in_order(object: &str) -> Vec<&str> {
    let (mut keys, mut depth, mut rest) = (Vec::new(), 0, object);
    while let Some(at) = rest.find(['{', '}', '"']) {
        let (character, after) = (rest.as_bytes()[at], &rest[at + 1..]);
        rest = after;
        match character {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            _ => {
                let mut end = after.find('"').unwrap();
                while after[..end].ends_with('\\') {
                    end += 1 + after[end + 1..].find('"').unwrap();
                }
                rest = &after[end + 1..];
                if depth == 1 && rest.starts_with(':') {
                    keys.push(&after[..end]);
                }
            }
        }
    }
    keys
}

fn object<'a>(row: &'a str, key: &str) -> &'a str {
    let marker = format!("\"{key}\":{{");
    &row[row.find(&marker).unwrap() + marker.len() - 1..]
}

/// Keys that no page documents: what new fields look like.
const UNKNOWN: &[&str] = &["click_origin", "is_webview", "campaign"];

fn assert_keys(object: &str, expected: &str, extra: &[&str]) {
    let mut expected: Vec<&str> = expected.split_whitespace().collect();
    if let Some(at) = expected.iter().position(|key| *key == "sub5") {
        expected.splice(at + 1..at + 1, extra.iter().copied());
    }
    let found: Vec<&str> = keys_in_order(object).into_iter().filter(|key| !UNKNOWN.contains(key)).collect();
    assert_eq!(found, expected);
}

/// Name of an object and its keys.
type Object = (&'static str, &'static str);

#[test]
fn every_feed_has_the_keys_of_its_page_in_their_order() {
    let late_subs = ["sub6", "sub7", "sub8", "sub9", "sub10"];
    assert_page(Feed::InvalidClicks, NETWORK_KEYS, &[], NETWORK_RELATIONSHIP, NETWORK_OBJECTS);
    assert_page(Feed::NetworkClicks, NETWORK_KEYS, &late_subs, NETWORK_RELATIONSHIP, NETWORK_OBJECTS);
    assert_page(Feed::AffiliateClicks, AFFILIATE_KEYS, &[], AFFILIATE_RELATIONSHIP, AFFILIATE_OBJECTS);
}

fn assert_page(feed: Feed, keys: &str, late_subs: &[&str], relationship: &str, objects: &[Object]) {
    let rows = usual(feed);
    assert!(rows.len() > 200, "{feed}: {}", rows.len());
    for row in rows {
        assert_keys(row, keys, late_subs);
        assert_keys(object(row, "relationship"), relationship, &[]);
        for (name, keys) in objects {
            assert_keys(object(row, name), keys, &[]);
        }
    }
}

#[test]
fn the_same_configuration_gives_the_same_bytes_and_another_seed_others() {
    for feed in Feed::ALL {
        assert_eq!(texts(config(), feed), usual(feed));
        assert_ne!(texts(Config { seed: 12, ..config() }, feed), usual(feed));
    }
}

/// The first row of a fixed configuration, byte for byte: a change here changes the sample and every benchmark's input.
#[test]
fn the_bytes_are_frozen() {
    let row = texts(Config { days: 1, clicks_per_day: 60, ..config() }, Feed::NetworkClicks).swap_remove(0);
    assert_eq!(format!("{row}\n"), include_str!("frozen-row.json"));
}

#[test]
fn a_day_is_the_same_in_a_longer_range() {
    let short = parse(&texts(Config { days: 1, ..config() }, Feed::NetworkClicks));
    let long = rows(Feed::NetworkClicks);
    let ids = |rows: &[Value]| rows.iter().map(|row| text(row, "/transaction_id").to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(&short), ids(&long)[long.len() - short.len()..]);
}

#[test]
fn as_many_clicks_as_asked_for_newest_first_within_the_days_and_none_twice() {
    let week = Config { days: 7, clicks_per_day: 300, ..config() };
    let rows = parse(&texts(week.clone(), Feed::NetworkClicks));
    assert_eq!(rows.len(), 2100, "a week has the mean of its days");
    let times: Vec<i64> = rows.iter().map(|row| row["unix_timestamp"].as_i64().unwrap()).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older));
    let start = week.from.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp();
    assert!(times.iter().all(|time| (start..start + 7 * 86_400).contains(time)));
    let ids: HashSet<&str> = rows.iter().map(|row| text(row, "/transaction_id")).collect();
    assert_eq!(ids.len(), rows.len());
}

#[test]
fn a_click_says_the_same_in_every_feed() {
    let network = rows(Feed::NetworkClicks);
    let by_id: HashMap<&str, &Value> = network.iter().map(|row| (text(row, "/transaction_id"), row)).collect();
    for feed in [Feed::InvalidClicks, Feed::AffiliateClicks] {
        for row in rows(feed) {
            assert_agrees(&row, by_id[text(&row, "/transaction_id")], "");
        }
    }
    let invalid = network.iter().filter(|row| row["error_code"] != 0).count();
    assert_eq!(rows(Feed::InvalidClicks).len(), invalid);
}

/// Every leaf of `row` stands in `other`, as number or as text; but what the affiliate earns is what the network pays out.
fn assert_agrees(row: &Value, other: &Value, path: &str) {
    let as_text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match row {
        Value::Object(fields) => {
            let is_affiliate_row = path.is_empty() && row.get("payout").is_none();
            for (key, value) in fields {
                let twin = match key.as_str() {
                    "revenue" if is_affiliate_row => "payout",
                    "revenue_type" if is_affiliate_row => "payout_type",
                    key => key,
                };
                assert_agrees(value, &other[twin], &format!("{path}/{key}"));
            }
        }
        leaf => assert_eq!(as_text(leaf), as_text(other), "{path}"),
    }
}

#[test]
fn the_quirks_of_real_answers_are_there() {
    let rows = rows(Feed::NetworkClicks);
    let count = |holds: &dyn Fn(&Value) -> bool| rows.iter().filter(|row| holds(row)).count();
    let at_least = |percent: usize, what: &str, holds: &dyn Fn(&Value) -> bool| {
        let found = count(holds);
        assert!(found * 100 >= rows.len() * percent && found > 0, "{what}: {found} of {}", rows.len());
    };
    at_least(5, "masked address", &|row| text(row, "/user_ip").ends_with(".xxx"));
    at_least(1, "new address", &|row| text(row, "/user_ip").contains(':'));
    at_least(1, "UK", &|row| text(row, "/relationship/geolocation/country_code") == "UK");
    at_least(50, "contradicting flag", &|row| {
        let device = &row["relationship"]["device_information"];
        device["is_mobile"] != (device["device_type"] == "Mobile")
    });
    at_least(0, "unknown city", &|row| text(row, "/relationship/geolocation/city_name") == "?");
    at_least(0, "unknown postcode", &|row| text(row, "/relationship/geolocation/postal_code") == "?");
    at_least(0, "lower-case time zone", &|row| text(row, "/relationship/geolocation/timezone").starts_with("america/"));
    at_least(0, "carrier code as text", &|row| row["relationship"]["geolocation"]["carrier_code"].is_string());
    at_least(1, "carrier code as number", &|row| {
        row["relationship"]["geolocation"]["carrier_code"].as_i64().is_some_and(|code| code > 0)
    });
    at_least(1, "project as text", &|row| row["project_id"].as_str().is_some_and(|id| !id.is_empty()));
    at_least(0, "project as number", &|row| row["project_id"].is_i64());
    at_least(0, "thousandths", &|row| row["payout"].is_f64());
    at_least(50, "whole money", &|row| row["payout"].is_i64());
    at_least(1, "not unique", &|row| row["is_unique"] == 0);
    at_least(0, "unknown key", &|row| row.get("click_origin").is_some());
    at_least(0, "unknown nested key", &|row| row["relationship"]["device_information"].get("is_webview").is_some());
    at_least(0, "unknown object", &|row| row["relationship"].get("campaign").is_some());
    at_least(0, "conversion", &|row| row["has_conversion"] == true);
    at_least(0, "formula in a sub", &|row| text(row, "/sub4").starts_with('='));
    assert_eq!(count(&|row| row["relationship"]["forensiq_score"].is_string()), rows.len());
    assert_eq!(count(&|row| row["relationship"]["device_information"]["is_robot"] == true), 0);
    assert_eq!(count(&|row| text(row, "/relationship/geolocation/country_code") == "GB"), 0);
    for row in &rows {
        assert_eq!(row["error_code"] == 0, text(row, "/error_message") == "N/A");
        let masked =
            ["UK", "DE", "FR", "IE", "ES", "SE"].contains(&text(row, "/relationship/geolocation/country_code"));
        assert_eq!(masked, text(row, "/user_ip").ends_with(".xxx"), "{row}");
        assert!(!row.to_string().contains("null"), "real answers have no null");
    }
}

#[test]
fn query_parameters_come_in_any_order() {
    let rows = &usual(Feed::NetworkClicks)[..1000];
    let orders: BTreeSet<Vec<&str>> = rows.iter().map(|row| keys_in_order(object(row, "query_parameters"))).collect();
    let sets: BTreeSet<Vec<&str>> = orders
        .iter()
        .map(|order| {
            let mut sorted = order.clone();
            sorted.sort_unstable();
            sorted
        })
        .collect();
    assert!(orders.len() > 5 * sets.len(), "{} orders of {} sets", orders.len(), sets.len());
}

#[test]
fn values_are_as_varied_as_in_life() {
    let rows = parse(&texts(Config { days: 3, clicks_per_day: 3000, ..config() }, Feed::NetworkClicks));
    let distinct = |pointers: &[&str]| {
        let values: HashSet<Vec<&str>> =
            rows.iter().map(|row| pointers.iter().map(|pointer| text(row, pointer)).collect()).collect();
        values.len()
    };
    assert!(distinct(&["/user_ip"]) > 5000);
    let agents = distinct(&["/relationship/http_user_agent"]);
    assert!((80..400).contains(&agents), "{agents}");
    let places = distinct(&["/relationship/geolocation/isp_name", "/relationship/geolocation/city_name"]);
    assert!((250..1000).contains(&places), "{places}");
}

/// What the next tests look at in a click.
struct Facts {
    honesty: String,
    is_proxy: bool,
    error_code: i64,
    hour: i64,
}

/// A week of a network, parsed once for all tests.
fn week() -> &'static [Facts] {
    static WEEK: OnceLock<Vec<Facts>> = OnceLock::new();
    WEEK.get_or_init(|| {
        let traffic = Traffic::new(Config { days: 7, clicks_per_day: 1500, ..config() }).unwrap();
        let honesty: HashMap<i64, Honesty> =
            traffic.affiliates().iter().map(|affiliate| (affiliate.id, affiliate.honesty)).collect();
        let facts = |row: String| {
            let row: Value = serde_json::from_str(&row).unwrap();
            let id = row.pointer("/relationship/affiliate/network_affiliate_id").and_then(Value::as_i64).unwrap();
            Facts {
                honesty: format!("{:?}", honesty[&id]),
                is_proxy: row.pointer("/relationship/geolocation/is_proxy").and_then(Value::as_bool).unwrap(),
                error_code: row["error_code"].as_i64().unwrap(),
                hour: row["unix_timestamp"].as_i64().unwrap() % 86_400 / 3600,
            }
        };
        traffic.rows(Feed::NetworkClicks).map(facts).collect()
    })
}

/// For each kind of affiliate, the share of clicks that a predicate holds for.
fn share_by_honesty(holds: impl Fn(&Facts) -> bool) -> BTreeMap<&'static str, f64> {
    let mut counts: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for click in week() {
        let (hits, clicks) = counts.entry(&click.honesty).or_default();
        *clicks += 1.0;
        *hits += f64::from(u8::from(holds(click)));
    }
    counts.into_iter().map(|(honesty, (hits, clicks))| (honesty, hits / clicks)).collect()
}

#[test]
fn dishonest_affiliates_can_be_told_from_honest_ones() {
    let proxies = share_by_honesty(|click| click.is_proxy);
    assert!(proxies["Proxies"] > 0.4 && proxies["Honest"] < 0.05, "{proxies:?}");
    assert!(proxies["SharedExits"] > 0.2, "the vendor's flag blames honest relays too: {proxies:?}");
    let duplicates = share_by_honesty(|click| click.error_code == 21);
    assert!(duplicates["Duplicates"] > 0.4 && duplicates["Honest"] < 0.05, "{duplicates:?}");
    let bots = share_by_honesty(|click| [1018, 21, 23, 15].contains(&click.error_code));
    assert!(bots["Bots"] > 0.6 && bots["Honest"] < 0.05, "{bots:?}");
    let caps = share_by_honesty(|click| click.error_code == 2);
    assert!(caps["Capped"] > 0.1 && caps["Honest"] < 0.03, "{caps:?}");
    let targeting = share_by_honesty(|click| (9..=12).contains(&click.error_code));
    assert!(targeting["Untargeted"] > 0.3 && targeting["Honest"] < 0.05, "{targeting:?}");
}

#[test]
fn people_sleep_and_bots_do_not() {
    let at_night = share_by_honesty(|click| (7..11).contains(&click.hour));
    // Two to six in the morning in New York, where most visitors live.
    assert!(at_night["Honest"] < 0.12 && at_night["Bots"] > 0.13, "{at_night:?}");
}

#[test]
fn what_cannot_be_made_is_refused_with_a_reason() {
    let refuse = |change: fn(&mut Config)| {
        let mut config = config();
        change(&mut config);
        Traffic::new(config).unwrap_err().to_string()
    };
    assert_eq!(refuse(|config| config.days = 0), "days must be from 1 to 3660, not 0");
    assert_eq!(refuse(|config| config.portal_affiliate = 99), "no affiliate 99: this network's are 11 to 50");
    assert!(refuse(|config| config.from = "9999-12-31".parse().unwrap()).contains("leave the years"));
    assert!(refuse(|config| config.from = "1969-12-31".parse().unwrap()).contains("leave the years"));
    assert_eq!(
        "x".parse::<Feed>().unwrap_err().to_string(),
        "no feed is called \"x\", only invalid-clicks, affiliate-clicks, network-clicks"
    );
}
