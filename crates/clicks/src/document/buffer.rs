//! Bytes that were read and not yet handed on.

use std::io::{self, ErrorKind, Read};
use std::ops::Deref;

/// Bytes, and room behind them. The room is cleared once, not for every block that is read into it.
#[derive(Debug)]
pub(super) struct Buffer {
    room: Vec<u8>,
    len: usize,
}

impl Buffer {
    pub(super) fn with_capacity(bytes: usize) -> Buffer {
        Buffer { room: Vec::with_capacity(bytes), len: 0 }
    }

    /// These bytes, in the room of others.
    fn of(bytes: &[u8], mut room: Vec<u8>) -> Buffer {
        match room.get_mut(..bytes.len()) {
            Some(beginning) => beginning.copy_from_slice(bytes),
            None => room = bytes.to_vec(),
        }
        Buffer { room, len: bytes.len() }
    }

    /// Reads until so many bytes are there. False where the input ends before.
    pub(super) fn fill(&mut self, wanted: usize, input: &mut impl Read) -> io::Result<bool> {
        if self.room.len() < wanted {
            // A long row needs no more than it needs: growing by doubling would hold twice as much.
            self.room.reserve_exact(wanted - self.room.len());
            self.room.resize(wanted, 0);
        }
        while self.len < wanted {
            match input.read(&mut self.room[self.len..wanted]) {
                Ok(0) => return Ok(false),
                Ok(read) => self.len += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Takes the first bytes off; the others go to other room.
    pub(super) fn take(&mut self, count: usize, room: Vec<u8>) -> Vec<u8> {
        let rest = Buffer::of(&self[count..], room);
        let mut taken = std::mem::replace(self, rest).room;
        taken.truncate(count);
        taken
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.room[..self.len]
    }
}
