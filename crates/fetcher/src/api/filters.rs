//! What Everflow calls the things that clicks can be filtered by, some of which it misspells.

use std::sync::atomic::{AtomicU8, Ordering};

use clicks::feed::Feed;

/// A resource: our name, and what Everflow may call it.
#[derive(Debug)]
struct Resource {
    name: &'static str,
    /// For invalid clicks: as their page spells it, then what else it may be.
    of_invalid_clicks: &'static [&'static str],
    /// For the streams, the same.
    of_streams: &'static [&'static str],
    /// What users may write as well.
    aliases: &'static [&'static str],
}

impl Resource {
    const fn plain(name: &'static str, names: &'static [&'static str], aliases: &'static [&'static str]) -> Resource {
        Resource { name, of_invalid_clicks: names, of_streams: names, aliases }
    }

    fn spellings(&self, feed: Feed) -> &'static [&'static str] {
        match feed {
            Feed::InvalidClicks => self.of_invalid_clicks,
            Feed::NetworkClicks | Feed::AffiliateClicks => self.of_streams,
        }
    }
}

const RESOURCES: [Resource; 8] = [
    Resource::plain("offer", &["offer"], &["offer_id"]),
    Resource {
        name: "affiliate",
        of_invalid_clicks: &["affilate_id", "affiliate_id", "affiliate"],
        of_streams: &["affiliate", "affiliate_id", "affilate_id"],
        aliases: &["affiliate_id", "affilate_id"],
    },
    Resource::plain("advertiser", &["advertiser"], &["advertiser_id"]),
    Resource::plain("creative", &["creative"], &["creative_id"]),
    Resource::plain("offer_group", &["offer_group"], &["offer_group_id"]),
    Resource::plain("campaign", &["campaign"], &["campaign_id"]),
    Resource {
        name: "transaction_id",
        of_invalid_clicks: &["transction_id", "transaction_id"],
        of_streams: &["transaction_id", "transction_id"],
        aliases: &["transction_id"],
    },
    Resource::plain("error_code", &["error_code"], &[]),
];

/// The names of what a feed can be filtered by, for the sentence that refuses another.
#[must_use]
pub fn resources(feed: Feed) -> Vec<&'static str> {
    let has = |resource: &&Resource| match feed {
        // The page of invalid clicks lists them all; no page lists those of the streams.
        Feed::InvalidClicks | Feed::NetworkClicks => true,
        // The affiliate is the key's.
        Feed::AffiliateClicks => resource.name != "affiliate",
    };
    RESOURCES.iter().filter(has).map(|resource| resource.name).collect()
}

/// Our name of a resource: `affiliate` for `affiliate_id` and for Everflow's own `affilate_id`. None for an unknown one.
///
/// [`crate::request::Filter::resource`] holds these names; the client sends the documented spelling, and after a 400
/// each other one. Since a server that does not know a filter may also ignore it, whoever reads the rows has to
/// check each: `offer`, `affiliate`, `advertiser`, `offer_group` and `error_code` against the columns of these ids,
/// `creative` against `creative_id`, `transaction_id` against itself; `campaign` has no column. One row that does not
/// satisfy the request says that the filter was not applied: nothing that such an answer seems to prove is proven.
#[must_use]
pub fn canonical_resource(name: &str) -> Option<&'static str> {
    find(name).map(|resource| resource.name)
}

fn find(name: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.name == name || resource.aliases.contains(&name))
}

/// Which spelling of those that Everflow may understand is used: its place in the list, from the likeliest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spelling(u8);

impl Spelling {
    /// As Everflow documents it.
    pub(super) const DOCUMENTED: Spelling = Spelling(0);
    const COUNT: u8 = 3;

    /// All others.
    pub(super) fn others(self) -> impl Iterator<Item = Spelling> {
        (0..Spelling::COUNT).map(Spelling).filter(move |other| *other != self)
    }

    /// What a resource is called; one that we do not know is sent as it is.
    pub(super) fn of(self, feed: Feed, resource: &str) -> &str {
        let spellings = find(resource).map_or(&[][..], |resource| resource.spellings(feed));
        spellings.get(usize::from(self.0)).or(spellings.last()).copied().unwrap_or(resource)
    }

    /// True where there is more than one.
    pub(super) fn matters_for(feed: Feed, resource: &str) -> bool {
        find(resource).is_some_and(|resource| resource.spellings(feed).len() > 1)
    }
}

/// The spelling that each feed was found to understand.
#[derive(Debug)]
pub(super) struct Spellings([AtomicU8; Feed::ALL.len()]);

/// In [`Spellings`]: none yet.
const UNTRIED: u8 = u8::MAX;

impl Default for Spellings {
    fn default() -> Self {
        Spellings(std::array::from_fn(|_| AtomicU8::new(UNTRIED)))
    }
}

impl Spellings {
    /// The one to use, and whether the feed was seen to accept it.
    pub(super) fn get(&self, feed: Feed) -> (Spelling, bool) {
        match self.0[feed as usize].load(Ordering::Relaxed) {
            UNTRIED => (Spelling::DOCUMENTED, false),
            known => (Spelling(known), true),
        }
    }

    pub(super) fn remember(&self, feed: Feed, spelling: Spelling) {
        self.0[feed as usize].store(spelling.0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_ours_and_of_everflows_is_known() {
        for resource in &RESOURCES {
            for name in resource.of_invalid_clicks.iter().chain(resource.of_streams).chain(resource.aliases) {
                assert_eq!(canonical_resource(name), Some(resource.name));
            }
        }
        assert_eq!(canonical_resource("country"), None);
        assert!(!resources(Feed::AffiliateClicks).contains(&"affiliate"));
    }

    #[test]
    fn the_seed_pages_spelling_comes_first() {
        let documented = ["offer", "affilate_id", "advertiser", "creative", "offer_group", "campaign", "transction_id"];
        let ours = RESOURCES.map(|resource| resource.name);
        for (name, documented) in ours.into_iter().zip(documented) {
            assert_eq!(Spelling::DOCUMENTED.of(Feed::InvalidClicks, name), documented);
        }
        assert_eq!(Spelling::DOCUMENTED.of(Feed::NetworkClicks, "affiliate"), "affiliate");
        assert_eq!(Spelling(2).of(Feed::InvalidClicks, "transaction_id"), "transaction_id");
        assert_eq!(Spelling(2).of(Feed::InvalidClicks, "unheard of"), "unheard of");
    }
}
