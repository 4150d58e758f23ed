//! `analyze blocklist`, from its arguments to the list.

use std::collections::BTreeMap;
use std::path::PathBuf;

use arrow::array::{AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use clap::{Args, ValueEnum};
use clicks::feed::Feed;
use datafusion::common::ScalarValue;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use serde::Deserialize;

use super::statements::{candidates, judged, marked, text, view_of};
use super::{BlocklistError, By};
use crate::args::LakeArgs;
use crate::engine::Engine;
use crate::engine::statement::Parameters;
use crate::environment::Environment;
use crate::evidence::reason::{self, Reason};
use crate::evidence::records;
use crate::formats::{self, Format, FormatError, Meta};
use crate::inquiry::{Inquiry, Opened};
use crate::output::Output;
use crate::printer::Printer;
use crate::run::{Outcome, RunError, with_first_batch};
use crate::suggestion::closest;
use crate::temporaries::Temporaries;

/// How a blocklist is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum BlocklistFormat {
    /// One value a line, exactly as it came, to paste
    Text,
    /// What blocking each value would have cost, and why to
    #[default]
    Csv,
    /// The same, as objects
    Json,
}

/// Values that a network can block
#[derive(Debug, Clone, Args)]
pub struct BlocklistArgs {
    /// What to block
    #[arg(long, value_enum)]
    pub by: By,
    /// Only this affiliate's clicks: for controls that apply to it alone
    #[arg(long, value_name = "ID")]
    pub affiliate: Option<i64>,
    /// The lake.
    #[command(flatten)]
    pub lake: LakeArgs,
    /// Hide values with fewer clicks
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub min_clicks: i64,
    /// Hide values with a smaller share of bad clicks
    #[arg(long, value_name = "SHARE", default_value_t = 0.9)]
    pub min_share: f64,
    /// List values with up to so many conversions, too; they come last
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub max_conversions: i64,
    /// List values with a warning, too, such as addresses of mobile carriers; they come last
    #[arg(long)]
    pub include_shared: bool,
    /// Only this reason makes a click bad; may be repeated; by default all do
    #[arg(long = "reason", value_name = "NAME")]
    pub only: Vec<String>,
    /// A folder of your own reasons, which come in addition or replace (see docs/evidence.md)
    #[arg(long, value_name = "DIR")]
    pub reasons: Option<PathBuf>,
    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    pub format: BlocklistFormat,
    /// Write to a file, which appears only once it is whole
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Leave text cells of the CSV as they are, even where a spreadsheet would run them
    #[arg(long)]
    pub raw: bool,
    /// Exit with 3 where the feeds of all clicks do not cover the whole range
    #[arg(long)]
    pub require_complete: bool,
}

/// What is not on the list, and why.
#[derive(Debug, Clone, Default, Deserialize)]
struct Counts {
    candidates: u64,
    /// Those of what is listed.
    accounts: u64,
    /// Whose those are that are listed; any of several.
    #[serde(default)]
    account: Option<String>,
    converting: u64,
    shared: u64,
    broken: u64,
    /// Of which no click says whether it converted, of those that are listed.
    unknown_conversions: u64,
    /// Likewise: affiliates or user agents.
    unknown_sharing: u64,
}

/// Clicks that no value stands for.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct LeftOut {
    masked: u64,
    no_address: u64,
    empty: u64,
}

/// Clicks in the range, and those of them that a rate can rest on.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct Rated {
    clicks: u64,
    rated: u64,
}

/// What a lake gave.
struct Found {
    engine: Engine,
    rows: SendableRecordBatchStream,
    notes: Vec<String>,
    is_complete: bool,
}

/// Runs the command.
///
/// # Errors
/// [`RunError`] says what is wrong and what to do.
pub async fn run(
    args: &BlocklistArgs,
    environment: &Environment,
    printer: &Printer,
    temporaries: &Temporaries,
) -> Result<Outcome, RunError> {
    if !(0.0..=1.0).contains(&args.min_share) {
        return Err(BlocklistError::Share(args.min_share).into());
    }
    if args.format == BlocklistFormat::Text && !args.by.is_address() && args.affiliate.is_none() {
        return Err(BlocklistError::WhoseSource(args.by.name()).into());
    }
    let inquiry = Inquiry::of(&args.lake, environment, temporaries)?;
    let all = reason::load(args.reasons.as_deref())?;
    let reasons = chosen(&all, &args.only)?;
    inquiry.say_which_lake(printer);
    inquiry.refuse_in_lake(args.output.as_deref())?;
    let output = Output::open(args.output.as_deref(), temporaries)?;
    let found = inquiry.ask(printer, |opened| find(opened, args, &reasons)).await?;
    found.notes.iter().for_each(|note| printer.note(note));
    let failed = |error| match error {
        FormatError::Query(error) => RunError::Engine(found.engine.explain(&text("list", LIST.to_owned()), &error)),
        other => RunError::Format(other),
    };
    let rows = match args.format {
        BlocklistFormat::Text => write_text(found.rows, &output).await?.map_err(failed)?,
        BlocklistFormat::Csv | BlocklistFormat::Json => {
            let format = if args.format == BlocklistFormat::Csv { Format::Csv } else { Format::Json };
            let options = formats::Options { raw: args.raw, ..formats::Options::default() };
            let written = formats::write(format, found.rows, &Meta::default(), &options, output.writer()?).await;
            written.map_err(failed)?.rows
        }
    };
    output.commit()?;
    if rows == 0 {
        printer.note(format_args!(
            "nothing to block: no {} with at least {} clicks of which {} are bad (--min-clicks, --min-share)",
            args.by.name(),
            args.min_clicks,
            crate::page::percent_of(args.min_share)
        ));
    }
    Ok(if args.require_complete && !found.is_complete { Outcome::Incomplete } else { Outcome::Done })
}

