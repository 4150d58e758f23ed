//! From answers to what a report says. Pure: the same answers give the same report.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveTime, Timelike, Utc};
use chrono_tz::Tz;

use super::affiliates;
use super::args::ReportArgs;
use super::ask::Answers;
use super::compare::{self, Comparable};
use super::model::{
    Affiliate, AtRisk, Code, CoveredDay, Day, ErrorClass, FeedCoverage, Figure, Gap, Method, Money, Offer, Part,
    Period, Ranking, Report, Top, Unit, UnknownCode, UnknownField,
};
use super::rows::{ErrorCode, Figures, of, rate};
use super::{sentences, week};
use crate::engine::completeness::{Completeness, Seconds};
use crate::page::shortened;
use crate::request::time_text;

pub(super) use super::affiliates::Ranks;

/// Accounts that get a part of the page; more would not be read.
const ACCOUNTS_MAX: usize = 8;

/// Days that are drawn and listed, where the page is not too large then.
pub(super) const DAYS_MAX: usize = 400;

/// Classes, and codes of a class, that are listed.
const CODES_MAX: usize = 20;

/// Currencies that have key figures: those that most was paid in.
const CURRENCIES_MAX: usize = 3;

/// Gaps that are named.
const GAPS_MAX: usize = 20;

/// What was asked for, beside the lake.
pub(super) struct Asked<'a> {
    pub(super) args: &'a ReportArgs,
    pub(super) ranks: Ranks,
    pub(super) zone: Tz,
    pub(super) made_at: DateTime<Utc>,
    pub(super) lake: String,
}

/// The report over some accounts.
pub(super) fn report(answers: &Answers, (accounts, left_out): (Vec<String>, Vec<String>), asked: &Asked<'_>) -> Report {
    let Asked { args, ranks, zone, .. } = asked;
    let is_partners = ranks.is_partners;
    let mut accounts: Vec<Part> = accounts.iter().map(|account| part(answers, account, ranks, *zone)).collect();
    // An account without clicks and, for a month, without a feed has nothing to say in this range.
    accounts.retain(|part| !part.coverage.is_empty() || !part.days.is_empty() || is_partners);
    let is_complete =
        |part: &Part| !part.coverage.is_empty() && part.coverage.iter().all(|feed| feed.gaps.rows.is_empty());
    Report {
        title: title(args.affiliate, answers),
        version: env!("CARGO_PKG_VERSION"),
        made_at: time_text(asked.made_at),
        lake: (!is_partners).then(|| asked.lake.clone()),
        affiliate: args.affiliate,
        period: answers.has_range.then(|| period(answers.seconds, *zone)),
        before: answers.has_range.then(|| period(answers.before, *zone)),
        is_compared: accounts.iter().flat_map(|part| &part.figures).any(|figure| figure.before.is_some()),
        timezone: zone.name().to_owned(),
        is_complete: !accounts.is_empty() && accounts.iter().all(is_complete),
        notes: if is_partners { Vec::new() } else { notes(answers) },
        accounts,
        accounts_left_out: left_out,
        method: Method {
            queries: answers.queries.iter().cloned().collect(),
            options: options(args),
            scores: answers.scored_with.clone(),
        },
    }
}

/// What is to be said before anything else; what scores rest on is said where they are explained.
fn notes(answers: &Answers) -> Vec<String> {
    let of_scores = |note: &&String| answers.scored_with.as_ref().is_some_and(|with| with.remarks.contains(note));
    answers.notes.iter().filter(|note| !of_scores(note)).map(|note| shortened(note, 500)).collect()
}

fn title(affiliate: Option<i64>, answers: &Answers) -> String {
    match affiliate {
        None => "Click report".to_owned(),
        Some(id) => {
            let name = answers.affiliates.iter().find_map(|row| row.affiliate_name.clone());
            format!("Click report for {}", affiliates::called(&Affiliate::new(Some(id), name.as_deref())))
        }
    }
}

