//! What traffic to make, and the limits of it.

use std::error::Error;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use chrono::NaiveDate;

use crate::traffic::last_second;
use crate::world::{first_affiliate_id, last_affiliate_id};

/// What traffic to make. Equal configurations make equal bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Decides everything that the other fields leave open.
    pub seed: u64,
    /// The first day, UTC.
    pub from: NaiveDate,
    /// How many days.
    pub days: u32,
    /// Clicks on a day of all affiliates together: the mean over a week, weekends have fewer.
    pub clicks_per_day: u32,
    /// How many affiliates the network has. From about forty on, every [`Honesty`](crate::Honesty) is among them.
    pub affiliates: u32,
    /// The affiliate whose own feed [`Feed::AffiliateClicks`] is; the third largest, honest, and often over its cap.
    pub portal_affiliate: i64,
}

impl Config {
    /// Two weeks of a small network.
    pub fn new(seed: u64, from: NaiveDate) -> Self {
        Self { seed, from, days: 14, clicks_per_day: 1000, affiliates: 40, portal_affiliate: 17 }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        within("days", self.days, 1..=3660)?;
        within("clicks per day", self.clicks_per_day, 1..=200_000_000)?;
        within("affiliates", self.affiliates, 1..=10_000)?;
        let ids = first_affiliate_id()..=last_affiliate_id(self.affiliates);
        if !ids.contains(&self.portal_affiliate) {
            return Err(ConfigError::NoSuchAffiliate { id: self.portal_affiliate, ids });
        }
        // Everflow writes seconds since 1970, and four-digit years.
        match last_second(self.from, self.days) {
            Some(last) if self.from >= NaiveDate::default() && last.timestamp() < SECONDS_IN_YEAR_10_000 => Ok(()),
            _ => Err(ConfigError::DateOutOfRange(self.from)),
        }
    }
}

const SECONDS_IN_YEAR_10_000: i64 = 253_402_300_800;

fn within(what: &'static str, value: u32, range: RangeInclusive<u32>) -> Result<(), ConfigError> {
    if range.contains(&value) { Ok(()) } else { Err(ConfigError::OutOfRange { what, value, range }) }
}

/// A configuration that no traffic can be made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigError {
    /// A number is too small or too large.
    OutOfRange {
        /// Which number.
        what: &'static str,
        /// What was asked for.
        value: u32,
        /// What can be had.
        range: RangeInclusive<u32>,
    },
    /// The portal's affiliate is not among the affiliates.
    NoSuchAffiliate {
        /// What was asked for.
        id: i64,
        /// The ids of this network.
        ids: RangeInclusive<i64>,
    },
    /// The days begin before 1970 or end after 9999.
    DateOutOfRange(NaiveDate),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { what, value, range } => {
                write!(out, "{what} must be from {} to {}, not {value}", range.start(), range.end())
            }
            Self::NoSuchAffiliate { id, ids } => {
                write!(out, "no affiliate {id}: this network's are {} to {}", ids.start(), ids.end())
            }
            Self::DateOutOfRange(from) => write!(out, "days from {from} on leave the years 1970 to 9999"),
        }
    }
}

impl Error for ConfigError {}

/// Which of Everflow's feeds of raw clicks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Feed {
    /// `/v1/networks/reporting/invalidclicks`: what the network refused.
    InvalidClicks,
    /// `/v1/affiliates/reporting/clicks/stream`: one affiliate's clicks, good and bad.
    AffiliateClicks,
    /// `/v1/networks/reporting/clicks/stream`: every click, good and bad.
    NetworkClicks,
}

impl Feed {
    /// Every feed.
    pub const ALL: [Feed; 3] = [Feed::InvalidClicks, Feed::AffiliateClicks, Feed::NetworkClicks];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidClicks => "invalid-clicks",
            Self::AffiliateClicks => "affiliate-clicks",
            Self::NetworkClicks => "network-clicks",
        }
    }
}

impl fmt::Display for Feed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A name that is no feed's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFeed(String);

impl fmt::Display for UnknownFeed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Feed::ALL.map(Feed::name).join(", ");
        write!(out, "no feed is called \"{}\", only {names}", self.0)
    }
}

impl Error for UnknownFeed {}

impl FromStr for Feed {
    type Err = UnknownFeed;

    fn from_str(name: &str) -> Result<Self, UnknownFeed> {
        Self::ALL.into_iter().find(|feed| feed.name() == name).ok_or_else(|| UnknownFeed(name.to_owned()))
    }
}
