//! A click as the server holds it: what can be asked for, and what changes with time.

use serde_json::{Value, json};

use crate::Feed;

/// A click of the ground truth. All times are seconds since 1970, UTC.
///
/// ```
/// use simulator::server::Click;
///
/// let click = Click { error_code: 9, offer_id: 3, ..Click::new(1_772_409_600, "a1") };
/// assert_eq!(click.appears_at, 1_772_409_600);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Click {
    /// When it happened.
    pub unix_timestamp: i64,
    /// Its key.
    pub transaction_id: String,
    /// 0 for a good click.
    pub error_code: i32,
    /// `network_offer_id`.
    pub offer_id: i64,
    /// `network_affiliate_id`.
    pub affiliate_id: i64,
    /// `network_advertiser_id`.
    pub advertiser_id: i64,
    /// `network_offer_group_id`.
    pub offer_group_id: i64,
    /// `network_campaign_id`; 0 for none.
    pub campaign_id: i64,
    /// From when on answers contain it: a late row appears after it happened.
    pub appears_at: i64,
    /// What may change, as first told.
    pub values: Values,
    /// From when on answers tell other values, and which.
    pub later: Option<(i64, Values)>,
}

/// What may change about a click. Money is in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Values {
    /// `is_unique`.
    pub is_unique: bool,
    /// `has_conversion`; such clicks outlive the retention.
    pub has_conversion: bool,
    /// `payout`, which the affiliate's own feed calls `revenue`.
    pub payout: i64,
    /// `revenue` of the network.
    pub revenue: i64,
}

impl Click {
    /// A good click on offer 1 of affiliate 1, which appears at once and never changes.
    pub fn new(unix_timestamp: i64, transaction_id: impl Into<String>) -> Self {
        Self {
            unix_timestamp,
            transaction_id: transaction_id.into(),
            error_code: 0,
            offer_id: 1,
            affiliate_id: 1,
            advertiser_id: 1,
            offer_group_id: 0,
            campaign_id: 0,
            appears_at: unix_timestamp,
            values: Values { is_unique: true, has_conversion: false, payout: 0, revenue: 0 },
            later: None,
        }
    }

    /// Whether an answer can contain it at a time.
    pub fn exists_at(&self, now: i64) -> bool {
        self.unix_timestamp <= now && self.appears_at <= now
    }

    /// What an answer tells of it at a time.
    pub fn values_at(&self, now: i64) -> Values {
        match self.later {
            Some((from, values)) if from <= now => values,
            _ => self.values,
        }
    }

    /// Whether a feed returns it; `affiliate_id` is whose own feed [`Feed::AffiliateClicks`] is.
    pub fn is_in(&self, feed: Feed, affiliate_id: i64) -> bool {
        match feed {
            Feed::NetworkClicks => true,
            Feed::InvalidClicks => self.error_code != 0,
            Feed::AffiliateClicks => self.affiliate_id == affiliate_id,
        }
    }
}

/// The smallest row that says everything a [`Click`] knows, for clicks that are not of generated traffic.
pub(super) fn minimal_row(click: &Click, feed: Feed, now: i64) -> Value {
    let values = click.values_at(now);
    let offer = json!({ "network_offer_id": click.offer_id, "name": offer_name(click.offer_id) });
    let mut row = json!({
        "transaction_id": click.transaction_id,
        "is_unique": u8::from(values.is_unique),
        "unix_timestamp": click.unix_timestamp,
        "error_code": click.error_code,
        "error_message": if click.error_code == 0 { "N/A" } else { "refused" },
    });
    if feed == Feed::AffiliateClicks {
        row["revenue"] = money(values.payout);
        row["relationship"] = json!({ "offer": offer });
        return row;
    }
    row["payout"] = money(values.payout);
    row["revenue"] = money(values.revenue);
    row["has_conversion"] = values.has_conversion.into();
    row["relationship"] = json!({
        "offer": offer,
        "advertiser": { "network_advertiser_id": click.advertiser_id },
        "affiliate": { "network_affiliate_id": click.affiliate_id, "name": affiliate_name(click.affiliate_id) },
    });
    if click.campaign_id != 0 {
        row["relationship"]["campaign"] = json!({ "network_campaign_id": click.campaign_id });
    }
    row
}

/// Thousandths as Everflow writes them: whole amounts are integers.
pub(super) fn money(thousandths: i64) -> Value {
    if thousandths % 1000 == 0 { (thousandths / 1000).into() } else { (thousandths as f64 / 1000.0).into() }
}

/// What an offer is called that no generated traffic names.
pub(super) fn offer_name(id: i64) -> String {
    format!("Offer {id}")
}

/// What an affiliate is called that no generated traffic names.
pub(super) fn affiliate_name(id: i64) -> String {
    format!("Affiliate {id}")
}
