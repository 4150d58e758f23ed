//! The sentences of a case file. Pure; names and values by strangers are quoted as they are and escaped by the templates.

use super::change::{Change, MAX_P};
use super::document::{CompletenessSaid, Finding, Implicated, Source};
use super::facts::{Earlier, Facts, Kind, ReasonFacts, Subject};
use super::judge::OfDay;
use super::judge::{
    AgainstPeers, Count, FAR_OUT, LIFT_OF_FEW, MIN_CLICKS, MIN_HITS, MIN_PEER_CLICKS, MIN_PEERS, Standing,
};
use super::reason::Basis;
use crate::engine::completeness::Range;
use crate::formats::{amount, grouped};
use crate::page::percent_of;

/// Fewer rated clicks than these are said to be few.
const FEW_CLICKS: u64 = 500;
/// The part of the implicated clicks from which on where they came from is said.
const WORTH_SAYING: f64 = 0.05;

/// `affiliate 15 (Pioneer Media) of account acme`.
pub(super) fn named(subject: &Subject) -> String {
    let Subject { kind, account, id, name } = subject;
    let name = name.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
    format!("{} {id}{name} of account {account}", kind.noun())
}

fn count(number: u64) -> String {
    grouped(&number.to_string())
}

fn clicks(number: u64) -> String {
    if number == 1 { "1 click".to_owned() } else { format!("{} clicks", count(number)) }
}

fn percent(rate: Option<f64>) -> String {
    rate.map_or_else(|| "unknown".to_owned(), percent_of)
}

fn abnormal(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|finding| finding.judgement.standing == Standing::Abnormal)
}

/// A reason's sentence with its figures.
pub(super) fn of_reason(facts: &ReasonFacts) -> String {
    let expected = expected(&facts.judgement.peers);
    let said = facts
        .sentence
        .replace("{x}", &count(facts.own.x))
        .replace("{n}", &count(facts.own.n))
        .replace("{observed}", &percent(facts.own.rate()))
        .replace("{expected}", &expected);
    if facts.own.n == 0 { "none of the clicks can be judged by this reason".to_owned() } else { said }
}

/// The rate of the others, and where some are far out themselves what it is without them, which is what the subject is compared with.
fn expected(peers: &AgainstPeers) -> String {
    let all = percent(peers.all_rate);
    match peers.far_out {
        0 => all,
        1 => format!("{all} ({} without the one that is far out itself)", percent(peers.expected)),
        far_out => format!("{all} ({} without the {far_out} that are far out themselves)", percent(peers.expected)),
    }
}

/// Since when an abnormal rate is what it is, as far as the days show it; of others, only a clear change.
pub(super) fn since(facts: &ReasonFacts) -> Option<String> {
    let change = facts.judgement.itself.change.as_ref();
    let changed = change.map(|change| {
        let verb = if change.is_rise() { "rose" } else { "fell" };
        let (before, after) = (change.before, change.after);
        let when = if change.has_days_between() {
            format!("between {} and {} (no rate is known of the days between)", change.day_before, change.day)
        } else {
            format!("on {}", change.day)
        };
        format!(
            "{verb} {when}: {} before ({} of {}), {} from then on ({} of {})",
            percent(before.rate()),
            count(before.x),
            count(before.n),
            percent(after.rate()),
            count(after.x),
            count(after.n)
        )
    });
    if facts.judgement.standing != Standing::Abnormal || change.is_some_and(Change::is_rise) {
        return changed;
    }
    // A fall is no beginning.
    let seen = first_seen(facts)?;
    Some(match changed {
        Some(fell) => format!("{seen}; {fell}"),
        None => format!("no single day can be named on which the rate changed; {seen}"),
    })
}

/// When an abnormal reason was first seen, which is all that the days show where no change of the rate is clear.
fn first_seen(facts: &ReasonFacts) -> Option<String> {
    let place = facts.days.iter().position(|of| of.hits > 0)?;
    let (earlier, OfDay { day, count, hits }) = (facts.days.get(..place)?, facts.days.get(place)?);
    let before = earlier.iter().fold(Count::default(), |sum, of| sum.and(of.count));
    let of_day = match (count.n, hits - count.x) {
        (0, _) => format!("{}, of a day without a rate", self::count(*hits)),
        (n, 0) => format!("{} of {} on that day", self::count(count.x), self::count(n)),
        (n, more) => {
            format!("{} of {} on that day, and {more} without a denominator", self::count(count.x), self::count(n))
        }
    };
    let further = match before.n {
        0 if count.n > 0 => ", the first of the range that can be judged".to_owned(),
        0 => String::new(),
        before => format!(", none of {} on the days before", self::count(before)),
    };
    Some(format!("the first such click was on {day} ({of_day}{further})"))
}

