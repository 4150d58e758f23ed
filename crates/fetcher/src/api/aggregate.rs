//! Everflow's own counts: a help where the key may have them, never a condition.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use clicks::feed::Feed;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{Answer, Broken};
use super::clicks::report_body;
use super::client::{Call, Client};
use super::error::ApiError;
use super::words::refusal_in;
use crate::request::{Filter, Window};

const PATH: &str = "/v1/networks/reporting/entity/table";
/// At so many rows an answer is taken for cut, also without `incomplete_results`.
const ROWS_MAX: usize = 10_000;
/// So many requests at most for one aggregate: what is still cut then is said to be incomplete.
const REQUESTS_MAX: usize = 64;
const HOUR_SECONDS: i64 = 3600;
const DAY_SECONDS: i64 = 24 * HOUR_SECONDS;
/// Everflow allows a year; a little less is safe however it counts.
const WINDOW_SECONDS_MAX: i64 = 364 * DAY_SECONDS;

/// What counts are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AggregateColumn {
    /// The UTC day. At most one of `Date` and `Hour` can be asked for.
    Date,
    /// The UTC hour.
    Hour,
    /// The affiliate.
    Affiliate,
    /// The offer.
    Offer,
}

/// What is counted. Gross clicks are unique, duplicate and invalid ones together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// `total_click`.
    Total,
    /// `unique_click`.
    Unique,
    /// `duplicate_click`.
    Duplicate,
    /// `invalid_click`: what the feed of invalid clicks must yield.
    Invalid,
    /// `gross_click`.
    Gross,
}

/// The counts of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AggregateRow {
    /// For each column that was asked for, in that order: the id of an affiliate or offer; the first second of a day or
    /// hour, as seconds since 1970.
    pub ids: Vec<i64>,
    /// Names, in the same order; empty for days and hours.
    pub labels: Vec<String>,
    /// Clicks. What the server did not count is absent.
    pub counts: BTreeMap<Metric, u64>,
}

/// How many rows a feed must have in each UTC hour of a window, by the first second of the hour.
///
/// Hours without a row may be absent. The first and the last hour count only their seconds within the window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CountsByHour {
    /// At least so many; an hour that was not counted so is absent.
    pub least: BTreeMap<i64, u64>,
    /// At most so many.
    pub most: BTreeMap<i64, u64>,
}

/// The counts of a window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aggregate {
    /// One row for each group, sorted by ids.
    pub rows: Vec<AggregateRow>,
    /// True where an hour alone had more groups than an answer holds, or too many parts had: clicks are missing here.
    pub is_incomplete: bool,
}

impl AggregateColumn {
    /// Everflow's name.
    fn name(self) -> &'static str {
        match self {
            AggregateColumn::Date => "date",
            AggregateColumn::Hour => "hour",
            AggregateColumn::Affiliate => "affiliate",
            AggregateColumn::Offer => "offer",
        }
    }

    /// The length of its values, for a column of time.
    fn period_seconds(self) -> Option<i64> {
        match self {
            AggregateColumn::Date => Some(DAY_SECONDS),
            AggregateColumn::Hour => Some(HOUR_SECONDS),
            AggregateColumn::Affiliate | AggregateColumn::Offer => None,
        }
    }
}

impl Metric {
    /// All of them, with Everflow's names.
    const ALL: [(Metric, &'static str); 5] = [
        (Metric::Total, "total_click"),
        (Metric::Unique, "unique_click"),
        (Metric::Duplicate, "duplicate_click"),
        (Metric::Invalid, "invalid_click"),
        (Metric::Gross, "gross_click"),
    ];

    /// The counts between which a feed's rows lie. None for a feed of which Everflow has no counts for networks.
    ///
    /// Whether the network's clicks carry the invalid ones is not documented.
    #[must_use]
    pub fn bounds_of(feed: Feed) -> Option<(Metric, Metric)> {
        match feed {
            Feed::InvalidClicks => Some((Metric::Invalid, Metric::Invalid)),
            Feed::NetworkClicks => Some((Metric::Total, Metric::Gross)),
            Feed::AffiliateClicks => None,
        }
    }
}

impl Client {
    /// What Everflow counts of a feed in each UTC hour of a window.
    ///
    /// `None` where the key may not have them (403, 404), the feed has none, or they are not complete.
    ///
    /// # Errors
    /// Those of a request.
    pub async fn counts_by_hour(&self, window: Window, feed: Feed) -> Result<Option<CountsByHour>, ApiError> {
        let Some((least, most)) = Metric::bounds_of(feed) else { return Ok(None) };
        let Some(aggregate) = self.aggregate(&[AggregateColumn::Hour], window, &[]).await? else { return Ok(None) };
        if aggregate.is_incomplete || aggregate.rows.iter().any(|row| !row.counts.contains_key(&most)) {
            return Ok(None);
        }
        let counts = |metric| {
            aggregate.rows.iter().filter_map(move |row| Some((*row.ids.first()?, *row.counts.get(&metric)?))).collect()
        };
        Ok(Some(CountsByHour { least: counts(least), most: counts(most) }))
    }

