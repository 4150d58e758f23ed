//! Every function through SQL: names, values of scipy, types of text, NULL, and independence of order and partitions.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};
use proptest::prelude::*;

use super::*;
use crate::lists::Lists;

pub(super) fn session() -> SessionContext {
    let session = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(3));
    register_all(&session, &SharedLists(Arc::new(Lists::load(None).unwrap())));
    session
}

pub(super) async fn rows_in(session: &SessionContext, sql: &str) -> Result<Vec<String>, String> {
    let frame = session.sql(sql).await.map_err(|error| error.to_string())?;
    let batches = frame.collect().await.map_err(|error| error.to_string())?;
    let options = FormatOptions::new().with_null("NULL");
    let text = |batch: &RecordBatch, row: usize| {
        let cell = |column: &ArrayRef| ArrayFormatter::try_new(column, &options).unwrap().value(row).to_string();
        batch.columns().iter().map(cell).collect::<Vec<_>>().join("|")
    };
    Ok(batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| text(batch, row))).collect())
}

async fn rows(sql: &str) -> Vec<String> {
    rows_in(&session(), sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

async fn number(sql: &str) -> f64 {
    rows(sql).await[0].parse().unwrap_or_else(|_| panic!("{sql} gives no number"))
}

#[test]
fn names_are_sorted_and_unique() {
    let functions = all(&SharedLists(Arc::new(Lists::load(None).unwrap())));
    let scalars: Vec<&str> = functions.scalars.iter().map(|function| function.name()).collect();
    let aggregates: Vec<&str> = functions.aggregates.iter().map(|function| function.name()).collect();
    let windows: Vec<&str> = functions.windows.iter().map(|function| function.name()).collect();
    for names in [&scalars, &aggregates, &windows] {
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    }
    assert_eq!(scalars.len() + aggregates.len() + windows.len(), 23);
}

#[tokio::test]
async fn aggregates_agree_with_scipy() {
    let x = "(VALUES (3), (1), (4), (1), (5), (9), (2), (6), (5), (3), (5), (NULL)) AS t(x)";
    let letters = "(SELECT CASE WHEN i < 5 THEN 'a' WHEN i < 8 THEN 'b' WHEN i < 9 THEN 'c' WHEN i < 10 THEN 'd' END AS x \
                   FROM generate_series(0, 12) AS t(i))";
    let pairs = "(VALUES (1, 4), (2, 0), (3, 3), (0, 3)) AS t(p, q)";
    for (sql, expected) in [
        // scipy.stats.median_abs_deviation(x); numpy.var(x, ddof=1) / numpy.mean(x)
        (format!("SELECT mad(x) FROM {x}"), 1.0),
        (format!("SELECT fano(x) FROM {x}"), 1.4),
        (format!("SELECT mad(CAST(x AS DECIMAL(18, 6))) FROM {x}"), 1.0),
        // scipy.stats.entropy([5, 3, 1, 1], base=2)
        (format!("SELECT entropy(x) FROM {letters}"), 1.685_475_297_227_334_4),
        (format!("SELECT hhi(x) FROM {letters}"), 0.36),
        (format!("SELECT top_share(x) FROM {letters}"), 0.5),
        (format!("SELECT top_share(x, 2) FROM {letters}"), 0.8),
        (format!("SELECT top_share(x, 99) FROM {letters}"), 1.0),
        // scipy.spatial.distance.jensenshannon([1, 2, 3, 0], [4, 0, 3, 3], base=2) ** 2
        (format!("SELECT js_divergence(p, q) FROM {pairs}"), 0.370_598_435_193_929_27),
        (format!("SELECT js_divergence(p, 10 * p) FROM {pairs}"), 0.0),
        ("SELECT js_divergence(p, 1 - p) FROM (VALUES (1), (0)) AS t(p)".to_owned(), 1.0),
        ("SELECT entropy(1)".to_owned(), 0.0),
        ("SELECT hhi(1)".to_owned(), 1.0),
        ("SELECT mad(7)".to_owned(), 0.0),
    ] {
        let found = number(&sql).await;
        assert!((found - expected).abs() < 1e-12, "{sql}: {found}, not {expected}");
    }
}

#[tokio::test]
async fn without_values_there_is_no_number() {
    for call in ["entropy(x)", "hhi(x)", "top_share(x)", "mad(x)", "fano(x)", "js_divergence(x, x)"] {
        for from in ["(VALUES (CAST(NULL AS DOUBLE))) AS t(x)", "(SELECT 1.0::double AS x WHERE false)"] {
            assert_eq!(rows(&format!("SELECT {call} FROM {from}")).await, ["NULL"], "{call} {from}");
        }
        let distinct = call.replace('(', "(DISTINCT ");
        let error = rows_in(&session(), &format!("SELECT {distinct}, stddev(x) FROM (VALUES (1.5), (2.5)) AS t(x)"))
            .await
            .unwrap_err();
        assert!(error.contains("takes no DISTINCT"), "{error}");
    }
    assert_eq!(rows("SELECT fano(x), mad(x) FROM (VALUES (0), (0)) AS t(x)").await, ["NULL|0.0"]);
    assert_eq!(rows("SELECT fano(5)").await, ["NULL"]);
    assert_eq!(rows("SELECT js_divergence(x, 1) FROM (VALUES (-1), (2)) AS t(x)").await, ["NULL"]);
    assert_eq!(rows("SELECT js_divergence(x, 1) FROM (VALUES (0), (0)) AS t(x)").await, ["NULL"]);
    let error = rows_in(&session(), "SELECT top_share(x, x) FROM (VALUES (1)) AS t(x)").await.unwrap_err();
    assert!(error.contains("a positive constant"), "{error}");
}

#[tokio::test]
async fn windows_agree_with_scipy() {
    // scipy.stats.false_discovery_control(p, method='bh')
    let p = "(VALUES (1, 0.01), (2, 0.04), (3, 0.03), (4, 0.005), (5, 0.5), (6, 0.2), (7, 0.04), (8, NULL), (9, 1.5)) AS t(i, p)";
    let found = rows(&format!("SELECT i, round(benjamini_hochberg(p) OVER (), 12) FROM {p} ORDER BY i")).await;
    let expected = ["0.035", "0.056", "0.056", "0.035", "0.5", "0.233333333333", "0.056", "NULL", "NULL"];
    let expected: Vec<String> = expected.iter().enumerate().map(|(i, p)| format!("{}|{p}", i + 1)).collect();
    assert_eq!(found, expected);
    // max(median_abs_deviation(x) / norm.ppf(.75), (quantile(x, .9) - quantile(x, .1)) / (2 * norm.ppf(.9))) of numpy, scipy
    let x = "(VALUES (1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4), (7, 5), (8, 7), (9, 9), (10, 40), (11, NULL)) AS t(i, x)";
    let found = rows(&format!("SELECT round(robust_z(x) OVER (), 10) FROM {x} ORDER BY i")).await;
    let expected = [
        "-0.7538538621",
        "-0.5025692414",
        "-0.5025692414",
        "-0.2512846207",
        "0.0",
        "0.0",
        "0.2512846207",
        "0.7538538621",
        "1.2564231035",
        "9.0462463450",
        "NULL",
    ];
    for (found, expected) in found.iter().zip(expected) {
        let same = match (found.parse::<f64>(), expected.parse::<f64>()) {
            (Ok(found), Ok(expected)) => (found - expected).abs() < 1e-9,
            _ => found == expected,
        };
        assert!(same, "{found}, not {expected}");
    }
    let by = "SELECT g, robust_z(x) OVER (PARTITION BY g ORDER BY x) AS z FROM (VALUES (1, 5), (1, 5), (2, 5), (2, 6)) AS t(g, x) ORDER BY g, z";
    assert_eq!(rows(by).await[..2], ["1|0.0", "1|0.0"]);
    assert_eq!(rows("SELECT robust_z(x) OVER () FROM (VALUES (1), (1), (1), (1), (1), (1), (1), (1), (1), (1), (1), (1), (2)) AS t(x) ORDER BY x").await[12], "NULL");
}

#[tokio::test]
async fn text_of_every_type_is_read() {
    for kind in ["Utf8", "LargeUtf8", "Utf8View"] {
        let text = |value: &str| format!("arrow_cast('{value}', '{kind}')");
        let sql = format!(
            "SELECT ip_prefix({ip}, 24, 48), ip_is_masked({masked}), is_declared_bot({bot}), is_datacenter({isp}, {isp}), \
             entropy({ip}), ip_prefix({v6}, 24, 48), is_datacenter({home}, {home}, {masked})",
            ip = text("203.0.113.7"),
            masked = text("203.0.113.xxx"),
            bot = text("curl/8.5.0"),
            isp = text("Hetzner Online GmbH"),
            v6 = text("2001:db8:7::1"),
            home = text("Tundra Mobile"),
        );
        assert_eq!(rows(&sql).await, ["203.0.113.0/24|true|true|true|0.0|2001:db8:7::/48|false"], "{kind}");
        let columns = sql.replace("SELECT", "SELECT concat(x, ''),") + " FROM (VALUES ('a'), ('b')) AS t(x)";
        assert_eq!(rows(&columns.replace("entropy", "upper")).await.len(), 2);
    }
}

#[tokio::test]
async fn null_and_nonsense() {
    let null = "CAST(NULL AS VARCHAR)";
    for (call, expected) in [
        (format!("ip_prefix({null}, 24, 48)"), "NULL"),
        ("ip_prefix('1.2.3.4', NULL, 48)".to_owned(), "NULL"),
        ("ip_prefix('nowhere', 24, 48)".to_owned(), "NULL"),
        ("ip_is_masked('nowhere')".to_owned(), "NULL"),
        ("ip_is_masked('1.2.3.4')".to_owned(), "false"),
        (format!("is_declared_bot({null})"), "NULL"),
        ("is_declared_bot('')".to_owned(), "false"),
        (format!("is_datacenter({null}, {null})"), "NULL"),
        (format!("is_datacenter({null}, 'OVH SAS')"), "true"),
        (format!("is_datacenter('Tundra Mobile', {null})"), "false"),
        (format!("is_datacenter({null}, {null}, '88.198.7.xxx')"), "true"),
        (format!("is_datacenter({null}, {null}, 'nowhere')"), "NULL"),
        ("error_class(23)".to_owned(), "proxy"),
        ("error_class(0)".to_owned(), "valid"),
        ("error_class(4711)".to_owned(), "unknown"),
        ("error_class(9999999999)".to_owned(), "unknown"),
        ("error_class(CAST(NULL AS INT))".to_owned(), "NULL"),
        ("beta_binomial_sf(1, 0, 1, 1)".to_owned(), "0.0"),
        ("beta_binomial_sf(NULL, 5, 1, 1)".to_owned(), "NULL"),
        ("beta_binomial_sf(4, 9, 1, 1)".to_owned(), "0.5"),
        ("poisson_sf(0, 0)".to_owned(), "0.0"),
        ("poisson_sf(1, NULL)".to_owned(), "NULL"),
        ("poisson_sf(-1, 3)".to_owned(), "1.0"),
    ] {
        let found = rows(&format!("SELECT {call}")).await;
        let is_same = found[0] == expected
            || matches!((found[0].parse::<f64>(), expected.parse::<f64>()), (Ok(a), Ok(b)) if (a - b).abs() < 1e-12);
        assert!(is_same, "{call}: {found:?}, not {expected}");
    }
    let error = rows_in(&session(), "SELECT ip_prefix('1.2.3.4', 33, 48)").await.unwrap_err();
    assert!(error.contains("33 bits of an address of 32: give 0 to 32"), "{error}");
}

/// One table, its rows in another order and in other partitions.
fn table(values: &[(u8, f64)], pieces: usize) -> Arc<MemTable> {
    let batch = |rows: &[(u8, f64)]| {
        let texts = StringArray::from_iter_values(rows.iter().map(|(value, _)| format!("value {value}")));
        let numbers = Float64Array::from_iter_values(rows.iter().map(|(_, number)| *number));
        RecordBatch::try_from_iter([("t", Arc::new(texts) as ArrayRef), ("x", Arc::new(numbers) as ArrayRef)]).unwrap()
    };
    let size = values.len().div_ceil(pieces).max(1);
    let partitions: Vec<Vec<RecordBatch>> = values.chunks(size).map(|rows| vec![batch(rows)]).collect();
    Arc::new(MemTable::try_new(batch(&[]).schema(), partitions).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn neither_order_nor_partitions_change_a_digit(values in prop::collection::vec((0u8..9, 0.0f64..1e6), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let sql = "SELECT entropy(t), hhi(t), top_share(t), top_share(t, 3), mad(x), fano(x), js_divergence(x, x * x), entropy(x) FROM v";
        let ask = |values: &[(u8, f64)], pieces| {
            let session = session();
            session.register_table("v", table(values, pieces)).unwrap();
            runtime.block_on(rows_in(&session, sql)).unwrap()
        };
        let mut backwards = values.clone();
        backwards.reverse();
        let whole = ask(&values, 1);
        prop_assert_eq!(&ask(&backwards, 3), &whole);
        prop_assert_eq!(&ask(&values, 7), &whole);
    }

    #[test]
    fn adjusted_p_values_keep_their_order(p in prop::collection::vec(0.0f64..=1.0, 1..50)) {
        let given: Vec<Option<f64>> = p.iter().copied().map(Some).collect();
        let adjusted: Vec<f64> = benjamini_hochberg(&given).into_iter().flatten().collect();
        for (i, a) in p.iter().enumerate() {
            prop_assert!(adjusted[i] >= *a && adjusted[i] <= 1.0);
            for (j, b) in p.iter().enumerate() {
                prop_assert!(a > b || adjusted[i] <= adjusted[j]);
            }
        }
    }
}

/// Hours that Python's zoneinfo gives.
#[tokio::test]
async fn local_hours_know_summer_time_halves_and_unknown_zones() {
    for (time, zone, expected) in [
        ("2026-03-29T00:59:59Z", "'Europe/Berlin'", "1"),
        ("2026-03-29T01:00:00Z", "'Europe/Berlin'", "3"),
        ("2026-03-08T06:59:59Z", "'america/NEW_YORK'", "1"),
        ("2026-03-08T07:00:00Z", "'america/NEW_YORK'", "3"),
        ("2026-03-01T00:00:00Z", "'Asia/Kathmandu'", "5"),
        ("2026-03-01T23:59:59Z", "arrow_cast('Pacific/Kiritimati', 'LargeUtf8')", "13"),
        ("1969-12-31T23:59:59Z", "arrow_cast('UTC', 'Utf8View')", "23"),
        ("2026-03-01T00:00:00Z", "'Mars/Olympus'", "NULL"),
        ("2026-03-01T00:00:00Z", "'?'", "NULL"),
        ("2026-03-01T00:00:00Z", "CAST(NULL AS VARCHAR)", "NULL"),
    ] {
        let sql = format!("SELECT local_hour(TIMESTAMP '{time}', {zone})");
        assert_eq!(rows(&sql).await, [expected], "{sql}");
    }
    let column = "SELECT local_hour(time, zone) FROM (VALUES (1, TIMESTAMP '2026-03-01T12:00:00', 'Asia/Tokyo'), \
                  (2, TIMESTAMP '2026-03-01T12:00:00', 'asia/tokio'), (3, NULL, 'UTC')) AS t(i, time, zone) ORDER BY i";
    assert_eq!(rows(column).await, ["21", "NULL", "NULL"]);
}
