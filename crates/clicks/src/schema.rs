//! The columns of a click: their names, their types, and the path in Everflow's JSON that each comes from.
//!
//! The table [`COLUMNS`] is the one place that says so; typing, merging and reading follow it.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

/// How a column's values are typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Utf8. Numbers are taken as their text.
    Text,
    /// Int64. Text that is an integer is taken.
    Integer,
    /// Int32, otherwise as [`Kind::Integer`].
    Code,
    /// Boolean. 0 and 1, also as text, are taken.
    Flag,
    /// Decimal128(18,6), exact.
    Money,
    /// Float64. Text that is a number is taken, when the float holds it exactly.
    Score,
    /// Timestamp(microsecond, UTC), from whole seconds since 1970.
    Seconds,
    /// Map<Utf8, Utf8>, keys sorted.
    TextMap,
}

/// The objects of a row that hold columns. Rows repeat them word for word, so each distinct one is typed once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Place {
    /// The row itself.
    Row,
    /// `relationship` itself.
    Relationship,
    /// `relationship.offer`
    Offer,
    /// `relationship.advertiser`
    Advertiser,
    /// `relationship.account_manager`
    AccountManager,
    /// `relationship.affiliate`
    Affiliate,
    /// `relationship.affiliate_manager`
    AffiliateManager,
    /// `relationship.geolocation`
    Geolocation,
    /// `relationship.device_information`
    Device,
}

/// The objects inside `relationship`, by key.
pub const OBJECTS: [(Place, &str); 7] = [
    (Place::Offer, "offer"),
    (Place::Advertiser, "advertiser"),
    (Place::AccountManager, "account_manager"),
    (Place::Affiliate, "affiliate"),
    (Place::AffiliateManager, "affiliate_manager"),
    (Place::Geolocation, "geolocation"),
    (Place::Device, "device_information"),
];

impl Place {
    /// The path of the object in the row, with a dot at its end; empty for the row itself.
    #[must_use]
    pub fn path_prefix(self) -> String {
        match self {
            Place::Row => String::new(),
            Place::Relationship => "relationship.".to_owned(),
            object => {
                let key = OBJECTS.iter().find(|(place, _)| *place == object).map_or("", |(_, key)| key);
                format!("relationship.{key}.")
            }
        }
    }
}

/// A column that comes from Everflow's JSON.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name in the lake.
    pub name: &'static str,
    /// The object that holds it.
    pub place: Place,
    /// Its key in that object.
    pub key: &'static str,
    /// Its type.
    pub kind: Kind,
}

const fn column(place: Place, key: &'static str, name: &'static str, kind: Kind) -> Column {
    Column { name, place, key, kind }
}

/// Of a column that keeps Everflow's name.
const fn same(place: Place, key: &'static str, kind: Kind) -> Column {
    column(place, key, key, kind)
}

use Kind::{Code, Flag, Integer, Money, Score, Seconds, Text, TextMap};
use Place::{AccountManager, Advertiser, Affiliate, AffiliateManager, Device, Geolocation, Offer, Relationship, Row};

