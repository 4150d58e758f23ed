//! The shipped queries, run over small lakes in memory whose answers are worked out by hand.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate};
use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int32Array, Int64Array, ListBuilder, RecordBatch,
    StringArray, StringBuilder, TimestampMicrosecondArray, UInt64Array, new_null_array,
};
use datafusion::arrow::datatypes::{DataType, Date32Type, Field, Schema};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;

use super::{Catalogue, Query};

/// A click as the tests need it; everything else is NULL.
#[derive(Clone)]
pub(super) struct Click {
    pub(super) account: &'static str,
    pub(super) time: &'static str,
    pub(super) affiliate: Option<i64>,
    pub(super) offer: Option<(i64, &'static str)>,
    pub(super) code: i32,
    pub(super) proxy: Option<bool>,
    pub(super) feeds: Option<&'static str>,
    pub(super) ip: Option<&'static str>,
    pub(super) agent: Option<&'static str>,
    pub(super) payout: Option<i128>,
    pub(super) currency: Option<&'static str>,
    pub(super) id: String,
}

pub(super) fn click(account: &'static str, time: &'static str, affiliate: impl Into<Option<i64>>) -> Click {
    Click {
        account,
        time,
        affiliate: affiliate.into(),
        offer: None,
        code: 0,
        proxy: Some(false),
        feeds: Some("network-clicks"),
        ip: None,
        agent: None,
        payout: None,
        currency: None,
        id: String::new(),
    }
}

/// Marks a feed whose answer was as large as its cap.
const CUT: &str = " (cut)";

/// What was fetched: account, feed, filters, from, to.
pub(super) type Fetched = (&'static str, &'static str, &'static [&'static str], &'static str, &'static str);

pub(super) fn micros(time: &str) -> i64 {
    DateTime::parse_from_rfc3339(&format!("{time}Z")).unwrap().timestamp_micros()
}

fn day(time: &str) -> i32 {
    Date32Type::from_naive_date(NaiveDate::parse_from_str(&time[..10], "%Y-%m-%d").unwrap())
}

fn times<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(values.map(|time| Some(micros(time))).collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

fn clicks_table(clicks: &[Click]) -> MemTable {
    let file = clicks::schema::click_schema();
    let mut fields: Vec<Arc<Field>> = file.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("account", DataType::Utf8View, false)));
    fields.push(Arc::new(Field::new("date", DataType::Date32, true)));
    let schema = Arc::new(Schema::new(fields));
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        let array: ArrayRef = match field.name().as_str() {
            "account" => Arc::new(StringArray::from_iter_values(clicks.iter().map(|click| click.account))),
            "date" | "click_date" => {
                Arc::new(clicks.iter().map(|click| Some(day(click.time))).collect::<Date32Array>())
            }
            "click_time" => times(clicks.iter().map(|click| click.time)),
            "transaction_id" => Arc::new(StringArray::from_iter_values(
                clicks
                    .iter()
                    .enumerate()
                    .map(|(i, click)| if click.id.is_empty() { format!("id{i}") } else { click.id.clone() }),
            )),
            "error_code" => Arc::new(Int32Array::from_iter_values(clicks.iter().map(|click| click.code))),
            "error_message" => {
                Arc::new(StringArray::from_iter_values(clicks.iter().map(|click| format!("message {}", click.code))))
            }
            "affiliate_id" => Arc::new(clicks.iter().map(|click| click.affiliate).collect::<Int64Array>()),
            "affiliate_name" => Arc::new(
                clicks.iter().map(|click| click.affiliate.map(|id| format!("Affiliate {id}"))).collect::<StringArray>(),
            ),
            "offer_id" => Arc::new(clicks.iter().map(|click| Some(click.offer?.0)).collect::<Int64Array>()),
            "offer_name" => Arc::new(clicks.iter().map(|click| Some(click.offer?.1)).collect::<StringArray>()),
            "http_user_agent" => Arc::new(clicks.iter().map(|click| click.agent).collect::<StringArray>()),
            "currency_id" => Arc::new(clicks.iter().map(|click| click.currency).collect::<StringArray>()),
            "is_proxy" => Arc::new(clicks.iter().map(|click| click.proxy).collect::<BooleanArray>()),
            "feeds" => Arc::new(clicks.iter().map(|click| click.feeds).collect::<StringArray>()),
            "user_ip" => Arc::new(clicks.iter().map(|click| click.ip).collect::<StringArray>()),
            "payout" => Arc::new(
                clicks
                    .iter()
                    .map(|click| click.payout)
                    .collect::<Decimal128Array>()
                    .with_precision_and_scale(18, 6)
                    .unwrap(),
            ),
            _ => new_null_array(field.data_type(), clicks.len()),
        };
        datafusion::arrow::compute::cast(&array, field.data_type()).unwrap()
    });
    // Nullable throughout: the tests leave out what they do not look at.
    let schema = Arc::new(Schema::new(
        schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect::<Vec<_>>(),
    ));
    let batch = RecordBatch::try_new(schema.clone(), columns.collect()).unwrap();
    MemTable::try_new(schema, vec![vec![batch]]).unwrap()
}

