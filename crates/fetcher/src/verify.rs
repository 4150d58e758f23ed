//! `fetcher verify`: do landed clicks make up what Everflow counts, by day and affiliate?
//!
//! The one check that does not rest on our own words: clicks are counted in the lake, and the counts are Everflow's. Leaves
//! the comparison to [`compare`](mod@compare).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;

use chrono::{DateTime, Utc};
use clicks::coverage::Interval;
use clicks::feed::Feed;
use clicks::lake::{Lake, LakeError};
use clicks::partition::PartitionError;
use clicks::tally::{Group, tally};
use serde_json::{Value, json};

use crate::api::{Aggregate, AggregateColumn, ApiError, ConfigError, KeyError};
use crate::args::{self, SummaryFormat, TimeError};
use crate::connect::connect;
use crate::printer::Printer;
use crate::request::Window;
use crate::status::days::measure;
use crate::summary::{count, grouped};
use crate::{Failure, Outcome};

pub mod compare;

use compare::{Check, Compared, compare};

/// How long Everflow goes on adding late rows.
const SETTLE_SECONDS: i64 = 600;
const SECONDS_OF_DAY: i64 = 86_400;
const DIFFERENCES_SHOWN: usize = 40;

/// Why nothing was compared.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// An argument.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// A range of which Everflow's counts still change.
    #[error("the range is not settled yet: Everflow goes on adding clicks for ten minutes")]
    NotYet,
    /// A feed without counts.
    #[error("Everflow has no counts for affiliate-clicks: they can be compared for a network's feeds only")]
    NoCounts,
    /// Nothing to compare.
    #[error(
        "account {0} holds no clicks of a network's feed in this range, and no coverage of one: name the feed with --source"
    )]
    NoFeed(String),
    /// The key may not have them.
    #[error("the key may not read Everflow's counts: use a network's key that may read reports")]
    Forbidden,
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The address.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Everflow.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The lake's folder.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A partition.
    #[error(transparent)]
    Partition(#[from] PartitionError),
    /// Stdout, or the machine.
    #[error("the comparison cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl Failure for VerifyError {
    fn is_broken_pipe(&self) -> bool {
        matches!(self, VerifyError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    fn code(&self) -> u8 {
        match self {
            VerifyError::Api(error) => error.exit_code(),
            VerifyError::Forbidden => 4,
            _ => crate::CODE_OF_ERRORS,
        }
    }
}

/// What the lake holds of a range.
#[derive(Debug, Default)]
struct Landed {
    counts: BTreeMap<Group, u64>,
    /// Unfiltered coverage, by feed: sorted, disjoint.
    coverage: BTreeMap<Feed, Vec<Interval>>,
    /// UTC days of which clicks were pruned.
    pruned_days: BTreeSet<i64>,
}

/// Compares.
///
/// # Errors
/// Where an argument is wrong, the lake cannot be read, or Everflow does not answer.
pub fn run(args: &args::Verify, printer: &Printer) -> Result<Outcome, VerifyError> {
    let range = args.range()?;
    let window = Window { from: range.from, to: range.to.min(Utc::now().timestamp() - SETTLE_SECONDS) };
    if window.to < window.from {
        return Err(VerifyError::NotYet);
    }
    if args.source == Some(Feed::AffiliateClicks) {
        return Err(VerifyError::NoCounts);
    }
    let client = connect::<VerifyError>(&args.everflow, |_| {}, printer)?;
    let landed = landed(&Lake::open(&args.lake)?, args, window)?;
    let checks = checks_of(args, &landed)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let columns = [AggregateColumn::Date, AggregateColumn::Affiliate];
    let everflow = runtime.block_on(client.aggregate(&columns, window, &[]))?.ok_or(VerifyError::Forbidden)?;
    let compared = compare(&checks, &landed.counts, &everflow, |day| landed.pruned_days.contains(&day));
    report(args, window, &landed, &everflow, &compared, printer)?;
    let differs = compared.iter().any(|compared| compared.difference() != 0);
    Ok(if differs || everflow.is_incomplete { Outcome::Incomplete } else { Outcome::Done })
}

fn landed(lake: &Lake, args: &args::Verify, window: Window) -> Result<Landed, VerifyError> {
    let mut landed = Landed::default();
    for file in lake.partitions()? {
        let (first, last) = file.key.period().seconds();
        if file.key.account != args.account || last < window.from || first > window.to {
            continue;
        }
        let Some(open) = lake.open_partition(&file.key)? else { continue };
        tally(&open, (window.from, window.to), &mut landed.counts)?;
        let coverage = open.coverage().clipped(first.max(window.from), last.min(window.to));
        for interval in coverage.intervals() {
            if interval.pruned {
                landed.pruned_days.insert(first.div_euclid(SECONDS_OF_DAY) * SECONDS_OF_DAY);
            }
            if interval.filters.is_empty() {
                landed.coverage.entry(interval.feed).or_default().push(interval.clone());
            }
        }
    }
    Ok(landed)
}

fn checks_of(args: &args::Verify, landed: &Landed) -> Result<Vec<Check>, VerifyError> {
    let mut feeds: BTreeSet<Feed> = landed.coverage.keys().copied().collect();
    let names = landed.counts.keys().flat_map(|group| group.feeds.split(','));
    feeds.extend(names.filter_map(|name| name.parse::<Feed>().ok()));
    if let Some(feed) = args.source {
        feeds = BTreeSet::from([feed]);
    }
    let checks = Check::of(&feeds);
    if checks.is_empty() {
        return Err(VerifyError::NoFeed(args.account.to_string()));
    }
    Ok(checks)
}

/// What the lake itself says of a difference.
fn known_reason(landed: &Landed, window: Window, compared: &Compared) -> Option<&'static str> {
    let day = Window { from: compared.day.max(window.from), to: (compared.day + SECONDS_OF_DAY - 1).min(window.to) };
    let known = compared.check.feeds().iter().map(|feed| {
        let intervals = landed.coverage.get(feed).map(Vec::as_slice).unwrap_or_default();
        measure(day, intervals, i64::MIN)
    });
    known.fold(None, |reason, known| match reason {
        Some(reason) => Some(reason),
        None if known.saturated_seconds > 0 => Some("saturated"),
        None if !known.is_complete() => Some("not covered"),
        None => None,
    })
}

fn report(
    args: &args::Verify,
    window: Window,
    landed: &Landed,
    everflow: &Aggregate,
    compared: &[Compared],
    printer: &Printer,
) -> Result<(), VerifyError> {
    match args.format {
        SummaryFormat::Json => printer.data(&to_json(args, window, landed, everflow, compared).to_string())?,
        SummaryFormat::Text => printer.data(&to_text(args, window, landed, compared))?,
    }
    if !landed.pruned_days.is_empty() {
        let days = count(landed.pruned_days.len() as u64, "day");
        printer.note(&format!("{days} left out, whose clicks were pruned"));
    }
    if everflow.is_incomplete {
        printer.warning("Everflow's counts are cut, even hour by hour: a shorter range may have them all");
    }
    if compared.iter().any(|it| it.difference() != 0 && known_reason(landed, window, it).is_none()) {
        printer.warning(
            "covered in full and still different: clicks may have come late (pull with --lookback), or Everflow counts in another way",
        );
    }
    Ok(())
}

fn to_text(args: &args::Verify, window: Window, landed: &Landed, compared: &[Compared]) -> String {
    let days: BTreeSet<i64> = compared.iter().map(|compared| compared.day).collect();
    let affiliates: BTreeSet<i64> = compared.iter().map(|compared| compared.affiliate_id).collect();
    let mut text = format!(
        "account {}, {} .. {} UTC: {} and {} compared\n",
        args.account,
        time(window.from),
        time(window.to),
        count(days.len() as u64, "day"),
        count(affiliates.len() as u64, "affiliate")
    );
    let checks: BTreeSet<Check> = compared.iter().map(|compared| compared.check).collect();
    for check in checks {
        let of_check = || compared.iter().filter(|compared| compared.check == check);
        let landed: u64 = of_check().map(|compared| compared.landed).sum();
        let least: u64 = of_check().map(|compared| compared.expected_least).sum();
        let most: u64 = of_check().map(|compared| compared.expected_most).sum();
        let differences = of_check().filter(|compared| compared.difference() != 0).count() as u64;
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "  {:<15} {:>12} landed, {} counted by Everflow: {}",
            check.name(),
            grouped(landed),
            between(least, most),
            if differences == 0 { "all agree".to_owned() } else { count(differences, "difference") }
        );
    }
    let differing: Vec<&Compared> = compared.iter().filter(|compared| compared.difference() != 0).collect();
    if !differing.is_empty() {
        let _ = writeln!(text, "\nday         clicks           landed      counted  difference  affiliate");
    }
    for it in differing.iter().take(DIFFERENCES_SHOWN) {
        let reason = known_reason(landed, window, it).map(|reason| format!(" ({reason})")).unwrap_or_default();
        let _ = writeln!(
            text,
            "{}  {:<14} {:>8} {:>12}  {:>+10}  {} {}{reason}",
            date(it.day),
            it.check.name(),
            grouped(it.landed),
            between(it.expected_least, it.expected_most),
            it.difference(),
            it.affiliate_id,
            it.affiliate_name.chars().filter(|letter| !letter.is_control()).take(40).collect::<String>(),
        );
    }
    if differing.len() > DIFFERENCES_SHOWN {
        let more = (differing.len() - DIFFERENCES_SHOWN) as u64;
        let _ = writeln!(text, "and {} more (--format json lists all)", grouped(more));
    }
    text.truncate(text.trim_end().len());
    text
}

