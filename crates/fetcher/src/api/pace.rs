//! Lets requests go one by one: under the published limit, slower when others use it up, not at all after a 429.

use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::answer::RateLimit;

/// Below this share of the limit, what is left is spread over a window.
const SMALL_SHARE: u64 = 10;

/// The pace of one key.
#[derive(Debug)]
pub(super) struct Pace {
    limiter: DefaultDirectRateLimiter,
    /// Held by the request whose turn is next, so that a changed pace is met by one request, not by all that wait.
    turnstile: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    window: Duration,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// No request before.
    paused_until: Option<Instant>,
    /// Between two requests.
    spacing: Duration,
    last_sent: Option<Instant>,
}

impl Pace {
    pub(super) fn new(requests_per_second: u32, window: Duration) -> Pace {
        let per_second = NonZeroU32::new(requests_per_second).unwrap_or(NonZeroU32::MIN);
        // Nine tenths, and a burst of at most a fifteenth of a window's worth: less than the whole in any window.
        let period = Duration::from_secs(10) / (9 * per_second.get());
        let fifteenth = (window.as_secs_f64() * f64::from(per_second.get()) / 15.0) as u32;
        let burst = NonZeroU32::new(fifteenth.min(per_second.get())).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(period).unwrap_or(Quota::per_second(per_second)).allow_burst(burst);
        Pace {
            limiter: RateLimiter::direct(quota),
            turnstile: tokio::sync::Mutex::new(()),
            state: Mutex::default(),
            window,
            changed: Notify::new(),
        }
    }

    /// Waits until a request may be sent.
    pub(super) async fn turn(&self) {
        let _turn = self.turnstile.lock().await;
        loop {
            let changed = self.changed.notified();
            let Some(free_at) = self.free_at() else { break };
            tokio::select! {
                () = tokio::time::sleep_until(free_at) => {}
                () = changed => {}
            }
        }
        while let Err(not_until) = self.limiter.check() {
            tokio::time::sleep(not_until.wait_time_from(DefaultClock::default().now())).await;
        }
        self.state().last_sent = Some(Instant::now());
    }

    /// When the next request may go, if that is not now.
    fn free_at(&self) -> Option<Instant> {
        let state = self.state();
        let spaced = state.last_sent.map(|sent| sent + state.spacing);
        state.paused_until.max(spaced).filter(|free_at| *free_at > Instant::now())
    }

    /// Takes in what the server says is left of the limit.
    pub(super) fn saw(&self, rate_limit: RateLimit) {
        let (Some(limit), Some(remaining)) = (rate_limit.limit, rate_limit.remaining) else { return };
        let spacing = spacing(limit, remaining, self.window);
        let mut state = self.state();
        if state.spacing != spacing {
            state.spacing = spacing;
            drop(state);
            self.changed.notify_waiters();
        }
    }

    /// Sends nothing for a while.
    pub(super) fn pause(&self, wait: Duration) {
        let mut state = self.state();
        state.paused_until = state.paused_until.max(Some(Instant::now() + wait));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Time between requests: none while enough is left, then so much that the rest lasts for a window.
fn spacing(limit: u64, remaining: u64, window: Duration) -> Duration {
    if remaining.saturating_mul(SMALL_SHARE) >= limit {
        return Duration::ZERO;
    }
    let parts = u32::try_from(remaining).unwrap_or(u32::MAX).saturating_add(1);
    window / parts
}

#[cfg(test)]
mod tests {
    use futures::poll;
    use std::pin::pin;
    use std::time::Instant;

    use super::*;

    const WINDOW: Duration = Duration::from_secs(30);

    fn pace(requests_per_second: u32) -> Pace {
        Pace::new(requests_per_second, WINDOW)
    }

    fn left(limit: u64, remaining: u64) -> RateLimit {
        RateLimit { limit: Some(limit), remaining: Some(remaining) }
    }

    #[test]
    fn what_is_left_of_the_limit_lasts_for_a_window() {
        assert_eq!(spacing(900, 900, WINDOW), Duration::ZERO);
        assert_eq!(spacing(900, 90, WINDOW), Duration::ZERO);
        assert_eq!(spacing(900, 59, WINDOW), Duration::from_millis(500));
        assert_eq!(spacing(900, 0, WINDOW), WINDOW);
        assert_eq!(spacing(150, 2, WINDOW), Duration::from_secs(10));
        assert_eq!(spacing(0, 0, WINDOW), Duration::ZERO, "a limit of nothing is no limit that can be obeyed");
    }

    #[tokio::test]
    async fn a_second_has_at_most_its_share() {
        let pace = pace(20);
        let begun = Instant::now();
        for _ in 0..29 {
            pace.turn().await;
        }
        // A burst of 20, then 9 at 18 per second.
        assert!(begun.elapsed() >= Duration::from_millis(495), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_pause_holds_everyone() {
        let pace = pace(1000);
        pace.pause(Duration::from_millis(120));
        pace.pause(Duration::from_millis(1));
        let begun = Instant::now();
        futures::join!(pace.turn(), pace.turn());
        assert!(begun.elapsed() >= Duration::from_millis(120), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn with_little_left_requests_keep_their_distance() {
        let pace = pace(1000);
        pace.turn().await;
        pace.saw(left(3000, 299));
        let begun = Instant::now();
        futures::join!(pace.turn(), pace.turn());
        assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn once_the_limit_is_whole_again_nobody_waits_on() {
        let pace = pace(1000);
        pace.turn().await;
        pace.saw(left(900, 0));
        let mut turn = pin!(pace.turn());
        assert!(poll!(&mut turn).is_pending());
        pace.saw(left(900, 899));
        tokio::time::timeout(WINDOW / 2, turn).await.unwrap();
    }
}
