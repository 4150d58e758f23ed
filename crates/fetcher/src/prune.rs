//! `fetcher prune`: forgets old clicks, file by file, and says what it forgot.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use chrono::{DateTime, SecondsFormat, Utc};
use clicks::lake::{Account, Lake, LakeError};
use clicks::landing::LandingError;
use clicks::prune::{Forgotten, Pruning};
use serde_json::{Value, json};

use crate::args::{self, SummaryFormat, TimeError};
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::summary::count;
use crate::{Failure, Outcome};

/// Why pruning ended early. What was forgotten before stays forgotten; to go on, prune again.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// An argument.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// Everything, and what is yet to come.
    #[error("--before '{0}' is in the future: name a time that has passed")]
    Future(String),
    /// An account that is not there.
    #[error("the lake has no account '{asked}'; it has: {found}")]
    NoAccount {
        /// The account asked for.
        asked: Account,
        /// Those that there are.
        found: String,
    },
    /// The lake's folder.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A file.
    #[error("{0}; prune again to go on")]
    File(#[from] LandingError),
    /// Stdout.
    #[error("the clicks are forgotten, but the summary cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl Failure for PruneError {
    fn is_broken_pipe(&self) -> bool {
        matches!(self, PruneError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Forgets.
///
/// # Errors
/// Where an argument is wrong, or a file cannot be read or replaced.
pub fn run(args: &args::Prune, printer: &Printer) -> Result<Outcome, PruneError> {
    let interrupt = Interrupt::listen();
    let before = args.before()?;
    if before > Utc::now().timestamp() {
        return Err(PruneError::Future(args.before.clone()));
    }
    let lake = Lake::open(&args.which.lake)?;
    let mut forgotten = accounts_of(&lake, args.account.as_ref())?;
    let pruning = Pruning::new(&lake, before, args.which.lock_timeout, args.dry_run);
    for file in lake.partitions()? {
        let Some(of_account) = forgotten.get_mut(&file.key.account).filter(|_| !interrupt.is_set()) else { continue };
        *of_account += pruning.partition(&file)?;
    }
    for file in lake.quarantine_files()? {
        let Some(of_account) = forgotten.get_mut(&file.account).filter(|_| !interrupt.is_set()) else { continue };
        *of_account += pruning.quarantine_file(&file)?;
    }
    let before = DateTime::<Utc>::from_timestamp(before, 0);
    let before = before.map_or_else(String::new, |time| time.to_rfc3339_opts(SecondsFormat::Secs, true));
    match args.format {
        SummaryFormat::Json => printer.data(&to_json(args, &before, &forgotten).to_string())?,
        SummaryFormat::Text => printer.talk(&to_text(args, &before, &forgotten)),
    }
    let undated: u64 = forgotten.values().map(|of_account| of_account.quarantined_undated).sum();
    if undated > 0 {
        printer.warning(&format!(
            "{} in quarantine without any time stay; find them with: analyze sql 'SELECT * FROM quarantine WHERE observed_at IS NULL'",
            count(undated, "row")
        ));
    }
    if interrupt.is_set() {
        printer.warning("interrupted; what was forgotten stays so: prune again to go on");
        return Ok(Outcome::Interrupted);
    }
    Ok(Outcome::Done)
}

/// The accounts that are meant, nothing of which is forgotten yet.
fn accounts_of(lake: &Lake, asked: Option<&Account>) -> Result<BTreeMap<Account, Forgotten>, PruneError> {
    let with_clicks = lake.partitions()?.into_iter().map(|file| file.key.account);
    let with_quarantine = lake.quarantine_files()?.into_iter().map(|file| file.account);
    let mut accounts: BTreeMap<Account, Forgotten> =
        with_clicks.chain(with_quarantine).map(|account| (account, Forgotten::default())).collect();
    if let Some(asked) = asked.filter(|asked| !accounts.contains_key(*asked)) {
        let names: Vec<&str> = accounts.keys().map(Account::as_str).collect();
        let found = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(PruneError::NoAccount { asked: asked.clone(), found });
    }
    accounts.retain(|account, _| asked.is_none_or(|asked| asked == account));
    Ok(accounts)
}

fn to_text(args: &args::Prune, before: &str, forgotten: &BTreeMap<Account, Forgotten>) -> String {
    let verb = if args.dry_run { "would forget" } else { "forgot" };
    let mut text = format!("{verb} what is older than {before} in {}\n", args.which.lake.display());
    for (account, of_account) in forgotten {
        let Forgotten { clicks, partitions, quarantined, .. } = *of_account;
        let mut line = format!("account {account}: {}", count(clicks, "click"));
        if clicks > 0 {
            // Writing to a String cannot fail.
            let _ = write!(line, " of {}, whose coverage stays", count(partitions, "partition"));
        }
        let _ = writeln!(text, "  {line}; {} in quarantine", count(quarantined, "row"));
    }
    if forgotten.is_empty() {
        text.push_str("  the lake holds nothing");
    }
    text.truncate(text.trim_end().len());
    text
}

fn to_json(args: &args::Prune, before: &str, forgotten: &BTreeMap<Account, Forgotten>) -> Value {
    let accounts = forgotten.iter().map(|(account, of_account)| {
        json!({
            "account": account.as_str(),
            "clicks": of_account.clicks,
            "partitions": of_account.partitions,
            "rows_quarantined": of_account.quarantined,
            "rows_quarantined_undated": of_account.quarantined_undated,
        })
    });
    let accounts: Vec<Value> = accounts.collect();
    json!({ "before": before, "dry_run": args.dry_run, "accounts": accounts })
}