/// Options that change what is on the page.
fn options(args: &ReportArgs) -> Vec<(String, String)> {
    let mut options =
        vec![("--top".to_owned(), args.top.to_string()), ("--min-clicks".to_owned(), args.min_clicks.to_string())];
    options.extend(args.lake.account.iter().map(|account| ("--account".to_owned(), account.clone())));
    options.extend(args.affiliate.iter().map(|id| ("--affiliate".to_owned(), id.to_string())));
    options.extend(args.lake.lists.iter().map(|_| ("--lists".to_owned(), "of your own".to_owned())));
    options
}

/// The accounts of a report, those with most clicks first, and those that are left out.
pub(super) fn accounts(answers: &Answers) -> (Vec<String>, Vec<String>) {
    let mut clicks: BTreeMap<&str, u64> =
        answers.completeness.now.iter().map(|known| (known.account.as_str(), 0)).collect();
    for row in &answers.figures.now {
        *clicks.entry(&row.account).or_default() += row.clicks;
    }
    let mut ranked: Vec<(&str, u64)> = clicks.into_iter().collect();
    ranked.sort_by_key(|(name, clicks)| (std::cmp::Reverse(*clicks), *name));
    let mut names: Vec<String> = ranked.into_iter().map(|(name, _)| name.to_owned()).collect();
    let left_out = names.split_off(names.len().min(ACCOUNTS_MAX));
    (names, left_out)
}

/// Whose time lines are drawn, for `report/affiliate_days`.
pub(super) fn keys_of_ranked(answers: &Answers, ranks: &Ranks) -> String {
    let (accounts, _) = accounts(answers);
    let rankings: Vec<(String, Ranking)> =
        accounts.into_iter().map(|name| (name.clone(), affiliates::ranking(answers, &name, ranks))).collect();
    affiliates::keys(rankings.iter().map(|(name, ranking)| (name.as_str(), ranking)))
}

/// What there is to say of an account. A partner's page says nothing of others, nor what the network earns.
fn part(answers: &Answers, account: &str, ranks: &Ranks, zone: Tz) -> Part {
    let is_partners = ranks.is_partners;
    let mut ranking = affiliates::ranking(answers, account, ranks);
    affiliates::add_days(&mut ranking, answers, account);
    let (days, days_left_out) = days(answers, account, ranks);
    let comparable = compare::of_account(answers, account);
    let now = of(&answers.figures.now, account).first().copied();
    let affiliates = of(&answers.affiliates, account);
    let mut part = Part {
        account: account.to_owned(),
        sentences: Vec::new(),
        coverage: coverage(answers, account, ranks),
        figures: figures(answers, account, &comparable, is_partners),
        rests_on: now.and_then(|row| row.rests_on.clone()),
        left_out_of_rates: now.map_or(0, |row| row.clicks.saturating_sub(row.rated_clicks)),
        is_own: !affiliates.is_empty() && affiliates.iter().all(|row| row.affiliate_id.is_none()),
        error_classes: error_classes(answers, account, &comparable),
        days,
        days_left_out,
        affiliates: ranking,
        invalid_by_affiliate: affiliates::invalid_rates(answers, account, ranks),
        proxy_by_affiliate: affiliates::proxy_rates(answers, account, ranks),
        hours: week::hours(answers, account, zone),
        offers: offers(answers, account, ranks, is_partners),
        money: money(answers, account, ranks),
        at_risk: at_risk(answers, account, ranks),
        unknown_codes: unknown_codes(answers, account, &comparable, ranks),
        unknown_fields: unknown_fields(answers, account, &comparable, ranks),
        not_compared: comparable.not_compared,
    };
    part.sentences = sentences::of(&part, answers.seconds, is_partners);
    part
}

