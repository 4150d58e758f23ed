//! Against the simulator: a server that knows Everflow's pages, and nothing of this client.

use std::collections::BTreeMap;
use std::time::Duration;

use clicks::document::read_answer;
use clicks::feed::Feed;
use futures::future::join_all;
use proptest::prelude::*;
use simulator::server::{
    Aggregate, Click, Endpoint, Fault, Limits as ServerLimits, Scripted, Server, Settings, Spelling, UnknownFilters,
};

use crate::api::{
    AggregateColumn, Answer, ApiError, ApiKey, Broken, Client, ClientConfig, KeyKind, Limits, Metric, RetryPolicy,
};
use crate::request::{ClickRequest, Filter, Window};

/// 2026-03-02 00:00:00 UTC.
const NOW: i64 = 1_772_409_600;
const CLICKS: i64 = 500;

fn server() -> Server {
    let click = |number: i64| Click {
        error_code: if number % 3 == 0 { 0 } else { 9 },
        affiliate_id: number % 5,
        offer_id: number % 7,
        ..Click::new(NOW - number * 60, format!("{number:032x}"))
    };
    Server::with_clicks((0..CLICKS).map(click).collect(), NOW).unwrap()
}

fn config(server: &Server, key: &str) -> ClientConfig {
    let key = ApiKey::load(None, Some(key.into())).unwrap().key;
    let mut config = ClientConfig::new(&server.base_url(), key);
    config.limits = Limits { requests_per_second: 2000, ..config.limits };
    config.retry = RetryPolicy {
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(5),
        longest_retry_after: Duration::from_millis(5),
        ..config.retry
    };
    config.timeouts.idle = Duration::from_millis(400);
    config
}

fn client(server: &Server) -> Client {
    Client::new(config(server, "network-key")).unwrap()
}

fn request(filters: &[(&str, &str)]) -> ClickRequest {
    let filter = |(resource, value): &(&str, &str)| Filter { resource: (*resource).into(), value: (*value).into() };
    ClickRequest {
        feed: Feed::InvalidClicks,
        window: Window { from: NOW - 86_400, to: NOW },
        filters: filters.iter().map(filter).collect(),
        exclusions: Vec::new(),
    }
}

/// How many rows a sound answer has.
async fn count_rows(answer: Answer) -> Result<usize, Broken> {
    let read = read_answer(&answer.body).map_err(|error| Broken(error.to_string()))?;
    if read.is_sound() { Ok(read.rows.len()) } else { Err(Broken("incomplete".to_owned())) }
}

async fn count(client: &Client, request: &ClickRequest) -> Result<usize, ApiError> {
    client.clicks(request, count_rows).await
}

