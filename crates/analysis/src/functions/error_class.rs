//! `error_class(error_code)`: what kind of refusal a code is.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::utils::take_function_args;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use super::argument::whole_number;
use crate::lists::SharedLists;

/// The class of a code that the dictionary does not know.
const UNKNOWN: &str = "unknown";

/// The SQL function `error_class(error_code)`.
///
/// The class of the table `error_codes`: `valid`, `cap`, `targeting`, `duplicate`, `proxy`, ...; `unknown` for a code that
/// the dictionary does not hold. NULL where the code is NULL.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct ErrorClass {
    lists: SharedLists,
    signature: Signature,
}

impl ErrorClass {
    /// The function over these lists.
    #[must_use]
    pub fn new(lists: SharedLists) -> Self {
        Self { lists, signature: Signature::coercible(vec![whole_number()], Volatility::Immutable) }
    }

    fn of(&self, code: i64) -> &str {
        let code = i32::try_from(code).ok();
        code.and_then(|code| self.lists.0.classes.get(&code)).map_or(UNKNOWN, String::as_str)
    }
}

impl ScalarUDFImpl for ErrorClass {
    fn name(&self) -> &str {
        "error_class"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [codes] = take_function_args(self.name(), ColumnarValue::values_to_arrays(&args.args)?)?;
        let mut classes = StringBuilder::new();
        codes.as_primitive::<Int64Type>().iter().for_each(|code| classes.append_option(code.map(|code| self.of(code))));
        Ok(ColumnarValue::Array(Arc::new(classes.finish())))
    }
}
