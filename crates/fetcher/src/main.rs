//! The binary `fetcher`: see `fetcher --help`.

#[path = "../../allocator.rs"]
mod allocator;

use std::ffi::c_long;
use std::process::ExitCode;

use fetcher::args::{Args, Command};

/// For how long freed memory is kept, in milliseconds.
///
/// Landing files frees and takes tens of megabytes at a time, a few times a second: getting them back from the system,
/// cleared, was a tenth of its work. Kept for good they would add up where rows are of very different sizes. A pull
/// mostly waits for the network, and may run for weeks: it gives back at once, at no cost that could be measured, which
/// spared it a quarter of its memory.
fn freed_memory_milliseconds(command: &Command) -> c_long {
    if matches!(command, Command::Land(_)) { 100 } else { 0 }
}

fn main() -> ExitCode {
    fetcher::printer::report_bugs_with_code_70();
    let args = Args::from_command_line();
    allocator::keep_freed_memory_for(freed_memory_milliseconds(&args.command));
    fetcher::run(args)
}
