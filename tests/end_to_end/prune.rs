//! `fetcher prune`: what it says, what it leaves, and what a kill leaves of it.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::DateTime;
use simulator::server::{Click, Endpoint, Server};

use crate::everflow;
use crate::lake_files::{self, bytes_of, ids_of, partitions};
use crate::process::{exit_with, fetcher, land, succeed, within};
use crate::transcript::{Transcript, assert_transcript};

#[test]
fn pruning() {
    let mut transcript = Transcript::begin();
    let mut rows = everflow::clicks(0..150);
    rows.extend(everflow::broken_rows());
    transcript.file("rows.json", everflow::answer(&rows));
    let land = "land rows.json -q --source network-clicks --covers 2025-01-10/2025-01-13 --as-of 2025-01-20";
    transcript.fetcher(&format!("{land} --max-quarantined 2"));
    transcript.fetcher("land rows.json -q --account other --max-quarantined 2");
    transcript.fetcher("prune --before '2025-01-11 12:00:00' --dry-run --account default");
    transcript.fetcher("prune --before '2025-01-11 12:00:00' --account default");
    transcript.fetcher("prune --before '2025-01-11 12:00:00' --account default");
    transcript.fetcher("status --account default --to 2025-01-13");
    transcript.fetcher("prune --before 2025-03-01 --format json");
    transcript.fetcher("prune --before 2999-01-01");
    transcript.fetcher("prune --before yesterday");
    transcript.fetcher("prune --before 2025-01-01 --account nobody");
    transcript.fetcher("prune --before 2025-01-01 --lake nowhere");
    assert_transcript!(transcript);
}

#[test]
#[cfg(feature = "analyze")]
fn analyze_what_was_pruned() {
    let mut transcript = Transcript::begin();
    transcript.file("rows.json", everflow::answer(&everflow::clicks(0..150)));
    transcript.fetcher("land rows.json -q --source network-clicks --covers 2025-01-10/2025-01-12 --as-of 2025-01-20");
    transcript.fetcher("prune -q --before '2025-01-11 12:00:00'");
    transcript.analyze("run invalid_rate_by_day --format csv --require-complete");
    transcript.analyze("run invalid_rate_by_day --format csv --to 2025-01-10");
    transcript.analyze("sql 'SELECT from_time, to_time, rows FROM coverage ORDER BY 1'");
    // Clicks that come back are no whole day until an answer proves it.
    transcript.fetcher("land rows.json -q --source network-clicks");
    transcript.analyze("run invalid_rate_by_day --format csv");
    transcript.fetcher("land rows.json -q --source network-clicks --covers 2025-01-10/2025-01-12 --as-of 2025-01-20");
    transcript.analyze("run invalid_rate_by_day --format csv --require-complete");
    assert_transcript!(transcript);
}

#[test]
fn what_was_pruned_is_not_asked_for_again() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let now = i64::try_from(now).unwrap();
    let clicks =
        (0..500).map(|number| Click { error_code: 9, ..Click::new(now - 3600 - number * 600, number.to_string()) });
    let server = Server::with_clicks(clicks.collect(), now).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let day = |ago: i64| DateTime::from_timestamp(now - ago * 86_400, 0).unwrap().date_naive().to_string();
    let pull = |flags: &[&str]| {
        let mut command = fetcher();
        command.current_dir(folder.path()).env("EVERFLOW_API_KEY", "network-key");
        command.args(["pull", "--source", "invalid-clicks", "--base-url", &server.base_url()]);
        succeed(command.args(["--from", &day(3), "--to", &day(1)]).args(flags));
    };
    pull(&[]);
    let (all, asked) = (lake_files::unique_ids(&folder.path().join("lake")), server.count(Endpoint::InvalidClicks));
    assert!(all.len() > 100 && asked > 0);
    succeed(fetcher().current_dir(folder.path()).args(["prune", "--before", &day(2)]));
    assert!(lake_files::unique_ids(&folder.path().join("lake")).len() < all.len());
    pull(&[]);
    assert_eq!(server.count(Endpoint::InvalidClicks), asked, "a time that is covered was asked for again");
    // Unless that is what is wanted: then the clicks are back, and no more pruned than they were at first.
    pull(&["--refetch"]);
    assert_eq!(lake_files::unique_ids(&folder.path().join("lake")), all);
}

/// By the path of a partition: the ids in it.
fn ids(lake: &Path) -> BTreeMap<PathBuf, BTreeSet<String>> {
    let relative = |path: &PathBuf| path.strip_prefix(lake).unwrap().to_owned();
    partitions(lake).iter().map(|path| (relative(path), ids_of(path).into_iter().collect())).collect()
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a release build has no points at which it can be killed")]
fn a_kill_at_every_step_of_pruning_leaves_a_right_lake() {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    let mut rows = everflow::clicks(0..150);
    rows.extend(everflow::broken_rows());
    let input = folder.path().join("rows.json");
    std::fs::write(&input, everflow::answer(&rows)).unwrap();
    let flags = ["--source", "network-clicks", "--covers", "2025-01-10/2025-01-12", "--as-of", "2025-01-11"];
    exit_with(land(&before).arg(&input).args(flags).args(["--max-quarantined", "2"]), 0);
    let prune = |lake: &Path| {
        let mut command = fetcher();
        command.args(["prune", "--before", "2025-01-12 12:00:00", "--lake"]).arg(lake);
        command
    };
    lake_files::copy(&before, &after);
    succeed(&mut prune(&after));
    let (old, new) = (ids(&before), ids(&after));
    assert!(old.keys().eq(new.keys()) && old != new && lake_files::quarantined(&after).is_empty());

    for step in ["temporary-made", "batch-written", "temporary-written", "temporary-synced", "renamed", "folder-synced"]
    {
        let mut kills = 0;
        loop {
            let lake = tempfile::tempdir_in(folder.path()).unwrap();
            lake_files::copy(&before, lake.path());
            let moment = format!("{step}:{}", kills + 1);
            let mut command = within("ulimit -c 0", &prune(lake.path()));
            let status = command.env("CLICKPROOF_ABORT_AT", &moment).status().unwrap();
            for (path, found) in ids(lake.path()) {
                let is_right = found == old[&path] || found == new[&path];
                assert!(is_right, "{moment}: {} holds neither its old clicks nor its new", path.display());
            }
            succeed(&mut prune(lake.path()));
            // What was left unfinished is removed by the next landing.
            let is_finished = |(path, _): &(PathBuf, Vec<u8>)| path.extension().is_none_or(|it| it != "tmp");
            let found: BTreeMap<_, _> = bytes_of(lake.path()).into_iter().filter(is_finished).collect();
            assert!(found == bytes_of(&after), "{moment}: pruning again leaves other files");
            if status.signal().is_none() {
                break;
            }
            kills += 1;
        }
        assert!(kills > 0, "pruning does not come by {step}");
    }
}
