//! The attacks, as the literature on ad fraud describes them.
//!
//! Each takes how many clicks it has to make and on which days, and makes exactly so many. Attackers copy what is cheap to
//! copy: the affiliate's offers, pages and placements; what is dear they lack: addresses, people, sleep, conversions.

use std::ops::Range;

use super::archetypes::Archetype;
use super::honest::{Profile, after_a_letter};
use super::line::{Address, Visit};
use super::machines::{Machine, agents, click, home_country, homes, machine, servers};
use super::{DAY_SECONDS, DAYS};
use crate::devices::Device;
use crate::places::COUNTRIES;
use crate::random::Dice;

/// An attack on the clicks of an affiliate, as its maker sees it.
struct Attack<'a, 'w> {
    profile: &'a Profile<'w>,
    clicks: u64,
    days: Range<i64>,
    country: usize,
    times: Vec<u64>,
}

/// So many clicks of an attack on these days. Members of a coalition get the same `pool`.
pub(super) fn visits(
    archetype: Archetype,
    profile: &Profile<'_>,
    clicks: u64,
    days: Range<i64>,
    pool: Dice,
    dice: &mut Dice,
) -> Vec<Visit> {
    let country = home_country(profile);
    let attack = Attack { profile, clicks, times: profile.times(country, &days), days, country };
    let mut made = match archetype {
        Archetype::DatacenterBotnet => attack.datacenter_botnet(dice),
        Archetype::ResidentialRotation => attack.residential_rotation(dice),
        Archetype::ClickFlooding => attack.click_flooding(dice),
        Archetype::ClickInjection => attack.click_injection(dice),
        Archetype::DuplicateReplay => attack.duplicate_replay(dice),
        Archetype::DeviceFarm => attack.device_farm(dice),
        Archetype::GeoSpoofing => attack.geo_spoofing(dice),
        Archetype::UserAgentRotation => attack.user_agent_rotation(dice),
        Archetype::SubIdRotation => attack.sub_id_rotation(dice),
        Archetype::RoboticCadence => attack.robotic_cadence(dice),
        Archetype::LowAndSlow => attack.low_and_slow(dice),
        Archetype::IncentivisedTraffic => attack.incentivised_traffic(dice),
        Archetype::CookieStuffing => attack.cookie_stuffing(dice),
        Archetype::Burst => attack.burst(dice),
        Archetype::Coalition => attack.coalition(pool, dice),
    };
    made.truncate(clicks as usize);
    made
}

impl Attack<'_, '_> {
    /// Any second of the days: programs do not sleep.
    fn any_second(&self, dice: &mut Dice) -> i64 {
        self.days.start * DAY_SECONDS + dice.below(((self.days.end - self.days.start) * DAY_SECONDS) as u64) as i64
    }

    /// A second at which the affiliate's people click, too.
    fn waking_second(&self, dice: &mut Dice) -> i64 {
        self.profile.second(&self.times, &self.days, dice)
    }

    fn each(&self, dice: &mut Dice, mut make: impl FnMut(&mut Dice) -> Visit) -> Vec<Visit> {
        (0..self.clicks).map(|_| make(dice)).collect()
    }

    /// Rented servers behind a few networks, some known as proxies, with the user agents of a headless browser or its
    /// disguise, day and night.
    fn datacenter_botnet(&self, dice: &mut Dice) -> Vec<Visit> {
        let addresses = servers(3 + self.clicks / 30, self.country, dice);
        let agents = agents(3 + dice.below(5), dice);
        let machines: Vec<Machine> = addresses.iter().map(|address| machine(address, &agents, 550, dice)).collect();
        self.each(dice, |dice| {
            let offer = self.profile.offer(dice);
            click(self.profile, dice.pick(&machines), self.any_second(dice), offer, 1, dice)
        })
    }

