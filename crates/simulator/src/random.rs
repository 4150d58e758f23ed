//! Random choices that are the same on every machine.
//!
//! Owns the one source of chance of this crate: a ChaCha8 stream whose key is spelt out from the seed, a purpose and two
//! numbers, and integer-only ways of drawing from it. Promises that a key gives the same draws on every machine, release
//! and version of `rand`: no floating point, no platform hash, none of `rand`'s distributions, which may change between
//! versions.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// What a stream of chance is for; part of its key, so that streams of one seed never meet.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    World = 1,
    Visitor = 2,
    Click = 3,
    Rendering = 4,
    Addition = 5,
    Fault = 6,
    Selection = 7,
    Population = 8,
}

/// A stream of chance.
#[derive(Debug)]
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream that belongs to a seed, a purpose and two numbers.
    pub(crate) fn new(seed: u64, purpose: Purpose, major: u64, minor: u64) -> Self {
        let mut key = [0u8; 32];
        for (slot, word) in key.chunks_exact_mut(8).zip([seed, purpose as u64, major, minor]) {
            slot.copy_from_slice(&word.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in `0..end`, and 0 where `end` is 0. The bias of the multiplication is below 2^-32 for the small ranges used here.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// True in `permille` of a thousand draws.
    pub(crate) fn chance(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// One of `choices`, which must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u64) as usize]
    }

    /// An index into running totals of weights, as [`running_totals`] makes them; each in proportion to its weight.
    pub(crate) fn weighted(&mut self, totals: &[u64]) -> usize {
        let draw = self.below(totals.last().copied().unwrap_or(0));
        totals.partition_point(|total| *total <= draw)
    }

    /// `choices` with small weights beside them; the sum of the weights must be above 0.
    pub(crate) fn pick_weighted<'a, T>(&mut self, choices: &'a [(T, u64)]) -> &'a T {
        let mut draw = self.below(choices.iter().map(|(_, weight)| weight).sum());
        for (choice, weight) in choices {
            if draw < *weight {
                return choice;
            }
            draw -= weight;
        }
        &choices[choices.len() - 1].0
    }

    /// `digits` random lower-case hexadecimal digits.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits + 16);
        while text.len() < digits {
            text.push_str(&format!("{:016x}", self.bits()));
        }
        text.truncate(digits);
        text
    }

    /// A random identifier in the form `8-4-4-4-12`.
    pub(crate) fn uuid(&mut self) -> String {
        let hex = self.hex(32);
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// Puts `items` in a random order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end as u64 + 1) as usize);
        }
    }
}

/// Running totals of weights, for [`Dice::weighted`].
pub(crate) fn running_totals(weights: impl Iterator<Item = u64>) -> Vec<u64> {
    weights
        .scan(0, |total, weight| {
            *total += weight;
            Some(*total)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_the_same_bits_for_ever() {
        let mut dice = Dice::new(7, Purpose::Click, 1, 2);
        // Frozen: if this changes, every sample and benchmark of the project changes with it.
        assert_eq!(dice.hex(16), FROZEN);
        assert_ne!(Dice::new(7, Purpose::Click, 2, 1).hex(16), FROZEN);
    }

    const FROZEN: &str = "950d64bbe62589f0";

    #[test]
    fn weights_are_met() {
        let mut dice = Dice::new(1, Purpose::World, 0, 0);
        let totals = running_totals([1, 0, 3].into_iter());
        let mut counts = [0; 3];
        for _ in 0..4000 {
            counts[dice.weighted(&totals)] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((2850..3150).contains(&counts[2]), "{counts:?}");
    }

    #[test]
    fn a_shuffle_keeps_every_item() {
        let mut items: Vec<u32> = (0..50).collect();
        Dice::new(1, Purpose::World, 0, 0).shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }
}
