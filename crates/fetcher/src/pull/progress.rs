//! The line that a terminal shows while a pull is under way.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::work::Tally;
use crate::api::Client;
use crate::plan::Planner;
use crate::printer::Printer;
use crate::summary::{count, grouped};

const SHOW_EVERY: Duration = Duration::from_millis(100);

/// Covered share, rows, rows per second, requests, what is left of the limit, time to go.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    seconds_asked: i64,
    begun: Instant,
    shown: Option<Instant>,
    requests_before: Option<u64>,
}

impl Progress {
    pub(super) fn new(printer: &Printer, seconds_asked: i64) -> Progress {
        let bar = printer.progress(Some(u64::try_from(seconds_asked).unwrap_or_default()));
        let style = ProgressStyle::with_template("{bar:20} {percent} % {msg}");
        let bar = match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        };
        Progress { bar, seconds_asked, begun: Instant::now(), shown: None, requests_before: None }
    }

    /// Shows how far it is.
    pub(super) fn show(&mut self, client: &Client, planner: &Planner, tally: &Tally, seconds_left: i64) {
        let is_due = self.shown.is_none_or(|shown| shown.elapsed() >= SHOW_EVERY);
        if self.bar.is_hidden() || !is_due {
            return;
        }
        self.shown = Some(Instant::now());
        let counters = client.counters();
        let before = *self.requests_before.get_or_insert(counters.requests);
        let elapsed = self.begun.elapsed();
        let rows_per_second = (tally.rows as f64 / elapsed.as_secs_f64().max(1e-3)) as u64;
        let mut message = format!(
            "{}, {} rows/s, {}",
            count(tally.rows, "row"),
            grouped(rows_per_second),
            count(counters.requests, "request")
        );
        if let (Some(remaining), Some(limit)) = (counters.rate_limit.remaining, counters.rate_limit.limit) {
            message.push_str(&format!(", limit {remaining}/{limit} left"));
        }
        let sent = counters.requests.saturating_sub(before);
        if sent >= 3 {
            let to_go = elapsed.as_secs_f64() / sent as f64 * planner.requests_left() as f64;
            message.push_str(&format!(", {} to go", spoken(to_go)));
        }
        self.bar.set_position(u64::try_from(self.seconds_asked - seconds_left).unwrap_or_default());
        self.bar.set_message(message);
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// Seconds, minutes or hours, whichever reads well.
fn spoken(seconds: f64) -> String {
    match seconds.ceil() as u64 {
        seconds @ 0..100 => format!("{seconds} s"),
        seconds @ 100..6_000 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{:.1} h", seconds as f64 / 3600.0),
    }
}
