//! What earlier runs found: the reference that p-values are counted in, and every entity's own history.

use std::collections::HashMap;

use super::matrix::{Entity, Observation};

/// Scores of an earlier window that an analyst has cleared.
#[derive(Debug, Clone, PartialEq)]
pub struct Cleared {
    /// The account of the entity.
    pub account: String,
    /// Its id.
    pub id: String,
    /// Its score, 0 to 100.
    pub score: f64,
}

/// Earlier runs of the same signals over the same kind of entity.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Past {
    /// Entity-windows, of the same length as the window that is scored, that were cleared.
    pub cleared: Vec<Cleared>,
    /// By account, id and signal: what was seen of a signal in each earlier window.
    pub seen: HashMap<(String, String, String), Vec<Observation>>,
}

impl Past {
    /// What a rate signal saw of an entity in all earlier windows together.
    pub(super) fn total(&self, entity: &Entity, signal: &str) -> Option<Observation> {
        let seen = self.windows(entity, signal)?;
        let (n, x) = seen.iter().fold((0.0, 0.0), |(n, x), seen| (n + seen.n, x + seen.x));
        (n > 0.0).then_some(Observation { n, x, expected: None })
    }

    /// The middle of what a shape signal saw of an entity in earlier windows.
    pub(super) fn middle(&self, entity: &Entity, signal: &str) -> Option<f64> {
        let mut values: Vec<f64> = self.windows(entity, signal)?.iter().map(|seen| seen.x).collect();
        crate::functions::median(&mut values)
    }

    fn windows(&self, entity: &Entity, signal: &str) -> Option<&Vec<Observation>> {
        self.seen.get(&(entity.account.clone(), entity.id.clone(), signal.to_owned()))
    }
}

/// The cleared scores, in order.
pub(super) struct Reference {
    sorted: Vec<f64>,
    own: HashMap<(String, String), Vec<f64>>,
}

impl Reference {
    pub(super) fn of(cleared: &[Cleared]) -> Self {
        let mut sorted: Vec<f64> = cleared.iter().map(|cleared| cleared.score).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let mut own: HashMap<_, Vec<f64>> = HashMap::new();
        for cleared in cleared {
            own.entry((cleared.account.clone(), cleared.id.clone())).or_default().push(cleared.score);
        }
        Self { sorted, own }
    }

    /// Conformal p-value of a score: its rank among the cleared, the entity's own left out (Vovk, Gammerman and Shafer,
    /// "Algorithmic Learning in a Random World"; Bates et al., Annals of Statistics 51, 2023).
    pub(super) fn p_value(&self, entity: &Entity, score: f64) -> f64 {
        let own = self.own.get(&(entity.account.clone(), entity.id.clone())).map_or(&[][..], Vec::as_slice);
        let as_high = self.sorted.len() - self.sorted.partition_point(|cleared| *cleared < score);
        let own_as_high = own.iter().filter(|cleared| **cleared >= score).count();
        (1 + as_high - own_as_high) as f64 / (1 + self.sorted.len() - own.len()) as f64
    }
}
