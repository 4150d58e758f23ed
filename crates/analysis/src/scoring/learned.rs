//! The second stage: what an analyst's verdicts teach about the signals.
//!
//! Extremely randomised trees (Geurts, Ernst and Wehenkel, Machine Learning 63, 2006) by smartcore, over the values and the
//! evidence of all signals. On FDMA 2012 such trees, of another library and over raw columns, rank best of what was tried;
//! these have not been measured there. Deterministic: a fixed seed, and rows in the order of their ids.

use smartcore::ensemble::extra_trees_regressor::{ExtraTreesRegressor, ExtraTreesRegressorParameters};
use smartcore::linalg::basic::matrix::DenseMatrix;

use super::families::Against;
use super::matrix::{Kind, SignalMatrix};
use super::score::{Score, Scores};
use crate::functions::median;

/// So many confirmed frauds make the learned order as good as the unlabelled one; fewer count in proportion.
const FRAUDS_FULL: f64 = 40.0;

/// With fewer verdicts of either kind nothing is learned.
pub const VERDICTS_MIN: usize = 5;

/// Nobody is judged by trees that have seen its own verdict: as many forests, each without its share.
const FOLDS: usize = 5;

const TREES: usize = 200;

/// What an analyst found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Confirmed.
    Fraud,
    /// Looked at and found to be honest.
    Cleared,
}

/// Why nothing was learned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LearnError {
    /// Too few verdicts.
    #[error(
        "{frauds} confirmed frauds and {cleared} cleared among these: it takes {VERDICTS_MIN} of both to learn from them"
    )]
    TooFew {
        /// Frauds.
        frauds: usize,
        /// Cleared.
        cleared: usize,
    },
    /// Rows of different lengths, or none.
    #[error("the forest cannot be grown: {0}")]
    Forest(String),
}

/// A forest that estimates how probably a row is fraud.
pub struct Learner {
    forest: ExtraTreesRegressor<f64, f64, DenseMatrix<f64>, Vec<f64>>,
    medians: Vec<f64>,
}

impl Learner {
    /// Grows a forest on rows of features of equal length; all are finite.
    ///
    /// # Errors
    /// Rows of different lengths, or no rows.
    pub fn fit(rows: &[Vec<f64>], is_fraud: &[bool]) -> Result<Self, LearnError> {
        let width = rows.first().map_or(0, Vec::len);
        let target: Vec<f64> = is_fraud.iter().map(|is_fraud| f64::from(u8::from(*is_fraud))).collect();
        let parameters = ExtraTreesRegressorParameters::default()
            .with_n_trees(TREES)
            .with_min_samples_leaf(2)
            .with_min_samples_split(4)
            .with_m((width / 3).max(1))
            .with_seed(0);
        let forest =
            matrix(rows).and_then(|rows| ExtraTreesRegressor::fit(&rows, &target, parameters).map_err(failed))?;
        let column = |feature: usize| rows.iter().filter_map(move |row| row.get(feature).copied());
        let middle = |feature| median(&mut column(feature).collect::<Vec<_>>()).unwrap_or(0.0);
        Ok(Self { forest, medians: (0..width).map(middle).collect() })
    }

    /// How probably each row is fraud, 0 to 1.
    ///
    /// # Errors
    /// Rows of another length than those it was grown on.
    pub fn predict(&self, rows: &[Vec<f64>]) -> Result<Vec<f64>, LearnError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        self.forest.predict(&matrix(rows)?).map_err(failed)
    }

    /// How much the estimate for a row falls where the features of a group are what they are in the middle of all rows.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn contributions(&self, row: &[f64], groups: &[Vec<usize>]) -> Result<Vec<f64>, LearnError> {
        let without = groups.iter().map(|group| {
            let mut row = row.to_vec();
            for feature in group {
                row[*feature] = self.medians[*feature];
            }
            row
        });
        let rows: Vec<Vec<f64>> = std::iter::once(row.to_vec()).chain(without).collect();
        let estimates = self.predict(&rows)?;
        Ok(estimates[1..].iter().map(|without| estimates[0] - without).collect())
    }
}

/// What was learned about each entity, aligned with the entities of the matrix.
pub struct SecondStage {
    /// How probably it is fraud, estimated by trees that have not seen its own verdict.
    pub probability: Vec<f64>,
    /// Its place by the unlabelled score and the learned one together: 100 for the first, 0 for the last.
    pub priority: Vec<f64>,
    /// The weight of the learned order in the priority, 0 to 1.
    pub weight: f64,
    learner: Learner,
    rows: Vec<Vec<f64>>,
}

