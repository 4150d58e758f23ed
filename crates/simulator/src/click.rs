//! One click, before any feed has written it down.
//!
//! Owns what happened (who clicked what, when, and the verdict on it); `rows` owns how each feed words it. The same click
//! therefore says the same in every feed that returns it.

use crate::places::Country;
use crate::random::Dice;
use crate::visitor::{Line, Visitor, VisitorKey};
use crate::world::{Affiliate, Honesty, Offer};

#[derive(Debug)]
pub(crate) struct Click<'w> {
    pub(crate) unix_seconds: i64,
    pub(crate) transaction_id: String,
    pub(crate) affiliate: &'w Affiliate,
    pub(crate) offer: &'w Offer,
    pub(crate) visitor: Visitor,
    pub(crate) is_unique: bool,
    pub(crate) error_code: i32,
    pub(crate) has_conversion: bool,
    /// What the network pays for it and gets for it, in thousandths.
    pub(crate) payout: i64,
    pub(crate) revenue: i64,
    pub(crate) subs: [String; 10],
    pub(crate) coupon_code: &'static str,
    pub(crate) in_campaign: bool,
    /// Keys the stream of chance for what differs between two answers about this click.
    pub(crate) rendering_key: u64,
    pub(crate) origin: Origin,
}

/// What a click can be made from again, without the others of its hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The first second of its hour.
    pub(crate) hour_start: i64,
    /// Its number within the hour.
    pub(crate) index: u64,
    /// The same visitor clicked the same offer earlier in the hour.
    pub(crate) is_repeat: bool,
}

/// A click whose moment is known, but not yet its verdict: that depends on what came before it.
#[derive(Debug)]
pub(crate) struct Draft<'w> {
    pub(crate) hour_start: i64,
    pub(crate) index: u64,
    pub(crate) unix_seconds: i64,
    pub(crate) affiliate: &'w Affiliate,
    pub(crate) offer: &'w Offer,
    pub(crate) visitor: VisitorKey,
    pub(crate) dice: Dice,
}

impl<'w> Draft<'w> {
    /// The click; `is_repeat` where the same visitor clicked the same offer earlier in the hour.
    pub(crate) fn judge(mut self, seed: u64, is_repeat: bool) -> Click<'w> {
        let dice = &mut self.dice;
        let visitor = Visitor::new(seed, self.affiliate, self.visitor);
        let error_code = verdict(self.affiliate, self.offer, &visitor, self.unix_seconds, is_repeat, dice);
        let converts_permille = if self.affiliate.honesty == Honesty::Bots { 1 } else { 18 };
        let in_campaign = error_code == 0 && dice.chance(10);
        let (payout, revenue) = self.offer.earnings(error_code);
        Click {
            unix_seconds: self.unix_seconds,
            transaction_id: dice.hex(32),
            affiliate: self.affiliate,
            offer: self.offer,
            is_unique: !is_repeat,
            error_code,
            payout,
            revenue,
            has_conversion: error_code == 0 && dice.chance(converts_permille),
            subs: subs(self.affiliate, &visitor, dice),
            coupon_code: if dice.chance(8) { COUPONS[dice.below(3) as usize] } else { "" },
            in_campaign,
            rendering_key: dice.bits(),
            visitor,
            origin: Origin { hour_start: self.hour_start, index: self.index, is_repeat },
        }
    }
}

