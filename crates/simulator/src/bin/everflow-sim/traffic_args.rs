//! Flags that say what traffic to make.

use chrono::NaiveDate;
use clap::Args;
use simulator::{Config, ConfigError, Traffic};

/// What traffic to make; the first day is each command's own.
#[derive(Args)]
pub(crate) struct TrafficArgs {
    /// What decides everything that the other flags leave open
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many days
    #[arg(long, default_value_t = 14)]
    pub(crate) days: u32,
    /// Clicks a day of all affiliates together, good and bad, before the feed picks its own
    #[arg(long, default_value_t = 1000)]
    clicks_per_day: u32,
    /// How many affiliates the network has
    #[arg(long, default_value_t = 40)]
    affiliates: u32,
    /// Whose clicks the affiliate feed returns
    #[arg(long, default_value_t = 17)]
    pub(crate) affiliate: i64,
}

impl TrafficArgs {
    pub(crate) fn traffic(&self, from: NaiveDate) -> Result<Traffic, ConfigError> {
        Traffic::new(Config {
            seed: self.seed,
            from,
            days: self.days,
            clicks_per_day: self.clicks_per_day,
            affiliates: self.affiliates,
            portal_affiliate: self.affiliate,
        })
    }
}
