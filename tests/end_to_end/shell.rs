//! `analyze shell`: with a script on stdin, and with somebody at a terminal.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};

use crate::everflow::{clicks, lines};
use crate::process::{analyze, exit_with, isolated, land, said, succeed};
use crate::transcript::{Transcript, assert_transcript};

#[test]
fn shell_scripts() {
    let mut typed = Transcript::begin();
    let scripts = [
        "SELECT 1 AS one; SELECT ';' AS two, -- not here ;\n  3 AS three;\n\n\\run error_codes\n\\d error_codes\nSELECT 'the last needs none' AS \"no ;\"",
        "SELECT 1;\n  SELEC 2;\nSELECT affiliat_id\nFROM clicks; SELECT nothing FROM click;\nSELECT 3;\n",
        "\\fromat csv\n\\run proxy_rat\n\\run proxy_rate min_click=3\n\\timezone Berlin\n\\from 2026-03-32\n\\account acme\n\\d click\n\\list spaceships\n\\run\n",
        "\\format csv\n\\from 2026-03-11\n\\to 2026-03-11 11:59:59\n\\timezone America/New_York\n\\account partner-17\nSELECT $from AS f, $to AS t, $timezone AS z, count(*) AS n FROM clicks WHERE click_time BETWEEN $from AND $to;\n\\q\nSELECT 'not asked';\n",
        "\\?\n\\d\n\\l drift\n\\sql coverage_by_day\n",
        "SELECT 'open",
        "",
    ];
    for (number, script) in scripts.iter().enumerate() {
        typed.file("script.sql", script);
        let mut command = analyze();
        command.args(["shell", "--format", if number == 0 { "table" } else { "csv" }]);
        command.stdin(File::open(typed.path("script.sql")).unwrap());
        typed.run(&format!("analyze shell <<'END'\n{script}\nEND"), &mut command);
    }
    assert_transcript!(typed);
}

#[test]
fn a_shell_needs_a_lake_and_text() {
    let folder = tempfile::tempdir().unwrap();
    let refused = exit_with(analyze().args(["shell", "--lake"]).arg(folder.path().join("none")), 2);
    assert!(said(&refused).contains("none"), "{}", said(&refused));
    let file = folder.path().join("latin1.sql");
    fs::write(&file, b"SELECT '\xe9';\n").unwrap();
    let refused = exit_with(analyze().arg("shell").stdin(File::open(&file).unwrap()), 2);
    assert!(said(&refused).contains("stdin") && refused.stdout.is_empty(), "{}", said(&refused));
}

/// A program may hold the other end, and ask again while clicks land.
#[test]
fn every_statement_sees_the_lake_as_it_is_then() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, file) = (folder.path().join("lake"), folder.path().join("rows.ndjson"));
    let landed = |numbers: std::ops::Range<u32>| {
        fs::write(&file, lines(&clicks(numbers))).unwrap();
        succeed(land(&lake).arg(&file));
    };
    landed(0..10);
    let mut shell = analyze()
        .args(["shell", "--quiet", "--format", "csv", "--lake"])
        .arg(&lake)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, mut stdout) = (shell.stdin.take().unwrap(), BufReader::new(shell.stdout.take().unwrap()));
    for (numbers, count) in [(0..10, "10"), (10..25, "25"), (25..26, "26")] {
        landed(numbers);
        stdin.write_all(b"SELECT count(*) FROM clicks;\n").unwrap();
        let answer: Vec<String> = (0..2)
            .map(|_| {
                let mut line = String::new();
                stdout.read_line(&mut line).unwrap();
                line.trim_end().to_owned()
            })
            .collect();
        assert_eq!(answer, ["count(*)", count]);
    }
    drop(stdin);
    assert!(shell.wait().unwrap().success());
}

