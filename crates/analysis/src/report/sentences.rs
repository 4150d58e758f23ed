//! An account in five sentences: what came, whether that is all, what was refused, what looks like fraud, who stands out. Pure.

use clicks::feed::Feed;

use super::affiliates::{called, how_many};
use super::compare::time_before;
use super::model::{FeedCoverage, Figure, Money, Part, Ranking};
use crate::engine::completeness::Seconds;
use crate::page::{duration_of, floor_percent_of, many, money_of, percent_of, shortened};

/// The five sentences; one for an account without clicks.
pub(super) fn of(part: &Part, (from, to): Seconds, is_partners: bool) -> Vec<String> {
    if value(part, "Clicks").is_none_or(|clicks| clicks == 0.0) {
        return vec![no_clicks(part), completeness(part)];
    }
    let length = to.saturating_sub(from).saturating_add(1);
    let mut sentences = vec![volume(part, length), completeness(part), refused(part), proxies(part)];
    sentences.push(if is_partners || part.is_own { at_risk(part) } else { stands_out(part) });
    sentences
}

fn figure<'a>(part: &'a Part, name: &str) -> Option<&'a Figure> {
    part.figures.iter().find(|figure| figure.name == name)
}

fn value(part: &Part, name: &str) -> Option<f64> {
    figure(part, name).and_then(|figure| figure.value)
}

fn no_clicks(part: &Part) -> String {
    let (refused, all): (Vec<_>, Vec<_>) =
        part.coverage.iter().filter(|feed| feed.share >= 1.0).partition(|feed| is_of_refused(feed));
    match (all.is_empty(), refused.is_empty()) {
        (false, _) => "There were no clicks in this range: a feed covers all of it and brought none.",
        (_, false) => "No click was refused in this range; others were not fetched.",
        _ => "There are no clicks of this range in the lake.",
    }
    .to_owned()
}

fn is_of_refused(feed: &FeedCoverage) -> bool {
    feed.feed == Feed::InvalidClicks.to_string()
}

/// `10,500 clicks of 40 affiliates in 7 days, 3.1 % more than in the 7 days before.`
fn volume(part: &Part, seconds: i64) -> String {
    let clicks = value(part, "Clicks").unwrap_or_default();
    let seconds = u64::try_from(seconds).unwrap_or_default();
    let (length, before) = (duration_of(seconds), time_before(seconds));
    let whose = match value(part, "Affiliates") {
        Some(affiliates) => format!(" of {}", how_many(affiliates as u64)),
        None => String::new(),
    };
    let counted = many(clicks as usize, "click");
    let change = match figure(part, "Clicks").map(|figure| (figure.change, figure.before)) {
        Some((Some(change), _)) if change.abs() < 0.005 => format!("about as many as in {before}"),
        Some((Some(change), _)) => {
            let word = if change > 0.0 { "more" } else { "fewer" };
            format!("{} {word} than in {before}", percent_of(change.abs()))
        }
        _ => {
            let why = part.not_compared.as_ref().map_or_else(String::new, |why| format!("; {why}"));
            return format!("{counted}{whose} in {length}{why}.");
        }
    };
    format!("{counted}{whose} in {length}, {change}.")
}

fn completeness(part: &Part) -> String {
    if part.coverage.is_empty() {
        return "Nothing proves that this is all: no feed was fetched with its coverage, so rates rest on what was landed.".to_owned();
    }
    let (whole, partly): (Vec<_>, Vec<_>) = part.coverage.iter().partition(|feed| feed.gaps.rows.is_empty());
    let names = |feeds: &[&FeedCoverage]| feeds.iter().map(|feed| feed.feed.clone()).collect::<Vec<_>>().join(" and ");
    let mut said = Vec::new();
    if !whole.is_empty() {
        said.push(format!("every second is proven for {}", names(&whole)));
    }
    for feed in partly {
        let gaps = feed.gaps.rows.len() + feed.gaps.more;
        let missing: u64 = feed.gaps.rows.iter().map(|gap| gap.seconds).sum();
        let missing =
            if feed.gaps.more == 0 { duration_of(missing) } else { format!("more than {}", duration_of(missing)) };
        let gaps = match gaps {
            1 => format!("one gap of {missing}"),
            _ => format!("{} of {missing} together", many(gaps, "gap")),
        };
        said.push(format!("the feed {} covers {}, with {gaps}", feed.feed, floor_percent_of(feed.share)));
    }
    let has_all = part.coverage.iter().any(|feed| feed.feed == Feed::NetworkClicks.to_string());
    if has_all && !part.coverage.iter().any(is_of_refused) {
        said.push(format!("{} was not fetched, so refused clicks may be missing", Feed::InvalidClicks));
    }
    let mut sentence = said.join("; ");
    sentence.push('.');
    capitalised(&sentence)
}

