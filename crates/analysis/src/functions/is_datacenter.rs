//! `is_datacenter(isp, organization[, ip])`: whether a click came from a data centre.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

use super::argument::{text, texts};
use crate::lists::{ClickAddress, SharedLists};

/// The SQL function `is_datacenter(isp, organization)`, or `is_datacenter(isp, organization, ip)`.
///
/// True where a name holds an entry of the list `datacenter_names.txt` as whole words, in any case of letters, or where the
/// address lies in a network of `datacenter_ranges.txt` (of a masked address: wherever it lies within its mask). NULL where
/// all arguments are NULL; an argument that is NULL, or no address, says nothing.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct IsDatacenter {
    lists: SharedLists,
    signature: Signature,
}

impl IsDatacenter {
    /// The function over these lists.
    #[must_use]
    pub fn new(lists: SharedLists) -> Self {
        let forms = [2, 3].map(|count| TypeSignature::Coercible(vec![text(); count]));
        Self { lists, signature: Signature::one_of(forms.to_vec(), Volatility::Immutable) }
    }

    fn by_address(&self, ips: &ArrayRef) -> Vec<Option<bool>> {
        let of = |ip| ClickAddress::parse(ip).map(|address| self.lists.0.ranges.hold(&address));
        texts(ips).map(|ip| ip.and_then(of)).collect()
    }
}

impl ScalarUDFImpl for IsDatacenter {
    fn name(&self) -> &str {
        "is_datacenter"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        let said = columns.iter().enumerate().map(|(index, column)| match index {
            0 | 1 => self.lists.0.datacenters.are_in_each(texts(column)),
            _ => self.by_address(column),
        });
        let any = said.reduce(|mut any, next| {
            any.iter_mut().zip(next).for_each(|(any, next)| *any = or_of_what_is_known(*any, next));
            any
        });
        Ok(ColumnarValue::Array(Arc::new(BooleanArray::from(any.unwrap_or_default()))))
    }
}

/// Unlike SQL's OR, in which false and unknown are unknown: a name that is on no list has been looked up.
fn or_of_what_is_known(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a || b),
        (known, None) | (None, known) => known,
    }
}
