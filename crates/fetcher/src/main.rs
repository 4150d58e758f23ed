//! The binary `fetcher`: see `fetcher --help`.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    fetcher::printer::report_bugs_with_code_70();
    fetcher::run(fetcher::args::Args::from_command_line())
}
