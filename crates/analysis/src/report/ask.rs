//! The questions of a report: each query once, all on one version of the lake.

use std::collections::BTreeSet;

use clicks::feed::Feed;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::model::UsedQuery;
use super::rows::{
    AffiliateDay, AtRisk, CoveredDay, ErrorCode, Figures, Hour, Money, Offer, RatedAffiliate, RatedDay, Score,
    UnknownField, read,
};
use super::{ReportError, build};
use crate::catalogue::{Catalogue, Shelf};
use crate::engine::EngineError;
use crate::engine::completeness::{Completeness, Seconds};
use crate::inquiry::Opened;
use crate::request::{Question, RequestError};
use crate::run::RunError;
use crate::scorecard::{self, ScoredWith};

/// An answer over the range, and over as many seconds before it.
#[derive(Debug)]
pub(super) struct Both<T> {
    pub(super) now: Vec<T>,
    pub(super) before: Vec<T>,
}

impl<T> Default for Both<T> {
    fn default() -> Self {
        Self { now: Vec::new(), before: Vec::new() }
    }
}

/// Everything that was answered.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) seconds: Seconds,
    pub(super) before: Seconds,
    pub(super) notes: Vec<String>,
    /// False where the lake has no clicks and the range was not named: then it means nothing.
    pub(super) has_range: bool,
    pub(super) completeness: Both<Completeness>,
    pub(super) covered_days: Vec<CoveredDay>,
    pub(super) figures: Both<Figures>,
    pub(super) money: Both<Money>,
    pub(super) error_codes: Both<ErrorCode>,
    pub(super) unknown_fields: Both<UnknownField>,
    pub(super) days: Vec<RatedDay>,
    pub(super) affiliates: Vec<RatedAffiliate>,
    pub(super) at_risk: Vec<AtRisk>,
    pub(super) hours: Vec<Hour>,
    pub(super) offers: Vec<Offer>,
    /// Empty on a partner's page.
    pub(super) scores: Vec<Score>,
    pub(super) scored_with: Option<ScoredWith>,
    pub(super) affiliate_days: Vec<AffiliateDay>,
    pub(super) queries: BTreeSet<UsedQuery>,
}

/// What a question is asked with.
struct Asker<'a> {
    opened: &'a Opened,
    catalogue: Catalogue,
    own: Catalogue,
    queries: BTreeSet<UsedQuery>,
}

impl Asker<'_> {
    /// The rows of a query over a range.
    async fn rows<T: DeserializeOwned>(
        &mut self,
        name: &str,
        seconds: Seconds,
        given: &[String],
    ) -> Result<Vec<T>, RunError> {
        let (catalogue, name) = match name.strip_prefix("report/") {
            Some(name) => (&self.own, name),
            None => (&self.catalogue, name),
        };
        let query = catalogue.find(name).map_err(RequestError::from)?;
        let file =
            if std::ptr::eq(catalogue, &self.own) { format!("report/{name}.sql") } else { format!("{name}.sql") };
        let called = file.trim_end_matches(".sql").to_owned();
        self.queries.insert(used(called, query.title.clone(), &query.sql));
        let question = Question::of_query(query.clone(), &file);
        let rows = self.opened.rows_over(seconds, &question, given).await.map_err(|error| match error {
            RunError::Engine(EngineError::Planning(time)) => {
                ReportError::Planning { query: file.clone(), seconds: time.as_secs() }.into()
            }
            other => other,
        })?;
        read(&rows).map_err(|problem| ReportError::Rows { query: file, problem }.into())
    }

    async fn both<T: DeserializeOwned>(
        &mut self,
        name: &str,
        now: Seconds,
        before: Seconds,
    ) -> Result<Both<T>, RunError> {
        Ok(Both { now: self.rows(name, now, &[]).await?, before: self.rows(name, before, &[]).await? })
    }
}

/// A statement as the page names it.
fn used(name: String, title: String, sql: &str) -> UsedQuery {
    UsedQuery { name, title, sha256: Sha256::digest(sql).iter().map(|byte| format!("{byte:02x}")).collect() }
}

/// As many seconds before a range as it has.
pub(super) fn before((from, to): Seconds) -> Seconds {
    let length = to.saturating_sub(from).saturating_add(1);
    (from.saturating_sub(length), from.saturating_sub(1))
}

/// Asks everything. `top` says of how many affiliates of an account a time line is drawn.
pub(super) async fn ask(opened: &Opened, ranks: &build::Ranks) -> Result<Answers, RunError> {
    let load = |shelf| Catalogue::load_from(shelf, None).map_err(RequestError::from);
    let mut asker =
        Asker { opened, catalogue: load(Shelf::QUERIES)?, own: load(Shelf::REPORT)?, queries: BTreeSet::new() };
    let asker = &mut asker;
    let now = opened.seconds;
    let before = before(now);
    let feeds = Feed::ALL.map(|feed| vec![feed]);
    let mut answers = Answers {
        seconds: now,
        before,
        has_range: opened.has_range(),
        notes: opened.notes.clone(),
        scored_with: opened.scored_with.clone(),
        completeness: Both {
            now: opened.engine.completeness(&feeds, now).await?,
            before: opened.engine.completeness(&feeds, before).await?,
        },
        covered_days: asker.rows("coverage_by_day", now, &[]).await?,
        figures: asker.both("report/figures", now, before).await?,
        money: asker.both("report/money", now, before).await?,
        error_codes: asker.both("error_codes", now, before).await?,
        unknown_fields: asker.both("report/unknown_fields", now, before).await?,
        days: asker.rows("report/rates_by_day", now, &[]).await?,
        affiliates: asker.rows("report/rates_by_affiliate", now, &[]).await?,
        at_risk: asker.rows("value_at_risk", now, &[]).await?,
        hours: asker.rows("report/hours", now, &[]).await?,
        offers: asker.rows("report/offers", now, &[]).await?,
        ..Answers::default()
    };
    if opened.engine.has_table(scorecard::TABLE) {
        answers.scores = asker.rows("report/scores", now, &[]).await?;
    }
    let keys = build::keys_of_ranked(&answers, ranks);
    if !keys.is_empty() {
        answers.affiliate_days = asker.rows("report/affiliate_days", now, &[format!("keys={keys}")]).await?;
    }
    answers.queries = std::mem::take(&mut asker.queries);
    let views = Shelf::VIEWS.shipped();
    answers.queries.extend(views.map(|(name, sql)| used(format!("views/{name}"), format!("The table {name}"), sql)));
    Ok(answers)
}
