//! Filters and exclusions.

use serde_json::{Value, json};
use simulator::Feed;
use simulator::server::{Click, Server, Spelling, UnknownFilters, Values};

use crate::client::{Answer, MONDAY, NOW, ask_feed, window};

/// Two offers by three codes by two affiliates, one click each, `o1-c9-a17` and so on.
fn varied() -> Vec<Click> {
    let mut clicks = Vec::new();
    for offer_id in [1, 2] {
        for error_code in [9, 10, 21] {
            for affiliate_id in [17, 18] {
                let id = format!("o{offer_id}-c{error_code}-a{affiliate_id}");
                let click = Click::new(MONDAY + clicks.len() as i64, id);
                clicks.push(Click { offer_id, error_code, affiliate_id, advertiser_id: 40 + offer_id, ..click });
            }
        }
    }
    clicks
}

fn query(filters: &[(&str, &str)], exclusions: &[(&str, &str)]) -> Value {
    let list = |items: &[(&str, &str)]| -> Vec<Value> {
        items.iter().map(|(name, value)| json!({ "resource_type": name, "filter_id_value": value })).collect()
    };
    let mut body = window(MONDAY, MONDAY + 60);
    body["query"] = json!({ "filters": list(filters), "exclusions": list(exclusions) });
    body
}

async fn ask(server: &Server, feed: Feed, filters: &[(&str, &str)], exclusions: &[(&str, &str)]) -> Answer {
    ask_feed(server, feed, &query(filters, exclusions)).await
}

async fn sorted(server: &Server, filters: &[(&str, &str)], exclusions: &[(&str, &str)]) -> Vec<String> {
    let mut ids = ask(server, Feed::InvalidClicks, filters, exclusions).await.ids();
    ids.sort();
    ids
}

#[tokio::test]
async fn the_same_type_is_or_different_types_are_and() {
    let server = Server::with_clicks(varied(), NOW).unwrap();
    let codes = [("error_code", "9"), ("error_code", "10")];
    assert_eq!(sorted(&server, &codes, &[]).await.len(), 8);
    let both = [codes[0], codes[1], ("offer", "2")];
    assert_eq!(sorted(&server, &both, &[]).await, ["o2-c10-a17", "o2-c10-a18", "o2-c9-a17", "o2-c9-a18"]);
    assert_eq!(sorted(&server, &both, &[("affilate_id", "17")]).await, ["o2-c10-a18", "o2-c9-a18"]);
    let rest = [("error_code", "9"), ("error_code", "10"), ("error_code", "21")];
    assert!(sorted(&server, &[], &rest).await.is_empty());
    // Exclusions of different types: none of them may be met.
    assert_eq!(sorted(&server, &[], &[codes[0], codes[1], ("offer", "1")]).await, ["o2-c21-a17", "o2-c21-a18"]);
    assert_eq!(sorted(&server, &[("advertiser", "41"), ("error_code", "21")], &[]).await.len(), 2);
    assert_eq!(sorted(&server, &[("transction_id", "o1-c9-a17")], &[]).await, ["o1-c9-a17"]);
}

#[tokio::test]
async fn which_spelling_is_known_can_be_set() {
    let server = Server::with_clicks(varied(), NOW).unwrap();
    let (documented, correct) = (["affilate_id", "transction_id"], ["affiliate", "affiliate_id", "transaction_id"]);
    for (spelling, known, unknown) in [
        (Spelling::Documented, &documented[..], &correct[..]),
        (Spelling::Correct, &correct[..], &documented[..]),
        (Spelling::Both, &[documented.as_slice(), &correct].concat(), &[][..]),
    ] {
        server.configure(|settings| settings.spelling = spelling);
        for name in known {
            assert_eq!(ask(&server, Feed::InvalidClicks, &[(name, "17")], &[]).await.status, 200, "{name}");
        }
        for name in unknown {
            let error = ask(&server, Feed::InvalidClicks, &[], &[(name, "17")]).await.error();
            assert_eq!(error, (400, format!("Invalid resource_type: {name}")));
        }
    }
    server.configure(|settings| settings.spelling = Spelling::Documented);
    assert_eq!(ask(&server, Feed::NetworkClicks, &[("affiliate", "17")], &[]).await.ids().len(), 6);
}

#[tokio::test]
async fn unknown_filters_can_be_ignored_without_a_word() {
    let server = Server::with_clicks(varied(), NOW).unwrap();
    server.configure(|settings| settings.unknown_filters = UnknownFilters::Ignored);
    assert_eq!(sorted(&server, &[("affiliate", "17")], &[]).await.len(), 12);
    assert_eq!(sorted(&server, &[("affiliate", "17"), ("offer", "1")], &[]).await.len(), 6);
}

#[tokio::test]
async fn values_are_text_and_lists_are_lists() {
    let server = Server::with_clicks(varied(), NOW).unwrap();
    for (filters, words) in [
        (json!([{ "resource_type": "offer", "filter_id_value": 1 }]), "filter_id_value must be a string"),
        (json!([{ "filter_id_value": "1" }]), "resource_type must be a string"),
        (json!({ "offer": 1 }), "query.filters must be a list"),
    ] {
        let mut body = window(MONDAY, MONDAY + 60);
        body["query"] = json!({ "filters": filters });
        assert_eq!(ask_feed(&server, Feed::InvalidClicks, &body).await.error(), (400, words.to_owned()));
    }
}

#[tokio::test]
async fn rows_say_what_the_click_is() {
    let values = Values { is_unique: false, has_conversion: true, payout: 1500, revenue: 2000 };
    let click = Click { error_code: 9, offer_id: 3, affiliate_id: 17, values, ..Click::new(MONDAY, "one") };
    let server = Server::with_clicks(vec![click], NOW).unwrap();
    let row = &ask_feed(&server, Feed::NetworkClicks, &window(MONDAY, MONDAY)).await.rows()[0];
    assert_eq!((&row["unix_timestamp"], &row["error_code"]), (&json!(MONDAY), &json!(9)));
    assert_eq!((&row["is_unique"], &row["has_conversion"]), (&json!(0), &json!(true)));
    assert_eq!((&row["payout"], &row["revenue"]), (&json!(1.5), &json!(2)));
    assert_eq!(row.pointer("/relationship/offer/network_offer_id"), Some(&json!(3)));
    assert_eq!(row.pointer("/relationship/affiliate/network_affiliate_id"), Some(&json!(17)));
    // The affiliate's own feed does not name it, and calls the payout revenue.
    let row = &ask_feed(&server, Feed::AffiliateClicks, &window(MONDAY, MONDAY)).await.rows()[0];
    assert_eq!((&row["revenue"], row.get("payout"), row.pointer("/relationship/affiliate")), (&json!(1.5), None, None));
}
