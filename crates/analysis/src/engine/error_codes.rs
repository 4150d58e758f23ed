//! The table `error_codes` over a dictionary.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use clicks::error_codes::ErrorCode;
use datafusion::common::Result;
use datafusion::datasource::MemTable;

/// The table over a dictionary.
pub fn table(codes: &[ErrorCode]) -> Result<MemTable> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("code", DataType::Int32, false),
        Field::new("name", DataType::Utf8, false),
        Field::new("class", DataType::Utf8, false),
        Field::new("is_fraud_signal", DataType::Boolean, false),
    ]));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from_iter_values(codes.iter().map(|code| code.code))),
        Arc::new(StringArray::from_iter_values(codes.iter().map(|code| &code.name))),
        Arc::new(StringArray::from_iter_values(codes.iter().map(|code| &code.class))),
        Arc::new(codes.iter().map(|code| Some(code.is_fraud_signal)).collect::<BooleanArray>()),
    ];
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;
    MemTable::try_new(schema, vec![vec![batch]])
}
