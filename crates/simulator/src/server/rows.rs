//! Faults in the rows of an answer.

use serde_json::{Value, json};

use super::content::{Content, Selection};
use super::fault::Fault;

/// Changes rows (newest first) as a fault wants it.
pub(super) fn spoil(rows: &mut Vec<String>, fault: Option<Fault>, content: &Content, wanted: &Selection) {
    match fault {
        Some(Fault::UnknownKeys) => {
            for row in rows {
                row.insert_str(1, r#""a_key_of_tomorrow":{"version":2,"list":[1,"two",null]},"#);
            }
        }
        Some(Fault::WrongTypes) => {
            for row in rows {
                *row = with_wrong_types(row);
            }
        }
        Some(Fault::BrokenRow) => {
            let middle = rows.len() / 2;
            rows.insert(middle, r#"{"transaction_id":"broken-row","unix_timestamp":"soon","error_code":9}"#.to_owned());
        }
        Some(Fault::DoubledRows) => {
            let doubled: Vec<String> = rows.iter().step_by(7).cloned().collect();
            rows.extend(doubled);
        }
        Some(Fault::RowsOutside) => {
            let outside = content.outside(wanted);
            rows.extend(outside.into_iter().map(|stored| content.row(stored, wanted.feed, wanted.now)));
        }
        _ => {}
    }
}

/// A number as text, a flag as a word, text as a number, an object where text was.
fn with_wrong_types(row: &str) -> String {
    let Ok(mut row) = serde_json::from_str::<Value>(row) else { return row.to_owned() };
    row["is_unique"] = json!("perhaps");
    row["revenue"] = json!("1.50 USD");
    row["sub1"] = json!(12);
    row["referer"] = json!({ "url": "https://referer.example" });
    row["relationship"]["query_parameters"] = json!(["a", "b"]);
    row.to_string()
}
