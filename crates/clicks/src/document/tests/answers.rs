//! What an answer says of itself beside its rows, and bodies that are no answer.

use super::*;

const A: &str = r#"{"transaction_id":"a","error_code":9,"error":"of the click"}"#;

fn said(input: &str) -> Structure {
    let whole = Found::of(input.as_bytes());
    for step in [1, 2, 7] {
        assert_eq!(Found::by(input.as_bytes(), step), whole, "{input}");
    }
    whole.structure
}

#[test]
fn an_error_beside_the_list_is_heard() {
    for (member, words) in [
        (r#""error":"x y""#, "x y"),
        (r#""Error" : "x\" y" "#, r#"x\" y"#),
        (r#""errors":[{"message":"clicks"}]"#, r#"[{"message":"clicks"}]"#),
        (r#""error_message":{"a":"b"}"#, r#"{"a":"b"}"#),
        (r#""ERROR":503"#, "503"),
        (r#""error":true"#, "true"),
    ] {
        for answer in [
            format!(r#"{{"clicks":[{A}],{member}}}"#),
            format!(r#"{{"total":[1,{{}}],{member},"clicks":[{A}],"z":1}}"#),
            format!("{{\n  \"clicks\": [\n{A}\n],\n{member}\n}}\n"),
            format!(r#"{{"clicks":[],{member}}}"#),
            format!(r#"{{{member},"table":null}}"#),
        ] {
            for input in [answer.clone(), format!("{A}\n{answer}\n{A}\n"), format!("{answer}{answer}")] {
                assert_eq!(said(&input).error.as_deref(), Some(words), "{input}");
            }
        }
    }
}

#[test]
fn no_error_is_none() {
    for no in ["null", "\"\"", "[ ]", "{ }", "false", "0"] {
        let input = format!(r#"{{"error":{no},"clicks":[{A}],"errors" : {no} , "incomplete_results":{no}}}"#);
        assert_eq!(said(&input), structure(1, 1, false), "{input}");
    }
    // What a click has is not of its answer.
    let click = r#"{"error":"early","transaction_id":"a","clicks":null}"#;
    for input in [A, &format!("[{A}]"), click] {
        assert_eq!(said(input).error, None, "{input}");
    }
}

#[test]
fn an_answer_says_that_it_is_incomplete() {
    for member in [r#""incomplete_results":true"#, r#""incomplete_results" : 1 "#, r#""has_more":"yes""#] {
        for input in [
            format!(r#"{{"clicks":[{A}],{member}}}"#),
            format!(r#"{{{member},"table":[{A}]}}"#),
            format!("{A}\n{{\"clicks\":[],{member}}}\n"),
        ] {
            assert!(said(&input).is_declared_incomplete, "{input}");
        }
    }
}

#[test]
fn other_keys_are_named() {
    let input = format!(r#"{{"total":2,"clicks":[{A}],"paging":{{"next":1}},"{}":1}}"#, "k".repeat(70));
    let keys: Vec<String> = said(&input).other_keys.into_iter().collect();
    assert_eq!(keys, ["(a long key)", "paging", "total"]);
}

#[test]
fn an_error_instead_of_rows_is_heard_too() {
    let input = r#"{"Error": "internal"}"#;
    assert_eq!(said(input), Structure { error: Some("internal".to_owned()), ..structure(0, 0, false) });
}

fn rows_of(body: &str) -> Vec<&str> {
    let answer = read_answer(body.as_bytes()).unwrap();
    assert!(answer.is_sound(), "{body}");
    answer.rows.into_iter().map(|row| &body[row]).collect()
}

#[test]
fn a_whole_answer_gives_its_rows() {
    for body in [
        format!(r#"{{"clicks":[{A},{A}]}}"#),
        format!("\u{feff} {{\n\"table\" : [ {A} ,\n {A} ] , \"total\" : 2 }}\n"),
        format!("[{A},{A}]\n"),
    ] {
        assert_eq!(rows_of(&body), [A, A]);
    }
    assert_eq!(rows_of(A), [A]);
    for body in ["[]", r#"{"clicks":[]}"#, r#"{"clicks":null}"#, " {\"table\" : [ ]}\n", r#"{"total":0,"table":null}"#]
    {
        assert_eq!(rows_of(body), Vec::<&str>::new());
    }
}

#[test]
fn rows_with_a_doubt_come_with_it() {
    let body = format!(r#"{{"clicks":[{A}],"error":"x","incomplete_results":true,"n":1}}"#);
    let answer = read_answer(body.as_bytes()).unwrap();
    assert_eq!((answer.rows.len(), answer.error.as_deref(), answer.is_declared_incomplete), (1, Some("x"), true));
    assert!(!answer.is_sound());
    assert_eq!(answer.other_keys, ["n"]);
}

#[test]
fn what_is_no_answer_has_no_rows() {
    let is_error =
        |body: &str| matches!(read_answer(body.as_bytes()), Err(NotAnAnswer::Error { words }) if words == "x");
    assert!(is_error(r#"{"error":"x"}"#) && is_error("{\"Error\" : \"x\" , \"code\" : 1}\n"));
    for body in
        ["", " \n", "{}", "{\"a\":1}", r#"{"clicks":1}"#, "<html>", "null", "5", "\"clicks\"", r#"{"error":null}"#]
    {
        assert!(matches!(read_answer(body.as_bytes()), Err(NotAnAnswer::Other { .. })), "{body}");
    }
}

#[test]
fn a_torn_answer_is_none() {
    for whole in [format!(r#"{{"clicks":[{A},{A}],"n":[1]}}"#), format!("[{A}]"), A.to_owned()] {
        for end in 1..whole.len() {
            let torn = read_answer(&whole.as_bytes()[..end]);
            assert!(matches!(torn, Err(NotAnAnswer::Torn { .. })), "{} {torn:?}", &whole[..end]);
        }
        for more in ["]", "}", "x", "{}", "[]", "\n<html>", A] {
            let torn = read_answer(format!("{whole}{more}").as_bytes());
            assert!(matches!(torn, Err(NotAnAnswer::Torn { .. })), "{more} {torn:?}");
        }
    }
}
