//! `fingerprint(text)`: a number that stands for a text.

use std::hash::BuildHasher;
use std::sync::Arc;

use datafusion::arrow::array::UInt64Array;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::utils::take_function_args;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use foldhash::quality::FixedState;

use super::argument::{text, texts};

/// The SQL function `fingerprint(text)`.
///
/// Equal texts have equal numbers, and of a hundred million different texts two have the same with a chance of 1 in 4,000.
/// Grouping by numbers takes a fraction of the time and memory that long texts do. To be compared within a run, not to be
/// kept: another version may give other numbers. NULL where the text is.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    signature: Signature,
}

impl Fingerprint {
    /// The function.
    #[must_use]
    pub fn new() -> Self {
        Self { signature: Signature::coercible(vec![text()], Volatility::Immutable) }
    }
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self::new()
    }
}

impl ScalarUDFImpl for Fingerprint {
    fn name(&self) -> &str {
        "fingerprint"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::UInt64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [column] = take_function_args(self.name(), ColumnarValue::values_to_arrays(&args.args)?)?;
        // The same seed in every partition, thread and process: a text has one number.
        let state = FixedState::with_seed(0);
        let numbers = texts(&column).map(|text| text.map(|text| state.hash_one(text)));
        Ok(ColumnarValue::Array(Arc::new(numbers.collect::<UInt64Array>())))
    }
}