impl SecondStage {
    /// Learns from verdicts, which are aligned with the entities; who has none counts as honest.
    ///
    /// # Errors
    /// Too few verdicts to learn from.
    pub fn learn(matrix: &SignalMatrix, scores: &Scores, verdicts: &[Option<Verdict>]) -> Result<Self, LearnError> {
        let count = |wanted| verdicts.iter().filter(|verdict| **verdict == Some(wanted)).count();
        let (frauds, cleared) = (count(Verdict::Fraud), count(Verdict::Cleared));
        if frauds < VERDICTS_MIN || cleared < VERDICTS_MIN {
            return Err(LearnError::TooFew { frauds, cleared });
        }
        let rows = features(matrix, scores);
        let is_fraud: Vec<bool> = verdicts.iter().map(|verdict| *verdict == Some(Verdict::Fraud)).collect();
        let order = in_order_of_ids(matrix, &is_fraud);
        let grow = |kept: &[usize]| {
            let pick: Vec<Vec<f64>> = kept.iter().map(|row| rows[*row].clone()).collect();
            Learner::fit(&pick, &kept.iter().map(|row| is_fraud[*row]).collect::<Vec<_>>())
        };
        let mut probability = vec![0.0; rows.len()];
        for fold in 0..FOLDS {
            let part = |held_out: bool| {
                let places = order.iter().enumerate();
                places.filter(move |(place, _)| (place % FOLDS == fold) == held_out).map(|(_, row)| *row)
            };
            let (kept, held_out): (Vec<usize>, Vec<usize>) = (part(false).collect(), part(true).collect());
            let asked: Vec<Vec<f64>> = held_out.iter().map(|row| rows[*row].clone()).collect();
            let found = grow(&kept)?.predict(&asked)?;
            held_out.iter().zip(found).for_each(|(row, found)| probability[*row] = found);
        }
        let weight = (frauds as f64 / FRAUDS_FULL).min(1.0);
        let unlabelled = places(&scores.entities.iter().map(|score| score.score).collect::<Vec<_>>());
        let blend = |(learned, unlabelled): (f64, f64)| weight * learned + (1.0 - weight) * unlabelled;
        let priority = places(&probability).into_iter().zip(unlabelled).map(blend).collect();
        Ok(Self { probability, priority, weight, learner: grow(&order)?, rows })
    }

    /// What each signal, by its index, adds to the estimate for an entity, the largest first; 0 is left out.
    ///
    /// # Errors
    /// Never for an entity of the matrix.
    pub fn contributions(&self, matrix: &SignalMatrix, entity: usize) -> Result<Vec<(usize, f64)>, LearnError> {
        let groups: Vec<Vec<usize>> =
            (0..matrix.signals().len()).map(|signal| vec![2 * signal, 2 * signal + 1]).collect();
        let row = self.rows.get(entity).ok_or_else(|| LearnError::Forest("no such entity".to_owned()))?;
        let found = self.learner.contributions(row, &groups)?;
        let mut found: Vec<(usize, f64)> = found.into_iter().enumerate().filter(|(_, added)| *added != 0.0).collect();
        found.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        Ok(found)
    }
}

/// Of each entity, the value and the evidence of every signal, then the logarithm of its clicks.
///
/// What a signal did not see is the middle of what it saw, without evidence.
#[must_use]
pub fn features(matrix: &SignalMatrix, scores: &Scores) -> Vec<Vec<f64>> {
    let width = 2 * matrix.signals().len() + 1;
    let mut rows = vec![vec![0.0; width]; matrix.entities().len()];
    for (index, signal) in matrix.signals().iter().enumerate() {
        let value = |seen: &Option<super::Observation>| {
            seen.map(|seen| if signal.kind == Kind::Rate { seen.x / seen.n.max(1.0) } else { seen.x })
        };
        let values: Vec<Option<f64>> = matrix.column(index).iter().map(value).collect();
        let middle = median(&mut values.iter().flatten().copied().collect::<Vec<_>>()).unwrap_or(0.0);
        let entities = rows.iter_mut().zip(values).zip(&scores.entities);
        for ((row, value), score) in entities {
            row[2 * index] = value.unwrap_or(middle);
            row[2 * index + 1] = decades(score, index);
        }
    }
    for (row, clicks) in rows.iter_mut().zip(matrix.exposure()) {
        row[width - 1] = (1.0 + *clicks as f64).ln();
    }
    rows
}

fn decades(score: &Score, signal: usize) -> f64 {
    let of_peers = |finding: &&super::families::Finding| finding.signal == signal && finding.against == Against::Peers;
    score.findings.iter().find(of_peers).map_or(0.0, |finding| finding.evidence.decades)
}

/// Frauds first, then by id: so folds have equally many, whatever the order of rows.
fn in_order_of_ids(matrix: &SignalMatrix, is_fraud: &[bool]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..matrix.entities().len()).collect();
    order.sort_by_key(|row| (!is_fraud[*row], &matrix.entities()[*row].account, &matrix.entities()[*row].id));
    order
}

/// Each value's place among all, 0 to 100; equal ones have the middle of their places.
fn places(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1).max(1) as f64;
    let place = |value: &f64| {
        let below = sorted.partition_point(|other| other < value);
        let up_to = sorted.partition_point(|other| other <= value);
        100.0 * (below + up_to).saturating_sub(1) as f64 / 2.0 / last
    };
    values.iter().map(place).collect()
}

fn matrix(rows: &[Vec<f64>]) -> Result<DenseMatrix<f64>, LearnError> {
    DenseMatrix::from_2d_vec(&rows.to_vec()).map_err(failed)
}

fn failed(error: smartcore::error::Failed) -> LearnError {
    LearnError::Forest(error.to_string())
}