fn to_json(args: &args::Verify, window: Window, landed: &Landed, everflow: &Aggregate, compared: &[Compared]) -> Value {
    let rows = compared.iter().filter(|compared| compared.difference() != 0).map(|it| {
        json!({
            "clicks": it.check.name(),
            "date": date(it.day),
            "affiliate_id": it.affiliate_id,
            "affiliate_name": it.affiliate_name,
            "landed": it.landed,
            "counted_least": it.expected_least,
            "counted_most": it.expected_most,
            "difference": it.difference(),
            "known_reason": known_reason(landed, window, it),
        })
    });
    json!({
        "account": args.account.as_str(),
        "from": rfc3339(window.from),
        "to": rfc3339(window.to),
        "groups_compared": compared.len(),
        "days_left_out": landed.pruned_days.iter().map(|day| date(*day)).collect::<Vec<_>>(),
        "counts_are_incomplete": everflow.is_incomplete,
        "differences": rows.collect::<Vec<_>>(),
    })
}

fn between(least: u64, most: u64) -> String {
    if least == most { grouped(most) } else { format!("{} .. {}", grouped(least), grouped(most)) }
}

fn formatted(second: i64, format: &str) -> String {
    DateTime::<Utc>::from_timestamp(second, 0).map_or_else(String::new, |time| time.format(format).to_string())
}

fn date(second: i64) -> String {
    formatted(second, "%Y-%m-%d")
}

fn time(second: i64) -> String {
    formatted(second, "%Y-%m-%d %H:%M:%S")
}

fn rfc3339(second: i64) -> String {
    formatted(second, "%Y-%m-%dT%H:%M:%SZ")
}
