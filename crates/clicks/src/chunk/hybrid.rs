//! Parquet's hybrid of run lengths and bit packing, for small numbers.
//!
//! Makes the same choices as the encoder of the parquet crate, which is private: runs of eight and more of one value
//! are counted, all others are packed. Pure.

/// Values are packed in groups of so many.
const GROUP: usize = 8;
/// The most groups of one packed run: their count then fits one byte.
const GROUPS_MAX: usize = 63;

/// Appends numbers of a fixed width to a page.
pub(super) struct Hybrid<'a> {
    out: &'a mut Vec<u8>,
    /// Bits of a value.
    width: usize,
    waiting: [u32; GROUP],
    waiting_len: usize,
    /// The last value, and how often it came in a row.
    last: u32,
    repeated: usize,
    /// The packed run in the making: its groups, and where their count is to stand.
    groups: usize,
    count_at: usize,
}

impl<'a> Hybrid<'a> {
    /// An encoder of values below `2^width`.
    pub(super) fn new(out: &'a mut Vec<u8>, width: u8) -> Hybrid<'a> {
        let width = usize::from(width);
        Hybrid { out, width, waiting: [0; GROUP], waiting_len: 0, last: 0, repeated: 0, groups: 0, count_at: 0 }
    }

    pub(super) fn put(&mut self, value: u32) {
        if self.last == value {
            self.repeated += 1;
            if self.repeated > GROUP {
                return;
            }
        } else {
            if self.repeated >= GROUP {
                self.end_run();
            }
            self.repeated = 1;
            self.last = value;
        }
        self.waiting[self.waiting_len] = value;
        self.waiting_len += 1;
        if self.waiting_len == GROUP {
            self.end_group();
        }
    }

    /// As [`Hybrid::put`], so many times.
    pub(super) fn put_run(&mut self, value: u32, mut count: usize) {
        while count > 0 && !(self.repeated >= GROUP && self.last == value) {
            self.put(value);
            count -= 1;
        }
        self.repeated += count;
    }

    /// Writes what waits.
    pub(super) fn finish(mut self) {
        if self.groups == 0 && self.repeated > 0 && (self.repeated == self.waiting_len || self.waiting_len == 0) {
            self.end_run();
        } else if self.waiting_len > 0 || self.groups > 0 {
            if self.waiting_len > 0 {
                self.waiting[self.waiting_len..].fill(0);
                self.pack();
            }
            self.end_groups();
        }
    }

    fn end_group(&mut self) {
        if self.repeated >= GROUP {
            // What follows is counted.
            self.waiting_len = 0;
            if self.groups > 0 {
                self.end_groups();
            }
            return;
        }
        self.pack();
        if self.groups == GROUPS_MAX {
            self.end_groups();
        }
        self.repeated = 0;
    }

    fn pack(&mut self) {
        if self.groups == 0 {
            self.count_at = self.out.len();
            self.out.push(0);
        }
        let (mut bits, mut held) = (0_u64, 0);
        for value in self.waiting {
            bits |= u64::from(value) << held;
            held += self.width;
            while held >= 8 {
                self.out.push(bits as u8);
                bits >>= 8;
                held -= 8;
            }
        }
        self.groups += 1;
        self.waiting_len = 0;
    }

    fn end_groups(&mut self) {
        self.out[self.count_at] = (self.groups << 1 | 1) as u8;
        self.groups = 0;
    }

    fn end_run(&mut self) {
        let mut count = self.repeated << 1;
        while count >= 0x80 {
            self.out.push(count as u8 | 0x80);
            count >>= 7;
        }
        self.out.push(count as u8);
        self.out.extend_from_slice(&self.last.to_le_bytes()[..self.width.div_ceil(8)]);
        self.waiting_len = 0;
        self.repeated = 0;
    }
}
