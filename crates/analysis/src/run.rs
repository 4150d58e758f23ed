//! From arguments to an answer: the steps of every command, in their order.
//!
//! Owns what is said beside an answer.
//! Writes data to the output only, talk to the printer only.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::CommandFactory;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, stream};

use crate::args::{AnswerArgs, Arguments, Command};
use crate::blocklist::{self, BlocklistError};
use crate::catalogue::Catalogue;
use crate::check::{self, CheckError};
use crate::delivery::webhook::WebhookError;
use crate::engine::{Engine, EngineError};
use crate::environment::Environment;
use crate::evidence::{self, EvidenceError};
use crate::failpoint;
use crate::formats::{self, Format, FormatError, Meta};
use crate::inquiry::{Inquiry, Opened};
use crate::listing;
use crate::output::{Output, OutputError, SameFile};
use crate::printer::Printer;
use crate::report::{self, ReportError};
use crate::request::{Question, RequestError};
use crate::scorecard::{self, ScorecardError};
use crate::shell::{self, CommandError};
use crate::signals::{self, SignalError};
use crate::temporaries::Temporaries;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// What was typed is wrong.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The query fails.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The output cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// There is no blocklist.
    #[error(transparent)]
    Blocklist(#[from] BlocklistError),
    /// There is no case file.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The answer does not fit the format, or its writer failed.
    #[error(transparent)]
    Format(FormatError),
    /// The signals cannot be read, or do not answer as signals do.
    #[error(transparent)]
    Signals(SignalError),
    /// Scores cannot be made or kept.
    #[error(transparent)]
    Scorecard(#[from] ScorecardError),
    /// The output would lie among the lake's own files.
    #[error("--output {} lies in the lake, which is read-only here: write the answer elsewhere", .0.display())]
    OutputInLake(PathBuf),
    /// Two answers for one file.
    #[error(transparent)]
    SameFile(#[from] SameFile),
    /// A check, or what it finds, cannot be meant.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// A report cannot be made.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The webhook cannot be meant, or does not take the message.
    #[error(transparent)]
    Webhook(WebhookError),
    /// Binary on a terminal.
    #[error("{0} is binary: write it to a file with --output FILE, or pipe it")]
    BinaryOnTerminal(Format),
    /// The terminal cannot be used.
    #[error("cannot read from the terminal: {0}")]
    Terminal(String),
    /// What is piped in cannot be read.
    #[error("cannot read statements from stdin: {0}")]
    Stdin(#[source] std::io::Error),
    /// No command of the shell.
    #[error(transparent)]
    Shell(#[from] CommandError),
    /// The manual pages cannot be written.
    #[error("cannot write manual pages to {}: {source}", folder.display())]
    Manual {
        /// Where they were to go.
        folder: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// How a command ended, where it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Done, and something is wrong with the data: a threshold tripped.
    Findings,
    /// Answered, but over incomplete data, which was not to be.
    Incomplete,
    /// A part of it failed, which was said: a statement of a script, a check.
    Failed,
    /// The same, by a bug.
    Bug,
}

/// Runs a command. What it makes beside an answer is one of `temporaries`.
///
/// # Errors
/// [`RunError`] says what is wrong and what to do.
pub async fn run(
    arguments: Arguments,
    environment: &Environment,
    printer: &Printer,
    temporaries: &Temporaries,
) -> Result<Outcome, RunError> {
    match arguments.command {
        Command::Run { query, options } => {
            let question = Question::find(&query, options.queries.as_deref())?;
            answer(&question, &options, environment, printer, temporaries).await
        }
        Command::Sql { statement, options } => {
            answer(&Question::of_statement(&statement), &options, environment, printer, temporaries).await
        }
        Command::Report(args) => report::report(&args, environment, printer, temporaries).await,
        Command::Check(args) => check::check(&args, environment, printer, temporaries).await,
        Command::Blocklist(args) => blocklist::run(&args, environment, printer, temporaries).await,
        Command::Evidence(args) => evidence::run(&args, environment, printer, temporaries).await,
        Command::List { words, sql, queries, format } => {
            let catalogue = Catalogue::load(queries.as_deref()).map_err(RequestError::from)?;
            if sql {
                return listing::print_sql(&catalogue, &words).map(|()| Outcome::Done);
            }
            listing::list(&catalogue, &words, format, environment, printer).await
        }
        Command::Shell(args) => shell::run(*args, environment, printer, temporaries).await,
        Command::Man { folder } => {
            let written = clap_mangen::generate_to(Arguments::command(), &folder);
            written.map(|()| Outcome::Done).map_err(|source| RunError::Manual { folder, source })
        }
        Command::Signals(args) => signals::command(&args, environment, printer, temporaries).await,
        Command::Score(args) => scorecard::command::command(&args, environment, printer, temporaries).await,
        Command::Backtest(args) => scorecard::backtest::command(&args, environment, printer, temporaries).await,
    }
}

/// An answer that has begun: its first rows are there, so no replaced file can stop it from being planned again.
struct Begun {
    engine: Engine,
    rows: SendableRecordBatchStream,
    notes: Vec<String>,
    is_complete: bool,
}

async fn answer(
    question: &Question,
    args: &AnswerArgs,
    environment: &Environment,
    printer: &Printer,
    temporaries: &Temporaries,
) -> Result<Outcome, RunError> {
    let inquiry = Inquiry::of(&args.lake, environment, temporaries)?;
    inquiry.say_which_lake(printer);
    let answered = answer_from(&inquiry, question, args, environment, printer, temporaries).await?;
    Ok(if args.require_complete && !answered.is_complete { Outcome::Incomplete } else { Outcome::Done })
}

/// What became of an answer.
pub(crate) struct Answered {
    /// Its rows.
    pub(crate) rows: u64,
    /// What it took.
    pub(crate) seconds: f64,
    /// Whether what it rests on is all there.
    pub(crate) is_complete: bool,
}

/// Answers from the lake as it is now, and writes the answer.
///
/// # Errors
/// [`RunError`] says what is wrong and what to do.
pub(crate) async fn answer_from(
    inquiry: &Inquiry,
    question: &Question,
    args: &AnswerArgs,
    environment: &Environment,
    printer: &Printer,
    temporaries: &Temporaries,
) -> Result<Answered, RunError> {
    let started = Instant::now();
    refuse_binary_on_terminal(args.format, args.output.as_deref())?;
    inquiry.refuse_in_lake(args.output.as_deref())?;
    // Before the work: a folder that cannot be written to should not cost a long query first.
    let output = Output::open(args.output.as_deref(), temporaries)?;
    let begun = inquiry.ask(printer, |opened| begin(opened, question, args, inquiry.lake_folder())).await?;
    begun.notes.iter().for_each(|note| printer.note(note));
    let meta = Meta { title: question.title.clone(), about: question.about.clone(), notes: begun.notes };
    let options = format_options(args.raw, args.output.is_none(), environment);
    let written = formats::write(args.format, begun.rows, &meta, &options, output.writer()?).await;
    let written = written.map_err(|error| match error {
        FormatError::Query(error) => RunError::Engine(match begun.engine.explain(&question.text, &error) {
            EngineError::Replaced(reason) => {
                EngineError::Replaced(format!("the answer had begun and is cut off, do not use it: {reason}"))
            }
            other => other,
        }),
        other => RunError::Format(other),
    })?;
    output.commit()?;
    written.remarks.iter().for_each(|remark| printer.note(remark));
    if written.rows == 0 && begun.engine.days().is_some() {
        printer.note(no_rows(question, &args.params)?);
    }
    let (files, seconds) = (begun.engine.files_opened(), started.elapsed().as_secs_f64());
    printer.detail(format_args!("{} rows from {files} files in {seconds:.3} s", written.rows));
    Ok(Answered { rows: written.rows, seconds, is_complete: begun.is_complete })
}

/// An empty table looks like a broken one, unless it is said which parameters may have hidden rows.
fn no_rows(question: &Question, given: &[String]) -> Result<String, RequestError> {
    let values = question.bind(given)?;
    let each = question.params.iter().flatten().filter_map(|param| {
        let about = if param.about.is_empty() { String::new() } else { format!(" ({})", param.about) };
        values.get(&param.name).map(|value| format!("{} = {value}{about}", param.name))
    });
    let each = each.collect::<Vec<_>>().join(", ");
    Ok(if each.is_empty() { "the answer has no rows".to_owned() } else { format!("no rows with {each}") })
}

/// Plans and waits for the first rows.
async fn begin(
    mut opened: Opened,
    question: &Question,
    args: &AnswerArgs,
    lake: Option<&Path>,
) -> Result<Begun, RunError> {
    failpoint::hit("command");
    if scorecard::is_read_by(question)? {
        opened = scorecard::with_table(&opened, lake).await?;
    }
    let (answer, completeness) =
        (opened.answer(question, &args.params).await?, opened.completeness(question, &args.params).await?);
    let mut notes = opened.notes;
    notes.extend(completeness.notes);
    let engine = opened.engine;
    notes.extend(engine.absent_columns());
    let rows = with_first_batch(answer.rows).await.map_err(|error| engine.explain(&question.text, &error))?;
    Ok(Begun { engine, rows, notes, is_complete: completeness.is_complete })
}

/// Waits for the first batch, and gives a stream that begins with it.
pub(crate) async fn with_first_batch(
    mut rows: SendableRecordBatchStream,
) -> Result<SendableRecordBatchStream, datafusion::error::DataFusionError> {
    let schema = rows.schema();
    let first = rows.next().await.transpose()?;
    let all = stream::iter(first.map(Ok)).chain(rows);
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, all)))
}

pub(crate) fn refuse_binary_on_terminal(format: Format, output: Option<&Path>) -> Result<(), RunError> {
    if format.is_binary() && output.is_none() && std::io::stdout().is_terminal() {
        return Err(RunError::BinaryOnTerminal(format));
    }
    Ok(())
}

/// How an answer is written, to a terminal or elsewhere.
pub(crate) fn format_options(raw: bool, to_stdout: bool, environment: &Environment) -> formats::Options {
    formats::Options { raw, width: width(environment).filter(|_| to_stdout), color: to_stdout && color(environment) }
}

/// How many columns the terminal has; `None` where stdout is none.
pub(crate) fn width(environment: &Environment) -> Option<usize> {
    let terminal = || terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
    let columns = environment.columns.or_else(terminal).filter(|columns| *columns > 0);
    columns.filter(|_| std::io::stdout().is_terminal())
}

/// Whether answers on stdout may be styled.
pub(crate) fn color(environment: &Environment) -> bool {
    !environment.no_color && std::io::stdout().is_terminal()
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
