//! A message to a webhook: JSON, whose `text` Slack, Mattermost and their like show.
//!
//! Tried again on 408, 429, 500 to 599 and whatever keeps an answer from coming, after 1, 2, 4 and 8 seconds, with a random
//! part; given up when the time is over, a try that hangs included. The address is a secret and never said: errors name the
//! host. Redirects are not followed, and plain http goes to this machine only.

use std::path::PathBuf;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use url::{Host, Url};

/// How long one try may take.
const TRY_MAX: Duration = Duration::from_secs(10);

const TRIES_MAX: usize = 5;

/// Slack takes no longer texts.
const TEXT_CHARACTERS_MAX: usize = 3_000;

/// A message that cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The address is none.
    #[error("--webhook: {0}")]
    Address(String),
    /// The file that holds the address.
    #[error("--webhook: cannot read {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The message was not taken.
    #[error("the webhook at {host} was not reached: {problem}; all files are written{but}")]
    Undelivered {
        /// Scheme, host and port; the rest of the address is a secret.
        host: String,
        /// What happened last.
        problem: String,
        /// Which file is not, if any.
        but: &'static str,
    },
}

impl WebhookError {
    /// The same of a run with a state, which then is left as it was.
    #[must_use]
    pub fn without_state(self) -> Self {
        match self {
            Self::Undelivered { host, problem, .. } => {
                Self::Undelivered { host, problem, but: " but --state: the next run tells it again" }
            }
            other => other,
        }
    }
}

/// Where messages go.
#[derive(Clone)]
pub struct Webhook {
    url: Url,
    timeout: Duration,
}

/// What became of one try.
struct Failure {
    problem: String,
    is_passing: bool,
}

impl Webhook {
    /// Reads what was typed: a URL, or `@FILE` with one in it.
    ///
    /// # Errors
    /// Neither; or plain http to another machine, which `is_insecure_allowed` allows.
    pub fn parse(typed: &str, timeout: Duration, is_insecure_allowed: bool) -> Result<Self, WebhookError> {
        let wrong = |problem: &str| WebhookError::Address(problem.to_owned());
        let text = match typed.strip_prefix('@') {
            Some(path) => {
                std::fs::read_to_string(path).map_err(|source| WebhookError::File { path: path.into(), source })?
            }
            None => typed.to_owned(),
        };
        let url = Url::parse(text.trim()).map_err(|_| wrong("that is no URL: expected https://HOST/PATH"))?;
        match url.scheme() {
            "https" => {}
            "http" if is_insecure_allowed || is_loopback(&url) => {}
            "http" => {
                return Err(wrong(
                    "plain http shows the message, and the address, to everyone on the way: write https, or allow it with --insecure",
                ));
            }
            _ => return Err(wrong("expected https, or http for this machine")),
        }
        Ok(Self { url, timeout })
    }

    /// Sends a message.
    ///
    /// # Errors
    /// It was not taken, in all the time there was.
    pub async fn send(&self, message: &Value) -> Result<(), WebhookError> {
        let undelivered = |problem: String| WebhookError::Undelivered { host: self.host(), problem, but: "" };
        let client = Client::builder().redirect(Policy::none()).timeout(TRY_MAX.min(self.timeout)).build();
        let client = client.map_err(|error| undelivered(reason(&error)))?;
        let mut last = None;
        let waits = ExponentialBuilder::new()
            .with_min_delay(Duration::from_secs(1))
            .with_jitter()
            .with_max_times(TRIES_MAX - 1);
        let tries = (|| self.try_once(&client, message))
            .retry(waits)
            .when(|failure| failure.is_passing)
            .notify(|failure, _| last = Some(failure.problem.clone()));
        match tokio::time::timeout(self.timeout, tries).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(failure)) => Err(undelivered(failure.problem)),
            Err(_) => {
                let seconds = self.timeout.as_secs();
                let before = last.map_or_else(String::new, |problem| format!("; before that, {problem}"));
                Err(undelivered(format!("no answer within {seconds} s{before}")))
            }
        }
    }

    async fn try_once(&self, client: &Client, message: &Value) -> Result<(), Failure> {
        let answer = client.post(self.url.clone()).json(message).send().await;
        let answer = answer.map_err(|error| Failure { problem: reason(&error), is_passing: true })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let is_passing =
            status.is_server_error() || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status);
        Err(Failure { problem: format!("it answered {status}"), is_passing })
    }

    fn host(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("host", &self.host()).finish_non_exhaustive()
    }
}

/// What happened, down to its cause, without the address.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut causes = std::iter::successors(std::error::Error::source(error), |error| error.source());
    causes.by_ref().last().map_or_else(|| "the request failed".to_owned(), ToString::to_string)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Lines as a text for Slack: its three special characters escaped, so that no `<!channel>` by a stranger calls anyone, and cut,
/// which is said.
#[must_use]
pub fn slack_text<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    let mut left_out = 0;
    for line in lines {
        let line = crate::page::visible(line).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        if left_out > 0 || text.chars().count() + line.chars().count() > TEXT_CHARACTERS_MAX {
            left_out += 1;
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line);
    }
    if left_out > 0 {
        text.push_str(&format!("\n… and {left_out} more"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_can_be_meant() {
        let parse = |typed: &str, insecure| Webhook::parse(typed, Duration::from_secs(1), insecure);
        for (typed, insecure) in [
            ("https://hooks.example.com/a", false),
            ("http://127.0.0.1:9/a", false),
            ("http://[::1]/", false),
            ("http://other/", true),
        ] {
            assert!(parse(typed, insecure).is_ok(), "{typed}");
        }
        for typed in ["", "hooks.example.com/a", "http://other/hush", "ftp://127.0.0.1/", "@/no/such/file"] {
            let error = parse(typed, false).unwrap_err().to_string();
            assert!(error.starts_with("--webhook: ") && !error.contains("hush"), "{error}");
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("url");
        std::fs::write(&file, "https://hooks.example.com/hush\n").unwrap();
        let webhook = parse(&format!("@{}", file.display()), false).unwrap();
        assert!(!format!("{webhook:?}").contains("hush"));
    }

    #[test]
    fn texts_call_nobody_and_say_what_they_leave_out() {
        assert_eq!(
            slack_text(["<!channel> & <http://x|y>", "b\u{1b}"]),
            "&lt;!channel&gt; &amp; &lt;http://x|y&gt;\nb\\u{1b}"
        );
        let long = "x".repeat(1_000);
        let text = slack_text(std::iter::repeat_n(long.as_str(), 10));
        assert!(text.ends_with("\n… and 8 more") && text.chars().count() < 3_100, "{}", text.len());
    }
}
