//! The writer behind every format: buffered, and it remembers its first failure.

use std::io::{self, BufWriter, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// A buffered writer that keeps the first error it met, for [`Fault::take`].
pub(super) struct Sink {
    out: BufWriter<Box<dyn Write + Send>>,
    fault: Fault,
}

/// The first error of a [`Sink`].
#[derive(Clone, Default)]
pub(super) struct Fault(Arc<Mutex<Option<io::Error>>>);

impl Fault {
    /// The error, if there was one.
    pub(super) fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn keep<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            // The caller's library gets a copy: an `io::Error` cannot be cloned.
            let copy = io::Error::new(error.kind(), error.to_string());
            if error.kind() != io::ErrorKind::Interrupted {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
            copy
        })
    }
}

impl Sink {
    /// Enough for few system calls, small enough to show rows while they come.
    const BUFFER_BYTES: usize = 64 * 1024;

    pub(super) fn new(out: Box<dyn Write + Send>) -> (Self, Fault) {
        let fault = Fault::default();
        (Self { out: BufWriter::with_capacity(Self::BUFFER_BYTES, out), fault: fault.clone() }, fault)
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.out.write(bytes);
        self.fault.keep(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.out.flush();
        self.fault.keep(result)
    }
}
