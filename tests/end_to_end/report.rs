//! `analyze check` and `analyze report` as a scheduled job runs them: files, webhooks, metrics, and what goes wrong.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;

use crate::everflow::{clicks, lines, transaction_id};
use crate::process::{analyze, exit_with, isolated, land, said, succeed};

/// A name as nobody should have one, as JSON has it.
const HOSTILE: &str = r#""name":"<script>document.title='x'</script>\u202e\u001b[31m=HYPERLINK(1)""#;

/// A lake of two days with hostile names, and a folder for what is made of it.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new() -> Scene {
        let scene = Scene { folder: tempfile::tempdir().unwrap() };
        let rows = lines(&clicks(0..100)).replace(r#""name":"Affiliate""#, HOSTILE);
        fs::write(scene.path("rows.ndjson"), rows).unwrap();
        let covers = ["--covers", "2025-01-10/2025-01-11", "--as-of", "2025-01-12"];
        succeed(
            land(&scene.path("lake")).arg(scene.path("rows.ndjson")).args(["--source", "network-clicks"]).args(covers),
        );
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, command: &str, args: &[&str]) -> Command {
        let mut run = analyze();
        run.arg(command).args(["--lake", "lake", "--made-at", "2025-01-12 01:00:00"]).args(args);
        run.current_dir(self.folder.path());
        run
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }
}

/// A server that gives these answers, one to a request, and keeps what it was sent; then it takes connections and is silent.
struct Server {
    address: String,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn answering(statuses: &'static [u16]) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/hush", listener.local_addr().unwrap());
        let bodies: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&bodies);
        std::thread::spawn(move || {
            let mut silent = Vec::new();
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                match statuses.get(number) {
                    Some(status) => {
                        kept.lock().unwrap().push(body(&mut stream));
                        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                        stream.write_all(answer.as_bytes()).unwrap();
                    }
                    None => silent.push(stream),
                }
            }
        });
        Server { address, bodies }
    }

    fn bodies(&self) -> Vec<serde_json::Value> {
        self.bodies.lock().unwrap().iter().map(|body| serde_json::from_str(body).unwrap()).collect()
    }
}

fn body(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut part = [0; 65_536];
    loop {
        let read = stream.read(&mut part).unwrap();
        text.extend(&part[..read]);
        let all = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = all.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) || read == 0 {
                return body.to_owned();
            }
        }
    }
}

#[test]
fn reports_of_hostile_clicks_are_harmless_and_the_same_twice() {
    let scene = Scene::new();
    for name in ["a.html", "b.html"] {
        let output =
            succeed(&mut scene.run("report", &["--output", name, "--metrics", "report.prom", "--min-clicks", "1"]));
        assert!(output.stdout.is_empty() && !said(&output).contains('\u{1b}'), "{output:?}");
    }
    let html = scene.read("a.html");
    assert!(html == scene.read("b.html") && html.ends_with("</html>\n"), "two runs differ");
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script") && !html.contains(['\u{202e}', '\u{1b}']));
    let metrics = scene.read("report.prom");
    assert!(metrics.contains("clickproof_report_number{account=\"default\",of=\"clicks\"} 100\n"), "{metrics}");
    exit_with(&mut scene.run("check", &["--metrics", "check.prom", "--junit", "junit.xml"]), 1);
    for name in ["report.prom", "check.prom"] {
        let has_promtool = isolated("promtool").arg("--version").output().is_ok();
        if has_promtool {
            succeed(isolated("promtool").args(["check", "metrics"]).stdin(fs::File::open(scene.path(name)).unwrap()));
        }
    }
    let parse = "import sys, xml.etree.ElementTree as e; print(len(e.parse(sys.argv[1]).findall('.//testcase')))";
    let parsed = isolated("python3").args(["-c", parse]).arg(scene.path("junit.xml")).output().unwrap();
    assert!(String::from_utf8_lossy(&parsed.stdout).trim().parse::<usize>().unwrap() >= 10, "{parsed:?}");
}

