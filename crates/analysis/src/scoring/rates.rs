//! Evidence of rates: beta-binomial, with a prior that is fitted to the entities themselves.
//!
//! An entity's hits are beta-binomial with mean `scale` times the rate that its mix lets expect and a dispersion that all
//! entities share. Both are fitted by the estimating equations of Kleinman (JASA 68, 1973) and Williams (Applied
//! Statistics 31, 1982), each entity weighted by how probably it is honest: fraud must not inflate its own prior. That
//! probability is of a mixture, in which the other part has any rate above the expected one (Dempster, Laird and Rubin's EM).

use super::evidence::{Evidence, decades};
use super::matrix::Observation;
use crate::functions::{beta_binomial_pmf, beta_binomial_sf};

/// With fewer entities there is no prior to fit, and so no evidence.
pub const PEERS_MIN: usize = 5;

/// Bounds of the dispersion: nearly binomial, and nearly all or nothing.
const DISPERSION: (f64, f64) = (1e-6, 0.5);

/// A rate of exactly 0 or 1 is expected of nobody.
const MEAN_MIN: f64 = 1e-7;

const ROUNDS_MAX: usize = 40;

/// How the rates of honest entities are distributed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// What the expected rates are multiplied with.
    pub scale: f64,
    /// The correlation of two hits of an entity, 1 / (alpha + beta + 1).
    pub dispersion: f64,
    /// The rate expected of an entity that brings no expectation of its own.
    pub pooled: f64,
}

impl Prior {
    /// Fits a prior; `None` where fewer than [`PEERS_MIN`] entities were observed.
    #[must_use]
    pub fn fit(observations: &[Observation]) -> Option<Self> {
        let seen: Vec<&Observation> = observations.iter().filter(|seen| seen.n > 0.0).collect();
        if seen.len() < PEERS_MIN {
            return None;
        }
        let (hits, trials) = seen.iter().fold((0.0, 0.0), |(x, n), seen| (x + seen.x, n + seen.n));
        let mut prior = Self { scale: 1.0, dispersion: 0.01, pooled: hits / trials };
        let (mut weights, mut contaminated) = (prior.weights_of_the_lower(&seen), 0.02);
        for _ in 0..ROUNDS_MAX {
            let before = prior;
            prior.refit(&seen, &weights);
            contaminated = prior.weigh(&seen, contaminated, &mut weights);
            let moved = (prior.scale / before.scale).ln().abs() + (prior.dispersion / before.dispersion).ln().abs();
            if moved < 1e-6 {
                break;
            }
        }
        Some(prior)
    }

    /// Where to begin: without the quarter of the highest rates. Begun with everybody, a few with very high rates pass for a
    /// wide prior, from which no step leads back.
    fn weights_of_the_lower(&self, seen: &[&Observation]) -> Vec<f64> {
        const KEPT: f64 = 0.75;
        let ratios: Vec<f64> = seen.iter().map(|seen| seen.x / (seen.n * self.mean(seen))).collect();
        let mut sorted = ratios.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let bound = sorted.get((KEPT * sorted.len() as f64) as usize).copied().unwrap_or(f64::INFINITY);
        ratios.iter().map(|ratio| if *ratio <= bound { 1.0 } else { 0.0 }).collect()
    }

    /// The rate to be expected of an entity.
    #[must_use]
    pub fn mean(&self, seen: &Observation) -> f64 {
        (self.scale * seen.expected.unwrap_or(self.pooled)).clamp(MEAN_MIN, 1.0 - MEAN_MIN)
    }

    /// Alpha and beta of an entity's prior.
    fn shape(&self, seen: &Observation) -> (f64, f64) {
        let (mean, total) = (self.mean(seen), 1.0 / self.dispersion - 1.0);
        (mean * total, (1.0 - mean) * total)
    }

