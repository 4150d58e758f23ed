//! Where answers go: eight formats that read back, files that appear whole or not at all, readers that leave, Ctrl-C.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int64Type, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::TempDir;

use crate::everflow::{clicks, lines};
use crate::process::{analyze, exit_with, isolated, land, said, succeed};

const FORMATS: [&str; 8] = ["table", "csv", "json", "ndjson", "markdown", "html", "parquet", "arrow"];

/// One column of every kind, and a text with all that some format must escape.
const QUERY: &str = "SELECT affiliate_id, sum(payout) AS paid, max(click_time) AS last, bool_or(is_proxy) AS proxied, \
                     'a,\"b\"|<c>&\n=1' AS odd, CAST(NULL AS VARCHAR) AS nothing \
                     FROM clicks GROUP BY affiliate_id ORDER BY affiliate_id";
const ODD: &str = "a,\"b\"|<c>&\n=1";
const NAMES: [&str; 6] = ["affiliate_id", "paid", "last", "proxied", "odd", "nothing"];

/// Two clicks: of affiliate 100 through a proxy at midnight, of affiliate 101 not.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new() -> Scene {
        let scene = Scene { folder: tempfile::tempdir().unwrap() };
        let rows = scene.path("rows.ndjson");
        fs::write(&rows, lines(&clicks(0..2))).unwrap();
        succeed(land(&scene.path("lake")).arg(rows).args(["--source", "network-clicks"]));
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn sql(&self, statement: &str) -> Command {
        let mut command = analyze();
        command.args(["sql", statement, "--lake"]).arg(self.path("lake")).current_dir(self.folder.path());
        command
    }

    /// What lies in the folder, apart from the lake and the input.
    fn outputs(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
        names.retain(|name| name != "lake" && name != "rows.ndjson");
        names.sort();
        names
    }
}

/// The cells that every format of text must hold, as `exact` or as `readable` numbers.
fn cells(paid: &str, odd: &str, nothing: &str) -> Vec<Vec<String>> {
    let row = |id: &str, time: &str, proxied: &str| {
        [id, paid, time, proxied, odd, nothing].iter().map(|cell| (*cell).to_owned()).collect()
    };
    vec![row("100", "2025-01-10T00:00:00Z", "true"), row("101", "2025-01-10T02:11:59Z", "false")]
}

/// RFC 4180.
fn csv_rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            letter => cell.push(letter),
        }
    }
    assert!(cell.is_empty() && row.is_empty() && !quoted, "the text ends in the middle of a row");
    rows
}

/// The rows of a Markdown table, whose cells hold no escaped `|` but our odd one.
fn markdown_rows(text: &str) -> Vec<Vec<String>> {
    let table = text.lines().filter(|line| line.starts_with('|'));
    let cells = |line: &str| {
        let line = line.replace("\\|", "\u{1}").replace("&lt;", "<").replace("&gt;", ">").replace("&#10;", "\n");
        let inner = line.trim_start_matches('|').trim_end().strip_suffix('|').unwrap().to_owned();
        inner.split('|').map(|cell| cell.trim().replace('\u{1}', "|").replace("&amp;", "&")).collect()
    };
    table.map(cells).collect()
}

/// The cells of the rows of an HTML table.
fn html_rows(text: &str) -> Vec<Vec<String>> {
    let decoded = |cell: &str| {
        let cell = cell.split_once("</td>").unwrap().0;
        let cell = cell.split_once('>').unwrap().1;
        let cell = if cell.starts_with("<data ") { cell.split(['>', '<']).nth(2).unwrap() } else { cell };
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&amp;", "&")]
            .iter()
            .fold(cell.to_owned(), |cell, (code, letter)| cell.replace(code, letter))
    };
    let body = text.split_once("<tbody>").unwrap().1.split_once("</tbody>").unwrap().0;
    body.split("<tr>").skip(1).map(|row| row.split("<td").skip(1).map(decoded).collect()).collect()
}

