//! The signals: SQL files that measure suspicion, one row per entity.
//!
//! Owns which signals there are, what their headers say, and the tables that they share. Promises that shared work is done
//! once per run, and that a signal is added by adding a file. Leaves scoring to [`scoring`](crate::scoring), which knows
//! nothing of clicks.
//!
//! `queries/signals/*.sql` ship, each a signal; `queries/signals/shared/*.sql` are the tables that they read beside those
//! of the lake. In a shared table `{entity}` and `{entity_name}` stand for the id and the name of whatever is scored, see
//! [`By`]. A folder of the user's own adds signals and replaces those of the same name; so does its subfolder `shared`.

mod by;
mod command;
mod entity_table;
mod header;
mod observe;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::catalogue::{Catalogue, CatalogueError, Query};
use crate::engine::EngineError;
use crate::engine::sql_error::SqlText;
use crate::scoring::matrix::{Entity, MatrixError, Signal};
use header::{Form, SHARED, SIGNALS};

pub use by::By;
pub use command::command;
pub use entity_table::EntityTable;
pub use observe::observe;

/// A signal: what its header says, and its statement.
#[derive(Debug, Clone)]
struct SignalQuery {
    signal: Signal,
    text: SqlText,
}

/// A table that signals share.
#[derive(Debug, Clone)]
struct Shared {
    form: Form,
    text: SqlText,
}

/// The signals by name, and the tables that they share.
#[derive(Debug, Clone)]
pub struct Signals {
    signals: BTreeMap<String, SignalQuery>,
    shared: BTreeMap<String, Shared>,
}

/// Why there are no observations.
#[derive(Debug, thiserror::Error)]
pub enum SignalError {
    /// A folder or file of signals cannot be read, or a header is wrong.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// A folder without signals.
    #[error("no signals in {}: a signal is a file that ends in .sql", .0.display())]
    Empty(PathBuf),
    /// A signal whose header or answer is wrong.
    #[error("signal '{signal}': {problem}")]
    Signal {
        /// The signal.
        signal: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// Shared tables that need each other.
    #[error("the shared table '{0}' reads itself, through others or at once (a WITH clause of the same name counts)")]
    Cycle(String),
    /// A table of entities cannot be read.
    #[error("--table {name}: {problem}")]
    Table {
        /// The table.
        name: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A statement fails.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// What the signals say does not fit together.
    #[error(transparent)]
    Matrix(#[from] MatrixError),
}

impl Signals {
    /// The signals that ship, and those of a folder, which replace those of the same name.
    ///
    /// # Errors
    /// A folder or file that cannot be read, or a header that is wrong.
    pub fn load(user_dir: Option<&Path>) -> Result<Self, SignalError> {
        let own_shared = user_dir.map(|dir| dir.join("shared")).filter(|dir| dir.is_dir());
        let signals = Catalogue::load_from(SIGNALS, user_dir)?;
        let shared = Catalogue::load_from(SHARED, own_shared.as_deref())?;
        Self::of(&signals, &shared)
    }

    /// The signals of a folder and no others: for entities that are not made of clicks.
    ///
    /// # Errors
    /// As [`load`](Self::load); a folder without signals.
    pub fn of_folder(dir: &Path) -> Result<Self, SignalError> {
        let own_shared = Some(dir.join("shared")).filter(|dir| dir.is_dir());
        let signals = Catalogue::of_folder(SIGNALS, dir)?;
        let shared = own_shared.map_or_else(|| Ok(Catalogue::default()), |dir| Catalogue::of_folder(SHARED, &dir))?;
        let found = Self::of(&signals, &shared)?;
        if found.signals.is_empty() { Err(SignalError::Empty(dir.to_owned())) } else { Ok(found) }
    }

    fn of(signals: &Catalogue, shared: &Catalogue) -> Result<Self, SignalError> {
        let text = |query: &Query| SqlText { name: format!("{}.sql", query.name), sql: query.sql.clone() };
        let of_query = |query: &Query| {
            Ok::<_, SignalError>((
                query.name.clone(),
                SignalQuery { signal: header::signal(query)?, text: text(query) },
            ))
        };
        let of_shared = |query: &Query| {
            Ok::<_, SignalError>((query.name.clone(), Shared { form: header::form(query)?, text: text(query) }))
        };
        Ok(Self {
            signals: signals.iter().map(of_query).collect::<Result<_, _>>()?,
            shared: shared.iter().map(of_shared).collect::<Result<_, _>>()?,
        })
    }

    /// Changes with any of the statements and what is said of the signals.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(format!("{:?}", (&self.signals, &self.shared))).into()
    }

    /// What the scorer is told of each signal, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Signal> {
        self.signals.values().map(|query| &query.signal)
    }
}

/// The statement that lists the clicks behind a signal, with the parameters `$account`, `$entity`, `$from` and `$to`; empty
/// where the signal has no condition.
fn drill_statement(by: By, condition: &str) -> String {
    if condition.is_empty() {
        return String::new();
    }
    let own = format!("account = $account AND {} = $entity AND click_time BETWEEN $from AND $to", by.id());
    let condition = condition.replace("{own}", &own);
    format!("SELECT * FROM clicks WHERE {own} AND ({condition}) ORDER BY click_time, transaction_id")
}

/// A drill statement for one entity: `$account` and `$entity` become text, `$from` and `$to` stay parameters, which every
/// statement has.
#[must_use]
pub fn drill_for(statement: &str, entity: &Entity) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    statement.replace("$account", &quoted(&entity.account)).replace("$entity", &quoted(&entity.id))
}

#[cfg(test)]
mod tests;
