//! All clicks in memory, by time: which of them an answer holds, and how they are written down.
//!
//! Generated traffic is kept as a light index; a row is made again when it is asked for, without the others of its hour.

use std::ops::RangeInclusive;

use super::additions::Additions;
use super::click::{Click, affiliate_name, minimal_row, offer_name};
use super::filter::Filters;
use super::settings::{Order, OverCap};
use crate::click::{Click as FullClick, Origin};
use crate::random::{Dice, Purpose};
use crate::{Feed, Traffic};

/// Every click that the server will ever tell of.
#[derive(Debug, Default)]
pub struct Content {
    /// Oldest first.
    stored: Vec<Stored>,
    traffic: Option<Traffic>,
}

#[derive(Debug)]
pub(super) struct Stored {
    pub(super) click: Click,
    /// What its full row is made from; `None`: it has a minimal one.
    pub(super) origin: Option<Origin>,
}

/// Which clicks a request is about.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    pub(super) feed: Feed,
    /// Whose own feed the affiliate's is.
    pub(super) affiliate_id: i64,
    pub(super) seconds: RangeInclusive<i64>,
    pub(super) filters: Filters,
    pub(super) now: i64,
    /// Clicks before this second are gone, unless they converted.
    pub(super) kept_from: i64,
}

impl Selection {
    /// Whether a click answers, its second apart.
    fn matches(&self, click: &Click) -> bool {
        click.exists_at(self.now)
            && click.is_in(self.feed, self.affiliate_id)
            && (click.unix_timestamp >= self.kept_from || click.values_at(self.now).has_conversion)
            && self.filters.let_pass(click)
    }
}

impl Content {
    /// These clicks, as rows with the few keys that a [`Click`] knows.
    pub fn of_clicks(clicks: Vec<Click>) -> Self {
        Self::new(clicks.into_iter().map(|click| Stored { click, origin: None }).collect(), None)
    }

    /// Generated traffic with full rows. Made once, which takes about 30 microseconds a click in a dev build.
    pub fn of_traffic(traffic: Traffic, additions: &Additions) -> Self {
        let stored = additions.clicks(&traffic);
        Self::new(stored, Some(traffic))
    }

    fn new(mut stored: Vec<Stored>, traffic: Option<Traffic>) -> Self {
        stored.sort_by_key(|stored| stored.click.unix_timestamp);
        Self { stored, traffic }
    }

    /// Every click, oldest first.
    pub fn clicks(&self) -> impl Iterator<Item = &Click> {
        self.stored.iter().map(|stored| &stored.click)
    }

    fn between(&self, seconds: &RangeInclusive<i64>) -> &[Stored] {
        let from = self.stored.partition_point(|stored| stored.click.unix_timestamp < *seconds.start());
        let to = self.stored.partition_point(|stored| stored.click.unix_timestamp <= *seconds.end());
        self.stored.get(from..to).unwrap_or_default()
    }

    /// Every click that answers, oldest first, without a cap.
    pub(super) fn all<'a>(&'a self, wanted: &'a Selection) -> impl DoubleEndedIterator<Item = &'a Stored> {
        self.between(&wanted.seconds).iter().filter(|stored| wanted.matches(&stored.click))
    }

    /// The clicks of an answer.
    pub(super) fn select<'a>(
        &'a self,
        wanted: &'a Selection,
        cap: usize,
        over_cap: OverCap,
        order: Order,
    ) -> Vec<&'a Stored> {
        let mut dice =
            Dice::new(*wanted.seconds.start() as u64, Purpose::Selection, *wanted.seconds.end() as u64, cap as u64);
        let mut found: Vec<&Stored> = match over_cap {
            OverCap::Newest => self.all(wanted).rev().take(cap).collect(),
            OverCap::Oldest => self.all(wanted).take(cap).collect(),
            OverCap::Any => {
                let mut found: Vec<&Stored> = self.all(wanted).collect();
                dice.shuffle(&mut found);
                found.truncate(cap);
                found
            }
        };
        match order {
            Order::NewestFirst => found.sort_by_key(|stored| std::cmp::Reverse(stored.click.unix_timestamp)),
            Order::OldestFirst => found.sort_by_key(|stored| stored.click.unix_timestamp),
            Order::Shuffled => dice.shuffle(&mut found),
        }
        found
    }

    /// Up to two clicks just before the window and two just after it.
    pub(super) fn outside<'a>(&'a self, wanted: &'a Selection) -> Vec<&'a Stored> {
        let (from, to) = wanted.seconds.clone().into_inner();
        let matches = |stored: &&Stored| wanted.matches(&stored.click);
        let before = self.between(&(i64::MIN..=from.saturating_sub(1))).iter().rev().filter(matches).take(2);
        let after = self.between(&(to.saturating_add(1)..=i64::MAX)).iter().filter(matches).take(2);
        before.chain(after).collect()
    }

    /// How a feed words a click at a time.
    pub(super) fn row(&self, stored: &Stored, feed: Feed, now: i64) -> String {
        match (&self.traffic, stored.origin) {
            (Some(traffic), Some(origin)) => full_row(traffic, origin, &stored.click, feed, now),
            _ => minimal_row(&stored.click, feed, now).to_string(),
        }
    }

    pub(super) fn affiliate_name(&self, id: i64) -> String {
        let named = self.traffic.as_ref().and_then(|traffic| {
            traffic.affiliates().iter().find(|affiliate| affiliate.id == id).map(|affiliate| affiliate.name.clone())
        });
        named.unwrap_or_else(|| affiliate_name(id))
    }

    pub(super) fn offer_name(&self, id: i64) -> String {
        let named = self.traffic.as_ref().and_then(|traffic| {
            traffic.world().offers.iter().find(|offer| offer.id == id).map(|offer| offer.name.clone())
        });
        named.unwrap_or_else(|| offer_name(id))
    }
}

/// The generated row, with what the index says of the click where that differs.
fn full_row(traffic: &Traffic, origin: Origin, click: &Click, feed: Feed, now: i64) -> String {
    let values = click.values_at(now);
    let world = traffic.world();
    let made = traffic.again(origin);
    let affiliate = world.affiliates.iter().find(|affiliate| affiliate.id == click.affiliate_id);
    let offer = world.offers.iter().find(|offer| offer.id == click.offer_id);
    let told = FullClick {
        unix_seconds: click.unix_timestamp,
        error_code: click.error_code,
        affiliate: affiliate.unwrap_or(made.affiliate),
        offer: offer.unwrap_or(made.offer),
        is_unique: values.is_unique,
        has_conversion: values.has_conversion,
        payout: values.payout,
        revenue: values.revenue,
        ..made
    };
    traffic.row(feed, &told)
}
