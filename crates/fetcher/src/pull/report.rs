//! What a pull says of itself, for a person and for a program.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::goal::{EXPIRY_MARGIN_SECONDS, Need, Wish};
use super::seconds::Seconds;
use super::words;
use super::work::Finished;
use crate::request::{Filter, Window};
use crate::summary::{Summary, count, grouped};

/// So many windows of a kind are shown to a person; a program gets all.
const WINDOWS_SHOWN: usize = 5;

/// What a pull did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PullSummary {
    /// The feed.
    pub source: String,
    /// The account.
    pub account: String,
    /// The filters, as `TYPE=VALUE`.
    pub filters: Vec<String>,
    /// What was wanted, both ends inclusive.
    pub range: String,
    /// Requests sent, those sent again among them.
    pub requests: u64,
    /// Of these, those sent again.
    pub requests_repeated: u64,
    /// Seconds that are covered now, of those that were asked for.
    pub seconds_covered: i64,
    /// Seconds that were covered before, and not asked for.
    pub seconds_covered_before: i64,
    /// Clicks outside the window that was asked for: they have landed, and prove nothing.
    pub rows_outside: u64,
    /// What of the range is not covered.
    pub uncovered_windows: Vec<Uncovered>,
    /// What of the range is not covered and no fault, in words.
    #[serde(skip)]
    pub unsettled: Option<String>,
    /// What landed.
    #[serde(flatten)]
    pub landed: Summary,
}

/// Seconds that are not covered, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Uncovered {
    /// Why.
    pub reason: Reason,
    /// The first second.
    pub from: String,
    /// The last second.
    pub to: String,
    /// How many there are.
    pub seconds: i64,
}

/// Why seconds are not covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Too young, or in the future: a later pull gets them. No fault.
    NotSettled,
    /// Older than what Everflow keeps.
    OutOfRetention,
    /// A second that holds more rows than can be had: there may be others.
    Saturated,
    /// Everflow counts far more clicks there than it returned.
    FewerThanCounted,
    /// A request was given up.
    Unanswered,
    /// The pull ended before.
    NotAsked,
}

impl Reason {
    /// True where a later pull will not get it by itself.
    pub(super) fn is_fault(self) -> bool {
        self != Reason::NotSettled
    }

    fn words(self) -> &'static str {
        match self {
            Reason::NotSettled => "not settled yet: a later pull gets it",
            Reason::OutOfRetention => "older than what Everflow keeps: it cannot be had any more",
            Reason::Saturated => {
                "saturated: one second holds more rows than Everflow returns, even by filters; what came has landed"
            }
            Reason::FewerThanCounted => {
                "fewer rows than everflow counts: pull again; if that stays so, everflow may keep clicks for a shorter time (--retention)"
            }
            Reason::Unanswered => "not answered: pull again",
            Reason::NotAsked => "not asked: pull again to go on",
        }
    }
}

/// The uncovered seconds of a round, by reason.
pub(super) fn uncovered(need: &Need, finished: &Finished, wish: &Wish, now: i64) -> Vec<(Reason, Seconds)> {
    let settled = &finished.settled;
    let left = need.asked.without(&settled.proven).without(&settled.saturated);
    // What came of age, or of the server's clock, while the pull was under way.
    let unsettled = left.and(&Seconds::within(now.saturating_sub(wish.settle_seconds) + 1, i64::MAX));
    let left = left.without(&unsettled);
    let expired = left.and(&Seconds::within(0, wish.retention.first_kept(now + EXPIRY_MARGIN_SECONDS) - 1));
    let left = left.without(&expired);
    let unanswered = left.and(&finished.unanswered);
    let short = left.and(&finished.short).without(&unanswered);
    let not_asked = left.without(&unanswered).without(&short);
    let all = |a: &Seconds, b: &Seconds| a.windows().iter().chain(b.windows()).copied().collect::<Seconds>();
    let saturated = all(&need.saturated, &settled.saturated).without(&settled.proven);
    [
        (Reason::OutOfRetention, all(&need.expired, &expired)),
        (Reason::Saturated, saturated),
        (Reason::FewerThanCounted, short),
        (Reason::Unanswered, unanswered),
        (Reason::NotAsked, not_asked),
        (Reason::NotSettled, all(&need.unsettled, &unsettled)),
    ]
    .into_iter()
    .filter(|(_, seconds)| !seconds.is_empty())
    .collect()
}

