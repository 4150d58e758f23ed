//! Bad input: exit code 2 and a sentence that helps, before anything is sent.

use crate::transcript::{Transcript, assert_transcript};

#[test]
fn pull_refusals() {
    let mut typed = Transcript::begin();
    typed.file("key", "network-key\n").file("empty-key", "\n").file("two-keys", "network-key other-key\n");
    let good = "--source invalid-clicks --from 2025-01-01 --to 2025-01-02";
    for flags in [
        "--source invalid-clicks --from 2024-11-31 --to 2024-12-01 --api-key-file key",
        "--source invalid-clicks --from 2024-12-01 --to 2024-11-31 --api-key-file key",
        "--source invalid-clicks --from 2025-01-02 --to 2025-01-01 --api-key-file key",
        "--source invalid-clicks --from 01/02/2025 --api-key-file key",
        "--source invalid-clicks --from 2999-01-01 --api-key-file key",
        "--source invalid-clicks --from '2025-03-30 02:30:00' --timezone Europe/Berlin --api-key-file key",
        "--source invalid-clicks --to 2025-01-01 --api-key-file key",
        "--source invalid-clicks --since-last --api-key-file key",
        "--source fraud --from 2025-01-01 --api-key-file key",
        &format!("{good} --timezone Berlin --api-key-file key"),
        &format!("{good} --filter colour=blue --api-key-file key"),
        &format!("{good} --filter error_code --api-key-file key"),
        &format!("{good} --filter error_code= --api-key-file key"),
        &format!("{good} --filter error_code=fraud --api-key-file key"),
        "--source affiliate-clicks --from 2025-01-01 --filter affiliate=5 --api-key-file key",
        good,
        &format!("{good} --api-key-file empty-key"),
        &format!("{good} --api-key-file two-keys"),
        &format!("{good} --api-key-file gone"),
        &format!("{good} --api-key secret"),
        &format!("{good} --api-key-file key --base-url http://everflow.example"),
        &format!("{good} --api-key-file key --base-url ftp://everflow.example"),
        &format!("{good} --api-key-file key --base-url everflow"),
        &format!("{good} --api-key-file key --base-url https://user:word@everflow.example"),
        &format!("{good} --api-key-file key --settle 10"),
        &format!("{good} --api-key-file key --retention never"),
        &format!("{good} --api-key-file key --max-requests 0"),
        &format!("{good} --api-key-file key --concurrency 11"),
        &format!("{good} --api-key-file key --follow 5m"),
        &format!("{good} --api-key-file key --lake s3"),
    ] {
        let line = format!("pull --quiet {flags}");
        // The last is no refusal: it shows that the table refuses what it says, and not everything.
        let line = if line.ends_with("--lake s3") { format!("{line} --dry-run --retention 100months") } else { line };
        typed.fetcher(&line);
    }
    assert!(!typed.path("lake").exists(), "a lake was made for a command that was refused");
    typed.text = typed.text.replace(&typed.folder.path().display().to_string(), "DIR");
    assert_transcript!(typed);
}

#[test]
fn pull_help() {
    let mut typed = Transcript::begin();
    typed.fetcher("pull --help");
    assert_transcript!(typed);
}
