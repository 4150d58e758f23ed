//! Rows as Everflow writes them, few and small.

use std::ops::Range;

/// 2025-01-10T00:00:00Z: long past, so that nothing here depends on today.
pub(crate) const DAY_1: i64 = 1_736_467_200;
/// Clicks that fall on one day.
pub(crate) const CLICKS_OF_DAY: u32 = 50;
const SECONDS_OF_DAY: i64 = 86_400;

/// Clicks by number, of which each is always the same: [`CLICKS_OF_DAY`] on each day from [`DAY_1`].
pub(crate) fn clicks(numbers: Range<u32>) -> Vec<String> {
    numbers.map(|number| click(number, Version::First)).collect()
}

/// The same clicks as Everflow returns them later: some of them changed.
pub(crate) fn later_clicks(numbers: Range<u32>) -> Vec<String> {
    numbers.map(|number| click(number, Version::Later)).collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Version {
    First,
    Later,
}

fn click(number: u32, version: Version) -> String {
    let second = DAY_1 + i64::from(number / CLICKS_OF_DAY) * SECONDS_OF_DAY + i64::from(number * 7919 % 86_400);
    let is_changed = version == Version::Later && number.is_multiple_of(3);
    let error_code = if number.is_multiple_of(5) { 21 } else { 0 };
    // Text that does not compress, so that the files are of a size at which writes can be cut short.
    let user_agent = format!("Mozilla/5.0 ({:016x})", u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    format!(
        concat!(
            r#"{{"transaction_id":"{id}","is_unique":1,"unix_timestamp":{second},"tracking_url":"www.trk.example","sub1":"{sub1}","#,
            r#""revenue":{revenue},"payout":0.125,"error_code":{error_code},"error_message":"N/A","user_ip":"203.0.113.{ip}","#,
            r#""has_conversion":{is_changed},"a_field_of_tomorrow":{number},"relationship":{{"http_user_agent":"{user_agent}","#,
            r#""offer":{{"network_offer_id":19,"name":"Offer"}},"affiliate":{{"network_affiliate_id":{affiliate},"name":"Affiliate"}},"#,
            r#""geolocation":{{"country_code":"US","is_proxy":{is_proxy}}},"query_parameters":{{"oid":"19"}}}}}}"#
        ),
        id = transaction_id(number),
        second = second,
        sub1 = number % 17,
        revenue = if is_changed { "1.5" } else { "0" },
        error_code = error_code,
        ip = number % 250,
        is_changed = is_changed,
        user_agent = user_agent,
        number = number,
        affiliate = 100 + number % 7,
        is_proxy = number.is_multiple_of(11),
    )
}

/// The transaction id of a click.
pub(crate) fn transaction_id(number: u32) -> String {
    format!("{:032x}", (u128::from(number) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

/// One row on each line.
pub(crate) fn lines(rows: &[String]) -> String {
    rows.join("\n") + "\n"
}

/// The answer of the invalid-clicks feed.
pub(crate) fn answer(rows: &[String]) -> String {
    format!(r#"{{"clicks":[{}]}}"#, rows.join(","))
}

/// Rows that no click can be made of.
pub(crate) fn broken_rows() -> Vec<String> {
    vec![
        format!(r#"{{"transaction_id":"without a time","error_code":0,"sub1":"{}"}}"#, "x".repeat(100)),
        format!(r#"{{"transaction_id":"with a wrong one","unix_timestamp":"soon","error_code":0,"sub1":"{DAY_1}"}}"#),
    ]
}
