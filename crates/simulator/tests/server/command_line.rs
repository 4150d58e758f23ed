//! `everflow-sim serve`: flags, first line, truth, end.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

const FLAGS: [&str; 9] =
    ["serve", "--from", "2026-03-02", "--days", "2", "--clicks-per-day", "400", "--now", "2026-03-05T00:00:00"];

fn sim(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_everflow-sim"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

struct Running {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
    base_url: String,
}

fn start(more: &[&str]) -> Running {
    let mut child = sim(&[&FLAGS[..], more].concat()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let base_url = line.trim_end().to_owned();
    assert!(base_url.starts_with("http://127.0.0.1:"), "{line}");
    Running { child, stdout, base_url }
}

impl Running {
    /// Ends it; it must do so cleanly, with nothing more on stdout.
    fn stop(mut self, signal: &str) -> String {
        let kill = format!("kill -{signal} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        let (mut rest, mut talk) = (String::new(), String::new());
        self.stdout.read_to_string(&mut rest).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut talk).unwrap();
        assert_eq!(rest, "");
        talk
    }

    async fn ask(&self, path: &str, key: &str) -> (u16, Value) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let body = json!({ "from": "2026-03-02 00:00:00", "to": "2026-03-04 00:00:00", "timezone_id": 67 });
        let asked = client.post(format!("{}{path}", self.base_url)).header("X-Eflow-API-Key", key).json(&body);
        let answer = asked.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

const NETWORK: &str = "/v1/networks/reporting/clicks/stream";
const AFFILIATE: &str = "/v1/affiliates/reporting/clicks/stream";
const INVALID: &str = "/v1/networks/reporting/invalidclicks";

fn ids<'a>(rows: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    rows.into_iter().map(|row| row["transaction_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_truth_is_what_the_feeds_return() {
    let file = std::env::temp_dir().join(format!("everflow-sim-truth-{}.ndjson", std::process::id()));
    let running =
        start(&["--truth", file.to_str().unwrap(), "--network-key", "mine", "--burst", "2026-03-02T10:00:00=50"]);
    let truth: Vec<Value> =
        std::fs::read_to_string(&file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    std::fs::remove_file(&file).unwrap();
    for (feed, path, key) in [
        ("invalid-clicks", INVALID, "mine"),
        ("affiliate-clicks", AFFILIATE, "affiliate-key"),
        ("network-clicks", NETWORK, "mine"),
    ] {
        let (status, answer) = running.ask(path, key).await;
        let rows = answer["clicks"].as_array().unwrap_or_else(|| panic!("{status} {answer}"));
        let expected: Vec<&Value> = truth.iter().filter(|line| line["feed"] == feed).collect();
        assert!(expected.len() > 10, "{feed}");
        assert_eq!(ids(rows), ids(expected.iter().copied()));
        for row in rows {
            let line = expected.iter().find(|line| line["transaction_id"] == row["transaction_id"]).unwrap();
            let revenue = if feed == "affiliate-clicks" { "payout" } else { "revenue" };
            assert_eq!((&row["unix_timestamp"], &row["revenue"]), (&line["unix_timestamp"], &line[revenue]));
            assert_eq!(row["relationship"]["offer"]["network_offer_id"], line["offer_id"]);
        }
    }
    assert_eq!(running.ask(NETWORK, "network-key").await.0, 401);
    let talk = running.stop("TERM");
    assert!(
        talk.contains("clicks from 2026-03-02 on") && talk.contains("the clock starts at 2026-03-05T00:00:00Z"),
        "{talk}"
    );
}

#[tokio::test]
async fn behaviour_and_faults_are_flags() {
    let running = start(&[
        "--cap",
        "invalid-clicks=7",
        "--wrapper",
        "table",
        "--script",
        "network-clicks:1=503",
        "--fault-seed",
        "2",
        "--latency",
        "1",
        "--retention",
        "2",
        "--no-limits",
    ]);
    assert_eq!(running.ask(NETWORK, "network-key").await.0, 503);
    let (status, answer) = running.ask(INVALID, "network-key").await;
    assert_eq!((status, answer["table"].as_array().unwrap().len()), (200, 7));
    let rows = running.ask(NETWORK, "network-key").await.1;
    let kept = |row: &Value| row["unix_timestamp"].as_i64().unwrap() >= 1_772_496_000 || row["has_conversion"] == true;
    assert!(rows["table"].as_array().unwrap().iter().all(kept), "two days before 5 March is 3 March");
    running.stop("INT");
}

fn fails(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = sim(arguments).output().unwrap();
    assert!(stdout.is_empty());
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn wrong_flags_exit_with_2_and_say_why() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = port.local_addr().unwrap().port().to_string();
    for (flags, reason) in [
        (["--now", "2026-03-32"], "not YYYY-MM-DDTHH:MM:SS"),
        (["--burst", "2026-03-02T10:00:00"], "an equals sign is missing"),
        (["--cap", "clicks=5"], "no feed is called \"clicks\""),
        (["--cap", "invalid-clicks=many"], "'many'"),
        (["--fault", "earthquake=5"], "no fault is called \"earthquake\""),
        (["--fault", "500=1001"], "'1001' is no number from 0 to 1000"),
        (["--script", "network-clicks=500"], "such as invalid-clicks:3"),
        (["--affiliate", "3"], "no affiliate 3"),
        (["--truth", "/nowhere/at/all"], "cannot write to /nowhere/at/all"),
        (["--port", &taken], "cannot serve on port"),
    ] {
        let (code, stderr) = fails(&[&["serve", "--days", "1", "--clicks-per-day", "10"], &flags[..]].concat());
        assert_eq!(code, Some(2), "{flags:?}: {stderr}");
        assert!(stderr.contains(reason), "{flags:?}: {stderr}");
    }
}
