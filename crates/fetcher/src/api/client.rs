//! Sends a request until an answer is good, or is given up.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::{Method, redirect};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::answer::{Answer, Broken, RateLimit};
use super::budget::Budget;
use super::config::{ClientConfig, ConfigError, Limits, Timeouts, check_base_url, is_loopback};
use super::error::{ApiError, Transient};
use super::filters::Spellings;
use super::key::ApiKey;
use super::pace::Pace;
use super::retry::RetryPolicy;
use super::words::visible;

/// Asks one Everflow host with one key. Shared by reference; every method may be called at the same time by many.
#[derive(Debug)]
pub struct Client {
    pub(super) http: reqwest::Client,
    pub(super) base_url: Url,
    pub(super) key: ApiKey,
    pub(super) timeouts: Timeouts,
    pub(super) limits: Limits,
    pub(super) retry: RetryPolicy,
    pub(super) pace: Pace,
    slots: Semaphore,
    pub(super) budget: Budget,
    pub(super) spellings: Spellings,
    pub(super) counts: Counts,
}

/// What was done so far, for a progress line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests sent, those sent again included.
    pub requests: u64,
    /// Of which were sent again.
    pub retries: u64,
    /// Decompressed bytes of bodies.
    pub body_bytes: u64,
    /// The limit as the last answer stated it.
    pub rate_limit: RateLimit,
}

#[derive(Debug)]
pub(super) struct Counts {
    requests: AtomicU64,
    retries: AtomicU64,
    body_bytes: AtomicU64,
    limit: AtomicU64,
    remaining: AtomicU64,
}

/// In [`Counts`]: the server did not say.
const UNKNOWN: u64 = u64::MAX;

/// One request, as it may be sent several times.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) body: Option<Vec<u8>>,
}

/// How a try ended without an answer.
#[derive(Debug)]
pub(super) enum Failure {
    Final(ApiError),
    Again { last: Transient, retry_after: Option<Duration> },
}

impl From<Transient> for Failure {
    fn from(last: Transient) -> Failure {
        Failure::Again { last, retry_after: None }
    }
}

impl Client {
    /// Makes a client; sends nothing.
    ///
    /// # Errors
    /// When the address is not one that the key may be sent to, or TLS cannot be set up.
    pub fn new(config: ClientConfig) -> Result<Client, ConfigError> {
        let base_url = check_base_url(&config.base_url, config.is_insecure_allowed)?;
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("clickproof/", env!("CARGO_PKG_VERSION")))
            // One connection for each request under way: a broken one costs one answer.
            .http1_only()
            .https_only(base_url.scheme() == "https")
            .redirect(redirect::Policy::none())
            .referer(false)
            .gzip(true)
            .connect_timeout(config.timeouts.connect);
        if is_loopback(&base_url) {
            builder = builder.no_proxy();
            // Reading the machine's certificates takes a while, and plain http without a proxy needs none.
            builder = builder.tls_built_in_root_certs(base_url.scheme() == "https");
        }
        let http = builder.build().map_err(|error| ConfigError::Http(chain(&error)))?;
        Ok(Client {
            http,
            base_url,
            key: config.key,
            timeouts: config.timeouts,
            limits: config.limits,
            retry: config.retry,
            pace: Pace::new(config.limits.requests_per_second, config.limits.rate_window),
            slots: Semaphore::new(config.limits.concurrent.clamp(1, Semaphore::MAX_PERMITS)),
            budget: Budget::new(config.limits.bytes_in_flight_max),
            spellings: Spellings::default(),
            counts: Counts::new(),
        })
    }

    /// What was done so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counts.snapshot()
    }

    /// Text from outside made fit to be shown: the key redacted, control characters folded, cut after 200 characters.
    #[must_use]
    pub fn visible(&self, text: &str) -> String {
        visible(text, &self.key)
    }

    /// Sends a request until its answer can be read, as [`RetryPolicy`] says.
    pub(super) async fn send<T, F, Fut>(&self, call: &Call, read: F) -> Result<T, ApiError>
    where
        F: Fn(Answer) -> Fut,
        Fut: Future<Output = Result<T, Broken>>,
    {
        let mut waits = self.retry.waits();
        let mut clock = CallClock::new(self.retry.total_max);
        let mut tries = 0;
        let mut last_failure = None;
        loop {
            let slot = match last_failure.take() {
                None => self.turn().await,
                Some(last) => match timeout_at(clock.deadline(), self.turn()).await {
                    Ok(slot) => slot,
                    Err(_) => return Err(clock.gave_up(tries, last)),
                },
            };
            tries += 1;
            clock.begin();
            let failure = match self.exchange(call, &mut clock, slot).await {
                Ok(answer) => match clock.excluding(read(answer)).await {
                    Ok(value) => return Ok(value),
                    Err(Broken(words)) => Failure::from(Transient::Broken { words: self.visible(&words) }),
                },
                Err(failure) => failure,
            };
            let (last, retry_after) = match failure {
                Failure::Final(error) => return Err(error),
                Failure::Again { last, retry_after } => (last, retry_after),
            };
            let wait = waits.next().map(|wait| wait.max(retry_after.unwrap_or_default()));
            let Some(wait) = wait.filter(|wait| *wait < clock.left()) else {
                return Err(clock.gave_up(tries, last));
            };
            tracing::debug!(path = call.path, tries, wait_ms = wait.as_millis() as u64, "trying again: {last}");
            if matches!(last, Transient::RateLimited { .. }) {
                self.pace.pause(wait);
            }
            self.counts.retries.fetch_add(1, Ordering::Relaxed);
            last_failure = Some(last);
            tokio::time::sleep(wait).await;
        }
    }

    /// Waits until one more request may be under way.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // A semaphore of ours is never closed, so that this is always some.
        let slot = self.slots.acquire().await.ok();
        self.pace.turn().await;
        slot
    }
}