    /// Everflow's counts of a window, by up to ten columns of which at most one is a time.
    ///
    /// Windows of any length: more than a year, or more groups than an answer holds, are asked for in parts and summed.
    /// `None` where the key may not have them (403, 404). Filters take the names of [`super::canonical_resource`].
    ///
    /// # Errors
    /// Those of a request.
    pub async fn aggregate(
        &self,
        columns: &[AggregateColumn],
        window: Window,
        filters: &[Filter],
    ) -> Result<Option<Aggregate>, ApiError> {
        let mut sums = Sums::default();
        let mut windows = VecDeque::from(year_long_parts(window));
        let mut requests = 0;
        while let Some(window) = windows.pop_front() {
            requests += 1;
            let may_split = requests + windows.len() < REQUESTS_MAX;
            match self.aggregate_once(columns, window, filters).await {
                Ok(table) if !table.is_cut => sums.add(table),
                Ok(table) => match halves(window).filter(|_| may_split) {
                    Some(halves) => windows.extend(halves),
                    None => {
                        sums.is_incomplete = true;
                        sums.add(table);
                    }
                },
                Err(ApiError::Refused { status: 403 | 404, .. }) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(sums.finish()))
    }

    async fn aggregate_once(
        &self,
        columns: &[AggregateColumn],
        window: Window,
        filters: &[Filter],
    ) -> Result<Table, ApiError> {
        let more = Asked {
            // Sums of money are not looked at, but a currency is required.
            currency_id: "USD",
            columns: columns.iter().map(|column| ColumnBody { column: column.name() }).collect(),
        };
        let body = report_body(window, more, filters, &[], |name| name);
        let call = Call { method: Method::POST, path: PATH, body: Some(body) };
        self.send(&call, |answer| {
            let table = read_table(&answer, columns, window);
            async move { table }
        })
        .await
    }
}

#[derive(Debug, Serialize)]
struct Asked {
    currency_id: &'static str,
    columns: Vec<ColumnBody>,
}

#[derive(Debug, Serialize)]
struct ColumnBody {
    column: &'static str,
}

/// One answer.
#[derive(Debug)]
struct Table {
    rows: Vec<AggregateRow>,
    is_cut: bool,
}

#[derive(Debug, Deserialize)]
struct TableBody {
    table: Option<Vec<RowBody>>,
    #[serde(default)]
    incomplete_results: bool,
}

#[derive(Debug, Deserialize)]
struct RowBody {
    columns: Vec<CellBody>,
    reporting: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
struct CellBody {
    column_type: Option<String>,
    id: Option<Value>,
    label: Option<Value>,
}

fn read_table(answer: &Answer, columns: &[AggregateColumn], window: Window) -> Result<Table, Broken> {
    let broken = |error: serde_json::Error| match refusal_in(&answer.body) {
        Some(words) => Broken(words),
        None => Broken(format!("no table of counts: {error}")),
    };
    // The key's presence says that this is a table; null is one without rows.
    if !has_key(&answer.body, "table") {
        return Err(Broken(refusal_in(&answer.body).unwrap_or_else(|| "no table of counts".to_owned())));
    }
    let body: TableBody = serde_json::from_slice(&answer.body).map_err(broken)?;
    let rows = body.table.unwrap_or_default();
    let is_cut = body.incomplete_results || rows.len() >= ROWS_MAX;
    let rows = rows.into_iter().map(|row| read_row(row, columns, window)).collect::<Result<_, _>>()?;
    Ok(Table { rows, is_cut })
}

fn has_key(body: &[u8], key: &str) -> bool {
    serde_json::from_slice::<BTreeMap<String, serde::de::IgnoredAny>>(body).is_ok_and(|object| object.contains_key(key))
}

fn read_row(row: RowBody, columns: &[AggregateColumn], window: Window) -> Result<AggregateRow, Broken> {
    let mut read = AggregateRow { ids: Vec::new(), labels: Vec::new(), counts: BTreeMap::new() };
    for (place, column) in columns.iter().enumerate() {
        let named = row.columns.iter().find(|cell| cell.column_type.as_deref() == Some(column.name()));
        let cell = named.or_else(|| row.columns.get(place).filter(|cell| cell.column_type.is_none()));
        let cell = cell.ok_or_else(|| Broken(format!("a row of counts has no column '{}'", column.name())))?;
        let texts = [text_of(cell.id.as_ref()), text_of(cell.label.as_ref())];
        let id = match column.period_seconds() {
            Some(period) => texts.iter().find_map(|text| period_start(text, period, window)),
            None => texts[0].parse().ok(),
        };
        let [id_text, label] = texts;
        let Some(id) = id else {
            return Err(Broken(format!(
                "cannot read the {} '{id_text}' ('{label}') of a row of counts",
                column.name()
            )));
        };
        read.ids.push(id);
        read.labels.push(if column.period_seconds().is_some() { String::new() } else { label });
    }
    for (metric, name) in Metric::ALL {
        if let Some(count) = row.reporting.get(name).and_then(count_of) {
            read.counts.insert(metric, count);
        }
    }
    Ok(read)
}

fn text_of(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// A count, as a number, a whole float or text.
fn count_of(value: &Value) -> Option<u64> {
    let whole = |number: f64| ((0.0..9e15).contains(&number) && number.fract() == 0.0).then_some(number as u64);
    match value {
        Value::Number(number) => number.as_u64().or_else(|| number.as_f64().and_then(whole)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The first second of a day or hour, in whichever of the ways that are met it is written: seconds since 1970, a date,
/// a date with a time, or, within one day, the hour alone.
fn period_start(text: &str, period_seconds: i64, window: Window) -> Option<i64> {
    let floor = |seconds: i64| seconds - seconds.rem_euclid(period_seconds);
    if let Ok(number) = text.parse::<i64>() {
        let day = window.from.div_euclid(DAY_SECONDS);
        return match number {
            0..24 if period_seconds == HOUR_SECONDS => {
                (window.to.div_euclid(DAY_SECONDS) == day).then(|| day * DAY_SECONDS + number * HOUR_SECONDS)
            }
            100_000_000..100_000_000_000 => Some(floor(number)),
            100_000_000_000.. => Some(floor(number / 1000)),
            _ => None,
        };
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(floor(time.timestamp()));
    }
    const WITH_TIME: [&str; 4] = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];
    let time = WITH_TIME.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    if let Some(time) = time {
        return Some(floor(time.and_utc().timestamp()));
    }
    let is_day = period_seconds == DAY_SECONDS;
    let date = is_day.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten()?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp())
}

/// A window in parts that may be asked for.
fn year_long_parts(window: Window) -> Vec<Window> {
    let mut parts = Vec::new();
    let mut from = window.from;
    while from <= window.to {
        // Whole days, so that a day's counts come in one answer.
        let end = (from + WINDOW_SECONDS_MAX).div_euclid(DAY_SECONDS) * DAY_SECONDS - 1;
        let to = end.min(window.to);
        parts.push(Window { from, to });
        from = to + 1;
    }
    parts
}

/// A window in two parts, cut between two days, or else two hours. None within an hour.
fn halves(window: Window) -> Option<[Window; 2]> {
    let middle = window.from + window.seconds() / 2;
    let cut = [DAY_SECONDS, HOUR_SECONDS]
        .map(|period| (middle + period / 2).div_euclid(period) * period)
        .into_iter()
        .find(|cut| *cut > window.from && *cut <= window.to)?;
    Some([Window { from: window.from, to: cut - 1 }, Window { from: cut, to: window.to }])
}

/// Adds up parts of a window.
#[derive(Debug, Default)]
struct Sums {
    groups: BTreeMap<Vec<i64>, AggregateRow>,
    is_incomplete: bool,
}

impl Sums {
    fn add(&mut self, table: Table) {
        for row in table.rows {
            match self.groups.get_mut(&row.ids) {
                Some(sum) => {
                    for (metric, count) in row.counts {
                        let sum = sum.counts.entry(metric).or_default();
                        *sum = sum.saturating_add(count);
                    }
                }
                None => {
                    self.groups.insert(row.ids.clone(), row);
                }
            }
        }
    }

    fn finish(self) -> Aggregate {
        Aggregate { rows: self.groups.into_values().collect(), is_incomplete: self.is_incomplete }
    }
}
