//! The arguments that functions of ours take: any number, any whole number, any text, whatever its Arrow type.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::common::types::{NativeType, logical_float64, logical_int64, logical_string};
use datafusion::logical_expr::{Coercion, TypeSignatureClass};

/// Any number; it arrives as Float64.
pub(super) fn number() -> Coercion {
    let native = TypeSignatureClass::Native(logical_float64());
    Coercion::new_implicit(native, vec![TypeSignatureClass::Numeric], NativeType::Float64)
}

/// Any whole number; it arrives as Int64.
pub(super) fn whole_number() -> Coercion {
    let native = TypeSignatureClass::Native(logical_int64());
    Coercion::new_implicit(native, vec![TypeSignatureClass::Integer], NativeType::Int64)
}

/// Utf8, LargeUtf8 or Utf8View; it arrives as it is.
pub(super) fn text() -> Coercion {
    Coercion::new_exact(TypeSignatureClass::Native(logical_string()))
}

/// The values of a column of text; of a column that is all NULL, as many NULLs.
pub(super) fn texts(column: &ArrayRef) -> Box<dyn Iterator<Item = Option<&str>> + '_> {
    match column.data_type() {
        DataType::Utf8 => Box::new(column.as_string::<i32>().iter()),
        DataType::LargeUtf8 => Box::new(column.as_string::<i64>().iter()),
        DataType::Utf8View => Box::new(column.as_string_view().iter()),
        _ => Box::new(std::iter::repeat_n(None, column.len())),
    }
}

/// A function of two numbers, row by row; NULL where one is.
pub(super) fn of_two(columns: &[ArrayRef; 2], of: impl Fn(f64, f64) -> Option<f64>) -> Float64Array {
    let [a, b] = columns.each_ref().map(|column| column.as_primitive::<Float64Type>());
    a.iter().zip(b).map(|(a, b)| of(a?, b?)).collect()
}
