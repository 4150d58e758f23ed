//! What is added to generated traffic: bursts, late rows, values that change.
//!
//! Promises that the clicks themselves stay those of [`Traffic`], and the same additions for the same seed.

use std::ops::RangeInclusive;

use super::click::{Click, Values};
use super::content::Stored;
use crate::Traffic;
use crate::click::{Click as FullClick, Origin};
use crate::random::{Dice, Purpose};
use crate::rows::CAMPAIGN_ID;
use crate::world::{Affiliate, Offer};

/// What is added to generated traffic; by default nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Additions {
    /// Many clicks in one second.
    pub bursts: Vec<Burst>,
    /// How many clicks of a thousand appear late.
    pub late_permille: u64,
    /// How many seconds after it happened a late click appears.
    pub late_seconds: RangeInclusive<u32>,
    /// Conversions come hours to days after their click, which until then has none; the verdict on uniqueness changes for
    /// some clicks within minutes.
    pub values_change: bool,
}

impl Default for Additions {
    /// Nothing; late clicks, if asked for, come one to eight minutes late, which is before anybody should call a window
    /// settled.
    fn default() -> Self {
        Self { bursts: Vec::new(), late_permille: 0, late_seconds: 60..=480, values_change: false }
    }
}

/// Many clicks in one second. Each takes one of the values at random; an empty list stands for all that there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Burst {
    /// The second since 1970.
    pub at: i64,
    /// How many clicks.
    pub clicks: u32,
    /// Error codes; all that there are: 9, 21, 23 and 1018.
    pub error_codes: Vec<i32>,
    /// Offers' ids.
    pub offers: Vec<i64>,
    /// Affiliates' ids.
    pub affiliates: Vec<i64>,
}

const ERROR_CODES: [i32; 4] = [9, 21, 23, 1018];
/// Numbers of a burst's clicks begin here, beyond those of any hour's own.
const FIRST_OF_BURST: u64 = 1 << 40;

impl Additions {
    /// All clicks of the traffic with what is added to it, in no order.
    pub(super) fn clicks(&self, traffic: &Traffic) -> Vec<Stored> {
        let mut all: Vec<Stored> = traffic.clicks().map(|click| self.store(&click, traffic)).collect();
        for (number, burst) in self.bursts.iter().enumerate() {
            all.extend(self.burst(burst, number as u64, traffic));
        }
        all
    }

    fn store(&self, made: &FullClick<'_>, traffic: &Traffic) -> Stored {
        let mut click = Click {
            unix_timestamp: made.unix_seconds,
            transaction_id: made.transaction_id.clone(),
            error_code: made.error_code,
            offer_id: made.offer.id,
            affiliate_id: made.affiliate.id,
            advertiser_id: traffic.world().advertisers.get(made.offer.advertiser).map_or(0, |advertiser| advertiser.id),
            offer_group_id: made.offer.group_id,
            campaign_id: if made.in_campaign { CAMPAIGN_ID } else { 0 },
            appears_at: made.unix_seconds,
            values: Values {
                is_unique: made.is_unique,
                has_conversion: made.has_conversion,
                payout: made.payout,
                revenue: made.revenue,
            },
            later: None,
        };
        // A stream of chance costs more than all else here.
        if self.late_permille > 0 || self.values_change {
            let Origin { hour_start, index, .. } = made.origin;
            let mut dice = Dice::new(traffic.config().seed, Purpose::Addition, hour_start as u64, index);
            if dice.chance(self.late_permille) {
                let (shortest, longest) = self.late_seconds.clone().into_inner();
                let spread = u64::from(longest.saturating_sub(shortest)) + 1;
                click.appears_at += i64::from(shortest) + dice.below(spread) as i64;
            }
            if self.values_change {
                change(&mut click, &mut dice);
            }
        }
        Stored { click, origin: Some(made.origin) }
    }

    fn burst(&self, burst: &Burst, number: u64, traffic: &Traffic) -> Vec<Stored> {
        let world = traffic.world();
        let codes = if burst.error_codes.is_empty() { &ERROR_CODES[..] } else { &burst.error_codes };
        let named = |ids: &[i64], id: i64| ids.is_empty() || ids.contains(&id);
        let offers: Vec<&Offer> = world.offers.iter().filter(|offer| named(&burst.offers, offer.id)).collect();
        let affiliates: Vec<&Affiliate> =
            world.affiliates.iter().filter(|affiliate| named(&burst.affiliates, affiliate.id)).collect();
        let mut dice = Dice::new(traffic.config().seed, Purpose::Addition, burst.at as u64, FIRST_OF_BURST + number);
        let hour_start = burst.at - burst.at.rem_euclid(3600);
        let make = |index: u32| {
            let index = FIRST_OF_BURST * (number + 1) + u64::from(index);
            let mut made = traffic.again(Origin { hour_start, index, is_repeat: false });
            made.unix_seconds = burst.at;
            made.error_code = *dice.pick(codes);
            // Ids that do not exist in this network leave what was made.
            if !offers.is_empty() {
                made.offer = *dice.pick::<&Offer>(&offers);
            }
            if !affiliates.is_empty() {
                made.affiliate = *dice.pick::<&Affiliate>(&affiliates);
            }
            made.has_conversion = false;
            (made.payout, made.revenue) = made.offer.earnings(made.error_code);
            self.store(&made, traffic)
        };
        (0..burst.clicks).map(make).collect()
    }
}

/// Makes what is known of a click what will be known of it later. A conversion brings its own payout and revenue.
fn change(click: &mut Click, dice: &mut Dice) {
    let told = click.values;
    if told.has_conversion {
        let earned = 500 * (1 + dice.below(60) as i64);
        let later = Values { payout: told.payout + earned, revenue: told.revenue + earned * 5 / 4, ..told };
        click.later = Some((click.unix_timestamp + 600 + dice.below(4 * 86_400) as i64, later));
        click.values.has_conversion = false;
    } else if !told.is_unique && dice.chance(300) {
        click.later = Some((click.unix_timestamp + 60 + dice.below(3600) as i64, told));
        click.values.is_unique = true;
    }
}
