//! Views that every session has: statements with a name, which ship beside the queries.
//!
//! A file in `queries/views/` is SQL over the tables of the lake, so that it can be read, and given to other engines.

use datafusion::common::ScalarValue;

use super::sql_error::SqlText;
use super::statement::Parameters;
use super::{Engine, EngineError};

/// Which of a click's rates have a denominator: in one place, for every query that divides by clicks.
pub(crate) const RATED_CLICKS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../queries/views/rated_clicks.sql"));

impl Engine {
    /// From now on there are no clicks but those of one affiliate, for whoever asks: a page for a partner cannot show others.
    ///
    /// # Errors
    /// None that an id can cause.
    pub fn keep_affiliate(&mut self, affiliate: i64) -> Result<(), EngineError> {
        let sql = "SELECT * FROM clicks WHERE affiliate_id = $affiliate".to_owned();
        let text = SqlText { name: "clicks of one affiliate".to_owned(), sql };
        let parameters = Parameters::from([("affiliate".to_owned(), ScalarValue::Int64(Some(affiliate)))]);
        self.define("clicks", &text, &parameters)?;
        self.define_views()
    }

    /// Defines them.
    pub(super) fn define_views(&mut self) -> Result<(), EngineError> {
        let text = SqlText { name: "rated_clicks.sql".to_owned(), sql: RATED_CLICKS.to_owned() };
        self.define("rated_clicks", &text, &Parameters::new())
    }
}