    /// Another home for each click, rented by the gigabyte. The seller's homes are where they are, not where the affiliate's
    /// readers are; the browser is one of a handful that the script knows, in one language.
    fn residential_rotation(&self, dice: &mut Dice) -> Vec<Visit> {
        let agents = agents(8 + dice.below(8), dice);
        self.each(dice, |dice| {
            let country = if dice.chance(750) { self.country } else { dice.below(COUNTRIES.len() as u64) as usize };
            let address = Address::of_a_household(country, dice);
            let mut bot = machine(&address, &agents, 90, dice);
            bot.visitor.language = "en";
            let second = if dice.chance(500) { self.any_second(dice) } else { self.waking_second(dice) };
            let offer = self.profile.offer(dice);
            click(self.profile, &bot, second, offer, 1, dice)
        })
    }

    /// Phones whose apps send a few clicks a minute for offers that nobody saw, as long as the phone is awake. Some
    /// installations come anyway, and are stolen.
    fn click_flooding(&self, dice: &mut Dice) -> Vec<Visit> {
        let mut made = Vec::new();
        while (made.len() as u64) < self.clicks {
            let device = phone(dice);
            let address = Address::of_a_household(self.country, dice);
            let bot = machine(&address, &[device], 8, dice);
            let mut second = self.waking_second(dice);
            for _ in 0..8 + dice.below(30) {
                let offer = self.profile.offer(dice);
                let mut visit = click(self.profile, &bot, second, offer, 1, dice);
                visit.visitor.referer.clear();
                made.push(visit);
                second += 5 + dice.below(110) as i64;
            }
        }
        made
    }

    /// An app that hears of an installation and clicks just before it is counted. What gives it away is the time to the
    /// installation, which no feed of clicks has.
    fn click_injection(&self, dice: &mut Dice) -> Vec<Visit> {
        self.each(dice, |dice| {
            let mut person = self.profile.person_in(self.country, dice);
            person.visitor.device = phone(dice);
            let bot = Machine { visitor: person.visitor };
            let offer = self.profile.offer(dice);
            let mut visit = click(self.profile, &bot, self.waking_second(dice), offer, 350, dice);
            visit.visitor.referer.clear();
            visit
        })
    }

    /// Recorded clicks, sent again a dozen times, quickly.
    fn duplicate_replay(&self, dice: &mut Dice) -> Vec<Visit> {
        let mut made = Vec::new();
        while (made.len() as u64) < self.clicks {
            let person = self.profile.person(dice);
            let offer = self.profile.offer(dice);
            let second = self.waking_second(dice);
            let mut visit = self.profile.visit(person.visitor, second, offer, dice);
            visit.has_conversion = false;
            for _ in 0..6 + dice.below(12) {
                made.push(visit.clone());
                visit.second += 1 + dice.below(40) as i64;
            }
        }
        made
    }

    /// Phones of two models in one room behind one or two lines, tapped by people in shifts, who change the advertising id
    /// but not the phone.
    fn device_farm(&self, dice: &mut Dice) -> Vec<Visit> {
        let lines = homes(1 + self.clicks / 250, self.country, dice);
        let models = [phone(dice), phone(dice), phone(dice)];
        let shift_start = dice.below(12) as i64;
        self.each(dice, |dice| {
            let bot = machine(dice.pick(&lines), &models, 10, dice);
            let day = self.days.start + dice.below((self.days.end - self.days.start) as u64) as i64;
            let second = day * DAY_SECONDS + (shift_start * 3600 + dice.below(12 * 3600) as i64) % DAY_SECONDS;
            let offer = self.profile.offer(dice);
            let converts = self.profile.conversion_permille(offer) / 4;
            click(self.profile, &bot, second, offer, converts, dice)
        })
    }

