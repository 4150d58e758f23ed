//! Scores entities by their signals.
//!
//! Owns the method: evidence, families, scores, p-values, tiers and reasons. Pure: a matrix in, scores out. Knows nothing
//! of clicks, lakes or SQL; leaves the signals to `signals`.

pub mod matrix;

pub use matrix::{Basis, Entity, Kind, MatrixError, Observation, Signal, SignalMatrix};
