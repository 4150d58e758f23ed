//! The score of an entity, its p-value and its tier.

use std::fmt;

use chrono::NaiveDate;

use super::config::{Allow, Config};
use super::families::{Against, Family, Finding, families, findings, speaks_of_behaviour, strength};
use super::matrix::{Entity, Kind, SignalMatrix};
use super::past::{Past, Reference};
use super::reasons::sentence;
use crate::functions::benjamini_hochberg;

/// Evidence from so many clicks counts half.
const CLICKS_HALF: f64 = 100.0;

/// A strength of so many decades, from enough clicks, is a score of 50: one family as strong as evidence gets.
const STRENGTH_HALF: f64 = 6.0;

/// What to do about an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// Two families agree, one of them in how the traffic behaves, and chance is ruled out.
    Flag,
    /// Worth a look.
    Watch,
    /// Nothing unusual.
    Ok,
    /// An exception of the configuration holds; shown and counted all the same.
    Allowed,
    /// Too few clicks to say anything.
    InsufficientData,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tier::Flag => "flag",
            Tier::Watch => "watch",
            Tier::Ok => "ok",
            Tier::Allowed => "allowed",
            Tier::InsufficientData => "insufficient data",
        })
    }
}

/// What p-values rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calibration {
    /// Ranks among cleared entity-windows: the false discovery rate is promised.
    Calibrated {
        /// How many of them.
        reference: usize,
    },
    /// The fitted model of honest rates: the false discovery rate is measured on simulations only.
    Uncalibrated {
        /// How many cleared entity-windows there are.
        reference: usize,
        /// How many it takes.
        needed: usize,
    },
}

/// What is known of an entity.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Who.
    pub entity: Entity,
    /// Its clicks.
    pub clicks: u64,
    /// 0 to 100.
    pub score: f64,
    /// How probable such evidence is for an honest entity; `None` where it could not be tested.
    pub p: Option<f64>,
    /// The false discovery rate at which it would be reported.
    pub q: Option<f64>,
    /// What to do about it.
    pub tier: Tier,
    /// What the tier would be without the exception that holds.
    pub tier_without_exception: Tier,
    /// The reasons of the exceptions that hold.
    pub allowed: Vec<String>,
    /// Its families, the strongest first.
    pub families: Vec<Family>,
    /// All findings, in the order of the signals.
    pub findings: Vec<Finding>,
    /// A sentence for each family of `families`.
    pub reasons: Vec<String>,
}

/// The answer to a matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// What p-values rest on.
    pub calibration: Calibration,
    /// Aligned with the entities of the matrix.
    pub entities: Vec<Score>,
}

/// Scores every entity of a matrix. `day` decides which exceptions have expired.
#[must_use]
pub fn score(matrix: &SignalMatrix, config: &Config, past: &Past, day: NaiveDate) -> Scores {
    let all = findings(matrix, config, past);
    let rows = matrix.entities().iter().zip(matrix.exposure()).zip(all);
    let mut entities: Vec<Score> =
        rows.map(|((entity, clicks), findings)| one(matrix, config, day, entity, *clicks, findings)).collect();
    let calibration = calibration(config, past, &entities);
    let reference = Reference::of(&past.cleared);
    for entity in entities.iter_mut().filter(|entity| has_data(entity, config)) {
        entity.p = match calibration {
            Calibration::Calibrated { .. } => Some(reference.p_value(&entity.entity, entity.score)),
            Calibration::Uncalibrated { .. } => p_of_rates(matrix, entity),
        };
    }
    let p_values: Vec<Option<f64>> = entities.iter().map(|entity| entity.p).collect();
    for (entity, q) in entities.iter_mut().zip(benjamini_hochberg(&p_values)) {
        entity.q = q;
        entity.tier_without_exception = tier(entity, config, |_| true);
        entity.tier = match tier(entity, config, |family| !family.is_allowed) {
            Tier::Ok if entity.tier_without_exception != Tier::Ok => Tier::Allowed,
            other => other,
        };
    }
    Scores { calibration, entities }
}

/// The tier by the families that count.
fn tier(entity: &Score, config: &Config, counts: impl Fn(&Family) -> bool) -> Tier {
    if !has_data(entity, config) {
        return Tier::InsufficientData;
    }
    let supports = |decades: f64| decades >= config.family_decades && decades > 0.0;
    let counted = || entity.families.iter().filter(|family| counts(family));
    let supporting = counted().filter(|family| supports(family.strongest.evidence.decades)).count();
    let is_behavioural = counted().any(|family| supports(family.behavioural_decades));
    let is_significant = is_behavioural && entity.q.is_some_and(|q| q <= config.false_discovery_rate);
    let score = on_scale(strength(counted()), entity.clicks);
    if is_significant && supporting >= 2 {
        Tier::Flag
    } else if is_significant || score >= config.thresholds(&entity.entity).watch_score {
        Tier::Watch
    } else {
        Tier::Ok
    }
}

fn has_data(entity: &Score, config: &Config) -> bool {
    entity.clicks >= config.thresholds(&entity.entity).min_clicks && !entity.findings.is_empty()
}

/// Strength in decades and clicks to 0 - 100. Fixed: never rescaled by the run.
///
/// Of few clicks even strong evidence is weak: they count n^2 / (n^2 + 100^2).
fn on_scale(strength: f64, clicks: u64) -> f64 {
    let half = |value: f64, half: f64| value * value / (value * value + half * half);
    let clicks = clicks as f64;
    100.0 * half(strength * half(clicks, CLICKS_HALF), STRENGTH_HALF)
}

/// Whether there are enough cleared entity-windows: one false among q of as many flags as entities must be possible.
fn calibration(config: &Config, past: &Past, entities: &[Score]) -> Calibration {
    let tested = entities.iter().filter(|entity| has_data(entity, config)).count();
    let needed = (tested as f64 / config.false_discovery_rate.max(1e-6)).ceil() as usize;
    let reference = past.cleared.len();
    if reference >= needed && needed > 0 {
        Calibration::Calibrated { reference }
    } else {
        Calibration::Uncalibrated { reference, needed }
    }
}

/// Bonferroni over the entity's rates that speak of behaviour, among peers: the smallest p-value times their number.
fn p_of_rates(matrix: &SignalMatrix, entity: &Score) -> Option<f64> {
    let tests = entity.findings.iter().filter(|finding| {
        let signal = &matrix.signals()[finding.signal];
        finding.against == Against::Peers && signal.kind == Kind::Rate && speaks_of_behaviour(signal)
    });
    let p_values: Vec<f64> = tests.map(|finding| finding.evidence.p).collect();
    let least = p_values.iter().copied().reduce(f64::min)?;
    Some((least * p_values.len() as f64).min(1.0))
}

fn one(
    matrix: &SignalMatrix,
    config: &Config,
    day: NaiveDate,
    entity: &Entity,
    clicks: u64,
    findings: Vec<Finding>,
) -> Score {
    let exceptions: Vec<&Allow> = config.allowed(entity, day).collect();
    let is_allowed = |family: &str| {
        exceptions.iter().any(|allow| allow.families.is_empty() || allow.families.iter().any(|name| name == family))
    };
    let families = families(matrix, &findings, is_allowed);
    let reasons = families.iter().map(|family| sentence(matrix, family)).collect();
    Score {
        entity: entity.clone(),
        clicks,
        score: on_scale(strength(families.iter()), clicks),
        p: None,
        q: None,
        tier: Tier::Ok,
        tier_without_exception: Tier::Ok,
        allowed: exceptions.iter().map(|allow| allow.reason.clone()).collect(),
        families,
        findings,
        reasons,
    }
}
