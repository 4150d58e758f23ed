//! The threads that type rows.

use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, PoisonError};

use clicks::document::{self, Block, Broken, Piece, Structure};
use clicks::quarantine::QuarantinedRow;
use clicks::typing::{ClickTyper, Observation, Rejected};

use super::TypedClicks;
use super::source::{Source, SourceBlock};

/// Typed clicks that one thread hands over at once, in bytes.
const SHEET_BYTES: usize = 3 << 20;

/// What a row in quarantine takes beside its texts.
pub(crate) const QUARANTINED_BYTES: usize = size_of::<QuarantinedRow>() + 4 * 16;

/// Rows that were typed, or could not be.
#[derive(Default)]
pub(super) struct Sheet {
    pub(super) clicks: Vec<TypedClicks>,
    pub(super) quarantined: Vec<QuarantinedRow>,
    pub(super) rows: u64,
    pub(super) rows_broken: u64,
    pub(super) moved_to_extra: u64,
    pub(super) structure: Structure,
    pub(super) bytes: usize,
}

impl Sheet {
    pub(super) fn add(&mut self, other: Sheet) {
        self.clicks.extend(other.clicks);
        self.quarantined.extend(other.quarantined);
        self.rows += other.rows;
        self.rows_broken += other.rows_broken;
        self.moved_to_extra += other.moved_to_extra;
        self.structure.add(other.structure);
        self.bytes += other.bytes;
    }

    /// Takes what waits to be folded; what is only counted stays.
    pub(super) fn take(&mut self) -> Sheet {
        let structure = std::mem::take(&mut self.structure);
        let left = Sheet { rows: self.rows, rows_broken: self.rows_broken, structure, ..Sheet::default() };
        std::mem::replace(self, left)
    }
}

/// Types the rows of blocks until there are none, or nobody takes the clicks.
pub(super) fn type_rows(observation: Observation, source: &Mutex<Source>, to_desk: &SyncSender<Sheet>) {
    let mut typist = Typist { typer: ClickTyper::new(observation), sheet: Sheet::default() };
    let mut used = None;
    loop {
        let next = source.lock().unwrap_or_else(PoisonError::into_inner).next_block(used.take());
        let Some(SourceBlock { source, block }) = next else {
            let _ = to_desk.send(typist.hand_over());
            return;
        };
        if typist.type_block(&source, &block, to_desk).is_err() {
            return;
        }
        used = Some(block.bytes);
    }
}

/// The desk is gone: there is no more to do.
struct NobodyListens;

struct Typist {
    typer: ClickTyper,
    sheet: Sheet,
}

impl Typist {
    /// Types what a block holds, and hands over whenever that is worth it: many tiny rows that cannot be typed take many
    /// times the memory of their block.
    fn type_block(&mut self, source: &str, block: &Block, to_desk: &SyncSender<Sheet>) -> Result<(), NobodyListens> {
        let (pieces, structure) = block.pieces();
        self.sheet.structure.add(structure);
        for piece in pieces {
            match piece {
                Piece::Row(range) => {
                    let position = block.offset + range.start as u64;
                    let row = &block.bytes[range];
                    match self.typer.push(row) {
                        Ok(()) => self.sheet.rows += 1,
                        Err(rejected) => self.look_into(source, position, row, rejected),
                    }
                }
                Piece::Broken(broken) => self.take_broken(source, block.offset, &block.bytes, broken),
            }
            if self.sheet.bytes >= SHEET_BYTES {
                to_desk.send(self.hand_over()).map_err(|_| NobodyListens)?;
            }
        }
        if self.typer.bytes() + self.sheet.bytes >= SHEET_BYTES {
            to_desk.send(self.hand_over()).map_err(|_| NobodyListens)?;
        }
        Ok(())
    }

    /// What is no row may be several on one line, or an error that an answer declares.
    #[cold]
    fn look_into(&mut self, source: &str, position: u64, bytes: &[u8], rejected: Rejected) {
        let is_object = bytes.starts_with(b"{");
        let (pieces, structure) = if is_object { document::look_into(bytes) } else { Default::default() };
        self.sheet.structure.add(structure);
        if pieces.len() < 2 {
            return self.take_rejected(source, position, bytes, rejected);
        }
        for piece in pieces {
            match piece {
                Piece::Row(range) => match self.typer.push(&bytes[range.clone()]) {
                    Ok(()) => self.sheet.rows += 1,
                    Err(rejected) => {
                        self.take_rejected(source, position + range.start as u64, &bytes[range], rejected);
                    }
                },
                Piece::Broken(broken) => self.take_broken(source, position, bytes, broken),
            }
        }
    }

    fn take_rejected(&mut self, source: &str, position: u64, row: &[u8], rejected: Rejected) {
        self.sheet.rows += 1;
        self.sheet.rows_broken += u64::from(!is_row(&rejected));
        self.reject(source, position, row, rejected, 0);
    }

    fn take_broken(&mut self, source: &str, offset: u64, bytes: &[u8], broken: Broken) {
        self.sheet.rows += u64::from(broken.part == 0);
        self.sheet.rows_broken += 1;
        let rejected = Rejected { path: String::new(), reason: broken.reason.to_owned() };
        let position = offset + broken.range.start as u64;
        self.reject(source, position, &bytes[broken.range], rejected, broken.part);
    }

    fn reject(&mut self, source: &str, position: u64, raw: &[u8], rejected: Rejected, part: u32) {
        let Rejected { path, reason } = rejected;
        self.sheet.bytes += raw.len() + path.len() + reason.len() + source.len() + QUARANTINED_BYTES;
        self.sheet.quarantined.push(QuarantinedRow {
            raw: raw.to_vec(),
            part,
            path,
            reason,
            source: source.to_owned(),
            position,
        });
    }

    fn hand_over(&mut self) -> Sheet {
        let mut sheet = std::mem::take(&mut self.sheet);
        sheet.moved_to_extra = self.typer.take_moved_to_extra();
        sheet.bytes += self.typer.bytes();
        if !self.typer.is_empty() {
            sheet.clicks.push(self.typer.finish());
        }
        sheet
    }
}

/// True where what was rejected is one row of an answer, and not an answer of another kind, such as an error.
pub(crate) fn is_row(rejected: &Rejected) -> bool {
    !rejected.path.is_empty() && !rejected.reason.starts_with("missing: neither")
}
