//! `fetcher doctor`: what is well, what is not, and what to do about it.

use std::fs;
use std::net::TcpListener;
use std::time::SystemTime;

use simulator::server::{Aggregate, Click, Limits, Server};

use crate::everflow;
use crate::process::fetcher;
use crate::transcript::{Transcript, assert_transcript};

fn server() -> Server {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let now = i64::try_from(now).unwrap();
    let server = Server::with_clicks(vec![Click::new(now - 5000, "a")], now).unwrap();
    server.configure(|settings| settings.limits = Limits::default());
    server
}

/// Asks, with a key; the port, which is another in every run, is left out.
fn doctor(transcript: &mut Transcript, url: &str, key: Option<&str>, flags: &str) {
    let mut command = fetcher();
    command.args(["doctor", "--base-url", url]).args(flags.split_whitespace());
    command.envs(key.map(|key| ("EVERFLOW_API_KEY", key)));
    transcript.run(&format!("fetcher doctor {flags}"), &mut command);
    let port = url.rsplit(':').next().unwrap();
    transcript.text = transcript.text.replace(&format!(":{port}"), ":PORT");
}

fn landed() -> Transcript {
    let mut transcript = Transcript::begin();
    transcript.file("rows.json", everflow::answer(&everflow::clicks(0..60)));
    transcript.fetcher("land rows.json -q --source network-clicks --covers 2025-01-10/2025-01-10 --as-of 2025-01-20");
    transcript.text.clear();
    transcript
}

#[test]
fn doctor_of_the_healthy() {
    let server = server();
    let mut transcript = landed();
    doctor(&mut transcript, &server.base_url(), Some("network-key"), "");
    doctor(&mut transcript, &server.base_url(), Some("network-key"), "--lake new --format json");
    doctor(&mut transcript, &server.base_url(), Some("affiliate-key"), "--lake new");
    assert_transcript!(transcript);
}

#[test]
fn doctor_of_the_sick() {
    let server = server();
    let mut transcript = landed();
    doctor(&mut transcript, &server.base_url(), None, "");
    doctor(&mut transcript, &server.base_url(), Some("wrong-key"), "");
    doctor(&mut transcript, "http://everflow.example:80", Some("network-key"), "");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    doctor(&mut transcript, &nobody, Some("network-key"), "--give-up-after 1s");
    server.configure(|settings| settings.aggregate = Aggregate::Forbidden);
    transcript.file("lake/clicks/account=default/date=2025-01-10/.clicks.parquet.123.tmp", "half");
    doctor(&mut transcript, &server.base_url(), Some("network-key"), "");
    transcript.file("lake/clicks/account=default/date=2025-01-10/clicks.parquet", "PAR1 and no more");
    doctor(&mut transcript, &server.base_url(), Some("network-key"), "");
    fs::create_dir(transcript.path("foreign")).unwrap();
    transcript.file("foreign/lake.json", r#"{"format_version": 99}"#);
    doctor(&mut transcript, &server.base_url(), Some("network-key"), "--lake foreign");
    assert!(!transcript.text.contains("network-key") && !transcript.text.contains("wrong-key"));
    assert_transcript!(transcript);
}
