//! What is added to generated traffic: bursts, late rows, values that change.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use simulator::server::{Additions, Burst, Click, Clock, Content, Limits, Server, Settings};
use simulator::{Config, Feed, Traffic};

use crate::client::{MONDAY, NOW, ask_feed, window};

fn content(additions: &Additions) -> Content {
    let config = Config { days: 2, clicks_per_day: 2000, ..Config::new(5, "2026-03-02".parse().unwrap()) };
    Content::of_traffic(Traffic::new(config).unwrap(), additions)
}

fn clicks(additions: &Additions) -> Vec<Click> {
    content(additions).clicks().cloned().collect()
}

fn serve(additions: &Additions, now: i64) -> Server {
    let settings = Settings { limits: Limits::none(), ..Settings::default() };
    Server::start(0, content(additions), settings, Clock::Stopped(now)).unwrap()
}

#[tokio::test]
async fn a_burst_is_many_clicks_of_one_second_with_full_rows() {
    let at = MONDAY + 36_000;
    let various = Burst { at, clicks: 3000, ..Burst::default() };
    let alike = Burst { at: at + 60, clicks: 500, error_codes: vec![23], offers: vec![3], affiliates: vec![17] };
    let additions = Additions { bursts: vec![various, alike], ..Additions::default() };
    let (usual, with_bursts) = (clicks(&Additions::default()), clicks(&additions));
    assert_eq!(with_bursts.len(), usual.len() + 3500);
    let ids: BTreeSet<&str> = with_bursts.iter().map(|click| click.transaction_id.as_str()).collect();
    assert_eq!(ids.len(), with_bursts.len());
    let usual_ids: BTreeSet<&str> = usual.iter().map(|click| click.transaction_id.as_str()).collect();
    assert!(usual_ids.is_subset(&ids));
    assert_eq!(with_bursts, clicks(&additions));

    let server = serve(&additions, NOW);
    server.configure(|settings| settings.caps.invalid_clicks = 10_000);
    let rows = ask_feed(&server, Feed::InvalidClicks, &window(at, at)).await.rows();
    let count = |pointer: &str| {
        rows.iter().filter_map(|row| row.pointer(pointer).and_then(Value::as_i64)).collect::<BTreeSet<_>>().len()
    };
    assert!(rows.len() >= 3000);
    assert_eq!((count("/unix_timestamp"), count("/error_code")), (1, 4));
    assert!(count("/relationship/offer/network_offer_id") > 10);
    assert!(count("/relationship/affiliate/network_affiliate_id") > 20);
    let rows = ask_feed(&server, Feed::AffiliateClicks, &window(at + 60, at + 60)).await.rows();
    assert!(rows.len() >= 500);
    let alike = rows.iter().filter(|row| {
        (&row["error_code"], &row["relationship"]["offer"]["network_offer_id"]) == (&23.into(), &3.into())
    });
    assert!(alike.count() >= 500);
}

#[tokio::test]
async fn late_rows_appear_late_and_stay() {
    let additions = Additions { late_permille: 100, late_seconds: 60..=480, ..Additions::default() };
    let all = clicks(&additions);
    let delays: Vec<i64> =
        all.iter().map(|click| click.appears_at - click.unix_timestamp).filter(|delay| *delay > 0).collect();
    assert!((all.len() / 20..all.len() / 5).contains(&delays.len()));
    assert!(delays.iter().all(|delay| (60..=480).contains(delay)) && delays.iter().collect::<BTreeSet<_>>().len() > 50);
    let noon = MONDAY + 43_200;
    let server = serve(&additions, noon);
    let ask = async || ask_feed(&server, Feed::NetworkClicks, &window(noon - 300, noon)).await.ids();
    let early: BTreeSet<String> = ask().await.into_iter().collect();
    server.set_now(noon + 480);
    let settled: BTreeSet<String> = ask().await.into_iter().collect();
    assert!(early.is_subset(&settled));
    let truth = all.iter().filter(|click| (noon - 300..=noon).contains(&click.unix_timestamp)).count();
    assert_eq!(settled.len(), truth);
}

#[test]
fn without_additions_nothing_changes_and_with_them_only_values_do() {
    let usual = clicks(&Additions::default());
    assert!(usual.iter().all(|click| click.later.is_none() && click.appears_at == click.unix_timestamp));
    let changing = clicks(&Additions { values_change: true, ..Additions::default() });
    let by_id: BTreeMap<&str, &Click> = usual.iter().map(|click| (click.transaction_id.as_str(), click)).collect();
    let (mut conversions, mut repeats) = (0, 0);
    for click in &changing {
        let usual = by_id[click.transaction_id.as_str()];
        assert_eq!(click.unix_timestamp, usual.unix_timestamp);
        match click.later {
            Some((from, later)) if later.has_conversion => {
                assert!(
                    from > click.unix_timestamp && !click.values.has_conversion && later.payout > click.values.payout
                );
                conversions += 1;
            }
            Some((from, later)) => {
                assert!(from > click.unix_timestamp && click.values.is_unique && !later.is_unique);
                repeats += 1;
            }
            None => assert_eq!(click.values, usual.values),
        }
    }
    assert_eq!(conversions, usual.iter().filter(|click| click.values.has_conversion).count());
    assert!(conversions > 10 && repeats > 10, "{conversions} {repeats}");
}