#[test]
fn a_webhook_that_is_silent_costs_neither_page_nor_findings() {
    let scene = Scene::new();
    let silent = Server::answering(&[]);
    let hook = ["--webhook", silent.address.as_str(), "--webhook-timeout", "1"];
    let output = exit_with(&mut scene.run("report", &[&hook[..], &["--output", "r.html"]].concat()), 4);
    assert!(scene.read("r.html").ends_with("</html>\n"));
    let error = said(&output);
    assert!(error.contains("was not reached: no answer") && error.contains("all files are written"), "{error}");
    assert!(!error.contains("hush"), "the address is a secret: {error}");

    let check = [&hook[..], &["--state", "state.json", "--output", "findings.txt"]].concat();
    exit_with(&mut scene.run("check", &[&["unknown_fields"], &check[..]].concat()), 4);
    assert!(scene.read("findings.txt").contains("unknown_fields") && !scene.path("state.json").exists());
    // That errors were found says more than that nobody was told.
    let error = said(&exit_with(&mut scene.run("check", &check), 1));
    assert!(error.contains("was not reached: no answer") && !scene.path("state.json").exists(), "{error}");

    // A server that stumbles is asked again; then the findings are known, and nothing is sent.
    let stumbling = Server::answering(&[503, 200]);
    let check = ["--webhook", stumbling.address.as_str(), "--state", "state.json"];
    // A fifth of the clicks was refused as duplicates: an error, the first time.
    let first = exit_with(&mut scene.run("check", &check), 1);
    assert!(String::from_utf8_lossy(&first.stdout).contains("unknown_fields"));
    let second = succeed(&mut scene.run("check", &check));
    assert!(second.stdout.is_empty() && said(&second).contains("not repeated"), "{second:?}");
    let bodies = stumbling.bodies();
    assert_eq!((bodies.len(), &bodies[0]), (2, &bodies[1]));
    let text = bodies[0]["text"].as_str().unwrap();
    assert!(text.starts_with("Clickproof: ") && text.contains("• error default: 20.0 % of 100 clicks"), "{text}");
    assert_eq!(bodies[0]["check"]["findings"][0]["status"], "new");
}

#[test]
fn a_full_disk_for_metrics_costs_neither_page_nor_findings() {
    let scene = Scene::new();
    for (command, output) in [("report", "page.html"), ("check", "findings.txt")] {
        let args = ["--output", output, "--metrics", "/dev/full"];
        let error = said(&exit_with(&mut scene.run(command, &args), 2));
        assert!(error.contains("No space left") && !scene.read(output).is_empty(), "{command}: {error}");
    }
}

#[test]
fn what_cannot_be_done_is_said_and_changes_nothing() {
    let scene = Scene::new();
    fs::write(scene.path("page.html"), "before").unwrap();
    fs::write(scene.path("state.json"), "{").unwrap();
    fs::create_dir(scene.path("templates")).unwrap();
    fs::write(scene.path("templates/report.html"), "<p>\n{{ report.title|nothing }}").unwrap();
    for (command, args, problem) in [
        ("report", &["--output", "/dev/full"][..], "No space left"),
        ("report", &["--output", "page.html", "--metrics", "none/report.prom"], "there is no folder none"),
        ("report", &["--output", "page.html", "--templates", "templates"], "report.html:2"),
        ("report", &["--output", "page.html", "--webhook", "http://example.com/hush"], "--insecure"),
        ("report", &["--output", "page.html", "--lists", "none"], "none"),
        ("report", &["--output", "lake/page.html"], "lies in the lake"),
        ("report", &["--output", "page.html", "--affiliate", "7"], "affiliate 7 has no clicks"),
        ("check", &["--output", "page.html", "--state", "state.json"], "move it away to begin anew"),
        ("check", &["--output", "page.html", "--junit", "lake/junit.xml"], "lies in the lake"),
        ("check", &["--output", "/dev/full", "--format", "json"], "No space left"),
    ] {
        let error = said(&exit_with(&mut scene.run(command, args), 2));
        assert!(error.contains(problem) && !error.contains("hush"), "{args:?}: {error}");
        assert_eq!((scene.read("page.html").as_str(), scene.read("state.json").as_str()), ("before", "{"), "{args:?}");
    }
    let mut names: Vec<String> = fs::read_dir(scene.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["lake", "page.html", "rows.ndjson", "state.json", "templates"]);
}

