//! Bounds the memory of bodies that are being read, or that were read and not yet dropped.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory is reserved in steps of so many bytes, so that not every chunk has to ask.
pub(super) const STEP_BYTES: usize = 256 << 10;

/// The bytes that may be in flight.
///
/// How large a body gets is not known before its end, so a body reserves as it grows, and several may wait for each
/// other. One of them at a time may therefore pass the bound: what is in flight never exceeds the bound and one body.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: Arc<Semaphore>,
    overdraft: Arc<Semaphore>,
}

/// What one body holds; given back when dropped.
#[derive(Debug, Default)]
pub(super) struct Reserved {
    bytes: Option<OwnedSemaphorePermit>,
    overdraft: Option<OwnedSemaphorePermit>,
    step_bytes_left: usize,
}

impl Budget {
    pub(super) fn new(bytes_max: usize) -> Budget {
        let bytes_max = bytes_max.min(Semaphore::MAX_PERMITS);
        Budget { bytes: Arc::new(Semaphore::new(bytes_max)), overdraft: Arc::new(Semaphore::new(1)) }
    }

    /// True when so many bytes more need no waiting.
    pub(super) fn try_reserve(&self, reserved: &mut Reserved, bytes: usize) -> bool {
        while reserved.step_bytes_left < bytes && reserved.overdraft.is_none() {
            match Arc::clone(&self.bytes).try_acquire_many_owned(STEP_BYTES as u32) {
                Ok(permit) => reserved.add(permit),
                Err(_) => return false,
            }
        }
        reserved.step_bytes_left = reserved.step_bytes_left.saturating_sub(bytes);
        true
    }

    /// Waits until so many bytes more may be held.
    pub(super) async fn reserve(&self, reserved: &mut Reserved, bytes: usize) {
        while !self.try_reserve(reserved, bytes) {
            tokio::select! {
                biased;
                permit = Arc::clone(&self.bytes).acquire_many_owned(STEP_BYTES as u32) => {
                    if let Ok(permit) = permit { reserved.add(permit) }
                }
                permit = Arc::clone(&self.overdraft).acquire_owned() => reserved.overdraft = permit.ok(),
            }
        }
    }
}

impl Reserved {
    fn add(&mut self, permit: OwnedSemaphorePermit) {
        match &mut self.bytes {
            Some(bytes) => bytes.merge(permit),
            None => self.bytes = Some(permit),
        }
        self.step_bytes_left += STEP_BYTES;
    }
}
