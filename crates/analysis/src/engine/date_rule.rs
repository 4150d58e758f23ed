//! A bound on `click_time` also bounds `date`.
//!
//! Owns one optimizer rule. Partitions are days of UTC, so `click_time >= '2026-03-05 10:00:00'` implies `date >=
//! '2026-03-05'`, which the provider decides from directory names alone: days out of range are not even opened. The rule
//! runs after filters were folded and pushed into the scan, adds only what is implied, and so never changes an answer.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator, TableScan, lit};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

const TIME: &str = "click_time";
const DATE: &str = "date";

/// The rule; see the module.
#[derive(Debug, Default)]
pub(super) struct ClickTimeBoundsDate;

/// Closed bounds in days since 1970; none where there is no bound on that side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Days {
    first: Option<i32>,
    last: Option<i32>,
}

impl Days {
    fn and(self, other: Self) -> Self {
        Self { first: self.first.max(other.first), last: least(self.last, other.last) }
    }

    fn or(self, other: Self) -> Self {
        Self {
            first: self.first.zip(other.first).map(|(a, b)| a.min(b)),
            last: self.last.zip(other.last).map(|(a, b)| a.max(b)),
        }
    }
}

fn least(a: Option<i32>, b: Option<i32>) -> Option<i32> {
    a.into_iter().chain(b).min()
}

impl OptimizerRule for ClickTimeBoundsDate {
    fn name(&self) -> &'static str {
        "click_time_bounds_date"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::TableScan(mut scan) = plan else { return Ok(Transformed::no(plan)) };
        let implied = implied_filters(&scan);
        if implied.is_empty() {
            return Ok(Transformed::no(LogicalPlan::TableScan(scan)));
        }
        scan.filters.extend(implied);
        Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
    }
}

/// Filters on `date` that the filters on `click_time` imply and that the scan does not have yet.
fn implied_filters(scan: &TableScan) -> Vec<Expr> {
    let schema = scan.source.schema();
    let is_ours = schema.field_with_name(TIME).is_ok()
        && schema.field_with_name(DATE).is_ok_and(|field| *field.data_type() == DataType::Date32);
    if !is_ours {
        return Vec::new();
    }
    let days = scan.filters.iter().map(days).fold(Days::default(), Days::and);
    let date = || Expr::Column(Column::new(Some(scan.table_name.clone()), DATE));
    let day = |day: i32| lit(ScalarValue::Date32(Some(day)));
    let first = days.first.map(|first| date().gt_eq(day(first)));
    let last = days.last.map(|last| date().lt_eq(day(last)));
    first.into_iter().chain(last).filter(|filter| !scan.filters.contains(filter)).collect()
}

/// The days outside of which the predicate cannot be true.
fn days(predicate: &Expr) -> Days {
    match predicate {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::And => days(left).and(days(right)),
            Operator::Or => days(left).or(days(right)),
            _ => match (clock(left), literal(right), clock(right), literal(left)) {
                (Some(clock), Some(value), ..) => bound(clock, *op, value),
                (.., Some(clock), Some(value)) => op.swap().map_or_else(Days::default, |op| bound(clock, op, value)),
                _ => Days::default(),
            },
        },
        Expr::Between(between) if !between.negated => {
            let (Some(clock), Some(low), Some(high)) =
                (clock(&between.expr), literal(&between.low), literal(&between.high))
            else {
                return Days::default();
            };
            bound(clock, Operator::GtEq, low).and(bound(clock, Operator::LtEq, high))
        }
        Expr::InList(list) if !list.negated => {
            let Some(clock) = clock(&list.expr) else { return Days::default() };
            let each = list
                .list
                .iter()
                .map(|item| literal(item).map_or_else(Days::default, |value| bound(clock, Operator::Eq, value)));
            each.reduce(Days::or).unwrap_or_default()
        }
        _ => Days::default(),
    }
}

/// How an expression follows `click_time`.
#[derive(Debug, Clone, Copy)]
enum Clock {
    /// As an instant, of whatever resolution.
    Instant,
    /// As the UTC day it falls in.
    Day,
}

fn clock(expr: &Expr) -> Option<Clock> {
    match expr {
        Expr::Column(column) if column.name == TIME => Some(Clock::Instant),
        Expr::Cast(cast) => clock_of_cast(&cast.expr, cast.field.data_type()),
        Expr::TryCast(cast) => clock_of_cast(&cast.expr, cast.field.data_type()),
        _ => None,
    }
}

