//! Which affiliates a report names first, and why. Pure.

use std::collections::BTreeMap;

use super::ask::Answers;
use super::model::{Affiliate, AffiliateRate, Ranking, Rate, Rates, ScoredAffiliate, SmallDay, Top};
use super::rows::{Figures, RatedAffiliate, of};
use crate::page::{many, percent_of, shortened};

/// What decides who is ranked, and how many are shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranks {
    /// Whether the page is a partner's own: it is compared with nobody.
    pub(super) is_partners: bool,
    pub(super) top: usize,
    pub(super) min_clicks: u64,
    /// Days that are drawn and listed: the last of a longer range.
    pub(super) days: usize,
}

/// A share of clicks from data centres, by declared bots, or on a partner's page through proxies, that is worth a sentence.
const NOTABLE: f64 = 0.1;

/// Reasons of an affiliate that are told; `analyze score --explain` tells all.
const REASONS_MAX: usize = 3;

/// What is known of an affiliate.
#[derive(Debug, Default)]
struct Known {
    name: Option<String>,
    clicks: u64,
    invalid: Option<Rate>,
    proxy: Option<Rate>,
    /// All clicks as landed, those from data centres and by declared bots.
    listed: (u64, u64, u64),
}

fn known(answers: &Answers, account: &str) -> BTreeMap<Option<i64>, Known> {
    let mut all: BTreeMap<Option<i64>, Known> = BTreeMap::new();
    for row in of(&answers.affiliates, account) {
        let affiliate = all.entry(row.affiliate_id).or_default();
        affiliate.name.clone_from(&row.affiliate_name);
        affiliate.clicks = row.clicks;
        (affiliate.invalid, affiliate.proxy) = (row.invalid(), row.proxy());
    }
    // One row for each currency.
    for row in of(&answers.at_risk, account) {
        let (clicks, datacenters, bots) = &mut all.entry(row.affiliate_id).or_default().listed;
        *clicks += row.clicks;
        *datacenters += row.datacenters;
        *bots += row.declared_bots.unwrap_or_default();
    }
    all
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Ranks by scores, where there are any of the account, else by rates.
pub(super) fn ranking(answers: &Answers, account: &str, ranks: &Ranks) -> Ranking {
    // An affiliate's own clicks are one entity without an id: there is nobody to rank it among.
    match of(&answers.scores, account).iter().any(|row| row.entity.parse::<i64>().is_ok()) {
        true => by_scores(answers, account, ranks),
        false => by_rates(answers, account, ranks),
    }
}

/// Ranks by score, those that are flagged, watched or allowed what they do.
fn by_scores(answers: &Answers, account: &str, ranks: &Ranks) -> Ranking {
    let by = "by score, 0 to 100: how strong the evidence of all families of signals is, and from how many clicks; those flagged \
              come first, on evidence enough to act on";
    let (mut rows, mut usual, mut too_few) = (Vec::new(), 0, 0);
    for row in of(&answers.scores, account) {
        let id = row.entity.parse().ok();
        match row.tier.as_str() {
            "ok" => usual += 1,
            "insufficient data" => too_few += 1,
            tier => {
                let evidence = row.families.iter().map(|families| match row.evidence.as_deref().map(kind) {
                    Some(kind) => format!("evidence: {families}; from {kind}"),
                    None => format!("evidence: {families}"),
                });
                let allowed = row.allowed.iter().map(|reason| format!("allowed: {reason}"));
                // One of each family, the heaviest first; those that weigh next to nothing are not named, and not told.
                let named = row.families.as_ref().map_or(REASONS_MAX, |families| families.split(", ").count());
                let reasons = row.reasons.iter().take(named.min(REASONS_MAX)).cloned();
                let reasons = reasons.chain(evidence).chain(allowed);
                rows.push(ScoredAffiliate {
                    affiliate: Affiliate::new(id, row.name.as_deref()),
                    score: Some(row.score),
                    tier: Some(tier.to_owned()),
                    clicks: row.clicks,
                    reasons: reasons.map(|reason| shortened(&reason, 400)).collect(),
                    days: Vec::new(),
                });
            }
        }
    }
    rows.sort_by_key(|row| row.tier.as_deref() != Some("flag"));
    Ranking { by: by.to_owned(), is_by_scores: true, top: Top::of(rows.into_iter(), ranks.top), usual, too_few }
}

/// The words of the MRC with what they mean.
fn kind(evidence: &str) -> &str {
    match evidence {
        "SIVT" => "behaviour (SIVT)",
        "GIVT" => "lists (GIVT)",
        "SIVT, GIVT" => "behaviour and lists (SIVT, GIVT)",
        other => other,
    }
}

/// Ranks by how far the lower end of a rate is above the account's: what is left without scores.
fn by_rates(answers: &Answers, account: &str, ranks: &Ranks) -> Ranking {
    let figures = of(&answers.figures.now, account).first().copied();
    let figures = figures.filter(|_| !ranks.is_partners);
    let all_invalid = figures.and_then(|row| share(row.invalid_clicks, row.rated_clicks));
    let all_proxy = figures.and_then(|row| share(row.proxy_clicks, row.proxy_known_clicks));
    let known = known(answers, account);
    let (enough, too_few): (Vec<_>, Vec<_>) =
        known.into_iter().partition(|(_, known)| known.clicks >= ranks.min_clicks);
    let mut ranked: Vec<(f64, ScoredAffiliate)> = enough
        .into_iter()
        .map(|(id, known)| {
            let excess = |rate: Option<Rate>, all: Option<f64>| Some(rate?.low - all?);
            let worst = [excess(known.invalid, all_invalid), excess(known.proxy, all_proxy)].into_iter().flatten();
            let worst = worst.fold(f64::NEG_INFINITY, f64::max);
            let reasons = reasons(&known, all_invalid, all_proxy);
            let affiliate = Affiliate::new(id, known.name.as_deref());
            (
                worst,
                ScoredAffiliate { affiliate, score: None, tier: None, clicks: known.clicks, reasons, days: Vec::new() },
            )
        })
        .collect();
    let all = ranked.len();
    ranked.retain(|(_, row)| !row.reasons.is_empty());
    let usual = all - ranked.len();
    ranked.sort_by(|(a, first), (b, second)| {
        b.total_cmp(a).then(second.clicks.cmp(&first.clicks)).then(first.affiliate.cmp(&second.affiliate))
    });
    let by = match all_invalid.or(all_proxy) {
        Some(_) => {
            "by how far the lower end of the 95 % interval of the invalid or the proxy rate is above that of the whole account"
        }
        None => "by clicks, of those that data centres or declared bots made many of: there are no rates to compare",
    };
    Ranking {
        by: by.to_owned(),
        is_by_scores: false,
        top: Top::of(ranked.into_iter().map(|(_, row)| row), ranks.top),
        usual,
        too_few: too_few.len(),
    }
}

/// What is unusual of an affiliate, most unusual first.
fn reasons(known: &Known, all_invalid: Option<f64>, all_proxy: Option<f64>) -> Vec<String> {
    let mut found: Vec<(f64, String)> = Vec::new();
    let mut compare = |rate: Option<Rate>, all: Option<f64>, what: &str| {
        if let (Some(rate), Some(all)) = (rate, all)
            && rate.low > all
        {
            let [value, low, high, all_text] = [rate.value, rate.low, rate.high, all].map(percent_of);
            found.push((
                rate.low - all,
                format!("{value} of its clicks {what} ({low} to {high}); in the whole account {all_text}"),
            ));
        }
    };
    compare(known.proxy, all_proxy, "came through proxies");
    compare(known.invalid, all_invalid, "were refused");
    let (clicks, datacenters, bots) = known.listed;
    let of_these = if known.invalid.is_none() && all_invalid.is_none() { "landed clicks" } else { "clicks" };
    if let Some(rate) = known.proxy.filter(|rate| all_proxy.is_none() && rate.low >= NOTABLE) {
        let [value, low, high] = [rate.value, rate.low, rate.high].map(percent_of);
        found.push((rate.low, format!("{value} of the clicks came through proxies ({low} to {high})")));
    }
    for (part, what) in [(datacenters, "came from data centres"), (bots, "came from declared bots")] {
        if let Some(share) = share(part, clicks).filter(|share| *share >= NOTABLE) {
            found.push((share, format!("{} of its {of_these} {what}", percent_of(share))));
        }
    }
    found.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    found.into_iter().map(|(_, sentence)| sentence).collect()
}

/// Adds the time lines of those that are shown.
pub(super) fn add_days(ranking: &mut Ranking, answers: &Answers, account: &str) {
    let rows = of(&answers.affiliate_days, account);
    for row in &mut ranking.top.rows {
        let own = rows.iter().filter(|day| day.affiliate_id == row.affiliate.id);
        row.days = own
            .map(|day| SmallDay { day: day.day.clone(), clicks: day.clicks, suspicious: day.suspicious_clicks })
            .collect();
    }
}

/// `account/affiliate,...` of those that are shown.
pub(super) fn keys<'a>(rankings: impl Iterator<Item = (&'a str, &'a Ranking)>) -> String {
    let keys = rankings.flat_map(|(account, ranking)| {
        let ids = ranking.top.rows.iter().map(|row| row.affiliate.id.map_or_else(String::new, |id| id.to_string()));
        ids.map(move |id| format!("{account}/{id}"))
    });
    keys.collect::<Vec<_>>().join(",")
}

