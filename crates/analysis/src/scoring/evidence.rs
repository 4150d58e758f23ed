//! What a signal says of an entity, on a scale that all signals share: decades.

/// Evidence beyond this many decades makes no difference: models of honest traffic are not true that far out.
pub const DECADES_MAX: f64 = 6.0;

/// What a signal says of an entity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// 0 for what is usual, up to [`DECADES_MAX`]: see [`decades`].
    pub decades: f64,
    /// How probable as much or more is for honest peers; for a shape nominal, of the t distribution.
    pub p: f64,
    /// The rate, or the value of a shape.
    pub observed: f64,
    /// What was expected: of a shape the median of the neighbours.
    pub expected: f64,
    /// The exposure.
    pub n: f64,
    /// The hits, or the value of a shape.
    pub x: f64,
    /// Of a shape the robust z among its neighbours.
    pub z: Option<f64>,
}

impl Evidence {
    /// How many times what was expected; `None` where that is nothing.
    #[must_use]
    pub fn lift(&self) -> Option<f64> {
        Some(self.observed / self.expected).filter(|lift| lift.is_finite() && self.expected > 0.0)
    }
}

/// -log10(2 p), from 0 where p is a half, the median of honest traffic, to [`DECADES_MAX`].
#[must_use]
pub fn decades(p: f64) -> f64 {
    (-(2.0 * p).log10()).clamp(0.0, DECADES_MAX)
}
