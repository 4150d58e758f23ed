//! Scores entities by their signals.
//!
//! Owns the method: evidence, families, scores, p-values, tiers and reasons. Pure: a matrix in, scores out. Knows nothing
//! of clicks, lakes or SQL; leaves the signals to [`signals`](crate::signals), commands and files to others.
//!
//! 1. [`rates`] and [`shapes`]: the evidence of each signal about each entity, in [`evidence::decades`].
//! 2. [`families`]: the strongest signal of each family.
//! 3. `score`: the root of the sum of squares, on a fixed scale; p-values, tiers.
//! 4. [`reasons`], in sentences.
//! 5. [`learned`]: what verdicts teach, where there are some.

pub mod config;
pub mod evidence;
pub mod families;
pub mod learned;
pub mod matrix;
pub mod past;
pub mod rates;
pub mod reasons;
pub mod score;
pub mod shapes;

pub use config::{Config, ConfigError};
pub use learned::{LearnError, Lesson, SecondStage, Verdict};
pub use matrix::{Basis, Entity, Kind, MatrixError, Observation, Signal, SignalMatrix};
pub use past::{Cleared, Past};
pub use score::{Calibration, Score, Scores, Tier, score};

#[cfg(test)]
mod tests;
