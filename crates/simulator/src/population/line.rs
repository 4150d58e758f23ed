//! A click before it has a row, and where its address comes from.

use std::collections::HashSet;

use super::DAY_SECONDS;
use crate::devices::Device;
use crate::places::{COUNTRIES, City, Country, Provider};
use crate::random::Dice;
use crate::visitor::{AdvertisingId, FIRST_OCTETS, Line, Visitor, postal_code};
use crate::world::{Affiliate, Offer};

/// A click, by the second since the population began.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub(super) second: i64,
    /// An index into the world's offers.
    pub(super) offer: usize,
    pub(super) visitor: Visitor,
    pub(super) has_conversion: bool,
    pub(super) subs: [String; 10],
    pub(super) error_code: i32,
    pub(super) is_unique: bool,
    pub(super) is_attack: bool,
}

/// An address and what is known of it.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) country: &'static Country,
    pub(super) city: &'static City,
    pub(super) provider: &'static Provider,
    pub(super) text: String,
    pub(super) line: Line,
}

/// How many addresses a carrier's customers share.
const CARRIER_POOL: u64 = 900;

impl Address {
    /// Of a home or a phone in a country.
    pub(super) fn of_a_household(country: usize, dice: &mut Dice) -> Self {
        let provider = dice.below(COUNTRIES[country].providers.len() as u64) as usize;
        Self::of_provider(country, provider, dice)
    }

    /// Of a home in a country, never a phone's carrier.
    pub(super) fn of_a_home(country: usize, dice: &mut Dice) -> Self {
        let providers = COUNTRIES[country].providers;
        let fixed: Vec<usize> = (0..providers.len()).filter(|index| providers[*index].carrier.is_empty()).collect();
        Self::of_provider(country, *dice.pick(&fixed), dice)
    }

    /// Of a customer of one of the country's providers; carriers have a pool, others an address for each home.
    pub(super) fn of_provider(country: usize, provider: usize, dice: &mut Dice) -> Self {
        let place = &COUNTRIES[country];
        let network = (16 * (country + 2) + provider) as u64;
        let is_carrier = !place.providers[provider].carrier.is_empty();
        let on_new_network = if is_carrier { 350 } else { 120 };
        let text = if !place.masks_addresses && dice.chance(on_new_network) {
            // Of the range for documentation, which nobody owns; each home has a /64.
            let home = dice.bits();
            format!("2001:db8:{:x}:{:x}:{:x}::1", network << 7 | (home >> 16) & 0x7f, home & 0xffff, home >> 48)
        } else if is_carrier {
            let number = dice.below(CARRIER_POOL);
            v4(network, 0, number / 250, 1 + number % 250, place.masks_addresses)
        } else {
            v4(network, 1 + dice.below(14), dice.below(256), 1 + dice.below(254), place.masks_addresses)
        };
        Self {
            country: place,
            city: dice.pick(place.cities),
            provider: &place.providers[provider],
            text,
            line: Line::Household,
        }
    }

    /// Of a server that somebody rents, or of a relay. `block` and `third` choose the /24.
    pub(super) fn of_a_host(
        provider: &'static Provider,
        network: u64,
        third: u64,
        country: usize,
        dice: &mut Dice,
    ) -> Self {
        let place = &COUNTRIES[country];
        Self {
            country: place,
            city: dice.pick(place.cities),
            provider,
            text: v4(network, 20, third, 1 + dice.below(254), place.masks_addresses),
            line: Line::DataCentre,
        }
    }

    /// Who comes from here with a device.
    pub(super) fn visitor(&self, device: Device, dice: &mut Dice) -> Visitor {
        Visitor {
            country: self.country,
            city: self.city,
            provider: self.provider,
            line: self.line,
            postal_code: postal_code(self.city, dice),
            address: self.text.clone(),
            is_proxy: false,
            language: self.country.language,
            device,
            advertising_id: AdvertisingId::default(),
            referer: String::new(),
            forensiq_score: dice.below(3) * dice.below(10),
        }
    }
}

/// The address `block` and `third` and `fourth` of a network; its last part is hidden where the law wants that.
fn v4(network: u64, block: u64, third: u64, fourth: u64, is_masked: bool) -> String {
    let first = FIRST_OCTETS[(network * 7 + block * 11) as usize % FIRST_OCTETS.len()];
    let second = (network * 37 + block * 101) % 256;
    if is_masked { format!("{first}.{second}.{third}.xxx") } else { format!("{first}.{second}.{third}.{fourth}") }
}

/// Puts clicks in order and lets the network judge them: which are unique, which are refused.
pub(super) fn settle(visits: &mut [Visit], affiliate: &Affiliate, offers: &[Offer], dice: &mut Dice) {
    visits.sort_by_key(|visit| visit.second);
    let mut seen = HashSet::new();
    for visit in visits {
        let visitor = &visit.visitor;
        let key = (visitor.address.clone(), visitor.device.user_agent.clone(), visit.offer, visit.second / DAY_SECONDS);
        visit.is_unique = seen.insert(key);
        if visit.error_code == 0 {
            visit.error_code = verdict(visit, &offers[visit.offer], dice);
        }
        if visit.subs[0].is_empty() {
            // Few placements are much larger than the others.
            let placements = affiliate.placements.len() as u64;
            let place = dice.below(placements).min(dice.below(placements));
            visit.subs[0].clone_from(&affiliate.placements[place as usize]);
        }
    }
}

fn verdict(visit: &Visit, offer: &Offer, dice: &mut Dice) -> i32 {
    let code = match visit.visitor.line {
        _ if !visit.is_unique => *dice.pick_weighted(&[(21, 15), (0, 85)]),
        Line::DataCentre => *dice.pick_weighted(&[(23, 12), (1018, 4), (15, 2), (0, 82)]),
        _ if visit.visitor.is_proxy => *dice.pick_weighted(&[(23, 8), (0, 92)]),
        _ => 0,
    };
    match code {
        0 if offer.status == "paused" => *dice.pick_weighted(&[(1008, 80), (29, 20)]),
        0 => *dice.pick_weighted(&[
            (0, 9690),
            (2, 60),
            (9, 70),
            (10, 30),
            (11, 10),
            (12, 10),
            (1, 20),
            (4, 20),
            (6, 10),
            (17, 20),
            (18, 10),
            (29, 20),
            (101, 20),
            (1018, 10),
        ]),
        code => code,
    }
}
