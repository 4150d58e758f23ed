//! The shapes of Everflow's answers: which keys, in which order, of which type.
//!
//! Structs whose fields stand in the order of the wire; `rows` fills them. Written from the API's pages, not from what our own
//! parser expects.

use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// Money in thousandths; whole amounts are written as integers, as Everflow does.
#[derive(Clone, Copy)]
pub(crate) struct Money(pub(crate) i64);

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1000 == 0 {
            serializer.serialize_i64(self.0 / 1000)
        } else {
            serializer.serialize_f64(self.0 as f64 / 1000.0)
        }
    }
}

/// A value that is a number in one answer and text in the next.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum TextOrNumber<'a> {
    Text(String),
    Borrowed(&'a str),
    Number(i64),
}

/// A JSON object whose keys come in a random order.
pub(crate) struct Shuffled<'a>(pub(crate) Vec<(&'static str, Cow<'a, str>)>);

impl Serialize for Shuffled<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
pub(crate) struct NetworkRow<'a> {
    pub(crate) transaction_id: &'a str,
    pub(crate) is_unique: u8,
    pub(crate) unix_timestamp: i64,
    pub(crate) tracking_url: &'a str,
    pub(crate) source_id: &'a str,
    pub(crate) sub1: &'a str,
    pub(crate) sub2: &'a str,
    pub(crate) sub3: &'a str,
    pub(crate) sub4: &'a str,
    pub(crate) sub5: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub6: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub7: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub8: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub9: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub10: Option<&'a str>,
    pub(crate) payout_type: &'a str,
    pub(crate) revenue_type: &'a str,
    pub(crate) payout: Money,
    pub(crate) revenue: Money,
    pub(crate) referer: &'a str,
    pub(crate) previous_network_offer_id: i64,
    pub(crate) error_code: i32,
    pub(crate) project_id: TextOrNumber<'a>,
    pub(crate) user_ip: &'a str,
    pub(crate) error_message: &'a str,
    pub(crate) url: String,
    pub(crate) is_view_through: bool,
    pub(crate) is_async: bool,
    pub(crate) server_side_url: String,
    pub(crate) server_side_output: &'a str,
    pub(crate) custom_landing_page_id: i64,
    pub(crate) is_test_mode: bool,
    pub(crate) idfa: &'a str,
    pub(crate) idfa_md5: &'a str,
    pub(crate) idfa_sha1: &'a str,
    pub(crate) google_ad_id: &'a str,
    pub(crate) google_ad_id_md5: &'a str,
    pub(crate) google_ad_id_sha1: &'a str,
    pub(crate) android_id: &'a str,
    pub(crate) android_id_md5: &'a str,
    pub(crate) android_id_sha1: &'a str,
    pub(crate) error_filter_id: &'a str,
    pub(crate) has_conversion: bool,
    pub(crate) is_pass_through: bool,
    pub(crate) creative_id: i64,
    pub(crate) relationship: NetworkRelationship<'a>,
    pub(crate) coupon_code: &'a str,
    pub(crate) redirect_method: &'a str,
    pub(crate) is_sdk_click: bool,
    pub(crate) category_id: i64,
    pub(crate) currency_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) click_origin: Option<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct NetworkRelationship<'a> {
    pub(crate) offer: NetworkOffer<'a>,
    pub(crate) advertiser: AdvertiserObject<'a>,
    pub(crate) account_manager: EmployeeObject<'a>,
    pub(crate) affiliate: AffiliateObject<'a>,
    pub(crate) affiliate_manager: EmployeeObject<'a>,
    pub(crate) geolocation: Geolocation<'a>,
    pub(crate) device_information: DeviceInformation<'a>,
    pub(crate) http_user_agent: &'a str,
    pub(crate) query_parameters: Shuffled<'a>,
    pub(crate) forensiq_score: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) campaign: Option<Campaign>,
}

