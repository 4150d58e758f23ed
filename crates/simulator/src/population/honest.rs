//! People: who they are, when they click, and how affiliates that send them differ.

use std::ops::Range;

use super::line::{Address, Visit};
use super::{DAY_SECONDS, DAYS};
use crate::devices::Device;
use crate::places::{COUNTRIES, RHYTHM};
use crate::random::{Dice, Purpose, running_totals};
use crate::visitor::{Visitor, advertising_id};
use crate::world::Affiliate;

/// How an honest affiliate's traffic is made. Affiliates differ in everything here, within what is usual.
#[derive(Debug)]
pub(super) struct Profile<'w> {
    pub(super) affiliate: &'w Affiliate,
    pub(super) seed: u64,
    /// Running totals of the weights of countries.
    pub(super) countries: Vec<u64>,
    /// Running totals of the weights of the affiliate's offers.
    pub(super) offers: Vec<u64>,
    /// Shares in permille: who comes back, comes with a phone, sends no referer, uses a VPN, speaks another language.
    pub(super) returning: u64,
    pub(super) mobile: u64,
    pub(super) no_referer: u64,
    pub(super) vpn: u64,
    pub(super) foreign: u64,
    /// Of the phones, those within apps that show pages themselves.
    in_apps: u64,
    /// Conversions against those of others with the same offers, in percent.
    pub(super) quality: u64,
    /// Whether sub2 holds an id of each click.
    has_click_ids: bool,
    /// The hour of the local day that is busiest beside what is usual.
    peak: i64,
    /// How busy each hour of the population is beside what is usual.
    noise: Vec<u64>,
    /// Hours at which a newsletter goes out, and the share of clicks it brings, in permille.
    newsletters: Vec<i64>,
    newsletter: u64,
}

/// Somebody who may come back.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) visitor: Visitor,
    pub(super) country: usize,
    offer: usize,
    /// When it clicked last.
    last: i64,
}

/// Languages of people who live abroad.
const LANGUAGES: &[&str] = &["en", "es", "pt", "fr", "de", "zh", "pl", "tr", "ar", "vi", "tl", "ru"];

/// How many people use several affiliates of the network.
const ROAMERS: u64 = 6000;
/// How many offices, schools and cafés there are, whose guests share an address.
const OFFICES: u64 = 500;

impl<'w> Profile<'w> {
    pub(super) fn new(affiliate: &'w Affiliate, seed: u64, dice: &mut Dice) -> Self {
        let home_weight = 400 + dice.below(6000);
        let weights = COUNTRIES.iter().enumerate().map(|(index, country)| {
            // Nobody sends clicks from everywhere.
            let weight = if dice.chance(500) { country.weight } else { 0 };
            weight + if index == affiliate.home { home_weight } else { 0 }
        });
        let countries = running_totals(weights);
        let offers = running_totals(affiliate.offers.iter().map(|_| 5 + dice.below(100)));
        let is_app = dice.chance(60);
        let sends = if dice.chance(150) { 1 + dice.below(3) } else { 0 };
        Self {
            affiliate,
            seed,
            countries,
            offers,
            returning: 80 + dice.below(270),
            mobile: if is_app { 990 } else { 450 + dice.below(500) },
            no_referer: if is_app { 950 } else { 80 + dice.below(320) },
            vpn: 3 + dice.below(14) + if dice.chance(80) { dice.below(40) } else { 0 },
            foreign: 20 + dice.below(60),
            in_apps: 40 + dice.below(260),
            quality: 60 + dice.below(50) + dice.below(50),
            has_click_ids: dice.chance(250),
            peak: 8 + dice.below(15) as i64,
            noise: (0..DAYS * 24).map(|_| 60 + dice.below(40) + dice.below(40)).collect(),
            newsletters: (0..sends).map(|_| send_hour(affiliate.home, dice)).collect(),
            newsletter: 50 + dice.below(120),
        }
    }

    /// Clicks of people on these days.
    pub(super) fn visits(&self, clicks: u64, days: Range<i64>, dice: &mut Dice) -> Vec<Visit> {
        let mut people: Vec<Person> = Vec::new();
        let mut visits = Vec::with_capacity(clicks as usize);
        let times: Vec<_> = (0..COUNTRIES.len()).map(|country| self.times(country, &days)).collect();
        while (visits.len() as u64) < clicks {
            let returns = !people.is_empty() && dice.chance(self.returning);
            let (person, second) = if returns {
                let index = people.len() - 1 - dice.below(people.len().min(500) as u64) as usize;
                let second = self.again(people[index].last, &times[people[index].country], &days, dice);
                people[index].last = second;
                (people[index].clone(), second)
            } else {
                let mut person = if dice.chance(30) { self.roamer(dice) } else { self.person(dice) };
                person.last = self.second(&times[person.country], &days, dice);
                people.push(person.clone());
                let second = person.last;
                (person, second)
            };
            let offer = if dice.chance(700) { person.offer } else { self.offer(dice) };
            let mut visit = self.visit(person.visitor, second, offer, dice);
            // Impatience, and the button that leads back.
            while dice.chance(45) && (visits.len() as u64) + 1 < clicks {
                visits.push(visit.clone());
                visit.second += 1 + dice.below(50) as i64;
                visit.has_conversion = false;
            }
            visits.push(visit);
        }
        visits
    }

