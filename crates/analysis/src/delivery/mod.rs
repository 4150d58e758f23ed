//! Where findings and figures go besides the page: a file of metrics, a webhook.
//!
//! Promises that neither costs the answer: all files are in place before a message is sent, and a message that cannot be
//! delivered is an error of its own, after the answer. Leaves what is said to `check` and `report`.

pub mod metrics;
pub mod webhook;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Args;
use clicks::time_bound::{self, Edge, TimeBoundError};

use webhook::{Webhook, WebhookError};

/// Metrics, messages, and when it is.
#[derive(Debug, Clone, Args)]
pub struct DeliveryArgs {
    /// Write figures for Prometheus' node exporter (textfile collector), too
    #[arg(long, value_name = "FILE.prom")]
    pub metrics: Option<PathBuf>,
    /// Send a message, JSON with a text for Slack; @FILE reads the address from a file, for it is a secret
    #[arg(long, value_name = "URL|@FILE")]
    pub webhook: Option<String>,
    /// Seconds after which the webhook is given up, all tries together
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub webhook_timeout: u64,
    /// Allow a webhook over plain http to another machine
    #[arg(long)]
    pub insecure: bool,
    /// The time to take for now, in UTC where it says no zone: the same inputs then give the same bytes
    #[arg(long, value_name = "T")]
    pub made_at: Option<String>,
}

impl DeliveryArgs {
    /// What time it is, to the second.
    ///
    /// # Errors
    /// `--made-at` is no time.
    pub fn now(&self) -> Result<DateTime<Utc>, TimeBoundError> {
        let now = || DateTime::from_timestamp(Utc::now().timestamp(), 0).unwrap_or_default();
        self.made_at.as_deref().map_or_else(|| Ok(now()), |text| time_bound::parse(text, Edge::From, chrono_tz::UTC))
    }

    /// Where to send messages.
    ///
    /// # Errors
    /// An address that cannot be meant.
    pub fn webhook(&self) -> Result<Option<Webhook>, WebhookError> {
        let timeout = std::time::Duration::from_secs(self.webhook_timeout);
        self.webhook.as_deref().map(|typed| Webhook::parse(typed, timeout, self.insecure)).transpose()
    }
}