/// How much of the range is proven.
pub(super) fn completeness(facts: &Facts) -> String {
    let Some(measured) = &facts.completeness else {
        return "Nothing is known of how complete the clicks are.".to_owned();
    };
    if measured.is_complete() {
        return format!("Complete: {} covers every second of {}.", measured.feed, Range(facts.seconds));
    }
    let sentence = measured.to_string();
    let sentence = sentence.split(" (see: ").next().unwrap_or_default();
    format!("Not complete: {sentence}. What follows rests on the clicks that are there.")
}

/// The summary.
pub(super) fn summary(facts: &Facts, findings: &[Finding], implicated: &Implicated) -> Vec<String> {
    let range = Range(facts.seconds);
    let found: Vec<&Finding> = abnormal(findings).collect();
    let mut said = vec![format!(
        "{} had {} in {range}; {}.",
        capitalised(&named(&facts.subject)),
        clicks(facts.own.clicks),
        match facts.others {
            0 => "there are no others of its account to compare it with".to_owned(),
            1 => "one other of its account is all that it is compared with".to_owned(),
            others => format!("{} others of its account are the network it is compared with", count(others as u64)),
        }
    )];
    let Some(strongest) = found.first() else {
        said.push(match facts.own.rated_clicks {
            rated if rated < MIN_CLICKS => {
                format!("Nothing can be judged: a rate can rest on {} only, {MIN_CLICKS} are needed.", clicks(rated))
            }
            _ => format!("Nothing is abnormal: of {} reasons none holds against it.", findings.len()),
        });
        return said;
    };
    said.push(format!("Abnormal are {} of {} reasons: {}.", found.len(), findings.len(), titles(&found)));
    said.extend(found.iter().map(|finding| format!("{}.", capitalised(&finding.sentence))));
    if let Some(since) = &strongest.since {
        said.push(format!("When it began ({}): {since}.", strongest.title));
    }
    if let Some(source) = strongest.sources.iter().find(|source| carries(source, strongest)) {
        said.push(format!(
            "{} is carried by {}: without it the rate would be {} in place of {}.",
            strongest.title,
            shares(source, strongest),
            left(source),
            percent(strongest.rate)
        ));
    }
    said.push(implicated.sentence.clone());
    said.push(at_risk(implicated));
    said.push("None of this is proof: it is what is there, with what else may explain it.".to_owned());
    said
}

/// Whether the rate would be a fifth lower without the source, as far as what is left can tell.
fn carries(source: &Source, finding: &Finding) -> bool {
    let is_lower = source.rate_without.zip(finding.rate).is_some_and(|(without, rate)| without <= 0.8 * rate);
    is_lower && source.stands_out()
}

/// `sub1 = x, with 95.9 % of the hits and 57.8 % of the clicks`.
fn shares(source: &Source, finding: &Finding) -> String {
    let Source { dimension, value, .. } = source;
    let of_clicks = percent(Count { x: source.count.n, n: finding.own.n }.rate());
    format!(
        "{dimension} = {value}, with {} of the hits and {of_clicks} of the clicks",
        percent(Some(source.share_of_hits))
    )
}

/// What is left without a source: `5.8 % (11 of 190)`.
fn left(source: &Source) -> String {
    let Count { x, n } = source.without;
    format!("{} ({} of {})", percent(source.rate_without), count(x), count(n))
}

/// How many clicks are implicated. A share is one of clicks that a rate can rest on; of refused clicks alone all look bad.
pub(super) fn implicated(facts: &Facts) -> String {
    let (all, rated, own) = (facts.counter.clicks, facts.counter.rated_clicks, &facts.own);
    let are = if all == 1 { "is" } else { "are" };
    let share = percent(Count { x: rated, n: own.rated_clicks }.rate());
    if own.rated_clicks == own.clicks {
        return format!("{} ({share} of all) {are} implicated, each counted once.", clicks(all));
    }
    format!(
        "{} {are} implicated, each counted once: {} of the {} that a rate can rest on ({share}), and {} of the {} of times of which \
         only refused clicks are there.",
        clicks(all),
        count(rated),
        count(own.rated_clicks),
        count(all.saturating_sub(rated)),
        count(own.clicks.saturating_sub(own.rated_clicks)),
    )
}

