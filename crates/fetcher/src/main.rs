//! The binary `fetcher`: see `fetcher --help`.

use std::process::ExitCode;

use fetcher::args::{Args, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// When the allocator gives back memory that is freed.
///
/// Landing files frees and takes tens of megabytes at a time, a few times a second: getting them back from the system,
/// cleared, was a tenth of its work. Kept for good they would add up where rows are of very different sizes. A pull
/// mostly waits for the network, and may run for weeks: it gives back at once, at no cost that could be measured, which
/// spared it a quarter of its memory.
fn set_purge_delay(command: &Command) {
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    const MILLISECONDS_LANDING: std::ffi::c_long = 100;
    const AT_ONCE: std::ffi::c_long = 0;
    let delay = if matches!(command, Command::Land(_)) { MILLISECONDS_LANDING } else { AT_ONCE };
    #[allow(unsafe_code, reason = "sets a number that the allocator reads; no other thread runs yet")]
    unsafe {
        libmimalloc_sys::mi_option_set(PURGE_DELAY, delay);
    }
}

fn main() -> ExitCode {
    fetcher::printer::report_bugs_with_code_70();
    let args = Args::from_command_line();
    set_purge_delay(&args.command);
    fetcher::run(args)
}
