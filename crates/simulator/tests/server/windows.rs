//! Which seconds a request is about.

use serde_json::{Value, json};
use simulator::Feed;
use simulator::server::{Click, Endpoint, PastRetention, Retention, Server, Values};

use crate::client::{MONDAY, NOW, ask, ask_feed, clicks, text, window};

const DAY: i64 = 86_400;

fn local(from: &str, to: &str, timezone_id: i64) -> Value {
    json!({ "from": from, "to": to, "timezone_id": timezone_id })
}

#[tokio::test]
async fn both_ends_belong_to_the_window() {
    let server = Server::with_clicks(clicks(100), NOW).unwrap();
    let ids = ask_feed(&server, Feed::InvalidClicks, &window(MONDAY + 10, MONDAY + 12)).await.ids();
    assert_eq!(ids, ["click-12", "click-11", "click-10"]);
    let ids = ask_feed(&server, Feed::InvalidClicks, &window(MONDAY + 10, MONDAY + 10)).await.ids();
    assert_eq!(ids, ["click-10"]);
    let error = ask_feed(&server, Feed::InvalidClicks, &window(MONDAY + 10, MONDAY + 9)).await.error();
    assert_eq!(error, (400, "from must not be after to".to_owned()));
}

#[tokio::test]
async fn the_streams_refuse_more_than_14_days() {
    let server = Server::with_clicks(clicks(1), MONDAY + 40 * DAY).unwrap();
    for (feed, refused) in [(Feed::InvalidClicks, false), (Feed::AffiliateClicks, true), (Feed::NetworkClicks, true)] {
        let fits = ask_feed(&server, feed, &window(MONDAY, MONDAY + 14 * DAY - 1)).await;
        assert_eq!(fits.ids(), ["click-0"]);
        let longer = ask_feed(&server, feed, &window(MONDAY, MONDAY + 14 * DAY)).await;
        match refused {
            true => assert_eq!(longer.error(), (400, "The date range must be 14 days or less".to_owned())),
            false => assert_eq!(longer.status, 200),
        }
    }
    // Fourteen days by the calendar, but an hour more by the clock: 25 October has two hours from 2 to 3.
    let autumn = local("2026-10-20 00:00:00", "2026-11-02 23:59:59", 56);
    assert_eq!(ask_feed(&server, Feed::NetworkClicks, &autumn).await.status, 400);
}

#[tokio::test]
async fn days_that_do_not_exist_are_refused() {
    let server = Server::with_clicks(clicks(1), NOW).unwrap();
    let good = "2026-03-02 00:00:00";
    for bad in
        ["2024-11-31 12:30:00", "2026-03-02", "2026-03-02T00:00:00", "2026-03-02 24:00:00", "2026-03-02 00:00:60"]
    {
        let error = ask_feed(&server, Feed::InvalidClicks, &local(bad, good, 67)).await.error();
        assert_eq!(error, (400, format!("Invalid from date: {bad}")));
        let error = ask_feed(&server, Feed::InvalidClicks, &local(good, bad, 67)).await.error();
        assert_eq!(error, (400, format!("Invalid to date: {bad}")));
    }
    for (body, words) in [
        (local(good, good, 1), "Invalid timezone_id: 1"),
        (json!({ "from": good, "to": good }), "timezone_id is required"),
        (json!({ "from": good, "timezone_id": 67 }), "to is required"),
        (json!([]), "timezone_id is required"),
    ] {
        assert_eq!(ask_feed(&server, Feed::InvalidClicks, &body).await.error(), (400, words.to_owned()));
    }
}

#[tokio::test]
async fn local_times_are_read_in_their_zone() {
    // One click at the start of every hour of three days around New York's change of clocks, 8 March 2026.
    let start = 1_772_841_600;
    let hours: Vec<Click> = (0..72).map(|hour| Click::new(start + hour * 3600, format!("h{hour}"))).collect();
    let server = Server::with_clicks(hours, NOW + DAY).unwrap();
    let count = async |body: Value| ask_feed(&server, Feed::NetworkClicks, &body).await.ids().len();
    assert_eq!(count(local("2026-03-08 00:00:00", "2026-03-08 23:59:59", 80)).await, 23);
    assert_eq!(count(local("2026-03-08 00:00:00", "2026-03-08 23:59:59", 56)).await, 24);
    assert_eq!(count(local("2026-03-08 00:00:00", "2026-03-08 00:00:00", 90)).await, 1);
    let ids =
        ask_feed(&server, Feed::NetworkClicks, &local("2026-03-08 00:00:00", "2026-03-08 00:00:00", 90)).await.ids();
    // Midnight in Los Angeles is 08:00 UTC; the first click was at 2026-03-07T00:00:00Z.
    assert_eq!(ids, ["h32"]);
    let zones = ask(&server, Endpoint::TimeZones, &Value::Null).await.json();
    let names: Vec<(i64, &str)> = zones["timezones"]
        .as_array()
        .unwrap()
        .iter()
        .map(|zone| (zone["timezone_id"].as_i64().unwrap(), zone["timezone"].as_str().unwrap()))
        .collect();
    assert!(names.contains(&(67, "UTC")) && names.contains(&(80, "America/New_York")) && names.len() == 6, "{names:?}");
}