fn coverage_table(fetched: &[Fetched]) -> MemTable {
    let mut filters = ListBuilder::new(StringBuilder::new());
    fetched.iter().for_each(|row| filters.append_value(row.2.iter().map(Some)));
    let batch = RecordBatch::try_from_iter([
        ("account", Arc::new(StringArray::from_iter_values(fetched.iter().map(|row| row.0))) as ArrayRef),
        ("date", Arc::new(fetched.iter().map(|row| Some(day(row.3))).collect::<Date32Array>())),
        ("feed", Arc::new(StringArray::from_iter_values(fetched.iter().map(|row| row.1.trim_end_matches(CUT))))),
        ("filters", Arc::new(filters.finish())),
        ("from_time", times(fetched.iter().map(|row| row.3))),
        ("to_time", times(fetched.iter().map(|row| row.4))),
        ("rows", Arc::new(fetched.iter().map(|_| Some(1_u64)).collect::<UInt64Array>())),
        ("fetched_at", times(fetched.iter().map(|row| row.4))),
        ("saturated", Arc::new(fetched.iter().map(|row| Some(row.1.ends_with(CUT))).collect::<BooleanArray>())),
    ])
    .unwrap();
    MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap()
}

fn error_codes_table() -> MemTable {
    let codes = clicks::error_codes::shipped();
    let batch = RecordBatch::try_from_iter([
        ("code", Arc::new(Int32Array::from_iter_values(codes.iter().map(|code| code.code))) as ArrayRef),
        ("name", Arc::new(StringArray::from_iter_values(codes.iter().map(|code| &code.name)))),
        ("class", Arc::new(StringArray::from_iter_values(codes.iter().map(|code| &code.class)))),
        ("is_fraud_signal", Arc::new(codes.iter().map(|code| Some(code.is_fraud_signal)).collect::<BooleanArray>())),
    ])
    .unwrap();
    MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap()
}

/// Runs a shipped query over March 2026 and returns its cells as text, NULL as `-`, doubles to four decimals.
pub(super) async fn run(
    name: &str,
    clicks: &[Click],
    fetched: &[Fetched],
    given: &[(&str, ScalarValue)],
) -> Vec<Vec<String>> {
    let catalogue = Catalogue::load(None).unwrap();
    run_query(catalogue.find(name).unwrap(), clicks, fetched, given).await
}

