//! `fetcher status`: what the lake is known to hold completely, by account, feed and day.
//!
//! Reads the footers of the partitions, and no clicks. Leaves to `days` what intervals say of a day, and to
//! `calendar` how a person reads it.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use clicks::coverage::Interval;
use clicks::feed::Feed;
use clicks::lake::{Account, Lake, LakeError, PartitionFile};
use clicks::partition::PartitionError;
use serde_json::{Value, json};

use crate::args::{self, SummaryFormat, TimeError};
use crate::printer::Printer;
use crate::request::Window;
use crate::{Failure, Outcome};

mod calendar;
pub mod days;

use days::{Day, Known, days_of, expiry, measure, retained_from};

/// How long Everflow goes on adding late rows: nothing younger can be covered, or is a gap.
const SETTLE_SECONDS: i64 = 600;

/// Why there is no status.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// An argument.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// A range of which nothing can be known yet.
    #[error("the range begins at {0}, which is not settled yet: nothing of it can be covered")]
    NotYet(String),
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
    /// A partition.
    #[error(transparent)]
    Partition(#[from] PartitionError),
    /// Stdout.
    #[error("the status cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl Failure for StatusError {
    fn is_broken_pipe(&self) -> bool {
        matches!(self, StatusError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// What is known of a lake.
#[derive(Debug)]
pub struct Status {
    /// The time of asking, in seconds since 1970.
    pub now: i64,
    /// The accounts asked for, by name.
    pub accounts: Vec<AccountStatus>,
}

/// What is known of an account.
#[derive(Debug)]
pub struct AccountStatus {
    /// The account.
    pub account: Account,
    /// All its clicks, in any range.
    pub clicks: u64,
    /// The first and the last UTC date that it has a partition of.
    pub dates: Option<(NaiveDate, NaiveDate)>,
    /// What it has coverage of, by feed and filters.
    pub feeds: Vec<FeedStatus>,
}

/// What is known of a feed, asked with some filters or none.
#[derive(Debug)]
pub struct FeedStatus {
    /// The feed.
    pub feed: Feed,
    /// The filters, as `TYPE=VALUE`.
    pub filters: Vec<String>,
    /// The range.
    pub window: Window,
    /// Of the range as a whole.
    pub known: Known,
    /// Of each day.
    pub days: Vec<(Day, Known)>,
}

/// Says what the lake covers.
///
/// # Errors
/// Where an argument is wrong, or the lake or one of its footers cannot be read.
pub fn run(args: &args::Status, printer: &Printer) -> Result<Outcome, StatusError> {
    let now = Utc::now().timestamp();
    let lake = Lake::open(&args.lake)?;
    let status = of_lake(args, &lake, now)?;
    match args.format {
        SummaryFormat::Json => printer.data(&to_json(args, &status).to_string())?,
        SummaryFormat::Text => {
            let text =
                calendar::render(&status, calendar::Look { zone: args.zone.timezone, is_coloured: may_colour() });
            if !text.is_empty() {
                printer.data(&text)?;
            }
        }
    }
    if status.accounts.is_empty() {
        printer.note(&format!("the lake {} holds nothing yet (see: fetcher land --help)", args.lake.display()));
    }
    let feeds = || status.accounts.iter().map(|account| &account.feeds);
    let is_complete = feeds().all(|feeds| !feeds.is_empty() && feeds.iter().all(|feed| feed.known.is_complete()));
    let is_complete = is_complete && !status.accounts.is_empty();
    Ok(if args.require_complete && !is_complete { Outcome::Incomplete } else { Outcome::Done })
}

/// Colour is for people at a terminal who did not refuse it.
fn may_colour() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal() && !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

pub(crate) fn of_lake(args: &args::Status, lake: &Lake, now: i64) -> Result<Status, StatusError> {
    let (from, to) = args.range()?;
    let settled = now - SETTLE_SECONDS;
    if let Some(from) = from.filter(|from| *from > settled) {
        return Err(StatusError::NotYet(rfc3339(from)));
    }
    let mut by_account: BTreeMap<Account, Vec<PartitionFile>> = BTreeMap::new();
    for file in lake.partitions()? {
        by_account.entry(file.key.account.clone()).or_default().push(file);
    }
    if let Some(asked) = args.account.as_ref().filter(|asked| !by_account.contains_key(*asked)) {
        let names: Vec<&str> = by_account.keys().map(Account::as_str).collect();
        let found = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(StatusError::NoAccount { asked: asked.clone(), found });
    }
    by_account.retain(|account, _| args.account.as_ref().is_none_or(|asked| asked == account));
    let of = |(account, files)| of_account(lake, account, files, (from, to), settled, args, now);
    let accounts = by_account.into_iter().map(of).collect::<Result<_, _>>()?;
    Ok(Status { now, accounts })
}

type Series = (Feed, Vec<String>);

fn of_account(
    lake: &Lake,
    account: Account,
    files: Vec<PartitionFile>,
    asked: (Option<i64>, Option<i64>),
    settled: i64,
    args: &args::Status,
    now: i64,
) -> Result<AccountStatus, StatusError> {
    let mut clicks = 0;
    let mut series: BTreeMap<Series, Vec<Interval>> = BTreeMap::new();
    for file in &files {
        let Some(footer) = lake.footer(&file.key)? else { continue };
        clicks += footer.rows as u64;
        // What a partition says of another's time is not its own to say.
        let (first, last) = file.key.period().seconds();
        for interval in footer.coverage.clipped(first, last).intervals() {
            series.entry((interval.feed, interval.filters.clone())).or_default().push(interval.clone());
        }
    }
    let dates = files.first().map(|file| file.key.date).zip(files.last().map(|file| file.key.date));
    let begin = files.first().map_or(settled, |file| file.key.period().seconds().0);
    let (from, to) = (asked.0.unwrap_or(begin), asked.1.unwrap_or(settled).min(settled));
    let of_series = |((feed, filters), intervals): (Series, Vec<Interval>)| {
        let window = Window { from, to };
        let days = days_of(window, args.zone.timezone).into_iter();
        let retained_from = retained_from(now);
        let days: Vec<_> = days.map(|day| (day, measure(day.window, &intervals, retained_from))).collect();
        let known = measure(window, &intervals, retained_from);
        FeedStatus { feed, filters, window, known, days }
    };
    let feeds = series.into_iter().filter(|_| from <= to).map(of_series).collect();
    Ok(AccountStatus { account, clicks, dates, feeds })
}

fn rfc3339(second: i64) -> String {
    let time = DateTime::<Utc>::from_timestamp(second, 0);
    time.map_or_else(String::new, |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

fn to_json(args: &args::Status, status: &Status) -> Value {
    let feed_json = |feed: &FeedStatus| {
        let days = feed.days.iter().map(|(day, known)| {
            let mut value = known_json(known, day.window, status.now);
            value["date"] = json!(day.date.to_string());
            value
        });
        let days: Vec<Value> = days.collect();
        let mut value = known_json(&feed.known, feed.window, status.now);
        value["feed"] = json!(feed.feed.name());
        value["filters"] = json!(feed.filters);
        value["days"] = json!(days);
        value
    };
    let account_json = |account: &AccountStatus| {
        json!({
            "account": account.account.as_str(),
            "clicks": account.clicks,
            "feeds": account.feeds.iter().map(feed_json).collect::<Vec<_>>(),
        })
    };
    json!({
        "lake": args.lake.display().to_string(),
        "now": rfc3339(status.now),
        "timezone": args.zone.timezone.name(),
        "retained_from": rfc3339(retained_from(status.now)),
        "accounts": status.accounts.iter().map(account_json).collect::<Vec<_>>(),
    })
}

#[allow(clippy::cast_precision_loss, reason = "a share of seconds needs no more than 52 bits")]
fn known_json(known: &Known, window: Window, now: i64) -> Value {
    let expiry = known.first_missing.map(|second| expiry(second, now));
    let gaps = known.gaps.iter().map(|gap| json!({ "from": rfc3339(gap.from), "to": rfc3339(gap.to) }));
    json!({
        "from": rfc3339(window.from),
        "to": rfc3339(window.to),
        "seconds": known.seconds,
        "covered_seconds": known.covered_seconds,
        "covered_share": known.covered_seconds as f64 / known.seconds.max(1) as f64,
        "pruned_seconds": known.pruned_seconds,
        "saturated_seconds": known.saturated_seconds,
        "expired_seconds": known.expired_seconds,
        "rows": known.rows,
        "rows_are_estimated": known.rows_are_estimated,
        "gaps": gaps.collect::<Vec<_>>(),
        "first_expiry": expiry.map(|(time, _)| rfc3339(time)),
        "days_until_expiry": expiry.map(|(_, days)| days),
    })
}