impl PullSummary {
    /// What a round did.
    pub(super) fn of(
        wish: &Wish,
        account: &str,
        need: &Need,
        finished: &Finished,
        uncovered: &[(Reason, Seconds)],
        elapsed: Duration,
    ) -> PullSummary {
        let tally = &finished.tally;
        let mut landed = Summary {
            rows: tally.rows,
            rows_quarantined: tally.rows_quarantined,
            values_moved_to_extra: tally.moved_to_extra,
            bytes_json: tally.json_bytes,
            ..Summary::default()
        };
        landed.add(tally.folded);
        landed.set_reasons(tally.reasons.clone());
        landed.set_time(elapsed);
        let proven = &finished.settled.proven;
        landed.covered = (!proven.is_empty()).then(|| shown(proven));
        let of = |is_fault: bool| {
            let some = uncovered.iter().filter(|(reason, _)| reason.is_fault() == is_fault);
            let lines: Vec<_> =
                some.map(|(reason, seconds)| format!("{}, {}", shown(seconds), reason.words())).collect();
            (!lines.is_empty()).then(|| lines.join("; "))
        };
        landed.uncovered = of(true);
        let windows = uncovered.iter().flat_map(|(reason, seconds)| {
            seconds.windows().iter().map(|window| Uncovered {
                reason: *reason,
                from: super::word(window.from),
                to: super::word(window.to),
                seconds: window.seconds(),
            })
        });
        PullSummary {
            source: wish.feed.to_string(),
            account: account.to_owned(),
            filters: wish.filters.iter().map(Filter::to_string).collect(),
            range: words(wish.range),
            requests: 0,
            requests_repeated: 0,
            seconds_covered: proven.count(),
            seconds_covered_before: need.covered.count(),
            rows_outside: tally.rows_outside,
            uncovered_windows: windows.collect(),
            unsettled: of(false),
            landed,
        }
    }

    /// A few lines for a person.
    #[must_use]
    pub fn to_text(&self, lake: &str) -> String {
        let mut text = self.landed.to_text(lake, &self.account);
        let mut requests = count(self.requests, "request");
        if self.requests_repeated > 0 {
            requests.push_str(&format!(", of which {} were sent again", grouped(self.requests_repeated)));
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  {:<12} {requests}", "asked");
        if self.seconds_covered_before > 0 {
            let seconds = count(self.seconds_covered_before.unsigned_abs(), "second");
            let _ = write!(text, "\n  {:<12} {seconds} were covered before, and not asked for", "known");
        }
        if let Some(unsettled) = &self.unsettled {
            let _ = write!(text, "\n  {:<12} {unsettled}", "to come");
        }
        if self.rows_outside > 0 {
            let _ = write!(
                text,
                "\n  {:<12} {} outside the window asked for; they have landed, uncovered",
                "outside",
                count(self.rows_outside, "row")
            );
        }
        text
    }
}

/// Seconds as a few windows.
pub(super) fn shown(seconds: &Seconds) -> String {
    let windows = seconds.windows();
    let mut text =
        windows.iter().take(WINDOWS_SHOWN).map(|window: &Window| words(*window)).collect::<Vec<_>>().join(", ");
    if windows.len() > WINDOWS_SHOWN {
        let rest = &windows[WINDOWS_SHOWN..];
        let seconds = rest.iter().map(|window| window.seconds()).sum::<i64>();
        text.push_str(&format!(
            ", and {} of together {} seconds",
            count(rest.len() as u64, "more range"),
            grouped(u64::try_from(seconds).unwrap_or_default())
        ));
    }
    text
}
