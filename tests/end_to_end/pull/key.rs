//! The key appears nowhere: everything is searched, with the log level at its most talkative.

use std::fs;
use std::process::Stdio;

use simulator::server::{Fault, Faults};

use super::*;

const KEY: &str = "k3y-that-must-not-be-seen-9f27c1";

fn assert_absent(bytes: &[u8], place: &str) {
    let is_there = bytes.windows(KEY.len()).any(|window| window.eq_ignore_ascii_case(KEY.as_bytes()));
    assert!(!is_there, "the key is in {place}");
}

#[test]
fn the_key_appears_nowhere() {
    let (from, to) = (now() - 9 * DAY, now() - 5 * DAY);
    let scene = Scene::new(regular(from, to, 60));
    fs::write(scene.path("key"), KEY).unwrap();
    for (number, (is_good, key_flags)) in
        [(true, ""), (true, "--api-key-file key"), (false, "")].into_iter().enumerate()
    {
        scene.server.configure(|settings| {
            settings.network_key = if is_good { KEY.to_owned() } else { "another".to_owned() };
            settings.faults = Faults {
                rates: vec![(Fault::Status(500), 50), (Fault::CutBody, 50), (Fault::HtmlPage, 50)],
                most_per_request: Some(1),
                ..Faults::default()
            };
        });
        let line = format!(
            "--source invalid-clicks --from {} --to {} --refetch --keep-raw raw --format json {key_flags}",
            time(from),
            time(to)
        );
        for log_format in ["json", "text"] {
            let mut pull = scene.pull(&line);
            pull.args(["--verbose", "--log-format", log_format]).env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
            if key_flags.is_empty() {
                pull.env("EVERFLOW_API_KEY", KEY);
            } else {
                pull.env_remove("EVERFLOW_API_KEY");
            }
            let child = pull.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            if let Ok(typed) = fs::read(format!("/proc/{}/cmdline", child.id())) {
                assert_absent(&typed, "the process list");
            }
            let output = child.wait_with_output().unwrap();
            let is_expected = output.status.code() == Some(if is_good { 0 } else { 4 });
            assert!(is_expected, "{number}: {}", String::from_utf8_lossy(&output.stderr));
            assert_absent(&output.stdout, "stdout");
            assert_absent(&output.stderr, "stderr");
            // What is only said at the most talkative level was said.
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains("TRACE") && (said.contains("asking") || !is_good), "{number}: {said}");
        }
    }
    let mut files = 0;
    for (path, bytes) in lake_files::bytes_of(scene.folder.path()) {
        if path.as_os_str() != "key" {
            assert_absent(&bytes, &path.display().to_string());
            files += 1;
            if path.to_string_lossy().ends_with(".zst") {
                assert_absent(&zstd::decode_all(&bytes[..]).unwrap(), &path.display().to_string());
            }
        }
    }
    assert!(files > 10);
}
