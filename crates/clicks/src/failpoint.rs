//! Points at which a test can kill the process, to prove that a commit survives it.
//!
//! `CLICKPROOF_ABORT_AT=NAME` aborts at the first visit of that point, `NAME:N` at the N-th. Compiled only into debug
//! builds: a release binary does not read the variable.

/// Aborts the process here if a test asked for it.
#[cfg(debug_assertions)]
pub(crate) fn hit(name: &str) {
    use std::sync::atomic::{AtomicU32, Ordering};
    static VISITS: AtomicU32 = AtomicU32::new(0);
    let Ok(wanted) = std::env::var("CLICKPROOF_ABORT_AT") else {
        return;
    };
    let (point, nth) = wanted.split_once(':').unwrap_or((&wanted, "1"));
    if point == name && VISITS.fetch_add(1, Ordering::SeqCst) + 1 == nth.parse().unwrap_or(1) {
        std::process::abort();
    }
}

/// Does nothing in a release build.
#[cfg(not(debug_assertions))]
pub(crate) fn hit(_name: &str) {}
