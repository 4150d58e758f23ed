//! `ip_is_masked(ip)`: whether a part of an address is hidden.

use std::sync::Arc;

use datafusion::arrow::array::BooleanArray;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::utils::take_function_args;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use super::argument::{text, texts};
use crate::lists::ClickAddress;

/// The SQL function `ip_is_masked(ip)`.
///
/// True for `203.0.113.xxx`, as Everflow writes addresses of Europe and the United Kingdom: it stands for up to 256
/// addresses. NULL where the argument is NULL or no address.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct IpIsMasked {
    signature: Signature,
}

impl IpIsMasked {
    /// The function.
    #[must_use]
    pub fn new() -> Self {
        Self { signature: Signature::coercible(vec![text()], Volatility::Immutable) }
    }
}

impl Default for IpIsMasked {
    fn default() -> Self {
        Self::new()
    }
}

impl ScalarUDFImpl for IpIsMasked {
    fn name(&self) -> &str {
        "ip_is_masked"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [ips] = take_function_args(self.name(), ColumnarValue::values_to_arrays(&args.args)?)?;
        let masked = texts(&ips).map(|ip| ClickAddress::parse(ip?).map(|address| address.is_masked()));
        Ok(ColumnarValue::Array(Arc::new(masked.collect::<BooleanArray>())))
    }
}