fn assert_typed(batches: &[RecordBatch]) {
    let batch = arrow::compute::concat_batches(&batches[0].schema(), batches).unwrap();
    let names: Vec<String> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, NAMES);
    assert_eq!(batch.column(0).as_primitive::<Int64Type>().values(), &[100, 101]);
    assert_eq!(batch.column(1).as_primitive::<Decimal128Type>().values(), &[125_000, 125_000]);
    assert_eq!(
        batch.column(2).as_primitive::<TimestampMicrosecondType>().values(),
        &[1_736_467_200_000_000, 1_736_475_119_000_000]
    );
    assert_eq!(batch.column(3).as_boolean().iter().collect::<Vec<_>>(), [Some(true), Some(false)]);
    assert_eq!(batch.column(4).as_string::<i32>().iter().collect::<Vec<_>>(), [Some(ODD); 2]);
    assert_eq!(batch.column(5).null_count(), 2);
    let money = ArrayFormatter::try_new(batch.column(1), &FormatOptions::default()).unwrap();
    assert_eq!(money.value(0).to_string(), "0.125000");
}

#[test]
fn every_format_is_written_to_a_file_and_reads_back() {
    let scene = Scene::new();
    for format in FORMATS {
        let path = scene.path("answer");
        let output = succeed(scene.sql(QUERY).args(["--format", format, "--output"]).arg(&path));
        assert_eq!((output.stdout.len(), said(&output).as_str()), (0, ""), "{format}");
        assert_eq!(scene.outputs(), ["answer"], "{format}");
        let bytes = fs::read(&path).unwrap();
        let text = || std::str::from_utf8(&bytes).unwrap();
        match format {
            "table" => {
                let rows: Vec<&str> = text().lines().collect();
                assert_eq!(rows.len(), 4);
                assert_eq!(rows[0].split_whitespace().collect::<Vec<_>>(), NAMES);
                // The line break is shown, not made.
                let cells = cells("0.125", "a,\"b\"|<c>&\\n=1", "-");
                let shown: Vec<Vec<&str>> = rows[2..].iter().map(|row| row.split_whitespace().collect()).collect();
                assert_eq!(shown, cells);
            }
            "csv" => {
                let rows = csv_rows(text());
                assert_eq!(rows[0], NAMES);
                assert_eq!(rows[1..], cells("0.125000", ODD, ""));
            }
            "markdown" => {
                let rows = markdown_rows(text());
                assert_eq!(rows[0], NAMES);
                assert_eq!(rows[2..], cells("0.125", ODD, ""));
            }
            "html" => assert_eq!(html_rows(text()), cells("0.125", ODD, "")),
            "json" => assert_json(serde_json::from_str(text()).unwrap(), text()),
            "ndjson" => {
                let rows = text().lines().map(|line| serde_json::from_str(line).unwrap());
                assert_json(rows.collect(), text());
            }
            "parquet" => {
                let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
                assert_typed(&reader.build().unwrap().map(Result::unwrap).collect::<Vec<_>>());
            }
            _ => {
                let reader = arrow::ipc::reader::FileReader::try_new(File::open(&path).unwrap(), None).unwrap();
                assert_typed(&reader.map(Result::unwrap).collect::<Vec<_>>());
            }
        }
        let printed = succeed(scene.sql(QUERY).args(["--format", format]));
        assert!(printed.stdout == bytes, "{format}: other bytes on stdout than in the file");
    }
}

