//! Why one entity has its score: for people as text, for programs as rows.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::{Float64Type, Int64Type};
use arrow::error::ArrowError;
use chrono::DateTime;

use super::ScorecardError;
use super::table::{basis_of, exception};
use super::windows::{Scored, of_window};
use crate::engine::sql_error::SqlText;
use crate::inquiry::Opened;
use crate::run::RunError;
use crate::scoring::families::{Against, Family};
use crate::scoring::{Basis, Calibration, Score};
use crate::signals::{By, drill_for};
use crate::suggestion::closest;

/// An entity with the clicks behind each of its families.
pub(super) struct Explanation {
    score: Score,
    calibration: Calibration,
    period: String,
    range: [String; 2],
    families: Vec<Explained>,
    learned: Option<String>,
}

struct Explained {
    family: Family,
    reason: String,
    signal: String,
    basis: &'static str,
    query: String,
    /// The clicks behind it, and the payout on them.
    at_risk: Option<(i64, f64)>,
}

/// Where an entity stands in a window.
pub(super) fn find(scored: &Scored, by: By, wanted: &str) -> Result<usize, ScorecardError> {
    let entities = scored.matrix.entities();
    let found: Vec<usize> = (0..entities.len()).filter(|row| entities[*row].id == wanted).collect();
    match found.as_slice() {
        [row] => Ok(*row),
        [] => {
            let by_name = entities.iter().find(|entity| entity.name.as_deref() == Some(wanted));
            let near = by_name.map(|entity| entity.id.as_str());
            let near = near.or_else(|| closest(wanted, entities.iter().map(|entity| entity.id.as_str())));
            let hint = near.map(|id| format!("; did you mean '{id}'?")).unwrap_or_default();
            Err(ScorecardError::Unknown { by, wanted: wanted.to_owned(), hint })
        }
        several => {
            let accounts: Vec<&str> = several.iter().map(|row| entities[*row].account.as_str()).collect();
            Err(ScorecardError::Ambiguous { wanted: wanted.to_owned(), accounts: accounts.join(", ") })
        }
    }
}

/// Gathers what there is to say of an entity.
pub(super) async fn explain(opened: &Opened, scored: &Scored, row: usize) -> Result<Explanation, RunError> {
    let score = scored.scores.entities[row].clone();
    let mut families = Vec::new();
    for (family, reason) in score.families.iter().zip(&score.reasons) {
        let signal = &scored.matrix.signals()[family.strongest.signal];
        let query = if signal.drill.is_empty() { String::new() } else { drill_for(&signal.drill, &score.entity) };
        let at_risk = if query.is_empty() { None } else { at_risk(opened, scored, &query).await? };
        families.push(Explained {
            family: family.clone(),
            reason: reason.clone(),
            signal: signal.name.clone(),
            basis: match basis_of(&scored.matrix, family) {
                Some(Basis::List) => "list (GIVT)",
                _ => "behaviour (SIVT)",
            },
            query,
            at_risk,
        });
    }
    let time =
        |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or_default().format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let range = [time(scored.seconds.0), time(scored.seconds.1)];
    let period = scored.day.map_or_else(|| format!("{} to {}", range[0], range[1]), |day| day.to_string());
    let learned = learned(scored, row);
    Ok(Explanation { score, calibration: scored.scores.calibration, period, range, families, learned })
}

async fn at_risk(opened: &Opened, scored: &Scored, query: &str) -> Result<Option<(i64, f64)>, RunError> {
    let sql = format!("SELECT count(*), CAST(coalesce(sum(payout), 0) AS DOUBLE) FROM ({query})");
    let text = SqlText { name: "drill".to_owned(), sql };
    let parameters = of_window(opened.range_parameters(), scored.seconds);
    let (_, rows) = opened.engine.collect(&text, &parameters).await?;
    let first = rows.iter().find(|batch| batch.num_rows() > 0);
    Ok(first.map(|batch| {
        let clicks = batch.column(0).as_primitive::<Int64Type>().value(0);
        (clicks, batch.column(1).as_primitive::<Float64Type>().value(0))
    }))
}

/// What verdicts teach about it, in a line.
fn learned(scored: &Scored, row: usize) -> Option<String> {
    let learned = scored.learned.as_ref()?.as_ref().ok()?;
    let added = learned.contributions(row).ok()?;
    let named = added.iter().take(5).filter(|(_, added)| *added >= 0.005);
    let named = named.map(|(signal, added)| format!("{} +{added:.2}", scored.matrix.signals()[*signal].name));
    let named: Vec<String> = named.collect();
    let because = if named.is_empty() { String::new() } else { format!(", from {}", named.join(", ")) };
    let (probability, priority) = (learned.probability[row], learned.priority[row]);
    Some(format!("learned from verdicts: {probability:.2}{because}; priority {priority:.0} of 100"))
}

