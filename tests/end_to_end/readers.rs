//! Writers and readers of one lake at the same time.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::everflow::{self, CLICKS_OF_DAY};
use crate::lake_files::{bytes_of, ids_of, partitions, unique_ids};
use crate::process::{exit_with, land, said, succeed};

/// Days whose clicks are landed again and again.
const DAYS: u32 = 3;
/// Landings that replace all partitions while others read.
const LANDINGS: u32 = 12;

#[test]
fn two_landings_at_once_both_finish_with_what_one_after_the_other_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.ndjson"), folder.path().join("b.ndjson"));
    fs::write(&a, everflow::lines(&everflow::clicks(0..150))).unwrap();
    fs::write(&b, everflow::lines(&everflow::later_clicks(100..250))).unwrap();
    let start = |lake: &Path, file: &PathBuf, as_of: &str| -> Child {
        land(lake).arg(file).args(["--source", "invalid-clicks", "--as-of", as_of]).spawn().unwrap()
    };
    let finish = |child: Child| {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}: {}", output.status, said(&output));
    };

    let alone = folder.path().join("alone");
    finish(start(&alone, &a, "2025-02-01"));
    finish(start(&alone, &b, "2025-02-02"));
    for round in 0..5 {
        let shared = folder.path().join(format!("shared-{round}"));
        let both = [start(&shared, &a, "2025-02-01"), start(&shared, &b, "2025-02-02")];
        both.into_iter().for_each(finish);
        let expected: BTreeSet<String> = (0..250).map(everflow::transaction_id).collect();
        assert_eq!(unique_ids(&shared), expected);
        assert!(bytes_of(&shared) == bytes_of(&alone), "other files than one landing after the other leaves");
    }
}

#[test]
fn a_landing_waits_for_the_lock_only_so_long() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, file) = (folder.path().join("lake"), folder.path().join("a.ndjson"));
    fs::write(&file, everflow::lines(&everflow::clicks(0..10))).unwrap();
    succeed(land(&lake).arg(&file));
    fs::write(&file, everflow::lines(&everflow::clicks(0..60))).unwrap();
    let before = bytes_of(&lake);

    let lock = File::options().write(true).open(lake.join(".lock")).unwrap();
    lock.lock().unwrap();
    let started = Instant::now();
    let refused = exit_with(land(&lake).arg(&file).args(["--lock-timeout", "1"]), 2);
    assert!(started.elapsed() >= Duration::from_secs(1) && started.elapsed() < Duration::from_secs(30));
    let expected = format!("error: another process kept the lock of {} for 1 s: wait for it", lake.display());
    assert!(said(&refused).contains(&expected), "{}", said(&refused));
    assert!(bytes_of(&lake) == before);

    let waiting = land(&lake).arg(&file).spawn().unwrap();
    lock.unlock().unwrap();
    let output = waiting.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(unique_ids(&lake).len(), 60);
}

/// A lake, and two files that change all its clicks to and fro.
struct Busy {
    folder: TempDir,
}

impl Busy {
    fn new() -> Busy {
        let busy = Busy { folder: tempfile::tempdir().unwrap() };
        let numbers = 0..DAYS * CLICKS_OF_DAY;
        fs::write(busy.file(0), everflow::lines(&everflow::clicks(numbers.clone()))).unwrap();
        fs::write(busy.file(1), everflow::lines(&everflow::later_clicks(numbers))).unwrap();
        busy.land(0);
        busy
    }

    fn lake(&self) -> PathBuf {
        self.folder.path().join("lake")
    }

    fn file(&self, which: u32) -> PathBuf {
        self.folder.path().join(format!("{which}.ndjson"))
    }

    /// Replaces every partition by one of the same clicks, observed a day later.
    fn land(&self, number: u32) {
        let as_of = format!("2025-02-{:02}", number + 1);
        let output =
            succeed(land(&self.lake()).arg(self.file(number % 2)).args(["--as-of", &as_of, "--format", "json"]));
        let written = format!(r#""partitions_written":{DAYS},"#);
        let summary = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(summary.contains(&written), "{summary}");
    }

    /// Lets `read` look at the lake again and again, while landings replace all of it.
    fn read_while_landings_go_on(&self, read: impl Fn(&Path)) {
        std::thread::scope(|scope| {
            let landings = scope.spawn(|| (1..=LANDINGS).for_each(|number| self.land(number)));
            while !landings.is_finished() {
                read(&self.lake());
            }
            landings.join().unwrap();
        });
        read(&self.lake());
    }
}

#[test]
fn whoever_opens_the_files_meanwhile_finds_every_click_once() {
    Busy::new().read_while_landings_go_on(|lake| {
        let partitions = partitions(lake);
        assert_eq!(partitions.len(), DAYS as usize);
        for partition in partitions {
            let ids = ids_of(&partition);
            assert_eq!(ids.len(), CLICKS_OF_DAY as usize, "{}", partition.display());
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{}", partition.display());
        }
    });
}

#[cfg(feature = "analyze")]
#[test]
fn analyze_meanwhile_counts_every_click_once() {
    let sql = "SELECT count(*) AS clicks, count(DISTINCT transaction_id) AS ids FROM clicks";
    let all = DAYS * CLICKS_OF_DAY;
    Busy::new().read_while_landings_go_on(|lake| {
        let mut analyze = crate::process::analyze();
        let answer = succeed(analyze.args(["sql", sql, "--format", "csv", "--lake"]).arg(lake));
        assert_eq!(
            String::from_utf8_lossy(&answer.stdout).trim_end().replace('\r', ""),
            format!("clicks,ids\n{all},{all}")
        );
    });
}
