use std::fs;
use std::str::FromStr;

use clicks::feed::Feed;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use proptest::prelude::*;

use super::*;

const PROXY_RATE: &str = "-- title: Proxy rate by affiliate
-- about: Share of clicks through a proxy,
-- about: with a 95 % Wilson interval
-- needs: network-clicks | affiliate-clicks
-- param: min_clicks bigint = 100    hide affiliates with fewer clicks
-- param: country text
-- chart: dot x=proxy_rate low=wilson_low high=wilson_high y=affiliate_name
SELECT 1
-- nonsense: here it is prose
";

#[test]
fn reads_the_header_of_the_design() {
    let query = Query::parse("proxy_rate", PROXY_RATE).unwrap();
    assert_eq!(query.title, "Proxy rate by affiliate");
    assert_eq!(query.about, "Share of clicks through a proxy, with a 95 % Wilson interval");
    assert_eq!(query.needs, [vec![Feed::NetworkClicks, Feed::AffiliateClicks]]);
    assert_eq!(
        query.params[0],
        Param {
            name: "min_clicks".to_owned(),
            data_type: DataType::Int64,
            default: Some(ScalarValue::Int64(Some(100))),
            choices: Vec::new(),
            range: None,
            about: "hide affiliates with fewer clicks".to_owned(),
        }
    );
    let country = query.param("country").unwrap();
    assert_eq!((&country.data_type, &country.default, country.about.as_str()), (&DataType::Utf8, &None, ""));
    assert_eq!(query.chart.unwrap().to_string(), "dot x=proxy_rate low=wilson_low high=wilson_high y=affiliate_name");
    assert_eq!(query.sql, PROXY_RATE, "the SQL keeps the lines of its file");
}

#[test]
fn some_parameters_take_certain_words_only() {
    let text = "-- param: by text = null    one of offer|country, or nothing\n-- param: free text    one of the words";
    let query = Query::parse("x", text).unwrap();
    let by = query.param("by").unwrap();
    assert_eq!(by.default, Some(ScalarValue::Utf8(None)));
    assert_eq!(by.parse_value("offer").unwrap(), ScalarValue::from("offer"));
    for (typed, hint) in [
        ("Offer", "did you mean offer? It takes offer, country"),
        ("ofer", "did you mean offer?"),
        ("", "takes offer, country"),
    ] {
        let said = by.parse_value(typed).unwrap_err().to_string();
        assert!(said.starts_with(&format!("the parameter 'by' takes no '{typed}'")) && said.contains(hint), "{said}");
    }
    assert!(query.param("free").unwrap().choices.is_empty(), "prose names no choices");
}

