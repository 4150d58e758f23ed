//! What attackers work with: rented servers, infected homes, lists of user agents, phones in a room.

use super::honest::Profile;
use super::line::{Address, Visit};
use crate::devices::Device;
use crate::places::{COUNTRIES, DATA_CENTRES};
use crate::random::Dice;
use crate::visitor::{Line, Visitor};

/// A machine that clicks: where it is and what it says it is.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub(super) visitor: Visitor,
}

/// Addresses that somebody rents: a few networks of one hosting company.
pub(super) fn servers(count: u64, country: usize, dice: &mut Dice) -> Vec<Address> {
    let company = dice.below(DATA_CENTRES.len() as u64) as usize;
    let first = dice.below(250);
    (0..count)
        .map(|_| Address::of_a_host(&DATA_CENTRES[company], 16 + company as u64, first + dice.below(3), country, dice))
        .collect()
}

/// The addresses of infected homes, or of customers of a seller of such.
pub(super) fn homes(count: u64, country: usize, dice: &mut Dice) -> Vec<Address> {
    (0..count).map(|_| Address::of_a_home(country, dice)).collect()
}

/// As many devices as a script knows user agents.
pub(super) fn agents(count: u64, dice: &mut Dice) -> Vec<Device> {
    (0..count).map(|_| Device::of_a_script(dice)).collect()
}

/// A machine at an address with one of these devices; the vendor of the proxy flag knows `flagged` permille of such.
pub(super) fn machine(address: &Address, devices: &[Device], flagged: u64, dice: &mut Dice) -> Machine {
    let device = dice.pick(devices).clone();
    let mut visitor = address.visitor(device, dice);
    visitor.is_proxy = dice.chance(flagged);
    visitor.forensiq_score = match address.line {
        Line::DataCentre => 45 + dice.below(50),
        _ => dice.below(25),
    };
    Machine { visitor }
}

/// The country that an attack pretends to be from: the one the affiliate's visitors come from.
pub(super) fn home_country(profile: &Profile<'_>) -> usize {
    profile.affiliate.home.min(COUNTRIES.len() - 1)
}

/// A click of a machine, which converts in `conversions` permille.
pub(super) fn click(
    profile: &Profile<'_>,
    machine: &Machine,
    second: i64,
    offer: usize,
    conversions: u64,
    dice: &mut Dice,
) -> Visit {
    let mut visit = profile.visit(machine.visitor.clone(), second, offer, dice);
    visit.has_conversion = dice.chance(conversions);
    visit
}
