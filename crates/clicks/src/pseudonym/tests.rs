//! What identifies somebody goes; what tells visitors apart, and what tells nothing of them, stays.

use proptest::prelude::*;

use super::*;
use crate::schema::{click_schema, position};
use crate::typing::{ClickTyper, Observation};

const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";
const IDFA: &str = "6D92078A-8246-4BA4-AE5B-76104861E7DC";

fn pseudonyms() -> Pseudonyms {
    Pseudonyms::of_key(KEY).unwrap()
}

#[test]
fn addresses_keep_their_network() {
    let p = pseudonyms();
    let personal = |text: &str| p.personal(text).into_owned();
    let v4 = personal("203.0.113.7");
    // python3 -c 'import hmac; print(hmac.new(b"0123456789abcdef" * 2, b"address\0" b"203.0.113.7", "sha256").hexdigest()[:16])'
    assert_eq!(v4, "203.0.113.h2f3e97a3e23e9518");
    assert_ne!(v4, personal("203.0.113.8"));
    assert_eq!(v4, personal(" 203.0.113.7 "));
    assert_eq!(v4, personal("::ffff:203.0.113.7"), "one address, written in another way");
    let v6 = personal("2001:db8:abcd:12::1");
    assert!(v6.starts_with("2001:db8:abcd::h") && v6.len() == 32, "{v6}");
    assert_eq!(v6, personal("2001:0DB8:ABCD:0012::0001"));
    assert!(personal("2001:db8::5").starts_with("2001:db8::h"));
    assert!(personal("::1").starts_with("::h"));
    let network = |text: &str| network_of(&personal(text)).map(|(first, bits)| format!("{first}/{bits}"));
    assert_eq!(network("203.0.113.7").as_deref(), Some("203.0.113.0/24"));
    assert_eq!(network("2001:db8:abcd:12::1").as_deref(), Some("2001:db8:abcd::/48"));
    assert_eq!(network("::1").as_deref(), Some("::/48"));
    assert_eq!(network(IDFA), None);
    let other = Pseudonyms::of_key(b"another key of 16 bytes at least").unwrap();
    assert_ne!(v4, other.personal("203.0.113.7"));
}

#[test]
fn what_is_nobody_stays() {
    let p = pseudonyms();
    for text in [
        "",
        "0",
        "203.0.113.xxx",
        "203.0.xxx.xxx",
        "2001:db8:abcd:xxxx",
        "00000000-0000-0000-0000-000000000000",
        "{idfa}",
        "[GAID]",
        "%%ADVERTISING_ID%%",
        "null",
        "N/A",
    ] {
        assert_eq!(p.personal(text), text);
    }
    assert!(p.personal("203.0.113.xxx, 203.0.113.7").starts_with("203.0.113.xxx, 203.0.113.h"));
    // A placeholder with a value in it is a value.
    assert_ne!(p.personal("{1234567890}"), "{1234567890}");
    assert!(!p.personal("xxx.secret").contains("secret"));
}

#[test]
fn a_personal_value_never_stays_whatever_it_looks_like() {
    let p = pseudonyms();
    let idfa = p.personal(IDFA).into_owned();
    assert!(idfa.starts_with('h') && idfa.len() == 33, "{idfa}");
    assert_eq!(idfa, p.personal(&IDFA.to_lowercase()), "one device, in whatever case");
    let list = p.personal("203.0.113.7, 198.51.100.9:8080").into_owned();
    let both = ["203.0.113.7", "198.51.100.9"].map(|address| p.address(address.parse().unwrap()));
    assert_eq!(list, both.join(", "));
    assert_eq!(p.personal("203.000.113.007"), both[0]);
    assert_eq!(p.personal("[2001:db8::1]"), p.personal("2001:db8::1"));
    let mixed = p.personal("203.0.113.7/jane").into_owned();
    assert!(mixed.starts_with('h') && mixed.len() == 33, "{mixed}");
}

