//! How a pull ends: whole, in part, refused, unanswered, by a signal, by a server that hangs.

use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use simulator::server::{Endpoint, Fault, Scripted};

use super::*;
use crate::process::{exit_with, said, succeed};

/// Ten days of one click every five minutes, that ended five days ago.
fn quiet_days() -> (Scene, i64, i64) {
    let (from, to) = (now() - 15 * DAY, now() - 5 * DAY);
    (Scene::new(regular(from, to, 300)), from, to)
}

fn line(from: i64, to: i64) -> String {
    format!("--source invalid-clicks --from {} --to {}", time(from), time(to))
}

#[test]
fn all_is_there_and_a_second_pull_asks_nothing() {
    let (scene, from, to) = quiet_days();
    let output = succeed(scene.pull(&line(from, to)).args(["--format", "json"]));
    let summary = summary(&output);
    assert_eq!(clicks_of(&scene.lake()), scene.truth(from, to));
    assert_eq!((&summary["rows_new"], &summary["seconds_covered"]), (&2881.into(), &(10 * DAY + 1).into()));
    assert_eq!(summary["requests"], scene.requests());
    assert!(is_covered(&scene.lake(), from, to));
    let before = lake_files::bytes_of(&scene.lake());
    scene.server.forget_received();
    succeed(&mut scene.pull(&line(from, to)));
    assert_eq!(scene.requests(), 0);
    assert_eq!(lake_files::bytes_of(&scene.lake()), before);
}

#[test]
fn coverage_of_everything_serves_a_filtered_pull() {
    let (scene, from, to) = quiet_days();
    succeed(&mut scene.pull(&format!("{} --filter error_code=9", line(from, to))));
    assert!(scene.requests() > 0);
    scene.server.forget_received();
    succeed(&mut scene.pull(&format!("{} --filter error_code=9 --filter offer=1", line(from, to))));
    assert_eq!(scene.requests(), 0, "fewer rows than are there already");
    succeed(&mut scene.pull(&line(from, to)));
    assert!(scene.requests() > 0, "what was filtered is not everything");
    scene.server.forget_received();
    succeed(&mut scene.pull(&format!("{} --filter error_code=21", line(from, to))));
    assert_eq!(scene.requests(), 0);
}

#[test]
fn a_filter_that_is_ignored_is_an_error_and_covers_nothing() {
    let (scene, from, to) = quiet_days();
    scene.server.configure(|settings| {
        settings.unknown_filters = simulator::server::UnknownFilters::Ignored;
        settings.spelling = simulator::server::Spelling::Correct;
    });
    let output = exit_with(&mut scene.pull(&format!("{} --filter affiliate=77", line(from, to))), 4);
    assert!(said(&output).contains("ignored --filter"), "{}", said(&output));
    assert_eq!(coverage_of(&scene.lake()), []);
}

#[test]
fn a_bad_key_costs_one_request() {
    let (scene, from, to) = quiet_days();
    let mut pull = scene.pull(&line(from, to));
    let output = exit_with(pull.env("EVERFLOW_API_KEY", "another-key"), 4);
    assert_eq!(scene.requests(), 1);
    assert!(said(&output).contains("--base-url https://api-eu.eflow.team"), "{}", said(&output));
    let output = exit_with(pull.env("EVERFLOW_API_KEY", "affiliate-key"), 4);
    assert!(said(&output).contains("kind"), "{}", said(&output));
}

#[test]
fn an_answer_without_known_rows_is_an_error() {
    let (scene, from, to) = quiet_days();
    for fault in [Fault::UnknownWrapper, Fault::HtmlPage, Fault::ErrorWith200, Fault::EmptyBody] {
        scene.server.configure(|settings| {
            settings.faults.script = vec![Scripted::from_nth(Endpoint::InvalidClicks, 1, fault)];
        });
        let output = exit_with(&mut scene.pull(&format!("{} --give-up-after 1s", line(from, to))), 4);
        assert!(said(&output).contains("the answer is broken"), "{fault:?}: {}", said(&output));
        assert_eq!(coverage_of(&scene.lake()), [], "{fault:?}");
    }
}

#[test]
fn what_is_not_had_any_more_is_said_and_never_covered() {
    let (from, to) = (now() - 40 * DAY, now() - 20 * DAY);
    let scene = Scene::new(regular(from, to, 3600));
    let retention = simulator::server::Retention::Seconds(30 * DAY);
    scene.server.configure(|settings| settings.retention = retention);
    let mut pull = scene.pull(&format!("{} --retention 30d --format json", line(from, to)));
    let summary = summary(&exit_with(&mut pull, 3));
    assert_eq!(summary["uncovered_windows"][0]["reason"], "out-of-retention");
    let first_covered = coverage_of(&scene.lake())[0].0;
    assert!((now() - 30 * DAY..now() - 30 * DAY + 600).contains(&first_covered), "{}", time(first_covered));
    assert!(is_covered(&scene.lake(), first_covered, to));
}

