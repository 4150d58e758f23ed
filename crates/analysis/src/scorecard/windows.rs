//! Scores of a range, as a whole or day by day.

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use clicks::time_bound::{self, Edge};
use datafusion::common::ScalarValue;
use sha2::{Digest, Sha256};

use super::history::{History, Window, last_day};
use super::labels::Labels;
use crate::engine::completeness::Seconds;
use crate::engine::statement::Parameters;
use crate::inquiry::Opened;
use crate::run::RunError;
use crate::scoring::{Config, LearnError, Scores, SecondStage, SignalMatrix, Verdict, score};
use crate::signals::{By, EntityTable, Signals, observe};

/// Counts up whenever the scorer gives other scores to the same observations.
const METHOD: u32 = 1;

/// What is scored, and how.
pub(super) struct Windows<'a> {
    pub(super) signals: &'a Signals,
    pub(super) by: By,
    pub(super) config: &'a Config,
    pub(super) labels: &'a Labels,
    pub(super) tables: &'a [EntityTable],
}

/// The scores of one window.
pub(super) struct Scored {
    pub(super) seconds: Seconds,
    /// The local day, where days are scored.
    pub(super) day: Option<NaiveDate>,
    pub(super) matrix: SignalMatrix,
    pub(super) scores: Scores,
    /// What gave them, and how many earlier windows do not count because something else gave theirs.
    pub(super) scorer: String,
    pub(super) scored_otherwise: usize,
    /// Aligned with the entities.
    pub(super) verdicts: Vec<Option<Verdict>>,
    pub(super) learned: Result<SecondStage, LearnError>,
}

impl Windows<'_> {
    /// The whole range at once.
    pub(super) async fn whole(&self, opened: &mut Opened, history: &History) -> Result<Scored, RunError> {
        let parameters = opened.range_parameters();
        let matrix = self.matrix(opened, &parameters).await?;
        Ok(self.score(opened.seconds, None, matrix, history))
    }

    /// Day by day, in a time zone. Each day is history to the next.
    pub(super) async fn daily(
        &self,
        opened: &mut Opened,
        zone: Tz,
        history: &mut History,
    ) -> Result<Vec<Scored>, RunError> {
        let mut found = Vec::new();
        for (day, seconds) in days(opened.seconds, zone) {
            let parameters = of_window(opened.range_parameters(), seconds);
            let matrix = self.matrix(opened, &parameters).await?;
            let scored = self.score(seconds, Some(day), matrix, history);
            history.push(scored.window());
            found.push(scored);
        }
        Ok(found)
    }

    /// What the signals saw.
    pub(super) async fn matrix(&self, opened: &mut Opened, parameters: &Parameters) -> Result<SignalMatrix, RunError> {
        for table in self.tables {
            if !opened.engine.has_table(&table.name) {
                table.add_to(&mut opened.engine)?;
            }
        }
        Ok(observe(&mut opened.engine, self.signals, self.by, parameters).await?)
    }

    /// A fingerprint of all that a score depends on beside the clicks; thresholds only decide what is made of it.
    fn scorer(&self) -> String {
        let mut digest = Sha256::new();
        digest.update(self.signals.fingerprint());
        digest.update(format!("{METHOD} {} {:?}", self.config.neighbours, self.config.signals));
        digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Scores a matrix.
    pub(super) fn score(
        &self,
        seconds: Seconds,
        day: Option<NaiveDate>,
        matrix: SignalMatrix,
        history: &History,
    ) -> Scored {
        let scorer = self.scorer();
        let past = history.before(seconds, &scorer, self.labels);
        let scored_otherwise = history.scored_otherwise(seconds, &scorer);
        let scores = score(&matrix, self.config, &past, last_day(seconds));
        let verdicts: Vec<_> = matrix.entities().iter().map(|entity| self.labels.latest(entity)).collect();
        let learned = SecondStage::learn(&matrix, &scores, &verdicts);
        Scored { seconds, day, matrix, scores, scorer, scored_otherwise, verdicts, learned }
    }
}

impl Scored {
    /// What is kept of it.
    pub(super) fn window(&self) -> Window {
        Window::of(self.seconds, self.scorer.clone(), &self.matrix, &self.scores)
    }

    /// The entities, the most suspicious first: by the priority where verdicts taught one, else by the score.
    pub(super) fn order(&self) -> Vec<usize> {
        let key = |row: usize| match &self.learned {
            Ok(learned) => learned.priority[row],
            Err(_) => self.scores.entities[row].score,
        };
        let mut order: Vec<usize> = (0..self.scores.entities.len()).collect();
        order.sort_by(|a, b| {
            let (one, other) = (&self.scores.entities[*a], &self.scores.entities[*b]);
            let by_score = key(*b).total_cmp(&key(*a)).then(other.score.total_cmp(&one.score));
            by_score.then(other.clicks.cmp(&one.clicks)).then_with(|| one.entity.cmp(&other.entity))
        });
        order
    }
}

/// The local days of a range, each with its first and last second within the range.
pub(super) fn days(range: Seconds, zone: Tz) -> Vec<(NaiveDate, Seconds)> {
    let local =
        |seconds: i64| DateTime::from_timestamp(seconds, 0).unwrap_or_default().with_timezone(&zone).date_naive();
    let (first, last) = (local(range.0), local(range.1));
    let edge = |day: NaiveDate, edge| time_bound::parse(&day.to_string(), edge, zone).ok().map(|time| time.timestamp());
    let within = first.iter_days().take_while(|day| *day <= last).filter_map(|day| {
        let (from, to) = (edge(day, Edge::From)?.max(range.0), edge(day, Edge::To)?.min(range.1));
        (from <= to).then_some((day, (from, to)))
    });
    within.collect()
}

/// The parameters of a statement, over another range.
pub(super) fn of_window(mut parameters: Parameters, (from, to): Seconds) -> Parameters {
    let time = |seconds: i64| ScalarValue::TimestampMicrosecond(seconds.checked_mul(1_000_000), Some("UTC".into()));
    parameters.insert("from".to_owned(), time(from));
    parameters.insert("to".to_owned(), time(to));
    parameters
}
