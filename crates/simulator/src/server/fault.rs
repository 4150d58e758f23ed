//! What goes wrong, when, and how often.
//!
//! Promises that the same faults, seed and order of requests give the same failures: chance is drawn from the number of the
//! request at its endpoint, nothing else.

use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::endpoint::Endpoint;
use crate::random::{Dice, Purpose};

/// One thing that can go wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// This status, such as 500, with an error in JSON.
    Status(u16),
    /// 429, with `Retry-After` in seconds where given.
    TooManyRequests {
        /// The header's value.
        retry_after_seconds: Option<u64>,
    },
    /// The whole answer, in this many pieces with a pause before each.
    SlowBody {
        /// How many pieces.
        pieces: u32,
        /// The pause before each.
        pause: Duration,
    },
    /// No answer, ever.
    Hang,
    /// The head and half of the body, then nothing more, ever.
    HangInBody,
    /// The connection ends before the first byte of the answer.
    CutConnection,
    /// The connection ends in the middle of the body.
    CutBody,
    /// A whole HTTP answer whose gzip stream ends in its middle; for who does not accept gzip, JSON that does.
    CutGzip,
    /// A page in HTML, with 200.
    HtmlPage,
    /// `{"error": "..."}`, with 200.
    ErrorWith200,
    /// `{"Error": "..."}`, with 200.
    CapitalisedErrorWith200,
    /// `{"message": "ok"}`, with 200: an object, but no wrapper that anybody knows.
    UnknownWrapper,
    /// 200 and no body.
    EmptyBody,
    /// Rows have keys that no page knows; nothing is missing.
    UnknownKeys,
    /// Some values of rows have another type; id, time and error code are as ever.
    WrongTypes,
    /// Something that is no click, and cannot be typed, stands among the rows; nothing is missing.
    BrokenRow,
    /// Every seventh row, the first included, comes twice; nothing is missing.
    DoubledRows,
    /// Up to two true rows of before the window and two of after it are among the rows; nothing is missing.
    RowsOutside,
    /// `{"clicks": null}`, which is no rows. Takes rows away: for windows that are empty in truth.
    NullClicks,
    /// `"incomplete_results": true`, and the older half of the rows is missing.
    IncompleteResults,
}

impl Fault {
    /// Every kind, with moderate delays.
    pub const ALL: [Self; 21] = [
        Self::Status(500),
        Self::TooManyRequests { retry_after_seconds: None },
        Self::TooManyRequests { retry_after_seconds: Some(1) },
        Self::SlowBody { pieces: 5, pause: Duration::from_millis(20) },
        Self::Hang,
        Self::HangInBody,
        Self::CutConnection,
        Self::CutBody,
        Self::CutGzip,
        Self::HtmlPage,
        Self::ErrorWith200,
        Self::CapitalisedErrorWith200,
        Self::UnknownWrapper,
        Self::EmptyBody,
        Self::UnknownKeys,
        Self::WrongTypes,
        Self::BrokenRow,
        Self::DoubledRows,
        Self::RowsOutside,
        Self::NullClicks,
        Self::IncompleteResults,
    ];

    /// Its name on the command line.
    pub fn name(self) -> String {
        match self {
            Self::Status(status) => status.to_string(),
            Self::TooManyRequests { retry_after_seconds: None } => "429".to_owned(),
            Self::TooManyRequests { .. } => "429-retry-after".to_owned(),
            other => {
                let name = match other {
                    Self::SlowBody { .. } => "slow-body",
                    Self::Hang => "hang",
                    Self::HangInBody => "hang-in-body",
                    Self::CutConnection => "cut-connection",
                    Self::CutBody => "cut-body",
                    Self::CutGzip => "cut-gzip",
                    Self::HtmlPage => "html-page",
                    Self::ErrorWith200 => "error-with-200",
                    Self::CapitalisedErrorWith200 => "capitalised-error-with-200",
                    Self::UnknownWrapper => "unknown-wrapper",
                    Self::EmptyBody => "empty-body",
                    Self::UnknownKeys => "unknown-keys",
                    Self::WrongTypes => "wrong-types",
                    Self::BrokenRow => "broken-row",
                    Self::DoubledRows => "doubled-rows",
                    Self::RowsOutside => "rows-outside",
                    Self::NullClicks => "null-clicks",
                    _ => "incomplete-results",
                };
                name.to_owned()
            }
        }
    }
}

/// A name that is no fault's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFault(String);

impl fmt::Display for UnknownFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = Fault::ALL.into_iter().map(Fault::name).collect();
        write!(out, "no fault is called \"{}\", only a status from 300 to 599 and {}", self.0, names.join(", "))
    }
}

impl Error for UnknownFault {}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, UnknownFault> {
        let named = Self::ALL.into_iter().find(|fault| fault.name() == name);
        let status = || name.parse().ok().filter(|status| (300..600).contains(status)).map(Self::Status);
        named.or_else(status).ok_or_else(|| UnknownFault(name.to_owned()))
    }
}

/// Which faults happen: what is scripted first, then by chance.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// What happens to certain requests.
    pub script: Vec<Scripted>,
    /// Faults of every endpoint, each with its probability in thousandths, of which the sum is at most 1000. Those that only touch
    /// rows leave answers without clicks as they are.
    pub rates: Vec<(Fault, u64)>,
    /// Decides what the rates leave open.
    pub seed: u64,
    /// How often equal requests (the same endpoint and body) fail by chance: after that they succeed. `None`: as it comes.
    pub most_per_request: Option<u32>,
}

/// What happens to certain requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scripted {
    /// Where; `None`: at every endpoint.
    pub endpoint: Option<Endpoint>,
    /// To which requests, counted from 1 at each endpoint.
    pub first: u64,
    /// The last of them; `u64::MAX` for all that follow.
    pub last: u64,
    /// What.
    pub fault: Fault,
}

impl Scripted {
    /// The `nth` request to an endpoint, counted from 1.
    pub fn nth(endpoint: Endpoint, nth: u64, fault: Fault) -> Self {
        Self { endpoint: Some(endpoint), first: nth, last: nth, fault }
    }

    /// Every request to an endpoint from the `nth` on, counted from 1.
    pub fn from_nth(endpoint: Endpoint, nth: u64, fault: Fault) -> Self {
        Self { endpoint: Some(endpoint), first: nth, last: u64::MAX, fault }
    }
}

impl Faults {
    /// What is scripted for the `number`th request to an endpoint.
    pub(super) fn scripted(&self, endpoint: Endpoint, number: u64) -> Option<Fault> {
        let is_meant = |scripted: &&Scripted| {
            scripted.endpoint.is_none_or(|meant| meant == endpoint)
                && (scripted.first..=scripted.last).contains(&number)
        };
        self.script.iter().find(is_meant).map(|scripted| scripted.fault)
    }

    /// What chance has for the `number`th request to an endpoint.
    pub(super) fn by_chance(&self, endpoint: Endpoint, number: u64) -> Option<Fault> {
        if self.rates.is_empty() {
            return None;
        }
        let mut dice = Dice::new(self.seed, Purpose::Fault, endpoint as u64, number);
        let mut draw = dice.below(1000);
        for (fault, permille) in &self.rates {
            if draw < *permille {
                return Some(*fault);
            }
            draw -= permille;
        }
        None
    }
}
