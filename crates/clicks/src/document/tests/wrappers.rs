//! Every wrapper, by example and by chance.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const A: &str = r#"{"transaction_id":"a","sub1":"]}\"[{\\","clicks":[{"x":1}],"table":null}"#;
const B: &str = r#"{ "transaction_id" : "b" , "n" : { "clicks" : [ 1 ] , "s" : "line\nbreak" } }"#;

#[track_caller]
fn finds(input: &str, rows: &[&str], expected: Structure) {
    for step in [1, 2, 3, 7, usize::MAX] {
        let mut found = Found::by(input.as_bytes(), step);
        found.structure = structure_only(found.structure);
        assert_eq!(found.rows(), rows, "{input}");
        assert_eq!(found.broken(), [], "{input}");
        assert_eq!(found.structure, expected, "{input}");
    }
}

#[test]
fn every_documented_wrapper() {
    for key in ["clicks", "table"] {
        finds(&format!(r#"{{"{key}":[{A},{B}]}}"#), &[A, B], structure(1, 2, false));
        finds(&format!("{{\n \"{key}\" : [\n {A} ,\r\n {B}\n ]\n}}\n"), &[A, B], structure(1, 2, false));
        finds(&format!(r#"{{"{key}":[]}}"#), &[], structure(1, 0, false));
        finds(&format!(r#"{{"{key}": null}}"#), &[], structure(1, 0, false));
        finds(&format!("{{\"{key}\": [ ] }}\n"), &[], structure(1, 0, false));
    }
    finds(&format!("[{A},{B}]"), &[A, B], structure(1, 2, false));
    finds("[]", &[], structure(1, 0, false));
    finds(A, &[A], structure(0, 0, false));
    finds("", &[], structure(0, 0, false));
    finds(" \r\n\t\n", &[], structure(0, 0, false));
}

#[test]
fn rows_on_lines() {
    for (between, end) in [("\n", ""), ("\n", "\n"), ("\r\n", "\r\n"), ("\n\n \n", "\n\n"), (" ", "")] {
        finds(&format!("{A}{between}{B}{end}"), &[A, B], structure(0, 0, false));
    }
}

#[test]
fn other_keys_stand_before_and_after_the_list() {
    let answers = [
        format!(r#"{{"total":2,"note":"\"clicks\":[","clicks":[{A},{B}]}}"#),
        format!(r#"{{"clicks":[{A},{B}],"incomplete_results":true,"paging":{{"next":[1,2]}},"s":"]}}"}}"#),
        format!(r#"{{"meta":{{"clicks":1,"table":[{{}}]}},"table":[{A},{B}],"sort":"transaction_id"}}"#),
    ];
    for answer in answers {
        finds(&answer, &[A, B], structure(1, 2, false));
        finds(&format!("{answer}\n"), &[A, B], structure(1, 2, false));
        finds(&format!("{answer}\n{answer}\n"), &[A, B, A, B], structure(2, 2, false));
    }
    let names_a_click = format!(r#"{{"sort":"transaction_id","meta":{{"transaction_id":1}},"table":[{A},{B}]}}"#);
    finds(&names_a_click, &[A, B], structure(1, 2, false));
}

#[test]
fn answers_follow_each_other() {
    finds(
        &format!(r#"{{"clicks":[{A}]}}{{"table":[{A},{B},{A}]}}[{B}]{B}"#),
        &[A, A, B, A, B, B],
        structure(3, 3, false),
    );
    finds(&format!("[{A}]\n[{B},{A}]\n"), &[A, B, A], structure(2, 2, false));
    finds(&format!("{{\"clicks\":[{A}]}}\n{{\"clicks\":null}}\n{{\"clicks\":[]}}\n"), &[A], structure(3, 1, false));
}

#[test]
fn lines_may_be_followed_by_documents_on_several_lines() {
    for open in ["[", "{\n\"clicks\": [", "{\"table\" : ["] {
        let close = if open == "[" { "]" } else { "]\n}" };
        let pretty = format!("{open}\n  {A},\n  {B}\n{close}\n{A}\n");
        finds(&format!("{A}\n{pretty}"), &[A, A, B, A], structure(1, 2, false));
    }
    finds(
        "{\"transaction_id\":\"a\"}\n{\n\"transaction_id\":\n\"b\"\n}\n",
        &[r#"{"transaction_id":"a"}"#, "{\n\"transaction_id\":\n\"b\"\n}"],
        structure(0, 0, false),
    );
}

#[test]
fn a_byte_order_mark_is_no_row() {
    finds(&format!("\u{feff}{A}\n{B}\n"), &[A, B], structure(0, 0, false));
    finds(&format!("\u{feff}{{\"clicks\":[{A}]}}"), &[A], structure(1, 1, false));
    finds("\u{feff}", &[], structure(0, 0, false));
    let found = Found::of(format!("\u{feff} {A}").as_bytes());
    assert_eq!(found.pieces[0].0, 4, "positions count the mark");
}

#[test]
fn a_click_with_a_key_of_a_wrapper_is_still_a_click() {
    let clicks = [
        r#"{"clicks":null,"transaction_id":"a"}"#,
        r#"{"clicks":[],"transaction_id":"a"}"#,
        r#"{"clicks":[1,2],"transaction_id":"a"}"#,
        r#"{"clicks":{"a":[]},"transaction_id":"a"}"#,
        r#"{"table":"x","transaction_id":"a"}"#,
        r#"{"transaction_id":"a","table":[{"b":1}],"clicks":null}"#,
    ];
    for click in clicks {
        finds(click, &[click], structure(0, 0, false));
        finds(&format!("{A}\n{click}\n{click}\n"), &[A, click, click], structure(0, 0, false));
        finds(&format!("[{click},{click}]"), &[click, click], structure(1, 2, false));
        finds(&format!("{{\"clicks\":[{click}]}}"), &[click], structure(1, 1, false));
    }
}

/// Text with all that could confuse a scanner.
pub(super) fn text() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "a",
        "\"",
        "\\",
        "\n",
        "\r\n",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\u{1}",
        "é",
        "😀",
        "clicks",
        "\"clicks\":[",
        "table",
    ]);
    prop::collection::vec(parts, 0..6).prop_map(|parts| parts.concat())
}

pub(super) fn row() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![text().prop_map(Value::from), any::<i32>().prop_map(Value::from), Just(Value::Null)];
    let value = leaf.prop_recursive(3, 12, 3, |inner| {
        let entries = prop::collection::vec((text(), inner.clone()), 0..3);
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(Value::Array),
            entries.prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    });
    prop::collection::vec((text(), value), 0..4).prop_map(|entries| {
        let mut row: serde_json::Map<String, Value> = entries.into_iter().collect();
        // A list of clicks under an answer's key, before the id, reads as an answer.
        row.retain(|key, value| !matches!(key.as_str(), "clicks" | "table") || !holds_objects(value));
        row.insert("transaction_id".to_owned(), "x".into());
        Value::Object(row)
    })
}

fn holds_objects(value: &Value) -> bool {
    value.as_array().is_some_and(|list| list.iter().any(|item| item.is_object() || holds_objects(item)))
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Wrapper {
    Answer(&'static str, bool),
    Surrounded,
    Array(bool),
    Lines(&'static str),
    PrettyRows,
    Joined,
}

impl Wrapper {
    pub(super) fn wrap(self, rows: &[Value]) -> String {
        let print = |value: &Value, is_pretty: bool| match is_pretty {
            true => serde_json::to_string_pretty(value).unwrap(),
            false => value.to_string(),
        };
        let each = |is_pretty: bool| rows.iter().map(|row| print(row, is_pretty)).collect::<Vec<_>>();
        match self {
            Wrapper::Answer(key, is_pretty) => print(&json!({ key: rows }), is_pretty),
            Wrapper::Surrounded => {
                format!(r#"{{"a":{{"clicks":[1]}},"b":"\"","table" : {},"z":[{{"clicks":[2]}}]}}"#, json!(rows))
            }
            Wrapper::Array(is_pretty) => print(&json!(rows), is_pretty),
            Wrapper::Lines(between) => each(false).join(between),
            Wrapper::PrettyRows => each(true).join("\n"),
            Wrapper::Joined => each(false).concat(),
        }
    }

    pub(super) fn is_answer(self) -> bool {
        matches!(self, Wrapper::Answer(..) | Wrapper::Surrounded | Wrapper::Array(_))
    }
}

pub(super) fn wrapper() -> impl Strategy<Value = Wrapper> {
    prop::sample::select(vec![
        Wrapper::Answer("clicks", false),
        Wrapper::Answer("clicks", true),
        Wrapper::Answer("table", false),
        Wrapper::Surrounded,
        Wrapper::Array(false),
        Wrapper::Array(true),
        Wrapper::Lines("\n"),
        Wrapper::Lines("\r\n"),
        Wrapper::PrettyRows,
        Wrapper::Joined,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_sequence_of_answers_gives_its_rows(
        documents in prop::collection::vec((wrapper(), prop::collection::vec(row(), 0..5)), 0..4),
        between in prop::sample::select(vec!["\n", "\r\n", "\n\n  "]),
        ends_with_newline in any::<bool>(),
        has_mark in any::<bool>(),
        step in 1_usize..40,
    ) {
        let mut input: String = if has_mark { "\u{feff}".into() } else { String::new() };
        let texts: Vec<String> = documents.iter().map(|(wrapper, rows)| wrapper.wrap(rows)).collect();
        input.push_str(&texts.join(between));
        if ends_with_newline {
            input.push('\n');
        }
        let found = Found::by(input.as_bytes(), step);
        let rows: Vec<Value> = found.rows().iter().map(|row| serde_json::from_str(row).unwrap()).collect();
        let expected: Vec<Value> = documents.iter().flat_map(|(_, rows)| rows.clone()).collect();
        prop_assert_eq!(rows, expected, "{}", input);
        prop_assert_eq!(found.broken(), []);
        prop_assert!(!found.structure.is_cut_off);
        prop_assert_eq!(&found, &Found::of(input.as_bytes()));
        // Of each wrapper, nothing but itself is in no piece.
        let wrapper_only = |(wrapper, _): &(Wrapper, Vec<Value>)| match wrapper {
            Wrapper::Answer(key, _) => format!("\"{key}\":"),
            Wrapper::Surrounded => r#""a":"clicks":1"b":"\"""table":"z":"clicks":2"#.to_owned(),
            _ => String::new(),
        };
        prop_assert_eq!(found.unaccounted(input.as_bytes()), documents.iter().map(wrapper_only).collect::<String>());
        let answers: Vec<_> = documents.iter().filter(|(wrapper, _)| wrapper.is_answer()).collect();
        let largest = answers.iter().map(|(_, rows)| rows.len()).max().unwrap_or(0);
        prop_assert_eq!(structure_only(found.structure), structure(answers.len() as u64, largest as u64, false));
    }

    /// Whatever comes after something that begins as JSON: every byte is in a piece, or is white space, a bracket, a comma
    /// or beside the list of an answer.
    #[test]
    fn nothing_is_dropped_from_anything(
        parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\n", " ", "x", "1", "null", "{\"transaction_id\":\"a\"}", "\"b\"", "<p>",
        ]), 0..30),
        opening in prop::sample::select(vec!["[", "{\"transaction_id\":\"a\"}\n", "{", "{\"a\":1}"]),
        step in 1_usize..10,
    ) {
        let input = format!("{opening}{}", parts.concat());
        let found = Found::by(input.as_bytes(), step);
        prop_assert_eq!(found.unaccounted(input.as_bytes()), "", "{} {:?}", input, found);
        prop_assert_eq!(&found, &Found::of(input.as_bytes()));
    }
}