/// Every column that comes from Everflow, in the order of the file.
pub const COLUMNS: &[Column] = &[
    same(Row, "transaction_id", Text),
    column(Row, "unix_timestamp", "click_time", Seconds),
    same(Row, "error_code", Code),
    same(Row, "error_message", Text),
    same(Row, "is_unique", Flag),
    same(Row, "user_ip", Text),
    same(Row, "tracking_url", Text),
    same(Row, "source_id", Text),
    same(Row, "sub1", Text),
    same(Row, "sub2", Text),
    same(Row, "sub3", Text),
    same(Row, "sub4", Text),
    same(Row, "sub5", Text),
    same(Row, "sub6", Text),
    same(Row, "sub7", Text),
    same(Row, "sub8", Text),
    same(Row, "sub9", Text),
    same(Row, "sub10", Text),
    same(Row, "payout_type", Text),
    same(Row, "revenue_type", Text),
    same(Row, "payout", Money),
    same(Row, "revenue", Money),
    same(Row, "currency_id", Text),
    same(Row, "referer", Text),
    same(Row, "url", Text),
    column(Row, "previous_network_offer_id", "previous_offer_id", Integer),
    same(Row, "project_id", Text),
    same(Row, "is_view_through", Flag),
    same(Row, "is_async", Flag),
    same(Row, "server_side_url", Text),
    same(Row, "server_side_output", Text),
    same(Row, "custom_landing_page_id", Integer),
    same(Row, "is_test_mode", Flag),
    same(Row, "idfa", Text),
    same(Row, "idfa_md5", Text),
    same(Row, "idfa_sha1", Text),
    same(Row, "google_ad_id", Text),
    same(Row, "google_ad_id_md5", Text),
    same(Row, "google_ad_id_sha1", Text),
    same(Row, "android_id", Text),
    same(Row, "android_id_md5", Text),
    same(Row, "android_id_sha1", Text),
    same(Row, "error_filter_id", Text),
    same(Row, "has_conversion", Flag),
    same(Row, "is_pass_through", Flag),
    same(Row, "creative_id", Integer),
    same(Row, "coupon_code", Text),
    same(Row, "redirect_method", Text),
    same(Row, "is_sdk_click", Flag),
    same(Row, "category_id", Integer),
    column(Offer, "network_offer_id", "offer_id", Integer),
    column(Offer, "name", "offer_name", Text),
    column(Offer, "offer_status", "offer_status", Text),
    column(Offer, "network_id", "offer_network_id", Integer),
    column(Offer, "network_advertiser_id", "offer_advertiser_id", Integer),
    column(Offer, "network_offer_group_id", "offer_group_id", Integer),
    column(Offer, "network_tracking_domain_id", "offer_tracking_domain_id", Integer),
    column(Offer, "visibility", "offer_visibility", Text),
    column(Offer, "currency_id", "offer_currency_id", Text),
    column(Advertiser, "network_advertiser_id", "advertiser_id", Integer),
    column(Advertiser, "name", "advertiser_name", Text),
    column(Advertiser, "network_id", "advertiser_network_id", Integer),
    column(Advertiser, "account_status", "advertiser_account_status", Text),
    column(AccountManager, "network_employee_id", "account_manager_id", Integer),
    column(AccountManager, "network_id", "account_manager_network_id", Integer),
    column(AccountManager, "first_name", "account_manager_first_name", Text),
    column(AccountManager, "last_name", "account_manager_last_name", Text),
    column(AccountManager, "full_name", "account_manager_full_name", Text),
    column(AccountManager, "account_status", "account_manager_account_status", Text),
    column(Affiliate, "network_affiliate_id", "affiliate_id", Integer),
    column(Affiliate, "name", "affiliate_name", Text),
    column(Affiliate, "network_id", "affiliate_network_id", Integer),
    column(Affiliate, "account_status", "affiliate_account_status", Text),
    column(Affiliate, "network_traffic_source_id", "affiliate_traffic_source_id", Integer),
    column(AffiliateManager, "network_employee_id", "affiliate_manager_id", Integer),
    column(AffiliateManager, "network_id", "affiliate_manager_network_id", Integer),
    column(AffiliateManager, "first_name", "affiliate_manager_first_name", Text),
    column(AffiliateManager, "last_name", "affiliate_manager_last_name", Text),
    column(AffiliateManager, "full_name", "affiliate_manager_full_name", Text),
    column(AffiliateManager, "account_status", "affiliate_manager_account_status", Text),
    same(Geolocation, "country_code", Text),
    same(Geolocation, "country_name", Text),
    same(Geolocation, "region_code", Text),
    same(Geolocation, "region_name", Text),
    same(Geolocation, "city_name", Text),
    same(Geolocation, "dma", Integer),
    same(Geolocation, "dma_name", Text),
    column(Geolocation, "timezone", "geo_timezone", Text),
    same(Geolocation, "carrier_name", Text),
    same(Geolocation, "carrier_code", Text),
    same(Geolocation, "organization", Text),
    same(Geolocation, "isp_name", Text),
    column(Geolocation, "is_mobile", "geo_is_mobile", Flag),
    same(Geolocation, "is_proxy", Flag),
    same(Geolocation, "postal_code", Text),
    column(Device, "is_mobile", "device_is_mobile", Flag),
    same(Device, "platform_name", Text),
    same(Device, "os_version", Text),
    same(Device, "brand", Text),
    same(Device, "model", Text),
    same(Device, "is_tablet", Flag),
    same(Device, "browser_name", Text),
    same(Device, "browser_version", Text),
    same(Device, "device_type", Text),
    same(Device, "language", Text),
    same(Device, "http_accept_language", Text),
    same(Device, "is_robot", Flag),
    same(Device, "is_filter", Flag),
    same(Relationship, "http_user_agent", Text),
    same(Relationship, "forensiq_score", Score),
    same(Relationship, "query_parameters", TextMap),
];

impl Column {
    /// The path of the value in the row, such as `relationship.offer.name`: its name in `extra`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}{}", self.place.path_prefix(), self.key)
    }
}

