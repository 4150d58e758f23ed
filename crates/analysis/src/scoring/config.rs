//! What an analyst may set: thresholds, exposure, exceptions. The `[score]` part of `clickproof.toml`.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;

use super::matrix::{Entity, Signal};
use crate::suggestion::closest;

/// A configuration; what is not given has the value of [`Config::default`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The share of flags that may be false, 0 to 1.
    pub false_discovery_rate: f64,
    /// From this score on an entity is watched, 0 to 100.
    pub watch_score: f64,
    /// With fewer clicks an entity has insufficient data.
    pub min_clicks: u64,
    /// From this evidence on a family supports a flag, in decades.
    pub family_decades: f64,
    /// How many entities of like volume a shape is compared with.
    pub neighbours: usize,
    /// Settings of single signals, by name.
    pub signals: BTreeMap<String, SignalSettings>,
    /// Entities that are allowed what others are not.
    pub allow: Vec<Allow>,
    /// Entities with thresholds of their own.
    #[serde(rename = "override")]
    pub overrides: Vec<Override>,
}

/// Settings of a signal.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignalSettings {
    /// False: it is not used.
    pub enabled: Option<bool>,
    /// Instead of the one in its header.
    pub min_exposure: Option<u64>,
}

/// An exception, for a reason and a time.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allow {
    /// The account.
    #[serde(default = "default_account")]
    pub account: String,
    /// The entity's id, such as "1007" or "1007/21".
    pub entity: String,
    /// The families of signals that are allowed; empty: all.
    #[serde(default)]
    pub families: Vec<String>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    #[serde(deserialize_with = "date")]
    pub expires: NaiveDate,
}

/// Thresholds of one entity.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The account.
    #[serde(default = "default_account")]
    pub account: String,
    /// The entity's id.
    pub entity: String,
    /// Instead of the general one.
    pub watch_score: Option<f64>,
    /// Instead of the general one.
    pub min_clicks: Option<u64>,
}

/// The thresholds that hold for an entity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Thresholds {
    pub(super) watch_score: f64,
    pub(super) min_clicks: u64,
}

/// A configuration that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {problem}", .line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct ConfigError {
    /// The file.
    pub file: String,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong and what to do.
    pub problem: String,
}

/// The whole file: a table for each command that it concerns.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    score: Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            false_discovery_rate: 0.1,
            watch_score: 40.0,
            min_clicks: 50,
            family_decades: 4.0,
            neighbours: 200,
            signals: BTreeMap::new(),
            allow: Vec::new(),
            overrides: Vec::new(),
        }
    }
}