    /// One step: the scale by weighted means, then the dispersion at which Pearson's residuals have their variance.
    fn refit(&mut self, seen: &[&Observation], weights: &[f64]) {
        let inflation = |seen: &Observation, dispersion: f64| 1.0 + (seen.n - 1.0).max(0.0) * dispersion;
        let (mut found, mut expected) = (0.0, 0.0);
        for (seen, weight) in seen.iter().zip(weights) {
            let weight = weight / inflation(seen, self.dispersion);
            found += weight * seen.x;
            expected += weight * seen.n * seen.expected.unwrap_or(self.pooled);
        }
        // Half a hit more on both sides: where nobody has any, rates are small and not 0.
        self.scale = (found + 0.5) / (expected + 0.5);
        // Squared residual, inflation per unit of dispersion, and how much the residual tells of the dispersion.
        let terms: Vec<(f64, f64, f64)> = seen
            .iter()
            .zip(weights)
            .map(|(seen, weight)| {
                let mean = self.mean(seen);
                let variance = seen.n * mean * (1.0 - mean);
                let pearson = (seen.x - seen.n * mean).powi(2) / variance;
                let slope = (seen.n - 1.0).max(0.0);
                let informs = slope / inflation(seen, self.dispersion) / (2.0 + 1.0 / variance);
                (pearson, slope, weight * informs)
            })
            .collect();
        let excess = |dispersion: f64| -> f64 {
            terms.iter().map(|(pearson, slope, weight)| weight * (pearson / (1.0 + slope * dispersion) - 1.0)).sum()
        };
        let (mut low, mut high) = DISPERSION;
        for _ in 0..60 {
            let middle = (low * high).sqrt();
            if excess(middle) > 0.0 { low = middle } else { high = middle }
        }
        self.dispersion = high;
    }

    /// How probably each entity is honest; returns the share that is not. Low rates are never suspicious.
    fn weigh(&self, seen: &[&Observation], contaminated: f64, weights: &mut [f64]) -> f64 {
        const CONTAMINATED: (f64, f64) = (1e-3, 0.25);
        for (seen, weight) in seen.iter().zip(weights.iter_mut()) {
            let (mean, (alpha, beta)) = (self.mean(seen), self.shape(seen));
            *weight = if seen.x <= seen.n * mean {
                1.0
            } else {
                let honest = beta_binomial_pmf(seen.x, seen.n, alpha, beta).unwrap_or(0.0);
                let other = 1.0 / ((seen.n + 1.0) * (1.0 - mean));
                (1.0 - contaminated) * honest / ((1.0 - contaminated) * honest + contaminated * other)
            };
        }
        let share = weights.iter().map(|weight| 1.0 - weight).sum::<f64>() / weights.len() as f64;
        share.clamp(CONTAMINATED.0, CONTAMINATED.1)
    }

    /// How improbable so many hits are among honest peers.
    #[must_use]
    pub fn evidence(&self, seen: &Observation) -> Option<Evidence> {
        let (alpha, beta) = self.shape(seen);
        Self::evidence_with(seen, alpha, beta)
    }

    /// How improbable so many hits are after what the entity itself showed in earlier days.
    ///
    /// The prior is updated by the earlier hits. They count at most `EARLIER_MAX` times the prior: no affiliate is the
    /// same every day.
    #[must_use]
    pub fn evidence_after(&self, earlier: &Observation, seen: &Observation) -> Option<Evidence> {
        /// How many times the weight of the prior an entity's own past may have.
        const EARLIER_MAX: f64 = 10.0;
        if earlier.n <= 0.0 {
            return None;
        }
        let (alpha, beta) = self.shape(seen);
        let counts = (EARLIER_MAX * (alpha + beta) / earlier.n).min(1.0);
        Self::evidence_with(seen, alpha + counts * earlier.x, beta + counts * (earlier.n - earlier.x))
    }

    fn evidence_with(seen: &Observation, alpha: f64, beta: f64) -> Option<Evidence> {
        if seen.n <= 0.0 {
            return None;
        }
        // Mid-p: of the probability of the count itself, half.
        let at_least = beta_binomial_sf(seen.x - 1.0, seen.n, alpha, beta)?;
        let p = at_least - beta_binomial_pmf(seen.x, seen.n, alpha, beta)? / 2.0;
        let p = p.clamp(f64::MIN_POSITIVE, 1.0);
        let (observed, expected) = (seen.x / seen.n, alpha / (alpha + beta));
        let decades = if observed > expected { decades(p) } else { 0.0 };
        Some(Evidence { decades, p, observed, expected, n: seen.n, x: seen.x, z: None })
    }
}
