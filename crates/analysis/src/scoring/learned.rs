//! The second stage: what an analyst's verdicts teach about the signals.
//!
//! Extremely randomised trees (Geurts, Ernst and Wehenkel, Machine Learning 63, 2006) by smartcore. They see the place of each
//! entity among those of its window, signal by signal: places mean the same in every window, values drift. Learned from
//! are verdicts about the window that is judged and about earlier ones. Deterministic: fixed seeds, and rows in the order
//! of their ids.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use smartcore::ensemble::extra_trees_regressor::{ExtraTreesRegressor, ExtraTreesRegressorParameters};
use smartcore::linalg::basic::matrix::DenseMatrix;

use super::matrix::{Entity, Kind, MatrixError, Observation, SignalMatrix};
use super::score::Scores;

/// So many confirmed frauds make the learned order as good as the unlabelled one; fewer count in proportion.
const FRAUDS_FULL: f64 = 40.0;

/// With fewer entities of either verdict nothing is learned.
pub const VERDICTS_MIN: usize = 5;

/// Trees see at most so many frauds, and as many others, evenly out of all: more make them slower and hardly better.
const ROWS_OF_A_KIND_MAX: usize = 5_000;

/// As many forests, each without a share of the entities, judge those whose rows are held out.
const FOLDS: usize = 5;

/// A forest is grown in parts, each by a thread. Which trees there are does not depend on their number.
const PARTS: usize = 4;

const TREES_OF_A_PART: usize = 25;

/// The least rows of a leaf: one alone would make a verdict that is wrong a rule.
const LEAF_MIN: usize = 3;

/// What an analyst found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Confirmed.
    Fraud,
    /// Looked at and found to be honest.
    Cleared,
}

/// A window, and what was found of its entities.
#[derive(Debug, Clone)]
pub struct Lesson<'a> {
    /// What the signals saw. Its signals are those of the window that is judged.
    pub matrix: Cow<'a, SignalMatrix>,
    /// Aligned with the entities. Who has none counts as honest, where others of the window have one.
    pub verdicts: Vec<Option<Verdict>>,
    /// Aligned with the entities: whether trees that judge this entity must not see its row of this window.
    pub held_out: Vec<bool>,
}

/// Why nothing was learned.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LearnError {
    /// Too few verdicts.
    #[error(
        "{frauds} frauds and {cleared} cleared are known in this window and in earlier ones that are kept: it takes \
         {VERDICTS_MIN} of both"
    )]
    TooFew {
        /// Entities that are frauds.
        frauds: usize,
        /// Entities that were cleared.
        cleared: usize,
    },
    /// An earlier window that is none.
    #[error("an earlier window: {0}")]
    Window(#[from] MatrixError),
    /// Rows of different lengths, or none.
    #[error("the forest cannot be grown: {0}")]
    Forest(String),
}

type Forest = ExtraTreesRegressor<f64, f64, DenseMatrix<f64>, Vec<f64>>;

/// A forest that estimates how probably a row is fraud.
pub struct Learner(Vec<Forest>);

impl Learner {
    /// Grows a forest on rows of features of equal length; all are finite.
    ///
    /// # Errors
    /// Rows of different lengths, or no rows.
    pub fn fit(rows: &[&[f64]], is_fraud: &[bool]) -> Result<Self, LearnError> {
        let width = rows.first().map_or(0, |row| row.len());
        let rows = matrix(rows)?;
        let target: Vec<f64> = is_fraud.iter().map(|is_fraud| f64::from(u8::from(*is_fraud))).collect();
        let grow = |part: usize| {
            let parameters = ExtraTreesRegressorParameters::default()
                .with_n_trees(TREES_OF_A_PART)
                .with_min_samples_leaf(LEAF_MIN)
                .with_min_samples_split(2 * LEAF_MIN)
                .with_m((width / 3).max(1))
                // A tree's own seed is this one and its number.
                .with_seed((part * TREES_OF_A_PART) as u64);
            ExtraTreesRegressor::fit(&rows, &target, parameters).map_err(failed)
        };
        std::thread::scope(|scope| {
            let parts: Vec<_> = (0..PARTS).map(|part| scope.spawn(move || grow(part))).collect();
            let joined = parts.into_iter().map(|part| part.join().map_err(|_| failed("a thread ended"))?);
            joined.collect::<Result<_, _>>().map(Self)
        })
    }

    /// How probably each row is fraud, 0 to 1.
    ///
    /// # Errors
    /// Rows of another length than those it was grown on.
    pub fn predict(&self, rows: &[&[f64]]) -> Result<Vec<f64>, LearnError> {
        let mut sums = vec![0.0; rows.len()];
        if rows.is_empty() {
            return Ok(sums);
        }
        let rows = matrix(rows)?;
        for part in &self.0 {
            let found = part.predict(&rows).map_err(failed)?;
            sums.iter_mut().zip(found).for_each(|(sum, found)| *sum += found);
        }
        Ok(sums.into_iter().map(|sum| sum / self.0.len() as f64).collect())
    }

