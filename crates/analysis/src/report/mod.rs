//! `analyze report`: everything about a range on one page, for people who never type SQL.
//!
//! Owns what is on the page and in which order. Promises that all figures come from one version of the lake, each query
//! asked once; that the same answers give the same bytes, the time of making aside, which can be set; that the page is one
//! file that loads nothing and needs no script; that what is left out is said; and that a partner's page says nothing of
//! others. Leaves the figures to `queries/`, and scores to [`scoring`](crate::scoring).

mod affiliates;
mod args;
mod ask;
mod build;
mod charts;
mod compare;
mod model;
mod render;
mod rows;
mod sentences;
mod week;

use std::path::Path;

use chrono_tz::Tz;

use crate::delivery::metrics::MetricsError;
use crate::environment::Environment;
use crate::inquiry::{Inquiry, Opened};
use crate::output::{self, Output};
use crate::page::PageError;
use crate::printer::Printer;
use crate::run::{Outcome, RunError};
use crate::temporaries::Temporaries;

pub use args::{ReportArgs, ReportFormat};
use ask::Answers;
use build::Ranks;
pub use model::Report;

/// What a page may weigh, so that it can be mailed and opened anywhere.
const BYTES_MAX: usize = 2_000_000;

/// Fewer rows than these are no table.
const TOP_MIN: usize = 5;

/// And the fewest days.
const DAYS_MIN: usize = 31;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A template.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The file of metrics.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// `--made-at`.
    #[error("--made-at: {0}")]
    MadeAt(#[from] clicks::time_bound::TimeBoundError),
    /// More files than can be planned over in time.
    #[error(
        "planning {query} takes longer than {seconds} s: the range has very many files, or this machine is busy; name a \
         shorter range with --from and --to, or one --account"
    )]
    Planning {
        /// The query.
        query: String,
        /// How long it took.
        seconds: u64,
    },
    /// An answer of another shape than the page expects.
    #[error("internal error, please report it: {query}: {problem}")]
    Rows {
        /// The query.
        query: String,
        /// What does not fit.
        problem: String,
    },
    /// An id that several accounts have: they are different affiliates.
    #[error("affiliate {affiliate} is one in each of the accounts {accounts}: name one with --account")]
    Ambiguous {
        /// The id.
        affiliate: i64,
        /// The accounts.
        accounts: String,
    },
    /// An id that nobody has.
    #[error("affiliate {affiliate} has no clicks in this range{hint}")]
    Nobody {
        /// The id.
        affiliate: i64,
        /// What to do.
        hint: &'static str,
    },
}

/// Makes a report.
///
/// # Errors
/// [`RunError`] says what is wrong and what to do. [`RunError::Webhook`] comes after all files were written.
pub async fn report(
    args: &ReportArgs,
    environment: &Environment,
    printer: &Printer,
    temporaries: &Temporaries,
) -> Result<Outcome, RunError> {
    let made_at = args.delivery.now().map_err(ReportError::from)?;
    let webhook = args.delivery.webhook().map_err(RunError::Webhook)?;
    let templates = render::templates(args.templates.as_deref())?;
    let inquiry = Inquiry::of(&args.lake, environment, temporaries)?;
    inquiry.say_which_lake(printer);
    let files = [("--output", args.output.as_deref()), ("--metrics", args.delivery.metrics.as_deref())];
    output::refuse_same(files.into_iter())?;
    // Before the work: a folder that cannot be written to should not cost the queries first.
    let open = |path: Option<&Path>| -> Result<Option<Output>, RunError> {
        inquiry.refuse_in_lake(path)?;
        Ok(path.map(|path| Output::open(Some(path), temporaries)).transpose()?)
    };
    let output = open(args.output.as_deref())?.unwrap_or(Output::Stdout);
    let metrics = open(args.delivery.metrics.as_deref())?;

    let ranks = Ranks {
        is_partners: args.affiliate.is_some(),
        top: usize::from(args.top),
        min_clicks: args.min_clicks.unsigned_abs(),
        days: build::DAYS_MAX,
    };
    let answers = inquiry.ask(printer, |opened| look(opened, inquiry.lake_folder(), args.affiliate, ranks)).await?;
    let accounts = match args.affiliate {
        Some(affiliate) => (vec![only_account(&answers, affiliate)?], Vec::new()),
        None => build::accounts(&answers),
    };
    let zone: Tz = args.lake.timezone.parse().unwrap_or_default();
    let asked = build::Asked { args, ranks, zone, made_at, lake: inquiry.lake_name() };
    let (report, text) = fitting(&answers, &accounts, asked, &templates, BYTES_MAX)?;
    render::warnings(&report).iter().chain(&answers.notes).for_each(|note| printer.note(note));

    // Each for somebody else: one that cannot be written keeps no other from being told.
    let page = put(output, &text);
    let gauges = metrics.map_or(Ok(()), |file| put(file, &render::metrics(&report, made_at)?));
    let sent = match webhook {
        Some(webhook) => webhook.send(&render::message(&report)).await.map_err(RunError::Webhook),
        None => Ok(()),
    };
    first_problem([page, gauges, sent], printer)?;
    Ok(if args.require_complete && !report.is_complete { Outcome::Incomplete } else { Outcome::Done })
}