impl Config {
    /// Reads the text of a `clickproof.toml`; errors name `file`.
    ///
    /// # Errors
    /// What is no TOML, an unknown key, or a value out of its range.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let fail = |line, problem| ConfigError { file: file.to_owned(), line, problem };
        let read: File = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
            fail(line, with_suggestion(error.message()))
        })?;
        read.score.check().map_err(|problem| fail(None, problem))?;
        Ok(read.score)
    }

    fn check(&self) -> Result<(), String> {
        let within = |name: &str, value: f64, low: f64, high: f64| {
            let problem = || format!("score.{name} = {value}: write a number from {low} to {high}");
            (low..=high).contains(&value).then_some(()).ok_or_else(problem)
        };
        within("false_discovery_rate", self.false_discovery_rate, 0.0, 1.0)?;
        within("watch_score", self.watch_score, 0.0, 100.0)?;
        within("family_decades", self.family_decades, 0.0, 6.0)?;
        within("neighbours", self.neighbours as f64, 10.0, 100_000.0)?;
        for exception in &self.overrides {
            within("override.watch_score", exception.watch_score.unwrap_or(0.0), 0.0, 100.0)?;
        }
        let silent = self.allow.iter().find(|allow| allow.reason.trim().is_empty());
        silent.map_or(Ok(()), |allow| Err(format!("score.allow of {} has no reason: say why", allow.entity)))
    }

    /// Names in the configuration that no signal or family has, a sentence each.
    #[must_use]
    pub fn strangers(&self, signals: &[Signal]) -> Vec<String> {
        let hint = |wanted: &str, names: &mut dyn Iterator<Item = &str>| {
            closest(wanted, names).map(|name| format!("; did you mean '{name}'?")).unwrap_or_default()
        };
        let mut found = Vec::new();
        for name in self.signals.keys().filter(|name| !signals.iter().any(|signal| signal.name == **name)) {
            let hint = hint(name, &mut signals.iter().map(|signal| signal.name.as_str()));
            found.push(format!("score.signals.{name}: there is no such signal{hint}"));
        }
        for family in self.allow.iter().flat_map(|allow| &allow.families) {
            if !signals.iter().any(|signal| signal.family == *family) {
                let hint = hint(family, &mut signals.iter().map(|signal| signal.family.as_str()));
                found.push(format!("score.allow: there is no family '{family}'{hint}"));
            }
        }
        found
    }

    /// Exceptions and overrides of these entities that do nothing on a day: they name another account, or have expired; a
    /// sentence each. Those of entities that are not here say nothing of themselves: who pauses may come again.
    #[must_use]
    pub fn idle(&self, entities: &[Entity], day: NaiveDate) -> Vec<String> {
        let allowed = self.allow.iter().map(|allow| ("allow", &allow.account, &allow.entity, Some(allow.expires)));
        let overridden = self.overrides.iter().map(|own| ("override", &own.account, &own.entity, None));
        let mut found = Vec::new();
        for (key, account, id, expires) in allowed.chain(overridden) {
            let mut accounts = entities.iter().filter(|entity| entity.id == *id).map(|entity| entity.account.as_str());
            let named = format!("score.{key} of {id} in account {account} does nothing");
            if !accounts.clone().any(|own| own == account) {
                let other = accounts.next();
                found.extend(other.map(|other| format!("{named}: there is a {id} in {other} (account = \"{other}\")")));
            } else if let Some(expired) = expires.filter(|expires| *expires < day) {
                found.push(format!("{named}: it expired on {expired}"));
            }
        }
        found
    }

    /// Whether a signal is used.
    pub(super) fn uses(&self, signal: &Signal) -> bool {
        self.signals.get(&signal.name).and_then(|own| own.enabled).unwrap_or(true)
    }

    /// The least exposure with which a signal judges.
    pub(super) fn min_exposure(&self, signal: &Signal) -> u64 {
        self.signals.get(&signal.name).and_then(|own| own.min_exposure).unwrap_or(signal.min_exposure)
    }

    /// The exceptions for an entity that hold on a day.
    pub(super) fn allowed<'a>(&'a self, entity: &'a Entity, day: NaiveDate) -> impl Iterator<Item = &'a Allow> {
        self.allow
            .iter()
            .filter(move |allow| allow.entity == entity.id && allow.account == entity.account && allow.expires >= day)
    }

    pub(super) fn thresholds(&self, entity: &Entity) -> Thresholds {
        let own = |exception: &&Override| exception.entity == entity.id && exception.account == entity.account;
        let own = self.overrides.iter().find(own);
        Thresholds {
            watch_score: own.and_then(|own| own.watch_score).unwrap_or(self.watch_score),
            min_clicks: own.and_then(|own| own.min_clicks).unwrap_or(self.min_clicks),
        }
    }
}

/// serde lists what it expected instead of an unknown key, each in backquotes: the first is the stranger.
fn with_suggestion(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    let first = names.next().filter(|_| message.starts_with("unknown field"));
    let hint = first.map(|first| match closest(first, names) {
        Some(similar) => format!("unknown key '{first}'; did you mean '{similar}'?"),
        None => message.replacen("unknown field", "unknown key", 1),
    });
    hint.unwrap_or_else(|| message.to_owned())
}

fn default_account() -> String {
    "default".to_owned()
}

/// A day as TOML's own date, or as text.
fn date<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    let wrong = |text: &dyn std::fmt::Display| {
        serde::de::Error::custom(format!("'{text}' is no day: write one such as 2026-12-31"))
    };
    let text = match toml::Value::deserialize(deserializer)? {
        toml::Value::Datetime(date) => date.to_string(),
        toml::Value::String(text) => text,
        other => return Err(wrong(&other.type_str())),
    };
    text.parse().map_err(|_| wrong(&text))
}
