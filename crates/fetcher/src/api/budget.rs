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

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use proptest::prelude::*;

    use super::*;

    const STEPS: usize = 4;

    async fn hold(budget: &Budget, bytes: usize) -> Reserved {
        let mut reserved = Reserved::default();
        budget.reserve(&mut reserved, bytes).await;
        reserved
    }

    #[test]
    fn one_body_at_a_time_may_pass_the_bound() {
        let budget = Budget::new(STEPS * STEP_BYTES);
        let first = hold(&budget, STEPS * STEP_BYTES).now_or_never().unwrap();
        let over = hold(&budget, 10 * STEP_BYTES).now_or_never().unwrap();
        assert!(hold(&budget, 1).now_or_never().is_none());
        drop(over);
        let over = hold(&budget, 1).now_or_never().unwrap();
        assert!(hold(&budget, 1).now_or_never().is_none());
        drop(first);
        let within = hold(&budget, 1).now_or_never().unwrap();
        drop((over, within));
        assert!(hold(&budget, STEPS * STEP_BYTES).now_or_never().is_some());
    }

    #[test]
    fn a_bound_below_a_step_lets_bodies_through_one_by_one() {
        let budget = Budget::new(0);
        let first = hold(&budget, 1).now_or_never().unwrap();
        assert!(hold(&budget, 1).now_or_never().is_none());
        drop(first);
        assert!(hold(&budget, 1).now_or_never().is_some());
    }

    proptest! {
        /// Bodies that grow in any order all end, and hold no more than the bound and one body.
        #[test]
        fn bodies_never_wait_for_each_other_for_ever(
            sizes in prop::collection::vec(1..6 * STEP_BYTES, 1..12),
            turns in prop::collection::vec(0..1000_usize, 0..400),
        ) {
            let budget = Budget::new(STEPS * STEP_BYTES);
            let mut bodies: Vec<(Reserved, usize, usize)> =
                sizes.iter().map(|size| (Reserved::default(), 0, *size)).collect();
            let mut held = vec![0; bodies.len()];
            // Chance first, then round robin until all have ended: a round without progress is a deadlock.
            let mut chance = turns.into_iter();
            while !bodies.is_empty() {
                let place = chance.next().map(|turn| turn % bodies.len());
                let places = place.map_or(0..bodies.len(), |place| place..place + 1);
                let mut has_moved = false;
                for place in places {
                    let (reserved, got, size) = &mut bodies[place];
                    let chunk = (*size - *got).min(STEP_BYTES / 3);
                    if budget.reserve(reserved, chunk).now_or_never().is_some() {
                        *got += chunk;
                        held[place] += chunk;
                        has_moved = true;
                    }
                }
                prop_assert!(has_moved || place.is_some(), "nobody can go on");
                let largest = held.iter().max().copied().unwrap_or(0);
                prop_assert!(held.iter().sum::<usize>() <= STEPS * STEP_BYTES + largest);
                let ended: Vec<usize> = (0..bodies.len()).filter(|place| bodies[*place].1 == bodies[*place].2).collect();
                for place in ended.into_iter().rev() {
                    bodies.remove(place);
                    held.remove(place);
                }
            }
        }
    }
}
