//! `analyze evidence`, from its arguments to its files.

use std::path::{Path, PathBuf};

use clap::Args;
use datafusion::execution::SendableRecordBatchStream;

use super::EvidenceError;
use super::document::{self, CaseFile};
use super::facts::Kind;
use super::gather::{Wanted, gather, transactions};
use super::reason::{self, Reason};
use super::render::{CaseFormat, render};
use crate::args::LakeArgs;
use crate::engine::Engine;
use crate::engine::sql_error::SqlText;
use crate::environment::Environment;
use crate::formats::{self, Format, FormatError, Meta};
use crate::inquiry::{Inquiry, Opened};
use crate::output::Output;
use crate::printer::Printer;
use crate::run::{Outcome, RunError, with_first_batch};
use crate::temporaries::Temporaries;

/// The case file of an affiliate or an offer
#[derive(Debug, Clone, Args)]
#[command(group(clap::ArgGroup::new("subject").required(true)))]
pub struct EvidenceArgs {
    /// The affiliate's id; with --account where several accounts have it
    #[arg(long, value_name = "ID", group = "subject")]
    pub affiliate: Option<i64>,
    /// The offer's id, likewise
    #[arg(long, value_name = "ID", group = "subject")]
    pub offer: Option<i64>,
    /// The lake.
    #[command(flatten)]
    pub lake: LakeArgs,
    /// A folder of your own reasons, which come in addition or replace (see docs/evidence.md)
    #[arg(long, value_name = "DIR")]
    pub reasons: Option<PathBuf>,
    /// How to write the case file
    #[arg(long, value_enum, default_value_t)]
    pub format: CaseFormat,
    /// Write to a file, which appears only once it is whole
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write the implicated clicks as CSV, too: each once, with its reasons
    #[arg(long, value_name = "FILE")]
    pub transactions: Option<PathBuf>,
    /// Leave text cells of the CSV as they are, even where a spreadsheet would run them
    #[arg(long, requires = "transactions")]
    pub raw: bool,
    /// Exit with 3 where the feeds of all clicks do not cover the whole range
    #[arg(long)]
    pub require_complete: bool,
}

impl EvidenceArgs {
    fn wanted(&self) -> Wanted {
        let affiliate = self.affiliate.map(|id| Wanted { kind: Kind::Affiliate, id });
        // One of the two is required.
        affiliate.unwrap_or(Wanted { kind: Kind::Offer, id: self.offer.unwrap_or_default() })
    }
}

/// What a lake gave.
struct Found {
    file: CaseFile,
    notes: Vec<String>,
    engine: Engine,
    transactions: Option<(SqlText, SendableRecordBatchStream)>,
}

/// Runs the command.
///
/// # Errors
/// [`RunError`] says what is wrong and what to do.
pub async fn run(
    args: &EvidenceArgs,
    environment: &Environment,
    printer: &Printer,
    temporaries: &Temporaries,
) -> Result<Outcome, RunError> {
    if args.output.is_some() && args.output == args.transactions {
        return Err(EvidenceError::SameFile.into());
    }
    let inquiry = Inquiry::of(&args.lake, environment, temporaries)?;
    let reasons = reason::load(args.reasons.as_deref())?;
    inquiry.say_which_lake(printer);
    for output in [&args.output, &args.transactions] {
        inquiry.refuse_in_lake(output.as_deref())?;
    }
    let output = Output::open(args.output.as_deref(), temporaries)?;
    let list = match args.transactions.as_deref() {
        Some(path) => Some(Output::open(Some(path), temporaries)?),
        None => None,
    };
    let found = inquiry.ask(printer, |opened| find(opened, inquiry.lake_folder(), args, &reasons)).await?;
    found.notes.iter().for_each(|note| printer.note(note));
    let text = render(&found.file, args.format).map_err(EvidenceError::from)?;
    output.put(text.as_bytes())?;
    if let (Some(list), Some((text, rows))) = (list, found.transactions) {
        let options = formats::Options { raw: args.raw, ..formats::Options::default() };
        let written = formats::write(Format::Csv, rows, &Meta::default(), &options, list.writer()?).await;
        let written = written.map_err(|error| match error {
            FormatError::Query(error) => RunError::Engine(found.engine.explain(&text, &error)),
            other => RunError::Format(other),
        })?;
        list.commit()?;
        let path = args.transactions.as_deref().unwrap_or(Path::new(""));
        printer.note(format_args!("{} implicated clicks are in {}", written.rows, path.display()));
    }
    output.commit()?;
    Ok(if args.require_complete && !found.file.completeness.is_complete { Outcome::Incomplete } else { Outcome::Done })
}

async fn find(
    mut opened: Opened,
    lake: Option<&Path>,
    args: &EvidenceArgs,
    reasons: &[Reason],
) -> Result<Found, RunError> {
    let facts = gather(&mut opened, lake, args.wanted(), reasons).await?;
    let mut list = None;
    if args.transactions.is_some() {
        let (text, rows) = transactions(&opened).await?;
        // Once the first rows are there, no replaced file can stop the rest.
        let rows = with_first_batch(rows).await.map_err(|error| opened.engine.explain(&text, &error))?;
        list = Some((text, rows));
    }
    let mut notes = opened.notes;
    notes.extend(opened.engine.absent_columns());
    Ok(Found { file: document::write(&facts), notes, engine: opened.engine, transactions: list })
}