/// How long a call has taken, by the clock of [`RetryPolicy::total_max`].
#[derive(Debug)]
pub(super) struct CallClock {
    begun: Option<Instant>,
    total_max: Duration,
}

impl CallClock {
    fn new(total_max: Duration) -> CallClock {
        CallClock { begun: None, total_max }
    }

    /// Starts it, at the first try.
    fn begin(&mut self) {
        self.begun.get_or_insert_with(Instant::now);
    }

    /// Waits for something without counting it.
    pub(super) async fn excluding<T>(&mut self, future: impl Future<Output = T>) -> T {
        let from = Instant::now();
        let value = future.await;
        self.begun = self.begun.map(|begun| begun + from.elapsed());
        value
    }

    pub(super) fn deadline(&self) -> Instant {
        self.begun.unwrap_or_else(Instant::now) + self.total_max
    }

    fn left(&self) -> Duration {
        self.deadline().saturating_duration_since(Instant::now())
    }

    fn gave_up(&self, tries: u32, last: Transient) -> ApiError {
        let seconds = self.begun.map_or(0, |begun| begun.elapsed().as_secs());
        ApiError::GaveUp { tries, seconds, last }
    }
}

impl Counts {
    fn new() -> Counts {
        Counts {
            requests: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            body_bytes: AtomicU64::new(0),
            limit: AtomicU64::new(UNKNOWN),
            remaining: AtomicU64::new(UNKNOWN),
        }
    }

    /// Counts one more request, unless so many were sent.
    pub(super) fn add_request(&self, max: Option<u64>) -> Result<(), ApiError> {
        let max = max.unwrap_or(u64::MAX);
        let add = |sent: u64| (sent < max).then(|| sent + 1);
        match self.requests.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add) {
            Ok(_) => Ok(()),
            Err(_) => Err(ApiError::RequestsSpent { max }),
        }
    }

    pub(super) fn add_body_bytes(&self, bytes: usize) {
        self.body_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn set_rate_limit(&self, rate_limit: RateLimit) {
        self.limit.store(rate_limit.limit.unwrap_or(UNKNOWN), Ordering::Relaxed);
        self.remaining.store(rate_limit.remaining.unwrap_or(UNKNOWN), Ordering::Relaxed);
    }

    fn snapshot(&self) -> Counters {
        let known = |count: &AtomicU64| Some(count.load(Ordering::Relaxed)).filter(|count| *count != UNKNOWN);
        Counters {
            requests: self.requests.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            body_bytes: self.body_bytes.load(Ordering::Relaxed),
            rate_limit: RateLimit { limit: known(&self.limit), remaining: known(&self.remaining) },
        }
    }
}

/// What an error and everything behind it says.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !words.contains(&more) {
            words.push_str(": ");
            words.push_str(&more);
        }
        source = error.source();
    }
    words
}
