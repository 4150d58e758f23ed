//! The table of scores.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, ListBuilder, RecordBatch, StringArray, StringBuilder,
    UInt64Array,
};
use arrow::datatypes::{DataType, Date32Type, Field, Schema};
use arrow::error::ArrowError;

use super::windows::Scored;
use crate::scoring::families::Family;
use crate::scoring::{Basis, Calibration, Score, SignalMatrix, Tier, Verdict};

/// Which columns there are beside those of every table of scores.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Columns {
    /// The day that a row is about.
    pub(super) day: bool,
    /// The verdict, and what was learned from all of them.
    pub(super) learned: bool,
    /// What statements may want besides: whether p rests on cleared traffic, and all reasons, not only the strongest.
    pub(super) for_statements: bool,
}

struct Row<'a> {
    window: &'a Scored,
    index: usize,
    score: &'a Score,
}

/// A row for each entity of each window, the most suspicious of a window first.
pub(super) fn batch(windows: &[Scored], columns: Columns) -> Result<RecordBatch, ArrowError> {
    let of_window = |window| move |index| Row { window, index, score: &window.scores.entities[index] };
    let rows: Vec<Row> =
        windows.iter().flat_map(|window: &Scored| window.order().into_iter().map(of_window(window))).collect();
    let texts =
        |of: &dyn Fn(&Row) -> Option<String>| Arc::new(rows.iter().map(of).collect::<StringArray>()) as ArrayRef;
    let numbers =
        |of: &dyn Fn(&Row) -> Option<f64>| Arc::new(rows.iter().map(of).collect::<Float64Array>()) as ArrayRef;
    let learned = |row: &Row, of: fn(&crate::scoring::SecondStage) -> &Vec<f64>| {
        row.window.learned.as_ref()?.as_ref().ok().and_then(|learned| of(learned).get(row.index).copied())
    };
    let mut named: Vec<(&str, bool, ArrayRef)> = Vec::new();
    if columns.day {
        let day = |row: &Row| row.window.day.map(Date32Type::from_naive_date);
        named.push(("date", true, Arc::new(rows.iter().map(day).collect::<Date32Array>())));
    }
    named.extend([
        ("account", false, texts(&|row| Some(row.score.entity.account.clone()))),
        ("entity", false, texts(&|row| Some(row.score.entity.id.clone()))),
        ("name", true, texts(&|row| row.score.entity.name.clone())),
        ("clicks", false, Arc::new(rows.iter().map(|row| row.score.clicks).collect::<UInt64Array>()) as ArrayRef),
        ("score", false, numbers(&|row| Some(significant(row.score.score)))),
        ("tier", false, texts(&|row| Some(row.score.tier.to_string()))),
    ]);
    if columns.learned {
        named.extend([
            ("verdict", true, texts(&|row| row.window.verdicts[row.index].map(verdict).map(str::to_owned))),
            ("learned", true, numbers(&|row| learned(row, |learned| &learned.probability))),
            ("priority", true, numbers(&|row| learned(row, |learned| &learned.priority))),
        ]);
    }
    named.extend([
        ("p", true, numbers(&|row| row.score.p.map(significant))),
        ("q", true, numbers(&|row| row.score.q.map(significant))),
        ("families", true, texts(&|row| families(row.score))),
        ("evidence", true, texts(&|row| evidence(&row.window.matrix, row.score))),
        ("reason", true, texts(&|row| row.score.reasons.first().cloned())),
        ("allowed", true, texts(&|row| exception(row.score))),
    ]);
    if columns.for_statements {
        let is_calibrated = |row: &Row| matches!(row.window.scores.calibration, Calibration::Calibrated { .. });
        named.push((
            "is_calibrated",
            false,
            Arc::new(rows.iter().map(|row| Some(is_calibrated(row))).collect::<BooleanArray>()),
        ));
        let mut lists = ListBuilder::new(StringBuilder::new());
        rows.iter().for_each(|row| lists.append_value(row.score.reasons.iter().map(Some)));
        named.push(("reasons", false, Arc::new(lists.finish())));
    }
    let field = |(name, nullable, array): &(&str, bool, ArrayRef)| {
        Field::new(*name, if *name == "date" { DataType::Date32 } else { array.data_type().clone() }, *nullable)
    };
    let schema = Schema::new(named.iter().map(field).collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), named.into_iter().map(|(_, _, array)| array).collect())
}

/// Eight significant digits: in which order a query adds is chance, and shows in the last ones.
fn significant(value: f64) -> f64 {
    format!("{value:.7e}").parse().unwrap_or(value)
}

/// `repetition 62 %, network 38 %`; families that add less than a twentieth are left out.
fn families(score: &Score) -> Option<String> {
    let shown = |family: &&Family| family.share >= 0.05;
    let each =
        score.families.iter().filter(shown).map(|family| format!("{} {:.0} %", family.name, 100.0 * family.share));
    let each: Vec<String> = each.collect();
    (!each.is_empty()).then(|| each.join(", "))
}

/// What the evidence rests on, in the words of the MRC: behaviour (SIVT), lists (GIVT), or both.
fn evidence(matrix: &SignalMatrix, score: &Score) -> Option<String> {
    let rests_on =
        |basis| score.families.iter().any(|family| family.share >= 0.05 && basis_of(matrix, family) == Some(basis));
    match (rests_on(Basis::Behavioural), rests_on(Basis::List)) {
        (true, true) => Some("SIVT, GIVT".to_owned()),
        (true, false) => Some("SIVT".to_owned()),
        (false, true) => Some("GIVT".to_owned()),
        (false, false) => None,
    }
}

/// What the strongest signal of a family rests on.
pub(super) fn basis_of(matrix: &SignalMatrix, family: &Family) -> Option<Basis> {
    matrix.signals().get(family.strongest.signal).map(|signal| signal.basis)
}

/// Why an entity is allowed what it does, and what it would be otherwise.
pub(super) fn exception(score: &Score) -> Option<String> {
    let reasons = score.allowed.join("; ");
    match score.allowed.is_empty() {
        true => None,
        false if score.tier == score.tier_without_exception => Some(reasons),
        false => Some(format!("{reasons} (else: {})", score.tier_without_exception)),
    }
}

/// How a verdict is written.
pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fraud => "fraud",
        Verdict::Cleared => "cleared",
    }
}

/// How many are in a tier.
pub(super) fn count(scores: &[Scored], tier: Tier) -> usize {
    scores.iter().flat_map(|window| &window.scores.entities).filter(|score| score.tier == tier).count()
}
