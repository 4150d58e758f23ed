//! What the server was asked, and how much at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::endpoint::Endpoint;
use super::fault::Fault;

/// A request as it came, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Where.
    pub endpoint: Endpoint,
    /// Its number at this endpoint, from 1.
    pub number: u64,
    /// Its body.
    pub body: String,
    /// The answer's status; `None`: none yet, or never.
    pub status: Option<u16>,
    /// Rows in the answer, of clicks or of the aggregate.
    pub rows: Option<usize>,
    /// What went wrong.
    pub fault: Option<Fault>,
}

impl Received {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

/// A lock whose holder panicked is as good as any other here: no invariant spans two of its fields.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug, Default)]
pub(super) struct Log {
    entries: Mutex<Entries>,
    now: AtomicUsize,
    most: AtomicUsize,
    reporting_now: AtomicUsize,
    reporting_most: AtomicUsize,
}

#[derive(Debug, Default)]
struct Entries {
    received: Vec<Received>,
    numbers: HashMap<Endpoint, u64>,
    /// Faults of equal requests.
    faults: HashMap<(Endpoint, Vec<u8>), u32>,
}

/// Where a request stands in the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    index: usize,
    pub(super) number: u64,
}

impl Log {
    pub(super) fn receive(&self, endpoint: Endpoint, body: &[u8]) -> Place {
        let mut entries = lock(&self.entries);
        let number = entries.numbers.entry(endpoint).or_default();
        *number += 1;
        let number = *number;
        entries.received.push(Received {
            endpoint,
            number,
            body: String::from_utf8_lossy(body).into_owned(),
            status: None,
            rows: None,
            fault: None,
        });
        Place { index: entries.received.len() - 1, number }
    }

    pub(super) fn note(&self, place: Place, change: impl FnOnce(&mut Received)) {
        // Forgotten in between: another request may stand there now, or none.
        if let Some(received) =
            lock(&self.entries).received.get_mut(place.index).filter(|received| received.number == place.number)
        {
            change(received);
        }
    }

    /// Counts a fault of a request, unless equal requests have met `most` of them already.
    pub(super) fn may_fail(&self, endpoint: Endpoint, body: &[u8], most: u32) -> bool {
        let mut entries = lock(&self.entries);
        let faults = entries.faults.entry((endpoint, body.to_vec())).or_default();
        *faults += 1;
        *faults <= most
    }

    pub(super) fn received(&self) -> Vec<Received> {
        lock(&self.entries).received.clone()
    }

    /// Forgets requests and the largest numbers at once; numbering starts again.
    pub(super) fn forget(&self) {
        *lock(&self.entries) = Entries::default();
        self.most.store(0, Ordering::SeqCst);
        self.reporting_most.store(0, Ordering::SeqCst);
    }

    pub(super) fn most_at_once(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    pub(super) fn most_reporting_at_once(&self) -> usize {
        self.reporting_most.load(Ordering::SeqCst)
    }

    pub(super) fn in_progress(&self) -> usize {
        self.now.load(Ordering::SeqCst)
    }
}

/// A request in progress, until the last byte of its answer is handed over.
#[derive(Debug)]
pub(super) struct InProgress {
    log: Arc<Log>,
    is_reporting: bool,
    /// How many of its kind are in progress, itself included.
    pub(super) reporting_at_once: usize,
}

impl InProgress {
    pub(super) fn new(log: Arc<Log>, is_reporting: bool) -> Self {
        let now = log.now.fetch_add(1, Ordering::SeqCst) + 1;
        log.most.fetch_max(now, Ordering::SeqCst);
        let mut reporting_at_once = 0;
        if is_reporting {
            reporting_at_once = log.reporting_now.fetch_add(1, Ordering::SeqCst) + 1;
            log.reporting_most.fetch_max(reporting_at_once, Ordering::SeqCst);
        }
        Self { log, is_reporting, reporting_at_once }
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.log.now.fetch_sub(1, Ordering::SeqCst);
        if self.is_reporting {
            self.log.reporting_now.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
