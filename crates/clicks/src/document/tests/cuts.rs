//! What follows a document that was cut off.

use proptest::prelude::*;
use serde_json::Value;

use super::wrappers::{Wrapper, row, wrapper};
use super::*;

const A: &str = r#"{"transaction_id":"a","n":[{"x":"y"}]}"#;
const B: &str = r#"{"transaction_id":"b"}"#;

/// The rows of an answer, wherever the one before it was cut off.
#[test]
fn what_follows_a_cut_lands() {
    let torn = [
        format!(r#"{{"meta":{{"z":[1,{{}}]}},"clicks":[{A},{B},{A}],"paging":{{"next":[{{}}]}},"error":null}}"#),
        format!("[{A},{B}]"),
        format!("[\n{A},\n{A}\n]"),
        format!("{{\n  \"table\": [\n    {A},\n    {A}\n  ]\n}}"),
        A.to_owned(),
    ];
    let next = [
        format!(r#"{{"clicks":[{B},{A}],"n":1}}"#),
        format!("{{\n  \"clicks\": [\n    {B},\n    {A}\n  ]\n}}"),
        format!("[{B},{A}]"),
        format!("{B}\n{A}"),
    ];
    for (torn, next) in torn.iter().flat_map(|torn| next.iter().map(move |next| (torn, next))) {
        for end in 1..torn.len() {
            for input in [format!("{}\n{next}\n", &torn[..end]), format!("{B}\n{}\r\n{next}", &torn[..end])] {
                let found = Found::of(input.as_bytes());
                let rows = found.rows();
                assert!(rows.ends_with(&[B, A]), "{input}\n{found:?}");
                assert_eq!(Found::by(input.as_bytes(), 1), found, "{input}");
                // A torn end is seen: an answer was cut off, or a row is broken.
                assert!(found.structure.is_cut_off || !found.broken().is_empty(), "{input}\n{found:?}");
            }
        }
    }
}

/// A row that has a list of its own called as one of rows is, and is cut off in it, begins as an answer does: its list
/// is taken for one of rows. That an answer was cut off is said all the same.
#[test]
fn a_row_that_begins_as_an_answer_does_is_said_to_be_cut_off() {
    let input = format!("[\n{B}\n]\n{{\n  \"a\": [\n    1\n  ],\n  \"clicks\": [\n{B}\n");
    let found = Found::of(input.as_bytes());
    assert_eq!((found.rows(), found.structure.is_cut_off), (vec![B, B], true), "{found:?}");
}

/// Text that may stand outside all pieces: what is around a list, as far as it goes.
fn is_wrapper(outside: &str, wrapped: &str) -> bool {
    let solid = |text: &str| text.chars().filter(|c| !c.is_whitespace() && !",[]{}".contains(*c)).collect::<String>();
    solid(wrapped).contains(&solid(outside))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// Any sequence of documents, one of them cut off at any byte: the rows of the others land, whole; the rows of the one
    /// that end before the cut do, too; and every byte is in a piece or around a list.
    #[test]
    fn a_cut_takes_nothing_else_with_it(
        documents in prop::collection::vec((wrapper(), prop::collection::vec(row(), 1..4)), 1..5),
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        between in prop::sample::select(vec!["\n", "\r\n"]),
        step in 1_usize..40,
    ) {
        let mut texts: Vec<String> = documents.iter().map(|(wrapper, rows)| wrapper.wrap(rows)).collect();
        let which = which.index(texts.len());
        let whole = texts[which].clone();
        let cut = (0..=at.index(whole.len())).rev().find(|cut| whole.is_char_boundary(*cut)).unwrap();
        texts[which].truncate(cut);
        let input = texts.join(between);
        prop_assume!(input.starts_with(['{', '[']));
        let found = Found::by(input.as_bytes(), step);
        prop_assert_eq!(&found, &Found::of(input.as_bytes()));

        let rows: Vec<Value> = found.rows().iter().filter_map(|row| serde_json::from_str(row).ok()).collect();
        let before: Vec<Value> = documents[..which].iter().flat_map(|(_, rows)| rows.clone()).collect();
        let after: Vec<Value> = documents[which + 1..].iter().flat_map(|(_, rows)| rows.clone()).collect();
        prop_assert!(rows.starts_with(&before), "{input}\n{found:?}");
        prop_assert!(rows.ends_with(&after), "{input}\n{found:?}");
        let of_cut = &rows[before.len()..rows.len() - after.len()];
        prop_assert!(documents[which].1.starts_with(of_cut), "{input}\n{found:?}");

        let begins_as_an_answer = |row: &Value| ["clicks", "table"].iter().any(|name| row[*name].is_array());
        if documents[which].1.iter().any(begins_as_an_answer) {
            return Ok(());
        }
        let wrapped = |(wrapper, _): &(Wrapper, Vec<Value>)| wrapper.wrap(&[]);
        let wrapped: Vec<String> = documents.iter().map(wrapped).collect();
        for outside in found.outside(input.as_bytes()) {
            for line in std::str::from_utf8(outside).unwrap().lines() {
                prop_assert!(is_wrapper(line, &wrapped.concat()), "{line:?} in {input}\n{found:?}");
            }
        }
    }
}
