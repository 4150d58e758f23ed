//! Views that every session has: statements with a name, which ship beside the queries.
//!
//! A file in `queries/views/` is SQL over the tables of the lake, so that it can be read, and given to other engines.

use super::sql_error::SqlText;
use super::statement::Parameters;
use super::{Engine, EngineError};

/// Which of a click's rates have a denominator: in one place, for every query that divides by clicks.
pub(crate) const RATED_CLICKS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../queries/views/rated_clicks.sql"));

impl Engine {
    /// Defines them.
    pub(super) fn define_views(&mut self) -> Result<(), EngineError> {
        let text = SqlText { name: "rated_clicks.sql".to_owned(), sql: RATED_CLICKS.to_owned() };
        self.define("rated_clicks", &text, &Parameters::new())
    }
}
