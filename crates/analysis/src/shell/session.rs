//! What lasts between the statements of a shell: what is asked about, and what has failed.

use std::fmt::Write as _;
use std::future::Future;
use std::ops::Range;
use std::path::PathBuf;

use clap::ValueEnum;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

use super::command::{COMMANDS, Command, CommandError, Setting};
use super::is_interactive;
use crate::args::{AnswerArgs, ShellArgs};
use crate::catalogue::Catalogue;
use crate::engine::EngineError;
use crate::environment::Environment;
use crate::formats::{Format, FormatError};
use crate::inquiry::Inquiry;
use crate::listing;
use crate::printer::Printer;
use crate::process;
use crate::request::{Question, RequestError};
use crate::run::{self, Outcome, RunError};
use crate::temporaries::Temporaries;

/// What comes after a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The next one.
    Go,
    /// Nothing.
    Leave,
}

/// A shell between two statements.
pub(super) struct Session {
    options: AnswerArgs,
    context: Context,
    /// Where statements are answered.
    workers: Runtime,
    /// Where this thread waits for them.
    own: Runtime,
    outcome: Outcome,
}

/// What answering takes besides options.
#[derive(Clone)]
struct Context {
    environment: Environment,
    printer: Printer,
    temporaries: Temporaries,
}

impl Session {
    pub(super) fn new(
        args: ShellArgs,
        environment: Environment,
        printer: Printer,
        temporaries: Temporaries,
    ) -> Result<Self, RunError> {
        let own = Builder::new_current_thread().enable_all().build().map_err(RunError::Stdin)?;
        let workers = process::workers().map_err(RunError::Stdin)?;
        let ShellArgs { lake, queries, format } = args;
        let (params, output, raw, require_complete) = (Vec::new(), None, false, false);
        let options = AnswerArgs { lake, params, queries, format, output, raw, require_complete };
        let context = Context { environment, printer, temporaries };
        Ok(Self { options, context, workers, own, outcome: Outcome::Done })
    }

    /// The folder of the user's own queries.
    pub(super) fn queries(&self) -> Option<PathBuf> {
        self.options.queries.clone()
    }

    /// Whether anything failed so far.
    pub(super) fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Answers the statement in these bytes of a text that begins on this line of `name`; what is wrong with it is said.
    ///
    /// # Errors
    /// Only what ends the shell.
    pub(super) fn statement(
        &mut self,
        text: &str,
        bytes: Range<usize>,
        name: &str,
        line_number: usize,
    ) -> Result<Next, RunError> {
        let before = &text[..bytes.start];
        // What is left out is blank, so that positions in errors are those in the text.
        let lines = line_number - 1 + before.matches('\n').count();
        let columns = before.rsplit('\n').next().map_or(0, |line| line.chars().count());
        let mut question = Question::of_statement(&text[bytes]);
        question.text.sql = format!("{}{}{}", "\n".repeat(lines), " ".repeat(columns), question.text.sql);
        question.text.name = name.to_owned();
        let answered = self.answer(question, Vec::new());
        self.said(answered)
    }

    /// Obeys a command; what is wrong with it is said.
    ///
    /// # Errors
    /// Only what ends the shell.
    pub(super) fn command(&mut self, line: &str) -> Result<Next, RunError> {
        let obeyed = match Command::parse(line) {
            Ok(Command::Leave) => return Ok(Next::Leave),
            Ok(command) => self.obey(command),
            Err(error) => Err(error.into()),
        };
        self.said(obeyed)
    }

    /// An error is said and remembered; one of the output ends the shell.
    fn said(&mut self, ended: Result<(), RunError>) -> Result<Next, RunError> {
        match ended {
            Ok(()) => {}
            Err(error @ RunError::Format(FormatError::BrokenPipe | FormatError::Output(_))) => return Err(error),
            Err(error) => {
                self.context.printer.error(&error);
                let is_bug = matches!(error, RunError::Engine(EngineError::Bug(_)));
                self.outcome = if is_bug || self.outcome == Outcome::Bug { Outcome::Bug } else { Outcome::Failed };
            }
        }
        Ok(Next::Go)
    }

    fn obey(&mut self, command: Command) -> Result<(), RunError> {
        match command {
            Command::Leave => Ok(()),
            Command::Help => listing::print(&self.help()),
            Command::Tables => self.tables(),
            Command::Columns(table) => self.answer(Question::of_statement(&format!("DESCRIBE {table}")), Vec::new()),
            Command::List(words) => {
                let catalogue = Catalogue::load(self.options.queries.as_deref()).map_err(RequestError::from)?;
                let listed = listing::list(
                    &catalogue,
                    &words,
                    self.options.format,
                    &self.context.environment,
                    &self.context.printer,
                );
                self.own.block_on(listed).map(|_| ())
            }
            Command::Sql(name) => {
                let catalogue = Catalogue::load(self.options.queries.as_deref()).map_err(RequestError::from)?;
                listing::print_sql(&catalogue, &[name])
            }
            Command::Run(name, params) => self.answer(Question::find(&name, self.options.queries.as_deref())?, params),
            Command::Set(setting, value) => self.set(setting, value),
        }
    }

