//! The terminal: editing a statement over several lines, completing it, remembering it.
//!
//! Owns rustyline and the file of the history: `clickproof/history` in `XDG_STATE_HOME`, by default `~/.local/state`.
//! What cannot be remembered is said once, and typed all the same.

use std::path::PathBuf;

use etcetera::BaseStrategy;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Behavior, ColorMode, CompletionType, Config, Context, Editor, Helper};

use super::completion::Vocabulary;
use super::statements::is_complete;
use crate::catalogue::Catalogue;
use crate::printer::Printer;
use crate::run::RunError;

const PROMPT: &str = "analyze> ";
/// Statements that are remembered.
const HISTORY_MAX: usize = 5_000;

/// What somebody typed.
pub(super) enum Input {
    /// Statements that have ended, or a command.
    Text(String),
    /// Ctrl-C: what was typed is not meant.
    Cleared,
    /// Ctrl-D, or the terminal has gone.
    End,
}

/// A terminal with somebody at it.
pub(super) struct Terminal {
    editor: Editor<Assistant, FileHistory>,
    history: Option<PathBuf>,
    printer: Printer,
}

impl Terminal {
    /// Opens the terminal, also where stdout is none: answers go there, the prompt does not.
    pub(super) fn open(
        vocabulary: Vocabulary,
        queries: Option<PathBuf>,
        no_color: bool,
        printer: &Printer,
    ) -> Result<Self, RunError> {
        let config = Config::builder()
            .behavior(Behavior::PreferTerm)
            .completion_type(CompletionType::List)
            .color_mode(if no_color { ColorMode::Disabled } else { ColorMode::Enabled })
            .history_ignore_space(true)
            .max_history_size(HISTORY_MAX)
            .map_err(failed)?
            .build();
        let mut editor = Editor::with_config(config).map_err(failed)?;
        editor.set_helper(Some(Assistant { vocabulary, queries }));
        let mut terminal = Self { editor, history: None, printer: printer.clone() };
        match history_file() {
            Ok(path) => {
                // A file that is not there yet remembers nothing.
                if path.exists()
                    && let Err(error) = terminal.editor.load_history(&path)
                {
                    printer.note(format_args!(
                        "{} cannot be read, what was typed before is not known: {error}",
                        path.display()
                    ));
                }
                terminal.history = Some(path);
            }
            Err(reason) => printer.note(format_args!("what is typed is not remembered: {reason}")),
        }
        Ok(terminal)
    }

    /// Waits for statements or a command.
    pub(super) fn read(&mut self) -> Result<Input, RunError> {
        match self.editor.readline(PROMPT) {
            Ok(text) => {
                self.remember(&text);
                Ok(Input::Text(text))
            }
            Err(ReadlineError::Interrupted) => Ok(Input::Cleared),
            Err(ReadlineError::Eof) => Ok(Input::End),
            Err(error) => Err(failed(error)),
        }
    }

    /// At once, for a shell that is killed does not get another chance.
    fn remember(&mut self, text: &str) {
        if text.trim().is_empty() || !self.editor.add_history_entry(text).unwrap_or(false) {
            return;
        }
        if let Some(path) = &self.history
            && let Err(error) = self.editor.append_history(path)
        {
            self.printer.note(format_args!("what is typed is not remembered: {}: {error}", path.display()));
            self.history = None;
        }
    }
}

fn failed(error: ReadlineError) -> RunError {
    RunError::Terminal(error.to_string())
}

/// Where the history lies; its folder is made, for nobody else to read.
fn history_file() -> Result<PathBuf, String> {
    use std::os::unix::fs::DirBuilderExt;
    let places = etcetera::choose_base_strategy().map_err(|error| error.to_string())?;
    let folder = places.state_dir().unwrap_or_else(|| places.data_dir()).join("clickproof");
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
    made.map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder.join("history"))
}

/// What rustyline asks about a text.
struct Assistant {
    vocabulary: Vocabulary,
    queries: Option<PathBuf>,
}

impl Helper for Assistant {}
impl Highlighter for Assistant {}

impl Hinter for Assistant {
    type Hint = String;
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(&self, line: &str, position: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        // A catalogue that cannot be read says why when it is used.
        Ok(self.vocabulary.candidates(&line[..position], || Catalogue::load(self.queries.as_deref()).ok()))
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let is_complete = is_complete(context.input());
        Ok(if is_complete { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}