/// What the network made of a click: the code of the reason to refuse it, or 0.
fn verdict(
    affiliate: &Affiliate,
    offer: &Offer,
    visitor: &Visitor,
    time: i64,
    is_repeat: bool,
    dice: &mut Dice,
) -> i32 {
    let reason = match affiliate.honesty {
        Honesty::Bots => *dice.pick_weighted(&[(1018, 45), (21, 18), (23, 10), (15, 8), (0, 19)]),
        Honesty::Duplicates if is_repeat => *dice.pick_weighted(&[(21, 85), (27, 4), (0, 11)]),
        Honesty::Capped if cap_is_reached(visitor.country, time) => *dice.pick_weighted(&[(2, 90), (3, 4), (0, 6)]),
        Honesty::Untargeted => *dice.pick_weighted(&[(9, 35), (10, 7), (11, 4), (12, 4), (4, 3), (5, 3), (0, 44)]),
        _ if visitor.line == Line::DataCentre => *dice.pick_weighted(&[(23, 46), (1018, 9), (15, 5), (0, 40)]),
        _ if visitor.is_proxy => *dice.pick_weighted(&[(23, 12), (0, 88)]),
        _ if is_repeat => *dice.pick_weighted(&[(21, 22), (0, 78)]),
        _ => 0,
    };
    match reason {
        0 if offer.status == "paused" => *dice.pick_weighted(&[(1008, 80), (29, 20)]),
        0 => *dice.pick_weighted(&[
            (0, 9675),
            (2, 60),
            (9, 75),
            (10, 30),
            (11, 10),
            (12, 10),
            (1, 20),
            (4, 20),
            (6, 10),
            (16, 10),
            (17, 20),
            (18, 10),
            (20, 10),
            (29, 20),
            (101, 10),
            (1018, 8),
            (7777, 2),
        ]),
        code => code,
    }
}

/// The day's cap is used up in the evening, an hour sooner or later from day to day.
fn cap_is_reached(country: &Country, time: i64) -> bool {
    let local = time + country.utc_offset * 3600;
    let (day, hour) = (local.div_euclid(86_400), local.rem_euclid(86_400) / 3600);
    hour >= 18 + day % 3
}

/// The affiliate's own words: its placement, then mostly nothing, and now and then what only a stranger would write.
fn subs(affiliate: &Affiliate, visitor: &Visitor, dice: &mut Dice) -> [String; 10] {
    let mut subs: [String; 10] = Default::default();
    subs[0] = dice.pick(&affiliate.placements).clone();
    if dice.chance(120) {
        subs[1] = format!("c{}", dice.below(400));
    }
    if dice.chance(40) {
        subs[2] = dice.hex(12);
    }
    if dice.chance(300) {
        subs[4] = visitor.referer.clone();
    }
    if dice.chance(30) {
        subs[6] = format!("{}", dice.below(100_000));
    }
    if dice.chance(4) {
        subs[3] = (*dice.pick(STRANGE_TEXTS)).to_owned();
    }
    subs
}

const COUPONS: [&str; 3] = ["SPRING10", "WELCOME", "VIP-5"];

/// Harmless forms of what ends up in free text: formulas, markup, quotes, control characters, other scripts.
const STRANGE_TEXTS: &[&str] = &[
    "=1+1",
    "+49 30 1234",
    "@sub",
    "<b>top</b>",
    "a \"quoted\" place",
    "back\\slash",
    "two\tcolumns\nand lines",
    "größe",
    "日本",
    "🎯 banner",
    "{sub4}",
    "%7Bclickid%7D",
];

/// What Everflow says beside an error code.
pub(crate) fn error_message(code: i32) -> &'static str {
    match code {
        0 => "N/A",
        1 => "Offer has expired",
        2 => "Offer cap was reached",
        3 => "Offer group cap was reached",
        4 => "Platform is not allowed",
        5 => "Device type is not allowed",
        6 => "Browser is not allowed",
        9 => "Country is not allowed",
        10 => "Region is not allowed",
        11 => "City is not allowed",
        12 => "DMA is not allowed",
        15 => "IP range is blocked",
        16 => "ISP is not allowed",
        17 => "Outside of the day parting schedule",
        18 => "Connection type is not allowed",
        20 => "No offer of the smart link matches",
        21 => "Duplicate click",
        23 => "Proxy traffic is blocked",
        27 => "Visitor already converted",
        29 => "Forwarded by a rule",
        101 => "Filtered by sub1",
        1008 => "Offer is not active",
        1018 => "Anura fraud check categorized click as fraud",
        _ => "Refused by a vendor's check",
    }
}
