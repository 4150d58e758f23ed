//! What Everflow says: host, key, clock, limit, time zones, counts.

use crate::api::{AccountCheck, AggregateColumn, ApiError, Client, KeyKind, RateLimit, TimeZone};
use crate::request::Window;
use crate::summary::{count, grouped};

use super::Check;

/// The checks of this module, in order.
pub(super) const NAMES: [&str; 6] = ["host", "account", "clock", "rate limit", "time zone", "counts"];

/// Everflow adds late rows for ten minutes: clocks further apart than a part of that make "settled" untrue.
const SKEW_SECONDS_MAX: u64 = 60;
/// The number that we send with every request.
const UTC_ID: u32 = 67;

/// Asks.
pub(super) async fn checks(client: &Client, now: i64) -> Vec<Check> {
    let account = match client.check_account().await {
        Ok(account) => account,
        Err(error) => return of_error(&error),
    };
    let mut checks = vec![Check::ok("host", "answers"), of_account(&account), of_clock(account.clock_ahead_seconds)];
    checks.push(of_limit(account.rate_limit));
    checks.push(of_zones(client.time_zones().await));
    checks.push(match account.kind {
        KeyKind::Affiliate => Check::skipped("counts", "Everflow has none for affiliates: verify cannot compare"),
        KeyKind::Network => {
            let window = Window { from: now - 7200, to: now - 3601 };
            of_counts(client.aggregate(&[AggregateColumn::Hour], window, &[]).await.map(|counts| counts.is_some()))
        }
    });
    checks
}

/// No answer to the first question: was it the way there, or the key?
fn of_error(error: &ApiError) -> Vec<Check> {
    let says = error.to_string();
    let (says, hint) =
        says.split_once("; ").map_or((says.as_str(), "see docs/scheduling.md"), |(says, hint)| (says, hint));
    let is_answer = matches!(error, ApiError::Refused { .. });
    let mut checks = match is_answer {
        true => vec![Check::ok("host", "answers"), Check::failed("account", says, hint).of_source()],
        false => vec![Check::failed("host", says, hint).of_source()],
    };
    let rest = NAMES.into_iter().skip(checks.len());
    checks.extend(rest.map(|name| Check::skipped(name, "nothing can be asked")));
    checks
}

fn of_account(account: &AccountCheck) -> Check {
    let name = account.name.as_deref().map_or_else(String::new, |name| format!(" of {name}"));
    let says = match account.kind {
        KeyKind::Network => format!("a network's key{name}: invalid-clicks, network-clicks"),
        KeyKind::Affiliate => format!("an affiliate's key{name}: affiliate-clicks"),
    };
    Check::ok("account", says)
}

fn of_clock(ahead_seconds: Option<i64>) -> Check {
    match ahead_seconds {
        None => {
            Check::warning("clock", "the server did not tell its time", "see that this machine's clock is set by NTP")
        }
        Some(ahead) if ahead.unsigned_abs() > SKEW_SECONDS_MAX => {
            let direction = if ahead > 0 { "behind" } else { "ahead of" };
            let says = format!("this machine is {} {direction} the server", count(ahead.unsigned_abs(), "second"));
            Check::failed("clock", says, "set it by NTP: what is settled and what is kept is told by it")
        }
        Some(_) => Check::ok("clock", "as the server's"),
    }
}

fn of_limit(limit: RateLimit) -> Check {
    match limit {
        RateLimit { limit: Some(limit), remaining: Some(remaining) } => {
            let says = format!("{} of {} requests left of 30 s", grouped(remaining), grouped(limit));
            if remaining * 10 < limit {
                return Check::warning(
                    "rate limit",
                    says,
                    "another program of the network uses it up: pull at another time",
                );
            }
            Check::ok("rate limit", says)
        }
        _ => Check::ok("rate limit", "not told: the published one is kept"),
    }
}

fn of_zones(zones: Result<Vec<TimeZone>, ApiError>) -> Check {
    let hint = "report this: times would be read wrongly, so do not pull";
    match zones {
        Err(error) => Check::warning("time zone", error.to_string(), "without it, that 67 is UTC is taken for granted"),
        Ok(zones) => match zones.iter().find(|zone| zone.timezone_id == UTC_ID) {
            Some(zone) if matches!(zone.timezone.as_str(), "UTC" | "Etc/UTC" | "GMT" | "Etc/GMT") => {
                Check::ok("time zone", format!("{UTC_ID} is {}", zone.timezone))
            }
            Some(zone) => {
                Check::failed("time zone", format!("{UTC_ID} is {}, not UTC", zone.timezone), hint).of_source()
            }
            None => Check::failed("time zone", format!("Everflow has no time zone {UTC_ID}"), hint).of_source(),
        },
    }
}

fn of_counts(has_counts: Result<bool, ApiError>) -> Check {
    match has_counts {
        Ok(true) => Check::ok("counts", "the key may read Everflow's counts"),
        Ok(false) => Check::warning(
            "counts",
            "the key may not read Everflow's counts",
            "pull needs more requests without them, and verify cannot compare: allow reports for this key",
        ),
        Err(error) => Check::warning("counts", error.to_string(), "pull works without them"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_told_in_which_direction() {
        assert_eq!(of_clock(Some(-60)).verdict, Verdict::Ok);
        let behind = of_clock(Some(3600));
        assert_eq!((behind.verdict, behind.is_source), (Verdict::Failed, false));
        assert!(behind.says.contains("3,600 seconds behind the server"), "{}", behind.says);
        assert!(of_clock(Some(-61)).says.contains("ahead of"));
        assert_eq!(of_clock(None).verdict, Verdict::Warning);
    }

    #[test]
    fn number_67_must_be_utc() {
        let zone = |timezone_id, timezone: &str| TimeZone { timezone_id, timezone: timezone.to_owned() };
        assert_eq!(of_zones(Ok(vec![zone(1, "Africa/Abidjan"), zone(67, "UTC")])).verdict, Verdict::Ok);
        assert!(of_zones(Ok(vec![zone(67, "Asia/Tokyo")])).is_source);
        assert_eq!(of_zones(Ok(vec![])).verdict, Verdict::Failed);
    }

    #[test]
    fn a_limit_that_others_use_up_is_a_warning() {
        let of = |limit, remaining| of_limit(RateLimit { limit, remaining }).verdict;
        assert_eq!(
            [of(Some(900), Some(90)), of(Some(900), Some(89)), of(None, None)],
            [Verdict::Ok, Verdict::Warning, Verdict::Ok]
        );
    }
}
