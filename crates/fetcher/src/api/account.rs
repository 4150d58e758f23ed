//! What a check of the set-up needs: whose key it is, the limit, the server's clock, its time zones.

use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::answer::{Answer, Broken, RateLimit};
use super::client::{Call, Client};
use super::error::ApiError;
use super::words::refusal_in;

/// Whose key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// A network's: `invalid-clicks`, `network-clicks`, counts.
    Network,
    /// An affiliate's: `affiliate-clicks`.
    Affiliate,
}

/// What a good key's account says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountCheck {
    /// Whose key it is.
    pub kind: KeyKind,
    /// The account's name, where the answer has one; safe to show.
    pub name: Option<String>,
    /// What the server said about its limit.
    pub rate_limit: RateLimit,
    /// The server's clock less ours, in seconds, to about two seconds and the time of the answer.
    pub clock_ahead_seconds: Option<i64>,
}

/// A time zone of Everflow's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TimeZone {
    /// Its number: 67 is UTC.
    pub timezone_id: u32,
    /// Its name.
    pub timezone: String,
}

impl Client {
    /// Asks for the account of the key: the network's, and if it is not one, the affiliate's.
    ///
    /// # Errors
    /// Those of a request. Where both say no, the network's no is returned.
    pub async fn check_account(&self) -> Result<AccountCheck, ApiError> {
        match self.check_account_of(KeyKind::Network).await {
            Err(error @ ApiError::Refused { status: 401 | 403 | 404, .. }) => {
                match self.check_account_of(KeyKind::Affiliate).await {
                    Err(ApiError::Refused { .. }) => Err(error),
                    outcome => outcome,
                }
            }
            outcome => outcome,
        }
    }

    /// Asks for the account of a key of one kind; an affiliate's key is refused as a network's with 403.
    ///
    /// # Errors
    /// Those of a request.
    pub async fn check_account_of(&self, kind: KeyKind) -> Result<AccountCheck, ApiError> {
        let path = match kind {
            KeyKind::Network => "/v1/networks",
            KeyKind::Affiliate => "/v1/affiliates/affiliate",
        };
        let call = Call { method: Method::GET, path, body: None };
        self.send(&call, |answer| {
            let check = self.read_account(&answer, kind);
            async move { check }
        })
        .await
    }

    fn read_account(&self, answer: &Answer, kind: KeyKind) -> Result<AccountCheck, Broken> {
        let value = json_object(&answer.body)?;
        Ok(AccountCheck {
            kind,
            name: value.get("name").and_then(Value::as_str).map(|name| self.visible(name)),
            rate_limit: answer.rate_limit,
            clock_ahead_seconds: answer.server_time.map(|time| time - answer.asked_at),
        })
    }

    /// Everflow's time zones, of which the one with the number 67 must be UTC for what we ask to be what we mean.
    ///
    /// # Errors
    /// Those of a request.
    pub async fn time_zones(&self) -> Result<Vec<TimeZone>, ApiError> {
        #[derive(Deserialize)]
        struct TimeZones {
            timezones: Vec<TimeZone>,
        }
        let call = Call { method: Method::GET, path: "/v1/meta/timezones", body: None };
        self.send(&call, |answer| async move {
            let value = json_object(&answer.body)?;
            let zones = serde_json::from_value::<TimeZones>(value);
            zones.map(|zones| zones.timezones).map_err(|error| Broken(format!("no list of time zones: {error}")))
        })
        .await
    }
}

/// A JSON object that is no `{"Error"}`.
fn json_object(body: &[u8]) -> Result<Value, Broken> {
    if let Some(words) = refusal_in(body) {
        return Err(Broken(words));
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(value) if value.is_object() => Ok(value),
        Ok(_) => Err(Broken("not a json object".to_owned())),
        Err(error) => Err(Broken(format!("not json: {error}"))),
    }
}
