//! What the headers of signals and of the tables that they share say beside title and about.
//!
//! ```sql
//! -- title: Proxy rate
//! -- about: Share of clicks whose address the vendor flags as a proxy
//! -- family: network
//! -- kind: rate
//! -- basis: list
//! -- min_exposure: 30
//! -- reason: {observed} of the clicks come through proxies, {expected} were to be expected
//! -- drill: is_proxy
//! ```
//!
//! `kind` is `rate` (columns account, entity, x, n and, if it can be had, expected) or `shape` (account, entity, n, value;
//! larger is worse). `basis` is `behavioural` (the default) or `list`. `burst: yes` marks what an honest e-mail blast shows
//! as well. `drill` is a condition on `clicks` that finds the clicks behind the signal; in its subqueries, `{own}` stands for
//! the condition that finds the entity's clicks.

use super::SignalError;
use crate::catalogue::{Query, Shelf};
use crate::scoring::matrix::{Basis, Kind, Signal};
use crate::scoring::reasons::{placeholders, unknown_placeholder};
use crate::suggestion::closest;

/// Where signals are kept.
pub(super) const SIGNALS: Shelf =
    Shelf { folder: "signals", keys: &["family", "kind", "basis", "min_exposure", "burst", "reason", "drill"] };

/// Where the tables are kept that signals share.
pub(super) const SHARED: Shelf = Shelf { folder: "signals/shared", keys: &["kind"] };

/// What the scorer is told of a signal. `drill` is still the condition of the header.
pub(super) fn signal(query: &Query) -> Result<Signal, SignalError> {
    let said = |key: &str| query.more.get(key).map(String::as_str);
    let must = |key: &'static str| {
        said(key).ok_or_else(|| wrong(query, format!("the header has no '{key}:', which a signal needs")))
    };
    let family = must("family")?.to_owned();
    let reason = must("reason")?.to_owned();
    if let Some(unknown) = unknown_placeholder(&reason) {
        let hint = match closest(unknown, placeholders()) {
            Some(similar) => format!("did you mean {similar}?"),
            None => format!("there are {}", placeholders().collect::<Vec<_>>().join(", ")),
        };
        return Err(wrong(query, format!("nothing stands for {unknown} in the reason; {hint}")));
    }
    let kind = one_of(query, "kind", must("kind")?, &[("rate", Kind::Rate), ("shape", Kind::Shape)])?;
    let bases = [("behavioural", Basis::Behavioural), ("list", Basis::List)];
    let min_exposure = said("min_exposure").unwrap_or("0");
    let min_exposure = min_exposure.parse();
    Ok(Signal {
        name: query.name.clone(),
        family,
        kind,
        basis: one_of(query, "basis", said("basis").unwrap_or("behavioural"), &bases)?,
        is_burst: one_of(query, "burst", said("burst").unwrap_or("no"), &[("yes", true), ("no", false)])?,
        min_exposure: min_exposure.map_err(|_| wrong(query, "min_exposure is a whole number of clicks".to_owned()))?,
        reason,
        drill: said("drill").unwrap_or_default().to_owned(),
    })
}

/// How a shared table is had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Its rows are computed once per run and kept in a temporary file.
    Table,
    /// A name for a statement, whose rows are computed for each reader.
    View,
}

/// How the header of a shared table says it is had.
pub(super) fn form(query: &Query) -> Result<Form, SignalError> {
    let said = query.more.get("kind").map_or("table", String::as_str);
    one_of(query, "kind", said, &[("table", Form::Table), ("view", Form::View)])
}

fn one_of<T: Copy>(query: &Query, key: &str, value: &str, choices: &[(&str, T)]) -> Result<T, SignalError> {
    let found = choices.iter().find(|(name, _)| *name == value).map(|(_, choice)| *choice);
    found.ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        wrong(query, format!("{key} is one of {}, not '{value}'", names.join(", ")))
    })
}

fn wrong(query: &Query, problem: String) -> SignalError {
    SignalError::Signal { signal: query.name.clone(), problem }
}
