//! The functions that queries use beyond DataFusion's own.
//!
//! Owns their names, argument types and meaning. Promises that none holds state, that NULL in gives NULL out, and that
//! every session gets the same list from one place: [`all`], which [`register_all`] puts into a local session and which
//! a remote client, scheduler or executor can put into its own registry.

mod local_date;
mod wilson;

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::SessionContext;

pub use local_date::LocalDate;
pub use wilson::{Bound, Wilson, wilson_interval};

/// Every scalar function of ours, in the order of their names.
#[must_use]
pub fn all() -> Vec<Arc<ScalarUDF>> {
    vec![
        Arc::new(ScalarUDF::new_from_impl(LocalDate::new())),
        Arc::new(ScalarUDF::new_from_impl(Wilson::new(Bound::Lower))),
        Arc::new(ScalarUDF::new_from_impl(Wilson::new(Bound::Upper))),
    ]
}

/// Makes every function of ours known to a session.
pub fn register_all(session: &SessionContext) {
    for function in all() {
        session.register_udf(function.as_ref().clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_unique() {
        let names: Vec<String> = all().iter().map(|function| function.name().to_owned()).collect();
        let mut sorted = names.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(names, sorted);
        assert_eq!(names, ["local_date", "wilson_lower", "wilson_upper"]);
    }
}