    /// People and programs elsewhere, behind exits where the offer pays. Their browsers ask for their own language, they are
    /// awake when it is day where they are, and sometimes the exit is not where it was said to be.
    fn geo_spoofing(&self, dice: &mut Dice) -> Vec<Visit> {
        let language = *dice.pick(&["vi", "id", "bn", "ru", "ur", "hi", "zh", "ar"]);
        let exits = homes(5 + self.clicks / 6, self.country, dice);
        let away = 7 + dice.below(6) as i64;
        self.each(dice, |dice| {
            let device = self.profile.device(dice);
            let mut bot = machine(dice.pick(&exits), &[device], 250, dice);
            bot.visitor.language = if dice.chance(880) { language } else { "en" };
            let from = self.days.start * DAY_SECONDS;
            let length = (self.days.end - self.days.start) * DAY_SECONDS;
            let second = from + (self.waking_second(dice) - from + away * 3600).rem_euclid(length);
            let offer = self.profile.offer(dice);
            let mut visit = click(self.profile, &bot, second, offer, 4, dice);
            if dice.chance(80) {
                visit.error_code = *dice.pick(&[9, 9, 10, 11]);
            }
            visit
        })
    }

    /// A few machines that draw a user agent from a long list for each click.
    fn user_agent_rotation(&self, dice: &mut Dice) -> Vec<Visit> {
        let lines = homes(2 + self.clicks / 35, self.country, dice);
        let agents = agents(400, dice);
        self.each(dice, |dice| {
            let bot = machine(dice.pick(&lines), &agents, 40, dice);
            let offer = self.profile.offer(dice);
            let second = if dice.chance(500) { self.any_second(dice) } else { self.waking_second(dice) };
            click(self.profile, &bot, second, offer, 2, dice)
        })
    }

    /// Bad traffic of any kind, each click under a source of its own, so that blocking sources is of no use.
    fn sub_id_rotation(&self, dice: &mut Dice) -> Vec<Visit> {
        let lines = homes(5 + self.clicks / 5, self.country, dice);
        let agents = agents(30, dice);
        self.each(dice, |dice| {
            let bot = machine(dice.pick(&lines), &agents, 30, dice);
            let offer = self.profile.offer(dice);
            let mut visit = click(self.profile, &bot, self.waking_second(dice), offer, 4, dice);
            visit.subs[0] = dice.hex(10);
            visit
        })
    }

    /// A script with a timer: for half an hour or two it clicks every so many seconds, each time through another of its
    /// lines, all under one placement.
    fn robotic_cadence(&self, dice: &mut Dice) -> Vec<Visit> {
        let lines = homes(10 + self.clicks / 8, self.country, dice);
        let agents = agents(12, dice);
        let machines: Vec<Machine> = lines.iter().map(|line| machine(line, &agents, 15, dice)).collect();
        let period = *dice.pick(&[7, 10, 15, 20, 30, 45, 60]);
        let placement = dice.pick(&self.profile.affiliate.placements).clone();
        let offer = self.profile.offer(dice);
        let mut made = Vec::new();
        while (made.len() as u64) < self.clicks {
            let mut second = self.any_second(dice);
            for _ in 0..20 + dice.below(60) {
                let mut visit = click(self.profile, dice.pick(&machines), second, offer, 2, dice);
                visit.subs[0].clone_from(&placement);
                made.push(visit);
                // Networks are not punctual.
                second += period + if dice.chance(300) { dice.below(3) as i64 - 1 } else { 0 };
            }
        }
        made
    }

    /// Infected homes, each of which clicks once or twice a day, whenever it is on, day and night.
    fn low_and_slow(&self, dice: &mut Dice) -> Vec<Visit> {
        let days = (self.days.end - self.days.start) as u64;
        let lines = homes(1 + self.clicks / (2 * days), self.country, dice);
        let machines: Vec<Machine> = lines
            .iter()
            .map(|line| {
                let device = Device::of_a_script(dice);
                machine(line, &[device], 15, dice)
            })
            .collect();
        let mut made = Vec::new();
        while (made.len() as u64) < self.clicks {
            for bot in &machines {
                let phase = dice.below(DAY_SECONDS as u64 / 2) as i64;
                for half in 0..2 * days as i64 {
                    let late = dice.below(5400) as i64;
                    let second = self.days.start * DAY_SECONDS + half * DAY_SECONDS / 2 + phase + late;
                    let offer = self.profile.offer(dice);
                    made.push(click(self.profile, bot, second, offer, 1, dice));
                }
            }
        }
        dice.shuffle(&mut made);
        made
    }