#[tokio::test]
async fn an_hour_that_happens_twice_belongs_to_the_window_twice() {
    // 2026-10-25T00:30:00Z and an hour later are both 02:30 in Berlin.
    let first = 1_792_888_200;
    let twice = vec![Click::new(first, "first"), Click::new(first + 3600, "second")];
    let server = Server::with_clicks(twice, first + DAY).unwrap();
    let body = local("2026-10-25 02:00:00", "2026-10-25 02:59:59", 56);
    assert_eq!(ask_feed(&server, Feed::NetworkClicks, &body).await.ids(), ["second", "first"]);
}

#[tokio::test]
async fn what_is_past_the_retention_is_gone_without_a_word_unless_it_converted() {
    let converted = Values { is_unique: true, has_conversion: true, payout: 0, revenue: 0 };
    // Three calendar months before 2026-06-02T12:00:00Z is noon of our Monday.
    let (noon, now) = (MONDAY + DAY / 2, 1_780_401_600);
    let kept = [
        Click { values: converted, ..Click::new(noon - 1, "old but converted") },
        Click::new(noon - 1, "old"),
        Click::new(noon, "young enough"),
    ];
    let server = Server::with_clicks(kept.to_vec(), now).unwrap();
    let ask = async || ask_feed(&server, Feed::NetworkClicks, &window(MONDAY, MONDAY + DAY)).await.ids();
    assert_eq!(ask().await, ["young enough", "old but converted"]);
    assert_eq!((server.truth(Feed::NetworkClicks).len(), server.reachable_truth(Feed::NetworkClicks).len()), (3, 2));
    server.configure(|settings| settings.past_retention = PastRetention::LosesAllRows);
    assert_eq!(ask().await, ["old but converted"]);
    server.configure(|settings| settings.retention = Retention::Seconds(3600));
    server.set_now(noon + 3601);
    assert_eq!(ask().await, ["old but converted"]);
    server.configure(|settings| settings.retention = Retention::Forever);
    assert_eq!(ask().await.len(), 3);
}

#[tokio::test]
async fn only_what_has_happened_and_appeared_is_told() {
    let late = Click { appears_at: MONDAY + 300, ..Click::new(MONDAY, "late") };
    let server = Server::with_clicks(vec![late, Click::new(MONDAY + 60, "usual")], MONDAY).unwrap();
    for (now, told) in [(0, &[][..]), (59, &[]), (60, &["usual"]), (299, &["usual"]), (300, &["usual", "late"])] {
        server.set_now(MONDAY + now);
        let ids = ask_feed(&server, Feed::NetworkClicks, &window(MONDAY, MONDAY + 999)).await.ids();
        assert_eq!(ids, told, "{now}");
        assert_eq!(server.truth(Feed::NetworkClicks).len(), told.len());
    }
}

#[tokio::test]
async fn values_are_as_of_the_request() {
    let first = Values { is_unique: true, has_conversion: false, payout: 0, revenue: 0 };
    let then = Values { is_unique: false, has_conversion: true, payout: 2000, revenue: 2500 };
    let click = Click { values: first, later: Some((MONDAY + 600, then)), ..Click::new(MONDAY, "one") };
    let server = Server::with_clicks(vec![click], MONDAY + 599).unwrap();
    let tell = async || {
        let row = ask_feed(&server, Feed::NetworkClicks, &window(MONDAY, MONDAY)).await.rows().remove(0);
        ["is_unique", "has_conversion", "payout", "revenue"].map(|key| row[key].clone())
    };
    assert_eq!(tell().await, [json!(1), json!(false), json!(0), json!(0)]);
    server.set_now(MONDAY + 600);
    assert_eq!(tell().await, [json!(0), json!(true), json!(2), json!(2.5)]);
}

#[tokio::test]
async fn everything_can_be_replaced_while_the_server_runs() {
    let server = Server::with_clicks(clicks(2), NOW).unwrap();
    server.set_clicks(clicks(3));
    let answer = ask_feed(&server, Feed::InvalidClicks, &window(MONDAY, MONDAY + 10)).await;
    assert_eq!(answer.ids().len(), 3);
    let received = server.received();
    assert_eq!((received[0].status, received[0].rows, received[0].fault), (Some(200), Some(3), None));
    assert_eq!(received[0].json()["from"], text(MONDAY));
    server.forget_received();
    assert_eq!((server.received().len(), server.most_at_once()), (0, 0));
}
