//! The values of resources that rows were seen to have, to split by where a cut answer shows no row.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use clicks::error_codes;

/// Values kept of a resource; the first ones seen stay.
const VALUES_MAX: usize = 1_000;

/// Rows by resource and value.
pub(super) type Values = BTreeMap<&'static str, BTreeMap<String, u64>>;

/// Error codes are known before any row is.
static CODES: LazyLock<BTreeMap<String, u64>> =
    LazyLock::new(|| error_codes::shipped().iter().map(|code| (code.code.to_string(), 1)).collect());

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct KnownValues(Values);

impl KnownValues {
    pub(super) fn learn(&mut self, values: &Values) {
        for (resource, values) in values {
            let known = self.0.entry(resource).or_default();
            for (value, rows) in values {
                if let Some(seen) = known.get_mut(value) {
                    *seen = seen.saturating_add(*rows);
                } else if known.len() < VALUES_MAX {
                    known.insert(value.clone(), *rows);
                }
            }
        }
    }

    /// The values of some resources with their rows, the best known first; the error codes of the dictionary come last.
    pub(super) fn by_resource<'a>(
        &'a self,
        resources: &'static [&'static str],
    ) -> impl Iterator<Item = (&'static str, &'a BTreeMap<String, u64>)> {
        let seen = resources.iter().filter_map(|resource| Some((*resource, self.0.get(resource)?)));
        seen.chain(std::iter::once(("error_code", &*CODES)))
    }
}
