//! Points at which a test can make the process panic, to see what a user would.
//!
//! `CLICKPROOF_PANIC_AT=NAME`. Compiled only into debug builds: a release binary does not read the variable.

/// Panics here if a test asked for it.
#[cfg(debug_assertions)]
#[allow(clippy::panic)]
pub(crate) fn hit(name: &str) {
    if std::env::var("CLICKPROOF_PANIC_AT").is_ok_and(|wanted| wanted == name) {
        panic!("a test asked for it\nat {name}");
    }
}

/// Does nothing in a release build.
#[cfg(not(debug_assertions))]
pub(crate) fn hit(_name: &str) {}
