//! What is an entity: whose clicks are counted together.

use std::fmt;

/// Whose clicks are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum By {
    /// All clicks of an affiliate.
    #[default]
    Affiliate,
    /// An affiliate's clicks on one offer; the id is `AFFILIATE/OFFER`.
    AffiliateOffer,
    /// An affiliate's clicks of one sub1, its placement or source; the id is `AFFILIATE/SUB1`.
    AffiliateSub1,
    /// All clicks on an offer.
    Offer,
}

/// The id of an affiliate, offer or sub1 that a click does not name; an affiliate's own feed does not name the affiliate.
const UNNAMED: &str = "-";

impl By {
    /// SQL over `clicks`: the entity's id, as text.
    pub(super) fn id(self) -> String {
        let affiliate = format!("coalesce(CAST(affiliate_id AS VARCHAR), '{UNNAMED}')");
        let offer = format!("coalesce(CAST(offer_id AS VARCHAR), '{UNNAMED}')");
        match self {
            Self::Affiliate => affiliate,
            Self::AffiliateOffer => format!("concat({affiliate}, '/', {offer})"),
            Self::AffiliateSub1 => format!("concat({affiliate}, '/', coalesce(sub1, '{UNNAMED}'))"),
            Self::Offer => offer,
        }
    }

    /// SQL over `clicks`: what people call the entity.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Affiliate => "affiliate_name",
            Self::AffiliateOffer => "concat(affiliate_name, ' / ', offer_name)",
            Self::AffiliateSub1 => "concat(affiliate_name, ' / ', sub1)",
            Self::Offer => "offer_name",
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Affiliate => "affiliate",
            Self::AffiliateOffer => "affiliate-offer",
            Self::AffiliateSub1 => "affiliate-sub1",
            Self::Offer => "offer",
        })
    }
}
