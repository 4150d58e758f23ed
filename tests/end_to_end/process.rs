//! Runs the real binaries.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The binary `fetcher`, of this build, untouched by the environment of whoever runs the tests.
pub(crate) fn fetcher() -> Command {
    isolated(env!("CARGO_BIN_EXE_fetcher"))
}

/// The binary `analyze`, likewise.
#[cfg(feature = "analyze")]
pub(crate) fn analyze() -> Command {
    isolated(env!("CARGO_BIN_EXE_analyze"))
}

/// A command with nothing of ours in its environment, no input, and its output caught.
pub(crate) fn isolated(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for name in [
        "CLICKPROOF_LAKE",
        "CLICKPROOF_ABORT_AT",
        "CLICKPROOF_PANIC_AT",
        "CLICKPROOF_PSEUDONYM_KEY",
        "EVERFLOW_API_KEY",
        "RUST_BACKTRACE",
        "NO_COLOR",
        "COLUMNS",
    ] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// `fetcher land --lake LAKE`, to which files and flags are added.
pub(crate) fn land(lake: &Path) -> Command {
    let mut command = fetcher();
    command.arg("land").arg("--lake").arg(lake);
    command
}

/// Runs to the end, which must be a good one.
#[track_caller]
pub(crate) fn succeed(command: &mut Command) -> Output {
    exit_with(command, 0)
}

/// Runs to the end, which must be this exit code.
#[track_caller]
pub(crate) fn exit_with(command: &mut Command, code: i32) -> Output {
    let output = command.output().expect("the binary starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{command:?} ended with {}, and said: {stderr}", output.status);
    output
}

/// What was said on stderr.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A command that is run by a shell which has set limits for it, or signals to be ignored.
pub(crate) fn within(limits: &str, command: &Command) -> Command {
    let mut shell = isolated("sh");
    shell.arg("-c").arg(format!("{limits}; exec \"$0\" \"$@\"")).arg(command.get_program()).args(command.get_args());
    shell
}
