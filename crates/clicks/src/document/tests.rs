//! Rows come out of any wrapper, however the bytes arrive, and nothing is dropped.

use std::io::{self, Read};

use super::*;

mod answers;
mod broken;
mod cuts;
mod large;
mod wrappers;

/// A reader that returns at most so many bytes at a time.
struct Trickle<'a> {
    bytes: &'a [u8],
    step: usize,
}

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.step.min(buffer.len()).min(self.bytes.len());
        let (head, rest) = self.bytes.split_at(count);
        buffer[..count].copy_from_slice(head);
        self.bytes = rest;
        Ok(count)
    }
}

/// The reason and the part of a broken piece.
type Fault = (&'static str, u32);

/// All that comes out of an input.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    /// The pieces in order: where, what, and for broken ones the reason and the part.
    pieces: Vec<(usize, Vec<u8>, Option<Fault>)>,
    structure: Structure,
    largest_block: usize,
}

impl Found {
    fn of(input: &[u8]) -> Found {
        Found::by(input, usize::MAX)
    }

    fn by(input: &[u8], step: usize) -> Found {
        Found::from(Trickle { bytes: input, step })
    }

    fn from(input: impl Read) -> Found {
        let mut document = Document::open(input).unwrap();
        let mut found = Found::default();
        let mut end = None;
        while let Some(block) = document.next_block().unwrap() {
            assert_eq!(end.unwrap_or(block.offset), block.offset, "a gap between blocks");
            end = Some(block.offset + block.bytes.len() as u64);
            found.largest_block = found.largest_block.max(block.bytes.capacity());
            let (pieces, structure) = block.pieces();
            found.structure.add(structure);
            let looked_into = |piece| found.looked_into(&block.bytes, piece);
            for piece in pieces.into_iter().flat_map(looked_into).collect::<Vec<_>>() {
                let (range, fault) = match piece {
                    Piece::Row(range) => (range, None),
                    Piece::Broken(broken) => (broken.range.clone(), Some((broken.reason, broken.part))),
                };
                let at = usize::try_from(block.offset).unwrap() + range.start;
                found.pieces.push((at, block.bytes[range].to_vec(), fault));
            }
        }
        found.structure.add(document.structure().clone());
        found
    }

    /// As a typist does with a row that it cannot type.
    fn looked_into(&mut self, bytes: &[u8], piece: Piece) -> Vec<Piece> {
        match piece {
            Piece::Row(row) if serde_json::from_slice::<serde::de::IgnoredAny>(&bytes[row.clone()]).is_err() => {
                let (pieces, structure) = look_into(&bytes[row.clone()]);
                self.structure.add(structure);
                pieces.into_iter().map(|piece| piece.moved(|at| at + row.start)).collect()
            }
            piece => vec![piece],
        }
    }

    fn rows(&self) -> Vec<&str> {
        let rows = self.pieces.iter().filter(|(_, _, fault)| fault.is_none());
        rows.map(|(_, bytes, _)| std::str::from_utf8(bytes).unwrap()).collect()
    }

    fn broken(&self) -> Vec<(&str, &str, u32)> {
        let broken = self.pieces.iter().filter_map(|(_, bytes, fault)| fault.map(|fault| (bytes, fault)));
        broken.map(|(bytes, (reason, part))| (std::str::from_utf8(bytes).unwrap(), reason, part)).collect()
    }

    /// The bytes of the input that are in no piece; asserts that none is in two.
    fn outside<'a>(&self, input: &'a [u8]) -> Vec<&'a [u8]> {
        let (mut at, mut outside) = (0, Vec::new());
        for (start, bytes, _) in &self.pieces {
            assert!(*start >= at, "pieces overlap at {start}");
            assert_eq!(&input[*start..start + bytes.len()], bytes, "a piece is not where it says");
            outside.push(&input[at..*start]);
            at = start + bytes.len();
        }
        outside.push(&input[at..]);
        outside
    }

    /// The input without pieces, white space, commas and brackets: what is left is wrapper, or lost.
    fn unaccounted(&self, input: &[u8]) -> String {
        let left = self.outside(input).concat();
        let text = String::from_utf8_lossy(&left).replace('\u{feff}', "");
        text.chars().filter(|c| !c.is_whitespace() && !",[]{}".contains(*c)).collect()
    }
}

fn structure(answers: u64, rows_of_largest_answer: u64, is_cut_off: bool) -> Structure {
    Structure { answers, rows_of_largest_answer, is_cut_off, ..Structure::default() }
}

/// Without what the keys beside a list say: `answers.rs` tests that.
fn structure_only(said: Structure) -> Structure {
    structure(said.answers, said.rows_of_largest_answer, said.is_cut_off)
}

#[test]
fn a_torn_line_does_not_swallow_those_after_it() {
    let good = r#"{"transaction_id":"a","unix_timestamp":1,"error_code":0}"#;
    for torn in [r#"{"transaction_id":"x","unix_ti"#, r#"{"transaction_id":"x","relationship":{"#] {
        for text in [format!("{torn}\n{good}\n{good}\n"), format!("{good}\n{torn}\n{good}\n")] {
            let mut document = Document::open(text.as_bytes()).unwrap();
            let mut rows = 0;
            while let Some(block) = document.next_block().unwrap() {
                let pieces = block.pieces().0;
                rows += pieces
                    .iter()
                    .filter(|piece| matches!(piece, Piece::Row(row) if &block.bytes[row.clone()] == good.as_bytes()))
                    .count();
            }
            assert_eq!(rows, 2, "{text}");
        }
    }
}
