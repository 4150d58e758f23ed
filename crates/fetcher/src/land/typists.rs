//! The threads that type rows.

use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, PoisonError};

use clicks::document::{Block, Piece, Structure};
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
        typist.type_block(&source, &block);
        used = Some(block.bytes);
        if typist.typer.bytes() + typist.sheet.bytes >= SHEET_BYTES && to_desk.send(typist.hand_over()).is_err() {
            return;
        }
    }
}

struct Typist {
    typer: ClickTyper,
    sheet: Sheet,
}

impl Typist {
    fn type_block(&mut self, source: &str, block: &Block) {
        let (pieces, structure) = block.pieces();
        self.sheet.structure.add(structure);
        for piece in pieces {
            match piece {
                Piece::Row(range) => {
                    self.sheet.rows += 1;
                    let row = &block.bytes[range.clone()];
                    if let Err(rejected) = self.typer.push(row) {
                        self.sheet.rows_broken += u64::from(!is_row(&rejected));
                        self.reject(source, block.offset + range.start as u64, row, rejected, 0);
                    }
                }
                Piece::Broken(broken) => {
                    self.sheet.rows += u64::from(broken.part == 0);
                    self.sheet.rows_broken += 1;
                    let rejected = Rejected { path: String::new(), reason: broken.reason.to_owned() };
                    let position = block.offset + broken.range.start as u64;
                    self.reject(source, position, &block.bytes[broken.range], rejected, broken.part);
                }
            }
        }
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
