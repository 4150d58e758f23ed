//! `ip_prefix(ip, v4_bits, v6_bits)`: the network that an address lies in.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::exec_err;
use datafusion::common::utils::take_function_args;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use super::argument::{text, texts, whole_number};
use crate::lists::ClickAddress;

/// The SQL function `ip_prefix(ip, v4_bits, v6_bits)`.
///
/// Returns text such as `203.0.113.0/24`: the first so many bits of an IPv4 or IPv6 address. Of a masked address
/// (`203.0.113.xxx`) at most what is known: `/24` also where more bits are asked for. NULL where an argument is NULL or the
/// text is no address; bits beyond 0 to 32 or 0 to 128 are an error.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct IpPrefix {
    signature: Signature,
}

impl IpPrefix {
    /// The function.
    #[must_use]
    pub fn new() -> Self {
        let arguments = vec![text(), whole_number(), whole_number()];
        Self { signature: Signature::coercible(arguments, Volatility::Immutable) }
    }
}

impl Default for IpPrefix {
    fn default() -> Self {
        Self::new()
    }
}

impl ScalarUDFImpl for IpPrefix {
    fn name(&self) -> &str {
        "ip_prefix"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        use std::fmt::Write;
        let columns: [_; 3] = take_function_args(self.name(), ColumnarValue::values_to_arrays(&args.args)?)?;
        let [v4_bits, v6_bits] = [&columns[1], &columns[2]].map(|column| column.as_primitive::<Int64Type>());
        let mut prefixes = StringBuilder::with_capacity(columns[0].len(), columns[0].len() * 16);
        for ((ip, v4), v6) in texts(&columns[0]).zip(v4_bits).zip(v6_bits) {
            let (Some(ip), Some(v4), Some(v6)) = (ip, v4, v6) else {
                prefixes.append_null();
                continue;
            };
            let (v4, v6) = (bits(v4, 32)?, bits(v6, 128)?);
            match ClickAddress::parse(ip) {
                Some(address) => {
                    let (first, bits) = address.prefix(v4, v6);
                    // Writing to memory cannot fail.
                    let _ = write!(prefixes, "{first}/{bits}");
                    prefixes.append_value("");
                }
                None => prefixes.append_null(),
            }
        }
        Ok(ColumnarValue::Array(Arc::new(prefixes.finish())))
    }
}

fn bits(wanted: i64, full: u8) -> Result<u8> {
    match u8::try_from(wanted) {
        Ok(bits) if bits <= full => Ok(bits),
        _ => exec_err!("ip_prefix: {wanted} bits of an address of {full}: give 0 to {full}"),
    }
}
