//! Kills the real binary 200 times, at every step of its commits and at moments that nobody chose.
//!
//! After each kill the lake must read, hold every click once and all that was committed before, partition by partition
//! in its old or its new version; landing again must leave the files of a run that nobody disturbed, and no other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use tempfile::TempDir;

use crate::everflow;
use crate::lake_files::{self, bytes_of, quarantined, unique_ids};
use crate::process::{exit_with, land, within};

/// With those at every step, of which there are at least [`KILLS_AT_STEPS`], 200.
const KILLS_AT_RANDOM: u32 = 140;
const KILLS_AT_STEPS: u32 = 60;
const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;
const SIGXFSZ: i32 = 25;

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// A landing to be disturbed: the lake before it, its input, and the lake that an undisturbed run leaves.
struct Scene {
    folder: TempDir,
    input: String,
    before: Files,
    after: Files,
    ids_before: BTreeSet<String>,
}

impl Scene {
    /// The landing that makes the lake.
    fn birth() -> Scene {
        let mut rows = everflow::clicks(0..150);
        rows.extend(everflow::broken_rows());
        Scene::new(tempfile::tempdir().unwrap(), everflow::answer(&rows))
    }

    /// A landing that changes some clicks of a lake, leaves others, adds some, and begins a partition.
    fn growth() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let first = folder.path().join("first.ndjson");
        fs::write(&first, everflow::lines(&everflow::clicks(0..150))).unwrap();
        exit_with(land(&folder.path().join("before")).arg(first).args(["--source", "invalid-clicks"]), 0);
        let mut rows = everflow::later_clicks(75..225);
        rows.extend(everflow::broken_rows());
        Scene::new(folder, everflow::answer(&rows))
    }

    fn new(folder: TempDir, input: String) -> Scene {
        let (before, undisturbed) = (folder.path().join("before"), folder.path().join("undisturbed"));
        fs::create_dir_all(&before).unwrap();
        lake_files::copy(&before, &undisturbed);
        fs::write(folder.path().join("input.json"), &input).unwrap();
        let ids_before = unique_ids(&before);
        let scene = Scene { input, before: bytes_of(&before), after: Files::new(), ids_before, folder };
        scene.land_undisturbed(&undisturbed);
        assert_eq!(quarantined(&undisturbed).len(), everflow::broken_rows().len());
        assert!(unique_ids(&undisturbed).len() > scene.ids_before.len());
        Scene { after: bytes_of(&undisturbed), ..scene }
    }

    /// A copy of the lake as it was before.
    fn lake(&self) -> TempDir {
        let lake = tempfile::tempdir_in(self.folder.path()).unwrap();
        lake_files::copy(&self.folder.path().join("before"), lake.path());
        lake
    }

    /// The landing, which reads standard input, so that its rows are of the same source however they are fed.
    fn landing(&self, lake: &Path) -> Command {
        self.landing_within("ulimit -c 0", lake)
    }

    /// The landing within limits that a shell sets.
    fn landing_within(&self, limits: &str, lake: &Path) -> Command {
        let mut command = within(limits, &land(lake));
        command.args(["-", "--source", "invalid-clicks", "--covers", "2025-01-10/2025-01-13"]);
        command.args(["--as-of", "2025-01-15", "--max-quarantined", "2"]);
        command.stdin(File::open(self.folder.path().join("input.json")).unwrap());
        command
    }

    fn land_undisturbed(&self, lake: &Path) {
        exit_with(&mut self.landing(lake), 0);
    }

    fn is_new(&self, path: &Path, bytes: &[u8]) -> bool {
        self.after.get(path).is_some_and(|after| after == bytes) && self.before.get(path).is_none_or(|old| old != bytes)
    }

    /// The lake after a kill is a right one.
    fn check_killed(&self, lake: &Path, moment: &str) {
        let found = bytes_of(lake);
        let is_partition =
            |path: &Path| path.starts_with("clicks") && path.extension().is_some_and(|it| it == "parquet");
        let mut is_any_new = false;
        for (path, bytes) in found.iter().filter(|(path, _)| is_partition(path)) {
            let is_new = self.is_new(path, bytes);
            is_any_new |= is_new;
            let is_old = self.before.get(path).is_some_and(|old| old == bytes);
            assert!(is_old || is_new, "{moment}: {} is neither its old nor its new version", path.display());
        }
        let ids = unique_ids(lake);
        assert!(ids.is_superset(&self.ids_before), "{moment}: clicks that were committed are gone");
        // The new versions carry coverage: it may not claim a window whose rows in quarantine are not yet kept.
        let kept = quarantined(lake);
        assert!(!is_any_new || kept.len() == everflow::broken_rows().len(), "{moment}: covered before all was kept");
    }

    /// Kills a landing, checks the lake, and lands again. False where the landing ended before it was killed.
    fn disturb(&self, moment: &str, signal: i32, run: impl FnOnce(&Path) -> ExitStatus) -> bool {
        let lake = self.lake();
        let status = run(lake.path());
        let was_killed = status.signal().is_some();
        match status.signal() {
            Some(found) => assert_eq!(found, signal, "{moment}: ended with {status}"),
            None => assert!(status.success(), "{moment}: ended with {status}"),
        }
        self.check_killed(lake.path(), moment);
        self.land_undisturbed(lake.path());
        let found = bytes_of(lake.path());
        let differing: Vec<&PathBuf> =
            found.keys().chain(self.after.keys()).filter(|path| found.get(*path) != self.after.get(*path)).collect();
        assert!(
            differing.is_empty(),
            "{moment}: landing again leaves other files than an undisturbed run: {differing:?}"
        );
        was_killed
    }
}

