//! Answers that are kept as they came, and land again.

use std::fs;

use simulator::server::Wrapper;

use super::*;
use crate::process::{exit_with, land, said, succeed};

#[test]
fn kept_answers_land_again_with_their_coverage() {
    let (from, to) = (now() - 9 * DAY, now() - 5 * DAY);
    let scene = Scene::new(regular(from, to, 60));
    scene.server.configure(|settings| settings.wrapper = Wrapper::Rotating);
    let line = format!("--source invalid-clicks --from {} --to {} --keep-raw raw", time(from), time(to));
    succeed(&mut scene.pull(&line));
    let kept: Vec<PathBuf> = fs::read_dir(scene.path("raw")).unwrap().map(|entry| entry.unwrap().path()).collect();
    // The aggregate's answer is none of clicks.
    let clicks_requests = scene.server.count(simulator::server::Endpoint::InvalidClicks);
    assert_eq!(kept.len(), clicks_requests);
    for path in &kept {
        let body = zstd::decode_all(fs::File::open(path).unwrap()).unwrap();
        serde_json::from_slice::<Value>(&body).unwrap();
    }

    let again = scene.path("again");
    succeed(land(&again).args(&kept));
    assert_eq!(clicks_of(&again), scene.truth(from, to));
    assert_eq!(coverage_of(&again), coverage_of(&scene.lake()));
    assert_eq!(lake_files::bytes_of(&again), lake_files::bytes_of(&scene.lake()), "the same answers, other files");

    // What is not there is not covered.
    let (missing, rest) = kept.split_last().unwrap();
    let part = scene.path("part");
    succeed(land(&part).args(rest));
    assert!(coverage_of(&part).len() >= coverage_of(&again).len() || !is_covered(&part, from, to), "{missing:?}");
}

#[test]
fn a_second_that_was_had_in_parts_lands_again_without_its_proof() {
    let second = now() - 6 * DAY;
    let mut clicks = regular(second - HOUR, second + HOUR, 60);
    let burst = |number: i32| Click { error_code: 9 + number % 4, ..refused(second, format!("burst-{number}")) };
    clicks.extend((0..1500).map(burst));
    let scene = Scene::new(clicks);
    let (from, to) = (second - HOUR, second + HOUR);
    let line = format!("--source invalid-clicks --from {} --to {} --keep-raw raw", time(from), time(to));
    succeed(&mut scene.pull(&line));
    assert!(is_covered(&scene.lake(), from, to));
    let kept = fs::read_dir(scene.path("raw")).unwrap().map(|entry| entry.unwrap().path());
    let again = scene.path("again");
    let output = exit_with(land(&again).args(kept), 3);
    assert!(said(&output).contains(&time(second)), "{}", said(&output));
    assert_eq!(clicks_of(&again), scene.truth(from, to));
    assert!(is_covered(&again, from, second - 1) && is_covered(&again, second + 1, to));
    assert!(!is_covered(&again, second, second));

    // Another feed's answers do not prove this one's seconds.
    let line = format!("--source network-clicks --from {} --to {} --keep-raw raw", time(from), time(to));
    succeed(&mut scene.pull(&line));
    let kept = fs::read_dir(scene.path("raw")).unwrap().map(|entry| entry.unwrap().path());
    let output = exit_with(land(&scene.path("both")).args(kept), 3);
    let said = said(&output);
    assert!(said.contains(&format!("invalid-clicks {}, which no single answer", time(second))), "{said}");
}

#[test]
fn kept_answers_are_of_one_login_and_say_themselves_what_they_are() {
    let (from, to) = (now() - 6 * DAY, now() - 5 * DAY);
    let scene = Scene::new(regular(from, to, 600));
    let line = format!("--source invalid-clicks --from {} --to {} --keep-raw raw --account acme", time(from), time(to));
    succeed(&mut scene.pull(&line));
    let kept = fs::read_dir(scene.path("raw")).unwrap().next().unwrap().unwrap().path();
    let again = scene.path("again");
    let refused = |command: &mut Command, words: &str| {
        let output = exit_with(command, 2);
        assert!(said(&output).contains(words), "{}", said(&output));
        assert!(!again.join("clicks").exists());
    };
    refused(land(&again).arg(&kept), "--account acme");
    refused(land(&again).arg(&kept).args(["--source", "invalid-clicks"]), "leave out --source");
    fs::write(scene.path("other.json"), r#"{"clicks":[]}"#).unwrap();
    refused(land(&again).arg(&kept).arg(scene.path("other.json")), "land them one after the other");
    let bytes = fs::read(&kept).unwrap();
    fs::write(scene.path("torn.json.zst"), &bytes[..bytes.len() - 20]).unwrap();
    refused(land(&again).arg(scene.path("torn.json.zst")).args(["--account", "acme"]), "torn.json.zst");
}
