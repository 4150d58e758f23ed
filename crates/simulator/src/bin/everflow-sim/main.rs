//! `everflow-sim`: a local stand-in for Everflow.
//!
//! Glue between flags and the library. Exit codes as everywhere in this project: 0 done (a closed pipe and the end of a server
//! included), 2 what was asked is wrong or cannot be done.

mod attacks;
mod generate;
mod serve;
mod traffic_args;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use simulator::ConfigError;

/// Synthetic Everflow traffic by seed, as files and as a server
#[derive(Parser)]
#[command(name = "everflow-sim", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a feed's answer, newest click first: the same flags give the same bytes on every machine
    Generate(generate::Generate),
    /// Write a week of a network with injected attacks and honest hard cases as NDJSON, and the truth about each affiliate
    Attacks(attacks::Attacks),
    /// Answer requests as Everflow does, on a port of this machine, until SIGTERM or Ctrl-C
    Serve(serve::Serve),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Generate(arguments) => generate::generate(&arguments),
        Command::Attacks(arguments) => attacks::attacks(&arguments),
        Command::Serve(arguments) => serve::serve(arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Write(_, error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            // With stderr gone as well there is nobody left to tell.
            let _ = writeln!(io::stderr(), "error: {failure}");
            ExitCode::from(2)
        }
    }
}

enum Failure {
    Config(ConfigError),
    Write(String, io::Error),
    Serve(u16, io::Error),
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Config(error) => error.fmt(out),
            Self::Write(target, error) => write!(out, "cannot write to {target}: {error}"),
            Self::Serve(port, error) => write!(out, "cannot serve on port {port} of 127.0.0.1: {error}"),
        }
    }
}