fn coverage(answers: &Answers, account: &str, ranks: &Ranks) -> Vec<FeedCoverage> {
    let mut feeds = Vec::new();
    for measured in answers.completeness.now.iter().filter(|measured| measured.account == account) {
        let feed = measured.feed.to_string();
        let days: Vec<_> = of(&answers.covered_days, account).into_iter().filter(|day| day.feed == feed).collect();
        // A feed that this account did not have is no gap of it.
        if !answers.has_lately(measured) && days.is_empty() {
            continue;
        }
        let gaps = measured.gaps.iter().map(|gap| Gap { from: text(gap.0), to: text(gap.1), seconds: length(*gap) });
        feeds.push(FeedCoverage {
            feed,
            share: measured.covered_seconds as f64 / length(measured.range).max(1) as f64,
            gaps: Top::of(gaps, GAPS_MAX),
            pruned_seconds: measured.pruned_seconds,
            saturated: days.iter().map(|day| day.saturated).sum(),
            days: covered_days(measured, &days, ranks.days),
        });
    }
    feeds
}

/// Every day of the range, also those that nothing was ever asked of.
fn covered_days(measured: &Completeness, days: &[&super::rows::CoveredDay], most: usize) -> Vec<CoveredDay> {
    let shares: BTreeMap<&str, f64> = days.iter().map(|day| (day.date.as_str(), day.covered_share)).collect();
    let (Some(first), Some(last)) =
        (DateTime::from_timestamp(measured.range.0, 0), DateTime::from_timestamp(measured.range.1, 0))
    else {
        return Vec::new();
    };
    let all = first.date_naive().iter_days().take_while(|day| *day <= last.date_naive());
    let all: Vec<String> = all.take(20_000).map(|day| day.to_string()).collect();
    let skipped = all.len().saturating_sub(most);
    let shown = all.into_iter().skip(skipped);
    shown.map(|day| CoveredDay { share: shares.get(day.as_str()).copied().unwrap_or(0.0).min(1.0), day }).collect()
}

/// A text as long as a page bears; no name that people give is longer.
pub(super) fn cut(text: &str) -> String {
    shortened(text, 150)
}

pub(super) fn length((from, to): Seconds) -> u64 {
    u64::try_from(to.saturating_sub(from).saturating_add(1)).unwrap_or(0)
}

fn text(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0).map_or_else(|| seconds.to_string(), time_text)
}

/// A range as people say it, in a time zone: whole days as days.
fn period((from, to): Seconds, zone: Tz) -> Period {
    let local = |seconds| DateTime::from_timestamp(seconds, 0).map(|time| time.with_timezone(&zone));
    let text_of = match (local(from), local(to)) {
        (Some(first), Some(last)) => {
            let is_whole = first.time() == NaiveTime::MIN && last.time().num_seconds_from_midnight() == 86_399;
            let (first_day, last_day) = (first.date_naive(), last.date_naive());
            match (is_whole, first_day == last_day) {
                (true, true) => format!("{first_day}"),
                (true, false) => format!("{first_day} to {last_day}"),
                _ => format!("{} to {}", first.format("%Y-%m-%d %H:%M:%S"), last.format("%Y-%m-%d %H:%M:%S")),
            }
        }
        _ => format!("{from} to {to}"),
    };
    Period { from: text(from), to: text(to), text: text_of }
}