    /// How much the estimate for a row of [`features`] falls where a feature is in the middle of all, by feature.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn contributions(&self, row: &[f64]) -> Result<Vec<f64>, LearnError> {
        let without = (0..row.len()).map(|feature| {
            let mut row = row.to_vec();
            row[feature] = MIDDLE;
            row
        });
        let rows: Vec<Vec<f64>> = std::iter::once(row.to_vec()).chain(without).collect();
        let estimates = self.predict(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
        Ok(estimates[1..].iter().map(|without| estimates[0] - without).collect())
    }
}

/// What was learned about each entity, aligned with those of the window that is judged.
pub struct SecondStage {
    /// How probably it is fraud, estimated by trees that have not seen what is held out of it.
    pub probability: Vec<f64>,
    /// Its place by the unlabelled score and the learned one together: 100 for the first, 0 for the last.
    pub priority: Vec<f64>,
    /// The weight of the learned order in the priority, 0 to 1.
    pub weight: f64,
    /// What it was learned from.
    pub taught: Taught,
    learners: Vec<Learner>,
    learner_of: Vec<usize>,
    rows: Vec<Vec<f64>>,
}

/// What was learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taught {
    /// Entity-windows that are frauds.
    pub frauds: usize,
    /// Other entity-windows of the same windows, cleared or without a verdict.
    pub others: usize,
    /// How many of both the trees saw.
    pub seen: usize,
    /// Windows with verdicts.
    pub windows: usize,
}

/// An entity in a window that has verdicts.
#[derive(Clone, Copy)]
struct Example<'a> {
    lesson: usize,
    row: usize,
    entity: &'a Entity,
    is_fraud: bool,
    is_held_out: bool,
}

impl SecondStage {
    /// Learns from a window and earlier ones, and judges the entities of that window, which the scores are of.
    ///
    /// # Errors
    /// Too few verdicts to learn from.
    pub fn learn(now: &Lesson<'_>, earlier: &[Lesson<'_>], scores: &Scores) -> Result<Self, LearnError> {
        let lessons: Vec<&Lesson> = earlier.iter().chain([now]).filter(|lesson| lesson.has_verdicts()).collect();
        let count = |wanted| {
            let known = lessons.iter().flat_map(|lesson| lesson.matrix.entities().iter().zip(&lesson.verdicts));
            let wanted = known.filter(|(_, verdict)| **verdict == Some(wanted));
            wanted.map(|(entity, _)| key(entity)).collect::<HashSet<_>>().len()
        };
        let (frauds, cleared) = (count(Verdict::Fraud), count(Verdict::Cleared));
        if frauds < VERDICTS_MIN || cleared < VERDICTS_MIN {
            return Err(LearnError::TooFew { frauds, cleared });
        }
        let (examples, taught) = examples(&lessons);
        let folds = folds(&examples);
        let fold = |entity: &Entity| folds.get(&key(entity)).copied();
        let features_of = features_of(&lessons, &examples);
        let rows = features(&now.matrix);
        let entities = now.matrix.entities();
        let (mut probability, mut learner_of) = (vec![0.0; rows.len()], vec![0; rows.len()]);
        let mut learners = Vec::new();
        for held_out in std::iter::once(None).chain((0..FOLDS).map(Some)) {
            let judged: Vec<usize> = (0..rows.len()).filter(|row| fold(&entities[*row]) == held_out).collect();
            if judged.is_empty() {
                continue;
            }
            let may_see =
                |example: &Example| held_out.is_none() || !example.is_held_out || fold(example.entity) != held_out;
            let seen = examples.iter().zip(&features_of).filter(|(example, _)| may_see(example));
            let (is_fraud, seen): (Vec<bool>, Vec<&[f64]>) =
                seen.map(|(example, features)| (example.is_fraud, features.as_slice())).unzip();
            let learner = Learner::fit(&seen, &is_fraud)?;
            let found = learner.predict(&judged.iter().map(|row| rows[*row].as_slice()).collect::<Vec<_>>())?;
            for (row, found) in judged.into_iter().zip(found) {
                (probability[row], learner_of[row]) = (found, learners.len());
            }
            learners.push(learner);
        }
        let weight = (frauds as f64 / FRAUDS_FULL).min(1.0);
        let unlabelled = places(&scores.entities.iter().map(|score| score.score).collect::<Vec<_>>());
        let blend = |(learned, unlabelled): (f64, f64)| 100.0 * (weight * learned + (1.0 - weight) * unlabelled);
        let priority = places(&probability).into_iter().zip(unlabelled).map(blend).collect();
        Ok(Self { probability, priority, weight, taught, learners, learner_of, rows })
    }

    /// What each signal, by its index, adds to the estimate for an entity, the largest first; 0 is left out.
    ///
    /// # Errors
    /// An entity that is none of the window.
    pub fn contributions(&self, entity: usize) -> Result<Vec<(usize, f64)>, LearnError> {
        let none = || failed("no such entity");
        let row = self.rows.get(entity).ok_or_else(none)?;
        let learner = self.learner_of.get(entity).and_then(|index| self.learners.get(*index)).ok_or_else(none)?;
        let mut found = learner.contributions(row)?;
        // The last is the volume, which is no signal.
        found.pop();
        let mut found: Vec<(usize, f64)> = found.into_iter().enumerate().filter(|(_, added)| *added != 0.0).collect();
        found.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        Ok(found)
    }
}

