//! `analyze backtest`: what two configurations would have flagged, day by day.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::Date32Type;
use chrono_tz::Tz;

use super::command::{load_signals, write};
use super::history::History;
use super::labels::Labels;
use super::table::verdict;
use super::windows::{Scored, Windows, days, of_window};
use super::{ScorecardError, folder_beside, read_config};
use crate::args::BacktestArgs;
use crate::environment::Environment;
use crate::inquiry::{Inquiry, Opened};
use crate::output::Output;
use crate::page::many;
use crate::printer::Printer;
use crate::run::{Outcome, RunError, refuse_binary_on_terminal};
use crate::scoring::{Score, Tier, Verdict};
use crate::temporaries::Temporaries;

/// A day under both configurations.
struct Day {
    a: Scored,
    b: Scored,
}

/// Compares.
///
/// # Errors
/// [`RunError`] says what is wrong and what to do.
pub async fn command(
    args: &BacktestArgs,
    environment: &Environment,
    printer: &Printer,
    temporaries: &Temporaries,
) -> Result<Outcome, RunError> {
    let asked = &args.signals;
    let [a, b] = args.configs.as_slice() else { return Err(ScorecardError::Configs.into()) };
    let configs = [read_config(Some(a))?, read_config(Some(b))?];
    let signals = load_signals(asked)?;
    let labels =
        args.labels.as_deref().map(Labels::read).transpose().map_err(ScorecardError::from)?.unwrap_or_default();
    let inquiry = Inquiry::of(&asked.lake, environment, temporaries)?;
    refuse_binary_on_terminal(asked.format, asked.output.as_deref())?;
    if asked.tables.is_empty() {
        inquiry.say_which_lake(printer);
    }
    inquiry.refuse_in_lake(asked.output.as_deref())?;
    let output = Output::open(asked.output.as_deref(), temporaries)?;
    let folder = inquiry.lake_folder().map(folder_beside);
    let history = folder.map(|folder| History::read(&folder, &asked.by.to_string())).transpose()?.unwrap_or_default();
    let windows = configs.each_ref().map(|config| Windows {
        signals: &signals,
        by: asked.by,
        config,
        labels: &labels,
        tables: &asked.tables,
    });
    let zone: Tz = asked.lake.timezone.parse().unwrap_or(chrono_tz::UTC);
    let (found, mut notes) = inquiry.ask(printer, |opened| compare(opened, &windows, zone, &history)).await?;
    notes.extend([(a, true), (b, false)].map(|(path, is_a)| summary(&path.display().to_string(), &found, is_a)));
    let differing = found.iter().flat_map(Day::pairs).filter(|(_, a, b)| is_flag(a) != is_flag(b)).count();
    notes.push(format!("they differ on {differing} of these flags"));
    notes.iter().for_each(|note| printer.note(note));
    write(batch(&found), "Backtest", notes, asked, environment, printer, &output).await?;
    output.commit()?;
    Ok(Outcome::Done)
}

async fn compare(
    mut opened: Opened,
    [a, b]: &[Windows<'_>; 2],
    zone: Tz,
    kept: &History,
) -> Result<(Vec<Day>, Vec<String>), RunError> {
    // Each configuration has a past of its own: what it made of the days before.
    let (mut past_a, mut past_b) = (kept.clone(), kept.clone());
    let mut found = Vec::new();
    for (day, seconds) in days(opened.seconds, zone) {
        let parameters = of_window(opened.range_parameters(), seconds);
        let matrix = a.matrix(&mut opened, &parameters).await?;
        let scored_a = a.score(seconds, Some(day), matrix.clone(), &past_a);
        let scored_b = b.score(seconds, Some(day), matrix, &past_b);
        past_a.push(scored_a.window());
        past_b.push(scored_b.window());
        found.push(Day { a: scored_a, b: scored_b });
    }
    Ok((found, std::mem::take(&mut opened.notes)))
}

impl Day {
    /// Entities that either configuration flags: row, and what each says.
    fn pairs(&self) -> impl Iterator<Item = (usize, &Score, &Score)> {
        let both = self.a.scores.entities.iter().zip(&self.b.scores.entities).enumerate();
        both.map(|(row, (a, b))| (row, a, b)).filter(|(_, a, b)| is_flag(a) || is_flag(b))
    }
}

fn is_flag(score: &Score) -> bool {
    score.tier == Tier::Flag
}

/// What one configuration flagged, and how far that agrees with verdicts.
fn summary(name: &str, days: &[Day], is_a: bool) -> String {
    let (mut flags, mut frauds, mut cleared) = (0, 0, 0);
    let mut entities = std::collections::HashSet::new();
    for day in days {
        for (row, a, b) in day.pairs().filter(|(_, a, b)| is_flag(if is_a { a } else { b })) {
            let score = if is_a { a } else { b };
            flags += 1;
            entities.insert((&score.entity.account, &score.entity.id));
            match day.a.verdicts[row] {
                Some(Verdict::Fraud) => frauds += 1,
                Some(Verdict::Cleared) => cleared += 1,
                None => {}
            }
        }
    }
    let precision = match frauds + cleared {
        0 => "no verdict on any of them".to_owned(),
        all => format!("precision {:.0} % of the {all} with a verdict", 100.0 * f64::from(frauds) / f64::from(all)),
    };
    let letter = if is_a { 'A' } else { 'B' };
    let (flags, days) = (many(flags, "flag"), many(days.len(), "day"));
    let whose = if entities.len() == 1 { "entity" } else { "entities" };
    format!("{letter} ({name}): {flags} of {} {whose} on {days}; {precision}", entities.len())
}

fn batch(days: &[Day]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let rows: Vec<(&Day, usize, &Score, &Score)> =
        days.iter().flat_map(|day| day.pairs().map(move |(row, a, b)| (day, row, a, b))).collect();
    type Row<'a> = (&'a Day, usize, &'a Score, &'a Score);
    let texts =
        |of: &dyn Fn(&Row) -> Option<String>| Arc::new(rows.iter().map(of).collect::<StringArray>()) as ArrayRef;
    let numbers =
        |of: &dyn Fn(&Row) -> f64| Arc::new(rows.iter().map(|row| Some(of(row))).collect::<Float64Array>()) as ArrayRef;
    let dates: Date32Array = rows.iter().map(|row| row.0.a.day.map(Date32Type::from_naive_date)).collect();
    let flagged_by = |row: &Row| match (is_flag(row.2), is_flag(row.3)) {
        (true, true) => "both",
        (true, false) => "A only",
        _ => "B only",
    };
    RecordBatch::try_from_iter_with_nullable([
        ("date", Arc::new(dates) as ArrayRef, true),
        ("account", texts(&|row| Some(row.2.entity.account.clone())), false),
        ("entity", texts(&|row| Some(row.2.entity.id.clone())), false),
        ("name", texts(&|row| row.2.entity.name.clone()), true),
        ("clicks", Arc::new(rows.iter().map(|row| row.2.clicks).collect::<UInt64Array>()) as ArrayRef, false),
        ("flagged_by", texts(&|row| Some(flagged_by(row).to_owned())), false),
        ("score_a", numbers(&|row| row.2.score), false),
        ("tier_a", texts(&|row| Some(row.2.tier.to_string())), false),
        ("score_b", numbers(&|row| row.3.score), false),
        ("tier_b", texts(&|row| Some(row.3.tier.to_string())), false),
        ("verdict", texts(&|row| row.0.a.verdicts[row.1].map(|found| verdict(found).to_owned())), true),
    ])
}