fn figures(answers: &Answers, account: &str, comparable: &Comparable, is_partners: bool) -> Vec<Figure> {
    let now = of(&answers.figures.now, account).first().copied();
    let before = comparable.before(answers, account);
    let count = |name: &str, of: fn(&Figures) -> u64| {
        let before = before.filter(|_| comparable.counts);
        let (value, before) = (now.map_or(0, of) as f64, before.map(|row| of(row) as f64));
        counted(name, Unit::Count, Some(value), before)
    };
    let share = |name: &str, of: fn(&Figures) -> Counted| {
        let rate = |row: &Figures| {
            let (part, whole, low, high) = of(row);
            rate((whole > 0).then(|| part as f64 / whole as f64), low, high, whole)
        };
        let (value, before) = (now.and_then(rate), before.and_then(rate));
        let apart = |a: super::model::Rate, b: super::model::Rate| a.low > b.high || a.high < b.low;
        Figure {
            name: name.to_owned(),
            unit: Unit::Share,
            value: value.map(|rate| rate.value),
            interval: value.map(|rate| (rate.low, rate.high)),
            before: before.map(|rate| rate.value),
            change: value.zip(before).map(|(now, before)| now.value - before.value),
            is_beyond_chance: value.zip(before).map(|(now, before)| apart(now, before)),
        }
    };
    let mut figures = vec![
        count("Clicks", |row| row.clicks),
        share("Refused", |row| (row.invalid_clicks, row.rated_clicks, row.invalid_low, row.invalid_high)),
        share("Refused as fraud", |row| (row.fraud_clicks, row.rated_clicks, row.fraud_low, row.fraud_high)),
        share("Through proxies", |row| (row.proxy_clicks, row.proxy_known_clicks, row.proxy_low, row.proxy_high)),
        share("From data centres", |row| {
            (row.datacenter_clicks, row.rated_clicks, row.datacenter_low, row.datacenter_high)
        }),
    ];
    if !is_partners && now.is_some_and(|row| row.affiliates > 0) {
        figures.push(count("Affiliates", |row| row.affiliates));
    }
    figures.push(count("Offers", |row| row.offers));
    for money in of(&answers.money.now, account).into_iter().take(CURRENCIES_MAX) {
        let before = of(&answers.money.before, account)
            .into_iter()
            .filter(|_| comparable.counts)
            .find(|row| row.currency_id == money.currency_id);
        let currency = money.currency_id.as_deref().map_or_else(|| "no currency".to_owned(), cut);
        let amounts = [
            ("Payout", money.payout, before.and_then(|row| row.payout)),
            ("Payout at risk", money.payout_at_risk, before.and_then(|row| row.payout_at_risk)),
        ];
        let amounts = amounts.into_iter().filter(|(_, now, _)| now.is_some_and(|amount| amount != 0.0));
        figures.extend(
            amounts.map(|(name, now, before)| counted(&format!("{name}, {currency}"), Unit::Money, now, before)),
        );
    }
    figures
}

/// A part, the whole, and the ends of the interval.
type Counted = (u64, u64, Option<f64>, Option<f64>);

fn counted(name: &str, unit: Unit, value: Option<f64>, before: Option<f64>) -> Figure {
    let change = value.zip(before).filter(|(_, before)| *before != 0.0).map(|(now, before)| now / before - 1.0);
    Figure { name: name.to_owned(), unit, value, interval: None, before, change, is_beyond_chance: None }
}

fn error_classes(answers: &Answers, account: &str, comparable: &Comparable) -> Top<ErrorClass> {
    let invalid = |rows: &[ErrorCode]| -> Vec<ErrorCode> {
        rows.iter().filter(|row| row.account == account && row.error_code != 0).cloned().collect()
    };
    let (now, before) = (invalid(&answers.error_codes.now), invalid(&answers.error_codes.before));
    let all: u64 = now.iter().map(|row| row.clicks).sum();
    let mut classes: BTreeMap<String, (ErrorClass, Vec<Code>)> = BTreeMap::new();
    for row in now {
        let (class, codes) = classes.entry(row.class.clone()).or_insert_with(|| {
            let class = ErrorClass {
                class: cut(&row.class),
                clicks: 0,
                share_of_invalid: 0.0,
                clicks_before: comparable.counts.then_some(0),
                fraud_clicks: 0,
                codes: Top::default(),
            };
            (class, Vec::new())
        });
        class.clicks += row.clicks;
        let is_fraud_signal = row.is_fraud_signal.unwrap_or(false);
        class.fraud_clicks += if is_fraud_signal { row.clicks } else { 0 };
        let name = row.name.as_deref().map(cut);
        codes.push(Code { code: row.error_code, name, clicks: row.clicks, is_fraud_signal });
    }
    for row in before {
        if let Some(clicks) = classes.get_mut(&row.class).and_then(|(class, _)| class.clicks_before.as_mut()) {
            *clicks += row.clicks;
        }
    }
    let classes = classes.into_values().map(|(mut class, mut codes)| {
        class.share_of_invalid = class.clicks as f64 / all.max(1) as f64;
        codes.sort_by_key(|code| (std::cmp::Reverse(code.clicks), code.code));
        class.codes = Top::of(codes.into_iter(), CODES_MAX);
        class
    });
    let mut classes: Vec<ErrorClass> = classes.collect();
    classes.sort_by(|a, b| b.clicks.cmp(&a.clicks).then_with(|| a.class.cmp(&b.class)));
    Top::of(classes.into_iter(), CODES_MAX)
}