impl Explanation {
    /// For people.
    pub(super) fn text(&self, lake: Option<&str>) -> String {
        let Score { entity, clicks, score, tier, p, q, .. } = &self.score;
        let name = entity.name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
        let mut text = String::new();
        let mut line = |words: String| {
            let _ = writeln!(text, "{words}");
        };
        line(format!("{}{name} (account {}): {tier}, score {score:.0} of 100", entity.id, entity.account));
        let tested = match (p, q) {
            (Some(p), Some(q)) => format!("; p = {p:.1e}, q = {q:.1e}{}", self.uncalibrated()),
            _ => "; not tested".to_owned(),
        };
        line(format!("{clicks} clicks, {}{tested}", self.period));
        if let Some(allowed) = exception(&self.score) {
            line(format!("allowed: {allowed}"));
        }
        self.learned.iter().for_each(|learned| line(learned.clone()));
        if self.families.is_empty() {
            line("\nNothing unusual was seen.".to_owned());
        }
        // What adds less than a hundredth would only distract.
        let told = self.families.iter().filter(|explained| explained.family.share >= 0.01);
        for Explained { family, reason, signal, basis, query, at_risk } in told {
            let evidence = &family.strongest.evidence;
            let allowed = if family.is_allowed { ", allowed" } else { "" };
            line(format!("\n{}, {:.0} % of the score, by {basis}{allowed}", family.name, 100.0 * family.share));
            line(format!("  {reason}"));
            let lift = evidence.lift().map(|lift| format!(", lift {lift:.3}")).unwrap_or_default();
            let z = evidence.z.map(|z| format!(", z {z:.1}")).unwrap_or_default();
            line(format!(
                "  {signal}: observed {:.4}, expected {:.4}, n {}{lift}{z}, p {:.1e}, {:.1} decades",
                evidence.observed, evidence.expected, evidence.n, evidence.p, evidence.decades
            ));
            if let Some((clicks, payout)) = at_risk {
                line(format!("  {clicks} clicks behind it, payout {payout:.2}"));
            }
            if !query.is_empty() {
                line(format!("  {}", self.command(query, lake)));
            }
        }
        line("\nEvidence, not proof: see docs/scoring.md for what the figures mean.".to_owned());
        text
    }

    fn uncalibrated(&self) -> &'static str {
        if matches!(self.calibration, Calibration::Uncalibrated { .. }) { " (uncalibrated)" } else { "" }
    }

    /// The command that lists the clicks, for a shell.
    fn command(&self, query: &str, lake: Option<&str>) -> String {
        let quoted = |text: &str| {
            let escaped: String = text
                .chars()
                .flat_map(|c| ['"', '$', '`', '\\'].contains(&c).then_some('\\').into_iter().chain([c]))
                .collect();
            format!("\"{escaped}\"")
        };
        let lake = lake.map(|lake| format!(" --lake {}", quoted(lake))).unwrap_or_default();
        let query = query.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("analyze sql {} --from {} --to {}{lake}", quoted(&query), self.range[0], self.range[1])
    }

    /// For programs: a row for each family.
    pub(super) fn batch(&self) -> Result<RecordBatch, ArrowError> {
        let rows = &self.families;
        let texts = |of: &dyn Fn(&Explained) -> Option<String>| {
            Arc::new(rows.iter().map(of).collect::<StringArray>()) as ArrayRef
        };
        let numbers = |of: &dyn Fn(&Explained) -> Option<f64>| {
            Arc::new(rows.iter().map(of).collect::<Float64Array>()) as ArrayRef
        };
        let evidence = |row: &Explained| row.family.strongest.evidence;
        RecordBatch::try_from_iter_with_nullable([
            ("account", texts(&|_| Some(self.score.entity.account.clone())), false),
            ("entity", texts(&|_| Some(self.score.entity.id.clone())), false),
            ("name", texts(&|_| self.score.entity.name.clone()), true),
            ("score", numbers(&|_| Some(self.score.score)), false),
            ("tier", texts(&|_| Some(self.score.tier.to_string())), false),
            ("family", texts(&|row| Some(row.family.name.clone())), false),
            ("share", numbers(&|row| Some(row.family.share)), false),
            ("basis", texts(&|row| Some(row.basis.to_owned())), false),
            ("signal", texts(&|row| Some(row.signal.clone())), false),
            ("against", texts(&|row| Some(against(row.family.strongest.against).to_owned())), false),
            ("observed", numbers(&|row| Some(evidence(row).observed)), false),
            ("expected", numbers(&|row| Some(evidence(row).expected)), false),
            ("n", numbers(&|row| Some(evidence(row).n)), false),
            ("lift", numbers(&|row| evidence(row).lift()), true),
            ("z", numbers(&|row| evidence(row).z), true),
            ("p", numbers(&|row| Some(evidence(row).p)), false),
            ("decades", numbers(&|row| Some(evidence(row).decades)), false),
            ("reason", texts(&|row| Some(row.reason.clone())), false),
            ("clicks", numbers(&|row| row.at_risk.map(|(clicks, _)| clicks as f64)), true),
            ("payout", numbers(&|row| row.at_risk.map(|(_, payout)| payout)), true),
            ("query", texts(&|row| Some(row.query.clone()).filter(|query| !query.is_empty())), true),
        ])
    }
}

fn against(against: Against) -> &'static str {
    match against {
        Against::Peers => "peers",
        Against::Own => "own history",
    }
}