fn at_risk(implicated: &Implicated) -> String {
    let each: Vec<String> = implicated
        .money
        .iter()
        .filter(|money| money.payout.is_some() || money.revenue.is_some())
        .map(|money| {
            let currency = money.currency_id.as_deref().unwrap_or("(no currency)");
            let said = |amount: &Option<String>| amount.as_deref().map_or_else(|| "unknown".to_owned(), self::amount);
            format!("payout {} and revenue {} {currency}", said(&money.payout), said(&money.revenue))
        })
        .collect();
    if each.is_empty() {
        "The clicks carry no money: this feed has no payout and revenue.".to_owned()
    } else {
        format!("Money at risk, on the implicated clicks: {}.", each.join("; "))
    }
}

/// What speaks for the subject.
pub(super) fn in_favour(facts: &Facts, findings: &[Finding], completeness: &CompletenessSaid) -> Vec<String> {
    let mut said = visitors(facts);
    said.extend(networks(facts));
    said.extend(standing_of_findings(facts, findings));
    if !completeness.is_complete {
        said.push("The data is not complete: what is missing may look otherwise.".to_owned());
    }
    if facts.own.rated_clicks < FEW_CLICKS {
        said.push(format!("The clicks are few: rates rest on {}.", clicks(facts.own.rated_clicks)));
    }
    let masked = Count { x: facts.own.masked_addresses, n: facts.own.with_address };
    if masked.rate().is_some_and(|share| share >= WORTH_SAYING) {
        said.push(format!(
            "{} of the addresses are masked and stand for up to 256 each: what counts addresses does not judge them.",
            percent(masked.rate())
        ));
    }
    said
}

fn visitors(facts: &Facts) -> Vec<String> {
    let mut said = Vec::new();
    let (own, rest) = (&facts.own, &facts.rest);
    let converted = Count { x: own.conversions, n: own.conversion_known };
    let others = Count { x: rest.conversions, n: rest.conversion_known };
    if converted.x > 0 && !others.is_clearly_above(converted) {
        said.push(format!(
            "{} of {} converted ({}), of the others' {}.",
            count(converted.x),
            clicks(converted.n),
            percent(converted.rate()),
            percent(others.rate())
        ));
    }
    if own.conversion_known == 0 && own.rated_clicks > 0 {
        said.push("Whether clicks converted is not known: this feed does not say.".to_owned());
    }
    if let Some(conversions) = facts.counter.conversions.filter(|conversions| *conversions > 0) {
        said.push(format!("{} of the implicated clicks converted.", count(conversions)));
    }
    let unique = Count { x: own.unique_clicks, n: own.unique_known };
    let others = Count { x: rest.unique_clicks, n: rest.unique_known };
    if unique.x > 0 && !others.is_clearly_above(unique) {
        said.push(format!(
            "{} of the clicks are a visitor's first ({} of {}), of the others' {}.",
            percent(unique.rate()),
            count(unique.x),
            count(unique.n),
            percent(others.rate())
        ));
    }
    said
}

fn networks(facts: &Facts) -> Vec<String> {
    let of = facts.counter.clicks;
    let places = [
        (facts.counter.from_carriers, "a mobile carrier, where thousands share an address"),
        (facts.counter.from_campuses, "a campus network, where many share an address and proxies are common"),
        (facts.counter.from_relays, "a privacy relay, which people use"),
    ];
    let worth =
        places.into_iter().filter(|(x, _)| Count { x: *x, n: of }.rate().is_some_and(|share| share >= WORTH_SAYING));
    worth
        .map(|(x, place)| {
            format!("{} of the implicated clicks ({}) came from {place}.", count(x), percent(Count { x, n: of }.rate()))
        })
        .collect()
}

