//! `money_by_currency(amount, currency)`: sums of money that are never added across currencies.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::mem::size_of;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Decimal128Array, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{ScalarValue, exec_datafusion_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

/// Of the sums; amounts of clicks have 18 digits, as many behind the point.
const PRECISION: u8 = 38;
const SCALE: i8 = 6;

/// The SQL aggregate `money_by_currency(amount, currency)`.
///
/// The exact sum of each currency's amounts as text, currencies in the order of their names: `8.277 EUR; 4.875 USD`. An
/// amount without a currency stands last and alone: `8.277 EUR; 1.5`. NULL amounts do not count; NULL where there is no
/// other. Amounts have up to six decimals; further ones are rounded.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct MoneyByCurrency {
    signature: Signature,
}

impl MoneyByCurrency {
    /// The aggregate.
    #[must_use]
    pub fn new() -> Self {
        Self { signature: Signature::any(2, Volatility::Immutable) }
    }
}

impl Default for MoneyByCurrency {
    fn default() -> Self {
        Self::new()
    }
}

fn amounts() -> DataType {
    DataType::Decimal128(PRECISION, SCALE)
}

impl AggregateUDFImpl for MoneyByCurrency {
    fn name(&self) -> &str {
        "money_by_currency"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let amount = args.expr_fields[0].data_type();
        if args.is_distinct || !(amount.is_numeric() || amount.is_null()) {
            return plan_err!("money_by_currency takes an amount, which is a number, and a currency, without DISTINCT");
        }
        Ok(Box::new(Sums::default()))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = |name: &str, item: DataType| {
            let item = Arc::new(Field::new_list_field(item, true));
            Arc::new(Field::new(format!("{}[{name}]", args.name), DataType::List(item), true))
        };
        Ok(vec![list("currencies", DataType::Utf8), list("sums", amounts())])
    }
}

/// The sum of each currency in millionths.
#[derive(Debug, Default)]
struct Sums {
    named: BTreeMap<String, i128>,
    unnamed: Option<i128>,
}

impl Sums {
    fn add(&mut self, currency: Option<&str>, amount: i128) -> Result<()> {
        let sum = match currency {
            None => self.unnamed.get_or_insert(0),
            Some(name) => self.named.entry(name.to_owned()).or_default(),
        };
        *sum = sum.checked_add(amount).ok_or_else(|| exec_datafusion_err!("a sum of money has more than 38 digits"))?;
        Ok(())
    }

    fn add_all(&mut self, amounts: &ArrayRef, currencies: &ArrayRef) -> Result<()> {
        let (amounts, currencies) = (cast(amounts, &self::amounts())?, cast(currencies, &DataType::Utf8)?);
        let rows = amounts.as_primitive::<Decimal128Type>().iter().zip(currencies.as_string::<i32>());
        rows.filter_map(|(amount, currency)| Some((amount?, currency)))
            .try_for_each(|(amount, currency)| self.add(currency, amount))
    }
}

impl Accumulator for Sums {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add_all(&values[0], &values[1])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut said = String::new();
        let named = self.named.iter().map(|(name, sum)| (Some(name), *sum));
        for (name, sum) in named.chain(self.unnamed.map(|sum| (None, sum))) {
            let separator = if said.is_empty() { "" } else { "; " };
            // Writing to a String cannot fail.
            let _ = write!(said, "{separator}{}", decimal(sum));
            if let Some(name) = name {
                let _ = write!(said, " {name}");
            }
        }
        Ok(ScalarValue::Utf8((!said.is_empty()).then_some(said)))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.named.keys().map(|name| name.len() + size_of::<(String, i128)>()).sum::<usize>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let all = || self.named.iter().map(|(name, sum)| (Some(name), *sum)).chain(self.unnamed.map(|sum| (None, sum)));
        let names: StringArray = all().map(|(name, _)| name).collect();
        let sums = Decimal128Array::from_iter_values(all().map(|(_, sum)| sum));
        let sums = sums.with_precision_and_scale(PRECISION, SCALE)?;
        let list = |array: ArrayRef| SingleRowListArrayBuilder::new(array).build_list_scalar();
        Ok(vec![list(Arc::new(names)), list(Arc::new(sums))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let (names, sums) = (states[0].as_list::<i32>(), states[1].as_list::<i32>());
        for (names, sums) in names.iter().zip(sums.iter()) {
            if let (Some(names), Some(sums)) = (names, sums) {
                self.add_all(&sums, &names)?;
            }
        }
        Ok(())
    }
}

/// Millionths as a number without zeros that say nothing.
fn decimal(millionths: i128) -> String {
    let sign = if millionths < 0 { "-" } else { "" };
    let (whole, fraction) = (millionths.unsigned_abs() / 1_000_000, millionths.unsigned_abs() % 1_000_000);
    let text = format!("{sign}{whole}.{fraction:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::Array;

    #[test]
    fn numbers_keep_all_their_digits_and_no_others() {
        for (millionths, text) in
            [(0, "0"), (-1, "-0.000001"), (1_500_000, "1.5"), (10_000_000, "10"), (8_277_000, "8.277")]
        {
            assert_eq!(decimal(millionths), text);
        }
    }

    #[tokio::test]
    async fn currencies_are_kept_apart() {
        let session = crate::functions::tests::session();
        let ask = async |rows: &str| {
            let sql = format!(
                "SELECT money_by_currency(amount, currency) AS money FROM (VALUES {rows}) AS t (amount, currency)"
            );
            let found = session.sql(&sql).await.unwrap().collect().await.unwrap();
            let text = found[0].column(0).as_string::<i32>();
            text.is_valid(0).then(|| text.value(0).to_owned())
        };
        let rows = "(1.1, 'USD'), (2.25, 'EUR'), (NULL, 'GBP'), (3, NULL), (-0.1, 'USD')";
        assert_eq!(ask(rows).await.unwrap(), "2.25 EUR; 1 USD; 3");
        assert_eq!(ask("(NULL, 'USD'), (NULL, NULL)").await, None);
        assert_eq!(ask("(0, 'USD')").await.unwrap(), "0 USD");
        let wrong = session.sql("SELECT money_by_currency('1', 'USD')").await.unwrap().collect().await;
        assert!(wrong.unwrap_err().to_string().contains("takes an amount, which is a number"));
    }

    #[test]
    fn parts_add_up_in_any_order() {
        let mut parts = [Sums::default(), Sums::default()];
        parts[0].add(Some("USD"), 1).unwrap();
        parts[0].add(None, 5).unwrap();
        parts[1].add(Some("USD"), 2).unwrap();
        parts[1].add(Some("EUR"), 7_000_000).unwrap();
        let states = parts.each_mut().map(|part| part.state().unwrap());
        for order in [[0, 1], [1, 0]] {
            let mut whole = Sums::default();
            for index in order {
                let arrays: Vec<ArrayRef> = states[index].iter().map(|value| value.to_array().unwrap()).collect();
                whole.merge_batch(&arrays).unwrap();
            }
            let said = whole.evaluate().unwrap();
            assert_eq!(said, ScalarValue::Utf8(Some("7 EUR; 0.000003 USD; 0.000005".to_owned())));
        }
        let mut full = Sums::default();
        full.add(None, i128::MAX).unwrap();
        assert!(full.add(None, 1).is_err());
    }
}