#[test]
fn a_file_without_header_is_a_query() {
    for text in ["SELECT 1", "-- just prose, see https://example.org\n\nSELECT 1", "", "\u{feff}-- title: x\nSELECT 1"]
    {
        let query = Query::parse("mine", text).unwrap();
        let title = if text.contains("title") { "x" } else { "mine" };
        assert_eq!((query.title.as_str(), query.params.len(), query.needs.len()), (title, 0, 0));
        assert!(!query.sql.starts_with('\u{feff}'));
    }
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let cases = [
        ("-- titel: x", "unknown header key 'titel'; did you mean 'title'?"),
        ("-- author: x", "unknown header key 'author'"),
        ("-- title:", "'title:' has no value"),
        ("-- title: a\n-- title: b", "given twice"),
        ("-- needs: network-click", "unknown feed 'network-click'"),
        ("-- needs: network-clicks | network-clicks", "named twice"),
        ("-- param: Min bigint", "cannot name a parameter"),
        ("-- param: from date", "always exists"),
        ("-- param: n", "unknown type ''"),
        ("-- param: n bigit = 1", "did you mean 'bigint'?"),
        ("-- param: n bigint = x", "'x' is no bigint for the parameter 'n': expected a whole number"),
        ("-- param: n bigint = 9223372036854775808", "is no bigint"),
        ("-- param: n text = c    one of a|b", "the parameter 'n' takes no 'c'; it takes a, b"),
        ("-- param: n bigint = 24    from 0 to 23: the hour", "the parameter 'n' takes no '24'; it takes 0 to 23"),
        ("-- before: days", "'before: days' names no parameter of whole days"),
        ("-- before: n\n-- param: n text = a", "'before: n' names no parameter of whole days"),
        ("-- param: n int = 2147483648", "is no int"),
        ("-- param: n double = NaN", "is no double"),
        ("-- param: n boolean = yes", "expected true or false"),
        ("-- param: n date = 2024-11-31", "is no date"),
        ("-- param: n timestamp = 2024-11-31T00:00:00Z", "is no timestamp"),
        ("-- param: n decimal = 0.0000001", "is no decimal"),
        ("-- param: n decimal = 1e3", "is no decimal"),
        ("-- param: n decimal = 1234567890123.5", "is no decimal"),
        ("-- param: n text = 'open", "no closing quote"),
        ("-- param: n text =", "nothing follows '='"),
        ("-- param: n int\n-- param: n int", "declared twice"),
        ("-- chart: dot", "shows nothing"),
        ("-- chart: dot x", "not of the form channel=column"),
        ("-- chart: dot x=a x=b", "given twice"),
    ];
    for (text, expected) in cases {
        let error = Query::parse("mine", &format!("-- prose\n{text}\nSELECT 1")).unwrap_err();
        assert_eq!(error.line, 1 + text.lines().count(), "{text}");
        let message = error.to_string();
        assert!(message.starts_with("mine:") && message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn defaults_are_typed_values() {
    let utc = Some("UTC".into());
    let cases = [
        ("a bigint = -5", ScalarValue::Int64(Some(-5))),
        ("a int=7 seven", ScalarValue::Int32(Some(7))),
        ("a double = 1e-3", ScalarValue::Float64(Some(0.001))),
        ("a text = word and prose", ScalarValue::Utf8(Some("word".to_owned()))),
        ("a text = 'it''s two words' and prose", ScalarValue::Utf8(Some("it's two words".to_owned()))),
        ("a text = ''", ScalarValue::Utf8(Some(String::new()))),
        ("a text = null    any", ScalarValue::Utf8(None)),
        ("a text = 'null'", ScalarValue::Utf8(Some("null".to_owned()))),
        ("a boolean = true", ScalarValue::Boolean(Some(true))),
        ("a date = 1970-01-02", ScalarValue::Date32(Some(1))),
        ("a timestamp = 1970-01-01T01:00:01+01:00", ScalarValue::TimestampMicrosecond(Some(1_000_000), utc.clone())),
        ("a timestamp = '1970-01-01 00:00:01'", ScalarValue::TimestampMicrosecond(Some(1_000_000), utc)),
        ("a decimal = -12.345", ScalarValue::Decimal128(Some(-12_345_000), 18, 6)),
        ("a decimal = 1.50000000", ScalarValue::Decimal128(Some(1_500_000), 18, 6)),
        ("a bigint = null", ScalarValue::Int64(None)),
    ];
    for (declaration, expected) in cases {
        let query = Query::parse("q", &format!("-- param: {declaration}\nSELECT $a")).unwrap();
        assert_eq!(query.params[0].default, Some(expected.clone()), "{declaration}");
        assert_eq!(query.params[0].data_type, expected.data_type(), "{declaration}");
    }
}

#[test]
fn the_users_queries_replace_and_extend() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("proxy_rate.sql"), "-- title: mine\nSELECT 1").unwrap();
    fs::write(dir.path().join("extra.sql"), "SELECT 2").unwrap();
    fs::write(dir.path().join("notes.txt"), "no query").unwrap();
    fs::write(dir.path().join(".hidden.sql"), "-- parm: x\nSELECT").unwrap();
    fs::create_dir(dir.path().join("signals")).unwrap();
    fs::write(dir.path().join("signals").join("signal.sql"), "SELECT 3").unwrap();

    let shipped = Catalogue::load(None).unwrap();
    let mine = Catalogue::load(Some(dir.path())).unwrap();
    assert_eq!(mine.find("proxy_rate.sql").unwrap().title, "mine");
    assert_eq!(mine.find("extra").unwrap().sql, "SELECT 2");
    assert_eq!(mine.iter().count(), shipped.iter().count() + 1);
    assert!(mine.find("signal").is_err());

    fs::write(dir.path().join("bad.sql"), "-- title: x\n-- parm: y\nSELECT").unwrap();
    let error = Catalogue::load(Some(dir.path())).unwrap_err().to_string();
    assert!(error.contains("bad.sql:2: unknown header key 'parm'; did you mean 'param'?"), "{error}");
    let error = Catalogue::load(Some(&dir.path().join("none"))).unwrap_err();
    assert!(matches!(error, CatalogueError::Unreadable { .. }));
}

#[test]
fn an_unknown_name_meets_its_neighbour() {
    let catalogue = Catalogue::load(None).unwrap();
    let error = catalogue.find("proxi_rate").unwrap_err().to_string();
    assert!(error.contains("no query is called 'proxi_rate'; did you mean 'proxy_rate'?"), "{error}");
    let error = catalogue.find("zzz").unwrap_err().to_string();
    assert!(error.contains("`analyze list`"), "{error}");
}

#[test]
fn the_shipped_queries_have_whole_headers() {
    let catalogue = Catalogue::load(None).unwrap();
    let names: Vec<&str> = catalogue.iter().map(|query| query.name.as_str()).collect();
    for name in [
        "error_codes",
        "ids_in_two_partitions",
        "invalid_rate_by_affiliate",
        "invalid_rate_by_day",
        "proxy_rate",
        "top_ips",
    ] {
        assert!(names.contains(&name), "{name} is missing from {names:?}");
    }
    for query in catalogue.iter() {
        assert!(query.title != query.name && !query.about.is_empty(), "{} lacks title or about", query.name);
        let bounds = [
            "click_time BETWEEN $from AND $to",
            "click_time BETWEEN days_before($to, 2 * $days, $timezone) AND $to",
            "to_time >= $from AND from_time <= $to",
        ];
        let is_bounded = query.rests_on_scores() || bounds.iter().any(|bound| query.sql.contains(bound));
        assert!(is_bounded, "{} does not bound its times", query.name);
        for param in &query.params {
            assert!(query.sql.contains(&format!("${}", param.name)), "{} does not use {}", query.name, param.name);
            assert!(!param.about.is_empty(), "{}: {} is not explained", query.name, param.name);
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "(-- ?(title|about|needs|param|chart|[a-z]{1,3})?:? ?[ -~é\u{3000}]{0,30}\n){0,6}") {
        let _ = Query::parse("any", &text);
    }

    #[test]
    fn quoted_defaults_come_back(value in "[ -~éß\u{1F600}]{0,20}", about in "[a-z]{0,8}") {
        let header = format!("-- param: v text = '{}'    {about}\nSELECT $v", value.replace('\'', "''"));
        let query = Query::parse("any", &header).unwrap();
        prop_assert_eq!(&query.params[0].default, &Some(ScalarValue::Utf8(Some(value))));
        prop_assert_eq!(&query.params[0].about, &about);
    }

    #[test]
    fn charts_print_as_they_are_read(text in "[a-z]{1,5}( [a-z]=[a-z]{1,4}){1,3}") {
        if let Ok(chart) = Chart::from_str(&text) {
            prop_assert_eq!(chart.to_string(), text);
        }
    }
}

#[test]
fn a_shelf_has_keys_of_its_own_and_they_are_checked_like_the_others() {
    let shelf = Shelf { folder: "checks", keys: &["severity", "message"] };
    let query = Query::parse_on(shelf, "late", "-- title: Late\n-- severity: warn\nSELECT 1").unwrap();
    assert_eq!(query.more.get("severity").map(String::as_str), Some("warn"));
    let problem = |text: &str| Query::parse_on(shelf, "late", text).unwrap_err().to_string();
    assert_eq!(problem("-- severity:\nSELECT 1"), "late:1: 'severity:' has no value: give one or delete the line");
    assert_eq!(problem("-- severity: a\n-- severity: b"), "late:2: 'severity:' is given twice: keep one");
    assert!(problem("-- severty: a").contains("did you mean 'severity'?"));
    assert!(Query::parse("late", "-- severity: warn\nSELECT 1").is_err(), "only on that shelf");
}

impl Query {
    /// The table of scores is of the range that is asked for, and is made by the command: no plain session has it.
    pub(super) fn rests_on_scores(&self) -> bool {
        self.sql.contains("FROM anomaly_scores")
    }
}
