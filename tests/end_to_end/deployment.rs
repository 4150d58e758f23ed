//! The files that `docs/scheduling.md` offers for copying: their flags exist, their shell parses, and an incomplete pull
//! stops nothing.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{exit_with, fetcher, isolated, succeed};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

fn deployment(name: &str) -> String {
    fs::read_to_string(docs().join("deploy").join(name)).unwrap()
}

/// True where a program is on this machine.
fn exists(program: &str) -> bool {
    isolated("sh").args(["-c", &format!("command -v {program}")]).output().unwrap().status.success()
}

/// What is offered for copying, with continued lines in one.
fn offered() -> Vec<String> {
    let files = fs::read_dir(docs().join("deploy")).unwrap().map(|file| file.unwrap().path());
    let all = files.chain([docs().join("scheduling.md")]);
    all.map(|path| fs::read_to_string(path).unwrap().replace("\\\n", " ")).collect()
}

/// The number of flags of these commands in what is offered, each of which must exist.
fn flags_that_exist(name: &str, commands: &[&str], program: impl Fn() -> Command) -> usize {
    let mut helps: BTreeMap<String, String> = BTreeMap::new();
    let mut checked = 0;
    let start = format!("{name} ");
    for call in offered().iter().flat_map(|text| text.split(&start).skip(1)) {
        // Up to what ends a command, in a shell or in a sentence.
        let call = call.split(['\n', ';', '|', '`', '#', '>', '&']).next().unwrap();
        let mut words = call.split_whitespace().map(|word| word.trim_matches(['\'', '"', ')', ',', '}']));
        let Some(command) = words.next().filter(|word| commands.contains(word)) else { continue };
        let help = helps.entry(command.to_owned()).or_insert_with(|| {
            let output = succeed(program().args([command, "--help"]));
            String::from_utf8(output.stdout).unwrap()
        });
        for flag in words.filter(|word| word.starts_with("--")) {
            let is_there = help.split_whitespace().any(|word| word.trim_end_matches(',') == flag);
            assert!(is_there, "{name} {command} has no {flag}: {call}");
            checked += 1;
        }
    }
    checked
}

#[test]
fn every_flag_that_is_offered_exists() {
    let checked = flags_that_exist("fetcher", &["pull", "land", "status", "verify", "prune", "doctor"], fetcher);
    assert!(checked > 15, "only {checked} flags were found");
    #[cfg(feature = "analyze")]
    {
        let checked = flags_that_exist("analyze", &["run", "check", "report"], crate::process::analyze);
        assert!(checked > 10, "only {checked} flags were found");
    }
}

/// The job of the morning as it ships, run by a shell against a lake of today.
#[cfg(feature = "analyze")]
#[test]
fn the_morning_runs_as_written_and_stops_for_nothing() {
    use crate::everflow::{clicks, lines};
    let folder = tempfile::tempdir().unwrap();
    let (lake, out, bin) = (folder.path().join("lake"), folder.path().join("out"), folder.path().join("bin"));
    fs::create_dir_all(&bin).unwrap();
    let rows = folder.path().join("rows.ndjson");
    fs::write(&rows, lines(&clicks(0..60))).unwrap();
    succeed(crate::process::land(&lake).arg(&rows).args(["--source", "network-clicks"]));
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_analyze"), bin.join("analyze")).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let script = docs().join("deploy/clickproof-morning.sh");
    let mut morning = isolated("sh");
    morning.arg(&script).env("PATH", &path).env("CLICKPROOF_LAKE", &lake).env("CLICKPROOF_OUT", &out);
    // The clicks are of long ago: an error was found (the feed is late or not, fields are unknown), and the page is there.
    let output = morning.output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
    let mut names: Vec<String> =
        fs::read_dir(&out).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names[0].starts_with("clickproof-check.prom") && names[2].starts_with("report-2"), "{names:?}");
    assert_eq!((names.len(), names[3].as_str()), (4, "state.json"));
    exit_with(isolated("sh").arg(&script).env("PATH", &path), 2);
}

#[test]
fn shell_in_the_crontab_parses_and_rests_on_no_exit_code() {
    let text = deployment("clickproof.crontab");
    let commands = text.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    let mut found = 0;
    for line in commands {
        let command = line.splitn(6, ' ').nth(5).unwrap().replace("\\%", "%");
        assert!(!command.contains("&&"), "{line}");
        assert!(!line.replace("\\%", "").contains('%'), "cron takes a bare % for the end of the line: {line}");
        succeed(isolated("sh").args(["-n", "-c", &command]));
        found += 1;
    }
    assert_eq!(found, 4);
}

#[test]
fn systemd_understands_its_units() {
    if !exists("systemd-analyze") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let units = [
        "clickproof-pull@.service",
        "clickproof-pull@.timer",
        "clickproof-morning.service",
        "clickproof-morning.timer",
    ];
    for name in units {
        // The programs need not be installed where the tests run.
        let text = deployment(name).replace("/usr/local/bin/fetcher", env!("CARGO_BIN_EXE_fetcher"));
        let morning = docs().join("deploy/clickproof-morning.sh");
        let text = text.replace("/usr/local/bin/clickproof-morning", morning.to_str().unwrap());
        fs::write(folder.path().join(name), text).unwrap();
    }
    let mut verify = isolated("systemd-analyze");
    verify.arg("verify").args(units.map(|name| folder.path().join(name)));
    let output = succeed(&mut verify);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("clickproof-"), "{said}");
}

/// The shell of the CronJob's container.
fn script_of_the_cron_job() -> String {
    let text = deployment("clickproof-cronjob.yaml");
    let (_, after) = text.split_once("args:\n                - |\n").unwrap();
    let lines = after.lines().take_while(|line| line.is_empty() || line.starts_with("                  "));
    lines.map(|line| line.trim_start_matches("                  ").to_owned() + "\n").collect()
}

#[test]
fn kubernetes_understands_its_job() {
    let yaml = docs().join("deploy/clickproof-cronjob.yaml");
    let parse = "import sys, yaml\nkinds = [d['kind'] for d in yaml.safe_load_all(open(sys.argv[1]))]\nassert kinds == ['PersistentVolumeClaim', 'CronJob'], kinds";
    if isolated("python3").args(["-c", "import yaml"]).output().is_ok_and(|output| output.status.success()) {
        succeed(isolated("python3").args(["-c", parse]).arg(&yaml));
        let morning = docs().join("deploy/clickproof-morning-cronjob.yaml");
        succeed(isolated("python3").args(["-c", &parse.replace("'PersistentVolumeClaim', ", "")]).arg(&morning));
    }
    // What the container ends with when its two pulls end with these.
    for (codes, expected) in
        [([0, 0], 0), ([3, 0], 0), ([3, 3], 0), ([0, 4], 4), ([4, 3], 4), ([2, 3], 2), ([4, 70], 70)]
    {
        let folder = tempfile::tempdir().unwrap();
        let fake = folder.path().join("fetcher");
        let [first, second] = codes;
        fs::write(
            &fake,
            format!("#!/bin/sh\ncase \"$*\" in *invalid-clicks*) exit {first};; *) exit {second};; esac\n"),
        )
        .unwrap();
        fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:/usr/bin:/bin", folder.path().display());
        exit_with(isolated("sh").env("PATH", path).args(["-c", &script_of_the_cron_job()]), expected);
    }
}
