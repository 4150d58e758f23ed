//! The binary `analyze`.

use std::process::ExitCode;

/// Queries allocate from many threads at once, which the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    analysis::process::main(std::env::args_os())
}
