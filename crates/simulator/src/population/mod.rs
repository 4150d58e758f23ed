//! A week of a whole network with the truth about it: honest affiliates, hard cases among them, and injected attacks.
//!
//! Owns who is what and how many clicks each has; `honest` makes people, `hard_cases` honest affiliates that look odd, and
//! `attacks` the sixteen attacks of the literature. Written from how such traffic is described, not from what detects it.
//! Promises the same bytes for the same [`PopulationConfig`] on every machine, and affiliates whose sizes are heavy-tailed:
//! of 400 with 300,000 clicks the largest has about 13,000, half have fewer than 400.

mod archetypes;
mod attacks;
mod hard_cases;
mod honest;
mod line;
mod machines;

use chrono::{NaiveDate, NaiveTime};

use crate::Feed;
use crate::click::{Click, Origin};
use crate::random::{Dice, Purpose};
use crate::rows::{render, render_lean};
use crate::world::{Affiliate, Offer, World};

pub use archetypes::{Archetype, HardCase};
use honest::Profile;
use line::Visit;

/// What population to make. Equal configurations make equal bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PopulationConfig {
    /// Decides everything that the other fields leave open.
    pub seed: u64,
    /// The first day, UTC; there are seven.
    pub from: NaiveDate,
    /// How many affiliates; at least 100.
    pub affiliates: u32,
    /// About how many clicks, of all together.
    pub clicks: u32,
    /// Which share of an attacked affiliate's clicks is the attack's, in percent; `None`: nobody attacks.
    pub contamination_percent: Option<u32>,
    /// Whether some honest affiliates are [hard cases](HardCase).
    pub hard_cases: bool,
    /// Whether rows hold only what tells clicks apart, a third of what Everflow sends.
    pub lean: bool,
}

impl PopulationConfig {
    /// 400 affiliates, about 300,000 clicks, hard cases, nobody attacks.
    pub fn new(seed: u64, from: NaiveDate) -> Self {
        Self {
            seed,
            from,
            affiliates: 400,
            clicks: 300_000,
            contamination_percent: None,
            hard_cases: true,
            lean: false,
        }
    }
}

/// How many days a population lasts.
pub(crate) const DAYS: i64 = 7;
pub(crate) const DAY_SECONDS: i64 = 86_400;
/// The day, from 0, on which sleepers begin.
const SLEEPERS_WAKE: i64 = 5;

/// What an affiliate of a population is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// People click.
    Honest,
    /// People click, but it looks odd.
    Hard(HardCase),
    /// Some of the clicks are an attack's.
    Attack(Archetype),
    /// Honest for five days, then an attack.
    Sleeper(Archetype),
}

/// The truth about an affiliate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// `network_affiliate_id`
    pub affiliate_id: i64,
    /// What it is.
    pub role: Role,
    /// The day from 0 on which the attack begins.
    pub start_day: i64,
    /// All its clicks.
    pub clicks: usize,
    /// Those of the attack.
    pub attack_clicks: usize,
}

/// A population, made anew each time it is asked for.
#[derive(Debug)]
pub struct Population {
    config: PopulationConfig,
    world: World,
    members: Vec<Member>,
}

/// An affiliate's place in the population.
#[derive(Debug)]
struct Member {
    /// An index into the world's affiliates.
    affiliate: usize,
    clicks: u64,
    role: Role,
    /// Members of a coalition share its number.
    coalition: u64,
}

impl Population {
    /// The population that a configuration describes.
    #[must_use]
    pub fn new(config: PopulationConfig) -> Self {
        let world = World::new(config.seed, config.affiliates, 17);
        let mut dice = Dice::new(config.seed, Purpose::Population, 0, 0);
        let members = members(&config, &mut dice);
        Self { config, world, members }
    }