#[derive(Serialize)]
pub(crate) struct AffiliateRow<'a> {
    pub(crate) transaction_id: &'a str,
    pub(crate) is_unique: u8,
    pub(crate) unix_timestamp: i64,
    pub(crate) tracking_url: &'a str,
    pub(crate) source_id: &'a str,
    pub(crate) sub1: &'a str,
    pub(crate) sub2: &'a str,
    pub(crate) sub3: &'a str,
    pub(crate) sub4: &'a str,
    pub(crate) sub5: &'a str,
    pub(crate) revenue_type: &'a str,
    pub(crate) revenue: Money,
    pub(crate) referer: &'a str,
    pub(crate) error_code: i32,
    pub(crate) user_ip: &'a str,
    pub(crate) error_message: &'a str,
    pub(crate) idfa: &'a str,
    pub(crate) idfa_md5: &'a str,
    pub(crate) idfa_sha1: &'a str,
    pub(crate) google_ad_id: &'a str,
    pub(crate) google_ad_id_md5: &'a str,
    pub(crate) google_ad_id_sha1: &'a str,
    pub(crate) android_id: &'a str,
    pub(crate) android_id_md5: &'a str,
    pub(crate) android_id_sha1: &'a str,
    pub(crate) relationship: AffiliateRelationship<'a>,
    pub(crate) coupon_code: &'a str,
    pub(crate) currency_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) click_origin: Option<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct AffiliateRelationship<'a> {
    pub(crate) offer: AffiliateOffer<'a>,
    pub(crate) geolocation: Geolocation<'a>,
    pub(crate) device_information: DeviceInformation<'a>,
    pub(crate) query_parameters: Shuffled<'a>,
}

#[derive(Serialize)]
pub(crate) struct NetworkOffer<'a> {
    pub(crate) network_offer_id: i64,
    pub(crate) network_id: i64,
    pub(crate) network_advertiser_id: i64,
    pub(crate) network_offer_group_id: i64,
    pub(crate) name: &'a str,
    pub(crate) offer_status: &'a str,
    pub(crate) network_tracking_domain_id: i64,
    pub(crate) visibility: &'a str,
    pub(crate) currency_id: &'a str,
}

#[derive(Serialize)]
pub(crate) struct AffiliateOffer<'a> {
    pub(crate) network_offer_id: i64,
    pub(crate) network_id: i64,
    pub(crate) name: &'a str,
    pub(crate) offer_status: &'a str,
    pub(crate) network_tracking_domain_id: i64,
}

#[derive(Serialize)]
pub(crate) struct AdvertiserObject<'a> {
    pub(crate) network_advertiser_id: i64,
    pub(crate) network_id: i64,
    pub(crate) name: &'a str,
    pub(crate) account_status: &'a str,
}

#[derive(Serialize)]
pub(crate) struct EmployeeObject<'a> {
    pub(crate) network_employee_id: i64,
    pub(crate) network_id: i64,
    pub(crate) first_name: &'a str,
    pub(crate) last_name: &'a str,
    pub(crate) full_name: String,
    pub(crate) account_status: &'a str,
}

#[derive(Serialize)]
pub(crate) struct AffiliateObject<'a> {
    pub(crate) network_affiliate_id: i64,
    pub(crate) network_id: i64,
    pub(crate) name: &'a str,
    pub(crate) account_status: &'a str,
    pub(crate) network_traffic_source_id: i64,
}

#[derive(Serialize)]
pub(crate) struct Campaign {
    pub(crate) network_campaign_id: i64,
    pub(crate) campaign_name: &'static str,
}

#[derive(Serialize)]
pub(crate) struct Geolocation<'a> {
    pub(crate) country_code: &'a str,
    pub(crate) country_name: &'a str,
    pub(crate) region_code: &'a str,
    pub(crate) region_name: &'a str,
    pub(crate) city_name: &'a str,
    pub(crate) dma: i64,
    pub(crate) dma_name: &'a str,
    pub(crate) timezone: &'a str,
    pub(crate) carrier_name: &'a str,
    pub(crate) carrier_code: TextOrNumber<'a>,
    pub(crate) organization: &'a str,
    pub(crate) isp_name: &'a str,
    pub(crate) is_mobile: bool,
    pub(crate) is_proxy: bool,
    pub(crate) postal_code: &'a str,
}

#[derive(Serialize)]
pub(crate) struct DeviceInformation<'a> {
    pub(crate) is_mobile: bool,
    pub(crate) platform_name: &'a str,
    pub(crate) os_version: &'a str,
    pub(crate) brand: &'a str,
    pub(crate) model: &'a str,
    pub(crate) is_tablet: bool,
    pub(crate) browser_name: &'a str,
    pub(crate) browser_version: &'a str,
    pub(crate) device_type: &'a str,
    pub(crate) language: &'a str,
    pub(crate) http_accept_language: &'a str,
    pub(crate) is_robot: bool,
    pub(crate) is_filter: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is_webview: Option<bool>,
}