fn put(file: Output, text: &str) -> Result<(), RunError> {
    file.put(text.as_bytes())?;
    Ok(file.commit()?)
}

/// The first of some problems; the others are said.
fn first_problem(ended: [Result<(), RunError>; 3], printer: &Printer) -> Result<(), RunError> {
    let mut problems = ended.into_iter().filter_map(Result::err);
    let first = problems.next();
    problems.for_each(|problem| printer.error(problem));
    first.map_or(Ok(()), Err)
}

/// The report, with as many rows of long tables as fit, and then as many days.
fn fitting(
    answers: &Answers,
    accounts: &(Vec<String>, Vec<String>),
    mut asked: build::Asked<'_>,
    templates: &minijinja::Environment<'_>,
    bytes_max: usize,
) -> Result<(Report, String), ReportError> {
    let wanted = asked.ranks.top;
    loop {
        let mut report = build::report(answers, accounts.clone(), &asked);
        let top = asked.ranks.top;
        let days = asked.ranks.days;
        if top < wanted || days < build::DAYS_MAX {
            let size = bytesize::ByteSize(bytes_max as u64).display().si();
            let mut note = format!("with --top {wanted} this would be more than {size}: long tables show {top} rows");
            if days < build::DAYS_MAX {
                note.push_str(&format!(", and no more than the last {days} days"));
            }
            report.notes.insert(0, note);
        }
        let text = match asked.args.format {
            ReportFormat::Html => render::html(&report, templates, asked.args.min_clicks)?,
            ReportFormat::Markdown => render::markdown(&report, templates, asked.args.min_clicks)?,
            ReportFormat::Json => render::json(&report),
        };
        if text.len() <= bytes_max || top <= TOP_MIN && days <= DAYS_MIN {
            return Ok((report, text));
        }
        asked.ranks.top = (top / 2).max(TOP_MIN);
        if top <= TOP_MIN {
            asked.ranks.days = (days / 2).max(DAYS_MIN);
        }
    }
}

/// Asks one version of the lake. A partner's page is asked of one that holds no clicks of others, and so has no scores,
/// which compare.
async fn look(
    mut opened: Opened,
    lake: Option<&Path>,
    affiliate: Option<i64>,
    ranks: Ranks,
) -> Result<Answers, RunError> {
    if let Some(affiliate) = affiliate {
        opened.engine.keep_affiliate(affiliate)?;
    }
    ask::ask(&opened, lake, &ranks).await
}

/// The account that an affiliate belongs to. The same id in another account is another affiliate.
fn only_account(answers: &Answers, affiliate: i64) -> Result<String, ReportError> {
    let accounts: Vec<&str> = answers.figures.now.iter().map(|row| row.account.as_str()).collect();
    match accounts[..] {
        [account] => Ok(account.to_owned()),
        [] => {
            let hint = "; the id is Everflow's network_affiliate_id, and --from and --to name the range";
            Err(ReportError::Nobody { affiliate, hint })
        }
        _ => Err(ReportError::Ambiguous { affiliate, accounts: accounts.join(", ") }),
    }
}

#[cfg(test)]
mod tests;
