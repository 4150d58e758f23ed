//! `analyze shell`: one statement or command after the other.
//!
//! Owns the loop over what is typed or piped in. Promises that every statement sees the lake as it is then, that Ctrl-C
//! ends a statement and not the shell, and that a script of which a statement failed says so with its exit code. Answers
//! are data on stdout; prompt, notes and errors are not. Leaves answering to [`run`](crate::run), editing lines to
//! rustyline.

mod command;
mod completion;
mod session;
mod statements;
mod terminal;

use std::io::{BufRead, IsTerminal};

use crate::args::ShellArgs;
use crate::environment::Environment;
use crate::inquiry::Inquiry;
use crate::printer::Printer;
use crate::run::{Outcome, RunError};
use crate::temporaries::Temporaries;
pub use command::CommandError;
use completion::Vocabulary;
use session::{Next, Session};
use statements::split;
use terminal::{Input, Terminal};

/// Whether somebody types, who then means a statement with Ctrl-C and not the process.
#[must_use]
pub fn is_interactive() -> bool {
    std::io::stdin().is_terminal()
}

/// Reads statements from the terminal, or else from stdin, until its end.
///
/// # Errors
/// A lake that cannot be opened, a terminal or stdin that cannot be read. What is wrong with a statement is said, and the
/// next one read.
pub async fn run(
    args: ShellArgs,
    environment: &Environment,
    printer: &Printer,
    temporaries: &Temporaries,
) -> Result<Outcome, RunError> {
    let inquiry = Inquiry::of(&args.lake, environment, temporaries)?;
    inquiry.say_which_lake(printer);
    let vocabulary = inquiry.ask(printer, |opened| async move { Ok(Vocabulary::of(&opened)) }).await?;
    let (environment, printer, temporaries) = (environment.clone(), printer.clone(), temporaries.clone());
    // On a thread of its own, for reading blocks it, and waits for answers on a runtime of its own: a query may keep the
    // threads of the other busy for longer than a person wants to wait after pressing Ctrl-C.
    let shell = move || {
        let no_color = environment.no_color;
        let session = Session::new(args, environment, printer.clone(), temporaries.clone())?;
        let ended = if is_interactive() {
            printer.note(vocabulary.welcome());
            let terminal = Terminal::open(vocabulary, session.queries(), no_color, &printer)?;
            converse(session, terminal)
        } else {
            follow(session, std::io::stdin().lock())
        };
        // What a cancelled statement still holds on to.
        temporaries.remove_all();
        ended
    };
    match tokio::task::spawn_blocking(shell).await {
        Ok(ended) => ended,
        Err(stopped) => std::panic::resume_unwind(stopped.into_panic()),
    }
}

/// With a person.
fn converse(mut session: Session, mut terminal: Terminal) -> Result<Outcome, RunError> {
    loop {
        let text = match terminal.read()? {
            Input::Text(text) => text,
            Input::Cleared => continue,
            Input::End => return Ok(Outcome::Done),
        };
        let next = if statements::is_command(&text) {
            session.command(&text)?
        } else {
            let (whole, rest) = split(&text);
            // The editor hands over what is complete, so the rest is a comment at most.
            debug_assert!(statements::is_blank(&text[rest..]));
            let mut ended = whole.into_iter().map(|range| session.statement(&text, range, "statement", 1));
            ended.find(|next| !matches!(next, Ok(Next::Go))).unwrap_or(Ok(Next::Go))?
        };
        if next == Next::Leave {
            return Ok(Outcome::Done);
        }
    }
}

/// With a script. All its statements are answered, also after one that failed.
fn follow(mut session: Session, mut input: impl BufRead) -> Result<Outcome, RunError> {
    let mut pending = String::new();
    // The line that `pending` begins with, from 1.
    let mut line_number = 1;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line).map_err(RunError::Stdin)? == 0 {
            break;
        }
        let is_first = statements::is_blank(&pending);
        if is_first && statements::is_command(&line) {
            line_number += pending.matches('\n').count() + 1;
            pending.clear();
            if session.command(&line)? == Next::Leave {
                return Ok(session.outcome());
            }
            continue;
        }
        pending.push_str(&line);
        if !line.contains(';') {
            continue;
        }
        let (whole, rest) = split(&pending);
        for range in whole {
            session.statement(&pending, range, "stdin", line_number)?;
        }
        line_number += pending[..rest].matches('\n').count();
        pending.drain(..rest);
    }
    // The last statement needs no `;`: nothing else can follow.
    if !statements::is_blank(&pending) {
        let whole = 0..pending.len();
        session.statement(&pending, whole, "stdin", line_number)?;
    }
    Ok(session.outcome())
}