/// The reasons that count.
fn chosen<'a>(all: &'a [Reason], only: &[String]) -> Result<Vec<&'a Reason>, BlocklistError> {
    if only.is_empty() {
        return Ok(all.iter().collect());
    }
    let find = |wanted: &String| {
        all.iter().find(|reason| reason.name == *wanted).ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|reason| reason.name.as_str()).collect();
            let hint = match closest(wanted, names.iter().copied()) {
                Some(similar) => format!("did you mean {similar}?"),
                None => format!("there are {}", names.join(", ")),
            };
            BlocklistError::UnknownReason { wanted: wanted.clone(), hint }
        })
    };
    only.iter().map(find).collect()
}

async fn find(mut opened: Opened, args: &BlocklistArgs, reasons: &[&Reason]) -> Result<Found, RunError> {
    let mut parameters = opened.range_parameters();
    for (index, reason) in reasons.iter().enumerate() {
        let range = opened.range_parameters();
        reason::define(&mut opened.engine, &view_of(index), reason, &range)?;
    }
    parameters.insert("affiliate".to_owned(), ScalarValue::Int64(args.affiliate));
    parameters.insert("min_clicks".to_owned(), ScalarValue::Int64(Some(args.min_clicks)));
    parameters.insert("min_share".to_owned(), ScalarValue::Float64(Some(args.min_share)));
    parameters.insert("max_conversions".to_owned(), ScalarValue::Int64(Some(args.max_conversions)));
    parameters.insert("include_shared".to_owned(), ScalarValue::Boolean(Some(args.include_shared)));
    opened.engine.define("marked", &marked(args.by, reasons), &parameters)?;
    opened.engine.define("judged", &judged(reasons), &parameters)?;
    let kept = BTreeMap::from([("candidates", candidates(args.by, reasons))]);
    opened.engine.keep(&kept, &parameters).await?;
    let counts = one::<Counts>(&opened.engine, "counts", COUNTS, &parameters).await?;
    if args.format == BlocklistFormat::Text && counts.accounts > 1 {
        return Err(BlocklistError::WhoseAccount.into());
    }
    let mut notes = std::mem::take(&mut opened.notes);
    notes.extend(said_of_accounts(args, &counts, &opened.engine.accounts()));
    let measured =
        opened.engine.completeness(&[vec![Feed::NetworkClicks, Feed::AffiliateClicks]], opened.seconds).await?;
    let is_complete = !measured.is_empty() && measured.iter().all(|account| account.is_complete());
    notes.extend(measured.iter().filter(|account| !account.is_complete()).map(ToString::to_string));
    notes.extend(said_of_unrated(one::<Rated>(&opened.engine, "no_denominator", NO_DENOMINATOR, &parameters).await?));
    notes.extend(said_of(args, &counts));
    notes.extend(said_of_unknown(args, &counts));
    if args.by.is_address() {
        let left_out =
            one::<LeftOut>(&opened.engine, "left_out", &LEFT_OUT.replace("{value}", args.by.value()), &parameters)
                .await?;
        notes.extend(said_of_addresses(args.by, left_out));
    }
    notes.extend(opened.engine.absent_columns());
    let list = text("list", LIST.to_owned());
    let rows = opened.engine.query(&list, &parameters).await?.rows;
    // Once the first rows are there, no replaced file can stop the rest.
    let rows = with_first_batch(rows).await.map_err(|error| opened.engine.explain(&list, &error))?;
    Ok(Found { engine: opened.engine, rows, notes, is_complete })
}

