//! One request and its answer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderName, LOCATION};
use reqwest::{RequestBuilder, Response, StatusCode};
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::answer::{Answer, RateLimit};
use super::budget::Reserved;
use super::client::{Call, CallClock, Client, Failure, chain};
use super::error::{ApiError, Transient};
use super::words::{ERROR_BODY_BYTES_MAX, words_of};

const KEY_HEADER: HeaderName = HeaderName::from_static("x-eflow-api-key");
/// The words of an error are not waited for longer.
const ERROR_BODY_WAIT_MAX: Duration = Duration::from_secs(5);

impl Client {
    /// Sends a request once and reads the answer. The slot is free again once the last byte was read.
    pub(super) async fn exchange(
        &self,
        call: &Call,
        clock: &mut CallClock,
        _slot: Option<SemaphorePermit<'_>>,
    ) -> Result<Answer, Failure> {
        self.counts.add_request(self.limits.requests_max).map_err(Failure::Final)?;
        let asked_at = seconds_since_1970(SystemTime::now());
        let deadline = clock.deadline().min(Instant::now() + self.timeouts.answer);
        let mut response = self.receive("answer", deadline, self.request(call).send()).await?;
        let rate_limit = rate_limit_of(response.headers());
        self.counts.set_rate_limit(rate_limit);
        if response.status() != StatusCode::TOO_MANY_REQUESTS {
            // After a 429, its own wait is what counts.
            self.pace.saw(rate_limit);
        }
        if !response.status().is_success() {
            return Err(self.failure_of(response, deadline).await);
        }
        let server_time = server_time_of(response.headers());
        let (body, reserved) = self.body_of(&mut response, deadline, clock).await?;
        Ok(Answer {
            body,
            asked_at,
            answered_at: seconds_since_1970(SystemTime::now()),
            server_time,
            status: response.status().as_u16(),
            rate_limit,
            _reserved: reserved,
        })
    }

    fn request(&self, call: &Call) -> RequestBuilder {
        let mut url = self.base_url.clone();
        url.set_path(&format!("{}{}", url.path().trim_end_matches('/'), call.path));
        let request = self
            .http
            .request(call.method.clone(), url)
            .header(KEY_HEADER, self.key.header())
            .header(ACCEPT, "application/json");
        match &call.body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.clone()),
            None => request,
        }
    }

    /// Reads a body chunk by chunk, within the bounds of size, memory and time.
    async fn body_of(
        &self,
        response: &mut Response,
        mut deadline: Instant,
        clock: &mut CallClock,
    ) -> Result<(Vec<u8>, Reserved), Failure> {
        let limit_bytes = self.limits.body_bytes_max;
        let mut body = Vec::new();
        let mut reserved = Reserved::default();
        while let Some(chunk) = self.receive("more of the answer", deadline, response.chunk()).await? {
            if chunk.len() > limit_bytes - body.len() {
                return Err(Failure::Final(ApiError::TooLarge { limit_bytes }));
            }
            if !self.budget.try_reserve(&mut reserved, chunk.len()) {
                // The server is not to blame for our lack of memory.
                let from = Instant::now();
                clock.excluding(self.budget.reserve(&mut reserved, chunk.len())).await;
                deadline += from.elapsed();
            }
            grow(&mut body, chunk.len());
            body.extend_from_slice(&chunk);
            self.counts.add_body_bytes(chunk.len());
        }
        Ok((body, reserved))
    }

    /// What an answer says that is none.
    async fn failure_of(&self, mut response: Response, deadline: Instant) -> Failure {
        let status = response.status();
        if status.is_redirection() {
            let location =
                response.headers().get(LOCATION).map(|location| String::from_utf8_lossy(location.as_bytes()));
            let location = self.visible(&location.unwrap_or_default());
            return Failure::Final(ApiError::Redirected { status: status.as_u16(), location });
        }
        let retry_after = self.retry.retry_after(response.headers(), SystemTime::now());
        let mut body = Vec::new();
        let until = deadline.min(Instant::now() + ERROR_BODY_WAIT_MAX);
        // Words that cannot be had are not worth an error of their own.
        while let Ok(Ok(Some(chunk))) = timeout_at(until, response.chunk()).await {
            body.extend_from_slice(&chunk);
            if body.len() >= ERROR_BODY_BYTES_MAX {
                break;
            }
        }
        let words = words_of(&body, &self.key);
        let last = match status {
            StatusCode::TOO_MANY_REQUESTS => Transient::RateLimited { words },
            _ if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
                Transient::Server { status: status.as_u16(), words }
            }
            _ => return Failure::Final(ApiError::Refused { status: status.as_u16(), words }),
        };
        Failure::Again { last, retry_after }
    }

    /// Waits for the next part of an answer, no longer than the idle timeout, nor past the deadline.
    async fn receive<T>(
        &self,
        what: &'static str,
        deadline: Instant,
        part: impl Future<Output = reqwest::Result<T>>,
    ) -> Result<T, Failure> {
        let from = Instant::now();
        match timeout_at(deadline.min(from + self.timeouts.idle), part).await {
            Ok(Ok(part)) => Ok(part),
            Ok(Err(error)) => Err(self.network_failure(error)),
            Err(_) => Err(Failure::from(Transient::TimedOut { what, after: from.elapsed() })),
        }
    }

    fn network_failure(&self, error: reqwest::Error) -> Failure {
        let host = self.base_url.host_str().unwrap_or_default().to_owned();
        let error = error.without_url();
        let words = self.visible(&chain(&error));
        if error.is_timeout() {
            return Failure::from(Transient::TimedOut { what: "connection", after: self.timeouts.connect });
        }
        if words.contains("invalid peer certificate") {
            return Failure::Final(ApiError::Certificate { host, words });
        }
        Failure::from(match error.is_body() || error.is_decode() {
            true => Transient::Broken { words },
            false => Transient::Connection { host, words },
        })
    }
}

/// Makes room by a quarter at a time: doubling would hold twice the bytes that were reserved.
fn grow(body: &mut Vec<u8>, more: usize) {
    if body.capacity() - body.len() < more {
        body.reserve_exact(more.max(body.len() / 4));
    }
}

fn rate_limit_of(headers: &HeaderMap) -> RateLimit {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
    RateLimit { limit: number("x-ratelimit-limit"), remaining: number("x-ratelimit-remaining") }
}

fn server_time_of(headers: &HeaderMap) -> Option<i64> {
    let text = headers.get(DATE)?.to_str().ok()?;
    Some(DateTime::parse_from_rfc2822(text).ok()?.timestamp())
}

/// Whole seconds, rounded down; 0 for a clock before 1970.
pub(super) fn seconds_since_1970(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or(0)
}
