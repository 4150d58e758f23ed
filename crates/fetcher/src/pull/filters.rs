//! Filters that are typed, and whether rows satisfy those that were sent.

use std::collections::BTreeMap;

use clicks::feed::Feed;
use clicks::gather::TypedClicks;
use clicks::schema::index_of;

use crate::api::{canonical_resource, resources};
use crate::request::{ClickRequest, Filter};

/// A filter that cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    /// Not two parts.
    #[error("--filter '{0}' is not TYPE=VALUE: write for example error_code=15")]
    NoEquals(String),
    /// No value.
    #[error("--filter '{0}' has no value: write for example error_code=15")]
    NoValue(String),
    /// A type that the feed does not have.
    #[error("--filter '{typed}': {feed} cannot be filtered by '{resource}'; expected one of {}", known.join(", "))]
    Unknown {
        /// The whole filter.
        typed: String,
        /// Its type.
        resource: String,
        /// The feed.
        feed: Feed,
        /// What it can be filtered by.
        known: Vec<&'static str>,
    },
    /// An id that is none.
    #[error("--filter '{typed}': expected a whole number, since {resource} is filtered by its id")]
    NoNumber {
        /// The whole filter.
        typed: String,
        /// Its type.
        resource: &'static str,
    },
}

/// Reads `TYPE=VALUE`.
///
/// # Errors
/// Says what is wrong with it, and what the feed can be filtered by.
pub(super) fn parse_filter(typed: &str, feed: Feed) -> Result<Filter, FilterError> {
    let (resource, value) = typed.split_once('=').ok_or_else(|| FilterError::NoEquals(typed.to_owned()))?;
    let (resource, value) = (resource.trim(), value.trim());
    if value.is_empty() {
        return Err(FilterError::NoValue(typed.to_owned()));
    }
    let known = resources(feed);
    let name = canonical_resource(resource).filter(|name| known.contains(name));
    let Some(name) = name else {
        return Err(FilterError::Unknown { typed: typed.to_owned(), resource: resource.to_owned(), feed, known });
    };
    if name == "transaction_id" {
        return Ok(Filter { resource: name.to_owned(), value: value.to_owned() });
    }
    // In one spelling, so that coverage of `15` is that of `015`.
    let number = value.parse::<u64>().map_err(|_| FilterError::NoNumber { typed: typed.to_owned(), resource: name })?;
    Ok(Filter { resource: name.to_owned(), value: number.to_string() })
}

/// The column that a resource filters by; none where no column holds it.
fn column_of(resource: &str) -> Option<usize> {
    let name = match resource {
        "offer" => "offer_id",
        "affiliate" => "affiliate_id",
        "advertiser" => "advertiser_id",
        "offer_group" => "offer_group_id",
        "creative" => "creative_id",
        "transaction_id" => "transaction_id",
        "error_code" => "error_code",
        _ => return None,
    };
    Some(index_of(name))
}

/// Rows that a filter should have kept out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contradiction {
    /// The resource.
    pub resource: String,
    /// How many rows.
    pub rows: u64,
    /// The value of the first of them.
    pub found: String,
}

/// The first filter or exclusion of a request that rows of its answer contradict.
///
/// A row without a value does not: the feed may not return what it filters by.
pub(super) fn contradiction(clicks: &TypedClicks, request: &ClickRequest) -> Option<Contradiction> {
    let wanted = by_resource(&request.filters);
    let unwanted = by_resource(&request.exclusions);
    let checks = wanted.into_iter().map(|group| (group, true)).chain(unwanted.into_iter().map(|group| (group, false)));
    for ((resource, values), is_wanted) in checks {
        let Some(column) = column_of(resource) else { continue };
        let mut found = (0..clicks.len())
            .filter_map(|row| clicks.text_of(column, row))
            .filter(|value| values.contains(&value.as_str()) != is_wanted);
        if let Some(first) = found.next() {
            let rows = 1 + found.count() as u64;
            return Some(Contradiction { resource: resource.to_owned(), rows, found: first });
        }
    }
    None
}

fn by_resource(filters: &[Filter]) -> BTreeMap<&str, Vec<&str>> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for filter in filters {
        groups.entry(&filter.resource).or_default().push(&filter.value);
    }
    groups
}

/// How often each value of each resource stands in the rows, as far as the feed can be filtered by it.
pub(super) fn values_of(clicks: &TypedClicks, feed: Feed) -> BTreeMap<&'static str, BTreeMap<String, u64>> {
    let mut found = BTreeMap::new();
    for resource in resources(feed) {
        // Every click has its own id: splitting by it would be a request for each click.
        let Some(column) = column_of(resource).filter(|_| resource != "transaction_id") else { continue };
        let values: &mut BTreeMap<String, u64> = found.entry(resource).or_default();
        for value in (0..clicks.len()).filter_map(|row| clicks.text_of(column, row)) {
            *values.entry(value).or_default() += 1;
        }
    }
    found
}
