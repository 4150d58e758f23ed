//! What Everflow calls the things that clicks can be filtered by, some of which it misspells.

use std::sync::atomic::{AtomicU8, Ordering};

use clicks::feed::Feed;

/// A resource: our name, and what Everflow may call it; the documented one first.
#[derive(Debug)]
struct Resource {
    name: &'static str,
    /// On the page of invalid clicks; then what it should be.
    documented: &'static str,
    corrected: &'static str,
    /// What users may write as well.
    aliases: &'static [&'static str],
}

const RESOURCES: [Resource; 8] = [
    Resource { name: "offer", documented: "offer", corrected: "offer", aliases: &["offer_id"] },
    Resource {
        name: "affiliate",
        documented: "affilate_id",
        corrected: "affiliate_id",
        aliases: &["affiliate_id", "affilate_id", "affilate"],
    },
    Resource { name: "advertiser", documented: "advertiser", corrected: "advertiser", aliases: &["advertiser_id"] },
    Resource { name: "creative", documented: "creative", corrected: "creative", aliases: &["creative_id"] },
    Resource { name: "offer_group", documented: "offer_group", corrected: "offer_group", aliases: &[] },
    Resource { name: "campaign", documented: "campaign", corrected: "campaign", aliases: &[] },
    Resource {
        name: "transaction_id",
        documented: "transction_id",
        corrected: "transaction_id",
        aliases: &["transction_id", "transaction"],
    },
    Resource { name: "error_code", documented: "error_code", corrected: "error_code", aliases: &[] },
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
/// once the other one. Since a server that does not know a filter may also ignore it, whoever reads the rows has to
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

/// Which of two ways of spelling is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As the page of invalid clicks has it: `affilate_id`, `transction_id`.
    Documented,
    /// As English has it.
    Corrected,
}

impl Spelling {
    pub(super) fn other(self) -> Spelling {
        match self {
            Spelling::Documented => Spelling::Corrected,
            Spelling::Corrected => Spelling::Documented,
        }
    }

    /// What a resource is called; one that we do not know is sent as it is.
    pub(super) fn of(self, resource: &str) -> &str {
        match (find(resource), self) {
            (Some(resource), Spelling::Documented) => resource.documented,
            (Some(resource), Spelling::Corrected) => resource.corrected,
            (None, _) => resource,
        }
    }

    /// True where the two ways differ.
    pub(super) fn matters_for(resource: &str) -> bool {
        find(resource).is_some_and(|resource| resource.documented != resource.corrected)
    }
}

/// The spelling that each feed was found to understand.
#[derive(Debug, Default)]
pub(super) struct Spellings([AtomicU8; Feed::ALL.len()]);

const UNTRIED: u8 = 0;
const DOCUMENTED: u8 = 1;
const CORRECTED: u8 = 2;

impl Spellings {
    /// The one to use, and whether the feed was seen to accept it.
    pub(super) fn get(&self, feed: Feed) -> (Spelling, bool) {
        match self.0[feed as usize].load(Ordering::Relaxed) {
            UNTRIED => (Spelling::Documented, false),
            DOCUMENTED => (Spelling::Documented, true),
            _ => (Spelling::Corrected, true),
        }
    }

    pub(super) fn remember(&self, feed: Feed, spelling: Spelling) {
        let known = match spelling {
            Spelling::Documented => DOCUMENTED,
            Spelling::Corrected => CORRECTED,
        };
        self.0[feed as usize].store(known, Ordering::Relaxed);
    }
}
