//! What is scored: entities, the signals they are measured by, and what each signal saw of each entity.

use std::collections::HashSet;

/// What a signal measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `x` of `n` clicks.
    Rate,
    /// A number that grows with suspicion, such as a concentration; judged among entities of like volume.
    Shape,
}

/// What the evidence of a signal rests on (MRC, "Invalid Traffic Detection and Filtration Standards").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Basis {
    /// How the traffic behaves: sophisticated invalid traffic (SIVT).
    Behavioural,
    /// What a list says of an address or an agent: general invalid traffic (GIVT).
    List,
}

/// A measure of suspicion, one-sided: larger is worse.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// Its name, distinct among signals.
    pub name: String,
    /// The family it is evidence for. Signals of a family depend on each other: only the strongest counts.
    pub family: String,
    /// How `x` and `n` are to be read.
    pub kind: Kind,
    /// What it rests on.
    pub basis: Basis,
    /// True for what an honest e-mail blast shows as well: it supports other evidence and never makes a flag of its own.
    pub is_burst: bool,
    /// Entities with a smaller `n` are not judged by it.
    pub min_exposure: u64,
    /// The sentence of a reason; `{observed}`, `{expected}`, `{n}`, `{x}`, `{lift}`, `{p}` and `{z}` stand for the figures. Of
    /// shapes that are shares, `{observed_percent}` and `{expected_percent}` say them so; of sums of squared shares,
    /// `{observed_alike}` and `{expected_alike}` say of how many of equal size.
    pub reason: String,
    /// The SQL that lists an entity's clicks behind it, with parameters; empty where there is none.
    pub drill: String,
}

/// What a signal saw of an entity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// The exposure: clicks, pairs, gaps or whatever the signal counts.
    pub n: f64,
    /// Of a rate the count of hits among the `n`; of a shape its value.
    pub x: f64,
    /// Of a rate, the share of hits that the entity's mix of offers and countries lets expect, 0 to 1.
    pub expected: Option<f64>,
}

/// Who is scored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entity {
    /// The account that the id belongs to; ids repeat across accounts.
    pub account: String,
    /// The id as text, `AFFILIATE` or `AFFILIATE/OFFER`.
    pub id: String,
    /// What people call it.
    pub name: Option<String>,
}

/// Observations by signal and entity.
#[derive(Debug, Clone, PartialEq)]
pub struct SignalMatrix {
    entities: Vec<Entity>,
    exposure: Vec<u64>,
    signals: Vec<Signal>,
    observations: Vec<Vec<Option<Observation>>>,
    unusable: Vec<usize>,
}

/// A matrix that cannot be scored.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MatrixError {
    /// Columns of different lengths.
    #[error("{what} has {found} values for {expected} entities")]
    Length {
        /// Which column.
        what: String,
        /// Its length.
        found: usize,
        /// The number of entities.
        expected: usize,
    },
    /// A list of observations for each signal, no more and no fewer.
    #[error("{found} lists of observations for {expected} signals")]
    Signals {
        /// How many there are.
        found: usize,
        /// How many signals.
        expected: usize,
    },
    /// Two signals of a name.
    #[error("two signals are called '{0}': rename one")]
    SignalTwice(String),
    /// Two entities of an id.
    #[error("entity {id} of account {account} comes twice: one row per entity")]
    EntityTwice {
        /// The account.
        account: String,
        /// The id.
        id: String,
    },
    /// No rate has these numbers.
    #[error("signal '{signal}', entity {id}: {problem}")]
    Observation {
        /// The signal.
        signal: String,
        /// The entity.
        id: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl SignalMatrix {
    /// Checks and keeps. `observations` has a list for each signal, which has an entry for each entity; `exposure` counts
    /// clicks. What is not a finite number (of a shape without spread, say) counts as not observed, see
    /// [`unusable`](Self::unusable).
    ///
    /// # Errors
    /// Lengths that differ, names or ids that come twice, and rates that are none: `x` and `n` are whole numbers with
    /// 0 <= x <= n, `expected` lies between 0 and 1.
    pub fn new(
        entities: Vec<Entity>,
        exposure: Vec<u64>,
        signals: Vec<Signal>,
        mut observations: Vec<Vec<Option<Observation>>>,
    ) -> Result<Self, MatrixError> {
        let check_length = |what: &str, found: usize| {
            let expected = entities.len();
            let fail = || MatrixError::Length { what: what.to_owned(), found, expected };
            (found == expected).then_some(()).ok_or_else(fail)
        };
        check_length("exposure", exposure.len())?;
        if observations.len() != signals.len() {
            return Err(MatrixError::Signals { found: observations.len(), expected: signals.len() });
        }
        let mut names = HashSet::new();
        if let Some(twice) = signals.iter().find(|signal| !names.insert(&signal.name)) {
            return Err(MatrixError::SignalTwice(twice.name.clone()));
        }
        let mut keys = HashSet::new();
        if let Some(twice) = entities.iter().find(|entity| !keys.insert((&entity.account, &entity.id))) {
            return Err(MatrixError::EntityTwice { account: twice.account.clone(), id: twice.id.clone() });
        }
        let mut unusable = vec![0; signals.len()];
        for ((signal, column), unusable) in signals.iter().zip(&mut observations).zip(&mut unusable) {
            check_length(&format!("signal '{}'", signal.name), column.len())?;
            for (entity, observation) in entities.iter().zip(column) {
                let Some(seen) = observation else { continue };
                if !seen.is_finite() {
                    *unusable += 1;
                    *observation = None;
                } else if let Some(problem) = seen.problem(signal.kind) {
                    let (signal, id) = (signal.name.clone(), entity.id.clone());
                    return Err(MatrixError::Observation { signal, id, problem });
                }
            }
        }
        Ok(Self { entities, exposure, signals, observations, unusable })
    }

    /// Who is scored.
    #[must_use]
    pub fn entities(&self) -> &[Entity] {
        &self.entities
    }

    /// Clicks of each entity.
    #[must_use]
    pub fn exposure(&self) -> &[u64] {
        &self.exposure
    }

    /// What they are measured by.
    #[must_use]
    pub fn signals(&self) -> &[Signal] {
        &self.signals
    }

    /// What the signal of an index saw, aligned with the entities; `None`: nothing.
    #[must_use]
    pub fn column(&self, signal: usize) -> &[Option<Observation>] {
        self.observations.get(signal).map_or(&[], Vec::as_slice)
    }

    /// For each signal, how many observations were no finite numbers and do not count.
    #[must_use]
    pub fn unusable(&self) -> &[usize] {
        &self.unusable
    }
}

impl Observation {
    fn is_finite(&self) -> bool {
        self.n.is_finite() && self.x.is_finite() && self.expected.is_none_or(f64::is_finite)
    }

    fn problem(&self, kind: Kind) -> Option<String> {
        let Self { n, x, expected } = *self;
        let is_whole = |value: f64| value >= 0.0 && value.fract() == 0.0;
        if n < 0.0 {
            return Some(format!("an exposure of {n}; write n >= 0"));
        }
        if kind == Kind::Shape {
            return None;
        }
        if !is_whole(n) || !is_whole(x) || x > n {
            return Some(format!("a rate of {x} in {n}; write counts with 0 <= x <= n"));
        }
        let is_share = expected.is_none_or(|expected| (0.0..=1.0).contains(&expected));
        (!is_share).then(|| format!("an expected share of {}; write 0 to 1", expected.unwrap_or_default()))
    }
}