#[test]
fn texts_lose_what_is_written_like_an_id() {
    let p = pseudonyms();
    let id = p.id(IDFA);
    let address = p.address("203.0.113.7".parse().unwrap());
    let mail = p.id("jane.doe+x@example.com");
    let gaid = p.id("anything");
    for (text, expected) in [
        (format!("a {IDFA}, b"), format!("a {id}, b")),
        (format!("x-{IDFA}"), format!("x-{id}")),
        ("http://203.0.113.7:80/?a=1".to_owned(), format!("http://{address}:80/?a=1")),
        ("203.000.113.007 ".to_owned(), format!("{address} ")),
        ("7.203.0.113.7".to_owned(), "7.203.0.113.7".to_owned()),
        ("seen at 203.0.113.7.".to_owned(), format!("seen at {address}.")),
        ("ip-203.0.113.7.isp.example".to_owned(), format!("ip-{address}.isp.example")),
        ("mailto:Jane.Doe+x@example.com?".to_owned(), format!("mailto:{mail}?")),
        ("u=jane.doe+x%40example.com&b=2".to_owned(), format!("u={mail}&b=2")),
        ("?gaid=anything&x=1".to_owned(), format!("?gaid={gaid}&x=1")),
        ("?x=%3Fgaid%3Danything%26y%3D1".to_owned(), format!("?x=%3Fgaid%3D{gaid}%26y%3D1")),
        ("?google_ad_id_sha1=anything".to_owned(), format!("?google_ad_id_sha1={gaid}")),
        ("?Device-Id=anything#".to_owned(), format!("?Device-Id={gaid}#")),
        ("?ip=203.0.113.7".to_owned(), format!("?ip={address}")),
        ("?idfa={idfa}&ip=203.0.113.xxx".to_owned(), "?idfa={idfa}&ip=203.0.113.xxx".to_owned()),
        ("at 12:30:45 of 2026-03-01, v1.2.3".to_owned(), "at 12:30:45 of 2026-03-01, v1.2.3".to_owned()),
        ("my_gaid_count=7 trip=8".to_owned(), "my_gaid_count=7 trip=8".to_owned()),
        (r#"{"idfa": "anything","b":1}"#.to_owned(), format!(r#"{{"idfa": "{gaid}","b":1}}"#)),
        (r#"{"phone":49123,"x":[1]}"#.to_owned(), format!(r#"{{"phone":"{}","x":[1]}}"#, p.id("49123"))),
        (r#"{"ip":["203.0.113.7"]}"#.to_owned(), format!(r#"{{"ip":["{address}"]}}"#)),
        (r#"{"user_ip#2":"203.0.113.7"}"#.to_owned(), format!(r#"{{"user_ip#2":"{address}"}}"#)),
        (r#""{\"gaid\":\"anything\"}""#.to_owned(), format!(r#""{{\"gaid\":\"{gaid}\"}}""#)),
        ("00:1a:2B:3c:4d:5e".to_owned(), p.id("00:1a:2b:3c:4d:5e")),
        ("gaid=".to_owned(), "gaid=".to_owned()),
    ] {
        assert_eq!(p.text(&text), expected, "of {text}");
    }
}

#[test]
fn a_row_has_no_trace_of_its_visitor_left() {
    let row = format!(
        r#"{{"transaction_id":"t","unix_timestamp":1772323200,"error_code":0,"user_ip":"203.0.113.7","idfa":"{IDFA}",
        "google_ad_id_md5":"0cc175b9c0f1b6a831c399e269772661","android_id":"9774d56d682e549c","sub1":"{IDFA}","sub2":"jane@example.com",
        "referer":"http://a.example/?ip=203.0.113.7&gaid=9774d56d682e549c","url":"http://203.0.113.7/","a_field_of_tomorrow":"{IDFA}",
        "relationship":{{"http_user_agent":"Chrome/120.0.0.0","device_information":{{"os_version":"10.0.0.1"}},
        "query_parameters":{{"android_id":"9774d56d682e549c","note":"203.0.113.7","oid":"19"}}}}}}"#
    );
    let mut typer = ClickTyper::new(Observation::default());
    typer.push(row.as_bytes()).unwrap();
    let clicks = pseudonyms().clicks(&typer.finish()).unwrap();
    let batch = crate::gather::gather(&[&clicks], &[(0, 0)]).unwrap();
    let text = format!("{batch:?}").to_lowercase();
    for secret in ["203.0.113.7", &IDFA.to_lowercase(), "9774d56d682e549c", "0cc175b9c0f1b6a8", "jane", "example.com"] {
        assert!(!text.contains(secret), "{secret} is still there: {text}");
    }
    for kept in ["120.0.0.0", "10.0.0.1", "203.0.113.h", "oid", "\"19\""] {
        assert!(text.contains(kept), "{kept} is gone: {text}");
    }
    let value = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().value(0).to_owned();
    assert_eq!(value("idfa"), value("sub1"), "the same device has the same pseudonym everywhere");
    assert!(value(EXTRA).contains(&value("idfa")));
    assert_eq!(batch.schema(), click_schema());
    assert_eq!(batch.column(position::TRANSACTION_ID).as_string::<i32>().value(0), "t");
    let twice = pseudonyms().clicks(&clicks).unwrap();
    assert_eq!(crate::gather::gather(&[&twice], &[(0, 0)]).unwrap(), batch);
}

#[test]
fn rows_in_quarantine_lose_theirs_as_well() {
    let row = QuarantinedRow {
        raw: [br#"{"user_ip":"203.0.113.7","idfa":"abc","x":""#.as_slice(), b"\xff jane@example.com"].concat(),
        part: 0,
        path: String::new(),
        reason: "not a time: '203.0.113.7'".to_owned(),
        source: "a.json".to_owned(),
        position: 0,
    };
    let row = pseudonyms().quarantined(&row);
    let text = String::from_utf8_lossy(&row.raw).into_owned() + &row.reason;
    assert!(!text.contains("113.7") && !text.contains("abc\"") && !text.contains("jane"), "{text}");
    assert!(row.raw.contains(&0xff), "other bytes are as they were");
}

#[test]
fn a_key_is_not_shown_and_not_weak() {
    assert!(!format!("{:?}", pseudonyms()).contains("0123"));
    let error = Pseudonyms::of_key(b"  too short   \n").unwrap_err().to_string();
    assert!(error.contains("9 bytes") && !error.contains("too short"), "{error}");
    let with_newline = Pseudonyms::of_key(&[KEY, b"\n"].concat()).unwrap();
    assert_eq!(with_newline.personal("203.0.113.7"), pseudonyms().personal("203.0.113.7"));
}

#[test]
fn names_are_sorted_for_the_search() {
    for name in ["idfa", "IDFA_MD5", "google-ad-id", "x_forwarded_for", "aaid", "ip"] {
        assert!(scan::is_personal_name(name.as_bytes()), "{name}");
    }
    for name in ["", "md5", "ad_id", "uid", "trip", "idfa_count"] {
        assert!(!scan::is_personal_name(name.as_bytes()), "{name}");
    }
}

proptest! {
    #[test]
    fn twice_is_once_and_no_address_is_left(
        tokens in prop::collection::vec(
            "203\\.0\\.113\\.[0-9]{1,2}(:80)?|2001:db8:[0-9a-f]{1,4}::[0-9a-f]{1,4}|[0-9a-f]{8}-1111-4111-8111-0123456789ab|\
             \\?idfa=[a-z0-9.:]{0,9}|\"ip\": ?\"?[0-9a-z.]{0,9}|[a-z.]{0,3}@a\\.example|x%3dé|[a-z =\"'/.-]{0,4}",
            0..6,
        ),
        separator in "[ &,/]",
    ) {
        let p = pseudonyms();
        let text = tokens.join(&separator);
        let once = p.text(&text).into_owned();
        let twice = p.text(&once).into_owned();
        prop_assert_eq!(&once, &twice, "of {}", text);
        let personal = p.personal(&text).into_owned();
        prop_assert_eq!(p.personal(&personal), personal.as_str(), "of {}", text);
    }

    #[test]
    fn any_bytes_will_do(bytes in prop::collection::vec(prop::sample::select(b"019afx.:-_@%=\"\\{#, ip\xc3\xa9".to_vec()), 0..60)) {
        let p = pseudonyms();
        let _ = scan::replace(&p, &bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        // What was UTF-8 still is.
        prop_assert!(scan::replace(&p, text.as_bytes()).is_none_or(|bytes| String::from_utf8(bytes).is_ok()));
    }

    #[test]
    fn every_address_is_found_in_a_sentence(v4 in any::<u32>(), v6 in any::<u128>(), before in "[ =/,(\"-]?", after in "[ /,)\"&]?") {
        let p = pseudonyms();
        for address in [IpAddr::from(v4.to_be_bytes()), IpAddr::from(v6.to_be_bytes())] {
            if address.is_unspecified() {
                continue;
            }
            let found = p.text(&format!("at{before}{address}{after}.")).into_owned();
            if before.is_empty() {
                continue;
            }
            prop_assert_eq!(found, format!("at{before}{}{after}.", p.address(address)));
        }
    }
}
