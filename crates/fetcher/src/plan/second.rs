//! One second with more rows than an answer may have, asked for in parts by what the rows are.
//!
//! A part is what is left of the second after filters and exclusions. A cut part is split by the values of a resource:
//! some groups of values, and all other values, asked for by exclusion, so that no value can be missed. Parts of one
//! second are disjoint and together the whole second. Of one resource a part has either filters or exclusions, never
//! both, for filters of one resource are alternatives: the user's own values are what is split, not added to.

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
/// Of the cap, the share that a group of values is made to have at most.
const GROUP_SHARE: f64 = 0.85;
/// Rows that a part is taken to have when it was cut against expectation, as a multiple of the cap.
const CUT_PART: f64 = 1.6;
/// Rows from which a part is split before it was asked for, as a multiple of the cap.
const LIKELY_CUT: f64 = 1.2;
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

    /// Splits it by a resource into groups of candidates, and all the rest; with the rows that each is expected to have.
    fn split(
        &self,
        resource: &'static str,
        candidates: Vec<(String, u64)>,
        rows: f64,
        row_cap: f64,
    ) -> Vec<(Part, f64)> {
        let listed_already = match self.wanted.get(resource) {
            Some(Wanted::AllBut(values)) => Some(values),
            _ => None,
        };
        let mut groups = groups_of_like_weight(candidates, rows, row_cap, listed_already.is_none());
        let mut parts = Vec::new();
        if let Some(values) = listed_already {
            // The lightest group stays with the values that nobody has seen yet, unless it is the only one.
            let rest_rows = if groups.len() > 1 { groups.pop().map_or(0.0, |group| group.0) } else { 0.0 };
            let rest = values.iter().chain(groups.iter().flat_map(|group| &group.1)).cloned().collect();
            parts.push((self.with(resource, Wanted::AllBut(rest)), rest_rows));
        }
        parts.extend(groups.into_iter().map(|(rows, values)| (self.with(resource, Wanted::Only(values)), rows)));
        parts
    }
}

/// Groups of values that have about the same number of rows, and fit into one answer where they can; the heaviest first.
///
/// Values beyond what one request may name are left out, unless all must be named.
fn groups_of_like_weight(
    mut values: Vec<(String, u64)>,
    rows: f64,
    row_cap: f64,
    must_have_all: bool,
) -> Vec<(f64, BTreeSet<String>)> {
    values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    if !must_have_all {
        values.truncate(VALUES_MAX);
    }
    // Values of which nothing was seen still count, so that they do not all meet in one group.
    let total: f64 = values.iter().map(|value| value.1.max(1) as f64).sum();
    let rows_of = |value: &(String, u64)| value.1.max(1) as f64 / total * rows;
    let too_many: Vec<_> = values.extract_if(.., |value| rows_of(value) > GROUP_SHARE * row_cap).collect();
    let rest: f64 = values.iter().map(rows_of).sum();
    let fewest = if too_many.is_empty() { 2 } else { 1 };
    let groups = ((rest / (GROUP_SHARE * row_cap)).ceil() as usize).clamp(fewest, GROUPS_MAX);
    let mut groups = vec![(0.0f64, BTreeSet::new()); groups];
    for value in &values {
        if let Some(lightest) = groups.iter_mut().min_by(|a, b| a.0.total_cmp(&b.0)) {
            lightest.0 += rows_of(value);
            lightest.1.insert(value.0.clone());
        }
    }
    groups.extend(too_many.iter().map(|value| (rows_of(value), BTreeSet::from([value.0.clone()]))));
    groups.retain(|group| !group.1.is_empty());
    groups.sort_by(|a, b| b.0.total_cmp(&a.0));
    groups
}

