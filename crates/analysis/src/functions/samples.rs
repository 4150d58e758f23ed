//! All values of a group, kept: what medians and divergences need.

use std::mem::size_of;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::ScalarValue;
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::error::Result;
use datafusion::logical_expr::Accumulator;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};

use super::frequencies::refuse_distinct;

/// A number worked out from `WIDTH` columns of values, of equal length.
pub(super) type Statistic<const WIDTH: usize> = fn([&mut Vec<f64>; WIDTH]) -> Option<f64>;

/// Keeps rows of `WIDTH` numbers each. Rows with a value that is NULL or not finite do not count.
#[derive(Debug)]
pub(super) struct Samples<const WIDTH: usize> {
    columns: [Vec<f64>; WIDTH],
    statistic: Statistic<WIDTH>,
}

impl<const WIDTH: usize> Samples<WIDTH> {
    /// An accumulator for the arguments of an aggregate, which arrive as Float64.
    pub(super) fn accumulator(args: &AccumulatorArgs, statistic: Statistic<WIDTH>) -> Result<Box<dyn Accumulator>> {
        refuse_distinct(args)?;
        Ok(Box::new(Self { columns: std::array::from_fn(|_| Vec::new()), statistic }))
    }

    /// The fields of the state: a list for each column.
    pub(super) fn state_fields(args: &StateFieldsArgs) -> Vec<FieldRef> {
        let item = Arc::new(Field::new_list_field(DataType::Float64, true));
        let field = |index| Field::new(format!("{}[{index}]", args.name), DataType::List(Arc::clone(&item)), true);
        (0..WIDTH).map(|index| Arc::new(field(index))).collect()
    }

    fn add(&mut self, values: &[ArrayRef]) {
        let columns: Vec<&Float64Array> = values.iter().map(|column| column.as_primitive::<Float64Type>()).collect();
        let rows = columns.first().map_or(0, |column| column.len());
        for row in 0..rows {
            let value = |column: &&Float64Array| {
                column.is_valid(row).then(|| column.value(row)).filter(|value| value.is_finite())
            };
            let Some(values) = columns.iter().map(value).collect::<Option<Vec<f64>>>() else { continue };
            self.columns.iter_mut().zip(values).for_each(|(kept, value)| kept.push(value));
        }
    }
}

impl<const WIDTH: usize> Accumulator for Samples<WIDTH> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(values);
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64((self.statistic)(self.columns.each_mut())))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.columns.iter().map(|column| column.capacity() * size_of::<f64>()).sum::<usize>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let list = |column: &Vec<f64>| {
            let array = Float64Array::from_iter_values(column.iter().copied());
            SingleRowListArrayBuilder::new(Arc::new(array)).build_list_scalar()
        };
        Ok(self.columns.iter().map(list).collect())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lists: Vec<_> = states.iter().map(|state| state.as_list::<i32>()).collect();
        for row in 0..states.first().map_or(0, |state| state.len()) {
            let values: Vec<ArrayRef> = lists.iter().map(|list| list.value(row)).collect();
            self.add(&values);
        }
        Ok(())
    }
}

/// Where between sorted values a share of them lies below, interpolated linearly (R's type 7, numpy's default).
pub(crate) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share * last as f64;
    let below = (place.floor() as usize).min(last);
    let (low, high) = (sorted.get(below)?, sorted.get((below + 1).min(last))?);
    Some(low + (high - low) * (place - below as f64))
}

/// The median of values, which it sorts.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    quantile(values, 0.5)
}

/// The median distance from the median, of sorted values.
pub(super) fn deviation(sorted: &[f64], median: f64) -> Option<f64> {
    let mut distances: Vec<f64> = sorted.iter().map(|value| (value - median).abs()).collect();
    self::median(&mut distances)
}
