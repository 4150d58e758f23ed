//! One second with more rows than an answer may have, asked for in parts by what the rows are.
//!
//! A part is what is left of the second after filters and exclusions. A cut part is split by the values of a resource:
//! some groups of values, and all other values, asked for by exclusion, so that no value can be missed. Parts of one
//! second are disjoint and together the whole second. Of one resource a part has either filters or exclusions, never
//! both, for filters of one resource are alternatives: the user's own values are what is split, not added to.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use clicks::feed::Feed;

use super::Brought;
use super::known_values::{KnownValues, Values};
use crate::request::Filter;

/// Parts of one second that are asked for at most; what still overflows then is saturated.
const PARTS_MAX: usize = 4_096;
/// Values that one request names of a resource at most.
const VALUES_MAX: usize = 200;
/// Groups that a part is split into at most.
const GROUPS_MAX: usize = 8;
/// Of a part's rows, the share of one value up to which a resource separates them well.
const SHARE_GOOD: f64 = 0.6;

/// The resources that a feed's rows can be split by, in the order of preference.
///
/// The rows of `affiliate-clicks` are one affiliate's and do not name it.
#[must_use]
pub fn resources(feed: Feed) -> &'static [&'static str] {
    match feed {
        Feed::AffiliateClicks => &["error_code", "offer"],
        Feed::InvalidClicks | Feed::NetworkClicks => &["error_code", "offer", "affiliate"],
    }
}

/// The plain name of a resource that a filter names, however it spells it.
fn plain_name(resource: &str) -> &str {
    match resource {
        "affiliate_id" | "affilate_id" | "affilate" | "network_affiliate_id" => "affiliate",
        "offer_id" | "network_offer_id" => "offer",
        other => other,
    }
}

/// Which values of a resource a part has.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    Only(BTreeSet<String>),
    AllBut(BTreeSet<String>),
}

/// What of a second one request asks for.
#[derive(Debug, Clone)]
pub(super) struct Part {
    wanted: BTreeMap<&'static str, Wanted>,
    /// The user's filters of resources that nothing is split by.
    others: Vec<Filter>,
}

impl Part {
    /// The whole second, as far as the user wants it.
    pub(super) fn whole(feed: Feed, filters: &[Filter]) -> Part {
        let mut wanted = BTreeMap::new();
        let mut others = filters.to_vec();
        for resource in resources(feed) {
            let values: BTreeSet<_> = others
                .extract_if(.., |filter| plain_name(&filter.resource) == *resource)
                .map(|filter| filter.value)
                .collect();
            let all = if values.is_empty() { Wanted::AllBut(BTreeSet::new()) } else { Wanted::Only(values) };
            wanted.insert(*resource, all);
        }
        Part { wanted, others }
    }

    /// The request's filters and exclusions.
    pub(super) fn filters_and_exclusions(&self) -> (Vec<Filter>, Vec<Filter>) {
        let (mut filters, mut exclusions) = (self.others.clone(), Vec::new());
        for (resource, wanted) in &self.wanted {
            let (list, values) = match wanted {
                Wanted::Only(values) => (&mut filters, values),
                Wanted::AllBut(values) => (&mut exclusions, values),
            };
            list.extend(values.iter().map(|value| Filter { resource: (*resource).to_owned(), value: value.clone() }));
        }
        (filters, exclusions)
    }

    fn with(&self, resource: &'static str, wanted: Wanted) -> Part {
        let mut part = self.clone();
        part.wanted.insert(resource, wanted);
        part
    }

    /// Values by which a resource can be split, with what each weighs; fewer than are needed when it cannot be split.
    fn candidates(&self, resource: &'static str, seen: &BTreeMap<String, u64>) -> Vec<(String, u64)> {
        match self.wanted.get(resource) {
            Some(Wanted::Only(values)) => {
                values.iter().map(|value| (value.clone(), seen.get(value).copied().unwrap_or(0))).collect()
            }
            Some(Wanted::AllBut(values)) => {
                seen.iter().filter(|(value, _)| !values.contains(*value)).map(|(v, rows)| (v.clone(), *rows)).collect()
            }
            None => Vec::new(),
        }
    }