/// The same, of a query from anywhere.
pub(super) async fn run_query(
    query: &Query,
    clicks: &[Click],
    fetched: &[Fetched],
    given: &[(&str, ScalarValue)],
) -> Vec<Vec<String>> {
    let session = SessionContext::new();
    crate::functions::register_all(
        &session,
        &crate::lists::SharedLists(Arc::new(crate::lists::Lists::load(None).unwrap())),
    );
    session.register_table("clicks", Arc::new(clicks_table(clicks))).unwrap();
    session.register_table("coverage", Arc::new(coverage_table(fetched))).unwrap();
    session.register_table("error_codes", Arc::new(error_codes_table())).unwrap();
    let view = format!("CREATE VIEW rated_clicks AS {}", crate::engine::RATED_CLICKS);
    session.sql(&view).await.unwrap();
    let instant = |time: &str| ScalarValue::TimestampMicrosecond(Some(micros(time)), Some("UTC".into()));
    let mut values = vec![
        ("from".to_owned(), instant("2026-03-01T00:00:00")),
        ("to".to_owned(), instant("2026-03-31T23:59:59")),
        ("timezone".to_owned(), ScalarValue::from("UTC")),
    ];
    values.extend(query.params.iter().map(|param| (param.name.clone(), param.default.clone().unwrap())));
    for (key, value) in given {
        values.retain(|(name, _)| name != key);
        values.push(((*key).to_owned(), value.clone()));
    }
    let values: std::collections::HashMap<String, ScalarValue> = values.into_iter().collect();
    let used = query.sql.clone();
    let values = values.into_iter().filter(|(name, _)| used.contains(&format!("${name}")));
    let values: Vec<(String, ScalarValue)> = values.collect();
    let batches = session
        .sql(&query.sql)
        .await
        .unwrap()
        .with_param_values(ParamValues::from(values.into_iter().collect::<std::collections::HashMap<_, _>>()))
        .unwrap()
        .collect()
        .await
        .unwrap();
    batches.iter().flat_map(cells).collect()
}

fn cells(batch: &RecordBatch) -> Vec<Vec<String>> {
    let options = FormatOptions::new().with_null("-");
    let columns: Vec<ArrayFormatter> =
        batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap()).collect();
    let text = |row: usize, column: usize| {
        let text = columns[column].value(row).to_string();
        match (batch.column(column).data_type(), text.parse::<f64>()) {
            (DataType::Float64, Ok(number)) => format!("{number:.4}"),
            _ => text,
        }
    };
    (0..batch.num_rows()).map(|row| (0..columns.len()).map(|column| text(row, column)).collect()).collect()
}

pub(super) fn many(click: &Click, count: usize) -> impl Iterator<Item = Click> {
    std::iter::repeat_n(click.clone(), count)
}

const DAY_1: (&str, &str) = ("2026-03-01T00:00:00", "2026-03-01T23:59:59");

#[tokio::test]
async fn proxy_rate_counts_whole_feeds_only() {
    let mut clicks: Vec<Click> = Vec::new();
    // Affiliate 1 of a network: 30 of 120 through a proxy; 5 of unknown flag do not count.
    clicks.extend(many(&click("net", "2026-03-01T10:00:00", 1), 90));
    clicks.extend(many(&Click { proxy: Some(true), ..click("net", "2026-03-01T10:00:00", 1) }, 30));
    clicks.extend(many(&Click { proxy: None, ..click("net", "2026-03-01T10:00:00", 1) }, 5));
    // Invalid clicks of a covered time count, of an uncovered time do not.
    let refused =
        Click { proxy: Some(true), feeds: Some("invalid-clicks"), code: 23, ..click("net", "2026-03-01T10:00:00", 2) };
    clicks.extend(many(&click("net", "2026-03-01T10:00:00", 2), 100));
    clicks.extend(many(&refused, 100));
    clicks.extend(many(&Click { time: "2026-03-02T10:00:00", ..refused }, 500));
    // Affiliate 1 of another account is another affiliate; one of its own account has no id.
    clicks.extend(many(&Click { feeds: Some("affiliate-clicks"), ..click("own", "2026-03-01T10:00:00", None) }, 100));
    clicks.extend(many(&click("other", "2026-03-01T10:00:00", 1), 99));
    // Clicks that were asked for by error code are no sample.
    clicks.extend(many(&Click { proxy: Some(true), ..click("picked", "2026-03-01T10:00:00", 7) }, 300));
    // Outside the range.
    clicks.extend(many(&Click { proxy: Some(true), ..click("net", "2026-04-01T00:00:00", 1) }, 300));
    let fetched: [Fetched; 2] = [
        ("net", "network-clicks", &[], DAY_1.0, DAY_1.1),
        ("picked", "network-clicks", &["error_code=23"], DAY_1.0, DAY_1.1),
    ];
    let rows = run("proxy_rate", &clicks, &fetched, &[]).await;
    assert_eq!(
        rows,
        [
            ["net", "2", "Affiliate 2", "200", "100", "0.5000", "0.4314", "0.5686"],
            ["net", "1", "Affiliate 1", "120", "30", "0.2500", "0.1811", "0.3344"],
            ["own", "-", "-", "100", "0", "0.0000", "0.0000", "0.0370"],
        ]
    );
    let rows = run("proxy_rate", &clicks, &fetched, &[("min_clicks", ScalarValue::Int64(Some(99)))]).await;
    assert_eq!(rows[3][..4], ["other", "1", "Affiliate 1", "99"]);
}