    /// One click of somebody, as this affiliate reports it.
    pub(super) fn visit(&self, mut visitor: Visitor, second: i64, offer: usize, dice: &mut Dice) -> Visit {
        if visitor.referer.is_empty() && !dice.chance(self.no_referer) {
            visitor.referer.clone_from(dice.pick(&self.affiliate.sites));
        }
        let mut subs: [String; 10] = Default::default();
        if self.has_click_ids {
            subs[1] = dice.hex(16);
        }
        Visit {
            second: second.clamp(0, DAYS * DAY_SECONDS - 1),
            has_conversion: dice.chance(self.conversion_permille(offer) * self.quality / 100),
            offer,
            visitor,
            subs,
            error_code: 0,
            is_unique: true,
            is_attack: false,
        }
    }

    /// How often a click on an offer converts, in permille.
    pub(super) fn conversion_permille(&self, offer: usize) -> u64 {
        let mut dice = Dice::new(self.seed, Purpose::Population, 4, offer as u64);
        12 + dice.below(60)
    }

    /// One of the affiliate's offers.
    pub(super) fn offer(&self, dice: &mut Dice) -> usize {
        self.affiliate.offers[dice.weighted(&self.offers)]
    }

    /// Somebody new.
    pub(super) fn person(&self, dice: &mut Dice) -> Person {
        let country = dice.weighted(&self.countries);
        self.person_in(country, dice)
    }

    pub(super) fn person_in(&self, country: usize, dice: &mut Dice) -> Person {
        let device = self.device(dice);
        // Most computers are at home, and half of the phones; some computers share a phone's line.
        let stays = if device.device_type == "PC" { 930 } else { 450 };
        let address =
            if dice.chance(stays) { self.home(country, dice) } else { Address::of_a_household(country, dice) };
        let mut visitor = address.visitor(device, dice);
        visitor.advertising_id = advertising_id(&visitor.device, dice);
        visitor.is_proxy = dice.chance(self.vpn);
        if dice.chance(self.foreign) {
            visitor.language = *dice.pick(LANGUAGES);
        }
        Person { visitor, country, offer: self.offer(dice), last: 0 }
    }

    fn home(&self, country: usize, dice: &mut Dice) -> Address {
        if dice.chance(30) {
            let mut office = Dice::new(self.seed, Purpose::Population, 6 + (country as u64) * 64, dice.below(OFFICES));
            return Address::of_a_home(country, &mut office);
        }
        Address::of_a_home(country, dice)
    }

    /// A phone or a computer, as many of each as this affiliate's visitors have.
    pub(super) fn device(&self, dice: &mut Dice) -> Device {
        let wants_computer = !dice.chance(self.mobile);
        let mut device = Device::of_a_person(dice);
        for _ in 0..40 {
            if (device.device_type == "PC") == wants_computer {
                break;
            }
            device = Device::of_a_person(dice);
        }
        if device.device_type == "Mobile" && dice.chance(self.in_apps) { device.within_an_app(dice) } else { device }
    }

    /// Somebody who uses other affiliates as well, always with the same device from the same place.
    fn roamer(&self, dice: &mut Dice) -> Person {
        let mut own = Dice::new(self.seed, Purpose::Population, 5, dice.below(ROAMERS));
        let weights = running_totals(COUNTRIES.iter().map(|country| country.weight));
        let country = own.weighted(&weights);
        let person = self.person_in(country, &mut own);
        Person { offer: self.offer(dice), ..person }
    }

    /// Running totals of how busy each hour of these days is for people of a country.
    pub(super) fn times(&self, country: usize, days: &Range<i64>) -> Vec<u64> {
        running_totals((days.start * 24..days.end * 24).map(|hour| {
            let local = (hour + COUNTRIES[country].utc_offset).rem_euclid(24);
            let away = (local - self.peak).rem_euclid(24);
            let distance = away.min(24 - away) as u64;
            RHYTHM[local as usize] * (145 - 7 * distance) * self.noise[hour as usize]
        }))
    }

    /// When somebody who clicked at `last` comes back: the same hour, or at any time on a later day.
    fn again(&self, last: i64, times: &[u64], days: &Range<i64>, dice: &mut Dice) -> i64 {
        if dice.chance(350) {
            return (last + 60 + after_a_letter(3 * 3600, dice)).min(days.end * DAY_SECONDS - 1);
        }
        for _ in 0..4 {
            let second = self.second(times, days, dice);
            if second.abs_diff(last) > DAY_SECONDS as u64 / 2 {
                return second;
            }
        }
        last
    }

    /// A moment at which people click.
    pub(super) fn second(&self, times: &[u64], days: &Range<i64>, dice: &mut Dice) -> i64 {
        if !self.newsletters.is_empty() && dice.chance(self.newsletter) {
            let sent = dice.pick(&self.newsletters) * 3600;
            if days.contains(&(sent / DAY_SECONDS)) {
                return sent + after_a_letter(4 * 3600, dice);
            }
        }
        days.start * DAY_SECONDS + dice.weighted(times) as i64 * 3600 + dice.below(3600) as i64
    }
}

/// An hour of the population that is between 7 and 20 on the wall where most readers live.
fn send_hour(home: usize, dice: &mut Dice) -> i64 {
    let local = dice.below(DAYS as u64 - 1) as i64 * 24 + 7 + dice.below(13) as i64;
    (local - COUNTRIES[home].utc_offset).clamp(0, DAYS * 24 - 1)
}

/// How long after a letter somebody clicks: most soon, some late, nobody after `last` seconds.
pub(super) fn after_a_letter(last: u64, dice: &mut Dice) -> i64 {
    (dice.below(last) * dice.below(1000) / 1000) as i64
}
