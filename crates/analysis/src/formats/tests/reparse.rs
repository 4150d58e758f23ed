//! Text by strangers, written and read back by the rules of each format.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, AsArray, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray, StringViewArray,
};
use datafusion::arrow::datatypes::DataType;
use proptest::prelude::*;

use super::{text, texts, written};
use crate::formats::{Format, Meta, Options, csv, visible};

pub(crate) fn read_csv(text: &str) -> Vec<Vec<String>> {
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).flexible(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// The rows of a GitHub table, by the rules of CommonMark: cells end at pipes that no backslash escapes, are trimmed,
/// and then hold backslash escapes and character references.
pub(crate) fn read_markdown(text: &str) -> Vec<Vec<String>> {
    let rows = text.lines().enumerate().filter(|(line, _)| *line != 1);
    rows.map(|(_, row)| {
        let inner = row.strip_prefix('|').unwrap().strip_suffix('|').unwrap();
        let mut cells = vec![String::new()];
        let mut characters = inner.chars();
        while let Some(character) = characters.next() {
            let cell = cells.last_mut().unwrap();
            match character {
                '|' => cells.push(String::new()),
                '\\' => cell.extend(['\\'].into_iter().chain(characters.next())),
                other => cell.push(other),
            }
        }
        cells.iter().map(|cell| unescape_markdown(cell.trim())).collect()
    })
    .collect()
}

fn unescape_markdown(cell: &str) -> String {
    let mut out = String::new();
    let mut rest = cell;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            '\\' => {
                let next = rest.chars().next().unwrap();
                assert!(next.is_ascii_punctuation(), "a backslash before {next:?} is text");
                out.push(next);
                rest = &rest[1..];
            }
            '&' => {
                let (name, after) = rest.split_once(';').unwrap();
                out.push(reference(name));
                rest = after;
            }
            '<' | '*' | '`' | '[' | ']' | '~' => panic!("{character} would be markup in {cell:?}"),
            other => out.push(other),
        }
    }
    out
}

fn reference(name: &str) -> char {
    match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        number => char::from_u32(number.strip_prefix('#').unwrap().parse().unwrap()).unwrap(),
    }
}

/// The cells of a page's body rows, by the rules of HTML for text.
pub(crate) fn read_html(page: &str) -> Vec<Vec<String>> {
    // A parser of HTML normalises line ends before anything else.
    let page = page.replace("\r\n", "\n").replace('\r', "\n");
    let body = page.split_once("<tbody>").unwrap().1.split_once("</tbody>").unwrap().0;
    body.split("<tr>")
        .skip(1)
        .map(|row| {
            let cells = row.split("<td").skip(1);
            cells
                .map(|cell| {
                    let inner = cell.split_once('>').unwrap().1.split_once("</td>").unwrap().0;
                    assert!(!inner.contains(['<', '>', '\0']), "{inner:?} has markup");
                    let mut out = String::new();
                    let mut rest = inner;
                    while let Some((before, after)) = rest.split_once('&') {
                        let (name, after) = after.split_once(';').unwrap();
                        out.push_str(before);
                        out.push(reference(name));
                        rest = after;
                    }
                    out + rest
                })
                .collect()
        })
        .collect()
}

