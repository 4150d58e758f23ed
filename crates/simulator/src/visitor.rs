//! Visitors: who clicks, from where, with what.
//!
//! A visitor is a pure function of the seed, the affiliate that sends it, its country and its number, so one who comes back
//! days later has the same address and device without anything being remembered.

use crate::devices::Device;
use crate::places::{COUNTRIES, City, Country, DATA_CENTRES, Provider, SHARED_EXITS};
use crate::random::{Dice, Purpose};
use crate::world::{Affiliate, Honesty};

/// Which visitor; equal keys are the same visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct VisitorKey {
    pub(crate) affiliate_id: i64,
    /// An index into [`COUNTRIES`].
    pub(crate) country: usize,
    pub(crate) number: u64,
}

/// Through what kind of line a visitor comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Household,
    SharedExit,
    DataCentre,
}

#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub(crate) country: &'static Country,
    pub(crate) city: &'static City,
    pub(crate) provider: &'static Provider,
    pub(crate) line: Line,
    pub(crate) postal_code: String,
    pub(crate) address: String,
    pub(crate) is_proxy: bool,
    pub(crate) device: Device,
    /// What the browser asks for; mostly what is spoken in the country.
    pub(crate) language: &'static str,
    pub(crate) advertising_id: AdvertisingId,
    /// The page the click came from; empty where the browser kept it to itself.
    pub(crate) referer: String,
    pub(crate) forensiq_score: u64,
}

/// What an app knows of its user; `""` on the web.
#[derive(Debug, Clone, Default)]
pub(crate) struct AdvertisingId {
    pub(crate) idfa: [String; 3],
    pub(crate) google: [String; 3],
    pub(crate) android: [String; 3],
}

/// First octets of invented addresses: none private, none reserved.
pub(crate) const FIRST_OCTETS: &[u64] =
    &[23, 24, 31, 37, 45, 47, 50, 63, 66, 68, 71, 73, 76, 81, 82, 86, 91, 98, 99, 104, 108, 174, 184, 199, 207];

impl Visitor {
    pub(crate) fn new(seed: u64, affiliate: &Affiliate, key: VisitorKey) -> Self {
        let place = (key.affiliate_id as u64) << 8 | key.country as u64;
        let mut dice = Dice::new(seed, Purpose::Visitor, place, key.number);
        let country = &COUNTRIES[key.country];
        let line = line(affiliate.honesty, &mut dice);
        let (provider, network) = provider(line, key.country, &mut dice);
        let city = dice.pick(country.cities);
        let is_bot = affiliate.honesty == Honesty::Bots;
        let device = if is_bot { Device::of_a_bot(&mut dice) } else { Device::of_a_person(&mut dice) };
        Self {
            country,
            city,
            provider,
            line,
            postal_code: postal_code(city, &mut dice),
            address: address(country, provider, line, network, is_bot, &mut dice),
            is_proxy: is_proxy(line, &mut dice),
            advertising_id: advertising_id(&device, &mut dice),
            device,
            language: country.language,
            referer: if dice.chance(700) { dice.pick(&affiliate.sites).clone() } else { String::new() },
            forensiq_score: forensiq_score(line, is_bot, &mut dice),
        }
    }
}

fn line(honesty: Honesty, dice: &mut Dice) -> Line {
    let (shared_permille, data_centre_permille) = match honesty {
        Honesty::Proxies => (0, 650),
        Honesty::Bots => (0, 950),
        Honesty::SharedExits => (450, 4),
        Honesty::Honest | Honesty::Capped | Honesty::Untargeted | Honesty::Duplicates => (12, 8),
    };
    match dice.below(1000) {
        draw if draw < shared_permille => Line::SharedExit,
        draw if draw < shared_permille + data_centre_permille => Line::DataCentre,
        _ => Line::Household,
    }
}

/// Who carries the traffic, and a number that its address range is made from.
fn provider(line: Line, country: usize, dice: &mut Dice) -> (&'static Provider, u64) {
    let (choices, base): (&'static [Provider], usize) = match line {
        Line::Household => (COUNTRIES[country].providers, 16 * (country + 2)),
        Line::SharedExit => (SHARED_EXITS, 0),
        Line::DataCentre => (DATA_CENTRES, 16),
    };
    let index = dice.below(choices.len() as u64) as usize;
    (&choices[index], (base + index) as u64)
}

fn address(country: &Country, provider: &Provider, line: Line, network: u64, is_bot: bool, dice: &mut Dice) -> String {
    let on_new_network = if provider.carrier.is_empty() { 90 } else { 350 };
    if line == Line::Household && !country.masks_addresses && dice.chance(on_new_network) {
        let words = dice.bits();
        let word = |shift: u32| (words >> shift) & 0xffff;
        // Of the range for documentation, which nobody owns.
        return format!(
            "2001:db8:{network:x}:{:x}:{:x}:{:x}:{:x}:{:x}",
            word(48) & 0xff,
            word(48) >> 8,
            word(32),
            word(16),
            word(0)
        );
    }
    let block = if line == Line::SharedExit { 0 } else { dice.below(3) };
    let first = FIRST_OCTETS[(network * 7 + block * 11) as usize % FIRST_OCTETS.len()];
    let second = (network * 37 + block * 101) % 256;
    // A relay and a bot farm have a few ranges, a provider's customers are spread out.
    let third = match (line, is_bot) {
        (Line::SharedExit, _) => 40 + dice.below(2),
        (_, true) => 80 + dice.below(4),
        _ => dice.below(256),
    };
    if country.masks_addresses {
        format!("{first}.{second}.{third}.xxx")
    } else {
        format!("{first}.{second}.{third}.{}", 1 + dice.below(254))
    }
}

pub(crate) fn postal_code(city: &City, dice: &mut Dice) -> String {
    if city.postal_prefix.starts_with(|first: char| first.is_ascii_digit()) {
        format!("{}{:02}", city.postal_prefix, dice.below(100))
    } else if dice.chance(30) {
        "?".to_owned()
    } else {
        city.postal_prefix.to_owned()
    }
}

/// The vendor's flag misses some data centres, and blames nearly every relay.
fn is_proxy(line: Line, dice: &mut Dice) -> bool {
    dice.chance(match line {
        Line::Household => 6,
        Line::SharedExit => 900,
        Line::DataCentre => 820,
    })
}

fn forensiq_score(line: Line, is_bot: bool, dice: &mut Dice) -> u64 {
    match (line, is_bot) {
        (_, true) => 65 + dice.below(35),
        (Line::DataCentre, false) => 35 + dice.below(50),
        (Line::SharedExit, false) => 5 + dice.below(40),
        (Line::Household, false) => dice.below(3) * dice.below(10),
    }
}

/// Six in a hundred phones click inside an app. The hashes are random digits, not hashes of the id.
pub(crate) fn advertising_id(device: &Device, dice: &mut Dice) -> AdvertisingId {
    let mut ids = AdvertisingId::default();
    if device.device_type == "PC" || !dice.chance(60) {
        return ids;
    }
    if device.platform == "iOS" {
        ids.idfa = [dice.uuid().to_uppercase(), dice.hex(32), dice.hex(40)];
    } else {
        ids.google = [dice.uuid(), dice.hex(32), dice.hex(40)];
        if dice.chance(300) {
            ids.android = [dice.hex(16), dice.hex(32), dice.hex(40)];
        }
    }
    ids
}
