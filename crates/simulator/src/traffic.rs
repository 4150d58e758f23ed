//! The clicks of a network over some days, newest first.
//!
//! Owns how many clicks fall into which hour, and whose they are. Works hour by hour, so that years of traffic need the memory
//! of one hour, and every hour is the same whichever range it is asked for in.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime};

use crate::click::{Click, Draft, Origin};
use crate::places::{COUNTRIES, activity};
use crate::random::{Dice, Purpose, running_totals};
use crate::rows::render;
use crate::visitor::VisitorKey;
use crate::world::{Affiliate, Honesty, World};
use crate::{Config, ConfigError, Feed};

const HOURS: usize = 24;
const SECONDS_IN_HOUR: i64 = 3600;
/// How busy Monday to Sunday are, in hundredths; a week's mean is 100.
const WEEKDAYS: [u64; 7] = [104, 106, 105, 103, 100, 92, 90];
/// Weight of an affiliate's home country, against the 1,000 of all countries together.
const HOME_WEIGHT: u64 = 1800;
/// The tracking domain whose servers are the first to send new fields.
const EARLY_DOMAIN: usize = 2;

/// Synthetic traffic, made anew each time it is asked for.
#[derive(Debug)]
pub struct Traffic {
    config: Config,
    world: World,
    /// Running totals of the affiliates' shares, for each hour of the UTC day.
    shares: Vec<Vec<u64>>,
    /// Running totals of the share of the day that falls into each hour.
    rhythm: Vec<u64>,
}

