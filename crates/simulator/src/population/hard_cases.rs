//! Honest affiliates that look odd.

use super::archetypes::HardCase;
use super::honest::{Profile, after_a_letter};
use super::line::{Address, Visit};
use super::{DAY_SECONDS, DAYS};
use crate::devices::Device;
use crate::places::{COUNTRIES, DATA_CENTRES};
use crate::random::Dice;
use crate::visitor::Line;

/// So many clicks of such an affiliate.
pub(super) fn visits(case: HardCase, mut profile: Profile<'_>, clicks: u64, dice: &mut Dice) -> Vec<Visit> {
    match case {
        HardCase::EmailBlast => email_blast(&profile, clicks, dice),
        HardCase::CarrierNat => carrier_nat(&profile, clicks, dice),
        HardCase::VpnHeavy => vpn_heavy(&profile, clicks, dice),
        HardCase::Tiny => profile.visits(clicks, 0..DAYS, dice),
        HardCase::New => profile.visits(clicks, DAYS - 2..DAYS, dice),
        HardCase::ServerSide => server_side(&profile, clicks, dice),
        HardCase::AtItsCap => at_its_cap(&profile, clicks, dice),
        HardCase::CouponSite => {
            profile.no_referer = 60;
            let mut visits = profile.visits(clicks, 0..DAYS, dice);
            visits.iter_mut().for_each(|visit| visit.has_conversion = dice.chance(250));
            visits
        }
        HardCase::UptimeMonitors => uptime_monitors(&profile, clicks, dice),
    }
}

/// Two of three clicks follow one letter, most within the first hour.
fn email_blast(profile: &Profile<'_>, clicks: u64, dice: &mut Dice) -> Vec<Visit> {
    let readers = clicks * 65 / 100;
    let mut visits = profile.visits(clicks - readers, 0..DAYS, dice);
    let sent = (1 + dice.below(5) as i64) * DAY_SECONDS + (9 + dice.below(8) as i64) * 3600;
    for _ in 0..readers {
        let person = profile.person(dice);
        let offer = profile.offer(dice);
        let mut visit = profile.visit(person.visitor, sent + after_a_letter(7 * 3600, dice), offer, dice);
        // Programs that read mail name no page.
        visit.visitor.referer.clear();
        visits.push(visit);
    }
    visits
}

/// A portal of a mobile carrier: few addresses, thousands of phones.
fn carrier_nat(profile: &Profile<'_>, clicks: u64, dice: &mut Dice) -> Vec<Visit> {
    let country = profile.affiliate.home;
    let providers = COUNTRIES[country].providers;
    let carrier = providers.iter().position(|provider| !provider.carrier.is_empty()).unwrap_or(0);
    let gates: Vec<Address> = (0..6).map(|_| Address::of_provider(country, carrier, dice)).collect();
    let mut visits = profile.visits(clicks, 0..DAYS, dice);
    for visit in &mut visits {
        let gate = dice.pick(&gates);
        while visit.visitor.device.device_type == "PC" {
            visit.visitor.device = Device::of_a_person(dice);
        }
        let device = visit.visitor.device.clone();
        let referer = std::mem::take(&mut visit.visitor.referer);
        visit.visitor = gate.visitor(device, dice);
        visit.visitor.referer = referer;
    }
    visits
}

/// One reader in three hides behind a VPN, whose exits stand in data centres.
fn vpn_heavy(profile: &Profile<'_>, clicks: u64, dice: &mut Dice) -> Vec<Visit> {
    let country = profile.affiliate.home;
    let exits: Vec<Address> =
        (0..40).map(|_| Address::of_a_host(&DATA_CENTRES[6], 22, 100 + dice.below(12), country, dice)).collect();
    let mut visits = profile.visits(clicks, 0..DAYS, dice);
    for visit in &mut visits {
        if dice.chance(330) {
            let (device, referer) = (visit.visitor.device.clone(), visit.visitor.referer.clone());
            let exit = dice.pick(&exits);
            visit.visitor = exit.visitor(device, dice);
            visit.visitor.referer = referer;
            visit.visitor.is_proxy = dice.chance(850);
        }
    }
    visits
}

/// The partner's own server asks for the link and hands the visitor's user agent on.
fn server_side(profile: &Profile<'_>, clicks: u64, dice: &mut Dice) -> Vec<Visit> {
    let country = profile.affiliate.home;
    let servers: Vec<Address> = (0..4).map(|_| Address::of_a_host(&DATA_CENTRES[1], 17, 77, country, dice)).collect();
    let mut visits = profile.visits(clicks, 0..DAYS, dice);
    for visit in &mut visits {
        let (device, referer) = (visit.visitor.device.clone(), visit.visitor.referer.clone());
        let language = visit.visitor.language;
        visit.visitor = dice.pick(&servers).visitor(device, dice);
        (visit.visitor.referer, visit.visitor.language) = (referer, language);
    }
    visits
}

/// From early evening on, the offer is full.
fn at_its_cap(profile: &Profile<'_>, clicks: u64, dice: &mut Dice) -> Vec<Visit> {
    let mut visits = profile.visits(clicks, 0..DAYS, dice);
    for visit in &mut visits {
        let local = (visit.second / 3600 + visit.visitor.country.utc_offset).rem_euclid(24);
        if local >= 17 && dice.chance(900) {
            visit.error_code = 2;
            visit.has_conversion = false;
        }
    }
    visits
}

/// Two services look at the links every five minutes and say who they are.
fn uptime_monitors(profile: &Profile<'_>, clicks: u64, dice: &mut Dice) -> Vec<Visit> {
    let mut visits = profile.visits(clicks, 0..DAYS, dice);
    let watched = profile.offer(dice);
    for _ in 0..2 {
        let home = Address::of_a_host(&DATA_CENTRES[2], 18, dice.below(200), 0, dice);
        let monitor = home.visitor(Device::of_a_monitor(), dice);
        debug_assert!(home.line == Line::DataCentre);
        let mut second = dice.below(300) as i64;
        // As often as the affiliate's own traffic is worth: at most a third of it.
        let every = 300.max(DAYS * DAY_SECONDS * 6 / (1 + clicks as i64));
        while second < DAYS * DAY_SECONDS {
            let mut visit = profile.visit(monitor.clone(), second, watched, dice);
            visit.visitor.referer.clear();
            visit.has_conversion = false;
            visits.push(visit);
            second += every;
        }
    }
    visits
}
