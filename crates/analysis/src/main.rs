//! The binary `analyze`.

#[path = "../../allocator.rs"]
mod allocator;

use std::process::ExitCode;

/// Of the scores of five million clicks, a second, which is the default, took a tenth more memory, and less a few hundredths
/// more time.
const FREED_MEMORY_MILLISECONDS: std::ffi::c_long = 300;

fn main() -> ExitCode {
    allocator::keep_freed_memory_for(FREED_MEMORY_MILLISECONDS);
    analysis::process::main(std::env::args_os())
}