#[test]
fn a_report_that_is_killed_is_whole_or_as_before() {
    let scene = Scene::new();
    for milliseconds in [20, 400, 900, 1_500] {
        fs::write(scene.path("page.html"), "before").unwrap();
        let mut child = scene.run("report", &["--output", "page.html"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        let page = scene.read("page.html");
        assert!(page == "before" || page.ends_with("</html>\n"), "after {milliseconds} ms: {} bytes", page.len());
    }
}

#[test]
fn what_landings_bring_is_checked() {
    let scene = Scene { folder: tempfile::tempdir().unwrap() };
    let mut rows = clicks(0..60);
    rows[3] = rows[3].replacen('{', r#"{"is_test_mode":true,"#, 1);
    // The same id on the next day, and a row without its time.
    rows[55] = rows[55].replace(&transaction_id(55), &transaction_id(1));
    rows[7] = rows[7].replacen("unix_timestamp", "unix_timestomp", 1);
    fs::write(scene.path("rows.ndjson"), lines(&rows)).unwrap();
    exit_with(land(&scene.path("lake")).arg(scene.path("rows.ndjson")).args(["--source", "network-clicks"]), 3);
    let names = ["test_mode_clicks", "quarantined", "ids_in_two_partitions", "unknown_fields"];
    let checked = exit_with(&mut scene.run("check", &[&names[..], &["--format", "json"]].concat()), 1);
    let document: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    let findings = document["findings"].as_array().unwrap().iter();
    let mut found: Vec<String> = findings
        .map(|finding| format!("{}: {}", finding["check"].as_str().unwrap(), finding["message"].as_str().unwrap()))
        .collect();
    found.sort();
    insta::assert_snapshot!(found.join("\n"));
}

#[test]
fn who_is_newly_flagged_is_told_once() {
    let scene = Scene { folder: tempfile::tempdir().unwrap() };
    let run = || {
        let mut run = analyze();
        run.current_dir(scene.folder.path());
        run.args(["check", "affiliate_flagged", "--state", "state.json", "--quiet"]);
        run
    };
    let first = exit_with(&mut run(), 1);
    let told = String::from_utf8(first.stdout).unwrap();
    assert!(told.contains("13 Nimbus Traffic Co. is flagged with a score of "), "{told}");
    assert_eq!(String::from_utf8(succeed(&mut run()).stdout).unwrap(), "");
}

#[test]
fn the_configuration_of_the_environment_is_followed_and_the_one_here_without_it() {
    let scene = Scene { folder: tempfile::tempdir().unwrap() };
    let allow = |name: &str, reason: &str| {
        let text = format!(
            "[[score.allow]]\naccount = \"acme-network\"\nentity = \"13\"\nreason = \"{reason}\"\nexpires = 2099-12-31\n"
        );
        fs::write(scene.path(name), text).unwrap();
    };
    allow("clickproof.toml", "let be here");
    allow("other.toml", "let be elsewhere");
    let said = |command: &[&str], config: Option<&str>| {
        let mut run = analyze();
        run.current_dir(scene.folder.path()).args(command).arg("--quiet");
        run.envs(config.map(|config| ("CLICKPROOF_CONFIG", scene.path(config))));
        String::from_utf8(run.output().unwrap().stdout).unwrap()
    };
    let scores = ["sql", "SELECT tier, allowed FROM anomaly_scores WHERE entity = '13'", "--format", "csv"];
    assert_eq!(said(&scores, None), "tier,allowed\nallowed,let be here (else: flag)\n");
    assert_eq!(said(&scores, Some("other.toml")), "tier,allowed\nallowed,let be elsewhere (else: flag)\n");
    let findings = said(&["check", "affiliate_flagged"], Some("other.toml"));
    assert!(!findings.contains("13 Nimbus"), "{findings}");
    let mut lost = analyze();
    lost.current_dir(scene.folder.path()).args(["check", "affiliate_flagged"]).env("CLICKPROOF_CONFIG", "none.toml");
    let refused = exit_with(&mut lost, 2);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("cannot read the configuration none.toml"));
}