fn assert_json(rows: Vec<serde_json::Value>, text: &str) {
    let expected = serde_json::json!([
        { "affiliate_id": 100, "paid": 0.125, "last": "2025-01-10T00:00:00Z", "proxied": true, "odd": ODD, "nothing": null },
        { "affiliate_id": 101, "paid": 0.125, "last": "2025-01-10T02:11:59Z", "proxied": false, "odd": ODD, "nothing": null },
    ]);
    assert_eq!(serde_json::Value::Array(rows), expected);
    assert!(text.contains(r#""paid":0.125000,"#), "money has all its digits: {text}");
}

#[test]
fn csv_cells_that_a_spreadsheet_would_run_are_tamed_unless_raw() {
    let scene = Scene::new();
    let hostile = "SELECT '=1+1' AS formula, -1 AS number";
    let answer = |flags: &[&str]| {
        let output = succeed(scene.sql(hostile).args(["--format", "csv"]).args(flags));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(answer(&[]), "formula,number\n'=1+1,-1\n");
    assert_eq!(answer(&["--raw"]), "formula,number\n=1+1,-1\n");
}

/// Both fail while rows are written: the second only after many.
#[test]
fn a_query_that_fails_leaves_no_file_and_an_old_one_as_it_was() {
    let scene = Scene::new();
    let late = "SELECT 1 / (value - 300000) AS x FROM generate_series(1, 300001) AS t(value)";
    for (statement, message) in [("SELECT user_ipp FROM clicks", "no column 'user_ipp'"), (late, "Divide by zero")] {
        for format in FORMATS {
            let output = exit_with(scene.sql(statement).args(["--format", format, "-o", "answer"]), 2);
            assert!(said(&output).contains(message), "{}", said(&output));
            assert_eq!((scene.outputs(), output.stdout.len()), (vec![], 0), "{format}");
        }
        fs::write(scene.path("answer"), "of yesterday").unwrap();
        exit_with(scene.sql(statement).args(["--format", "csv", "-o", "answer"]), 2);
        assert_eq!(fs::read_to_string(scene.path("answer")).unwrap(), "of yesterday");
        assert_eq!(scene.outputs(), ["answer"]);
        fs::remove_file(scene.path("answer")).unwrap();
    }
}

#[test]
fn whoever_reads_an_answer_may_go() {
    let scene = Scene::new();
    let many = "SELECT value, 'some text to fill the pipe' AS text FROM generate_series(1, 1000000) AS t(value)";
    for format in FORMATS {
        let mut child = scene.sql(many).args(["--format", format]).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_until(b'\n', &mut Vec::new()).unwrap();
        drop(stdout);
        assert_silent_success(child, format);
    }
    // It was gone from the beginning.
    let mut child = scene.sql("SELECT 1").spawn().unwrap();
    drop(child.stdout.take());
    assert_silent_success(child, "table");
    let mut shell = isolated("sh");
    let analyze = env!("CARGO_BIN_EXE_analyze");
    shell.args(["-c", &format!("{analyze} sql 'SELECT * FROM clicks' --lake lake --format csv | head -1 | wc -l")]);
    let output = succeed(shell.current_dir(scene.folder.path()));
    assert_eq!((String::from_utf8_lossy(&output.stdout).trim(), said(&output).as_str()), ("1", ""));
}

fn assert_silent_success(child: Child, format: &str) {
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), said(&output).as_str()), (Some(0), ""), "{format}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    let scene = Scene::new();
    for format in FORMATS {
        let mut full = scene.sql(QUERY);
        full.args(["--format", format]).stdout(File::options().write(true).open("/dev/full").unwrap());
        let output = exit_with(&mut full, 2);
        assert!(said(&output).contains("No space left on device"), "{format}: {}", said(&output));
    }
}

/// A query that nobody would wait for, with every thread busy or with rows that never end.
#[test]
fn ctrl_c_ends_a_long_query_and_leaves_no_file() {
    let scene = Scene::new();
    let busy = "SELECT count(*) FROM generate_series(1, 1000000) AS a(x), generate_series(1, 1000000) AS b(y) \
                WHERE (x * y) % 7 = 3";
    let endless = "SELECT x, y FROM generate_series(1, 1000000) AS a(x), generate_series(1, 1000000) AS b(y)";
    // Planned for a minute, without a pause in which a signal could be seen.
    let terms: Vec<String> = (0..600).map(|i| format!("affiliate_id <> {i}")).collect();
    let planned = format!("SELECT count(*) FROM clicks WHERE {}", terms.join(" AND "));
    // One step of which takes longer than anybody waits: nothing of it is handed on before all is counted.
    let single = "SELECT max(x) FROM generate_series(1, 1000000000000) AS a(x)";
    for (statement, signal) in [
        (busy, "INT"),
        (busy, "TERM"),
        (endless, "INT"),
        (endless, "TERM"),
        (&planned, "INT"),
        (&planned, "TERM"),
        (single, "INT"),
    ] {
        fs::write(scene.path("answer"), "of yesterday").unwrap();
        let mut child = scene.sql(statement).args(["--format", "csv", "-o", "answer"]).spawn().unwrap();
        // The temporary file is there before the query begins.
        while scene.outputs().len() == 1 {
            assert_eq!(child.try_wait().unwrap(), None, "it ended before it was interrupted");
            std::thread::yield_now();
        }
        succeed(isolated("sh").args(["-c", &format!("kill -{signal} {}", child.id())]));
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), said(&output).as_str()), (Some(130), ""), "{statement:.100}");
        assert_eq!(scene.outputs(), ["answer"], "{statement:.100}");
        assert_eq!(fs::read_to_string(scene.path("answer")).unwrap(), "of yesterday");
    }

    let mut child = scene.sql(endless).args(["--format", "ndjson"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 1];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    succeed(isolated("sh").args(["-c", &format!("kill -INT {}", child.id())]));
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
}