async fn one<T: serde::de::DeserializeOwned + Default>(
    engine: &Engine,
    name: &str,
    sql: &str,
    parameters: &Parameters,
) -> Result<T, RunError> {
    let rows: Vec<T> = records(engine, &text(name, sql.to_owned()), parameters).await?;
    Ok(rows.into_iter().next().unwrap_or_default())
}

/// Of refused clicks alone every source looks bad.
fn said_of_unrated(Rated { clicks, rated }: Rated) -> Option<String> {
    let unrated = clicks.saturating_sub(rated);
    (unrated > 0).then(|| {
        format!(
            "{unrated} of {clicks} clicks are left out: of their time no feed of all clicks was fetched, so what blocking would cost \
             is not known (see: fetcher pull --source network-clicks)"
        )
    })
}

/// What is kept out of a list, or in it with a doubt.
fn said_of(args: &BlocklistArgs, counts: &Counts) -> Vec<String> {
    let mut said = Vec::new();
    if counts.converting > 0 {
        said.push(format!(
            "{} of {} bad values are left out, for they had more than {} conversions (--max-conversions)",
            counts.converting, counts.candidates, args.max_conversions
        ));
    }
    match (counts.shared, args.include_shared) {
        (0, _) => {}
        (shared, false) => said.push(format!(
            "{shared} of {} bad values are left out, for many people may share them (--include-shared lists them, with the warning)",
            counts.candidates
        )),
        (1, true) => said.push("1 value carries a warning: many people may share it (see --format csv)".to_owned()),
        (shared, true) => said.push(format!(
            "{shared} values, the last ones, carry a warning: many people may share them (see --format csv)"
        )),
    }
    if args.format == BlocklistFormat::Text && counts.broken > 0 {
        said.push(format!("{} values with a line break are left out of the text (see --format csv)", counts.broken));
    }
    said
}

/// What protects nobody here, for the feed does not say it.
fn said_of_unknown(args: &BlocklistArgs, counts: &Counts) -> Vec<String> {
    let mut said = Vec::new();
    let values =
        |number: u64| if number == 1 { "1 listed value".to_owned() } else { format!("{number} listed values") };
    if counts.unknown_conversions > 0 {
        said.push(format!(
            "whether clicks converted is not known of {}: --max-conversions keeps none of them out",
            values(counts.unknown_conversions)
        ));
    }
    if args.by.is_address() && counts.unknown_sharing > 0 {
        said.push(format!(
            "the clicks of {} name no user agents, or no affiliates: that many people share them would not be seen",
            values(counts.unknown_sharing)
        ));
    }
    said
}

/// Bare values do not say whose they are.
fn said_of_accounts(args: &BlocklistArgs, counts: &Counts, all: &[&str]) -> Option<String> {
    let is_open = args.format == BlocklistFormat::Text && args.lake.account.is_none() && all.len() > 1;
    let account = counts.account.as_ref().filter(|_| is_open)?;
    Some(format!("all values are of account {account}: block them there alone"))
}

fn said_of_addresses(by: By, left_out: LeftOut) -> Vec<String> {
    let mut said = Vec::new();
    if left_out.masked > 0 {
        said.push(match by {
            By::IpPrefix => format!("{} clicks are left out: so much of their address is masked that its network is not known", left_out.masked),
            _ => format!(
                "{} clicks of masked addresses are left out: each stands for up to 256 addresses (--by ip_prefix lists their networks)",
                left_out.masked
            ),
        });
    }
    let unnamed = left_out.no_address + left_out.empty;
    if unnamed > 0 {
        said.push(format!("{unnamed} clicks are left out: they have no address, or a pseudonym or text in its place"));
    }
    said
}

/// One value a line. What has a line break cannot be a line.
async fn write_text(
    mut rows: SendableRecordBatchStream,
    output: &Output,
) -> Result<Result<u64, FormatError>, RunError> {
    let mut written = 0;
    while let Some(batch) = rows.next().await {
        let batch = match batch {
            Ok(batch) => batch,
            Err(error) => return Ok(Err(FormatError::Query(error))),
        };
        let Some(column) = batch.column_by_name("value") else { continue };
        let values = match cast(column, &DataType::Utf8) {
            Ok(values) => values,
            Err(error) => return Ok(Err(FormatError::Query(error.into()))),
        };
        let values: &StringArray = values.as_string();
        let mut lines = String::new();
        for value in values.iter().flatten().filter(|value| !value.contains(['\n', '\r'])) {
            lines.push_str(value);
            lines.push('\n');
            written += 1;
        }
        output.put(lines.as_bytes())?;
    }
    Ok(Ok(written))
}

const NO_DENOMINATOR: &str = include_str!("sql/no_denominator.sql");
const COUNTS: &str = include_str!("sql/counts.sql");
const LEFT_OUT: &str = include_str!("sql/left_out.sql");
const LIST: &str = include_str!("sql/list.sql");
