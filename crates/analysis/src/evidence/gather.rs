//! From a lake to facts: the queries of a case file, all over one version of the lake.
//!
//! Every reason becomes a view, over which the same few statements count rates and days; the clicks of those that are
//! abnormal are then united, each once. All answers but the list of transactions are small.

use std::path::Path;

use clicks::feed::Feed;
use datafusion::common::ScalarValue;
use datafusion::execution::SendableRecordBatchStream;
use futures::try_join;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::EvidenceError;
use super::facts::{Candidate, Counter, Earlier, Facts, Kind, Money, ReasonFacts, Score, Subject, Totals};
use super::judge::{Count, Counts, OfDay, Standing, judge};
use super::reason::{self, Reason};
use crate::engine::completeness::{self, Completeness, Incomparable, Range, Seconds, incomparable};
use crate::engine::sql_error::SqlText;
use crate::engine::statement::Parameters;
use crate::engine::{Engine, EngineError, side_by_side};
use crate::formats::json_rows;
use crate::inquiry::Opened;
use crate::run::RunError;
use crate::scorecard;

/// Whose case file is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) kind: Kind,
    pub(crate) id: i64,
}

/// A lake that is asked about one subject.
struct Asking<'a> {
    opened: &'a mut Opened,
    subject: Subject,
    parameters: Parameters,
}

/// A row of `rates.sql`.
#[derive(Debug, Deserialize)]
struct RateRow {
    #[serde(default)]
    id: Option<i64>,
    day: String,
    n: u64,
    x: u64,
    hits: u64,
}

/// A row of `rests_on.sql`.
#[derive(Debug, PartialEq, Deserialize)]
struct RestsOn {
    rests_on: String,
}

/// Reasons of the score that are told; `analyze score --explain` tells all.
const REASONS_MAX: usize = 3;

/// A row of `score.sql`.
#[derive(Debug, Deserialize)]
struct ScoreRow {
    score: f64,
    tier: String,
    #[serde(default)]
    families: Option<String>,
    is_calibrated: bool,
    reasons: Vec<String>,
}

/// Gathers the facts. Afterwards the lake answers [`transactions`].
///
/// # Errors
/// Nobody of this id has clicks in the range, or it has in several accounts; and those of queries.
pub(crate) async fn gather(
    opened: &mut Opened,
    lake: Option<&Path>,
    wanted: Wanted,
    reasons: &[Reason],
) -> Result<Facts, RunError> {
    let (seconds, timezone) = (opened.seconds, opened.timezone());
    let candidates: Vec<Candidate> =
        records(&opened.engine, &of_kind(wanted.kind, "subjects", SUBJECTS), &opened.parameters_over(seconds)).await?;
    if opened.engine.days().is_none() {
        return Err(EvidenceError::EmptyLake.into());
    }
    let (subject, others) = choose(candidates, wanted, seconds)?;
    let mut parameters = opened.parameters_over(seconds);
    parameters.insert("account".to_owned(), ScalarValue::Utf8(Some(subject.account.clone())));
    parameters.insert("id".to_owned(), ScalarValue::Int64(Some(subject.id)));
    let mut asking = Asking { opened, subject, parameters };

    let totals: Vec<Totals> = asking.rows("totals", TOTALS, &[]).await?;
    let of = |is_subject| totals.iter().find(|totals| totals.is_subject == is_subject).cloned().unwrap_or_default();
    let earlier = asking.earlier().await?;
    let compared = earlier.as_ref().filter(|earlier| earlier.not_compared.is_none()).map(|earlier| earlier.seconds);
    asking.define_views(reasons, compared)?;
    let judged = reasons.iter().enumerate().map(|(index, reason)| asking.judged(index, reason, compared));
    let (found, (score, notes)) = try_join!(side_by_side(judged.collect()), asking.score(lake))?;
    asking.opened.notes = notes;
    let (money, money_by_reason, counter) = asking.implicated(&found).await?;
    let needs = [vec![Feed::NetworkClicks, Feed::AffiliateClicks]];
    let measured = asking.opened.engine.completeness(&needs, seconds).await?;
    let completeness = measured.into_iter().find(|measured| measured.account == asking.subject.account);
    Ok(Facts {
        subject: asking.subject,
        seconds,
        timezone,
        earlier,
        completeness,
        others,
        own: of(true),
        rest: of(false),
        reasons: found,
        money,
        money_by_reason,
        counter,
        score,
    })
}