/// The state of one second.
#[derive(Debug)]
pub(super) struct Splitting {
    resources: &'static [&'static str],
    row_cap: f64,
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
    /// A second that is expected to have `rows`; `is_cut` where an answer to the whole of it was cut, else `brought` only
    /// hints at what its rows are.
    pub(super) fn new(
        feed: Feed,
        filters: &[Filter],
        brought: &Brought,
        is_cut: bool,
        rows: f64,
        row_cap: u64,
    ) -> Splitting {
        let mut splitting = Splitting {
            resources: resources(feed),
            row_cap: row_cap as f64,
            to_ask: Vec::new(),
            in_flight: 0,
            stuck: Vec::new(),
            parts: 0,
            rows: 0,
            is_saturated: false,
            has_failed: false,
        };
        splitting.take_cut(Part::whole(feed, filters), brought, is_cut, rows);
        splitting
    }

    /// A part to ask for now.
    pub(super) fn next(&mut self) -> Option<Part> {
        let part = self.to_ask.pop()?;
        self.in_flight += 1;
        Some(part)
    }

    /// Takes the answer to a part.
    pub(super) fn answered(&mut self, part: Part, brought: &Brought) {
        self.in_flight -= 1;
        if brought.rows as f64 >= self.row_cap {
            self.take_cut(part, brought, true, CUT_PART * self.row_cap);
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

    /// Splits a part that was cut, or is likely to be, by the first resource that separates its rows well, else by the
    /// one that does so best. `rows` is how many it is expected to have.
    fn take_cut(&mut self, part: Part, brought: &Brought, is_cut: bool, rows: f64) {
        if self.has_failed {
            return;
        }
        if self.parts >= PARTS_MAX {
            self.is_saturated = true;
            return;
        }
        let Some(choice) = self.choose(&part, brought) else {
            if is_cut {
                self.stuck.push(part)
            } else {
                self.ask(part)
            }
            return;
        };
        let has_one_value = choice.candidates.len() == 1;
        let have_all_one_value = has_one_value && choice.candidates[0].1 == brought.rows;
        for (part, rows) in part.split(choice.resource, choice.candidates, rows, self.row_cap) {
            let is_listed = matches!(part.wanted.get(choice.resource), Some(Wanted::Only(_)));
            if is_cut && have_all_one_value && is_listed {
                // Asking for what all rows have would bring the same cut answer.
                self.take_cut(part, brought, true, rows);
            } else if rows > LIKELY_CUT * self.row_cap && !has_one_value {
                self.take_cut(part, brought, false, rows);
            } else {
                self.ask(part);
            }
        }
    }

    fn ask(&mut self, part: Part) {
        self.parts += 1;
        self.to_ask.push(part);
    }

    fn choose(&self, part: &Part, brought: &Brought) -> Option<Choice> {
        let mut choices: Vec<_> =
            self.resources.iter().filter_map(|resource| Choice::new(part, resource, &brought.values)).collect();
        let good = choices.iter().position(|choice| choice.largest_share <= SHARE_GOOD);
        let best = good.or_else(|| {
            let share = |index: &usize| choices[*index].largest_share;
            (0..choices.len()).min_by(|a, b| share(a).total_cmp(&share(b)))
        });
        best.map(|best| choices.swap_remove(best))
    }

    /// Splits cut parts by values that were seen elsewhere; what cannot be split now never can be.
    fn retry_stuck(&mut self, known: &KnownValues) {
        for part in std::mem::take(&mut self.stuck) {
            let is_open = |resource: &str| matches!(part.wanted.get(resource), Some(Wanted::AllBut(_)));
            let sources = known.by_resource(self.resources).filter(|(resource, _)| is_open(resource));
            let split = sources.map(|(resource, values)| (resource, part.candidates(resource, values))).find_map(
                |(resource, candidates)| {
                    let split = || part.split(resource, candidates.clone(), CUT_PART * self.row_cap, self.row_cap);
                    (!candidates.is_empty()).then(split)
                },
            );
            match split.filter(|_| self.parts < PARTS_MAX) {
                Some(parts) => parts.into_iter().for_each(|(part, _)| self.ask(part)),
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