#[test]
fn ctrl_c_ends_a_script_and_a_reader_that_left_is_no_failure() {
    let mut shell = analyze().args(["shell", "--quiet"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = shell.stdin.take().unwrap();
    stdin.write_all(b"SELECT 1 AS begun;\n").unwrap();
    let mut line = String::new();
    BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line.trim_end(), "begun");
    stdin.write_all(format!("{ENDLESS}\n").as_bytes()).unwrap();
    exit_with(Command::new("sh").arg("-c").arg(format!("kill -INT {}", shell.id())), 0);
    assert_eq!(shell.wait().unwrap().code(), Some(130));

    let mut script = isolated("sh");
    let many = "SELECT * FROM clicks LIMIT 2000;".repeat(3);
    script.arg("-c").arg(format!("echo '{many}' | {{ \"$0\" shell --quiet; echo $? >&2; }} | head -1 >/dev/null"));
    assert_eq!(said(&succeed(script.arg(env!("CARGO_BIN_EXE_analyze")))).trim_end(), "0");
}

/// A join that finds nothing, and looks for it without a pause.
const DEAF: &str =
    "SELECT count(*) FROM clicks a JOIN clicks b ON a.user_ip <> b.user_ip WHERE a.user_ip || b.user_ip = 'x';";

/// Longer than anybody wants to wait.
const ENDLESS: &str =
    "SELECT count(*) FROM clicks a, clicks b, clicks c WHERE a.user_ip < b.user_ip AND b.user_ip < c.user_ip;";
const PROMPT: &str = "analyze> ";

/// Somebody at a terminal, whose history lies in `state`.
fn at_a_terminal(state: &Path, flags: &[&str]) -> PtySession {
    let mut command = Command::new(env!("CARGO_BIN_EXE_analyze"));
    command.arg("shell").args(flags).env_clear().envs([("TERM", "xterm"), ("HOME", "/nonexistent")]);
    command.env("XDG_STATE_HOME", state);
    // Only a hang is as long.
    let options = Options::new().timeout_ms(Some(120_000)).strip_ansi_escape_codes(true);
    spawn_with_options(command, options).unwrap()
}

fn press(shell: &mut PtySession, keys: &str) {
    shell.send(keys).unwrap();
    shell.flush().unwrap();
}

#[track_caller]
fn expect(shell: &mut PtySession, text: &str) {
    if let Err(error) = shell.exp_string(text) {
        panic!("'{text}' never comes: {error}");
    }
}

#[track_caller]
fn leaves_well(shell: &PtySession) {
    let status = shell.process().wait().unwrap();
    assert!(format!("{status:?}").ends_with(", 0)"), "{status:?}");
}

#[test]
fn somebody_completes_cancels_and_goes_on() {
    let state = tempfile::tempdir().unwrap();
    let mut shell = at_a_terminal(state.path(), &["--verbose"]);
    expect(&mut shell, "\\? helps");
    expect(&mut shell, PROMPT);
    // Over two lines, with two Tabs, and a word that is completed in the middle of a list of many.
    press(&mut shell, "SELECT 40 + count(DISTINCT acc\t) AS answer FROM clic\t\r");
    press(&mut shell, "LIMIT 1;\r");
    expect(&mut shell, "answer");
    expect(&mut shell, "42");
    expect(&mut shell, "1 row in ");
    expect(&mut shell, PROMPT);
    // As often as there may be threads, and with a statement that does not listen while it computes.
    for _ in 0..4 {
        press(&mut shell, &format!("{DEAF}\r"));
        expect(&mut shell, "Ctrl-C cancels");
        shell.send_control('c').unwrap();
        expect(&mut shell, "cancelled");
        expect(&mut shell, PROMPT);
    }
    // Ctrl-C takes back what is half typed, a quote included.
    press(&mut shell, "SELECT 'half\r");
    // Until the second line has begun, the prompt is also that of a line drawn anew.
    expect(&mut shell, "'half\r\n");
    shell.send_control('c').unwrap();
    expect(&mut shell, PROMPT);
    press(&mut shell, "SELECT 6 * 7 AS whole, affiliat_id FROM clicks;\r");
    expect(&mut shell, "did you mean 'affiliate_id'?");
    expect(&mut shell, PROMPT);
    press(&mut shell, "\\format csv\r");
    expect(&mut shell, PROMPT);
    press(&mut shell, "\\run error_codes_by_o\t min_clicks=1\r");
    expect(&mut shell, "account,offer_id");
    expect(&mut shell, PROMPT);
    shell.send_control('d').unwrap();
    leaves_well(&shell);

    let remembered = fs::read_to_string(state.path().join("clickproof/history")).unwrap();
    assert!(remembered.contains("FROM clicks\\nLIMIT 1;") && !remembered.contains("half"), "{remembered}");
    // The next shell remembers.
    let mut shell = at_a_terminal(state.path(), &["--format", "csv"]);
    expect(&mut shell, PROMPT);
    press(&mut shell, "\u{1b}[A\r");
    expect(&mut shell, "account,offer_id");
    expect(&mut shell, PROMPT);
    press(&mut shell, "\\q\r");
    leaves_well(&shell);
}

#[test]
fn what_is_typed_ahead_is_answered_in_its_turn() {
    let state = tempfile::tempdir().unwrap();
    let mut shell = at_a_terminal(state.path(), &["--format", "csv"]);
    expect(&mut shell, PROMPT);
    press(&mut shell, "SELECT 40 + 2 AS first;\rSELECT 50 + 5 AS second;\rSELECT 6 *\r11 AS third;\r\\q\r");
    for answer in ["first\r\n42\r\n", "second\r\n55\r\n", "third\r\n66\r\n"] {
        expect(&mut shell, answer);
    }
    leaves_well(&shell);
}

#[test]
fn a_history_that_cannot_be_kept_is_said_and_no_more() {
    let mut shell = at_a_terminal(Path::new("/dev/null"), &[]);
    expect(&mut shell, "what is typed is not remembered: /dev/null/clickproof: ");
    expect(&mut shell, PROMPT);
    press(&mut shell, "SELECT 40 + 2 AS answer;\r");
    expect(&mut shell, "42");
    expect(&mut shell, PROMPT);
    press(&mut shell, "\\q\r");
    leaves_well(&shell);
}
