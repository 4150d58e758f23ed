//! Rows by chance: every key at every level, every kind of value in every column.

use proptest::prelude::*;

use super::*;

/// Source text of a JSON text: plain, or every character escaped.
pub(super) fn quoted(text: &str, is_escaped: bool) -> String {
    if is_escaped {
        let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
        format!("\"{units}\"")
    } else {
        serde_json::to_string(text).unwrap()
    }
}

fn text() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "a", "N/A", "?", "]}", "\"", "\\", "\n", "\t", "\0", "\u{1f}", "\u{7f}", "é", "😀", "\u{2028}", "\u{fffd}",
        " ", "null", "true", "0", "1", "-", "e5", "Infinity", "NaN", "0x10", "1_000", "１",
    ]);
    prop_oneof![prop::collection::vec(odd, 1..4).prop_map(|parts| parts.concat()), "\\PC{1,12}"]
}

/// Source text of a JSON number.
fn number() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "0",
        "1",
        "-0",
        "-1",
        "2",
        "0.0",
        "1.0",
        "-0.0",
        "0.1",
        "5e-324",
        "1.23456789e-320",
        "1e400",
        "-1e400",
        "1e-400",
        "1E5",
        "1e+2",
        "12e-7",
        "2147483647",
        "2147483648",
        "-2147483649",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "123456789012345678901234567890",
        "999999999999.999999",
        "1000000000000",
        "-999999999999.999999",
        "0.123456789",
        "0.1234567",
        "0.30000000000000004",
        "0.12345678901234567890",
        "100000000000000000000e-20",
        "17976931348623157e292",
        "1731113091000",
    ]);
    let money = (any::<i32>(), 0_usize..=12, any::<u64>()).prop_map(|(whole, places, fraction)| match places {
        0 => whole.to_string(),
        _ => format!("{whole}.{:0places$}", fraction % 10_u64.pow(u32::try_from(places).unwrap())),
    });
    prop_oneof![known.prop_map(str::to_owned), money, any::<i64>().prop_map(|number| number.to_string())]
}

/// Source text of a key.
fn key(known: Vec<&'static str>) -> impl Strategy<Value = String> {
    let unknown = vec!["x", "new_key", "sub1", "name", "a.b", "", "x#2", "x#json", "[0]", "\"", "é", "a b", "is-it"];
    let any_key = prop_oneof![
        8 => prop::sample::select(if known.is_empty() { unknown.clone() } else { known }),
        2 => prop::sample::select(unknown),
    ];
    (any_key, prop::bool::weighted(0.05)).prop_map(|(key, is_escaped)| quoted(key, is_escaped))
}

fn scalar() -> impl Strategy<Value = String> {
    let written = prop_oneof![text(), number()];
    prop_oneof![
        3 => prop::sample::select(vec!["null", "\"\"", "true", "false", "{}", "[]", "{ }", "[ \n ]"]).prop_map(str::to_owned),
        4 => number(),
        1 => prop::sample::select(vec!["\"\\ud800\"", "\"a\\udc00b\"", "\"\\ud83d\\ud83d\"", "\"\\/\"", "\"\\u0000\""]).prop_map(str::to_owned),
        6 => (written, prop::bool::weighted(0.2)).prop_map(|(text, is_escaped)| quoted(&text, is_escaped)),
    ]
}

/// Source text of any value.
fn value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(3, 10, 3, |inner| {
        let members = prop::collection::vec((key(vec![]), inner.clone()), 1..3);
        prop_oneof![
            prop::collection::vec(inner, 1..3).prop_map(|values| format!("[{}]", values.join(" ,"))),
            members.prop_map(|members| object(&members, false)),
        ]
    })
}

fn object(members: &[(String, String)], is_spaced: bool) -> String {
    let (colon, comma, open) = if is_spaced { (" : ", " ,\n ", "{ ") } else { (":", ",", "{") };
    let members: Vec<_> = members.iter().map(|(key, value)| format!("{key}{colon}{value}")).collect();
    format!("{open}{}}}", members.join(comma))
}

/// Mostly scalars, which columns can hold.
fn column_value() -> impl Strategy<Value = String> {
    prop_oneof![9 => scalar(), 1 => value()]
}

fn keys_of(place: Place) -> Vec<&'static str> {
    let required = ["transaction_id", "unix_timestamp", "error_code"];
    let of_place = COLUMNS.iter().filter(|column| column.place == place);
    of_place.map(|column| column.key).filter(|key| !required.contains(key)).collect()
}

/// The members of an object of `relationship`.
fn object_of(place: Place) -> impl Strategy<Value = String> {
    let members = prop::collection::vec((key(keys_of(place)), column_value()), 0..8);
    prop_oneof![12 => (members, prop::bool::weighted(0.2)).prop_map(|(members, is_spaced)| object(&members, is_spaced)), 1 => value()]
}

fn relationship() -> impl Strategy<Value = String> {
    let objects: Vec<_> = OBJECTS
        .iter()
        .map(|(place, key)| prop::option::of(object_of(*place).prop_map(move |object| (quoted(key, false), object))))
        .collect();
    let parameters = prop::collection::vec((key(vec![]), column_value()), 0..4);
    let parameters = parameters.prop_map(|members| (quoted("query_parameters", false), object(&members, false)));
    let own_keys: Vec<_> = keys_of(Place::Relationship).into_iter().chain(["offer"]).collect();
    let own = prop::collection::vec((key(own_keys), column_value()), 0..3);
    let whole = (objects, prop::option::of(parameters), own).prop_map(|(objects, parameters, own)| {
        let members: Vec<_> = objects.into_iter().flatten().chain(parameters).chain(own).collect();
        object(&members, false)
    });
    prop_oneof![20 => whole, 1 => value()]
}

/// Source text of a row that is a click.
pub(super) fn click() -> impl Strategy<Value = String> {
    let id = prop_oneof![text(), number()].prop_map(|id| quoted(&id, false));
    let time = (1_i64..=253_402_300_799, any::<bool>()).prop_map(|(time, is_text)| match is_text {
        true => format!("\"{time}\""),
        false => time.to_string(),
    });
    let code =
        prop_oneof![Just("0".to_owned()), any::<i32>().prop_map(|code| code.to_string()), Just("\"1018\"".to_owned())];
    let members = prop::collection::vec((key(keys_of(Place::Row)), column_value()), 0..20);
    let required = (id, time, code).prop_map(|(id, time, code)| {
        [("transaction_id", id), ("unix_timestamp", time), ("error_code", code)]
            .map(|(key, value)| (quoted(key, false), value))
    });
    (required, members, prop::option::of(relationship()), any::<prop::sample::Index>(), prop::bool::weighted(0.1))
        .prop_map(|(required, mut members, relationship, at, is_spaced)| {
            let at = at.index(members.len() + 1);
            members.splice(at..at, required);
            let relationship = relationship.map(|relationship| (quoted("relationship", false), relationship));
            members.splice(at..at, relationship);
            object(&members, is_spaced)
        })
}
