//! The binary `fetcher`: see `fetcher --help`.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Makes the allocator keep what is freed: landing frees and takes tens of megabytes at a time, and getting them back
/// from the system, cleared, was a tenth of its work. The most that is held at once does not change by it.
fn keep_freed_memory() {
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    const NEVER: std::ffi::c_long = -1;
    #[allow(unsafe_code, reason = "sets a number that the allocator reads; nothing else runs yet")]
    unsafe {
        libmimalloc_sys::mi_option_set(PURGE_DELAY, NEVER);
    }
}

fn main() -> ExitCode {
    keep_freed_memory();
    fetcher::printer::report_bugs_with_code_70();
    fetcher::run(fetcher::args::Args::from_command_line())
}