#[tokio::test]
async fn invalid_rate_says_what_it_rests_on() {
    let network = |time| click("net", time, 1);
    let refused = |time| Click { feeds: Some("invalid-clicks"), code: 2, ..click("net", time, 1) };
    let mut clicks: Vec<Click> = Vec::new();
    // Day 1: both feeds until noon, the network's alone after it: the morning decides.
    clicks.extend(many(&network("2026-03-01T11:59:59"), 60));
    clicks.extend(many(&refused("2026-03-01T11:59:59"), 20));
    clicks.extend(many(&network("2026-03-01T12:00:00"), 1_000));
    // Day 2: the network's alone. Day 3: invalid clicks alone.
    clicks.extend(many(&network("2026-03-02T10:00:00"), 10));
    clicks.extend(many(&refused("2026-03-03T10:00:00"), 30));
    // Day 4: landed without coverage.
    clicks.extend(many(&network("2026-03-04T10:00:00"), 3));
    clicks.extend(many(&Click { feeds: Some("invalid-clicks,network-clicks"), ..refused("2026-03-04T10:00:00") }, 1));
    // An affiliate's account, its feed unknown to us; and one that landed invalid clicks without naming their feed.
    clicks.extend(many(&Click { feeds: None, ..click("own", "2026-03-01T10:00:00", None) }, 9));
    clicks.extend(many(&Click { feeds: None, code: 21, ..click("own", "2026-03-01T10:00:00", None) }, 1));
    clicks.extend(many(&Click { feeds: None, code: 21, ..click("unnamed", "2026-03-01T10:00:00", 4) }, 7));
    clicks.extend(many(&Click { feeds: Some("affiliate-clicks"), ..click("whole", "2026-03-01T10:00:00", None) }, 4));
    let fetched: [Fetched; 6] = [
        // On day 2 an answer of invalid clicks was cut at its cap: a rate cannot rest on it.
        ("net", "invalid-clicks (cut)", &[], "2026-03-02T00:00:00", "2026-03-02T23:59:59"),
        ("net", "network-clicks", &[], DAY_1.0, DAY_1.1),
        ("net", "invalid-clicks", &[], DAY_1.0, "2026-03-01T11:59:59"),
        ("net", "network-clicks", &[], "2026-03-02T00:00:00", "2026-03-02T23:59:59"),
        ("net", "invalid-clicks", &[], "2026-03-03T00:00:00", "2026-03-03T23:59:59"),
        ("whole", "affiliate-clicks", &[], DAY_1.0, DAY_1.1),
    ];
    let rows = run("invalid_rate_by_day", &clicks, &fetched, &[]).await;
    assert_eq!(
        rows,
        [
            [
                "net",
                "2026-03-01",
                "80",
                "20",
                "0.2500",
                "0.1681",
                "0.3548",
                "1000",
                "network-clicks and invalid-clicks"
            ],
            [
                "net",
                "2026-03-02",
                "10",
                "0",
                "0.0000",
                "0.0000",
                "0.2775",
                "0",
                "network-clicks alone: invalid clicks may be missing"
            ],
            ["net", "2026-03-03", "-", "30", "-", "-", "-", "0", "invalid clicks only: no denominator"],
            ["net", "2026-03-04", "4", "1", "0.2500", "0.0456", "0.6994", "0", "clicks as landed: not covered"],
            ["own", "2026-03-01", "10", "1", "0.1000", "0.0179", "0.4042", "0", "clicks as landed: feed unknown"],
            ["unnamed", "2026-03-01", "-", "7", "-", "-", "-", "0", "invalid clicks only: no denominator"],
            ["whole", "2026-03-01", "4", "0", "0.0000", "0.0000", "0.4899", "0", "affiliate-clicks"],
        ]
    );
    let rows =
        run("invalid_rate_by_affiliate", &clicks, &fetched, &[("min_clicks", ScalarValue::Int64(Some(5)))]).await;
    assert_eq!(
        rows,
        [
            [
                "net",
                "1",
                "Affiliate 1",
                "80",
                "20",
                "0.2500",
                "0.1681",
                "0.3548",
                "1044",
                "network-clicks and invalid-clicks"
            ],
            ["own", "-", "-", "10", "1", "0.1000", "0.0179", "0.4042", "0", "clicks as landed: feed unknown"],
            ["unnamed", "4", "Affiliate 4", "-", "7", "-", "-", "-", "0", "invalid clicks only: no denominator"],
        ]
    );
}

