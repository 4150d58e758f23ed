//! `is_declared_bot(user_agent)`: whether a user agent says that it is no person's browser.

use std::sync::Arc;

use datafusion::arrow::array::BooleanArray;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::utils::take_function_args;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use super::argument::{text, texts};
use crate::lists::SharedLists;

/// The SQL function `is_declared_bot(user_agent)`.
///
/// True where the user agent holds an entry of the list `declared_bots.txt`, in any case of letters. NULL where it is NULL:
/// that no user agent is known says nothing. Who wants not to be found declares nothing: false is no proof of a person.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct IsDeclaredBot {
    lists: SharedLists,
    signature: Signature,
}

impl IsDeclaredBot {
    /// The function over these lists.
    #[must_use]
    pub fn new(lists: SharedLists) -> Self {
        Self { lists, signature: Signature::coercible(vec![text()], Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for IsDeclaredBot {
    fn name(&self) -> &str {
        "is_declared_bot"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [agents] = take_function_args(self.name(), ColumnarValue::values_to_arrays(&args.args)?)?;
        let declared = self.lists.0.bots.are_in_each(texts(&agents));
        Ok(ColumnarValue::Array(Arc::new(BooleanArray::from(declared))))
    }
}