/// Days with clicks, the last ones of a long range, and how many were left out.
fn days(answers: &Answers, account: &str, ranks: &Ranks) -> (Vec<Day>, usize) {
    let rows = of(&answers.days, account).into_iter();
    let mut days: Vec<Day> = rows
        .map(|row| Day { day: row.day.clone(), clicks: row.clicks, invalid: row.invalid(), proxy: row.proxy() })
        .collect();
    let left_out = days.len().saturating_sub(ranks.days);
    days.drain(..left_out);
    (days, left_out)
}

fn offers(answers: &Answers, account: &str, ranks: &Ranks, is_partners: bool) -> Top<Offer> {
    let rows = of(&answers.offers, account).into_iter().map(|row| Offer {
        id: row.offer_id,
        name: row.offer_name.as_deref().map(cut),
        clicks: row.clicks,
        affiliates: (!is_partners && row.affiliates > 0).then_some(row.affiliates),
        invalid: rate(row.invalid_rate, row.invalid_low, row.invalid_high, row.rated_clicks),
        proxy_rate: row.proxy_rate,
        top_class: row.top_class.as_deref().map(cut),
        payout: row.payout,
        currency: row.currency_id.as_deref().map(cut),
    });
    Top::of(rows, ranks.top)
}

fn money(answers: &Answers, account: &str, ranks: &Ranks) -> Top<Money> {
    let is_partners = ranks.is_partners;
    let rows = of(&answers.money.now, account).into_iter().map(|row| Money {
        currency: row.currency_id.as_deref().map(cut),
        payout: row.payout,
        payout_at_risk: row.payout_at_risk,
        revenue: row.revenue.filter(|_| !is_partners),
        revenue_at_risk: row.revenue_at_risk.filter(|_| !is_partners),
    });
    Top::of(rows, ranks.top)
}

fn at_risk(answers: &Answers, account: &str, ranks: &Ranks) -> Top<AtRisk> {
    let paid =
        of(&answers.at_risk, account).into_iter().filter(|row| row.payout_at_risk.is_some_and(|amount| amount != 0.0));
    let rows = paid.map(|row| AtRisk {
        affiliate: Affiliate::new(row.affiliate_id, row.affiliate_name.as_deref()),
        currency: row.currency_id.as_deref().map(cut),
        suspicious_clicks: row.suspicious_clicks,
        fraud_codes: row.fraud_signal_codes,
        proxies: row.proxies,
        datacenters: row.datacenters,
        declared_bots: row.declared_bots,
        payout: row.payout,
        payout_at_risk: row.payout_at_risk,
    });
    Top::of(rows, ranks.top)
}

fn unknown_codes(answers: &Answers, account: &str, comparable: &Comparable, ranks: &Ranks) -> Top<UnknownCode> {
    let before: Vec<i32> = of(&answers.error_codes.before, account).iter().map(|row| row.error_code).collect();
    let unknown = of(&answers.error_codes.now, account).into_iter().filter(|row| row.class == "unknown");
    let rows = unknown.map(|row| UnknownCode {
        code: row.error_code,
        message: row.message.as_deref().map(cut),
        clicks: row.clicks,
        is_new: comparable.rates.then(|| !before.contains(&row.error_code)),
    });
    Top::of(rows, ranks.top)
}

fn unknown_fields(answers: &Answers, account: &str, comparable: &Comparable, ranks: &Ranks) -> Top<UnknownField> {
    let before: Vec<&str> = of(&answers.unknown_fields.before, account).iter().map(|row| row.path.as_str()).collect();
    let rows = of(&answers.unknown_fields.now, account).into_iter().map(|row| UnknownField {
        path: cut(&row.path),
        clicks: row.clicks,
        first_time: row.first_time.clone(),
        is_new: comparable.rates.then(|| !before.contains(&row.path.as_str())),
    });
    Top::of(rows, ranks.top)
}