/// Invalid clicks of the ground truth that a test holds true of.
fn truth(server: &Server, is_wanted: impl Fn(&Click) -> bool) -> usize {
    server.truth(simulator::Feed::InvalidClicks).iter().filter(|click| is_wanted(click)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_that_passes_costs_no_row() {
    let server = server();
    let whole = truth(&server, |_| true);
    let passing = Fault::ALL.into_iter().filter(|fault| {
        // These change the rows of an answer that is otherwise good, which is for the reader of rows.
        !matches!(fault, Fault::NullClicks | Fault::DoubledRows | Fault::RowsOutside | Fault::BrokenRow)
    });
    for fault in passing {
        server.forget_received();
        server.configure(|settings| settings.faults.script = vec![Scripted::nth(Endpoint::InvalidClicks, 1, fault)]);
        let client = client(&server);
        assert_eq!(count(&client, &request(&[])).await.unwrap(), whole, "{fault:?}");
        let is_harmless = matches!(fault, Fault::SlowBody { .. } | Fault::UnknownKeys | Fault::WrongTypes);
        assert_eq!(client.counters().retries > 0, !is_harmless, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_stays_is_an_error_in_time() {
    let server = server();
    for fault in [Fault::Status(500), Fault::HtmlPage, Fault::ErrorWith200, Fault::CutGzip, Fault::EmptyBody] {
        server
            .configure(|settings| settings.faults.script = vec![Scripted::from_nth(Endpoint::InvalidClicks, 1, fault)]);
        let error = count(&client(&server), &request(&[])).await.unwrap_err();
        assert!(matches!(error, ApiError::GaveUp { tries: 10, .. }), "{fault:?}: {error}");
    }
    server.configure(|settings| {
        settings.faults.script = vec![Scripted::from_nth(Endpoint::InvalidClicks, 1, Fault::Hang)];
    });
    let mut config = config(&server, "network-key");
    config.retry.total_max = Duration::from_millis(900);
    let begun = std::time::Instant::now();
    let error = count(&Client::new(config).unwrap(), &request(&[])).await.unwrap_err();
    assert!(error.to_string().contains("no answer within"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_are_applied_in_whichever_spelling_the_server_knows() {
    for spelling in [Spelling::Documented, Spelling::Correct, Spelling::Both] {
        let server = server();
        server.configure(|settings| settings.spelling = spelling);
        let client = client(&server);
        let rows = count(&client, &request(&[("affiliate", "2"), ("affiliate", "3")])).await.unwrap();
        assert_eq!(rows, truth(&server, |click| matches!(click.affiliate_id, 2 | 3)), "{spelling:?}");
        let id = format!("{:032x}", 4);
        assert_eq!(count(&client, &request(&[("transaction_id", &id)])).await.unwrap(), 1, "{spelling:?}");
        let mut excluded = request(&[("error_code", "9")]);
        excluded.exclusions = vec![Filter { resource: "offer".into(), value: "1".into() }];
        let rows = count(&client, &excluded).await.unwrap();
        assert_eq!(rows, truth(&server, |click| click.offer_id != 1), "{spelling:?}");
        let network = ClickRequest { feed: Feed::NetworkClicks, ..request(&[("affiliate", "2")]) };
        assert_eq!(count(&client, &network).await.unwrap(), CLICKS as usize / 5, "{spelling:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wrong_key_and_the_wrong_kind_of_key_say_so() {
    let server = server();
    let unknown = Client::new(config(&server, "no-such-key")).unwrap();
    let error = count(&unknown, &request(&[])).await.unwrap_err();
    assert!(error.to_string().contains("(401): Unauthorized; check the key"), "{error}");
    let affiliate = Client::new(config(&server, "affiliate-key")).unwrap();
    let error = count(&affiliate, &request(&[])).await.unwrap_err();
    assert!(error.to_string().contains("(403): Out of realm; check that the key is of the right kind"), "{error}");
    assert!(error.is_about_all_requests());
    assert_eq!(affiliate.check_account().await.unwrap().kind, KeyKind::Affiliate);
    assert_eq!(client(&server).check_account().await.unwrap().kind, KeyKind::Network);
    assert!(unknown.check_account().await.is_err());
    let zones = client(&server).time_zones().await.unwrap();
    assert!(zones.iter().any(|zone| zone.timezone_id == 67 && zone.timezone == "UTC"));
}

#[tokio::test(flavor = "multi_thread")]
async fn aggregates_are_the_truth() {
    let server = server();
    let client = client(&server);
    let window = Window { from: NOW - 20_000, to: NOW - 3 };
    let mut by_hour: BTreeMap<i64, u64> = BTreeMap::new();
    let invalid = server.truth(simulator::Feed::InvalidClicks);
    let within = |click: &&Click| (window.from..=window.to).contains(&click.unix_timestamp);
    for click in invalid.iter().filter(within) {
        *by_hour.entry(click.unix_timestamp.div_euclid(3600) * 3600).or_default() += 1;
    }
    let mut told = client.counts_by_hour(window, Feed::InvalidClicks).await.unwrap().unwrap().most;
    told.retain(|_, rows| *rows > 0);
    assert_eq!(told, by_hour);

    // Cut at four groups, the counts are those of parts.
    let columns = [AggregateColumn::Date, AggregateColumn::Affiliate];
    let whole = Window { from: NOW - 86_400, to: NOW };
    let at_once = client.aggregate(&columns, whole, &[]).await.unwrap().unwrap();
    server.configure(|settings| settings.caps.entity_table = 9);
    let in_parts = client.aggregate(&columns, whole, &[]).await.unwrap().unwrap();
    assert_eq!(at_once, in_parts);
    let gross: u64 = at_once.rows.iter().map(|row| row.counts[&Metric::Gross]).sum();
    assert_eq!(gross, CLICKS as u64);
    let filter = [Filter { resource: "affiliate".into(), value: "3".into() }];
    let of_one = client.aggregate(&[AggregateColumn::Date], whole, &filter).await.unwrap().unwrap();
    assert_eq!(of_one.rows.iter().map(|row| row.counts[&Metric::Gross]).sum::<u64>(), CLICKS as u64 / 5);

    for aggregate in [Aggregate::Forbidden, Aggregate::Missing] {
        server.configure(|settings| settings.aggregate = aggregate);
        assert_eq!(client.counts_by_hour(window, Feed::InvalidClicks).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_limits_hold_while_everything_is_asked_at_once() {
    let server = server();
    let window = Duration::from_secs(2);
    let limits = ServerLimits { network_requests: 40, window, ..ServerLimits::default() };
    server.configure(|settings| {
        *settings = Settings { limits, latency: Duration::from_millis(5), ..Settings::default() }
    });
    let mut config = config(&server, "network-key");
    // 20 a second, counted in windows of two.
    config.limits = Limits { requests_per_second: 20, rate_window: window, ..Limits::network() };
    let client = Client::new(config).unwrap();
    let wanted = request(&[]);
    let answers = join_all((0..70).map(|_| count(&client, &wanted))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert!(server.most_reporting_at_once() <= 10, "{}", server.most_reporting_at_once());
    let refused = server.received().iter().filter(|received| received.status == Some(429)).count();
    assert_eq!(refused, 0);
    assert_eq!(client.counters().rate_limit.limit, Some(40));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_others_use_up_is_met_more_slowly() {
    let server = server();
    let window = Duration::from_secs(1);
    let limits = ServerLimits { network_requests: 60, window, ..ServerLimits::default() };
    server.configure(|settings| *settings = Settings { limits, ..Settings::default() });
    let mut patient = config(&server, "network-key");
    patient.limits.rate_window = window;
    let mut greedy = config(&server, "network-key");
    greedy.limits.concurrent = 1;
    let (patient, greedy) = (Client::new(patient).unwrap(), Client::new(greedy).unwrap());
    let wanted = request(&[]);
    let (first, second) = futures::join!(
        join_all((0..60).map(|_| count(&patient, &wanted))),
        join_all((0..60).map(|_| count(&greedy, &wanted))),
    );
    assert!(first.iter().chain(&second).all(Result::is_ok));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whatever goes wrong, and however often, a call ends with the truth or with an error.
    #[test]
    fn an_answer_is_the_truth_or_an_error(seed: u64, permille in 0..90_u64, concurrent in 1..10_usize) {
        let server = server();
        let whole = truth(&server, |_| true);
        server.configure(|settings| {
            settings.unknown_filters = UnknownFilters::Refused;
            settings.faults.seed = seed;
            settings.faults.rates = [
                Fault::Status(503), Fault::TooManyRequests { retry_after_seconds: None }, Fault::CutConnection,
                Fault::CutBody, Fault::CutGzip, Fault::HtmlPage, Fault::CapitalisedErrorWith200, Fault::UnknownWrapper,
                Fault::EmptyBody, Fault::IncompleteResults,
            ].map(|fault| (fault, permille)).to_vec();
        });
        let mut config = config(&server, "network-key");
        config.limits.concurrent = concurrent;
        config.limits.bytes_in_flight_max = 256 << 10;
        let client = Client::new(config).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let wanted = request(&[]);
        let answers = runtime.block_on(join_all((0..8).map(|_| count(&client, &wanted))));
        for answer in answers {
            match answer {
                Ok(rows) => prop_assert_eq!(rows, whole),
                Err(error) => prop_assert!(matches!(error, ApiError::GaveUp { .. }), "{}", error),
            }
        }
    }
}