    /// Answers on the workers, and waits; Ctrl-C ends the waiting and the answer.
    fn answer(&mut self, question: Question, params: Vec<String>) -> Result<(), RunError> {
        let (options, context) = (AnswerArgs { params, ..self.options.clone() }, self.context.clone());
        let answered = self.wait(async move {
            let Context { environment, printer, temporaries } = &context;
            let inquiry = Inquiry::of(&options.lake, environment, temporaries)?;
            printer.detail("asking; Ctrl-C cancels");
            run::answer_from(&inquiry, &question, &options, environment, printer, temporaries).await
        })?;
        if let Some(answered) = answered
            && is_interactive()
        {
            let (rows, s) = (answered.rows, if answered.rows == 1 { "" } else { "s" });
            self.context.printer.note(format_args!("{rows} row{s} in {:.2} s", answered.seconds));
        }
        Ok(())
    }

    /// `None` where it was cancelled. A bug in it is one of the shell, too.
    fn wait<T: Send + 'static>(
        &mut self,
        work: impl Future<Output = Result<T, RunError>> + Send + 'static,
    ) -> Result<Option<T>, RunError> {
        let mut task = self.workers.spawn(work);
        let ended = self.own.block_on(async {
            let cancelled = async {
                match signal(SignalKind::interrupt()) {
                    // A script is ended as a whole.
                    Ok(mut interrupt) if is_interactive() => drop(interrupt.recv().await),
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = cancelled => None,
                ended = &mut task => Some(ended),
            }
        });
        match ended {
            Some(Ok(result)) => result.map(Some),
            Some(Err(stopped)) => std::panic::resume_unwind(stopped.into_panic()),
            None => {
                task.abort();
                // It is not waited for: it may be computing, and not listen for a while. The next has workers of its own.
                let workers = process::workers().map_err(RunError::Stdin)?;
                std::mem::replace(&mut self.workers, workers).shutdown_background();
                self.context.printer.note("cancelled");
                Ok(None)
            }
        }
    }

    fn help(&self) -> String {
        let mut out = String::from("Statements end with ; and may go over several lines. Commands:\n");
        for (name, arguments, about) in COMMANDS {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "  {:<27}  {about}", format!("{name} {arguments}"));
        }
        let AnswerArgs { lake, format, .. } = &self.options;
        let or = |value: &Option<String>, default: &str| value.clone().unwrap_or_else(|| default.to_owned());
        let (from, to) = (or(&lake.from, "the lake's first day"), or(&lake.to, "the lake's last day"));
        let _ = writeln!(
            out,
            "\nNow: from {from}, to {to}, time zone {}, account {}, format {format}",
            lake.timezone,
            or(&lake.account, "all")
        );
        out
    }

    fn tables(&mut self) -> Result<(), RunError> {
        let (options, context) = (self.options.clone(), self.context.clone());
        let rows = self.wait(async move {
            let inquiry = Inquiry::of(&options.lake, &context.environment, &context.temporaries)?;
            let tables = inquiry.ask(&context.printer, |opened| async move {
                let each = opened.tables().into_iter().map(|(name, schema)| [name, schema.fields().len().to_string()]);
                Ok(each.collect::<Vec<_>>())
            });
            tables.await
        })?;
        let format = self.options.format;
        rows.map_or(Ok(()), |rows| self.own.block_on(listing::write_texts(["table", "columns"], &rows, format)))
    }

    /// Changes a setting, where everything else still makes sense with it.
    fn set(&mut self, setting: Setting, value: Option<String>) -> Result<(), RunError> {
        let mut options = self.options.clone();
        match setting {
            Setting::From => options.lake.from = value,
            Setting::To => options.lake.to = value,
            Setting::TimeZone => options.lake.timezone = value.unwrap_or_else(|| "UTC".to_owned()),
            Setting::Account => options.lake.account = value,
            Setting::Format => {
                options.format = value.map_or(Ok(Format::Table), |name| {
                    Format::from_str(&name, true).map_err(|_| {
                        let names: Vec<String> = Format::value_variants().iter().map(ToString::to_string).collect();
                        CommandError::Format(name, format!("there are {}", names.join(", ")))
                    })
                })?
            }
        }
        let (lake, context) = (options.lake.clone(), self.context.clone());
        let opened = self.wait(async move {
            let inquiry = Inquiry::of(&lake, &context.environment, &context.temporaries)?;
            inquiry.ask(&context.printer, |_| async { Ok(()) }).await
        })?;
        if opened.is_some() {
            self.options = options;
        }
        Ok(())
    }
}
