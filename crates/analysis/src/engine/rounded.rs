//! Answers without the noise of floating point.
//!
//! Sums of fractions depend on the order of their terms in the last digits, and in which order streams deliver them is
//! chance. What is shown to three digits would differ from run to run where it lies on the edge, such as 0.5325, and so
//! would the bytes of a report.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, RecordBatch};
use arrow::compute::unary;
use arrow::datatypes::{DataType, Float64Type};
use arrow::error::ArrowError;

/// The rows with fractions to twelve significant digits: what a sum of millions of terms is good for.
pub(super) fn without_noise(rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = rows.columns().iter().map(|column| match column.data_type() {
        DataType::Float64 => {
            let rounded: Float64Array = unary(column.as_primitive::<Float64Type>(), to_twelve_digits);
            Arc::new(rounded) as ArrayRef
        }
        _ => Arc::clone(column),
    });
    RecordBatch::try_new(rows.schema(), columns.collect())
}

fn to_twelve_digits(value: f64) -> f64 {
    match value.fract() == 0.0 || !value.is_finite() {
        true => value,
        false => format!("{value:.11e}").parse().unwrap_or(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_in_any_order_are_alike() {
        assert_ne!(0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1);
        for (noisy, clean) in
            [(0.1 + 0.2 + 0.3, 0.6), (0.3 + 0.2 + 0.1, 0.6), (1e15 + 1.0, 1e15 + 1.0), (-2.0 / 3.0, -0.666_666_666_667)]
        {
            assert_eq!(to_twelve_digits(noisy), clean);
        }
        assert!(to_twelve_digits(f64::NAN).is_nan());
        assert_eq!(to_twelve_digits(f64::NEG_INFINITY), f64::NEG_INFINITY);
        assert_eq!(to_twelve_digits(f64::MIN_POSITIVE), 2.225_073_858_51e-308);
    }

    #[test]
    fn only_fractions_are_touched() {
        let column = |array| Arc::new(array) as ArrayRef;
        let fractions = column(Float64Array::from(vec![Some(0.1 + 0.2), None, Some(7.0)]));
        let texts: ArrayRef = Arc::new(arrow::array::StringArray::from(vec!["0.30000000000000004", "b", "c"]));
        let rows = RecordBatch::try_from_iter([("x", fractions), ("t", Arc::clone(&texts))]).unwrap();
        let rounded = without_noise(&rows).unwrap();
        assert_eq!(
            rounded.column(0).as_primitive::<Float64Type>(),
            &Float64Array::from(vec![Some(0.3), None, Some(7.0)])
        );
        assert_eq!(rounded.column(1), &texts);
    }
}