/// Every name that the sources give to a step of a commit, so that a new one is tested as well.
fn steps() -> BTreeSet<String> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/clicks/src");
    let mut names = BTreeSet::new();
    for path in lake_files::paths_of(&sources) {
        let text = fs::read_to_string(sources.join(path)).unwrap();
        let calls = text.split("failpoint::hit(\"").skip(1);
        names.extend(calls.filter_map(|rest| rest.split_once('"')).map(|(name, _)| name.to_owned()));
    }
    names
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a release build has no points at which it can be killed")]
fn a_kill_at_every_step_of_every_commit_loses_nothing() {
    let mut kills = 0;
    for scene in [Scene::birth(), Scene::growth()] {
        for step in steps() {
            let mut visit = 1;
            loop {
                let moment = format!("{step}:{visit}");
                let run = |lake: &Path| scene.landing(lake).env("CLICKPROOF_ABORT_AT", &moment).status().unwrap();
                if !scene.disturb(&moment, SIGABRT, run) {
                    break;
                }
                visit += 1;
            }
            assert!(visit > 1, "no commit comes by the step {step}");
            kills += visit - 1;
        }
    }
    assert!(kills >= KILLS_AT_STEPS, "only {kills} kills");
}

#[test]
fn a_kill_at_any_moment_loses_nothing() {
    let scenes = [Scene::birth(), Scene::growth()];
    let mut dice = Dice(20_260_301);
    let (mut kills, mut tries) = (0, 0);
    while kills < KILLS_AT_RANDOM {
        tries += 1;
        assert!(tries < 10 * KILLS_AT_RANDOM, "only {kills} of {tries} landings were killed before they ended");
        let scene = &scenes[dice.below(2)];
        let was_killed = match dice.below(5) {
            0 => {
                let bytes = dice.below(scene.input.len());
                let beginning = &scene.input.as_bytes()[..bytes];
                scene.disturb(&format!("after {bytes} bytes of input"), SIGKILL, |lake| {
                    kill_after_input(scene.landing(lake), beginning)
                })
            }
            1 | 2 => {
                let largest = scene.after.values().map(Vec::len).max().unwrap();
                let blocks = dice.below(largest / 1024);
                // The kernel kills it in the middle of the write that makes a file longer.
                let limits = format!("ulimit -c 0; ulimit -f {blocks}");
                scene.disturb(&format!("at a file of {blocks} blocks"), SIGXFSZ, |lake| {
                    scene.landing_within(&limits, lake).status().unwrap()
                })
            }
            _ => {
                let written: usize = scene.after.values().map(Vec::len).sum();
                let bytes = dice.below(written);
                scene.disturb(&format!("once the lake grew by {bytes} bytes"), SIGKILL, |lake| {
                    kill_once_grown(scene.landing(lake), lake, bytes as u64)
                })
            }
        };
        kills += u32::from(was_killed);
    }
}

/// Feeds the beginning of an input, and kills when it is taken; the process then waits for more, or has begun to type.
fn kill_after_input(mut landing: Command, beginning: &[u8]) -> ExitStatus {
    let mut child = landing.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(beginning).unwrap();
    child.kill().unwrap();
    child.wait().unwrap()
}

/// Watches the lake, temporaries and all, and kills as soon as it holds so many bytes more.
fn kill_once_grown(mut landing: Command, lake: &Path, bytes: u64) -> ExitStatus {
    let size = || -> u64 {
        let paths = lake_files::paths_of(lake).into_iter();
        paths.filter_map(|path| fs::metadata(lake.join(path)).ok()).map(|metadata| metadata.len()).sum()
    };
    let wanted = size() + bytes;
    let mut child = landing.spawn().unwrap();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if size() >= wanted {
            child.kill().unwrap();
            return child.wait().unwrap();
        }
    }
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}
