//! Kills the real binary at every step of its commits and at random moments, and pulls again.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use super::*;
use crate::process::{said, succeed};

const SIGABRT: i32 = 6;
/// Those of `crates/clicks`, which `crash.rs` kills a landing at as well.
const STEPS: [&str; 7] = [
    "folder-made",
    "temporary-made",
    "batch-written",
    "temporary-written",
    "temporary-synced",
    "renamed",
    "folder-synced",
];

struct Killed {
    scene: Scene,
    from: i64,
    to: i64,
}

impl Killed {
    fn new() -> Killed {
        let (from, to) = (now() - 9 * DAY, now() - 5 * DAY);
        let scene = Scene::new(regular(from, to, 60));
        scene.server.configure(|settings| {
            settings.faults.rates = vec![(simulator::server::Fault::BrokenRow, 200)];
            settings.latency = Duration::from_millis(20);
        });
        Killed { scene, from, to }
    }

    fn pull(&self) -> Command {
        let (from, to) = (time(self.from), time(self.to));
        self.scene.pull(&format!("--source invalid-clicks --from {from} --to {to} --max-quarantined 100%"))
    }

    /// What is covered is there, and nothing is there twice.
    fn check(&self) -> usize {
        if !self.scene.lake().join("lake.json").exists() {
            return 0;
        }
        let landed = clicks_of(&self.scene.lake());
        let truth = self.scene.truth(self.from, self.to);
        assert!(landed.iter().all(|(id, second)| truth.get(id) == Some(second)));
        for (first, last, _) in coverage_of(&self.scene.lake()) {
            for (id, _) in truth.iter().filter(|(_, second)| (first..=last).contains(second)) {
                assert!(landed.contains_key(id), "{} .. {} is covered, and lacks {id}", time(first), time(last));
            }
        }
        landed.len()
    }

    fn finish(&self) {
        succeed(&mut self.pull());
        assert_eq!(self.check(), self.scene.truth(self.from, self.to).len());
        assert!(is_covered(&self.scene.lake(), self.from, self.to));
        self.scene.server.forget_received();
        succeed(&mut self.pull());
        assert_eq!(self.scene.requests(), 0);
    }
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a release build has no points at which it can be killed")]
fn a_kill_at_a_step_of_a_commit_costs_only_what_was_not_folded() {
    let mut kills = 0;
    for step in STEPS {
        let killed = Killed::new();
        for visit in [1, 2, 4] {
            let output = killed.pull().env("CLICKPROOF_ABORT_AT", format!("{step}:{visit}")).output().unwrap();
            match output.status.signal() {
                Some(signal) => assert_eq!(signal, SIGABRT, "{}", said(&output)),
                None => assert_eq!(output.status.code(), Some(0), "{}", said(&output)),
            }
            kills += u32::from(output.status.signal().is_some());
            killed.check();
        }
        killed.finish();
    }
    assert!(kills >= 12, "only {kills} kills");
}

#[test]
fn a_kill_at_any_moment_costs_only_what_was_not_folded() {
    let mut kills = 0;
    for seed in 0..8_u64 {
        let killed = Killed::new();
        for round in 0..4_u64 {
            let mut child = killed.pull().spawn().unwrap();
            // Not to wait for something: moments that nobody chose, later each time.
            std::thread::sleep(Duration::from_millis(40 + (seed * 97 + round * 211) % 500));
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            kills += u32::from(output.status.signal().is_some());
            killed.check();
        }
        killed.finish();
    }
    assert!(kills >= 24, "only {kills} kills");
}
