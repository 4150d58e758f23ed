//! Whom to ask, and within which bounds.

use std::time::Duration;

use url::{Host, Url};

use super::key::ApiKey;
use super::retry::RetryPolicy;

/// Where most accounts live.
pub const BASE_URL: &str = "https://api.eflow.team";
/// Where a few accounts live: a good key of theirs looks wrong on [`BASE_URL`].
pub const BASE_URL_EU: &str = "https://api-eu.eflow.team";

/// What a [`super::Client`] is made of.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// Scheme, host and port, as the user wrote it; a path before `/v1` is kept.
    pub base_url: String,
    /// The key.
    pub key: ApiKey,
    /// Allows plain http to another machine, where everyone on the way reads the key.
    pub is_insecure_allowed: bool,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// How much at once.
    pub limits: Limits,
    /// When to try again.
    pub retry: RetryPolicy,
}

impl ClientConfig {
    /// The default bounds, at the pace of a network's key.
    #[must_use]
    pub fn new(base_url: &str, key: ApiKey) -> ClientConfig {
        ClientConfig {
            base_url: base_url.to_owned(),
            key,
            is_insecure_allowed: false,
            timeouts: Timeouts::default(),
            limits: Limits::network(),
            retry: RetryPolicy::default(),
        }
    }
}

/// How long one try may take. What [`RetryPolicy::total_max`] leaves bounds each of these as well.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// Between two parts of an answer, and until its first one: Everflow may think for a minute.
    pub idle: Duration,
    /// For the whole answer, without the time in which we had no memory for more of it.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts { connect: Duration::from_secs(10), idle: Duration::from_secs(120), answer: Duration::from_secs(300) }
    }
}

/// How much may be asked for and held at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests per second; 0 is taken for 1. Nine tenths of it are used, in bursts of at most one second's worth, so
    /// that no window of 30 seconds, however it lies, has more than 30 times this number.
    pub requests_per_second: u32,
    /// The time in which Everflow counts requests: 30 s.
    pub rate_window: Duration,
    /// Requests to `/v1/networks/reporting/*` and to the affiliate's reports at once; Everflow allows 10.
    pub concurrent: usize,
    /// The largest body, decompressed; what unpacks to more is an error.
    pub body_bytes_max: usize,
    /// Bytes of bodies that are being read or were not dropped yet. It may be passed by one body.
    pub bytes_in_flight_max: usize,
    /// Requests that may be sent in all, those sent again included.
    pub requests_max: Option<u64>,
}

impl Limits {
    /// The limits of a network's key: 30 requests per second.
    #[must_use]
    pub fn network() -> Limits {
        Limits {
            requests_per_second: 30,
            rate_window: Duration::from_secs(30),
            concurrent: 10,
            // 10,000 rows of 16 kB, three times over.
            body_bytes_max: 512 << 20,
            bytes_in_flight_max: 64 << 20,
            requests_max: None,
        }
    }

    /// The limits of an affiliate's key: 5 requests per second, shared by all affiliates of the network.
    #[must_use]
    pub fn affiliate() -> Limits {
        Limits { requests_per_second: 5, ..Limits::network() }
    }
}

/// What is wrong with an address, or with the machine.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No URL.
    #[error("the base url is not a url ({0}): expected something like {BASE_URL}")]
    NoUrl(url::ParseError),
    /// Something other than http and https.
    #[error("the base url has the scheme '{0}': expected https, or http for this machine")]
    Scheme(String),
    /// A user or password.
    #[error("the base url holds a user or a password: the key alone says who asks")]
    UserInfo,
    /// A query or fragment.
    #[error("the base url has a query or a fragment: expected scheme and host, such as {BASE_URL}")]
    Query,
    /// The key would travel in the clear.
    #[error(
        "plain http to '{0}' would show the api key to everyone on the way: use https, or --insecure if that is meant"
    )]
    Insecure(String),
    /// The HTTP library could not be set up.
    #[error("cannot set up https: {0}")]
    Http(String),
}

/// Checks an address: https, or plain http to this machine or where the user insists.
pub(super) fn check_base_url(base_url: &str, is_insecure_allowed: bool) -> Result<Url, ConfigError> {
    let mut url = Url::parse(base_url.trim()).map_err(ConfigError::NoUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(ConfigError::Scheme(url.scheme().to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ConfigError::UserInfo);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(ConfigError::Query);
    }
    if url.scheme() == "http" && !is_loopback(&url) && !is_insecure_allowed {
        return Err(ConfigError::Insecure(url.host_str().unwrap_or_default().to_owned()));
    }
    // Documentation writes addresses with the version, which every path of ours begins with.
    let path = url.path().trim_end_matches('/').trim_end_matches("/v1").to_owned();
    url.set_path(&path);
    Ok(url)
}

/// True when the host is this machine, whatever a name server says.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|address| address.is_loopback())
        }
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_goes_to_https_or_to_this_machine() {
        for (url, expected) in [
            ("https://api.eflow.team", "https://api.eflow.team/"),
            ("https://api.eflow.team/v1/", "https://api.eflow.team/"),
            (" https://proxy.example:8443/everflow/ ", "https://proxy.example:8443/everflow"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
            ("http://127.9.9.9", "http://127.9.9.9/"),
            ("http://localhost:1", "http://localhost:1/"),
            ("http://[::1]:1", "http://[::1]:1/"),
            ("http://[::ffff:127.0.0.1]:1", "http://[::ffff:7f00:1]:1/"),
        ] {
            assert_eq!(check_base_url(url, false).unwrap().as_str(), expected);
        }
        for url in ["http://api.eflow.team", "http://10.0.0.1", "http://localhost.example.com", "http://0.0.0.0:80"] {
            let text = check_base_url(url, false).unwrap_err().to_string();
            assert!(text.contains("--insecure"), "{text}");
            assert!(check_base_url(url, true).is_ok());
        }
    }

    #[test]
    fn an_address_that_holds_more_than_an_address_is_refused_without_being_repeated() {
        for (url, expected) in [
            ("ftp://api.eflow.team", "the scheme 'ftp'"),
            ("file:///etc/passwd", "the scheme 'file'"),
            ("https://user:s3cret@api.eflow.team", "a user or a password"),
            ("https://s3cret@api.eflow.team", "a user or a password"),
            ("https://api.eflow.team/?key=s3cret", "a query or a fragment"),
            ("https://api.eflow.team/#s3cret", "a query or a fragment"),
            ("api.eflow.team", "is not a url"),
            ("", "is not a url"),
        ] {
            let text = check_base_url(url, true).unwrap_err().to_string();
            assert!(text.contains(expected) && !text.contains("s3cret"), "{text}");
        }
    }
}