/// Each implicated click once, in the order of time; after [`gather`].
///
/// # Errors
/// Those of a query.
pub(crate) async fn transactions(opened: &Opened) -> Result<(SqlText, SendableRecordBatchStream), RunError> {
    let text = SqlText { name: "transactions.sql".to_owned(), sql: TRANSACTIONS.to_owned() };
    let rows = opened.engine.query(&text, &Parameters::new()).await?.rows;
    Ok((text, rows))
}

impl Asking<'_> {
    async fn rows<T: DeserializeOwned>(
        &self,
        name: &str,
        sql: &str,
        replaced: &[(&str, &str)],
    ) -> Result<Vec<T>, RunError> {
        let mut text = of_kind(self.subject.kind, name, sql);
        replaced.iter().for_each(|(from, to)| text.sql = text.sql.replace(from, to));
        records(&self.opened.engine, &text, &self.parameters).await
    }

    /// The range before, of the same length, where the lake has any day of it; and whether it can be compared with.
    async fn earlier(&self) -> Result<Option<Earlier>, RunError> {
        let now = self.opened.seconds;
        let Some(before) = self.opened.engine.days().and_then(|(first, _)| range_before(now, first)) else {
            return Ok(None);
        };
        let needs = [Feed::NetworkClicks, Feed::AffiliateClicks, Feed::InvalidClicks].map(|feed| vec![feed]);
        let measured = async |seconds| -> Result<Vec<Completeness>, RunError> {
            let all = self.opened.engine.completeness(&needs, seconds).await?;
            Ok(all.into_iter().filter(|measured| measured.account == self.subject.account).collect())
        };
        let rests_on = async |seconds| -> Result<Vec<RestsOn>, RunError> {
            let mut parameters = self.parameters.clone();
            parameters.extend(self.opened.parameters_over(seconds));
            records(&self.opened.engine, &of_kind(self.subject.kind, "rests_on", RESTS_ON), &parameters).await
        };
        let mut not_compared = why_not_compared(&measured(now).await?, &measured(before).await?);
        if not_compared.is_none() && rests_on(now).await? != rests_on(before).await? {
            not_compared = Some("the rates of the two rest on other feeds".to_owned());
        }
        Ok(Some(Earlier { seconds: before, not_compared }))
    }

    /// Makes every reason a view over the range, and one over the range before.
    fn define_views(&mut self, reasons: &[Reason], earlier: Option<Seconds>) -> Result<(), RunError> {
        for (index, reason) in reasons.iter().enumerate() {
            let over = [(view_of(index), Some(self.opened.seconds)), (view_before(index), earlier)];
            for (view, seconds) in over {
                let Some(seconds) = seconds else { continue };
                let range = self.opened.parameters_over(seconds);
                reason::define(&mut self.opened.engine, &view, reason, &range)?;
            }
        }
        Ok(())
    }

    /// Counts a reason by its view.
    async fn counted(&self, view: &str, reason: &Reason) -> Result<Counts, RunError> {
        let name = format!("{} (counted)", reason.name);
        let rows: Vec<RateRow> = self.rows(&name, RATES, &[("{reason}", view)]).await?;
        let mut counts = Counts::default();
        let mut peers = std::collections::BTreeMap::<Option<i64>, Count>::new();
        for row in rows {
            let count = Count { x: row.x, n: row.n };
            if row.id == Some(self.subject.id) {
                counts.own = counts.own.and(count);
                counts.hits += row.hits;
                counts.days.push(OfDay { day: row.day, count, hits: row.hits });
            } else {
                let peer = peers.entry(row.id).or_default();
                *peer = peer.and(count);
            }
        }
        counts.peers = peers.into_values().collect();
        Ok(counts)
    }

    async fn judged(&self, index: usize, reason: &Reason, earlier: Option<Seconds>) -> Result<ReasonFacts, RunError> {
        let mut counts = self.counted(&view_of(index), reason).await?;
        if earlier.is_some() {
            let before = self.counted(&view_before(index), reason).await?;
            counts.earlier = Some(before.own).filter(|own| own.n > 0);
        }
        let judgement = judge(&counts);
        let mut found = ReasonFacts {
            name: reason.name.clone(),
            title: reason.question.title.clone(),
            about: reason.question.about.clone(),
            sentence: reason.sentence.clone(),
            basis: reason.basis,
            defined_by: reason.defined_by.clone(),
            own: counts.own,
            hits: counts.hits,
            days: counts.days,
            judgement,
            sources: Vec::new(),
            examples: Vec::new(),
        };
        if found.judgement.standing == Standing::Abnormal {
            let view = view_of(index);
            found.sources = self.rows(&format!("{} (sources)", reason.name), SOURCES, &[("{reason}", &view)]).await?;
            found.examples =
                self.rows(&format!("{} (examples)", reason.name), EXAMPLES, &[("{reason}", &view)]).await?;
            found.examples.sort_by(|a, b| (&a.click_time, &a.transaction_id).cmp(&(&b.click_time, &b.transaction_id)));
        }
        Ok(found)
    }

    /// The affiliate's row of the scores, which no other kind of subject has, and what is to be said beside the answers.
    async fn score(&self, lake: Option<&Path>) -> Result<(Option<Score>, Vec<String>), RunError> {
        if self.subject.kind != Kind::Affiliate {
            return Ok((None, self.opened.notes.clone()));
        }
        let scored = scorecard::with_table(self.opened, lake).await?;
        let text = of_kind(self.subject.kind, "score", SCORE);
        let rows: Vec<ScoreRow> = records(&scored.engine, &text, &self.parameters).await?;
        let score = rows.into_iter().next().map(|row| Score {
            score: row.score,
            tier: row.tier,
            is_calibrated: row.is_calibrated,
            reasons: row.families.into_iter().chain(row.reasons.into_iter().take(REASONS_MAX)).collect(),
        });
        Ok((score, scored.notes))
    }

    /// The clicks of all abnormal reasons, united: defines `hits` and `implicated`, and counts their money.
    async fn implicated(&mut self, reasons: &[ReasonFacts]) -> Result<(Vec<Money>, Vec<Money>, Counter), RunError> {
        let text = |name: &str, sql: String| SqlText { name: format!("{name}.sql"), sql };
        let id = self.subject.kind.id();
        let arm = |view: &str, name: &str| HITS.replace("{name}", name).replace("{reason}", view).replace("{id}", id);
        let abnormal = reasons.iter().enumerate().filter(|(_, reason)| reason.judgement.standing == Standing::Abnormal);
        let mut arms: Vec<String> = abnormal.map(|(index, reason)| arm(&view_of(index), &reason.name)).collect();
        if arms.is_empty() {
            // So that the statements below have something to read.
            let none = "SELECT *, false AS is_hit FROM rated_clicks".to_owned();
            self.opened.engine.define("no_reason", &text("no_reason", none), &self.parameters)?;
            arms.push(arm("no_reason", ""));
        }
        self.opened.engine.define("hits", &text("hits", arms.join("\nUNION ALL\n")), &self.parameters)?;
        self.opened.engine.define("implicated", &text("implicated", IMPLICATED.to_owned()), &self.parameters)?;
        let (money, by_reason, counter) = try_join!(
            self.rows("money", MONEY, &[]),
            self.rows("money_by_reason", MONEY_BY_REASON, &[]),
            self.rows::<Counter>("counter", COUNTER, &[]),
        )?;
        Ok((money, by_reason, counter.first().copied().unwrap_or_default()))
    }
}

