//! `fetcher verify`, against a server that counts for itself.

use std::process::Command;

use simulator::server::{Aggregate, Click, Server};

use crate::everflow::{self, DAY_1};
use crate::process::fetcher;
use crate::transcript::{Transcript, assert_transcript};

/// Clicks of two days and three affiliates; every fourth is invalid, every fifth a duplicate.
fn server() -> Server {
    let click = |number: i64| {
        let mut click = Click {
            error_code: if number % 4 == 0 { 9 } else { 0 },
            affiliate_id: 100 + number % 3,
            ..Click::new(DAY_1 + number * 1_700, format!("click{number:03}"))
        };
        click.values.is_unique = number % 5 != 0;
        click
    };
    Server::with_clicks((0..100).map(click).collect(), DAY_1 + 20 * 86_400).unwrap()
}

/// The answer of a feed, without some clicks.
fn answer(server: &Server, feed: simulator::Feed, without: &[&str]) -> String {
    let clicks = server.truth(feed);
    let kept = clicks.iter().filter(|click| !without.contains(&click.transaction_id.as_str()));
    let row = |click: &Click| {
        format!(
            r#"{{"transaction_id":"{}","unix_timestamp":{},"error_code":{},"relationship":{{"affiliate":{{"network_affiliate_id":{}}}}}}}"#,
            click.transaction_id, click.unix_timestamp, click.error_code, click.affiliate_id
        )
    };
    everflow::answer(&kept.map(row).collect::<Vec<_>>())
}

fn asking(server: &Server, key: &str) -> Command {
    let mut command = fetcher();
    command.env("EVERFLOW_API_KEY", key).args(["verify", "--base-url", &server.base_url()]);
    command
}

fn verify(transcript: &mut Transcript, server: &Server, flags: &str) {
    transcript.run(&format!("fetcher verify {flags}"), asking(server, "network-key").args(flags.split_whitespace()));
}

const RANGE: &str = "--from 2025-01-10 --to 2025-01-11";

#[test]
fn verify_what_agrees_and_what_does_not() {
    let server = server();
    let mut transcript = Transcript::begin();
    transcript.file("network.json", answer(&server, simulator::Feed::NetworkClicks, &[]));
    transcript.file("invalid.json", answer(&server, simulator::Feed::InvalidClicks, &[]));
    transcript.file("lossy.json", answer(&server, simulator::Feed::InvalidClicks, &["click004", "click060"]));
    let covers = "--covers 2025-01-10/2025-01-11 --as-of 2025-01-20";
    transcript.fetcher(&format!("land network.json -q --source network-clicks {covers}"));
    verify(&mut transcript, &server, RANGE);
    transcript.fetcher(&format!("land lossy.json -q --source invalid-clicks {covers}"));
    verify(&mut transcript, &server, RANGE);
    verify(&mut transcript, &server, &format!("{RANGE} --source invalid-clicks --format json"));
    transcript.fetcher(&format!("land invalid.json -q --source invalid-clicks {covers}"));
    verify(&mut transcript, &server, RANGE);
    // A part of a day, in local time.
    verify(&mut transcript, &server, "--from 2025-01-10T13:00:00+01:00 --to 2025-01-11T01:59:59+01:00");
    transcript.fetcher("land lossy.json -q --source invalid-clicks --account other");
    verify(&mut transcript, &server, &format!("{RANGE} --account other"));
    transcript.fetcher("prune -q --before '2025-01-10 12:00:00'");
    verify(&mut transcript, &server, RANGE);
    assert_transcript!(transcript);
}

#[test]
fn verify_without_an_answer() {
    let server = server();
    let mut transcript = Transcript::begin();
    transcript.file("network.json", answer(&server, simulator::Feed::NetworkClicks, &[]));
    verify(&mut transcript, &server, RANGE);
    transcript.fetcher("land network.json -q --source network-clicks");
    verify(&mut transcript, &server, &format!("{RANGE} --account nobody"));
    verify(&mut transcript, &server, &format!("{RANGE} --source affiliate-clicks"));
    verify(&mut transcript, &server, "--from 2025-01-11 --to 2025-01-10");
    verify(&mut transcript, &server, "--from 2999-01-01 --to 2999-01-02");
    transcript.fetcher(&format!("verify {RANGE}"));
    transcript.run("fetcher verify (wrong key)", asking(&server, "wrong-key").args(RANGE.split(' ')));
    server.configure(|settings| settings.aggregate = Aggregate::Forbidden);
    verify(&mut transcript, &server, RANGE);
    assert_transcript!(transcript);
}