/// Casts of the column itself only: `click_time` is UTC, so a plain timestamp or date of it is UTC's too.
fn clock_of_cast(inner: &Expr, data_type: &DataType) -> Option<Clock> {
    let Expr::Column(_) = inner else { return None };
    match (clock(inner)?, data_type) {
        // Coarser units round, and differently before 1970.
        (Clock::Instant, DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, _)) => Some(Clock::Instant),
        (Clock::Instant, DataType::Date32) => Some(Clock::Day),
        _ => None,
    }
}

fn literal(expr: &Expr) -> Option<&ScalarValue> {
    match expr {
        Expr::Literal(value, _) => Some(value),
        _ => None,
    }
}

fn bound(clock: Clock, op: Operator, value: &ScalarValue) -> Days {
    let (unit, count) = match (clock, value) {
        (Clock::Day, ScalarValue::Date32(Some(days))) => (None, i64::from(*days)),
        (Clock::Instant, ScalarValue::TimestampSecond(Some(n), _)) => (Some(TimeUnit::Second), *n),
        (Clock::Instant, ScalarValue::TimestampMillisecond(Some(n), _)) => (Some(TimeUnit::Millisecond), *n),
        (Clock::Instant, ScalarValue::TimestampMicrosecond(Some(n), _)) => (Some(TimeUnit::Microsecond), *n),
        (Clock::Instant, ScalarValue::TimestampNanosecond(Some(n), _)) => (Some(TimeUnit::Nanosecond), *n),
        _ => return Days::default(),
    };
    let per_day = match unit {
        None => 1,
        Some(TimeUnit::Second) => 86_400,
        Some(TimeUnit::Millisecond) => 86_400_000,
        Some(TimeUnit::Microsecond) => 86_400_000_000,
        Some(TimeUnit::Nanosecond) => 86_400_000_000_000,
    };
    let day = |count: i64| i32::try_from(count.div_euclid(per_day)).ok();
    match op {
        Operator::Gt | Operator::GtEq => Days { first: day(count), last: None },
        Operator::LtEq => Days { first: None, last: day(count) },
        Operator::Lt => Days { first: None, last: count.checked_sub(1).and_then(day) },
        Operator::Eq => Days { first: day(count), last: day(count) },
        _ => Days::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::logical_expr::{cast, col};

    fn at(day: i64, second: i64) -> Expr {
        lit(ScalarValue::TimestampMicrosecond(Some((day * 86_400 + second) * 1_000_000), Some("UTC".into())))
    }

    fn found(predicate: &Expr) -> (Option<i32>, Option<i32>) {
        let Days { first, last } = days(predicate);
        (first, last)
    }

    #[test]
    fn every_form_of_a_bound() {
        let time = || col(TIME);
        for (predicate, expected) in [
            (time().gt_eq(at(5, 36_000)), (Some(5), None)),
            (time().gt(at(5, 86_399)), (Some(5), None)),
            (time().lt_eq(at(5, 0)), (None, Some(5))),
            (time().lt(at(5, 0)), (None, Some(4))),
            (time().lt(at(5, 1)), (None, Some(5))),
            (time().eq(at(5, 1)), (Some(5), Some(5))),
            (at(5, 0).gt(time()), (None, Some(4))),
            (time().between(at(3, 0), at(5, 9)), (Some(3), Some(5))),
            (time().in_list(vec![at(7, 0), at(3, 0)], false), (Some(3), Some(7))),
            (time().gt(at(3, 0)).and(time().lt(at(9, 9))), (Some(3), Some(9))),
            (time().eq(at(3, 0)).or(time().eq(at(9, 0))), (Some(3), Some(9))),
            (time().lt(at(-1, 0)), (None, Some(-2))),
            (cast(time(), DataType::Date32).eq(lit(ScalarValue::Date32(Some(4)))), (Some(4), Some(4))),
        ] {
            assert_eq!(found(&predicate), expected, "{predicate}");
        }
    }

    #[test]
    fn what_implies_nothing_adds_nothing() {
        let time = || col(TIME);
        for predicate in [
            time().not_eq(at(5, 0)),
            time().eq(at(3, 0)).or(col("error_code").eq(lit(0))),
            col("observed_at").gt(at(5, 0)),
            time().not_between(at(3, 0), at(5, 0)),
            time().in_list(vec![at(3, 0), col("observed_at")], false),
            time().in_list(vec![at(3, 0)], true),
            Expr::Not(Box::new(time().eq(at(3, 0)))),
        ] {
            assert_eq!(found(&predicate), (None, None), "{predicate}");
        }
    }
}
