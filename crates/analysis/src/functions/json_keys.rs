//! `json_keys(text)`: the keys of a JSON object.

use std::sync::Arc;

use datafusion::arrow::array::{ListBuilder, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::utils::take_function_args;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use serde_json::{Map, Value};

use super::argument::{text, texts};

/// The SQL function `json_keys(text)`.
///
/// The keys of the outermost object as a list of text, sorted, each once: of the column `extra`, the fields that the lake has
/// no column for. NULL where the argument is NULL or no JSON object.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct JsonKeys {
    signature: Signature,
}

impl JsonKeys {
    /// The function.
    #[must_use]
    pub fn new() -> Self {
        Self { signature: Signature::coercible(vec![text()], Volatility::Immutable) }
    }
}

impl Default for JsonKeys {
    fn default() -> Self {
        Self::new()
    }
}

impl ScalarUDFImpl for JsonKeys {
    fn name(&self) -> &str {
        "json_keys"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [objects] = take_function_args(self.name(), ColumnarValue::values_to_arrays(&args.args)?)?;
        let mut keys = ListBuilder::new(StringBuilder::new());
        for object in texts(&objects) {
            let object = object.and_then(|object| serde_json::from_str::<Map<String, Value>>(object).ok());
            keys.append_option(object.map(|object| {
                let mut names: Vec<String> = object.into_iter().map(|(name, _)| name).collect();
                names.sort_unstable();
                names.into_iter().map(Some)
            }));
        }
        Ok(ColumnarValue::Array(Arc::new(keys.finish())))
    }
}
