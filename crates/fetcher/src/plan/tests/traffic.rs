//! Clicks by seed: the courses of traffic that the planner is tested and measured with.

/// SplitMix64: a hundred thousand seeds must be cheap in an unoptimised build.
#[derive(Debug, Clone)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..end`; `end` is above 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.bits() % end
    }

    pub(super) fn between(&mut self, first: i64, last: i64) -> i64 {
        first + self.below((last - first + 1) as u64) as i64
    }

    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u64) as usize]
    }

    /// A number in `0.0..1.0`.
    fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// How many events happen where `mean` are expected.
    fn poisson(&mut self, mean: f64) -> u64 {
        if mean > 200.0 {
            // The sum of twelve evenly distributed numbers is close enough to normal.
            let normal = (0..12).map(|_| self.share()).sum::<f64>() - 6.0;
            return (mean + normal * mean.sqrt()).round().max(0.0) as u64;
        }
        let (mut events, mut product, limit) = (0, self.share(), (-mean).exp());
        while product > limit {
            product *= self.share();
            events += 1;
        }
        events
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Click {
    pub(super) time: i64,
    /// Values of `error_code`, `offer` and `affiliate`.
    pub(super) values: [u16; 3],
}

const DAY: i64 = 86_400;
const MINUTE: i64 = 60;

/// What traffic to make, from a second on that begins a day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Course {
    pub(super) from: i64,
    pub(super) days: i64,
    pub(super) clicks_a_day: f64,
    /// Times a day at which one to ten minutes have ten to thirty times the usual clicks.
    pub(super) surges_a_day: f64,
    /// Times a day at which so many clicks come within one second.
    pub(super) heaps_a_day: f64,
    pub(super) heap: u64,
}

/// The clicks of a course, by time: nights are quiet, weekends too, and every day is a little different.
pub(super) fn clicks(course: Course, dice: &mut Dice) -> Vec<Click> {
    let mut clicks = Vec::new();
    let mut surge = (0, 1.0);
    for day in 0..course.days {
        let level = (if day % 7 >= 5 { 0.8 } else { 1.08 }) * (0.9 + 0.2 * dice.share());
        for minute in 0..DAY / MINUTE {
            let begin = course.from + day * DAY + minute * MINUTE;
            let turn = std::f64::consts::TAU * minute as f64 / 1440.0;
            let rhythm = 1.0 - 0.6 * turn.cos() + 0.15 * (2.0 * turn).sin();
            if dice.share() < course.surges_a_day / 1440.0 {
                surge = (1 + dice.below(10), 10.0 + 20.0 * dice.share());
            }
            let times = if surge.0 > 0 { surge.1 } else { 1.0 };
            surge.0 = surge.0.saturating_sub(1);
            for _ in 0..dice.poisson(course.clicks_a_day / 1440.0 * level * rhythm * times) {
                clicks.push(Click { time: begin + dice.between(0, MINUTE - 1), values: values(dice) });
            }
            if dice.share() < course.heaps_a_day / 1440.0 {
                let time = begin + dice.between(0, MINUTE - 1);
                clicks.extend((0..course.heap).map(|_| Click { time, values: values(dice) }));
            }
        }
    }
    // Within a second they come in no order.
    clicks.sort_by_key(|click| click.time);
    clicks
}

/// Few values have most of the rows, as everywhere.
fn values(dice: &mut Dice) -> [u16; 3] {
    [12, 30, 60].map(|variety| (dice.share() * dice.share() * dice.share() * variety as f64) as u16)
}
