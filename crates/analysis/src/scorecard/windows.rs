//! Scores of a range, as a whole or day by day.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use clicks::time_bound::{self, Edge};
use datafusion::common::ScalarValue;
use sha2::{Digest, Sha256};

use super::history::{History, Window, days_of};
use super::labels::Labels;
use crate::engine::completeness::Seconds;
use crate::engine::statement::Parameters;
use crate::inquiry::Opened;
use crate::run::RunError;
use crate::scoring::{Config, Entity, LearnError, Lesson, Scores, SecondStage, SignalMatrix, Verdict, score};
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
    /// What of the configuration does nothing, a sentence each.
    pub(super) idle: Vec<String>,
    /// What is held of each entity by now.
    pub(super) verdicts: Vec<Option<Verdict>>,
    /// What was said of each since this window began.
    pub(super) verdicts_about: Vec<Option<Verdict>>,
    /// What verdicts teach, where there are any.
    pub(super) learned: Option<Result<SecondStage, LearnError>>,
}

impl Windows<'_> {
    /// The whole range at once.
    pub(super) async fn whole(&self, opened: &mut Opened, history: &History) -> Result<Scored, RunError> {
        let parameters = opened.range_parameters();
        let matrix = self.matrix(opened, &parameters).await?;
        let mut scored = self.score(opened.seconds, None, matrix, history);
        self.learn(&mut scored, history);
        Ok(scored)
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
            let mut scored = self.score(seconds, Some(day), matrix, history);
            self.learn(&mut scored, history);
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
        let scores = score(&matrix, self.config, &past, days_of(seconds).1);
        let idle = self.config.idle(matrix.entities(), days_of(seconds).1);
        let verdicts: Vec<_> = matrix.entities().iter().map(|entity| self.labels.latest(entity)).collect();
        let labels = |entity: &Entity| self.labels.about(&entity.account, &entity.id, days_of(seconds));
        let verdicts_about = matrix.entities().iter().map(|entity| Some(labels(entity)?.1)).collect();
        Scored { seconds, day, matrix, scores, scorer, scored_otherwise, idle, verdicts, verdicts_about, learned: None }
    }

    /// Learns from the verdicts about a window and about those before it; from none, nothing.
    ///
    /// A verdict that was given before the window began is known when the window is judged. Those given later are held out
    /// of what judges the same entity, whichever window they are about: the order can then be measured by them.
    fn learn(&self, scored: &mut Scored, history: &History) {
        if !self.labels.is_empty() {
            scored.learned = Some(self.second_stage(scored, &history.comparable(scored.seconds, &scored.scorer)));
        }
    }

    fn second_stage(&self, scored: &Scored, earlier: &[&Window]) -> Result<SecondStage, LearnError> {
        let (first, _) = days_of(scored.seconds);
        let mut lessons = Vec::new();
        for window in earlier {
            let matrix = window.matrix(scored.matrix.signals())?;
            let about = |entity: &Entity| self.labels.about(&entity.account, &entity.id, days_of(window.seconds));
            let known: Vec<_> = matrix.entities().iter().map(about).collect();
            let held_out = known.iter().map(|known| known.is_some_and(|(day, _)| day >= first)).collect();
            let verdicts = known.iter().map(|known| known.map(|(_, verdict)| verdict)).collect();
            lessons.push(Lesson { matrix: Cow::Owned(matrix), verdicts, held_out });
        }
        let now = Lesson {
            matrix: Cow::Borrowed(&scored.matrix),
            verdicts: scored.verdicts_about.clone(),
            held_out: vec![true; scored.verdicts_about.len()],
        };
        SecondStage::learn(&now, &lessons, &scored.scores)
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
            Some(Ok(learned)) => learned.priority[row],
            _ => self.scores.entities[row].score,
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