    /// Splits it by a resource into about so many parts: groups of candidates, and all the rest.
    fn split(&self, resource: &'static str, candidates: Vec<(String, u64)>, groups: usize) -> Vec<Part> {
        let is_listed = matches!(self.wanted.get(resource), Some(Wanted::Only(_)));
        let mut bins = bins_of_like_weight(candidates, groups, is_listed);
        match self.wanted.get(resource) {
            Some(Wanted::AllBut(values)) => {
                // The lightest group stays with the values that nobody has seen yet, unless it is the only one.
                if bins.len() > 1 {
                    bins.pop();
                }
                let rest = values.iter().chain(bins.iter().flatten()).cloned().collect();
                let mut parts: Vec<_> = bins.into_iter().map(|bin| self.with(resource, Wanted::Only(bin))).collect();
                parts.push(self.with(resource, Wanted::AllBut(rest)));
                parts
            }
            _ => bins.into_iter().map(|bin| self.with(resource, Wanted::Only(bin))).collect(),
        }
    }
}

/// Groups of values that weigh about the same, the heaviest first. Values beyond what one request may name are left out,
/// unless all must be named.
fn bins_of_like_weight(mut values: Vec<(String, u64)>, groups: usize, must_have_all: bool) -> Vec<BTreeSet<String>> {
    values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    if !must_have_all {
        values.truncate(VALUES_MAX);
    }
    let mut bins = vec![(0u64, BTreeSet::new()); groups.clamp(2, GROUPS_MAX)];
    for (value, rows) in values {
        if let Some(lightest) = bins.iter_mut().min_by_key(|bin| (bin.0, bin.1.len())) {
            // Values of which nothing was seen still count, so that they do not all meet in one group.
            lightest.0 += rows.max(1);
            lightest.1.insert(value);
        }
    }
    bins.sort_by_key(|bin| Reverse(bin.0));
    bins.into_iter().map(|bin| bin.1).filter(|bin| !bin.is_empty()).collect()
}

/// The state of one second.
#[derive(Debug)]
pub(super) struct Splitting {
    resources: &'static [&'static str],
    to_ask: Vec<Part>,
    in_flight: usize,
    /// Cut, and without a value to split by as long as nothing more is known.
    stuck: Vec<Part>,
    parts: usize,
    rows: u64,
    is_saturated: bool,
    has_failed: bool,
}

impl Splitting {
    /// A second whose answer was cut; `groups` is how many parts it may take.
    pub(super) fn new(feed: Feed, filters: &[Filter], brought: &Brought, groups: usize) -> Splitting {
        let mut splitting = Splitting {
            resources: resources(feed),
            to_ask: Vec::new(),
            in_flight: 0,
            stuck: Vec::new(),
            parts: 0,
            rows: 0,
            is_saturated: false,
            has_failed: false,
        };
        splitting.take_cut(Part::whole(feed, filters), brought, groups);
        splitting
    }

    /// A part to ask for now.
    pub(super) fn next(&mut self) -> Option<Part> {
        let part = self.to_ask.pop()?;
        self.in_flight += 1;
        Some(part)
    }

    /// Takes the answer to a part.
    pub(super) fn answered(&mut self, part: Part, brought: &Brought, row_cap: u64) {
        self.in_flight -= 1;
        if brought.rows >= row_cap {
            self.take_cut(part, brought, 2);
        } else {
            self.rows += brought.rows;
        }
    }

    /// A part was given up: the second cannot be proven any more, and the rest of it is not asked for.
    pub(super) fn failed(&mut self) {
        self.in_flight -= 1;
        self.has_failed = true;
        self.to_ask.clear();
        self.stuck.clear();
    }