fn refused(part: &Part) -> String {
    let Some(rate) = figure(part, "Refused").filter(|figure| figure.value.is_some()) else {
        return "How many were refused cannot be said as a rate: only refused clicks were fetched.".to_owned();
    };
    // Classes are those of all clicks that were landed, the rate is not.
    let of_these = if part.left_out_of_rates == 0 { "of them" } else { "of all that were landed as refused" };
    let most = part.error_classes.rows.first().map_or_else(
        || "none".to_owned(),
        |class| format!("{} {of_these} for {}", percent_of(class.share_of_invalid), class_name(&class.class)),
    );
    let fraud = value(part, "Refused as fraud").map_or_else(String::new, |share| {
        format!("; {} of {} were refused with a code that is a sign of fraud", percent_of(share), clicks_rated(part))
    });
    match rate.value {
        Some(0.0) => "No click was refused.".to_owned(),
        _ => {
            let share = share_text(rate, &clicks_rated(part));
            format!("{share} were refused{}, {most}{fraud}.", against_before(rate))
        }
    }
}

fn proxies(part: &Part) -> String {
    let (Some(proxies), Some(centres)) = (figure(part, "Through proxies"), figure(part, "From data centres")) else {
        return String::new();
    };
    if proxies.value.is_none() {
        return "Nor can it be said which share of clicks came through proxies.".to_owned();
    }
    let from = centres.value.map_or_else(String::new, |share| format!("; {} from data centres", percent_of(share)));
    let share = share_text(proxies, &clicks_rated(part));
    format!("{share} came through proxies{}{from}.", against_before(proxies))
}

/// Which clicks a rate is of: those of times of which only refused ones were fetched are in none.
fn clicks_rated(part: &Part) -> String {
    match part.left_out_of_rates {
        0 => "clicks".to_owned(),
        left_out => {
            let all = value(part, "Clicks").unwrap_or_default() as u64;
            format!("the {} that have rates", many(all.saturating_sub(left_out) as usize, "click"))
        }
    }
}

/// `18.5 % of clicks (17.8 to 19.3 %)`
fn share_text(figure: &Figure, of_these: &str) -> String {
    let value = percent_of(figure.value.unwrap_or_default());
    figure.interval.map_or_else(
        || format!("{value} of {of_these}"),
        |(low, high)| format!("{value} of {of_these} ({} to {})", percent_of(low), percent_of(high)),
    )
}

/// What is within chance is not called a change.
fn against_before(figure: &Figure) -> String {
    match (figure.before, figure.change, figure.is_beyond_chance) {
        (Some(before), Some(change), Some(true)) => {
            let word = if change > 0.0 { "up" } else { "down" };
            format!(", {word} from {}", percent_of(before))
        }
        (Some(_), _, Some(false)) => ", about as before".to_owned(),
        _ => String::new(),
    }
}

fn stands_out(part: &Part) -> String {
    let worst = part.affiliates.top.rows.iter().find(|row| !row.reasons.is_empty());
    let who = worst.map_or_else(
        || {
            let Ranking { usual, too_few, is_by_scores, .. } = &part.affiliates;
            match (usual, too_few, is_by_scores) {
                (0, 1.., _) => "No affiliate has enough clicks to be judged",
                (_, _, true) => "By the scores, no affiliate stands out",
                _ => "No affiliate stands out",
            }
            .to_owned()
        },
        |row| format!("{} stands out most: {}", called(&row.affiliate), row.reasons[0]),
    );
    let amounts = amounts(part, |money| money.payout_at_risk);
    if amounts.is_empty() {
        format!("{who}.")
    } else {
        format!("{who}. Paid in the whole account for clicks that something speaks against: {amounts}.")
    }
}

fn at_risk(part: &Part) -> String {
    let paid = amounts(part, |money| money.payout_at_risk);
    if !paid.is_empty() {
        return format!("Paid for clicks that something speaks against: {paid}.");
    }
    if part.money.rows.iter().any(|money| money.payout.is_some()) || part.money.rows.is_empty() {
        return "Nothing was paid for clicks that something speaks against.".to_owned();
    }
    match amounts(part, |money| money.revenue_at_risk) {
        revenue if revenue.is_empty() => "What was paid is not known.".to_owned(),
        revenue => {
            format!("What was paid is not known; revenue from clicks that something speaks against: {revenue}.")
        }
    }
}

/// Amounts of the first currencies, those of nothing left out.
fn amounts(part: &Part, of: fn(&Money) -> Option<f64>) -> String {
    let amounts = part.money.rows.iter().take(3).filter_map(|money| {
        let amount = of(money).filter(|amount| *amount != 0.0)?;
        Some(format!(
            "{} {}",
            money_of(amount),
            money.currency.as_deref().map_or_else(|| "of no currency".to_owned(), |currency| shortened(currency, 20))
        ))
    });
    amounts.collect::<Vec<_>>().join(", ")
}

/// How a class is called in a sentence.
fn class_name(class: &str) -> String {
    match class {
        "cap" => "caps",
        "vendor-verdict" => "a vendor's verdict",
        "duplicate" => "being duplicates",
        "unknown" => "codes that the dictionary does not know",
        "lifecycle" => "offers that were not running",
        "proxy" => "proxies",
        other => other,
    }
    .to_owned()
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
