//! Filters and exclusions: the same resource type is OR, different types are AND.

use std::collections::BTreeMap;

use super::click::Click;
use super::endpoint::Endpoint;
use super::settings::{Settings, Spelling, UnknownFilters};

/// What a filter looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Resource {
    Offer,
    Affiliate,
    Advertiser,
    Creative,
    OfferGroup,
    Campaign,
    Transaction,
    ErrorCode,
}

impl Resource {
    /// The resource that an endpoint knows by this name.
    fn named(name: &str, endpoint: Endpoint, spelling: Spelling) -> Option<Self> {
        let documented = spelling != Spelling::Correct;
        let correct = spelling != Spelling::Documented;
        match name {
            "offer" => Some(Self::Offer),
            "advertiser" => Some(Self::Advertiser),
            "creative" => Some(Self::Creative),
            "offer_group" => Some(Self::OfferGroup),
            "campaign" => Some(Self::Campaign),
            "error_code" => Some(Self::ErrorCode),
            "affilate_id" if documented => Some(Self::Affiliate),
            "transction_id" if documented => Some(Self::Transaction),
            // The misspelt names stand on the page of the invalid clicks only.
            "affiliate" if correct || endpoint != Endpoint::InvalidClicks => Some(Self::Affiliate),
            "affiliate_id" if correct => Some(Self::Affiliate),
            "transaction_id" if correct => Some(Self::Transaction),
            _ => None,
        }
    }

    fn value(self, click: &Click) -> String {
        match self {
            Self::Offer => click.offer_id.to_string(),
            Self::Affiliate => click.affiliate_id.to_string(),
            Self::Advertiser => click.advertiser_id.to_string(),
            Self::Creative => "0".to_owned(),
            Self::OfferGroup => click.offer_group_id.to_string(),
            Self::Campaign => click.campaign_id.to_string(),
            Self::Transaction => click.transaction_id.clone(),
            Self::ErrorCode => click.error_code.to_string(),
        }
    }
}

/// The values asked for, by resource.
pub(super) type Values = BTreeMap<Resource, Vec<String>>;

/// What a request wants to see, and what not.
#[derive(Debug, Clone, Default)]
pub(super) struct Filters {
    pub(super) wanted: Values,
    pub(super) excluded: Values,
}

impl Filters {
    pub(super) fn let_pass(&self, click: &Click) -> bool {
        let has = |(resource, values): (&Resource, &Vec<String>)| values.contains(&resource.value(click));
        self.wanted.iter().all(has) && !self.excluded.iter().any(has)
    }
}

/// Adds a filter to what a request asks for; the error is what the server says.
pub(super) fn add(
    values: &mut Values,
    (name, value): (&str, &str),
    endpoint: Endpoint,
    settings: &Settings,
) -> Result<(), String> {
    match Resource::named(name, endpoint, settings.spelling) {
        Some(resource) => values.entry(resource).or_default().push(value.to_owned()),
        None if settings.unknown_filters == UnknownFilters::Ignored => {}
        None => return Err(format!("Invalid resource_type: {name}")),
    }
    Ok(())
}
