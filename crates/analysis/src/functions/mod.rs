//! The functions that queries use beyond DataFusion's own.
//!
//! Owns their names, argument types and meaning. Promises that NULL in gives NULL out unless a function says otherwise, that
//! none remembers one row when it sees the next, and that every session gets the same functions from one place: [`all`],
//! which [`register_all`] puts into a local session and which a remote client, scheduler or executor can put into its own
//! registry. Functions that look things up hold the [lists](crate::lists) of their session, which never change.

mod argument;
mod benjamini_hochberg;
mod beta_binomial_sf;
mod days_before;
mod entropy;
mod error_class;
mod fano;
mod fingerprint;
mod frequencies;
mod hhi;
mod ip_is_masked;
mod ip_prefix;
mod is_datacenter;
mod is_declared_bot;
mod js_divergence;
mod json_keys;
mod local_date;
mod local_hour;
mod mad;
mod money_by_currency;
mod poisson_sf;
mod robust_z;
mod samples;
mod top_share;
mod wilson;

use std::sync::Arc;

use datafusion::logical_expr::{AggregateUDF, ScalarUDF, WindowUDF};
use datafusion::prelude::SessionContext;

use crate::lists::SharedLists;

pub use benjamini_hochberg::{BenjaminiHochberg, benjamini_hochberg};
pub use beta_binomial_sf::{BetaBinomialSf, beta_binomial_pmf, beta_binomial_sf};
pub use days_before::{DaysBefore, days_before};
pub use entropy::Entropy;
pub use error_class::ErrorClass;
pub use fano::Fano;
pub use fingerprint::Fingerprint;
pub use hhi::Hhi;
pub use ip_is_masked::IpIsMasked;
pub use ip_prefix::IpPrefix;
pub use is_datacenter::IsDatacenter;
pub use is_declared_bot::IsDeclaredBot;
pub use js_divergence::JsDivergence;
pub use json_keys::JsonKeys;
pub use local_date::LocalDate;
pub use local_hour::LocalHour;
pub use mad::Mad;
pub use money_by_currency::MoneyByCurrency;
pub use poisson_sf::{PoissonSf, poisson_sf};
pub(crate) use robust_z::Peers;
pub use robust_z::{RobustZ, robust_z};
pub(crate) use samples::median;
pub use top_share::TopShare;
pub use wilson::{Bound, Wilson, wilson_interval};

/// Functions of ours, each kind in the order of their names.
#[derive(Debug, Clone)]
pub struct Functions {
    /// Of a row.
    pub scalars: Vec<Arc<ScalarUDF>>,
    /// Of a group.
    pub aggregates: Vec<Arc<AggregateUDF>>,
    /// Of a row among those of its partition.
    pub windows: Vec<Arc<WindowUDF>>,
}

/// Every function of ours, over these lists.
#[must_use]
pub fn all(lists: &SharedLists) -> Functions {
    Functions {
        scalars: vec![
            Arc::new(ScalarUDF::new_from_impl(BetaBinomialSf::new())),
            Arc::new(ScalarUDF::new_from_impl(DaysBefore::new())),
            Arc::new(ScalarUDF::new_from_impl(ErrorClass::new(lists.clone()))),
            Arc::new(ScalarUDF::new_from_impl(Fingerprint::new())),
            Arc::new(ScalarUDF::new_from_impl(IpIsMasked::new())),
            Arc::new(ScalarUDF::new_from_impl(IpPrefix::new())),
            Arc::new(ScalarUDF::new_from_impl(IsDatacenter::new(lists.clone()))),
            Arc::new(ScalarUDF::new_from_impl(IsDeclaredBot::new(lists.clone()))),
            Arc::new(ScalarUDF::new_from_impl(JsonKeys::new())),
            Arc::new(ScalarUDF::new_from_impl(LocalDate::new())),
            Arc::new(ScalarUDF::new_from_impl(LocalHour::new())),
            Arc::new(ScalarUDF::new_from_impl(PoissonSf::new())),
            Arc::new(ScalarUDF::new_from_impl(Wilson::new(Bound::Lower))),
            Arc::new(ScalarUDF::new_from_impl(Wilson::new(Bound::Upper))),
        ],
        aggregates: vec![
            Arc::new(AggregateUDF::new_from_impl(Entropy::new())),
            Arc::new(AggregateUDF::new_from_impl(Fano::new())),
            Arc::new(AggregateUDF::new_from_impl(Hhi::new())),
            Arc::new(AggregateUDF::new_from_impl(JsDivergence::new())),
            Arc::new(AggregateUDF::new_from_impl(Mad::new())),
            Arc::new(AggregateUDF::new_from_impl(MoneyByCurrency::new())),
            Arc::new(AggregateUDF::new_from_impl(TopShare::new())),
        ],
        windows: vec![
            Arc::new(WindowUDF::new_from_impl(BenjaminiHochberg::new())),
            Arc::new(WindowUDF::new_from_impl(RobustZ::new())),
        ],
    }
}

/// Makes every function of ours known to a session.
pub fn register_all(session: &SessionContext, lists: &SharedLists) {
    let functions = all(lists);
    functions.scalars.iter().for_each(|function| session.register_udf(function.as_ref().clone()));
    functions.aggregates.iter().for_each(|function| session.register_udaf(function.as_ref().clone()));
    functions.windows.iter().for_each(|function| session.register_udwf(function.as_ref().clone()));
}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
