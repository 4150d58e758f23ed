//! From the evidence of signals to that of families.
//!
//! Signals of a family see the same thing in different ways: the strongest speaks for all of them, and is never added to
//! another of its family.

use std::collections::BTreeMap;

use super::config::Config;
use super::evidence::Evidence;
use super::matrix::{Basis, Entity, Kind, Observation, Signal, SignalMatrix};
use super::past::Past;
use super::rates::Prior;
use super::shapes;

/// What was compared with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// With other entities.
    Peers,
    /// With the entity's own earlier windows.
    Own,
}

/// The evidence of one signal about one entity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finding {
    /// The index of the signal in the matrix.
    pub signal: usize,
    /// What it was compared with.
    pub against: Against,
    /// How strong it is, and its figures.
    pub evidence: Evidence,
}

/// The evidence of a family about an entity.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// Its name.
    pub name: String,
    /// Its strongest finding.
    pub strongest: Finding,
    /// The evidence of its strongest behavioural finding that is no burst, in decades.
    pub behavioural_decades: f64,
    /// True where an exception of the configuration holds: it then makes no flag and no watch.
    pub is_allowed: bool,
    /// Its share of the score, 0 to 1.
    pub share: f64,
}

/// All findings of a signal, aligned with the entities.
struct Column {
    peers: Vec<Option<Evidence>>,
    own: Vec<Option<Evidence>>,
}

/// What all signals found about each entity: findings by entity, in the order of the signals.
pub(super) fn findings(matrix: &SignalMatrix, config: &Config, past: &Past) -> Vec<Vec<Finding>> {
    let mut found = vec![Vec::new(); matrix.entities().len()];
    for (index, signal) in matrix.signals().iter().enumerate() {
        if !config.uses(signal) {
            continue;
        }
        let least = config.min_exposure(signal) as f64;
        let column = matrix.column(index).iter().map(|seen| seen.filter(|seen| seen.n >= least));
        let column: Vec<Option<Observation>> = column.collect();
        let judged = match signal.kind {
            Kind::Rate => rates(matrix.entities(), signal, &column, past),
            Kind::Shape => shapes(matrix.entities(), signal, &column, past, config.neighbours),
        };
        let Column { peers, own } = judged;
        for (found, (peers, own)) in found.iter_mut().zip(peers.into_iter().zip(own)) {
            let finding = |against| move |evidence| Finding { signal: index, against, evidence };
            found.extend(peers.map(finding(Against::Peers)));
            found.extend(own.map(finding(Against::Own)));
        }
    }
    found
}

fn rates(entities: &[Entity], signal: &Signal, column: &[Option<Observation>], past: &Past) -> Column {
    let seen: Vec<Observation> = column.iter().flatten().copied().collect();
    let none = || vec![None; column.len()];
    let Some(prior) = Prior::fit(&seen) else { return Column { peers: none(), own: none() } };
    let peers = column.iter().map(|seen| prior.evidence(seen.as_ref()?)).collect();
    let own = entities
        .iter()
        .zip(column)
        .map(|(entity, seen)| prior.evidence_after(&past.total(entity, &signal.name)?, seen.as_ref()?));
    Column { peers, own: own.collect() }
}

fn shapes(
    entities: &[Entity],
    signal: &Signal,
    column: &[Option<Observation>],
    past: &Past,
    neighbours: usize,
) -> Column {
    let changes: Vec<Option<Observation>> = entities
        .iter()
        .zip(column)
        .map(|(entity, seen)| {
            let (seen, middle) = ((*seen)?, past.middle(entity, &signal.name)?);
            Some(Observation { x: seen.x - middle, ..seen })
        })
        .collect();
    // Evidence is that of the change; what is shown is the value and what it was.
    let shown = |(change, seen): (Option<Evidence>, &Option<Observation>)| {
        let (change, seen) = (change?, (*seen)?);
        Some(Evidence { observed: seen.x, expected: seen.x - change.observed + change.expected, x: seen.x, ..change })
    };
    let own = shapes::evidence(&changes, neighbours).into_iter().zip(column).map(shown).collect();
    Column { peers: shapes::evidence(column, neighbours), own }
}

/// The families of an entity, the strongest first; those without evidence are left out.
pub(super) fn families(matrix: &SignalMatrix, findings: &[Finding], allowed: impl Fn(&str) -> bool) -> Vec<Family> {
    let mut families: BTreeMap<&str, Family> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.evidence.decades > 0.0) {
        let Some(signal) = matrix.signals().get(finding.signal) else { continue };
        let family = families.entry(&signal.family).or_insert_with(|| Family {
            name: signal.family.clone(),
            strongest: *finding,
            behavioural_decades: 0.0,
            is_allowed: allowed(&signal.family),
            share: 0.0,
        });
        if stronger(&finding.evidence, &family.strongest.evidence).is_lt() {
            family.strongest = *finding;
        }
        if speaks_of_behaviour(signal) {
            family.behavioural_decades = family.behavioural_decades.max(finding.evidence.decades);
        }
    }
    let mut families: Vec<Family> = families.into_values().collect();
    families.sort_by(|a, b| stronger(&a.strongest.evidence, &b.strongest.evidence));
    let total: f64 = families.iter().map(weight).sum();
    for family in &mut families {
        family.share = weight(family) / total;
    }
    families
}

/// A rate that is expected of fewer than one click in so many rests on next to no honest click that has it.
const UNHEARD_OF: f64 = 1e-5;

/// Up to so many decades the less probable is told first; further out p is only a model's, and what is more times the usual
/// comes first, up to so many times: beyond that it speaks of how little is usual, not of how much there is.
const TOLD_BY_P: f64 = 9.0;
const LIFT_MAX: f64 = 20.0;

/// The stronger first. Of evidence at the cap, which scores alike, the less probable is told first and then what is further
/// from usual, but last what is unheard of among others: how improbable that is, only the model knows.
fn stronger(a: &Evidence, b: &Evidence) -> std::cmp::Ordering {
    let is_unheard_of = |evidence: &Evidence| evidence.z.is_none() && evidence.expected < UNHEARD_OF;
    let told = |evidence: &Evidence| (-(2.0 * evidence.p).log10()).min(TOLD_BY_P);
    let lift = |evidence: &Evidence| evidence.lift().unwrap_or(LIFT_MAX).min(LIFT_MAX);
    let by_score = b.decades.total_cmp(&a.decades).then(is_unheard_of(a).cmp(&is_unheard_of(b)));
    by_score.then(told(b).total_cmp(&told(a))).then(lift(b).total_cmp(&lift(a))).then(a.p.total_cmp(&b.p))
}

/// What a family adds to the square of the score.
fn weight(family: &Family) -> f64 {
    family.strongest.evidence.decades.powi(2)
}

/// The root of the sum of squares of families, in decades.
pub(super) fn strength<'a>(families: impl Iterator<Item = &'a Family>) -> f64 {
    families.map(weight).sum::<f64>().sqrt()
}

/// Whether a signal may make a flag: not lists alone, and not bursts alone.
pub(super) fn speaks_of_behaviour(signal: &Signal) -> bool {
    signal.basis == Basis::Behavioural && !signal.is_burst
}
