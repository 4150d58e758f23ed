//! The one place that writes to the terminal: data to stdout, talk to stderr.

use std::error::Error;
use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::args::{LogFormat, Talk};

/// Writes what a run has to say.
#[derive(Debug)]
pub struct Printer {
    is_quiet: bool,
    is_verbose: bool,
    log_format: LogFormat,
}

impl Printer {
    /// A printer that says as much as was asked for.
    #[must_use]
    pub fn new(talk: &Talk) -> Printer {
        Printer { is_quiet: talk.quiet, is_verbose: talk.verbose, log_format: talk.log_format }
    }

    /// Data, for whoever stdout is piped to.
    ///
    /// # Errors
    /// Those of stdout, a broken pipe among them.
    pub fn data(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{text}")?;
        stdout.flush()
    }

    /// Something to know, which is no error.
    pub fn note(&self, text: &str) {
        if !self.is_quiet {
            self.say("note", text);
        }
    }

    /// Something only a verbose run says.
    pub fn detail(&self, text: &str) {
        if self.is_verbose {
            self.say("detail", text);
        }
    }

    /// Something that the exit code speaks of as well.
    pub fn warning(&self, text: &str) {
        self.say("warning", text);
    }

    /// What ended the run.
    pub fn error(&self, error: &dyn Error) {
        self.say("error", &error.to_string());
    }

    /// What ended the run, in words.
    pub fn error_text(&self, text: &str) {
        self.say("error", text);
    }

    /// Text without a label, such as a summary.
    pub fn talk(&self, text: &str) {
        if !self.is_quiet {
            match self.log_format {
                LogFormat::Text => write_to_stderr(text),
                LogFormat::Json => self.say("summary", text),
            }
        }
    }

    fn say(&self, level: &str, text: &str) {
        match self.log_format {
            LogFormat::Text => write_to_stderr(&format!("{level}: {text}")),
            LogFormat::Json => write_to_stderr(&json!({ "level": level, "message": text }).to_string()),
        }
    }

    /// A progress bar over so many bytes, or a spinner; hidden unless stderr is a terminal.
    #[must_use]
    pub fn progress(&self, bytes: Option<u64>) -> ProgressBar {
        let is_shown = io::stderr().is_terminal() && !self.is_quiet && self.log_format == LogFormat::Text;
        let target = if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(bytes, target);
        let template = match bytes {
            Some(_) => "{bar:30} {bytes}/{total_bytes} {binary_bytes_per_sec} {msg} eta {eta}",
            None => "{spinner} {bytes} {binary_bytes_per_sec} {msg}",
        };
        ProgressStyle::with_template(template).map(|style| bar.clone().with_style(style)).unwrap_or(bar)
    }
}

/// A stderr that cannot be written to is no reason to fail.
fn write_to_stderr(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Makes a panic, which is a bug, end the process with one sentence and exit code 70.
pub fn report_bugs_with_code_70() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|wanted| wanted != "0") {
            default(info);
        }
        let place = info.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
        write_to_stderr(&format!(
            "bug: {}{place}; what was committed to the lake is safe; please report this",
            info.payload_as_str().unwrap_or("no message")
        ));
        std::process::exit(70);
    }));
}