#[tokio::test]
async fn days_are_those_of_the_time_zone() {
    let clicks = [click("net", "2026-03-01T22:59:59", 1), click("net", "2026-03-01T23:00:00", 1)];
    let berlin = [("timezone", ScalarValue::from("Europe/Berlin"))];
    let rows = run("invalid_rate_by_day", &clicks, &[], &berlin).await;
    let days: Vec<&str> = rows.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(days, ["2026-03-01", "2026-03-02"]);
}

#[tokio::test]
async fn error_codes_share_the_invalid_clicks() {
    let mut clicks: Vec<Click> = many(&click("net", "2026-03-01T10:00:00", 1), 7).collect();
    clicks.extend(many(&Click { code: 23, ..click("net", "2026-03-01T10:00:00", 1) }, 3));
    clicks.extend(many(&Click { code: 4711, ..click("net", "2026-03-01T10:00:00", 1) }, 1));
    clicks.extend(many(&Click { code: 4711, ..click("own", "2026-03-01T10:00:00", None) }, 2));
    let rows = run("error_codes", &clicks, &[], &[]).await;
    assert_eq!(
        rows,
        [
            ["net", "0", "VALID", "valid", "false", "7", "-", "message 0"],
            ["net", "23", "PROXY_BLOCK", "proxy", "true", "3", "0.7500", "message 23"],
            ["net", "4711", "-", "unknown", "-", "1", "0.2500", "message 4711"],
            ["own", "4711", "-", "unknown", "-", "2", "1.0000", "message 4711"],
        ]
    );
}

#[tokio::test]
async fn top_ips_sums_money_exactly_and_stops_at_the_limit() {
    let at =
        |ip, payout| Click { ip: Some(ip), payout, currency: Some("USD"), ..click("net", "2026-03-01T10:00:00", 1) };
    let mut clicks: Vec<Click> = many(&at("10.0.0.xxx", Some(100_000)), 3).collect();
    clicks.extend(many(&Click { affiliate: Some(2), code: 21, proxy: Some(true), ..at("10.0.0.xxx", None) }, 1));
    clicks.extend(many(&at("10.0.0.2", None), 2));
    clicks.extend(many(&at("10.0.0.1", None), 2));
    clicks.push(click("net", "2026-03-01T10:00:00", 1));
    let time = "2026-03-01T10:00:00Z";
    let rows = run("top_ips", &clicks, &[], &[("top", ScalarValue::Int64(Some(2)))]).await;
    assert_eq!(
        rows,
        [
            ["net", "10.0.0.xxx", "true", "4", "2", "-", "1", "1", "0.3 USD", time, time],
            ["net", "10.0.0.1", "false", "2", "1", "-", "0", "0", "-", time, time],
        ]
    );
}

#[tokio::test]
async fn an_id_in_two_partitions_is_found_within_its_account() {
    let id = |account, time| Click { id: "twice".to_owned(), ..click(account, time, 1) };
    let clicks = [
        id("net", "2026-03-01T23:59:59"),
        id("net", "2026-03-02T00:00:00"),
        id("own", "2026-03-02T00:00:00"),
        click("net", "2026-03-02T00:00:00", 1),
    ];
    let rows = run("ids_in_two_partitions", &clicks, &[], &[]).await;
    assert_eq!(rows, [["net", "twice", "2", "2026-03-01T23:59:59Z", "2026-03-02T00:00:00Z"]]);
}

#[tokio::test]
async fn an_empty_lake_gives_no_rows() {
    for query in Catalogue::load(None).unwrap().iter().filter(|query| !query.rests_on_scores()) {
        assert!(run(&query.name, &[], &[], &[]).await.is_empty(), "{}", query.name);
    }
}