/// The range of the same length before another, where it reaches the first day.
fn range_before(range: Seconds, first: chrono::NaiveDate) -> Option<Seconds> {
    let before = completeness::before(range);
    (first.and_time(chrono::NaiveTime::MIN).and_utc().timestamp() <= before.1).then_some(before)
}

/// Why the range before cannot be compared with, a clause; none where it can.
fn why_not_compared(now: &[Completeness], before: &[Completeness]) -> Option<String> {
    let (now, before): (Vec<_>, Vec<_>) = (now.iter().collect(), before.iter().collect());
    incomparable(&now, &before).map(|why| match why {
        Incomparable::Unproven => "nothing proves that the clicks of the range are all".to_owned(),
        Incomparable::Partly(lacking) => format!("{} covers {} % of it", lacking.feed, lacking.percent()),
        Incomparable::Gone(feed) => format!("{feed} was fetched of it, and not of the range"),
    })
}

/// Whom the id means, and how many others there are in its account.
fn choose(candidates: Vec<Candidate>, wanted: Wanted, seconds: Seconds) -> Result<(Subject, usize), EvidenceError> {
    let Wanted { kind, id } = wanted;
    let (noun, range) = (kind.noun(), Range(seconds));
    let named: Vec<&Candidate> = candidates.iter().filter(|candidate| candidate.id.is_some()).collect();
    let meant: Vec<&&Candidate> = named.iter().filter(|candidate| candidate.id == Some(id)).collect();
    match meant.as_slice() {
        [one] => {
            let others = named.iter().filter(|other| other.account == one.account && other.id != one.id).count();
            let (account, name) = (one.account.clone(), one.name.clone());
            Ok((Subject { kind, account, id, name }, others))
        }
        [] if candidates.is_empty() => Err(EvidenceError::NoClicks { range: range.to_string() }),
        [] if named.is_empty() => Err(EvidenceError::NoIds { noun, range: range.to_string() }),
        [] => {
            let busiest: Vec<String> =
                named.iter().filter_map(|other| other.id).take(5).map(|id| id.to_string()).collect();
            let hint = format!(
                "those with most clicks are {}; all: analyze sql 'SELECT DISTINCT account, {}, {} FROM clicks ORDER BY 1, 2'",
                busiest.join(", "),
                kind.id(),
                kind.name()
            );
            Err(EvidenceError::Unknown { noun, id, range: range.to_string(), hint })
        }
        several => {
            let accounts = several.iter().map(|other| other.account.clone()).collect::<Vec<_>>().join(" and ");
            Err(EvidenceError::Ambiguous { noun, id, accounts })
        }
    }
}

