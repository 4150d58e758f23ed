//! What a shell offers as the value of an argument, besides what clap knows: `source <(COMPLETE=bash analyze)`.
//!
//! Looked up while somebody waits after a Tab: what cannot be found quickly and locally is not offered.

use std::ffi::OsStr;
use std::path::Path;

use clap_complete::CompletionCandidate;
use clap_complete::engine::{PathCompleter, ValueCompleter};

use clicks::lake::Place;

use crate::catalogue::Catalogue;
use crate::engine::snapshot::Snapshot;
use crate::environment::Environment;
use crate::request::{LakeChoice, choose_lake};

/// The queries that ship, with their titles.
pub(crate) fn queries() -> Vec<CompletionCandidate> {
    let catalogue = Catalogue::load(None).ok();
    let each = catalogue.iter().flat_map(Catalogue::iter);
    each.map(|query| CompletionCandidate::new(&query.name).help(Some(query.title.clone().into()))).collect()
}

/// The queries that ship, and files of others.
pub(crate) fn queries_and_files(typed: &OsStr) -> Vec<CompletionCandidate> {
    let begins = |candidate: &CompletionCandidate| {
        candidate.get_value().to_string_lossy().starts_with(typed.to_string_lossy().as_ref())
    };
    let is_sql = |path: &Path| path.extension().is_some_and(|extension| extension == "sql");
    let files = PathCompleter::any().filter(is_sql).complete(typed);
    queries().into_iter().filter(begins).chain(files).collect()
}

/// The names of the IANA database.
pub(crate) fn time_zones() -> Vec<CompletionCandidate> {
    chrono_tz::TZ_VARIANTS.iter().map(|zone| CompletionCandidate::new(zone.name())).collect()
}

/// The accounts of the lake that is asked where none is named, unless it lies in a bucket.
pub(crate) fn accounts() -> Vec<CompletionCandidate> {
    let snapshot = match choose_lake(None, &Environment::read()) {
        Ok(LakeChoice::Named(place @ Place::Folder(_))) => Snapshot::open(&place).ok(),
        Ok(LakeChoice::Sample) => Some(Snapshot::of_sample()),
        _ => None,
    };
    snapshot.iter().flat_map(Snapshot::accounts).map(CompletionCandidate::new).collect()
}
