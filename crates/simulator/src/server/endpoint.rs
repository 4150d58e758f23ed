//! The endpoints, and which key each of them asks for.

use std::fmt;

use axum::http::Method;

use crate::Feed;

/// What can be asked of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// `POST /v1/networks/reporting/invalidclicks`
    InvalidClicks,
    /// `POST /v1/affiliates/reporting/clicks/stream`
    AffiliateClicks,
    /// `POST /v1/networks/reporting/clicks/stream`
    NetworkClicks,
    /// `POST /v1/networks/reporting/entity/table`
    EntityTable,
    /// `GET /v1/meta/timezones`
    TimeZones,
    /// `GET /v1/networks`
    Network,
    /// `GET /v1/affiliates/affiliate`
    Affiliate,
}

/// Whose key a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// The network's.
    Network,
    /// An affiliate's.
    Affiliate,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; 7] = [
        Self::InvalidClicks,
        Self::AffiliateClicks,
        Self::NetworkClicks,
        Self::EntityTable,
        Self::TimeZones,
        Self::Network,
        Self::Affiliate,
    ];

    /// The endpoint of a feed.
    pub fn of(feed: Feed) -> Self {
        match feed {
            Feed::InvalidClicks => Self::InvalidClicks,
            Feed::AffiliateClicks => Self::AffiliateClicks,
            Feed::NetworkClicks => Self::NetworkClicks,
        }
    }

    /// Its path.
    pub fn path(self) -> &'static str {
        match self {
            Self::InvalidClicks => "/v1/networks/reporting/invalidclicks",
            Self::AffiliateClicks => "/v1/affiliates/reporting/clicks/stream",
            Self::NetworkClicks => "/v1/networks/reporting/clicks/stream",
            Self::EntityTable => "/v1/networks/reporting/entity/table",
            Self::TimeZones => "/v1/meta/timezones",
            Self::Network => "/v1/networks",
            Self::Affiliate => "/v1/affiliates/affiliate",
        }
    }

    pub(super) fn method(self) -> Method {
        match self {
            Self::InvalidClicks | Self::AffiliateClicks | Self::NetworkClicks | Self::EntityTable => Method::POST,
            Self::TimeZones | Self::Network | Self::Affiliate => Method::GET,
        }
    }

    pub(super) fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.path() == path)
    }

    /// Which kind of key may use it; `None`: any.
    pub(super) fn key_kind(self) -> Option<KeyKind> {
        match self {
            Self::TimeZones => None,
            Self::AffiliateClicks | Self::Affiliate => Some(KeyKind::Affiliate),
            Self::InvalidClicks | Self::NetworkClicks | Self::EntityTable | Self::Network => Some(KeyKind::Network),
        }
    }

    /// Whether the limit of requests at once holds for it.
    pub(super) fn is_network_reporting(self) -> bool {
        matches!(self, Self::InvalidClicks | Self::NetworkClicks | Self::EntityTable)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.path())
    }
}
