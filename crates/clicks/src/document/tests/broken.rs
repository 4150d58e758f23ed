//! Input that is torn or foreign: kept, and said so.

use super::*;

const A: &str = r#"{"transaction_id":"a"}"#;
const B: &str = r#"{"transaction_id":"b"}"#;

#[test]
fn an_answer_that_is_cut_off() {
    let whole = format!(r#"{{"clicks":[{A},{B}]}}"#);
    for end in 1..whole.len() {
        let found = Found::of(&whole.as_bytes()[..end]);
        assert!(found.structure.is_cut_off || !found.broken().is_empty(), "{}", &whole[..end]);
        let rows_seen = found.rows().len();
        let expected = usize::from(end >= 11 + A.len()) + usize::from(end >= 12 + A.len() + B.len());
        assert_eq!(rows_seen, expected, "{}", &whole[..end]);
        let is_inside_a_row = end > 11 && whole.as_bytes()[end - 1] != b',' && end < 12 + A.len() + B.len();
        if is_inside_a_row && end != 11 + A.len() {
            assert_eq!(found.broken().len(), 1, "{}", &whole[..end]);
            assert_eq!(found.broken()[0].1, "the input ends inside this row");
        }
    }
    assert!(!Found::of(whole.as_bytes()).structure.is_cut_off);
}

#[test]
fn a_line_that_is_cut_off_takes_no_other_with_it() {
    let torn = r#"{"transaction_id":"b","sub1":"x"#;
    let found = Found::of(format!("{A}\n{torn}\n{B}\n").as_bytes());
    assert_eq!(found.rows(), [A, B]);
    assert_eq!(found.broken(), [(torn, "cut off: the next line begins anew", 0)]);
    let found = Found::of(format!("{A}\n{torn}").as_bytes());
    assert_eq!(found.rows(), [A]);
    assert_eq!(found.broken(), [(torn, "the input ends inside this row", 0)]);
}

#[test]
fn lines_that_are_no_json_are_kept() {
    let found = Found::of(format!("{A}\nERROR 503\n{B}\n<html>\n</html>").as_bytes());
    assert_eq!(found.rows(), [A, B]);
    assert_eq!(found.broken(), [("ERROR 503\n", "not JSON", 0), ("<html>\n</html>", "not JSON", 0)]);
    let page = "<html>\n <body>\n</html>\n";
    let found = Found::of(format!("[{A}]\n{page}[{B}]\n").as_bytes());
    assert_eq!(found.rows(), [A, B]);
    assert_eq!(found.broken(), [(page, "not JSON", 0)]);
    assert_eq!(found.structure, structure(2, 1, false));
}

#[test]
fn a_page_instead_of_an_answer_is_refused() {
    for text in ["<!DOCTYPE html>", "  \n<html>", "error", "\"text\"", "1", "\u{1f}\u{8b}", "PAR1"] {
        let error = Document::open(text.as_bytes()).err().unwrap();
        assert!(matches!(&error, DocumentError::NotJson(_)), "{text}");
        assert!(error.to_string().contains("not JSON: it begins with"), "{error}");
    }
}

#[test]
fn two_rows_on_a_line_are_both_rows() {
    for between in ["", " ", ",", ", "] {
        let line = format!("{A}{between}{B}");
        assert_eq!(Found::of(format!("{A}\n{line}\n").as_bytes()).rows(), [A, A, B]);
        assert_eq!(Found::of(format!("{line}\n{A}\n").as_bytes()).rows(), [A, B, A]);
    }
}

#[test]
fn a_click_with_a_list_under_the_key_of_an_answer_is_one_row() {
    for list in [r#"[{"x":1}]"#, r#"[ {"x":[{}]} , 1 ,{"y":"]"}]"#] {
        let click = format!(r#"{{"table" : {list},"a":1,"transaction_id":"a","sub1":"kept"}}"#);
        for input in [click.clone(), format!("{A}\n{click}\n{B}\n"), format!("{click}{B}"), format!("[{A},{click}]")] {
            for step in [1, usize::MAX] {
                let found = Found::by(input.as_bytes(), step);
                assert!(found.rows().contains(&click.as_str()), "{input} {found:?}");
                assert_eq!(found.broken(), []);
                assert!(found.structure.answers == u64::from(input.starts_with('[')), "{input}");
            }
        }
    }
    // An answer of rows without ids is still one.
    let found = Found::of(br#"{"clicks":[{"x":1},{"y":2}],"n":1}"#);
    assert_eq!(found.rows(), [r#"{"x":1}"#, r#"{"y":2}"#]);
    assert_eq!(structure_only(found.structure), structure(1, 2, false));
}

#[test]
fn a_click_with_a_list_of_clicks_before_its_id_loses_nothing() {
    let input = r#"{"clicks":[{"transaction_id":"z"}],"transaction_id":"a","sub1":"kept"}"#;
    for step in [1, usize::MAX] {
        let found = Found::by(input.as_bytes(), step);
        assert_eq!(found.pieces[1].1, br#""transaction_id":"a","sub1":"kept"}"#);
    }
}

#[test]
fn an_unindented_document_is_no_sequence_of_cut_ones() {
    // As `json.dumps(..., indent=0)` prints.
    let row =
        "{\n\"transaction_id\": \"a\",\n\"n\": [\n{\n\"transaction_id\": \"b\"\n},\n{\n\"clicks\": [\n{}\n]\n}\n]\n}";
    for input in [row.to_owned(), format!("[\n{row},\n{row}\n]"), format!("{{\n\"clicks\": [\n{row}\n]\n}}\n")] {
        let found = Found::of(input.as_bytes());
        assert_eq!(found.broken(), [], "{input}");
        assert!(found.rows().iter().all(|found| *found == row) && !found.structure.is_cut_off, "{input}");
    }
}

#[test]
fn scalars_in_the_place_of_rows_are_kept() {
    let found = Found::of(br#"{"clicks":[{}, 1 ,"a]",null,[2,[3]],true]}"#);
    assert_eq!(found.rows(), ["{}", "1", r#""a]""#, "null", "[2,[3]]", "true"]);
    assert_eq!(found.structure, structure(1, 6, false));
}

#[test]
fn an_error_is_a_row_that_typing_refuses() {
    let error = r#"{"Error": "internal"}"#;
    assert_eq!(Found::of(error.as_bytes()).rows(), [error]);
}

#[test]
fn a_read_that_fails_is_an_error() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("disk on fire"))
        }
    }
    let input = format!("{A}\n").repeat(200_000);
    let mut document = Document::open(input.as_bytes().chain(Failing)).unwrap();
    let failure = loop {
        match document.next_block() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the failure was taken for the end"),
            Err(error) => break error,
        }
    };
    assert!(failure.to_string().contains("disk on fire"));
}
