//! Talk on stderr: notes, errors and details, as text or as JSON lines. Data never passes through here.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex};

use clap::ValueEnum;

/// How messages look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// A line of text, prefixed with its kind
    #[default]
    Text,
    /// One JSON object a line: level and message
    Json,
}

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Detail,
    Note,
    Error,
}

/// The one place that writes to stderr. Clones write to the same.
#[derive(Clone)]
pub struct Printer {
    format: LogFormat,
    quiet: bool,
    verbose: bool,
    color: bool,
    out: Arc<Mutex<Box<dyn Write + Send>>>,
}

impl Printer {
    /// A printer on this process's stderr. `quiet` leaves errors only, `verbose` adds details.
    pub fn on_stderr(format: LogFormat, quiet: bool, verbose: bool, no_color: bool) -> Self {
        let stderr = std::io::stderr();
        let color = !no_color && format == LogFormat::Text && stderr.is_terminal();
        Self { color, ..Self::new(format, quiet, verbose, Box::new(stderr)) }
    }

    /// A printer on any writer, without colour.
    pub fn new(format: LogFormat, quiet: bool, verbose: bool, out: Box<dyn Write + Send>) -> Self {
        Self { format, quiet, verbose, color: false, out: Arc::new(Mutex::new(out)) }
    }

    /// What a curious person wants to know; shown with `--verbose`.
    pub fn detail(&self, message: impl Display) {
        if self.verbose && !self.quiet {
            self.say(Level::Detail, &message);
        }
    }

    /// What a careful person must know; hidden with `--quiet`.
    pub fn note(&self, message: impl Display) {
        if !self.quiet {
            self.say(Level::Note, &message);
        }
    }

    /// Why there is no answer; always shown.
    pub fn error(&self, message: impl Display) {
        self.say(Level::Error, &message);
    }

    fn say(&self, level: Level, message: &dyn Display) {
        let name = match level {
            Level::Detail => "detail",
            Level::Note => "note",
            Level::Error => "error",
        };
        let line = match self.format {
            LogFormat::Json => serde_json::json!({ "level": name, "message": message.to_string() }).to_string(),
            LogFormat::Text => format!("{}: {}", self.styled(level, name), visible(&message.to_string())),
        };
        // Nobody can be told that stderr is closed.
        if let Ok(mut out) = self.out.lock() {
            let _ = writeln!(out, "{line}").and_then(|()| out.flush());
        }
    }

    fn styled(&self, level: Level, name: &str) -> String {
        let code = match level {
            _ if !self.color => return name.to_owned(),
            Level::Detail => 2,
            Level::Note => 33,
            Level::Error => 31,
        };
        format!("\u{1b}[{code}m{name}\u{1b}[0m")
    }
}

/// Messages quote names and SQL from outside: control characters must not reach the terminal.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A writer whose content tests can look at.
    #[derive(Clone, Default)]
    pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Shared {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn quiet_leaves_errors_and_verbose_adds_details() {
        for (quiet, verbose, expected) in [
            (false, false, "note: n\nerror: e\n"),
            (true, true, "error: e\n"),
            (false, true, "detail: d\nnote: n\nerror: e\n"),
        ] {
            let out = Shared::default();
            let printer = Printer::new(LogFormat::Text, quiet, verbose, Box::new(out.clone()));
            printer.detail("d");
            printer.note("n");
            printer.error("e");
            assert_eq!(out.text(), expected);
        }
    }

    #[test]
    fn json_lines_stay_one_line_and_text_cannot_take_over_the_terminal() {
        let out = Shared::default();
        Printer::new(LogFormat::Json, false, false, Box::new(out.clone())).error("two\nlines \"quoted\"");
        assert_eq!(out.text(), "{\"level\":\"error\",\"message\":\"two\\nlines \\\"quoted\\\"\"}\n");
        let out = Shared::default();
        Printer::new(LogFormat::Text, false, false, Box::new(out.clone())).note("a\u{1b}]0;b");
        assert_eq!(out.text(), "note: a\u{fffd}]0;b\n");
    }
}
