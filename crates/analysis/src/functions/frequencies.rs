//! How often each value occurs: what `entropy`, `hhi` and `top_share` are worked out from.
//!
//! Values of every type are counted by their bytes in Arrow's row format, in which equal values are equal bytes. Shares are
//! summed in the order of their size, so that neither the order of rows nor their partitions change a digit.

use std::collections::HashMap;
use std::mem::size_of;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, UInt64Type};
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{ScalarValue, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::Accumulator;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};

/// A number worked out from how often each value occurs: positive counts in ascending order, at least one.
pub(super) type Statistic = Box<dyn Fn(&[u64]) -> f64 + Send + Sync>;

/// Counts the values of a column that are not NULL.
pub(super) struct Frequencies {
    rows: RowConverter,
    counts: HashMap<Box<[u8]>, u64>,
    key_bytes: usize,
    statistic: Statistic,
}

impl std::fmt::Debug for Frequencies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frequencies").field("values", &self.counts.len()).finish_non_exhaustive()
    }
}

impl Frequencies {
    /// An accumulator for the first argument of an aggregate.
    pub(super) fn accumulator(args: &AccumulatorArgs, statistic: Statistic) -> Result<Box<dyn Accumulator>> {
        refuse_distinct(args)?;
        let data_type = args.expr_fields[0].data_type().clone();
        let rows = RowConverter::new(vec![SortField::new(data_type)])?;
        Ok(Box::new(Self { rows, counts: HashMap::new(), key_bytes: 0, statistic }))
    }

    /// The fields of the state: values and their counts.
    pub(super) fn state_fields(args: &StateFieldsArgs) -> Vec<FieldRef> {
        let list = |name: &str, item: DataType| {
            let item = Arc::new(Field::new_list_field(item, true));
            Arc::new(Field::new(format!("{}[{name}]", args.name), DataType::List(item), true))
        };
        vec![list("values", DataType::Binary), list("counts", DataType::UInt64)]
    }

    fn add(&mut self, value: &[u8], count: u64) {
        if let Some(known) = self.counts.get_mut(value) {
            *known += count;
            return;
        }
        self.key_bytes += value.len();
        self.counts.insert(value.into(), count);
    }
}

/// With DISTINCT every value would count once, which leaves nothing to ask.
pub(super) fn refuse_distinct(args: &AccumulatorArgs) -> Result<()> {
    if args.is_distinct {
        plan_err!("{} takes no DISTINCT: it is about how often values occur", args.name)
    } else {
        Ok(())
    }
}

impl Accumulator for Frequencies {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let column = &values[0];
        let rows = self.rows.convert_columns(std::slice::from_ref(column))?;
        let nulls = column.logical_nulls();
        for index in 0..column.len() {
            if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(index)) {
                self.add(rows.row(index).data(), 1);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut counts: Vec<u64> = self.counts.values().copied().collect();
        counts.sort_unstable();
        let value = (!counts.is_empty()).then(|| (self.statistic)(&counts));
        Ok(ScalarValue::Float64(value))
    }

    fn size(&self) -> usize {
        let entry = size_of::<(Box<[u8]>, u64)>() + 1;
        size_of::<Self>() + self.rows.size() + self.counts.capacity() * entry + self.key_bytes
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values = BinaryArray::from_iter_values(self.counts.keys());
        let counts = UInt64Array::from_iter_values(self.counts.values().copied());
        let list = |array: ArrayRef| SingleRowListArrayBuilder::new(array).build_list_scalar();
        Ok(vec![list(Arc::new(values)), list(Arc::new(counts))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let (values, counts) = (states[0].as_list::<i32>(), states[1].as_list::<i32>());
        for (values, counts) in values.iter().zip(counts.iter()) {
            let (Some(values), Some(counts)) = (values, counts) else { continue };
            let counts = counts.as_primitive::<UInt64Type>();
            for (value, count) in values.as_binary::<i32>().iter().zip(counts) {
                self.add(value.unwrap_or_default(), count.unwrap_or_default());
            }
        }
        Ok(())
    }
}

/// The sum of all counts.
pub(super) fn total(counts: &[u64]) -> f64 {
    counts.iter().sum::<u64>() as f64
}