/// Invalid rates, the largest lower end first.
pub(super) fn invalid_rates(answers: &Answers, account: &str, ranks: &Ranks) -> Rates {
    let all = |row: &Figures| share(row.invalid_clicks, row.rated_clicks);
    rates(answers, account, ranks, RatedAffiliate::invalid, all)
}

/// Proxy rates, the largest lower end first.
pub(super) fn proxy_rates(answers: &Answers, account: &str, ranks: &Ranks) -> Rates {
    let all = |row: &Figures| share(row.proxy_clicks, row.proxy_known_clicks);
    rates(answers, account, ranks, RatedAffiliate::proxy, all)
}

fn rates(
    answers: &Answers,
    account: &str,
    ranks: &Ranks,
    of_row: fn(&RatedAffiliate) -> Option<Rate>,
    of_all: fn(&Figures) -> Option<f64>,
) -> Rates {
    let (mut shown, mut too_few, mut without_rate) = (Vec::new(), 0, 0);
    for row in of(&answers.affiliates, account) {
        match of_row(row) {
            None => without_rate += 1,
            Some(rate) if rate.clicks < ranks.min_clicks => too_few += 1,
            Some(rate) => {
                let affiliate = Affiliate::new(row.affiliate_id, row.affiliate_name.as_deref());
                shown.push(AffiliateRate { affiliate, rate });
            }
        }
    }
    shown.sort_by(|a, b| {
        let by_end = b.rate.low.total_cmp(&a.rate.low).then(b.rate.clicks.cmp(&a.rate.clicks));
        by_end.then_with(|| a.affiliate.cmp(&b.affiliate))
    });
    let all = of(&answers.figures.now, account).first().and_then(|row| of_all(row));
    Rates { top: Top::of(shown.into_iter(), ranks.top), too_few, without_rate, all }
}

/// What a sentence calls an affiliate.
pub(super) fn called(affiliate: &Affiliate) -> String {
    match (affiliate.id, &affiliate.name) {
        (Some(id), Some(name)) => format!("{id} {}", shortened(name, 60)),
        (Some(id), None) => format!("affiliate {id}"),
        (None, _) => "the account's own clicks".to_owned(),
    }
}

/// `3 affiliates`.
pub(super) fn how_many(number: u64) -> String {
    many(usize::try_from(number).unwrap_or(usize::MAX), "affiliate")
}
