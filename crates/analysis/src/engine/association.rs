//! Long chains of AND and OR, made shallow before they are planned.
//!
//! The parser nests `a OR b OR c OR ...` as deep as it is long, and planning compares every level with all below it:
//! thousands of terms, which programs write, took minutes. Both operators are associative, so the same terms in the same
//! order, nested in halves, mean the same.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, VisitMut, VisitorMut};

/// Nests every chain of AND or of OR in halves.
pub(super) fn nest_in_halves(statement: &mut impl VisitMut) {
    let _ = VisitMut::visit(statement, &mut Halves);
}

struct Halves;

impl VisitorMut for Halves {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } = expr {
            let op = op.clone();
            // A chain in halves is taken apart and put together the same way again: once per level, and levels are few.
            let whole = std::mem::replace(expr, nothing());
            let mut terms = terms_of(whole, &op);
            *expr = in_halves(&mut terms, &op);
        }
        ControlFlow::Continue(())
    }
}

fn nothing() -> Expr {
    Expr::Tuple(Vec::new())
}

/// The terms of a chain, last first.
fn terms_of(chain: Expr, wanted: &BinaryOperator) -> Vec<Expr> {
    let (mut terms, mut waiting) = (Vec::new(), vec![chain]);
    while let Some(expr) = waiting.pop() {
        match expr {
            Expr::BinaryOp { left, op, right } if op == *wanted => waiting.extend([*left, *right]),
            term => terms.push(term),
        }
    }
    terms
}

/// Puts terms, last first, together; at least one.
fn in_halves(terms: &mut Vec<Expr>, op: &BinaryOperator) -> Expr {
    fn take(terms: &mut Vec<Expr>, count: usize, op: &BinaryOperator) -> Expr {
        if count <= 1 {
            return terms.pop().unwrap_or_else(nothing);
        }
        let left = Box::new(take(terms, count / 2, op));
        let right = Box::new(take(terms, count - count / 2, op));
        Expr::BinaryOp { left, op: op.clone(), right }
    }
    take(terms, terms.len(), op)
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::dialect::GenericDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;

    fn parsed(sql: &str) -> Expr {
        Parser::new(&GenericDialect {}).try_with_sql(sql).unwrap().parse_expr().unwrap()
    }

    fn depth(expr: &Expr) -> usize {
        match expr {
            Expr::BinaryOp { left, right, .. } => 1 + depth(left).max(depth(right)),
            Expr::Nested(inner) => 1 + depth(inner),
            _ => 0,
        }
    }

    #[test]
    fn terms_keep_their_order_and_other_operators_their_place() {
        let mut expr = parsed("a AND b AND (c OR d OR e - 1 - 2) AND NOT f OR g OR h AND i");
        let text = expr.to_string();
        nest_in_halves(&mut expr);
        assert_eq!(expr.to_string(), text);
    }

    #[test]
    fn thousands_of_terms_are_a_few_levels() {
        for op in [" OR ", " AND "] {
            let terms: Vec<String> = (0..5_000).map(|i| format!("x = {i} + 1")).collect();
            let mut expr = parsed(&terms.join(op));
            assert!(depth(&expr) > 4_000);
            nest_in_halves(&mut expr);
            assert!(depth(&expr) < 18, "{} levels", depth(&expr));
            assert_eq!(expr.to_string(), terms.join(op));
        }
    }
}
