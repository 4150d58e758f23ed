//! The simulated network: its affiliates, offers, advertisers and employees.
//!
//! Promises a few very large affiliates and a long tail, most of them honest, and at least one of every kind of trouble among
//! the first forty; everything invented. Who is dishonest depends on the seed, so that nothing can learn ids by heart.

use crate::places::COUNTRIES;
use crate::random::{Dice, Purpose};

/// How an affiliate comes by its clicks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Honesty {
    /// People click. A few of their clicks are invalid all the same.
    Honest,
    /// Honest, through a campus and a relay whose addresses are flagged as proxies.
    SharedExits,
    /// Honest, but runs into the offer's daily cap every evening.
    Capped,
    /// Honest people from countries the offers do not want.
    Untargeted,
    /// Most clicks come through proxies in data centres.
    Proxies,
    /// The same visitors click again and again within minutes.
    Duplicates,
    /// Programs click, all day at the same pace.
    Bots,
}

/// An affiliate of the simulated network.
#[derive(Debug)]
pub struct Affiliate {
    /// `network_affiliate_id`
    pub id: i64,
    /// The company's name.
    pub name: String,
    /// How it comes by its clicks: the truth that an analysis has to find.
    pub honesty: Honesty,
    /// Its size against the other affiliates.
    pub weight: u64,
    pub(crate) account_status: &'static str,
    pub(crate) traffic_source_id: i64,
    pub(crate) manager: usize,
    /// Index of the country most of its visitors come from.
    pub(crate) home: usize,
    /// Offers it promotes, as indices.
    pub(crate) offers: Vec<usize>,
    /// What it sends as sub1, its placements.
    pub(crate) placements: Vec<String>,
    pub(crate) sites: Vec<String>,
}

/// A deal, and how it pays: network to affiliate, advertiser to network.
#[derive(Debug)]
pub(crate) struct Payment {
    pub(crate) payout_type: &'static str,
    pub(crate) revenue_type: &'static str,
    /// What a good click itself earns, in thousandths; 0 where only conversions pay.
    pub(crate) click_payout: i64,
    pub(crate) click_revenue: i64,
}

#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) advertiser: usize,
    pub(crate) group_id: i64,
    pub(crate) status: &'static str,
    pub(crate) visibility: &'static str,
    pub(crate) tracking_domain: usize,
    pub(crate) currency: &'static str,
    pub(crate) project_id: String,
    pub(crate) category_id: i64,
    pub(crate) payment: Payment,
    pub(crate) landing_page: String,
    /// Tells the advertiser's server of each click.
    pub(crate) server_side: bool,
}

impl Offer {
    /// What a click itself pays and brings, in thousandths.
    pub(crate) fn earnings(&self, error_code: i32) -> (i64, i64) {
        if error_code == 0 { (self.payment.click_payout, self.payment.click_revenue) } else { (0, 0) }
    }
}

#[derive(Debug)]
pub(crate) struct Advertiser {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) account_status: &'static str,
    pub(crate) manager: usize,
}

#[derive(Debug)]
pub(crate) struct Employee {
    pub(crate) id: i64,
    pub(crate) first_name: &'static str,
    pub(crate) last_name: &'static str,
    pub(crate) account_status: &'static str,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) affiliates: Vec<Affiliate>,
    pub(crate) offers: Vec<Offer>,
    pub(crate) advertisers: Vec<Advertiser>,
    pub(crate) employees: Vec<Employee>,
}

/// `network_id` of everything here.
pub(crate) const NETWORK_ID: i64 = 4107;

/// Hosts that links go through, each with the id of its domain.
pub(crate) const TRACKING_DOMAINS: &[(i64, &str)] =
    &[(211, "www.trk-lattice.example"), (212, "www.go-marlin.example"), (219, "www.clk-quarry.example")];

const FIRST_AFFILIATE_ID: i64 = 11;
const ADVERTISERS: usize = 9;
const OFFERS: usize = 24;

const FIRST_WORDS: &[&str] = &[
    "Amber", "Birch", "Cobalt", "Delta", "Ember", "Falcon", "Granite", "Harbor", "Ivory", "Juniper", "Kestrel",
    "Lumen", "Maple", "Nimbus", "Onyx", "Pioneer", "Quartz", "River", "Saffron", "Tidal",
];
const AFFILIATE_WORDS: &[&str] =
    &["Media", "Digital", "Traffic Co.", "Publishing", "Ads", "Partners", "Reach", "Leads & Co", "Network", "Growth"];
