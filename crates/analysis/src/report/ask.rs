//! The questions of a report: each query once, all on one version of the lake.

use std::collections::BTreeSet;
use std::path::Path;

use clicks::feed::Feed;
use futures::future::BoxFuture;
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
use crate::engine::completeness::{self, Completeness, Seconds};
use crate::inquiry::Opened;
use crate::request::{Question, RequestError};
use crate::run::RunError;
use crate::scorecard::{self, ScoredWith};

/// For how long an account is missed once its feeds bring nothing more.
const MONTH_SECONDS: i64 = 31 * 86_400;

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
    /// Feeds of accounts that were fetched in the range or in the month before it: the lack of one is a gap.
    pub(super) known_feeds: BTreeSet<(String, String)>,
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

impl Answers {
    /// Whether the account has brought clicks of this feed lately.
    pub(super) fn has_lately(&self, measured: &Completeness) -> bool {
        self.known_feeds.contains(&(measured.account.clone(), measured.feed.to_string()))
    }
}

/// What a question is asked with.
struct Asker {
    catalogue: Catalogue,
    own: Catalogue,
    queries: BTreeSet<UsedQuery>,
}

impl Asker {
    /// The rows of a query over a range. The query is noted at once, and asked when the answer is waited for; boxed, as a
    /// report waits for many.
    fn rows<'a, T: DeserializeOwned + 'a>(
        &mut self,
        opened: &'a Opened,
        name: &str,
        seconds: Seconds,
        given: Vec<String>,
    ) -> BoxFuture<'a, Result<Vec<T>, RunError>> {
        let question = self.question(name);
        Box::pin(async move {
            let (file, question) = question?;
            let rows = opened.rows_over(seconds, &question, &given).await.map_err(|error| match error {
                RunError::Engine(EngineError::Planning(time)) => {
                    ReportError::Planning { query: file.clone(), seconds: time.as_secs() }.into()
                }
                other => other,
            })?;
            read(&rows).map_err(|problem| ReportError::Rows { query: file, problem }.into())
        })
    }

    /// A query of the catalogue or of the report itself, and its file.
    fn question(&mut self, name: &str) -> Result<(String, Question), RequestError> {
        let query = match name.strip_prefix("report/") {
            Some(own) => self.own.find(own)?,
            None => self.catalogue.find(name)?,
        };
        let file = format!("{name}.sql");
        self.queries.insert(used(name.to_owned(), query.title.clone(), &query.sql));
        Ok((file.clone(), Question::of_query(query.clone(), &file)))
    }

    fn both<'a, T: DeserializeOwned + 'a>(
        &mut self,
        opened: &'a Opened,
        name: &str,
        now: Seconds,
        before: Seconds,
    ) -> impl Future<Output = Result<Both<T>, RunError>> + use<'a, T> {
        let (now, before) = (self.rows(opened, name, now, Vec::new()), self.rows(opened, name, before, Vec::new()));
        async move {
            let (now, before) = futures::try_join!(now, before)?;
            Ok(Both { now, before })
        }
    }
}

/// A statement as the page names it.
fn used(name: String, title: String, sql: &str) -> UsedQuery {
    UsedQuery { name, title, sha256: Sha256::digest(sql).iter().map(|byte| format!("{byte:02x}")).collect() }
}

/// Asks everything. `ranks` say of how many affiliates of an account a time line is drawn. A partner's page has no scores,
/// which compare.
pub(super) async fn ask(opened: &Opened, lake: Option<&Path>, ranks: &build::Ranks) -> Result<Answers, RunError> {
    let load = |shelf| Catalogue::load_from(shelf, None).map_err(RequestError::from);
    let mut asker = Asker { catalogue: load(Shelf::QUERIES)?, own: load(Shelf::REPORT)?, queries: BTreeSet::new() };
    let now = opened.seconds;
    let before = completeness::before(now);
    let feeds = Feed::ALL.map(|feed| vec![feed]);
    let lately = (now.0.saturating_sub(MONTH_SECONDS), now.1);
    let known = opened.engine.completeness(&feeds, lately).await?;
    let known = known.into_iter().filter(|known| known.covered_seconds > 0 || known.pruned_seconds > 0);
    let completeness = Both {
        now: opened.engine.completeness(&feeds, now).await?,
        before: opened.engine.completeness(&feeds, before).await?,
    };
    let scored = scorecard::beside(opened, lake, !ranks.is_partners);
    // Side by side, so that one is planned while another is answered.
    let (scored, covered_days, figures, money, error_codes, unknown_fields, days, affiliates, at_risk, hours, offers) =
        futures::try_join!(
            scored,
            asker.rows(opened, "coverage_by_day", now, Vec::new()),
            asker.both(opened, "report/figures", now, before),
            asker.both(opened, "report/money", now, before),
            asker.both(opened, "error_codes", now, before),
            asker.both(opened, "report/unknown_fields", now, before),
            asker.rows(opened, "report/rates_by_day", now, Vec::new()),
            asker.rows(opened, "report/rates_by_affiliate", now, Vec::new()),
            asker.rows(opened, "value_at_risk", now, Vec::new()),
            asker.rows(opened, "report/hours", now, Vec::new()),
            asker.rows(opened, "report/offers", now, Vec::new()),
        )?;
    let mut answers = Answers {
        seconds: now,
        before,
        has_range: opened.has_range(),
        completeness,
        known_feeds: known.map(|known| (known.account.clone(), known.feed.to_string())).collect(),
        covered_days,
        figures,
        money,
        error_codes,
        unknown_fields,
        days,
        affiliates,
        at_risk,
        hours,
        offers,
        ..Answers::default()
    };
    if scored.engine.has_table(scorecard::TABLE) {
        answers.scores = asker.rows(&scored, "report/scores", now, Vec::new()).await?;
    }
    (answers.notes, answers.scored_with) = (scored.notes, scored.scored_with);
    let keys = build::keys_of_ranked(&answers, ranks);
    if !keys.is_empty() {
        answers.affiliate_days = asker.rows(opened, "report/affiliate_days", now, vec![format!("keys={keys}")]).await?;
    }
    answers.queries = std::mem::take(&mut asker.queries);
    let views = Shelf::VIEWS.shipped();
    answers.queries.extend(views.map(|(name, sql)| used(format!("views/{name}"), format!("The table {name}"), sql)));
    Ok(answers)
}
