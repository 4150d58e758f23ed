//! From the rows of a check to findings: ids that stay, severities, sentences. Pure.

use std::collections::HashMap;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema};
use minijinja::Environment;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::definition::{Check, Severity};
use crate::formats::{is_id, json_rows};
use crate::page::{self, explain};

/// The column in which a row says how much it matters.
const SEVERITY: &str = "severity";

/// A row of a check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The check, and what its key is today and was yesterday: the same for the same thing.
    pub id: String,
    /// The check's name.
    pub check: String,
    /// How much it matters.
    pub severity: Severity,
    /// The account; none for a row without the column.
    pub account: Option<String>,
    /// What is the matter, in a sentence.
    pub message: String,
    /// What grows as it becomes worse.
    pub measure: Option<f64>,
    /// The row.
    pub values: Map<String, Value>,
}

/// Makes findings of a check's rows, in their order.
///
/// # Errors
/// A column that the header names and the answer lacks, a severity that is none, a message that cannot be rendered.
pub(super) fn findings(check: &Check, rows: &RecordBatch, texts: &Environment<'_>) -> Result<Vec<Finding>, String> {
    let schema = rows.schema();
    let key = key_columns(check, &schema)?;
    let message = texts
        .template_from_named_str("message", &check.message)
        .map_err(|error| format!("message: {}", explain(&error)))?;
    let unknown = message.undeclared_variables(false).into_iter().find(|name| schema.index_of(name).is_err());
    if let Some(unknown) = unknown {
        return Err(no_column("message", &unknown, &schema));
    }
    let mut found = Vec::with_capacity(rows.num_rows());
    for values in json_rows(rows).map_err(|error| error.to_string())? {
        let account = values.get("account").and_then(Value::as_str).map(str::to_owned);
        let measure = check.measure.as_ref().map_or(Ok(None), |column| measure(column, &values))?;
        let severity = severity(check, &values)?;
        let id = id(check, &key, &values);
        let message = message.render(page::value(&values)).map_err(|error| explain(&error).to_string())?;
        found.push(Finding { id, check: check.query.name.clone(), severity, account, message, measure, values });
    }
    let errors = found.iter().filter(|finding| finding.severity == Severity::Error).count();
    if check.error_if.is_some_and(|condition| !condition.holds(errors)) {
        found.iter_mut().for_each(|finding| finding.severity = Severity::Warn);
    }
    tell_apart(&mut found);
    Ok(found)
}

fn key_columns(check: &Check, schema: &Schema) -> Result<Vec<String>, String> {
    let named = check.key.iter().flatten().map(|name| ("key", name));
    let named = named.chain(check.measure.iter().map(|name| ("measure", name)));
    for (what, name) in named {
        schema.index_of(name).map_err(|_| no_column(what, name, schema))?;
    }
    let tells =
        |data_type: &DataType| data_type.is_string() || matches!(data_type, DataType::Date32 | DataType::Boolean);
    let by_default = || {
        let fields = schema.fields().iter().filter(|field| tells(field.data_type()) || is_id(field));
        let names = fields.map(|field| field.name().clone()).filter(|name| name != SEVERITY);
        names.filter(|name| Some(name) != check.measure.as_ref()).collect()
    };
    Ok(check.key.clone().unwrap_or_else(by_default))
}

fn no_column(what: &str, name: &str, schema: &Schema) -> String {
    let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    format!("{what} names '{name}', which the answer does not have; its columns are {}", columns.join(", "))
}

fn severity(check: &Check, values: &Map<String, Value>) -> Result<Severity, String> {
    match values.get(SEVERITY) {
        None => Ok(check.severity),
        Some(said) => {
            let name = said.as_str().unwrap_or_default();
            Severity::of(name).ok_or_else(|| format!("the column severity says '{name}': write 'error' or 'warn'"))
        }
    }
}

fn measure(column: &str, values: &Map<String, Value>) -> Result<Option<f64>, String> {
    match values.get(column) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_f64()
            .map(Some)
            .ok_or_else(|| format!("measure: the column {column} holds {value}, which is no number that could grow")),
    }
}

/// `test_mode_clicks-3f9a1c2e7b10`: the check, and 48 bits of the SHA-256 of the key's values.
fn id(check: &Check, key: &[String], values: &Map<String, Value>) -> String {
    let parts: Vec<&Value> = key.iter().map(|column| values.get(column).unwrap_or(&Value::Null)).collect();
    let digest = Sha256::digest(Value::from_iter(parts.into_iter().cloned()).to_string());
    let digits: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{digits}", check.query.name)
}

/// Rows whose key is the same are numbered, in the order of the answer, so that no finding hides another.
fn tell_apart(findings: &mut [Finding]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for finding in findings {
        let times = seen.entry(finding.id.clone()).or_default();
        *times += 1;
        if *times > 1 {
            finding.id = format!("{}-{times}", finding.id);
        }
    }
}