const ADVERTISER_WORDS: &[&str] =
    &["Insurance", "Foods", "Fitness", "Mattress", "Energy", "Games", "Finance", "Apparel", "Travel"];
const SITE_WORDS: &[&str] = &["news", "deals", "health", "blog", "recipes", "coupons", "gadgets", "garden"];
const NAMES: &[(&str, &str)] = &[
    ("Mara", "Lindqvist"),
    ("Theo", "Okafor"),
    ("Inês", "Duarte"),
    ("Pavel", "Novak"),
    ("Ruth", "O'Hara"),
    ("Kenji", "Sato"),
];

impl World {
    /// The network that a seed makes, with `size` affiliates; `portal` is the id of the one whose own feed can be shown.
    pub(crate) fn new(seed: u64, size: u32, portal: i64) -> Self {
        let mut dice = Dice::new(seed, Purpose::World, 0, 0);
        let advertisers: Vec<_> = (0..ADVERTISERS).map(|index| advertiser(index, &mut dice)).collect();
        let offers = (0..OFFERS).map(|index| offer(index, &advertisers, &mut dice)).collect();
        Self { affiliates: affiliates(size, portal, &mut dice), offers, advertisers, employees: employees() }
    }
}

/// The highest id that `size` affiliates reach.
pub(crate) fn last_affiliate_id(size: u32) -> i64 {
    FIRST_AFFILIATE_ID + i64::from(size) - 1
}

/// The lowest affiliate id.
pub(crate) const fn first_affiliate_id() -> i64 {
    FIRST_AFFILIATE_ID
}

/// Sizes fall with the rank as 1/rank, so the first tenth of the affiliates brings half of the clicks.
fn affiliates(size: u32, portal: i64, dice: &mut Dice) -> Vec<Affiliate> {
    let mut ids: Vec<i64> = (FIRST_AFFILIATE_ID..=last_affiliate_id(size)).collect();
    dice.shuffle(&mut ids);
    // The portal's affiliate is large enough to be worth looking at: third, or last among fewer.
    if let Some(place) = ids.iter().position(|id| *id == portal) {
        let third = ids.len().min(PORTAL_RANK + 1) - 1;
        ids.swap(place, third);
    }
    let mut affiliates: Vec<_> = ids.into_iter().enumerate().map(|(rank, id)| affiliate(rank, id, dice)).collect();
    affiliates.sort_by_key(|affiliate| affiliate.id);
    affiliates
}

const PORTAL_RANK: usize = 2;

fn honesty(rank: usize) -> Honesty {
    match rank % 40 {
        PORTAL_RANK => Honesty::Capped,
        3 | 11 | 23 => Honesty::Proxies,
        4 => Honesty::Duplicates,
        5 => Honesty::Untargeted,
        8 => Honesty::Bots,
        9 => Honesty::SharedExits,
        17 => Honesty::Capped,
        _ => Honesty::Honest,
    }
}

fn affiliate(rank: usize, id: i64, dice: &mut Dice) -> Affiliate {
    let name = format!("{} {}", FIRST_WORDS[id as usize % FIRST_WORDS.len()], dice.pick(AFFILIATE_WORDS));
    // Half of the affiliates work at home in the United States, the first country.
    let home = if dice.chance(500) { 0 } else { dice.below(COUNTRIES.len() as u64) as usize };
    let offers = (0..2 + dice.below(4)).map(|_| dice.below(OFFERS as u64) as usize).collect();
    let placements = (0..3 + dice.below(9)).map(|_| placement(dice)).collect();
    let sites = (0..4 + dice.below(8))
        .map(|_| format!("https://{}{}.example/", dice.pick(SITE_WORDS), dice.below(60)))
        .collect();
    Affiliate {
        id,
        name,
        honesty: honesty(rank),
        weight: 1_000_000 / (rank as u64 + 1),
        account_status: if dice.chance(950) { "active" } else { "pending" },
        traffic_source_id: dice.below(7) as i64,
        manager: dice.below(NAMES.len() as u64) as usize,
        home,
        offers,
        placements,
        sites,
    }
}

