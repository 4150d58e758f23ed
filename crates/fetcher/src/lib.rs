//! Brings Everflow's clicks into the lake.
//!
//! Owns the binary `fetcher`: its arguments ([`args`]), what it reads ([`input`]), how bytes become partitions on
//! several threads in bounded memory ([`land`]), how they are got from Everflow and proven complete ([`pull`], [`plan`],
//! [`api`]), and what it says of it ([`summary`], [`printer`]); what the lake holds completely ([`status`]) and how it
//! forgets ([`prune`]). Leaves the click, the lake and the commit to `clicks`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod api;
pub mod args;
mod connect;
pub mod doctor;
pub mod input;
pub mod interrupt;
pub mod land;
pub mod logging;
pub mod man;
pub mod plan;
pub mod printer;
pub mod prune;
pub mod pull;
pub mod request;
pub mod status;
pub mod summary;
pub mod verify;

use std::error::Error;
use std::process::ExitCode;

use args::{Args, Command};
use printer::Printer;

/// What a run ends with: the exit codes of both binaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything asked for was done.
    Done,
    /// Done, but data is incomplete or partly quarantined.
    Incomplete,
    /// A signal ended it; what had landed stays.
    Interrupted,
    /// Everflow, or the way to it, failed; what had landed stays.
    SourceFailed,
    /// Everflow said that what was asked is wrong; what had landed stays.
    Refused,
}

impl Outcome {
    /// The exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Outcome::Done => 0,
            Outcome::Incomplete => 3,
            Outcome::Interrupted => 130,
            Outcome::SourceFailed => 4,
            Outcome::Refused => CODE_OF_ERRORS,
        }
    }
}

/// The exit code of what was asked for wrongly, or cannot be done.
pub const CODE_OF_ERRORS: u8 = 2;

/// What ended a command early.
pub trait Failure: Error {
    /// True where whoever read stdout has gone, which is no error.
    fn is_broken_pipe(&self) -> bool {
        false
    }

    /// The exit code.
    fn code(&self) -> u8 {
        CODE_OF_ERRORS
    }
}

impl<E: Failure + 'static> From<E> for Box<dyn Failure> {
    fn from(error: E) -> Self {
        Box::new(error)
    }
}

/// Runs a command; returns the exit code.
#[must_use]
pub fn run(args: Args) -> ExitCode {
    logging::begin(&args.talk);
    let printer = Printer::new(&args.talk);
    let result: Result<Outcome, Box<dyn Failure>> = match args.command {
        Command::Land(land) => land::run(&land, &printer).map_err(Into::into),
        Command::Status(status) => status::run(&status, &printer).map_err(Into::into),
        Command::Prune(prune) => prune::run(&prune, &printer).map_err(Into::into),
        Command::Pull(pull) => pull::run(&pull, &printer).map_err(Into::into),
        Command::Verify(verify) => verify::run(&verify, &printer).map_err(Into::into),
        Command::Man(man) => man::run(&man).map_err(Into::into),
        Command::Doctor(doctor) => doctor::run(&doctor, &printer).map_err(Into::into),
    };
    match result {
        Ok(outcome) => ExitCode::from(outcome.code()),
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            printer.error(&*error);
            ExitCode::from(error.code())
        }
    }
}