/// Text with all that formats trip over.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "|",
            "\\",
            "\\|",
            "\n",
            "\r\n",
            "\r",
            "\t",
            " ",
            "\u{a0}",
            "\"",
            "'",
            ",",
            ";",
            "=",
            "+",
            "-",
            "@",
            "<",
            ">",
            "&",
            "&amp;",
            "&#124;",
            "<br>",
            "</td>",
            "</tbody>",
            "<script>",
            "*",
            "**",
            "_",
            "`",
            "~",
            "[",
            "](",
            "#",
            "$",
            "\u{1b}[31m",
            "\u{202e}",
            "\u{2028}",
            "\u{85}",
            "\u{9b}",
            "\u{feff}",
            "\u{0}",
            "http://",
            "www.",
            "{{",
            "}}",
            "{%",
            "東",
            "e\u{301}",
            "🚀",
            "\u{7f}",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,6}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn text_formats_reparse_to_the_same_cells(rows in prop::collection::vec((hostile(), prop::option::of(hostile())), 1..6)) {
        let first: StringArray = rows.iter().map(|row| Some(row.0.as_str())).collect();
        let second: StringViewArray = rows.iter().map(|row| row.1.as_deref()).collect();
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("first", Arc::new(first) as ArrayRef, true), ("second", Arc::new(second) as ArrayRef, true),
        ]).unwrap();
        let cells = |edit: &dyn Fn(&str) -> String| -> Vec<Vec<String>> {
            rows.iter().map(|row| vec![edit(&row.0), edit(row.1.as_deref().unwrap_or_default())]).collect()
        };

        let guarded = |text: &str| if csv::is_formula(text) { format!("'{text}") } else { text.to_owned() };
        prop_assert_eq!(&read_csv(&text(Format::Csv, &batch))[1..], cells(&guarded));
        let raw = Options { raw: true, ..Options::default() };
        let (bytes, _) = written(Format::Csv, std::slice::from_ref(&batch), &Meta::default(), &raw);
        prop_assert_eq!(&read_csv(&String::from_utf8(bytes).unwrap())[1..], cells(&str::to_owned));

        let without_nul = |text: &str| text.replace('\0', "␀");
        prop_assert_eq!(&read_markdown(&text(Format::Markdown, &batch))[1..], cells(&without_nul));
        prop_assert_eq!(read_html(&text(Format::Html, &batch)), cells(&without_nul));

        let json: Vec<serde_json::Value> = serde_json::from_str(&text(Format::Json, &batch)).unwrap();
        for (value, row) in json.iter().zip(&rows) {
            prop_assert_eq!(value["first"].as_str(), Some(row.0.as_str()));
            prop_assert_eq!(value["second"].as_str(), row.1.as_deref());
        }
        prop_assert_eq!(text(Format::Ndjson, &batch).lines().count(), rows.len());

        let table = text(Format::Table, &batch);
        prop_assert_eq!(table.matches('\n').count(), rows.len() + 2);
        prop_assert!(!table.chars().any(|c| c != '\n' && visible::acts(c)));
    }

    #[test]
    fn a_cut_table_stays_within_its_width(values in prop::collection::vec(hostile(), 1..5), width in 8usize..60) {
        let batch = texts(&values.iter().map(|value| Some(value.as_str())).collect::<Vec<_>>());
        let options = Options { width: Some(width), ..Options::default() };
        let (bytes, _) = written(Format::Table, &[batch], &Meta::default(), &options);
        let table = String::from_utf8(bytes).unwrap();
        prop_assert!(table.lines().all(|line| visible::columns(line) <= width), "{}", table);
    }

    #[test]
    fn numbers_in_csv_are_exact(number in any::<i64>(), float in any::<f64>(), money in -999_999_999_999_999_999_i128..=999_999_999_999_999_999) {
        let money = Decimal128Array::from(vec![money]).with_precision_and_scale(18, 6).unwrap();
        let batch = RecordBatch::try_from_iter([
            ("n", Arc::new(Int64Array::from(vec![number])) as ArrayRef),
            ("f", Arc::new(Float64Array::from(vec![float])) as ArrayRef),
            ("m", Arc::new(money.clone()) as ArrayRef),
        ]).unwrap();
        let cells = read_csv(&text(Format::Csv, &batch));
        prop_assert_eq!(cells[1][0].parse::<i64>().unwrap(), number);
        let back: f64 = cells[1][1].parse().unwrap();
        prop_assert!(back == float || back.is_nan() && float.is_nan());
        let read = datafusion::arrow::compute::cast(&StringArray::from(vec![cells[1][2].as_str()]), &DataType::Decimal128(18, 6)).unwrap();
        prop_assert_eq!(read.as_primitive(), &money);
    }
}
