//! The lake's lock: one writer at a time, per commit.
//!
//! The operating system frees it when its holder dies, so it is never stale. Readers never take it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::lake::LakeError;

const RETRY_EVERY: Duration = Duration::from_millis(20);

/// The lock of a lake, held until dropped.
#[derive(Debug)]
pub(crate) struct LakeLock(#[allow(dead_code, reason = "held for its effect: closing it unlocks")] File);

/// Why the lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else held it all the time.
    #[error("another process kept the lock of {lake} for {seconds} s: wait for it, or raise --lock-timeout")]
    Timeout {
        /// The lake.
        lake: String,
        /// How long was waited.
        seconds: u64,
    },
    /// The lock file cannot be used.
    #[error(transparent)]
    Lake(#[from] LakeError),
}

impl LakeLock {
    /// Waits for the lock, at most so long.
    pub(crate) fn acquire(root: &Path, timeout: Duration) -> Result<LakeLock, LockError> {
        let path = root.join(".lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(LakeError::io("open the lock file", &path))?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(LakeLock(file)),
                Err(TryLockError::WouldBlock) if started.elapsed() < timeout => thread::sleep(RETRY_EVERY),
                Err(TryLockError::WouldBlock) => {
                    return Err(LockError::Timeout { lake: root.display().to_string(), seconds: timeout.as_secs() });
                }
                Err(TryLockError::Error(source)) => {
                    return Err(LakeError::Io { action: "lock", path, source }.into());
                }
            }
        }
    }
}
