//! The rows of the queries that a report is made of, as they come.

use arrow::array::RecordBatch;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::model::Rate;
use crate::formats::json_rows;

/// Rows of any query that belong to an account.
pub(super) trait OfAccount {
    /// The account.
    fn account(&self) -> &str;
}

macro_rules! row {
    ($(#[$about:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq, Deserialize)]
        pub(super) struct $name {
            pub(super) account: String,
            $(pub(super) $field: $type,)*
        }
        impl OfAccount for $name {
            fn account(&self) -> &str {
                &self.account
            }
        }
    };
}

row! {
    /// `report/figures`
    Figures {
        clicks: u64, rated_clicks: u64, invalid_clicks: u64, fraud_clicks: u64,
        proxy_known_clicks: u64, proxy_clicks: u64, datacenter_clicks: u64, affiliates: u64, offers: u64,
        rests_on: Option<String>,
        invalid_low: Option<f64>, invalid_high: Option<f64>, fraud_low: Option<f64>, fraud_high: Option<f64>,
        proxy_low: Option<f64>, proxy_high: Option<f64>, datacenter_low: Option<f64>, datacenter_high: Option<f64>,
    }
}
row! {
    /// `report/money`
    Money {
        currency_id: Option<String>, payout: Option<f64>, revenue: Option<f64>, payout_at_risk: Option<f64>, revenue_at_risk: Option<f64>,
    }
}
row! {
    /// `error_codes`
    ErrorCode {
        error_code: i32, name: Option<String>, class: String, is_fraud_signal: Option<bool>, clicks: u64, message: Option<String>,
    }
}
row! {
    /// `report/rates_by_day`
    RatedDay {
        day: String, clicks: u64, rated_clicks: u64, invalid_clicks: u64, proxy_known_clicks: u64,
        invalid_rate: Option<f64>, invalid_low: Option<f64>, invalid_high: Option<f64>,
        proxy_rate: Option<f64>, proxy_low: Option<f64>, proxy_high: Option<f64>,
    }
}
row! {
    /// `report/rates_by_affiliate`
    RatedAffiliate {
        affiliate_id: Option<i64>, affiliate_name: Option<String>, clicks: u64, rated_clicks: u64, invalid_clicks: u64, proxy_known_clicks: u64,
        invalid_rate: Option<f64>, invalid_low: Option<f64>, invalid_high: Option<f64>,
        proxy_rate: Option<f64>, proxy_low: Option<f64>, proxy_high: Option<f64>,
    }
}
row! {
    /// `value_at_risk`
    AtRisk {
        affiliate_id: Option<i64>, affiliate_name: Option<String>, currency_id: Option<String>, clicks: u64, suspicious_clicks: u64,
        fraud_signal_codes: u64, proxies: u64, datacenters: u64, declared_bots: Option<u64>,
        payout: Option<f64>, payout_at_risk: Option<f64>, revenue_at_risk: Option<f64>,
    }
}
row! {
    /// `report/hours`
    Hour { weekday: u8, hour: u8, clicks: u64, invalid_clicks: u64 }
}
row! {
    /// `report/offers`
    Offer {
        offer_id: Option<i64>, offer_name: Option<String>, clicks: u64, rated_clicks: u64, affiliates: u64, currency_id: Option<String>, payout: Option<f64>,
        invalid_rate: Option<f64>, invalid_low: Option<f64>, invalid_high: Option<f64>, proxy_rate: Option<f64>, top_class: Option<String>,
    }
}
row! {
    /// `report/affiliate_days`
    AffiliateDay { affiliate_id: Option<i64>, day: String, clicks: u64, suspicious_clicks: u64 }
}
row! {
    /// `report/scores`
    Score {
        entity: String, name: Option<String>, clicks: u64, score: f64, tier: String, reasons: Vec<String>, families: Option<String>,
        evidence: Option<String>, allowed: Option<String>,
    }
}
row! {
    /// `report/unknown_fields`
    UnknownField { path: String, clicks: u64, first_time: String, last_time: String }
}
row! {
    /// `coverage_by_day`
    CoveredDay { date: String, feed: String, covered_share: f64, saturated: u64 }
}

/// Reads the rows of an answer.
pub(super) fn read<T: DeserializeOwned>(rows: &RecordBatch) -> Result<Vec<T>, String> {
    let rows = json_rows(rows).map_err(|error| error.to_string())?;
    let each = rows.into_iter().map(|row| serde_json::from_value(Value::Object(row)));
    each.collect::<Result<_, _>>().map_err(|error| error.to_string())
}

/// The rows of one account, in their order.
pub(super) fn of<'a, T: OfAccount>(rows: &'a [T], account: &str) -> Vec<&'a T> {
    rows.iter().filter(|row| row.account() == account).collect()
}

impl RatedDay {
    /// The share of refused clicks.
    pub(super) fn invalid(&self) -> Option<Rate> {
        rate(self.invalid_rate, self.invalid_low, self.invalid_high, self.rated_clicks)
    }

    /// The share of clicks through proxies.
    pub(super) fn proxy(&self) -> Option<Rate> {
        rate(self.proxy_rate, self.proxy_low, self.proxy_high, self.proxy_known_clicks)
    }
}

impl RatedAffiliate {
    /// The share of refused clicks.
    pub(super) fn invalid(&self) -> Option<Rate> {
        rate(self.invalid_rate, self.invalid_low, self.invalid_high, self.rated_clicks)
    }

    /// The share of clicks through proxies.
    pub(super) fn proxy(&self) -> Option<Rate> {
        rate(self.proxy_rate, self.proxy_low, self.proxy_high, self.proxy_known_clicks)
    }
}

/// A rate, where there is one.
pub(super) fn rate(value: Option<f64>, low: Option<f64>, high: Option<f64>, clicks: u64) -> Option<Rate> {
    Some(Rate { value: value?, low: low?, high: high?, clicks })
}
