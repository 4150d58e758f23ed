//! What goes wrong, in the server's words, with what to do.

use std::time::Duration;

use super::config::BASE_URL_EU;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The server understood, and said no: it would again.
    #[error("everflow refused the request ({status}): {words}{}", hint_of(*.status))]
    Refused {
        /// 400 to 499, without 408 and 429.
        status: u16,
        /// The server's words.
        words: String,
    },
    /// The server sends us elsewhere, where the key must not go.
    #[error(
        "the server redirects ({status}) to '{location}', where the key is not sent; if that is right, name it with --base-url"
    )]
    Redirected {
        /// 300 to 399.
        status: u16,
        /// Where to.
        location: String,
    },
    /// Another host answers, or someone between reads along.
    #[error(
        "the certificate of {host} is not to be trusted: {words}; check the base url, and the machine's clock; that of an authority of your own is named by SSL_CERT_FILE"
    )]
    Certificate {
        /// The host.
        host: String,
        /// What the TLS library said.
        words: String,
    },
    /// A body that never ends, or unpacks to more than any answer.
    #[error("the answer is larger than {limit_bytes} bytes: no answer of everflow is; check the base url")]
    TooLarge {
        /// [`super::Limits::body_bytes_max`].
        limit_bytes: usize,
    },
    /// The requests that the user allowed are spent.
    #[error("all {max} allowed requests were sent")]
    RequestsSpent {
        /// [`super::Limits::requests_max`].
        max: u64,
    },
    /// Tried again as often, or as long, as the policy allows.
    #[error("gave up after {} in {seconds} s: {last}{}", words_of(*.tries), .last.hint())]
    GaveUp {
        /// How often it was tried.
        tries: u32,
        /// In how many seconds.
        seconds: u64,
        /// How the last try ended.
        last: Transient,
    },
}

/// What may be gone at the next try.
#[derive(Debug, thiserror::Error)]
pub enum Transient {
    /// 429.
    #[error("everflow's limit of requests is reached (429): {words}")]
    RateLimited {
        /// The server's words.
        words: String,
    },
    /// 408, and 500 to 599.
    #[error("everflow failed ({status}): {words}")]
    Server {
        /// The status.
        status: u16,
        /// The server's words.
        words: String,
    },
    /// Nothing came for too long.
    #[error("no {what} within {:.2} s", .after.as_secs_f64())]
    TimedOut {
        /// What was waited for.
        what: &'static str,
        /// How long.
        after: Duration,
    },
    /// No connection, or one that broke before an answer came.
    #[error("cannot reach {host}: {words}")]
    Connection {
        /// The host.
        host: String,
        /// What the network said.
        words: String,
    },
    /// An answer that was cut off or is none.
    #[error("the answer is broken: {words}")]
    Broken {
        /// What is wrong with it.
        words: String,
    },
}

impl ApiError {
    /// The exit code of its kind: 2 for what was asked wrongly, 4 where the source failed; what had landed stays.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            // The server names something in the request: a filter, an id.
            ApiError::Refused { status: 400 | 422, .. } => 2,
            ApiError::Refused { .. }
            | ApiError::Redirected { .. }
            | ApiError::Certificate { .. }
            | ApiError::TooLarge { .. }
            | ApiError::RequestsSpent { .. }
            | ApiError::GaveUp { .. } => 4,
        }
    }

    /// True where every other request would end the same way, so that asking on is of no use.
    #[must_use]
    pub fn is_about_all_requests(&self) -> bool {
        match self {
            ApiError::Refused { status, .. } => matches!(status, 401 | 403 | 404),
            ApiError::Redirected { .. } | ApiError::Certificate { .. } | ApiError::RequestsSpent { .. } => true,
            ApiError::TooLarge { .. } | ApiError::GaveUp { .. } => false,
        }
    }
}

impl Transient {
    fn hint(&self) -> &'static str {
        match self {
            Transient::RateLimited { .. } => "; the limit is shared by all programs of the network: try later",
            Transient::Connection { .. } => "; check the base url, the network and HTTPS_PROXY",
            Transient::Server { .. } | Transient::TimedOut { .. } | Transient::Broken { .. } => "",
        }
    }
}

/// How often it was tried.
fn words_of(tries: u32) -> String {
    if tries == 1 { "1 try".to_owned() } else { format!("{tries} tries") }
}

/// What to do about a refusal.
fn hint_of(status: u16) -> String {
    match status {
        400 | 422 => "; check the filters and the range".to_owned(),
        401 => format!("; check the key; a good key of an account in the EU needs --base-url {BASE_URL_EU}"),
        403 => "; check that the key is of the right kind (a network's, or an affiliate's for affiliate-clicks), may \
                read reports, and is allowed from this address"
            .to_owned(),
        404 => "; check the base url, and whether the account has this report".to_owned(),
        _ => String::new(),
    }
}
