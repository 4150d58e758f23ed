//! Objects that were seen before give the same columns as if each were read anew.

use proptest::prelude::*;

use super::*;

/// Few objects that are equal, nearly equal, prefixes of each other, and odd.
fn pool(place: usize) -> Vec<String> {
    let (_, key) = OBJECTS[place];
    let first = COLUMNS.iter().find(|column| column.place == OBJECTS[place].0).unwrap().key;
    [
        "{}".to_owned(),
        format!(r#"{{"{first}":1}}"#),
        format!(r#"{{"{first}":1 }}"#),
        format!(r#"{{"{first}":"1"}}"#),
        format!(r#"{{"{first}":10}}"#),
        format!(r#"{{"{first}":1,"name":"a}}"}}"#),
        format!(r#"{{"{first}":1,"name":"a","network_id":2,"is_mobile":true}}"#),
        format!(r#"{{"{first}":1,"name":"a","network_id":3,"is_mobile":false}}"#),
        format!(r#"{{"{first}":1,"{first}":2}}"#),
        format!(r#"{{"{first}":1.5,"name":{{"a":1}}}}"#),
        format!(r#"{{"new_{key}":"x","name":"\ud800"}}"#),
        format!(r#"{{"new_{key}":"x","name":"b\n"}}"#),
        "\"text\"".to_owned(),
        "null".to_owned(),
    ]
    .into()
}

fn rows() -> impl Strategy<Value = Vec<Vec<Option<String>>>> {
    let objects: Vec<_> = (0..OBJECTS.len()).map(|place| prop::option::of(prop::sample::select(pool(place)))).collect();
    prop::collection::vec(objects, 1..30)
}

fn row_of(objects: &[Option<String>], spaces: usize) -> String {
    let pairs = OBJECTS.iter().zip(objects);
    let members = pairs.filter_map(|((_, key), object)| object.as_ref().map(|object| format!(r#""{key}":{object}"#)));
    let row = row_with(&format!(r#""relationship":{{{}}}"#, members.collect::<Vec<_>>().join(",")));
    // Inside the objects that columns come from, white space makes each one different.
    let mut spaced = row;
    for (_, key) in OBJECTS {
        spaced = spaced.replace(&format!("\"{key}\":{{"), &format!("\"{key}\":{{{}", " ".repeat(spaces)));
    }
    spaced
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_memo_changes_nothing(rows in rows(), split in any::<prop::sample::Index>()) {
        let plain: Vec<String> = rows.iter().map(|objects| row_of(objects, 0)).collect();
        let different: Vec<String> = rows.iter().enumerate().map(|(nth, objects)| row_of(objects, nth + 1)).collect();
        let plain: Vec<&str> = plain.iter().map(String::as_str).collect();
        let different: Vec<&str> = different.iter().map(String::as_str).collect();
        let expected = typed(&different);
        prop_assert_eq!(typed(&plain), expected.clone());
        // A typer that was emptied is as a new one.
        let split = split.index(rows.len() + 1);
        let mut typer = ClickTyper::new(Observation::default());
        plain[..split].iter().for_each(|row| typer.push(row.as_bytes()).unwrap());
        prop_assert_eq!(batch_of(&typer.finish()), expected.slice(0, split));
        plain[split..].iter().for_each(|row| typer.push(row.as_bytes()).unwrap());
        prop_assert_eq!(batch_of(&typer.finish()), expected.slice(split, rows.len() - split));
    }
}

#[test]
fn keys_in_another_order_are_found() {
    let forward = row_with(
        r#""sub1":"a","sub2":"b","relationship":{"offer":{"network_offer_id":1,"name":"n"},"geolocation":{"dma":5}}"#,
    );
    let backward = r#"{"relationship":{"geolocation":{"dma":5},"offer":{"name":"n","network_offer_id":1}},"sub2":"b","sub1":"a","error_code":0,"unix_timestamp":1731113091,"transaction_id":"t"}"#;
    let batch = typed(&[&forward, backward, &forward, backward]);
    for row in 1..4 {
        assert_eq!(batch.slice(row, 1), batch.slice(0, 1), "{row}");
    }
}