fn placement(dice: &mut Dice) -> String {
    match dice.below(4) {
        0 => String::new(),
        1 => format!("x{}", dice.below(100)),
        2 => format!("{}_top", dice.pick(SITE_WORDS)),
        _ => format!("{}-{}", dice.below(900) + 100, dice.hex(6)),
    }
}

fn advertiser(index: usize, dice: &mut Dice) -> Advertiser {
    Advertiser {
        id: 41 + 3 * index as i64,
        name: format!("{} {}", dice.pick(FIRST_WORDS), ADVERTISER_WORDS[index % ADVERTISER_WORDS.len()]),
        account_status: "active",
        manager: dice.below(NAMES.len() as u64) as usize,
    }
}

fn offer(index: usize, advertisers: &[Advertiser], dice: &mut Dice) -> Offer {
    let advertiser = index % advertisers.len();
    let (payment, label) = match index % 4 {
        0 => {
            let payout = 20 + dice.below(480) as i64;
            (
                Payment {
                    payout_type: "cpc",
                    revenue_type: "rpc",
                    click_payout: payout,
                    click_revenue: payout * 5 / 4,
                },
                "CPC",
            )
        }
        1 => (Payment { payout_type: "cps", revenue_type: "rps", click_payout: 0, click_revenue: 0 }, "CPS"),
        _ => (Payment { payout_type: "cpa", revenue_type: "rpa", click_payout: 0, click_revenue: 0 }, "CPA"),
    };
    let market = ["US", "US & CA", "EU", "Worldwide"][index % 3];
    Offer {
        id: 3 + 2 * index as i64,
        name: format!("{} – {market} ({label})", advertisers[advertiser].name),
        advertiser,
        group_id: if dice.chance(300) { 5 + dice.below(3) as i64 } else { 0 },
        // One in twenty-four: an affiliate that goes on sending clicks to it is careless, not dishonest.
        status: if index == 15 { "paused" } else { "active" },
        visibility: ["public", "private", "require_approval"][dice.below(3) as usize],
        tracking_domain: dice.below(TRACKING_DOMAINS.len() as u64) as usize,
        currency: if dice.chance(850) { "USD" } else { "EUR" },
        project_id: project_id(index, dice),
        category_id: dice.below(20) as i64,
        payment,
        landing_page: format!("https://shop{advertiser}.example/lp/{}", dice.below(9)),
        server_side: index % 6 == 4,
    }
}

/// Text, a number, or absent.
fn project_id(index: usize, dice: &mut Dice) -> String {
    match index % 3 {
        0 => format!("00Q7Z00000{}QAM", dice.hex(5).to_uppercase()),
        1 => (70_000 + dice.below(9_000)).to_string(),
        _ => String::new(),
    }
}

fn employees() -> Vec<Employee> {
    NAMES
        .iter()
        .zip(3..)
        .map(|((first_name, last_name), id)| Employee {
            id,
            first_name,
            last_name,
            account_status: if id == 6 { "inactive" } else { "active" },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_heavy_tailed_and_most_affiliates_honest() {
        let world = World::new(5, 40, 17);
        let mut weights: Vec<u64> = world.affiliates.iter().map(|affiliate| affiliate.weight).collect();
        weights.sort_unstable();
        let (total, largest): (u64, u64) = (weights.iter().sum(), weights[36..].iter().sum());
        assert!(largest * 10 > total * 4, "the four largest of forty bring over 40 %");
        let honest = world.affiliates.iter().filter(|affiliate| affiliate.honesty == Honesty::Honest).count();
        assert!(honest >= 28, "{honest}");
    }

    #[test]
    fn the_portal_affiliate_is_large_and_capped_whatever_the_seed() {
        for seed in 0..20 {
            let world = World::new(seed, 40, 17);
            let portal = world.affiliates.iter().find(|affiliate| affiliate.id == 17).unwrap();
            assert_eq!((portal.honesty, portal.weight), (Honesty::Capped, 333_333));
        }
    }

    #[test]
    fn who_is_dishonest_depends_on_the_seed() {
        let bots = |seed| {
            World::new(seed, 40, 17)
                .affiliates
                .into_iter()
                .find(|affiliate| affiliate.honesty == Honesty::Bots)
                .unwrap()
                .id
        };
        let ids: std::collections::BTreeSet<i64> = (0..20).map(bots).collect();
        assert!(ids.len() > 5);
    }
}
