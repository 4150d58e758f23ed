//! Transcripts of whole processes: what was typed, exit code, stdout and stderr, compared with a committed copy.
//!
//! `INSTA_UPDATE=always` writes them anew; read them as whoever typed the command would.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::process::fetcher;

/// Commands typed one after the other in one folder, and what came of them.
pub(crate) struct Transcript {
    pub(crate) folder: TempDir,
    pub(crate) text: String,
}

impl Transcript {
    pub(crate) fn begin() -> Transcript {
        Transcript { folder: tempfile::tempdir().unwrap(), text: String::new() }
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Transcript {
        fs::write(self.path(name), bytes).unwrap();
        self
    }

    /// Types a command; quotes keep a word with spaces together.
    pub(crate) fn fetcher(&mut self, line: &str) {
        self.run(&format!("fetcher {line}"), fetcher().args(words(line)));
    }

    pub(crate) fn fetcher_reads(&mut self, line: &str, stdin: &Path) {
        self.run(
            &format!("fetcher {line} < {}", stdin.display()),
            fetcher().args(words(line)).stdin(fs::File::open(self.folder.path().join(stdin)).unwrap()),
        );
    }

    #[cfg(feature = "analyze")]
    pub(crate) fn analyze(&mut self, line: &str) {
        self.run(&format!("analyze {line}"), crate::process::analyze().args(words(line)));
    }

    /// Runs a command, which the transcript shows as `line`.
    pub(crate) fn run(&mut self, line: &str, command: &mut Command) {
        let output = command.current_dir(self.folder.path()).output().unwrap();
        let code = output.status.code().map_or_else(|| output.status.to_string(), |code| code.to_string());
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "$ {line}\nexit code: {code}");
        for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            if !bytes.is_empty() {
                let text = String::from_utf8_lossy(bytes).into_owned();
                let _ = writeln!(self.text, "-- {name}\n{}", text.trim_end());
            }
        }
        self.text.push('\n');
    }
}

fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find(['\'', '"']) {
        let (before, quoted) = rest.split_at(start);
        words.extend(before.split_whitespace().map(str::to_owned));
        let (quote, quoted) = quoted.split_at(1);
        let (word, after) = quoted.split_once(quote).unwrap();
        words.push(word.to_owned());
        rest = after;
    }
    words.extend(rest.split_whitespace().map(str::to_owned));
    words
}

/// Compares with the transcript of the same name; what depends on the clock is replaced.
macro_rules! assert_transcript {
    ($transcript:expr) => {
        insta::with_settings!({
            prepend_module_to_snapshot => false,
            omit_expression => true,
            filters => vec![
                (r"took         [0-9.]+ s, (.*), [0-9.]+ MB/s", "took         [SECONDS] s, $1, [RATE] MB/s"),
                (r#""seconds":[0-9.]+"#, r#""seconds":[SECONDS]"#),
                (r"[0-9,]+ of [0-9,]+ requests left", "[NUMBER] of [NUMBER] requests left"),
                (r#""megabytes_per_second":[0-9.]+"#, r#""megabytes_per_second":[RATE]"#),
            ],
        }, { insta::assert_snapshot!($transcript.text) });
    };
}
pub(crate) use assert_transcript;