    pub(super) fn has_failed(&self) -> bool {
        self.has_failed
    }

    pub(super) fn is_saturated(&self) -> bool {
        self.is_saturated
    }

    /// Rows of the parts that were not cut.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Parts that are known to be needed yet, those in flight included.
    pub(super) fn parts_left(&self) -> usize {
        self.to_ask.len() + self.in_flight + self.stuck.len()
    }

    /// Nothing is left to ask, as far as `known` helps.
    pub(super) fn is_done(&mut self, known: &KnownValues) -> bool {
        if self.to_ask.is_empty() && self.in_flight == 0 {
            self.retry_stuck(known);
        }
        self.to_ask.is_empty() && self.in_flight == 0
    }

    fn push(&mut self, parts: Vec<Part>) {
        self.parts += parts.len();
        self.to_ask.extend(parts);
    }

    /// Splits a cut part by the first resource that separates its rows well, else by the one that does so best.
    fn take_cut(&mut self, part: Part, brought: &Brought, groups: usize) {
        if self.has_failed {
            return;
        }
        if self.parts >= PARTS_MAX {
            self.is_saturated = true;
            return;
        }
        let options: Vec<_> =
            self.resources.iter().filter_map(|resource| Choice::new(&part, resource, &brought.values)).collect();
        let good = options.iter().position(|choice| choice.largest_share <= SHARE_GOOD);
        let best = good.or_else(|| {
            let share = |index: &usize| options[*index].largest_share;
            (0..options.len()).min_by(|a, b| share(a).total_cmp(&share(b)))
        });
        let Some(choice) = best.and_then(|best| options.into_iter().nth(best)) else {
            self.stuck.push(part);
            return;
        };
        let have_all_one_value = matches!(choice.candidates.as_slice(), [(_, rows)] if *rows == brought.rows);
        let mut parts = part.split(choice.resource, choice.candidates, groups);
        if have_all_one_value && !parts.is_empty() {
            // Asking for that value would bring the same cut answer again.
            let certain = parts.swap_remove(0);
            self.take_cut(certain, brought, groups);
        }
        self.push(parts);
    }

    /// Splits cut parts by values that were seen elsewhere; what cannot be split now never can be.
    fn retry_stuck(&mut self, known: &KnownValues) {
        for part in std::mem::take(&mut self.stuck) {
            let is_open = |resource: &str| matches!(part.wanted.get(resource), Some(Wanted::AllBut(_)));
            let sources = known.by_resource(self.resources).filter(|(resource, _)| is_open(resource));
            let split = sources.map(|(resource, values)| (resource, part.candidates(resource, values))).find_map(
                |(resource, candidates)| (!candidates.is_empty()).then(|| part.split(resource, candidates, 2)),
            );
            match split.filter(|_| self.parts < PARTS_MAX) {
                Some(parts) => self.push(parts),
                None => self.is_saturated = true,
            }
        }
    }
}

/// A resource that a part can be split by.
struct Choice {
    resource: &'static str,
    candidates: Vec<(String, u64)>,
    /// The share that the most frequent value has of the rows seen; 1 where none was seen.
    largest_share: f64,
}

impl Choice {
    fn new(part: &Part, resource: &'static str, seen: &Values) -> Option<Choice> {
        let nothing = BTreeMap::new();
        let candidates = part.candidates(resource, seen.get(resource).unwrap_or(&nothing));
        let is_listed = matches!(part.wanted.get(resource), Some(Wanted::Only(_)));
        if candidates.len() < if is_listed { 2 } else { 1 } {
            return None;
        }
        let total: u64 = candidates.iter().map(|(_, rows)| rows).sum();
        let most = candidates.iter().map(|(_, rows)| *rows).max().unwrap_or(0);
        let largest_share = if total == 0 { 1.0 } else { most as f64 / total as f64 };
        Some(Choice { resource, candidates, largest_share })
    }
}