/// Unknown and unrepresentable values: a JSON object of path -> value.
pub const EXTRA: &str = "extra";
/// The feeds that returned the click, sorted, joined by commas; NULL where unknown.
pub const FEEDS: &str = "feeds";
/// When the answer that held this version of the click came; NULL where unknown.
pub const OBSERVED_AT: &str = "observed_at";
/// The UTC date of `click_time`, so that a file is self-contained.
pub const CLICK_DATE: &str = "click_date";

/// Decimal digits of a money column, in all.
pub const MONEY_PRECISION: u8 = 18;
/// Decimal digits of a money column, after the point.
pub const MONEY_SCALE: i8 = 6;

/// The type of every point in time.
#[must_use]
pub fn timestamp_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

impl Kind {
    /// The Arrow type of a column of this kind.
    #[must_use]
    pub fn data_type(self) -> DataType {
        match self {
            Kind::Text => DataType::Utf8,
            Kind::Integer => DataType::Int64,
            Kind::Code => DataType::Int32,
            Kind::Flag => DataType::Boolean,
            Kind::Money => DataType::Decimal128(MONEY_PRECISION, MONEY_SCALE),
            Kind::Score => DataType::Float64,
            Kind::Seconds => timestamp_type(),
            Kind::TextMap => {
                let entry = Fields::from(vec![
                    Field::new("key", DataType::Utf8, false),
                    Field::new("value", DataType::Utf8, true),
                ]);
                DataType::Map(Arc::new(Field::new("key_value", DataType::Struct(entry), false)), false)
            }
        }
    }
}

/// The columns without which a row is no click.
pub const REQUIRED: [&str; 3] = ["transaction_id", "click_time", "error_code"];

static CLICK_SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields: Vec<Field> = COLUMNS
        .iter()
        .map(|column| Field::new(column.name, column.kind.data_type(), !REQUIRED.contains(&column.name)))
        .collect();
    fields.push(Field::new(EXTRA, DataType::Utf8, true));
    fields.push(Field::new(FEEDS, DataType::Utf8, true));
    fields.push(Field::new(OBSERVED_AT, timestamp_type(), true));
    fields.push(Field::new(CLICK_DATE, DataType::Date32, false));
    Arc::new(Schema::new(fields))
});

/// The columns inside a `clicks.parquet`, in order; the directory keys `account`, `date` and `hour` are not among them.
#[must_use]
pub fn click_schema() -> SchemaRef {
    CLICK_SCHEMA.clone()
}

/// Our own columns, which stand after those of Everflow.
const OURS: [&str; 4] = [EXTRA, FEEDS, OBSERVED_AT, CLICK_DATE];

/// The position of a column in [`click_schema`]; a name that is none does not compile in a constant.
#[must_use]
pub const fn index_of(name: &str) -> usize {
    let mut index = 0;
    while index < COLUMNS.len() {
        if is_same(COLUMNS[index].name, name) {
            return index;
        }
        index += 1;
    }
    let mut ours = 0;
    while ours < OURS.len() - 1 && !is_same(OURS[ours], name) {
        ours += 1;
    }
    assert!(is_same(OURS[ours], name), "no column of this name");
    COLUMNS.len() + ours
}

const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut index = 0;
    while index < a.len() {
        if a[index] != b[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// Positions in [`click_schema`], found when compiling.
pub(crate) mod position {
    use super::{CLICK_DATE, EXTRA, FEEDS, OBSERVED_AT, index_of};

    pub(crate) const TRANSACTION_ID: usize = index_of("transaction_id");
    pub(crate) const CLICK_TIME: usize = index_of("click_time");
    pub(crate) const ERROR_CODE: usize = index_of("error_code");
    pub(crate) const AFFILIATE_ID: usize = index_of("affiliate_id");
    pub(crate) const EXTRA_VALUES: usize = index_of(EXTRA);
    pub(crate) const FEED_LIST: usize = index_of(FEEDS);
    pub(crate) const OBSERVATION: usize = index_of(OBSERVED_AT);
    pub(crate) const DATE: usize = index_of(CLICK_DATE);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_and_paths_are_unique() {
        let names: HashSet<_> = click_schema().fields().iter().map(|f| f.name().clone()).collect();
        assert_eq!(names.len(), click_schema().fields().len());
        let paths: HashSet<_> = COLUMNS.iter().map(Column::path).collect();
        assert_eq!(paths.len(), COLUMNS.len());
    }

    #[test]
    fn positions_are_those_of_the_schema() {
        for (index, field) in click_schema().fields().iter().enumerate() {
            assert_eq!(index_of(field.name()), index);
        }
    }
}