    /// People who get points for it: they come once, convert, and try the next offer.
    fn incentivised_traffic(&self, dice: &mut Dice) -> Vec<Visit> {
        let mut made = Vec::new();
        while (made.len() as u64) < self.clicks {
            let person = self.profile.person(dice);
            let mut second = self.waking_second(dice);
            for _ in 0..1 + dice.below(4) {
                let offer = self.profile.offer(dice);
                let mut visit = self.profile.visit(person.visitor.clone(), second, offer, dice);
                visit.has_conversion = dice.chance(280);
                made.push(visit);
                second += 60 + dice.below(600) as i64;
            }
        }
        made
    }

    /// One page loads several offers into hidden frames whenever somebody reads it. The readers are people; they never
    /// meant to click.
    fn cookie_stuffing(&self, dice: &mut Dice) -> Vec<Visit> {
        let page = format!("{}frames/{}", dice.pick(&self.profile.affiliate.sites), dice.below(90));
        let mut made = Vec::new();
        while (made.len() as u64) < self.clicks {
            let mut person = self.profile.person(dice);
            person.visitor.referer.clone_from(&page);
            let second = self.waking_second(dice);
            for frame in 0..2 + dice.below(4) {
                let offers = &self.profile.affiliate.offers;
                let offer = offers[(frame as usize + dice.below(2) as usize) % offers.len()];
                let mut visit = self.profile.visit(person.visitor.clone(), second + dice.below(2) as i64, offer, dice);
                visit.has_conversion = dice.chance(2);
                made.push(visit);
            }
        }
        made
    }

    /// Everything within one to three spells of a few minutes.
    fn burst(&self, dice: &mut Dice) -> Vec<Visit> {
        let spells: Vec<i64> = (0..1 + dice.below(3)).map(|_| self.any_second(dice)).collect();
        let lines = homes(5 + self.clicks / 4, self.country, dice);
        let agents = agents(15, dice);
        self.each(dice, |dice| {
            let bot = machine(dice.pick(&lines), &agents, 20, dice);
            let second = dice.pick(&spells) + after_a_letter(480, dice);
            let offer = self.profile.offer(dice);
            click(self.profile, &bot, second.min(DAYS * DAY_SECONDS - 1), offer, 2, dice)
        })
    }

    /// The same machines click for both members, for the one soon after the other.
    fn coalition(&self, mut pool: Dice, dice: &mut Dice) -> Vec<Visit> {
        let country = pool.below(4) as usize;
        let machines: Vec<Machine> = (0..150)
            .map(|_| {
                let address = Address::of_a_home(country, &mut pool);
                let device = Device::of_a_person(&mut pool);
                machine(&address, &[device], 10, &mut pool)
            })
            .collect();
        let rounds: Vec<i64> = (0..400).map(|_| pool.below((DAYS * DAY_SECONDS) as u64) as i64).collect();
        self.each(dice, |dice| {
            let round = dice.below(rounds.len() as u64) as usize;
            let bot = &machines[(round * 7 + dice.below(5) as usize) % machines.len()];
            let offer = self.profile.offer(dice);
            let converts = self.profile.conversion_permille(offer) / 4;
            let second = (rounds[round] + dice.below(600) as i64).min(DAYS * DAY_SECONDS - 1);
            click(self.profile, bot, second, offer, converts, dice)
        })
    }
}

fn phone(dice: &mut Dice) -> Device {
    loop {
        let device = Device::of_a_person(dice);
        if device.device_type == "Mobile" {
            return device;
        }
    }
}