impl Lesson<'_> {
    fn has_verdicts(&self) -> bool {
        self.verdicts.iter().any(Option::is_some)
    }
}

fn key(entity: &Entity) -> (&str, &str) {
    (&entity.account, &entity.id)
}

/// Frauds, then others, both by id: so nothing depends on the order of rows, and folds have equally many frauds.
fn examples<'a>(lessons: &[&'a Lesson]) -> (Vec<Example<'a>>, Taught) {
    let of = |(lesson, known): (usize, &&'a Lesson)| {
        let (verdicts, held_out) = (&known.verdicts, &known.held_out);
        let example = move |(row, entity): (usize, &'a Entity)| Example {
            lesson,
            row,
            entity,
            is_fraud: verdicts.get(row).copied().flatten() == Some(Verdict::Fraud),
            is_held_out: held_out.get(row).copied().unwrap_or(true),
        };
        known.matrix.entities().iter().enumerate().map(example).collect::<Vec<_>>()
    };
    let mut all: Vec<Example> = lessons.iter().enumerate().flat_map(of).collect();
    all.sort_by_key(|example| (!example.is_fraud, key(example.entity), example.lesson));
    let (frauds, others) = all.split_at(all.partition_point(|example| example.is_fraud));
    let seen: Vec<Example> = [frauds, others].into_iter().flat_map(|kind| thinned(kind, ROWS_OF_A_KIND_MAX)).collect();
    let taught = Taught { frauds: frauds.len(), others: others.len(), seen: seen.len(), windows: lessons.len() };
    (seen, taught)
}

/// The features of each example.
fn features_of(lessons: &[&Lesson<'_>], examples: &[Example<'_>]) -> Vec<Vec<f64>> {
    let mut found = vec![Vec::new(); examples.len()];
    for (index, lesson) in lessons.iter().enumerate() {
        let mut rows = features(&lesson.matrix);
        let of_lesson = found.iter_mut().zip(examples).filter(|(_, example)| example.lesson == index);
        of_lesson.for_each(|(found, example)| *found = std::mem::take(&mut rows[example.row]));
    }
    found
}

/// At most so many, evenly out of all.
pub(super) fn thinned<T: Copy>(all: &[T], most: usize) -> impl Iterator<Item = T> {
    let kept = all.len().min(most);
    (0..kept).map(move |index| all[index * all.len() / kept])
}

/// The fold of each entity that has rows which are held out.
fn folds<'a>(examples: &[Example<'a>]) -> HashMap<(&'a str, &'a str), usize> {
    let mut folds = HashMap::new();
    for example in examples.iter().filter(|example| example.is_held_out) {
        let next = folds.len() % FOLDS;
        folds.entry(key(example.entity)).or_insert(next);
    }
    folds
}

/// Half of all are above it: what is told of an entity that a signal did not see.
const MIDDLE: f64 = 0.5;

/// Of each entity its place in every signal, then its place by clicks: 0 for the least of the window, 1 for the largest.
///
/// A rate is one as often as expected, where the signal says what is to be expected.
#[must_use]
pub fn features(matrix: &SignalMatrix) -> Vec<Vec<f64>> {
    let mut rows = vec![Vec::with_capacity(matrix.signals().len() + 1); matrix.entities().len()];
    let mut push = |values: Vec<Option<f64>>| {
        let seen: Vec<f64> = values.iter().flatten().copied().collect();
        let mut places = places(&seen).into_iter();
        let place = |value: Option<f64>| value.and_then(|_| places.next()).unwrap_or(MIDDLE);
        rows.iter_mut().zip(values.into_iter().map(place)).for_each(|(row, place)| row.push(place));
    };
    for (index, signal) in matrix.signals().iter().enumerate() {
        let value = |seen: &Observation| match signal.kind {
            Kind::Shape => seen.x,
            Kind::Rate => seen.x / seen.n.max(1.0) / seen.expected.filter(|expected| *expected > 0.0).unwrap_or(1.0),
        };
        push(matrix.column(index).iter().map(|seen| seen.as_ref().map(value)).collect());
    }
    push(matrix.exposure().iter().map(|clicks| Some(*clicks as f64)).collect());
    rows
}

/// Each value's place among all, 0 to 1; equal ones have the middle of their places, one alone that of all.
fn places(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let place = |value: &f64| {
        let below = sorted.partition_point(|other| other < value);
        let up_to = sorted.partition_point(|other| other <= value);
        if last == 0 { MIDDLE } else { (below + up_to - 1) as f64 / 2.0 / last as f64 }
    };
    values.iter().map(place).collect()
}

fn matrix(rows: &[&[f64]]) -> Result<DenseMatrix<f64>, LearnError> {
    DenseMatrix::from_2d_array(rows).map_err(failed)
}

fn failed(error: impl ToString) -> LearnError {
    LearnError::Forest(error.to_string())
}
