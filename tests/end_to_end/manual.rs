//! Manual pages and completions: what they say is what can be typed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process::{exit_with, isolated, said, succeed};

const BINARIES: [(&str, &str); 2] =
    [("fetcher", env!("CARGO_BIN_EXE_fetcher")), ("analyze", env!("CARGO_BIN_EXE_analyze"))];

fn stdout(command: &mut Command) -> String {
    String::from_utf8(succeed(command).stdout).unwrap()
}

/// The long flags of a text.
fn flags(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.filter(|word| word.starts_with("--") && word.len() > 2).map(str::to_owned).collect()
}

/// The commands that a help lists.
fn commands(help: &str) -> Vec<String> {
    let listed = help.split_once("Commands:\n").unwrap().1.split("\n\n").next().unwrap();
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).filter(|name| name != "help").collect()
}

#[test]
fn every_command_has_a_page_and_every_flag_is_on_it() {
    let folder = tempfile::tempdir().unwrap();
    for (name, binary) in BINARIES {
        succeed(isolated(binary).arg("man").arg(folder.path()));
        let help = stdout(isolated(binary).arg("--help"));
        let commands = commands(&help);
        assert!(commands.len() >= 5, "{commands:?}");
        let helps = commands
            .iter()
            .map(|command| (format!("{name}-{command}.1"), stdout(isolated(binary).args([command, "--help"]))));
        for (page, help) in std::iter::once((format!("{name}.1"), help)).chain(helps.collect::<Vec<_>>()) {
            let path = folder.path().join(&page);
            let text = fs::read_to_string(&path).unwrap().replace("\\fB", "").replace("\\-", "-");
            let missing: Vec<_> = flags(&help).difference(&flags(&text)).cloned().collect();
            assert!(missing.is_empty(), "{page} does not have {missing:?}");
            assert!(flags(&help).len() >= 2, "{page}: {help}");
            no_warnings(&path);
        }
    }
}

/// Asks groff, where there is a `man` that has it.
fn no_warnings(page: &Path) {
    let mut man = isolated("man");
    man.args(["--warnings", "-E", "UTF-8", "-Tutf8", "-Z", "-l"]).arg(page).env("LC_ALL", "C.UTF-8");
    let Ok(output) = man.output() else { return };
    assert!(output.status.success() && output.stderr.is_empty(), "{}: {}", page.display(), said(&output));
}

#[test]
fn a_folder_that_is_not_there_is_said() {
    for (_, binary) in BINARIES {
        let said = said(&exit_with(isolated(binary).args(["man", "not/there"]), 2));
        assert!(said.contains("cannot write manual pages to not/there"), "{said}");
    }
}

/// What bash offers for these words, the last of which is being typed.
fn offers(binary: &str, words: &[&str]) -> Vec<String> {
    let mut asked = isolated(binary);
    asked.env("COMPLETE", "bash").env("_CLAP_IFS", "\n").env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string());
    stdout(asked.arg("--").args(words)).lines().map(str::to_owned).collect()
}

#[test]
fn shells_are_offered_what_can_be_typed() {
    let [(_, fetcher), (_, analyze)] = BINARIES;
    assert_eq!(offers(analyze, &["analyze", "run", "proxy_rate_"]), ["proxy_rate_by"]);
    assert_eq!(offers(analyze, &["analyze", "run", "x", "--account", ""]), ["acme-network", "partner-17"]);
    assert_eq!(offers(analyze, &["analyze", "sql", "--timezone", "America/New_"]), ["America/New_York"]);
    assert_eq!(offers(analyze, &["analyze", "run", "--format", "ma"]), ["markdown"]);
    assert!(offers(analyze, &["analyze", "list", ""]).len() >= 34);
    assert_eq!(offers(fetcher, &["fetcher", "pull", "--source", "net"]), ["network-clicks"]);
    assert_eq!(offers(fetcher, &["fetcher", "doc"]), ["doctor"]);
    assert!(said(&exit_with(isolated(analyze).env("COMPLETE", "tcsh"), 2)).contains("expected one of"));
}

/// The files of a package, and that each shell which is here can read its own.
#[test]
fn a_package_has_completions_and_pages() {
    let prefix = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist/make-share");
    let folder = Path::new(env!("CARGO_BIN_EXE_analyze")).parent().unwrap();
    succeed(isolated("bash").arg(&script).arg(folder).arg(prefix.path()));
    let share = prefix.path().join("share");
    for (name, _) in BINARIES {
        assert!(share.join(format!("man/man1/{name}.1")).is_file());
        for (shell, file) in [
            ("bash", format!("bash-completion/completions/{name}")),
            ("zsh", format!("zsh/site-functions/_{name}")),
            ("fish", format!("fish/vendor_completions.d/{name}.fish")),
        ] {
            let path = share.join(file);
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(name) && !text.contains("target"), "it names a folder of this build: {text}");
            let Ok(read) = isolated(shell).arg("-n").arg(&path).output() else { continue };
            assert!(read.status.success() && read.stderr.is_empty(), "{shell}: {}", said(&read));
        }
    }
    exit_with(isolated("bash").arg(&script), 2);
}