    /// Every row of the network's feed of all clicks, affiliate by affiliate, each from its oldest to its newest, with the
    /// truth about the affiliate before its rows.
    pub fn affiliates(&self) -> impl Iterator<Item = (Truth, Vec<String>)> + '_ {
        self.members.iter().map(|member| {
            let visits = self.visits(member);
            let affiliate = &self.world.affiliates[member.affiliate];
            let truth = Truth {
                affiliate_id: affiliate.id,
                role: member.role,
                start_day: if matches!(member.role, Role::Sleeper(_)) { SLEEPERS_WAKE } else { 0 },
                clicks: visits.len(),
                attack_clicks: visits.iter().filter(|visit| visit.is_attack).count(),
            };
            let mut dice = Dice::new(self.config.seed, Purpose::Population, 2, affiliate.id as u64);
            let rows = visits.into_iter().map(|visit| self.row(affiliate, visit, &mut dice)).collect();
            (truth, rows)
        })
    }

    fn visits(&self, member: &Member) -> Vec<Visit> {
        let affiliate = &self.world.affiliates[member.affiliate];
        let mut dice = Dice::new(self.config.seed, Purpose::Population, 1, affiliate.id as u64);
        let profile = Profile::new(affiliate, self.config.seed, &mut dice);
        let mut visits = match member.role {
            Role::Honest => profile.visits(member.clicks, 0..DAYS, &mut dice),
            Role::Hard(case) => hard_cases::visits(case, profile, member.clicks, &mut dice),
            Role::Attack(archetype) => self.attacked(member, archetype, 0, &profile, &mut dice),
            Role::Sleeper(archetype) => self.attacked(member, archetype, SLEEPERS_WAKE, &profile, &mut dice),
        };
        line::settle(&mut visits, affiliate, &self.world.offers, &mut dice);
        visits
    }

    /// The attack's clicks replace that share of the honest ones; a sleeper's whole week of them comes in the days that are
    /// left, as its volume rises when it cashes in.
    fn attacked(
        &self,
        member: &Member,
        archetype: Archetype,
        start: i64,
        profile: &Profile<'_>,
        dice: &mut Dice,
    ) -> Vec<Visit> {
        let percent = u64::from(self.config.contamination_percent.unwrap_or(0));
        let attack = (member.clicks * percent).div_ceil(100);
        let before = member.clicks * start as u64 / DAYS as u64;
        let mut visits = if start > 0 { profile.visits(before, 0..start, dice) } else { Vec::new() };
        visits.extend(profile.visits((member.clicks - before) * (100 - percent) / 100, start..DAYS, dice));
        let pool = Dice::new(self.config.seed, Purpose::Population, 3, member.coalition);
        let mut attack = attacks::visits(archetype, profile, attack, start..DAYS, pool, dice);
        attack.iter_mut().for_each(|visit| visit.is_attack = true);
        visits.append(&mut attack);
        visits
    }

    fn row(&self, affiliate: &Affiliate, visit: Visit, dice: &mut Dice) -> String {
        let offer: &Offer = &self.world.offers[visit.offer];
        let midnight = self.config.from.and_time(NaiveTime::MIN).and_utc().timestamp();
        let (payout, revenue) = offer.earnings(visit.error_code);
        let click = Click {
            unix_seconds: midnight + visit.second,
            transaction_id: dice.hex(32),
            affiliate,
            offer,
            visitor: visit.visitor,
            is_unique: visit.is_unique,
            error_code: visit.error_code,
            has_conversion: visit.has_conversion && visit.error_code == 0,
            payout,
            revenue,
            subs: visit.subs,
            coupon_code: "",
            in_campaign: false,
            rendering_key: dice.bits(),
            origin: Origin { hour_start: midnight, index: 0, is_repeat: !visit.is_unique },
        };
        match self.config.lean {
            true => render_lean(&click),
            false => render(&click, Feed::NetworkClicks, &self.world, self.config.seed, false),
        }
    }
}

/// Attacks and hard cases go to affiliates of a middling size: an attack that pays needs volume, and the few largest are
/// known by heart.
const PICKED_FROM: usize = 8;

fn members(config: &PopulationConfig, dice: &mut Dice) -> Vec<Member> {
    let count = config.affiliates as usize;
    let mut order: Vec<usize> = (0..count).collect();
    dice.shuffle(&mut order);
    let sizes = sizes(count, u64::from(config.clicks), dice);
    let mut roles = vec![(Role::Honest, 0); count];
    let mut places: Vec<usize> = (PICKED_FROM..count * 55 / 100).collect();
    dice.shuffle(&mut places);
    let mut wanted: Vec<(Role, u64)> = Vec::new();
    if config.contamination_percent.is_some() {
        for turn in 0..2 {
            wanted.extend(Archetype::ALL.iter().map(|archetype| (Role::Attack(*archetype), 0)));
            // Both turns of the coalition are its two members.
            let asleep = *dice.pick(&Archetype::SLEEPING);
            wanted.push((Role::Sleeper(asleep), 1 + turn));
        }
    }
    if config.hard_cases {
        wanted.extend(HardCase::ALL.iter().map(|case| (Role::Hard(*case), 0)));
    }
    for (wanted, place) in wanted.into_iter().zip(places) {
        roles[place] = wanted;
    }
    let members = order.into_iter().zip(sizes).zip(roles);
    members
        .map(|((affiliate, clicks), (role, coalition))| {
            let clicks = if let Role::Hard(case) = role { case.clicks(clicks) } else { clicks };
            Member { affiliate, clicks, role, coalition }
        })
        .collect()
}

/// Sizes fall with the rank as 1 / (rank + 5); the smallest third is smaller still, at random.
fn sizes(count: usize, clicks: u64, dice: &mut Dice) -> Vec<u64> {
    let weight = |rank: usize| 1_000_000 / (rank as u64 + 5);
    let total: u64 = (0..count).map(weight).sum();
    let size = |rank: usize| clicks * weight(rank) / total;
    (0..count)
        .map(|rank| if rank * 3 > count * 2 { size(rank) * (3 + dice.below(98)) / 100 } else { size(rank) }.max(1))
        .collect()
}

#[cfg(test)]
mod tests;
