//! The names of the layout: accounts, days, hours, and the locations that they make.
//!
//! Promises that a location is built from typed values only, and that what a location means is read back just as
//! strictly: there is one name of a partition, never two. A location is relative to the lake, its parts joined by `/`.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Timelike, Utc};
use serde::{Deserialize, Serialize};

/// The name of the file of a partition.
pub const PARTITION_FILE: &str = "clicks.parquet";

/// The name of one Everflow login: `[a-z][a-z0-9_-]*`, at most 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account(String);

/// A name that no account can have.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' cannot name an account: use a lower-case letter, then letters, digits, '_' or '-', 64 at most")]
pub struct InvalidAccount(String);

impl FromStr for Account {
    type Err = InvalidAccount;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let starts_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
        if starts_well && name.len() <= 64 && name.bytes().all(allowed) {
            Ok(Account(name.to_owned()))
        } else {
            Err(InvalidAccount(name.to_owned()))
        }
    }
}

impl Default for Account {
    fn default() -> Self {
        Account("default".to_owned())
    }
}

impl Account {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Account {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How finely a lake is partitioned: fixed at its birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Granularity {
    /// One file per account and UTC day.
    #[default]
    Day,
    /// One file per account and UTC hour, for millions of clicks a day.
    Hour,
}

impl fmt::Display for Granularity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Granularity::Day => "day",
            Granularity::Hour => "hour",
        })
    }
}

/// The UTC day, or hour of a day, that a partition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// The day.
    pub date: NaiveDate,
    /// The hour, in a lake partitioned by hour.
    pub hour: Option<u8>,
}

impl Period {
    /// The period that holds a second since 1970; none where no calendar reaches.
    #[must_use]
    pub fn of(second: i64, granularity: Granularity) -> Option<Period> {
        let time = DateTime::<Utc>::from_timestamp(second, 0)?;
        let hour = match granularity {
            Granularity::Day => None,
            Granularity::Hour => u8::try_from(time.hour()).ok(),
        };
        Some(Period { date: time.date_naive(), hour })
    }

    /// The first and the last second of the period, since 1970.
    #[must_use]
    pub fn seconds(&self) -> (i64, i64) {
        let midnight = self.date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp();
        match self.hour {
            None => (midnight, midnight + 86_399),
            Some(hour) => (midnight + i64::from(hour) * 3600, midnight + i64::from(hour) * 3600 + 3599),
        }
    }
}

/// What one partition holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionKey {
    /// The login.
    pub account: Account,
    /// The UTC day.
    pub date: NaiveDate,
    /// The UTC hour, in a lake partitioned by hour.
    pub hour: Option<u8>,
}

impl PartitionKey {
    /// The partition of an account and a period.
    #[must_use]
    pub fn new(account: &Account, period: Period) -> PartitionKey {
        PartitionKey { account: account.clone(), date: period.date, hour: period.hour }
    }

    /// The day or hour.
    #[must_use]
    pub fn period(&self) -> Period {
        Period { date: self.date, hour: self.hour }
    }
}

impl fmt::Display for PartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account={}/date={}", self.account, self.date.format("%Y-%m-%d"))?;
        match self.hour {
            Some(hour) => write!(f, "/hour={hour:02}"),
            None => Ok(()),
        }
    }
}

/// The location of the file of a partition.
pub(super) fn location_of(key: &PartitionKey) -> String {
    format!("clicks/{key}/{PARTITION_FILE}")
}

/// The location of a file of an account's quarantine.
pub(crate) fn quarantine_location(account: &Account, name: &str) -> String {
    format!("quarantine/account={account}/{name}")
}

/// Where an object store keeps which kind of login an account is. Tools skip names with a dot.
pub(crate) fn login_location(account: &Account) -> String {
    format!("clicks/account={account}/.login")
}

/// The partition that a location names.
pub(super) fn partition_at(location: &str) -> Option<PartitionKey> {
    let parts: Vec<&str> = location.split('/').collect();
    let (account, date, hour) = match parts.as_slice() {
        ["clicks", account, date, PARTITION_FILE] => (account, date, None),
        ["clicks", account, date, hour, PARTITION_FILE] => (account, date, Some(parse_hour(hour)?)),
        _ => return None,
    };
    Some(PartitionKey { account: parse_account(account)?, date: parse_date(date)?, hour })
}

/// The account whose quarantine holds a location.
pub(super) fn quarantined_at(location: &str) -> Option<Account> {
    match location.split('/').collect::<Vec<_>>().as_slice() {
        ["quarantine", account, file] if is_parquet(file) => parse_account(account),
        _ => None,
    }
}

/// True where tools that read `**/*.parquet` would read a location.
pub(super) fn is_parquet(location: &str) -> bool {
    location.ends_with(".parquet")
}

fn parse_account(part: &str) -> Option<Account> {
    part.strip_prefix("account=")?.parse().ok()
}

fn parse_date(part: &str) -> Option<NaiveDate> {
    let text = part.strip_prefix("date=")?;
    // Only the form that we write: chrono alone would also take 2026-3-1, a second name of the same day.
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|date| date.format("%Y-%m-%d").to_string() == text)
}

fn parse_hour(part: &str) -> Option<u8> {
    let text = part.strip_prefix("hour=")?;
    text.parse().ok().filter(|hour| *hour < 24 && text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_names_that_are_safe_in_a_path() {
        for good in ["default", "a", "acme-network_2"] {
            assert_eq!(good.parse::<Account>().unwrap().as_str(), good);
        }
        for bad in ["", "A", "1a", "../x", "a/b", "a=b", "é", "a b"] {
            assert!(bad.parse::<Account>().is_err(), "{bad}");
        }
    }

    #[test]
    fn periods_hold_their_seconds() {
        for granularity in [Granularity::Day, Granularity::Hour] {
            for second in [0, 1_772_323_199, 1_772_323_200, 253_402_300_799] {
                let period = Period::of(second, granularity).unwrap();
                let (from, to) = period.seconds();
                assert!((from..=to).contains(&second));
                assert_eq!(Period::of(from, granularity), Some(period));
                assert_ne!(Period::of(to + 1, granularity), Some(period));
            }
        }
    }

    #[test]
    fn a_location_and_its_partition_name_each_other() {
        let account: Account = "acme".parse().unwrap();
        for granularity in [Granularity::Day, Granularity::Hour] {
            let key = PartitionKey::new(&account, Period::of(1_772_323_199, granularity).unwrap());
            assert_eq!(partition_at(&location_of(&key)), Some(key));
        }
        for foreign in [
            "clicks/account=acme/date=2026-3-1/clicks.parquet",
            "clicks/account=acme/date=2026-03-01/copy.parquet",
            "clicks/account=acme/date=2026-03-01/hour=7/clicks.parquet",
            "clicks/account=acme/date=2026-03-01/hour=+7/clicks.parquet",
            "clicks/account=acme/date=2026-03-01/hour=24/clicks.parquet",
            "clicks/account=Acme/date=2026-03-01/clicks.parquet",
            "quarantine/account=acme/date=2026-03-01/clicks.parquet",
        ] {
            assert_eq!(partition_at(foreign), None, "{foreign}");
        }
    }
}