fn view_of(index: usize) -> String {
    format!("reason_{index}")
}

fn view_before(index: usize) -> String {
    format!("reason_{index}_before")
}

fn of_kind(kind: Kind, name: &str, sql: &str) -> SqlText {
    let sql = sql.replace("{id}", kind.id()).replace("{name}", kind.name()).replace("{other}", kind.other());
    SqlText { name: format!("{name}.sql"), sql }
}

/// The whole answer of a statement, a value a row.
pub(crate) async fn records<T: DeserializeOwned>(
    engine: &Engine,
    text: &SqlText,
    parameters: &Parameters,
) -> Result<Vec<T>, RunError> {
    let (_, batches) = engine.collect(text, parameters).await?;
    let bug = |problem: String| RunError::Engine(EngineError::Bug(format!("{}: {problem}", text.name)));
    let mut found = Vec::new();
    for batch in &batches {
        for row in json_rows(batch).map_err(|error| bug(error.to_string()))? {
            found.push(serde_json::from_value(row.into()).map_err(|error| bug(error.to_string()))?);
        }
    }
    Ok(found)
}

const SUBJECTS: &str = include_str!("sql/subjects.sql");
const TOTALS: &str = include_str!("sql/totals.sql");
const RESTS_ON: &str = include_str!("sql/rests_on.sql");
const RATES: &str = include_str!("sql/rates.sql");
const SOURCES: &str = include_str!("sql/sources.sql");
const EXAMPLES: &str = include_str!("sql/examples.sql");
const HITS: &str = include_str!("sql/hits.sql");
const IMPLICATED: &str = include_str!("sql/implicated.sql");
const MONEY: &str = include_str!("sql/money.sql");
const MONEY_BY_REASON: &str = include_str!("sql/money_by_reason.sql");
const COUNTER: &str = include_str!("sql/counter.sql");
const SCORE: &str = include_str!("sql/score.sql");
const TRANSACTIONS: &str = include_str!("sql/transactions.sql");

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(account: &str, id: Option<i64>) -> Candidate {
        Candidate { account: account.to_owned(), id, name: None }
    }

    fn said(candidates: Vec<Candidate>) -> String {
        choose(candidates, Wanted { kind: Kind::Affiliate, id: 7 }, (0, 86_399)).unwrap_err().to_string()
    }

    #[test]
    fn a_period_before_that_is_not_whole_is_not_compared() {
        let of = |feed, covered_seconds: u64| Completeness {
            account: "a".to_owned(),
            feeds: vec![feed],
            feed,
            range: (0, 99),
            covered_seconds,
            gaps: if covered_seconds == 100 { vec![] } else { vec![(0, 99 - covered_seconds as i64)] },
            pruned_seconds: 0,
        };
        let both = |network, invalid| [of(Feed::NetworkClicks, network), of(Feed::InvalidClicks, invalid)];
        assert_eq!(why_not_compared(&both(100, 100), &both(100, 100)), None);
        assert_eq!(why_not_compared(&both(100, 0), &both(100, 0)), None);
        let why = |now: [Completeness; 2], before: [Completeness; 2]| why_not_compared(&now, &before).unwrap();
        assert_eq!(why(both(100, 100), both(50, 100)), "network-clicks covers 50.0 % of it");
        assert_eq!(why(both(100, 100), both(100, 0)), "invalid-clicks covers 0.0 % of it");
        assert_eq!(why(both(100, 0), both(100, 30)), "invalid-clicks was fetched of it, and not of the range");
        assert!(why(both(0, 0), both(0, 0)).starts_with("nothing proves"));
    }

    #[test]
    fn the_range_before_is_as_long_and_in_the_lake() {
        let day = |text: &str| text.parse().unwrap();
        assert_eq!(range_before((864_000, 1_727_999), day("1970-01-05")), Some((0, 863_999)));
        assert_eq!(range_before((864_000, 1_727_999), day("1970-01-11")), None);
        assert_eq!(range_before((i64::MIN, i64::MAX), day("1970-01-11")), None);
    }

    #[test]
    fn an_id_means_one_or_it_is_said_why_not() {
        let both =
            vec![candidate("a", Some(7)), candidate("a", Some(8)), candidate("b", Some(9)), candidate("a", None)];
        let (subject, others) = choose(both, Wanted { kind: Kind::Offer, id: 7 }, (0, 0)).unwrap();
        assert_eq!((subject.account.as_str(), others), ("a", 1));
        assert!(said(vec![]).starts_with("no clicks in 1970-01-01 UTC"));
        assert!(said(vec![candidate("a", None)]).contains("name no affiliate"));
        assert!(said(vec![candidate("a", Some(8)), candidate("b", Some(9))]).contains("with most clicks are 8, 9"));
        assert!(said(vec![candidate("a", Some(7)), candidate("b", Some(7))]).contains("--account"));
    }
}
