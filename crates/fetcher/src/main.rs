//! The binary `fetcher`: see `fetcher --help`.

use std::process::ExitCode;

use fetcher::args::{Args, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the allocator does with memory that is freed.
///
/// Landing files frees and takes tens of megabytes at a time; getting them back from the system, cleared, was a tenth of
/// its work. A pull mostly waits for the network, and may run for weeks: it gives back at once, at no cost that could be
/// measured, which spared it a quarter of its memory.
fn set_purge_delay(command: &Command) {
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    const NEVER: std::ffi::c_long = -1;
    const AT_ONCE: std::ffi::c_long = 0;
    let delay = if matches!(command, Command::Land(_)) { NEVER } else { AT_ONCE };
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
