//! Reads a click back to the leaves of its JSON, independently of how it was typed: from the paths of the columns, and
//! from `extra`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::*;

/// A value that is no container. Numbers and text of one spelling are the same; so are `null`, `""`, `{}`, `[]` and
/// nothing, which are no leaves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Leaf {
    Written(String),
    Flag(bool),
    /// Text that is not Unicode, as its source.
    Broken(String),
}

/// The leaves of a value, sorted, with their paths. A key that stands twice gives two leaves of one path.
pub(crate) type Leaves = Vec<(Vec<String>, Leaf)>;

/// An object that keeps keys that stand twice.
pub(super) struct Members<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Of;
        impl<'de> Visitor<'de> for Of {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Of)
    }
}

pub(crate) fn leaves_of_json(json: &str) -> Leaves {
    let mut leaves = Leaves::new();
    add_leaves(json, &mut Vec::new(), &mut leaves);
    normalised(leaves)
}

fn add_leaves(json: &str, path: &mut Vec<String>, leaves: &mut Leaves) {
    let json = json.trim_ascii();
    let leaf = match json.as_bytes()[0] {
        b'n' => return,
        b'{' => {
            for (key, value) in serde_json::from_str::<Members>(json).unwrap().0 {
                path.push(key);
                add_leaves(value.get(), path, leaves);
                path.pop();
            }
            return;
        }
        b'[' => {
            for (index, value) in serde_json::from_str::<Vec<&RawValue>>(json).unwrap().iter().enumerate() {
                path.push(format!("[{index}]"));
                add_leaves(value.get(), path, leaves);
                path.pop();
            }
            return;
        }
        b'"' => match serde_json::from_str::<String>(json) {
            Ok(text) if text.is_empty() => return,
            Ok(text) => Leaf::Written(text),
            Err(_) => Leaf::Broken(json.to_owned()),
        },
        b't' | b'f' => Leaf::Flag(json == "true"),
        _ => Leaf::Written(json.to_owned()),
    };
    leaves.push((path.clone(), leaf));
}

/// The leaves of a row of the lake.
pub(crate) fn leaves_of_click(batch: &RecordBatch, row: usize) -> Leaves {
    let mut leaves = Leaves::new();
    for (index, column) in COLUMNS.iter().enumerate() {
        let values = batch.column(index);
        if values.is_null(row) {
            continue;
        }
        let path: Vec<String> = column.path().split('.').map(str::to_owned).collect();
        let leaf = match column.kind {
            Kind::Text => Leaf::Written(values.as_string::<i32>().value(row).to_owned()),
            Kind::Integer => Leaf::Written(values.as_primitive::<Int64Type>().value(row).to_string()),
            Kind::Code => Leaf::Written(values.as_primitive::<Int32Type>().value(row).to_string()),
            Kind::Flag => Leaf::Flag(values.as_boolean().value(row)),
            Kind::Money => Leaf::Written(format!("{}e-6", values.as_primitive::<Decimal128Type>().value(row))),
            Kind::Score => Leaf::Written(values.as_primitive::<Float64Type>().value(row).to_string()),
            Kind::Seconds => {
                let micros = values.as_primitive::<TimestampMicrosecondType>().value(row);
                assert_eq!(micros % 1_000_000, 0);
                Leaf::Written((micros / 1_000_000).to_string())
            }
            Kind::TextMap => {
                add_map(&values.as_map().value(row), &path, &mut leaves);
                continue;
            }
        };
        leaves.push((path, leaf));
    }
    let extra = batch.column(index_of("extra")).as_string::<i32>();
    if extra.is_valid(row) {
        // Readable for every JSON reader.
        serde_json::from_str::<serde_json::Value>(extra.value(row)).unwrap();
        for (name, value) in serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(extra.value(row)).unwrap() {
            let (mut path, is_source) = path_in_extra(&name);
            let value = value.get();
            let source = if is_source { serde_json::from_str(value).unwrap() } else { value.to_owned() };
            add_leaves(&source, &mut path, &mut leaves);
        }
    }
    normalised(leaves)
}

fn add_map(entries: &arrow::array::StructArray, path: &[String], leaves: &mut Leaves) {
    let (keys, values) = (entries.column(0).as_string::<i32>(), entries.column(1).as_string::<i32>());
    let names: Vec<_> = keys.iter().flatten().collect();
    assert!(names.is_sorted_by(|a, b| a < b), "keys are sorted and unique: {names:?}");
    for (key, value) in keys.iter().zip(values) {
        if let Some(value) = value {
            let path = path.iter().cloned().chain([key.unwrap().to_owned()]).collect();
            leaves.push((path, Leaf::Written(value.to_owned())));
        }
    }
}

/// The keys of a path such as `relationship.offer["a.b"]#2#json`, and whether the value is a source text.
fn path_in_extra(name: &str) -> (Vec<String>, bool) {
    let (mut keys, mut rest, mut is_source) = (Vec::new(), name, false);
    while !rest.is_empty() {
        if let Some(bracketed) = rest.strip_prefix('[') {
            let mut strings = serde_json::Deserializer::from_str(bracketed).into_iter::<String>();
            keys.push(strings.next().unwrap().unwrap());
            rest = bracketed[strings.byte_offset()..].strip_prefix(']').unwrap();
        } else if let Some(mark) = rest.strip_prefix('#') {
            let end = mark.find('#').unwrap_or(mark.len());
            is_source |= &mark[..end] == "json";
            assert!(&mark[..end] == "json" || mark[..end].parse::<u32>().unwrap() >= 2, "{name}");
            rest = &mark[end..];
        } else {
            let plain = rest.strip_prefix('.').unwrap_or(rest);
            let end = plain.find(['.', '[', '#']).unwrap_or(plain.len());
            keys.push(plain[..end].to_owned());
            rest = &plain[end..];
        }
    }
    (keys, is_source)
}

static KINDS: LazyLock<BTreeMap<String, Kind>> =
    LazyLock::new(|| COLUMNS.iter().map(|column| (column.path(), column.kind)).collect());

/// Flags accept 0 and 1; money and scores are numbers, whatever their spelling.
fn normalised(mut leaves: Leaves) -> Leaves {
    for (path, leaf) in &mut leaves {
        let Leaf::Written(written) = leaf else { continue };
        match KINDS.get(&path.join(".")) {
            Some(Kind::Flag) if written == "0" || written == "1" => *leaf = Leaf::Flag(written == "1"),
            Some(Kind::Money | Kind::Score) => {
                if let Some((digits, exponent)) = decimal(written) {
                    *written = format!("{digits}e{exponent}");
                }
            }
            _ => {}
        }
    }
    leaves.sort();
    leaves
}

/// A decimal number as its digits with sign, without zeros at either end, and the power of ten they stand for.
pub(super) fn decimal(written: &str) -> Option<(String, i64)> {
    let (mantissa, exponent) = written.split_once(['e', 'E']).unwrap_or((written, "0"));
    let mut exponent: i64 = exponent.parse().ok()?;
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if whole.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    exponent -= i64::try_from(fraction.len()).unwrap();
    let significant = digits.trim_start_matches('0');
    let trimmed = significant.trim_end_matches('0');
    exponent += i64::try_from(significant.len() - trimmed.len()).unwrap();
    Some(if trimmed.is_empty() { ("0".to_owned(), 0) } else { (format!("{sign}{trimmed}"), exponent) })
}