/// An interrupted query takes what it spilled with it.
#[test]
fn ctrl_c_leaves_nothing_in_the_temporary_folder() {
    let scene = Scene::new();
    let spills = scene.path("spills");
    fs::create_dir(&spills).unwrap();
    let sorted = "SELECT row_number() OVER (ORDER BY -value) AS r, repeat('x', 100) AS text FROM generate_series(1, 100000000) \
                  ORDER BY text, r";
    let mut child = scene.sql(sorted).args(["--memory-limit", "32MB"]).env("TMPDIR", &spills).spawn().unwrap();
    while files_below(&spills) == 0 {
        assert_eq!(child.try_wait().unwrap(), None, "it ended before it spilled");
        std::thread::yield_now();
    }
    succeed(isolated("sh").args(["-c", &format!("kill -INT {}", child.id())]));
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert_eq!(fs::read_dir(&spills).unwrap().count(), 0, "left behind");
}

/// Files of some size, in a folder that another process writes to.
fn files_below(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => files_below(&entry.path()),
        Ok(metadata) => usize::from(metadata.len() > 0),
        Err(_) => 0,
    });
    sizes.sum()
}

/// What no operator accounts for is bounded by the process.
#[cfg(target_os = "linux")]
#[test]
fn a_function_that_makes_too_much_is_stopped() {
    let scene = Scene::new();
    let huge = "SELECT length(repeat('x', 2000000000) || value::text) AS n FROM generate_series(1, 3)";
    let output = exit_with(scene.sql(huge).args(["--memory-limit", "64MB", "-o", "answer"]), 2);
    let expected = "error: the query took much more memory than its limit of 61.0 MiB, in a function such as repeat";
    assert!(said(&output).starts_with(expected), "{}", said(&output));
    assert!(scene.outputs().is_empty());
}

/// A bug of ours is said in one sentence, and leaves nothing behind.
#[test]
fn a_panic_is_a_bug() {
    let scene = Scene::new();
    for place in ["command", "planning"] {
        let mut broken = scene.sql("SELECT 1");
        let output = exit_with(broken.env("CLICKPROOF_PANIC_AT", place).args(["-o", "answer"]), 70);
        let said = said(&output);
        assert!(said.starts_with("error: internal error at crates/analysis/src/failpoint.rs:"), "{said}");
        assert!(said.ends_with(&format!("please report it: a test asked for it at {place}\n")), "{said}");
        assert_eq!((said.lines().count(), output.stdout.len(), scene.outputs().len()), (1, 0, 0));
    }
}

/// A lake that may only be read is enough.
#[test]
fn reading_changes_nothing() {
    let scene = Scene::new();
    let before = crate::lake_files::bytes_of(&scene.path("lake"));
    let read_only = |allowed: bool| set_writable(&scene.path("lake"), allowed);
    read_only(false);
    let output = succeed(&mut scene.sql("SELECT count(*) AS n FROM clicks"));
    read_only(true);
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().last().unwrap().trim(), "2");
    assert!(crate::lake_files::bytes_of(&scene.path("lake")) == before);
}

fn set_writable(folder: &Path, allowed: bool) {
    let mode = if allowed { "u+w" } else { "a-w" };
    succeed(isolated("chmod").arg("-R").arg(mode).arg(folder));
}