#[test]
fn a_second_with_more_rows_than_can_be_had_is_said_and_asked_for_once() {
    let second = now() - 6 * DAY;
    let mut clicks = regular(second - HOUR, second + HOUR, 60);
    clicks.extend((0..1500).map(|number| refused(second, format!("burst-{number}"))));
    let scene = Scene::new(clicks);
    let line = line(second - HOUR, second + HOUR);
    let summary_of = |mut pull: Command| summary(&exit_with(pull.args(["--format", "json"]), 3));
    let first = summary_of(scene.pull(&line));
    assert_eq!(first["uncovered_windows"][0]["reason"], "saturated");
    assert_eq!(first["uncovered_windows"][0]["from"], time(second));
    assert!(coverage_of(&scene.lake()).contains(&(second, second, true)));
    assert!(is_covered(&scene.lake(), second - HOUR, second - 1));
    scene.server.forget_received();
    assert_eq!(summary_of(scene.pull(&line))["uncovered_windows"], first["uncovered_windows"]);
    assert_eq!(scene.requests(), 0);
    summary_of(scene.pull(&format!("{line} --refetch")));
    assert!(scene.requests() > 0);
}

#[test]
fn a_pull_of_few_requests_says_what_is_left_and_the_next_goes_on() {
    let (from, to) = (now() - 9 * DAY, now() - 5 * DAY);
    let scene = Scene::new(regular(from, to, 20));
    let mut pulls = 0;
    loop {
        let before = clicks_of_or_none(&scene);
        scene.server.forget_received();
        let output = scene.pull(&format!("{} --max-requests 7", line(from, to))).output().unwrap();
        assert!(scene.requests() <= 7);
        assert!(clicks_of_or_none(&scene) >= before, "what had landed is gone");
        pulls += 1;
        match output.status.code() {
            Some(0) => break,
            Some(3) => assert!(said(&output).contains("more would be needed"), "{}", said(&output)),
            code => panic!("{code:?}: {}", said(&output)),
        }
        assert!(pulls < 30, "it does not get on");
    }
    assert!(pulls > 2);
    assert_eq!(clicks_of(&scene.lake()), scene.truth(from, to));
}

fn clicks_of_or_none(scene: &Scene) -> usize {
    if scene.lake().exists() { clicks_of(&scene.lake()).len() } else { 0 }
}

#[test]
fn a_server_that_hangs_is_given_up_in_its_time_and_what_came_has_landed() {
    for fault in [Fault::Hang, Fault::HangInBody] {
        let (from, to) = (now() - 9 * DAY, now() - 5 * DAY);
        let scene = Scene::new(regular(from, to, 20));
        scene.server.configure(|settings| {
            settings.faults.script = vec![Scripted::from_nth(Endpoint::InvalidClicks, 8, fault)];
        });
        let begun = Instant::now();
        exit_with(&mut scene.pull(&format!("{} --give-up-after 2s", line(from, to))), 4);
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        assert!(!clicks_of(&scene.lake()).is_empty());
        scene.server.configure(|settings| settings.faults.script.clear());
        succeed(&mut scene.pull(&line(from, to)));
        assert_eq!(clicks_of(&scene.lake()), scene.truth(from, to));
    }
}

#[test]
fn two_pulls_at_once_both_end_well() {
    let (from, to) = (now() - 9 * DAY, now() - 5 * DAY);
    let scene = Scene::new(regular(from, to, 60));
    let both = [(); 2].map(|()| scene.pull(&line(from, to)).spawn().unwrap());
    for pull in both {
        let output = pull.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
    assert_eq!(clicks_of(&scene.lake()), scene.truth(from, to));
    assert!(is_covered(&scene.lake(), from, to));
}

#[test]
fn late_and_changed_rows_come_with_the_lookback() {
    let (from, edge) = (now() - 9 * DAY, now() - 5 * DAY);
    let mut clicks = regular(from, now(), 3600);
    let late = Click { appears_at: now() + 1_000_000, ..refused(edge - 60, "late") };
    let scene = Scene::new(clicks.clone());
    succeed(&mut scene.pull(&line(from, edge)));
    clicks.push(Click { appears_at: edge - 60, ..late });
    scene.server.set_clicks(clicks);
    succeed(&mut scene.pull("--source invalid-clicks --since-last --lookback 5m"));
    let landed = clicks_of(&scene.lake());
    assert!(landed.contains_key("late"));
    assert!(is_covered(&scene.lake(), from, now() - 660));
    assert_eq!(landed, scene.truth(from, now() - 590));
}

#[test]
fn a_signal_ends_a_follow_well_and_a_pull_interrupted() {
    let from = now() - 2 * DAY;
    for (flags, code) in [("--follow 1s", Some(0)), ("", Some(130))] {
        let scene = Scene::new(regular(from, now(), 30));
        if flags.is_empty() {
            // Answers wait, so that the signal comes while they are waited for.
            scene.server.hold();
        }
        let line = format!("--source invalid-clicks --from {} {flags}", time(from));
        let mut child = scene.pull(&line).stdout(Stdio::null()).spawn().unwrap();
        wait_for(|| if flags.is_empty() { scene.server.in_progress() > 0 } else { is_followed(&scene, from) });
        let status = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(status.success());
        let mut talk = String::new();
        child.stderr.take().unwrap().read_to_string(&mut talk).unwrap();
        let status = child.wait().unwrap();
        assert_eq!((status.code(), status.signal()), (code, None), "{talk}");
        scene.server.release();
    }
}

fn is_followed(scene: &Scene, from: i64) -> bool {
    scene.lake().join("lake.json").exists() && is_covered(&scene.lake(), from, now() - 700)
}

/// Waits for something that has to happen soon.
fn wait_for(mut has_happened: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !has_happened() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not happen");
        std::thread::yield_now();
    }
}
