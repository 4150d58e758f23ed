//! The questions of a report: each query once, all on one version of the lake.

use std::collections::BTreeSet;

use clicks::feed::Feed;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::model::UsedQuery;
use super::rows::{
    AffiliateDay, AtRisk, CoveredDay, ErrorCode, Figures, Hour, InvalidAffiliate, InvalidDay, Money, Offer,
    ProxyAffiliate, ProxyDay, Score, UnknownField, read,
};
use super::{ReportError, build};
use crate::catalogue::{Catalogue, Shelf};
use crate::engine::completeness::{Completeness, Seconds};
use crate::inquiry::Opened;
use crate::request::{Question, RequestError};
use crate::run::RunError;
use crate::scorecard;

/// Queries that only reports ask.
const REPORT: Shelf = Shelf { folder: "report", keys: &[] };

/// An answer over the range, and over as many seconds before it.
#[derive(Debug, Default)]
pub(super) struct Both<T> {
    pub(super) now: Vec<T>,
    pub(super) before: Vec<T>,
}

/// Everything that was answered.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) seconds: Seconds,
    pub(super) before: Seconds,
    pub(super) notes: Vec<String>,
    pub(super) completeness: Vec<Completeness>,
    pub(super) covered_days: Vec<CoveredDay>,
    pub(super) figures: Both<Figures>,
    pub(super) money: Both<Money>,
    pub(super) error_codes: Both<ErrorCode>,
    pub(super) unknown_fields: Both<UnknownField>,
    pub(super) invalid_days: Vec<InvalidDay>,
    pub(super) proxy_days: Vec<ProxyDay>,
    pub(super) invalid_affiliates: Vec<InvalidAffiliate>,
    pub(super) proxy_affiliates: Vec<ProxyAffiliate>,
    pub(super) at_risk: Vec<AtRisk>,
    pub(super) hours: Vec<Hour>,
    pub(super) offers: Vec<Offer>,
    /// Empty on a partner's page.
    pub(super) scores: Vec<Score>,
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
        let digest = Sha256::digest(&query.sql);
        self.queries.insert(UsedQuery {
            name: file.clone(),
            title: query.title.clone(),
            sha256: digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect(),
        });
        let question = Question::of_query(query.clone(), &file);
        let rows = self.opened.rows_over(seconds, &question, given).await?;
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

/// As many seconds before a range as it has.
pub(super) fn before((from, to): Seconds) -> Seconds {
    let length = to.saturating_sub(from).saturating_add(1);
    (from.saturating_sub(length), from.saturating_sub(1))
}

/// Asks everything. `top` says of how many affiliates of an account a time line is drawn.
pub(super) async fn ask(opened: &Opened, ranks: &build::Ranks) -> Result<Answers, RunError> {
    let load = |shelf| Catalogue::load_from(shelf, None).map_err(RequestError::from);
    let mut asker = Asker { opened, catalogue: load(Shelf::QUERIES)?, own: load(REPORT)?, queries: BTreeSet::new() };
    let asker = &mut asker;
    let now = opened.seconds;
    let before = before(now);
    let any = ["min_clicks=1".to_owned()];
    let mut answers = Answers {
        seconds: now,
        before,
        notes: opened.notes.clone(),
        completeness: opened.engine.completeness(&Feed::ALL.map(|feed| vec![feed]), now).await?,
        covered_days: asker.rows("coverage_by_day", now, &[]).await?,
        figures: asker.both("report/figures", now, before).await?,
        money: asker.both("report/money", now, before).await?,
        error_codes: asker.both("error_codes", now, before).await?,
        unknown_fields: asker.both("report/unknown_fields", now, before).await?,
        invalid_days: asker.rows("invalid_rate_by_day", now, &[]).await?,
        proxy_days: asker.rows("report/proxy_rate_by_day", now, &[]).await?,
        invalid_affiliates: asker.rows("invalid_rate_by_affiliate", now, &any).await?,
        proxy_affiliates: asker.rows("proxy_rate", now, &any).await?,
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
    Ok(answers)
}