fn standing_of_findings(facts: &Facts, findings: &[Finding]) -> Vec<String> {
    let mut said = Vec::new();
    let found: Vec<&Finding> = abnormal(findings).collect();
    let normal: Vec<&Finding> =
        findings.iter().filter(|finding| finding.judgement.standing == Standing::Normal).collect();
    if !normal.is_empty() {
        said.push(format!("Not abnormal are {} of {} reasons: {}.", normal.len(), findings.len(), titles(&normal)));
    }
    if !found.is_empty() && found.iter().all(|finding| finding.basis == Basis::List) {
        said.push("All that is abnormal rests on lists and flags; nothing in how the clicks behave is.".to_owned());
    }
    if found.iter().any(|finding| finding.judgement.peers.peers < MIN_PEERS) {
        said.push(format!(
            "There are few others to compare with: fewer than {MIN_PEERS} have {MIN_PEER_CLICKS} clicks."
        ));
    }
    for finding in &found {
        let (own, earlier) = (finding.own, finding.judgement.itself.earlier);
        if let Some(earlier) = earlier.filter(|earlier| !own.is_clearly_above(*earlier) && earlier.n >= MIN_CLICKS) {
            said.push(format!(
                "{}: not clearly higher than in the period before, when it was {}.",
                finding.title,
                percent(earlier.rate())
            ));
        }
        said.extend(alone(facts, finding));
    }
    said
}

/// One bad source in a subject that is else like the others: that it is no worse is said only where the clicks that are left show it.
fn alone(facts: &Facts, finding: &Finding) -> Option<String> {
    let peers = &finding.judgement.peers;
    let (_, usual) = peers.expected_interval?;
    // A reason that rests on user agents is gone without them: that tells nothing.
    let mut told_apart = finding.sources.iter().filter(|source| !finding.defined_by.contains(&source.dimension));
    let source =
        told_apart.find(|source| source.stands_out() && source.rate_without.is_some_and(|rate| rate <= usual))?;
    let (_, at_most) = source.without.interval()?;
    let outcome = if at_most <= usual {
        format!(": the {} is no worse than the others then", facts.subject.kind.noun())
    } else {
        format!("; by its 95 % interval it may be up to {}", percent(Some(at_most)))
    };
    Some(format!(
        "{}: one source carries it, {}. Without it the rate is {}, of the others' clicks {}{outcome}.",
        finding.title,
        shares(source, finding),
        left(source),
        expected(peers),
    ))
}

/// How it was computed.
pub(super) fn method(facts: &Facts) -> Vec<String> {
    let feeds = match facts.subject.kind {
        Kind::Affiliate => "the other affiliates",
        Kind::Offer => "the other offers",
    };
    let earlier = match &facts.earlier {
        Some(Earlier { seconds, not_compared: None }) => format!("The period before is {}.", Range(*seconds)),
        Some(Earlier { seconds, not_compared: Some(why) }) => {
            format!("The period before, {}, is not compared with: {why}.", Range(*seconds))
        }
        None => "The lake holds no period before the range.".to_owned(),
    };
    vec![
        "Each reason is an SQL file that marks clicks (queries/evidence). Rates rest on clicks that have a denominator \
         (rated_clicks.basis); implicated are all clicks that an abnormal reason marks, those without a denominator, too."
            .to_owned(),
        format!(
            "Abnormal against the network: at least {MIN_HITS} hits among {MIN_CLICKS} clicks, Wilson's 95 % interval wholly above \
             that of {feeds} of the account together, and a robust z of {FAR_OUT} or more: (rate - median of the peers) / \
             max(1.4826 MAD, binomial standard error, one click), over peers with {MIN_PEER_CLICKS} clicks; with fewer than \
             {MIN_PEERS} peers, {LIFT_OF_FEW} times their rate. Peers that are far out by this rule themselves, up to a fifth of \
             them, are left out of the others' rate: one bad source of traffic must not hide another."
        ),
        format!(
            "Abnormal against itself: risen above the network's rate, either since the period before (Wilson's intervals \
             apart) or on a day of the range: the split of the days into two rates with the greatest binomial likelihood, its \
             deviance over the days' overdispersion, p at most {MAX_P} after Bonferroni over the splits. {earlier}"
        ),
        format!(
            "A source carries a finding where its rate is clearly above the rate without it (Wilson's intervals apart), which must \
             rest on {MIN_CLICKS} clicks: of each of sub1 to sub5, source_id, offer or affiliate, network (/24, /48) and user agent, \
             the three values with most hits are looked at."
        ),
        "Examples are the 20 clicks whose MD5 of the transaction id is smallest: nobody picked them.".to_owned(),
        "Among many affiliates some are far out by chance, and whoever looks at one for a reason finds it: a case file describes \
         one that was chosen, it does not choose."
            .to_owned(),
    ]
}

fn titles(findings: &[&Finding]) -> String {
    findings.iter().map(|finding| finding.title.as_str()).collect::<Vec<_>>().join(", ")
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
