//! The process around a command: runtime, signals, panics and exit codes.
//!
//! Owns the only way from errors to exit codes. Promises that an interruption leaves no temporary file of ours, that a
//! closed pipe is success, and that a panic is one sentence and 70.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{CommandFactory, Parser};
use clap_complete::CompleteEnv;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{Arguments, Command};
use crate::delivery::webhook::WebhookError;
use crate::engine::{EngineError, memory};
use crate::environment::Environment;
use crate::formats::FormatError;
use crate::printer::Printer;
use crate::request::memory_limit_bytes;
use crate::run::{self, Outcome, RunError};
use crate::shell;
use crate::temporaries::Temporaries;

/// Planning a query of thousands of terms recurses deeply. The memory is only taken where it is used.
const WORKER_STACK_BYTES: usize = 256 << 20;

const DONE: u8 = 0;
const FINDINGS: u8 = 1;
const WRONG: u8 = 2;
const INCOMPLETE: u8 = 3;
const UNREACHED: u8 = 4;
const BUG: u8 = 70;
const INTERRUPTED: u8 = 130;

/// `analyze`, from its arguments to its exit code.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    // A shell that asks what can be typed next; it says so in the environment.
    let folder = std::env::current_dir().ok();
    match CompleteEnv::with_factory(Arguments::command).try_complete(args.clone(), folder.as_deref()) {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(WRONG);
        }
    }
    let arguments = match Arguments::try_parse_from(args) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are data and go to stdout; a reader that left is no failure.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(WRONG));
        }
    };
    let environment = Environment::read();
    let talk = &arguments.talk;
    let printer = Arc::new(Printer::on_stderr(talk.log_format, talk.quiet, talk.verbose, environment.no_color));
    report_panics(&printer);
    let code = workers().and_then(|runtime| {
        let code = run_until_signal(&runtime, arguments, environment, &printer);
        // What is still blocked in a system call must not keep the process.
        runtime.shutdown_background();
        code
    });
    let code = code.unwrap_or_else(|error| {
        printer.error(format_args!("cannot start: {error}"));
        WRONG
    });
    ExitCode::from(code)
}

/// Threads that queries are planned and answered on.
pub(crate) fn workers() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().thread_stack_size(WORKER_STACK_BYTES).enable_all().build()
}

/// Runs the command on `runtime`, and waits on a runtime of this thread's own: a query may keep every thread of the
/// first one busy for longer than a person wants to wait after pressing Ctrl-C. For the same reason a command that is
/// ended early is not waited for: this thread puts its temporary files away.
fn run_until_signal(
    runtime: &Runtime,
    arguments: Arguments,
    environment: Environment,
    printer: &Arc<Printer>,
) -> std::io::Result<u8> {
    let talk = Arc::clone(printer);
    let memory_limit_bytes = memory_limit_of(&arguments);
    let temporaries = Temporaries::default();
    let makes = temporaries.clone();
    // Somebody at a shell means a statement with Ctrl-C, and takes the terminal away when leaving it.
    let is_shell = matches!(arguments.command, Command::Shell(_)) && shell::is_interactive();
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        // Before the command begins: a signal must find its temporary files guarded.
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let mut command = runtime.spawn(async move { run::run(arguments, &environment, &talk, &makes).await });
        // Not otherwise, for `nohup` must keep its meaning.
        let mut hang_up = is_shell.then(|| signal(SignalKind::hangup())).transpose()?;
        let interrupted = async {
            tokio::select! {
                _ = interrupt.recv(), if !is_shell => {}
                _ = terminate.recv() => {}
                Some(_) = async { hang_up.as_mut()?.recv().await } => {}
            }
        };
        tokio::select! {
            ended = &mut command => Ok(match ended {
                Ok(result) => exit_code(result, printer),
                // The hook has said why.
                Err(_) => BUG,
            }),
            () = interrupted => {
                command.abort();
                temporaries.remove_all();
                Ok(INTERRUPTED)
            }
            () = memory::exceeded(memory::process_limit_bytes(memory_limit_bytes)) => {
                command.abort();
                temporaries.remove_all();
                printer.error(EngineError::Escaped { limit_bytes: memory_limit_bytes });
                Ok(WRONG)
            }
        }
    })
}

/// The limit that a command works under, which it checks itself.
fn memory_limit_of(arguments: &Arguments) -> u64 {
    let typed = arguments.command.lake_args().and_then(|lake| lake.memory_limit.as_deref());
    memory_limit_bytes(typed).ok().flatten().unwrap_or_else(memory::default_limit_bytes)
}

fn exit_code(result: Result<Outcome, RunError>, printer: &Printer) -> u8 {
    match result {
        Ok(Outcome::Done) | Err(RunError::Format(FormatError::BrokenPipe)) => DONE,
        Ok(Outcome::Findings) => FINDINGS,
        Ok(Outcome::Incomplete) => INCOMPLETE,
        Ok(Outcome::Failed) => WRONG,
        Ok(Outcome::Bug) => BUG,
        Err(error) => {
            printer.error(&error);
            match error {
                RunError::Engine(EngineError::Bug(_)) => BUG,
                RunError::Webhook(WebhookError::Undelivered { .. }) => UNREACHED,
                _ => WRONG,
            }
        }
    }
}

/// A panic is a bug: one sentence says so, once, however many threads it takes down.
fn report_panics(printer: &Arc<Printer>) {
    let printer = Arc::clone(printer);
    let said = AtomicBool::new(false);
    std::panic::set_hook(Box::new(move |panic| {
        if !said.swap(true, Ordering::Relaxed) {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            let reason = panic.payload_as_str().unwrap_or("no reason given");
            printer.error(format_args!("internal error at {place}, please report it: {}", reason.replace('\n', " ")));
        }
    }));
}