impl Traffic {
    /// The traffic that a configuration describes.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        let world = World::new(config.seed, config.affiliates, config.portal_affiliate);
        let shares: Vec<Vec<u64>> = (0..HOURS)
            .map(|hour| running_totals(world.affiliates.iter().map(|affiliate| share(affiliate, hour))))
            .collect();
        let rhythm = running_totals(shares.iter().map(|totals| totals.last().copied().unwrap_or(0) / 1000));
        Ok(Self { config, world, shares, rhythm })
    }

    /// Every affiliate of the network, by id, with the truth about it.
    pub fn affiliates(&self) -> &[Affiliate] {
        &self.world.affiliates
    }

    /// The rows that a feed returns for the whole range: JSON objects, newest first.
    pub fn rows(&self, feed: Feed) -> impl Iterator<Item = String> + '_ {
        self.rows_between(feed, 0..=i64::MAX)
    }

    /// The rows that a feed returns for some seconds since 1970 (of the range, which is all there is), newest first.
    pub fn rows_between(&self, feed: Feed, seconds: RangeInclusive<i64>) -> impl Iterator<Item = String> + '_ {
        let days = (0..self.config.days).rev();
        let hours = days.flat_map(|day| (0..HOURS).rev().map(move |hour| (day, hour)));
        hours.flat_map(move |(day, hour)| {
            let wanted = seconds.clone();
            let start = self.start_of(day, hour);
            let is_outside = start > *wanted.end() || start + SECONDS_IN_HOUR <= *wanted.start();
            let clicks = if is_outside { Vec::new() } else { self.hour(day, hour) };
            let is_wanted = move |click: &Click<'_>| wanted.contains(&click.unix_seconds) && self.is_in(feed, click);
            clicks.into_iter().rev().filter(is_wanted).map(move |click| self.row(feed, &click))
        })
    }

    /// The clicks of the whole range, oldest first.
    pub(crate) fn clicks(&self) -> impl Iterator<Item = Click<'_>> {
        let hours = (0..self.config.days).flat_map(|day| (0..HOURS).map(move |hour| (day, hour)));
        hours.flat_map(|(day, hour)| self.hour(day, hour))
    }

    /// The click that was made from this, without making the others of its hour.
    pub(crate) fn again(&self, origin: Origin) -> Click<'_> {
        let hour = origin.hour_start.div_euclid(SECONDS_IN_HOUR).rem_euclid(HOURS as i64);
        self.draft(origin.hour_start, hour as usize, origin.index).judge(self.config.seed, origin.is_repeat)
    }

    /// How a feed words a click.
    pub(crate) fn row(&self, feed: Feed, click: &Click<'_>) -> String {
        let last_quarter = self.start_of((self.config.days * 3).div_ceil(4), 0);
        let new_fields = click.unix_seconds >= last_quarter && click.offer.tracking_domain == EARLY_DOMAIN;
        render(click, feed, &self.world, self.config.seed, new_fields)
    }

    /// The affiliates, offers and advertisers that its clicks name.
    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// What it was made from.
    pub fn config(&self) -> &Config {
        &self.config
    }

    fn date(&self, day: u32) -> NaiveDate {
        self.config.from + Days::new(u64::from(day))
    }

    fn start_of(&self, day: u32, hour: usize) -> i64 {
        self.date(day).and_time(NaiveTime::MIN).and_utc().timestamp() + SECONDS_IN_HOUR * hour as i64
    }

    fn is_in(&self, feed: Feed, click: &Click<'_>) -> bool {
        match feed {
            Feed::NetworkClicks => true,
            Feed::InvalidClicks => click.error_code != 0,
            Feed::AffiliateClicks => click.affiliate.id == self.config.portal_affiliate,
        }
    }

    /// The clicks of one hour, oldest first.
    fn hour(&self, day: u32, hour: usize) -> Vec<Click<'_>> {
        let start = self.start_of(day, hour);
        let mut drafts: Vec<_> =
            (0..self.clicks_in(self.date(day), hour)).map(|index| self.draft(start, hour, index)).collect();
        drafts.sort_by_key(|draft| draft.unix_seconds);
        let mut seen = HashSet::new();
        drafts
            .into_iter()
            .map(|draft| {
                let is_repeat = !seen.insert((draft.visitor, draft.offer.id));
                draft.judge(self.config.seed, is_repeat)
            })
            .collect()
    }

    fn clicks_in(&self, date: NaiveDate, hour: usize) -> u64 {
        let in_day =
            u64::from(self.config.clicks_per_day) * WEEKDAYS[date.weekday().num_days_from_monday() as usize] / 100;
        let until = |end: usize| match end {
            0 => 0,
            end => u128::from(in_day) * u128::from(self.rhythm[end - 1]) / u128::from(self.rhythm[HOURS - 1]),
        };
        (until(hour + 1) - until(hour)) as u64
    }

    fn draft(&self, start: i64, hour: usize, index: u64) -> Draft<'_> {
        let mut dice = Dice::new(self.config.seed, Purpose::Click, start as u64, index);
        let affiliate = &self.world.affiliates[dice.weighted(&self.shares[hour])];
        let is_bot = affiliate.honesty == Honesty::Bots;
        let second = dice.below(SECONDS_IN_HOUR as u64) as i64;
        let country = if is_bot { affiliate.home } else { country(affiliate.home, hour, &mut dice) };
        let number = self.visitor_number(affiliate, start, &mut dice);
        // Who clicks for the sake of clicking stays with one offer.
        let choice = if affiliate.honesty == Honesty::Duplicates { number } else { dice.bits() };
        let offer = affiliate.offers[choice as usize % affiliate.offers.len()];
        Draft {
            hour_start: start,
            index,
            // Programs click on the beat of their timers.
            unix_seconds: start + if is_bot { second - second % 15 } else { second },
            affiliate,
            offer: &self.world.offers[offer],
            visitor: VisitorKey { affiliate_id: affiliate.id, country, number },
            dice,
        }
    }

    /// People return over days, bots are few, and duplicates come from a handful of visitors of the hour.
    fn visitor_number(&self, affiliate: &Affiliate, start: i64, dice: &mut Dice) -> u64 {
        let total: u64 = self.world.affiliates.iter().map(|other| other.weight).sum();
        let clicks_a_day = u64::from(self.config.clicks_per_day) * affiliate.weight / total;
        match affiliate.honesty {
            Honesty::Duplicates => {
                (start / SECONDS_IN_HOUR) as u64 * 100_000 + dice.below(1 + clicks_a_day / (24 * 12))
            }
            Honesty::Bots => dice.below(3 + clicks_a_day / 25),
            _ => dice.below(12 + clicks_a_day * 3),
        }
    }
}

/// How many of an hour's clicks are an affiliate's, against the others: people sleep, bots do not.
fn share(affiliate: &Affiliate, hour: usize) -> u64 {
    let busy = |hour| country_weights(affiliate.home, hour).sum::<u64>();
    let busy = match affiliate.honesty {
        Honesty::Bots => (0..HOURS).map(busy).sum::<u64>() / HOURS as u64,
        _ => busy(hour),
    };
    affiliate.weight * busy
}

fn country(home: usize, hour: usize, dice: &mut Dice) -> usize {
    dice.weighted(&running_totals(country_weights(home, hour)))
}

fn country_weights(home: usize, hour: usize) -> impl Iterator<Item = u64> {
    COUNTRIES.iter().enumerate().map(move |(index, country)| {
        let weight = country.weight + if index == home { HOME_WEIGHT } else { 0 };
        weight * activity(country, hour)
    })
}

/// The second of the last click that the configuration can make.
pub(crate) fn last_second(from: NaiveDate, days: u32) -> Option<DateTime<chrono::Utc>> {
    let end = from.checked_add_days(Days::new(u64::from(days)))?;
    Some(end.and_time(NaiveTime::MIN).and_utc() - chrono::TimeDelta::seconds(1))
}
