//! Inputs larger than a block: memory stays bounded, and nothing depends on where blocks end.

use super::*;

fn row(n: usize) -> String {
    format!(r#"{{"transaction_id":"{n}","s":"{}","o":{{"x":[{{}}]}}}}"#, "}\\\"{".repeat(n % 97))
}

#[test]
fn rows_of_many_blocks() {
    let rows: Vec<String> = (0..20_000).map(row).collect();
    let expected: Vec<&str> = rows.iter().map(String::as_str).collect();
    let lines = rows.join("\n");
    let answer = format!("{{\"a\":1,\"clicks\":[{}],\"z\":[1]}}", rows.join(",\n"));
    assert!(lines.len() > 3 * BLOCK_BYTES);
    for (input, expected_structure) in [(lines, structure(0, 0, false)), (answer, structure(1, 20_000, false))] {
        let found = Found::by(input.as_bytes(), 77_777);
        assert!(found.rows() == expected, "rows differ");
        assert_eq!(structure_only(found.structure), expected_structure);
        assert!(found.largest_block <= 2 * BLOCK_BYTES, "{}", found.largest_block);
    }
}

/// So many rows of an answer on one line, made as they are read.
struct OneLine {
    rows: usize,
    made: usize,
    waiting: Vec<u8>,
    at: usize,
}

impl Read for OneLine {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.waiting.len() && self.made <= self.rows {
            self.at = 0;
            self.waiting = match self.made {
                0 => b"{\"clicks\":[".to_vec(),
                made if made < self.rows => format!("{},", ample(made)).into_bytes(),
                made => format!("{}]}}", ample(made)).into_bytes(),
            };
            self.made += 1;
        }
        let count = buffer.len().min(self.waiting.len() - self.at);
        buffer[..count].copy_from_slice(&self.waiting[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

fn ample(n: usize) -> String {
    format!(r#"{{"transaction_id":"{n}","s":"{}"}}"#, "x".repeat(50_000))
}

#[test]
fn a_line_of_a_hundred_megabytes_is_read_in_blocks() {
    let rows = 2_000;
    let mut document = Document::open(OneLine { rows, made: 0, waiting: vec![], at: 0 }).unwrap();
    let (mut seen, mut bytes) = (0, 0);
    while let Some(block) = document.next_block().unwrap() {
        assert!(block.bytes.capacity() <= 4 * BLOCK_BYTES, "{}", block.bytes.capacity());
        bytes += block.bytes.len();
        for piece in block.pieces().0 {
            let Piece::Row(range) = piece else { panic!("{piece:?}") };
            seen += 1;
            assert!(block.bytes[range] == *ample(seen).as_bytes(), "row {seen}");
        }
    }
    assert!(bytes > 100_000_000, "{bytes}");
    assert_eq!(seen, rows);
    assert_eq!(document.structure(), &structure(1, rows as u64, false));
}

#[test]
fn a_value_of_five_megabytes_is_in_its_row() {
    let large = format!(r#"{{"transaction_id":"b","referer":"{}"}}"#, "y\\\"".repeat(5 << 20));
    let large = &large[..];
    for input in [format!("{}\n{large}\n{}\n", row(1), row(2)), format!("[{},{large},{}]", row(1), row(2))] {
        let found = Found::of(input.as_bytes());
        assert_eq!(found.broken().len(), 0);
        assert!(found.rows() == [&row(1), large, &row(2)], "rows differ");
    }
}

#[test]
fn a_row_that_is_too_long_comes_in_parts() {
    let long = format!(r#"{{"transaction_id":"b","referer":"{}"}}"#, "z".repeat(20 << 20));
    let after = row(2);
    let inputs = [
        format!("{}\n{long}\n{after}\n", row(1)),
        format!("{long}\n{after}"),
        format!("{{\"clicks\":[{},{long},{after}]}}", row(1)),
        format!("{}\n{after}\n{long}", row(1)),
    ];
    for input in inputs {
        let found = Found::of(input.as_bytes());
        let parts = found.broken();
        let sizes: Vec<_> = parts.iter().map(|(bytes, reason, part)| (bytes.len(), *reason, *part)).collect();
        let reason = "longer than 16 MiB";
        let rest = long.len() - ROW_BYTES_MAX;
        // The same parts wherever it stands, so that quarantine keeps it once.
        assert_eq!(sizes, [(ROW_BYTES_MAX, reason, 0), (rest, reason, 1)]);
        assert!(format!("{}{}", parts[0].0, parts[1].0) == long, "the parts are not the row");
        assert!(found.rows().contains(&after.as_str()));
        assert!(found.largest_block <= 3 * ROW_BYTES_MAX);
    }
}

#[test]
fn garbage_that_is_too_long_comes_in_parts() {
    let garbage = "q".repeat(40 << 20);
    let found = Found::of(format!("[]\n{garbage}").as_bytes());
    let parts: Vec<_> = found.broken().iter().map(|(bytes, _, part)| (bytes.len(), *part)).collect();
    assert_eq!(parts, [(ROW_BYTES_MAX, 0), (ROW_BYTES_MAX, 1), (8 << 20, 2)]);
}

/// What stands beside the list is no row, and need not fit into memory.
#[test]
fn a_long_text_beside_the_list_is_passed_over() {
    let text = "t".repeat(24 << 20);
    let found =
        Found::of(format!("{{\"clicks\":[{}],\"debug\":\"{text}\",\"clicks\":[{}]}}", row(1), row(2)).as_bytes());
    assert_eq!(found.rows(), [row(1), row(2)]);
    assert!(found.largest_block <= 4 * BLOCK_BYTES, "{}", found.largest_block);
}
