//! `/v1/networks/reporting/entity/table`: counts by date, hour, affiliate and offer.
//!
//! Counts every click that exists, raw clicks past their retention included: aggregates are kept longer.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeZone, Timelike};
use chrono_tz::Tz;
use serde_json::{Value, json};

use super::click::{Click, money};
use super::content::{Content, Selection};
use super::request::Asked;
use crate::Feed;

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    unique: u64,
    duplicate: u64,
    invalid: u64,
    conversions: u64,
    payout: i64,
    revenue: i64,
}

impl Counts {
    fn add(&mut self, click: &Click, now: i64) {
        let values = click.values_at(now);
        match (click.error_code, values.is_unique) {
            (0, true) => self.unique += 1,
            (0, false) => self.duplicate += 1,
            _ => self.invalid += 1,
        }
        self.conversions += u64::from(values.has_conversion);
        self.payout += values.payout;
        self.revenue += values.revenue;
    }

    fn to_json(self) -> Value {
        json!({
            "imp": 0,
            "total_click": self.unique + self.duplicate,
            "unique_click": self.unique,
            "invalid_click": self.invalid,
            "duplicate_click": self.duplicate,
            "gross_click": self.unique + self.duplicate + self.invalid,
            "cv": self.conversions,
            "payout": money(self.payout),
            "revenue": money(self.revenue),
            "profit": money(self.revenue - self.payout),
        })
    }
}

/// The answer, and how many rows it has.
pub(super) fn table(content: &Content, asked: &Asked, now: i64, cap: usize, is_cut: bool) -> (Value, usize) {
    let wanted = Selection {
        feed: Feed::NetworkClicks,
        affiliate_id: 0,
        seconds: asked.seconds.clone(),
        filters: asked.filters.clone(),
        now,
        kept_from: i64::MIN,
    };
    let mut groups: BTreeMap<Vec<i64>, Counts> = BTreeMap::new();
    let mut summary = Counts::default();
    for stored in content.all(&wanted) {
        let key = asked.columns.iter().map(|column| id(column, &stored.click, asked.zone)).collect();
        groups.entry(key).or_default().add(&stored.click, now);
        summary.add(&stored.click, now);
    }
    let cap = if is_cut { cap.min(groups.len() / 2) } else { cap };
    let is_incomplete = groups.len() > cap || is_cut;
    let rows: Vec<Value> = groups
        .into_iter()
        .take(cap)
        .map(|(key, counts)| {
            let columns: Vec<Value> =
                asked.columns.iter().zip(key).map(|(column, id)| cell(column, id, content)).collect();
            json!({ "columns": columns, "reporting": counts.to_json() })
        })
        .collect();
    let count = rows.len();
    let mut answer = json!({ "table": rows, "summary": summary.to_json(), "currency_id": "USD" });
    if is_incomplete {
        answer["incomplete_results"] = true.into();
    }
    (answer, count)
}

fn id(column: &str, click: &Click, zone: Tz) -> i64 {
    match column {
        "date" => start_of(click.unix_timestamp, zone, true),
        "hour" => start_of(click.unix_timestamp, zone, false),
        "affiliate" => click.affiliate_id,
        _ => click.offer_id,
    }
}

/// The first second of the local day or hour.
fn start_of(second: i64, zone: Tz, of_day: bool) -> i64 {
    let Some(local) = DateTime::from_timestamp(second, 0).map(|time| time.with_timezone(&zone)) else { return second };
    if !of_day {
        return second - i64::from(local.minute() * 60 + local.second());
    }
    let midnight = local.date_naive().and_time(chrono::NaiveTime::MIN);
    zone.from_local_datetime(&midnight).earliest().map_or(second, |midnight| midnight.timestamp())
}

fn cell(column: &str, id: i64, content: &Content) -> Value {
    let label = match column {
        "affiliate" => content.affiliate_name(id),
        "offer" => content.offer_name(id),
        _ => id.to_string(),
    };
    json!({ "column_type": column, "id": id.to_string(), "label": label })
}
