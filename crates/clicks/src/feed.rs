//! The feeds of Everflow that return clicks.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of Everflow's click feeds. The order is that of the names, which is how lists of feeds are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feed {
    /// `POST /v1/affiliates/reporting/clicks/stream`: every click of one affiliate, with an affiliate's key.
    AffiliateClicks,
    /// `POST /v1/networks/reporting/invalidclicks`: the refused clicks of a network.
    InvalidClicks,
    /// `POST /v1/networks/reporting/clicks/stream`: the clicks of a network.
    NetworkClicks,
}

impl Feed {
    /// Every feed, in the order of their names.
    pub const ALL: [Feed; 3] = [Feed::AffiliateClicks, Feed::InvalidClicks, Feed::NetworkClicks];

    /// The name used on the command line, in `feeds` and in coverage.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Feed::AffiliateClicks => "affiliate-clicks",
            Feed::InvalidClicks => "invalid-clicks",
            Feed::NetworkClicks => "network-clicks",
        }
    }

    /// The number of rows above which an answer of this feed is cut without a word.
    #[must_use]
    pub fn row_cap(self) -> u64 {
        match self {
            Feed::AffiliateClicks => 5_000,
            Feed::InvalidClicks => 1_000,
            Feed::NetworkClicks => 10_000,
        }
    }

    /// True for the feeds of a network's login, false for an affiliate's: one account never holds both.
    #[must_use]
    pub fn is_network(self) -> bool {
        self != Feed::AffiliateClicks
    }
}

impl fmt::Display for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A feed name that is none of [`Feed::ALL`].
#[derive(Debug, thiserror::Error)]
#[error("unknown feed '{0}': expected invalid-clicks, affiliate-clicks or network-clicks")]
pub struct UnknownFeed(String);

impl FromStr for Feed {
    type Err = UnknownFeed;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Feed::ALL.into_iter().find(|feed| feed.name() == name).ok_or_else(|| UnknownFeed(name.to_owned()))
    }
}
