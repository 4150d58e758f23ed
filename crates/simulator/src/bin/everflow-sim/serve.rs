//! `everflow-sim serve`: flags in, a server on a port of this machine.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, Utc};
use clap::{Args, ValueEnum};
use simulator::Feed;
use simulator::server::{
    Additions, Aggregate, Burst, Clock, Content, Endpoint, Fault, Faults, Limits, OverCap, Retention, Scripted, Server,
    Settings, Spelling, Wrapper,
};

use crate::Failure;
use crate::traffic_args::TrafficArgs;

#[derive(Args)]
#[command(after_help = "\
The first line on stdout is the base URL, such as http://127.0.0.1:4107. Only clicks that happened before the server's now are told.

Faults: 500 or any other status, 429, 429-retry-after, slow-body, hang, hang-in-body, cut-connection, cut-body, cut-gzip,
html-page, error-with-200, capitalised-error-with-200, unknown-wrapper, empty-body, unknown-keys, wrong-types, broken-row,
doubled-rows, rows-outside, null-clicks, incomplete-results")]
pub(crate) struct Serve {
    #[command(flatten)]
    traffic: TrafficArgs,
    /// First day, YYYY-MM-DD, UTC; by default so that the last day is the server's today
    #[arg(long)]
    from: Option<NaiveDate>,
    /// The port of 127.0.0.1; 0 for any that is free
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// What the server's clock shows at its start, such as 2026-03-16T00:00:00, UTC; by default the real time
    #[arg(long, value_parser = parse_time)]
    now: Option<i64>,
    /// Write the ground truth to this file at the start, one click of one feed a line
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    #[command(flatten, next_help_heading = "Traffic")]
    additions: AdditionArgs,
    #[command(flatten, next_help_heading = "Behaviour")]
    behaviour: BehaviourArgs,
    #[command(flatten, next_help_heading = "Faults")]
    faults: FaultArgs,
}

#[derive(Args)]
struct AdditionArgs {
    /// Add this many clicks in one second, such as 2026-03-02T10:00:00=3000; may be given more than once
    #[arg(long = "burst", value_name = "TIME=CLICKS", value_parser = parse_burst)]
    bursts: Vec<(i64, u32)>,
    /// How many clicks of a thousand appear late
    #[arg(long, value_name = "PERMILLE", default_value_t = 0)]
    late: u64,
    /// How late they appear at most, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 480)]
    late_by: u32,
    /// Conversions come later than their click, and some unique clicks turn out to be none
    #[arg(long)]
    values_change: bool,
}

#[derive(Args)]
struct BehaviourArgs {
    /// The network's key
    #[arg(long, value_name = "KEY", default_value = "network-key")]
    network_key: String,
    /// The key of the affiliate that --affiliate names
    #[arg(long, value_name = "KEY", default_value = "affiliate-key")]
    affiliate_key: String,
    /// The most rows of a feed's answer, such as invalid-clicks=50; may be given more than once
    #[arg(long = "cap", value_name = "FEED=ROWS", value_parser = parse_cap)]
    caps: Vec<(Feed, usize)>,
    /// Days that clicks are kept, instead of three months
    #[arg(long, value_name = "DAYS")]
    retention: Option<u32>,
    /// Which rows an answer holds when there are more than its cap
    #[arg(long, value_enum, default_value = "newest")]
    over_cap: OverCapArg,
    /// What rows are wrapped in
    #[arg(long, value_enum, default_value = "clicks")]
    wrapper: WrapperArg,
    /// How filters by affiliate and transaction must be spelt
    #[arg(long, value_enum, default_value = "documented")]
    spelling: SpellingArg,
    /// The aggregate endpoint is refused with 403
    #[arg(long)]
    no_aggregate: bool,
    /// Any number of requests, as fast and as many at once as they come
    #[arg(long)]
    no_limits: bool,
    /// How long every answer takes at least, in milliseconds
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    latency: u64,
}

#[derive(Args)]
struct FaultArgs {
    /// This happens to so many requests of a thousand, such as 500=20; may be given more than once
    #[arg(long = "fault", value_name = "FAULT=PERMILLE", value_parser = parse_rate)]
    rates: Vec<(Fault, u64)>,
    /// This happens to a feed's nth request, such as invalid-clicks:3=cut-body; may be given more than once
    #[arg(long = "script", value_name = "FEED:N=FAULT", value_parser = parse_scripted)]
    script: Vec<Scripted>,
    /// Decides which requests meet with a fault
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    fault_seed: u64,
    /// How often equal requests fail by chance; after that they succeed
    #[arg(long, value_name = "TIMES")]
    most_faults: Option<u32>,
}

#[derive(Clone, Copy, ValueEnum)]
enum OverCapArg {
    Newest,
    Oldest,
    Any,
}

#[derive(Clone, Copy, ValueEnum)]
enum WrapperArg {
    /// {"clicks":[...]}
    Clicks,
    /// {"table":[...]}
    Table,
    /// [...]
    Array,
    /// All of them in turn; in every fourth answer a single row stands without any
    Rotating,
}

#[derive(Clone, Copy, ValueEnum)]
enum SpellingArg {
    /// affilate_id and transction_id, as on Everflow's page
    Documented,
    /// affiliate, affiliate_id and transaction_id
    Correct,
    /// All of them
    Both,
}

fn parse_time(text: &str) -> Result<i64, String> {
    let time: NaiveDateTime = text.parse().map_err(|error| format!("not YYYY-MM-DDTHH:MM:SS: {error}"))?;
    Ok(time.and_utc().timestamp())
}

fn split(text: &str) -> Result<(&str, &str), String> {
    text.rsplit_once('=').ok_or_else(|| "an equals sign is missing".to_owned())
}

fn parse_burst(text: &str) -> Result<(i64, u32), String> {
    let (time, clicks) = split(text)?;
    Ok((parse_time(time)?, clicks.parse().map_err(|error| format!("'{clicks}': {error}"))?))
}

fn parse_cap(text: &str) -> Result<(Feed, usize), String> {
    let (feed, rows) = split(text)?;
    let feed = feed.parse().map_err(|error: simulator::UnknownFeed| error.to_string())?;
    Ok((feed, rows.parse().map_err(|error| format!("'{rows}': {error}"))?))
}

fn parse_rate(text: &str) -> Result<(Fault, u64), String> {
    let (fault, permille) = split(text)?;
    let fault = fault.parse().map_err(|error: simulator::server::UnknownFault| error.to_string())?;
    match permille.parse() {
        Ok(permille) if permille <= 1000 => Ok((fault, permille)),
        _ => Err(format!("'{permille}' is no number from 0 to 1000")),
    }
}

fn parse_scripted(text: &str) -> Result<Scripted, String> {
    let (at, fault) = split(text)?;
    let (feed, nth) = at.split_once(':').ok_or("write a feed, a colon and a number, such as invalid-clicks:3")?;
    let feed: Feed = feed.parse().map_err(|error: simulator::UnknownFeed| error.to_string())?;
    let nth = nth.parse().map_err(|error| format!("'{nth}': {error}"))?;
    let fault = fault.parse().map_err(|error: simulator::server::UnknownFault| error.to_string())?;
    Ok(Scripted::nth(Endpoint::of(feed), nth, fault))
}

/// Serves until a signal says stop.
pub(crate) fn serve(arguments: Serve) -> Result<(), Failure> {
    let content = content(&arguments)?;
    let affiliate_id = arguments.traffic.affiliate;
    if let Some(path) = &arguments.truth {
        let written = File::create(path).and_then(|file| content.write_truth(affiliate_id, BufWriter::new(file)));
        written.map_err(|error| Failure::Write(path.display().to_string(), error))?;
    }
    let settings = settings(arguments.behaviour, arguments.faults, affiliate_id);
    let failed = |error| Failure::Serve(arguments.port, error);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        // Listens to signals before anybody knows that there is a server to stop.
        let stop = stop_signal().map_err(failed)?;
        // Starts only now, so that making the traffic takes none of the server's time.
        let clock = arguments.now.map_or(Clock::Real, Clock::running_from);
        let server = Server::start(arguments.port, content, settings, clock).map_err(failed)?;
        let mut stdout = io::stdout();
        writeln!(stdout, "{}", server.base_url())
            .and_then(|()| stdout.flush())
            .map_err(|error| Failure::Write("stdout".to_owned(), error))?;
        stop.await;
        Ok(())
    })
}

/// Resolves at SIGTERM or Ctrl-C.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Resolves at Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a handler there is nothing to wait for.
        let _ = tokio::signal::ctrl_c().await;
    })
}

fn content(arguments: &Serve) -> Result<Content, Failure> {
    let now = arguments.now.map_or_else(Utc::now, |now| DateTime::from_timestamp(now, 0).unwrap_or_default());
    let today = now.date_naive();
    let days_before = Days::new(u64::from(arguments.traffic.days.saturating_sub(1)));
    let from = arguments.from.unwrap_or_else(|| today.checked_sub_days(days_before).unwrap_or(today));
    let traffic = arguments.traffic.traffic(from)?;
    let AdditionArgs { bursts, late, late_by, values_change } = &arguments.additions;
    let additions = Additions {
        bursts: bursts.iter().map(|&(at, clicks)| Burst { at, clicks, ..Burst::default() }).collect(),
        late_permille: *late,
        late_seconds: (*late_by).min(60)..=*late_by,
        values_change: *values_change,
    };
    let began = Instant::now();
    let content = Content::of_traffic(traffic, &additions);
    // Talk: nobody may be listening.
    let _ = writeln!(
        io::stderr(),
        "{} clicks from {from} on, made in {} ms; the clock starts at {}",
        content.clicks().count(),
        began.elapsed().as_millis(),
        now.format("%Y-%m-%dT%H:%M:%SZ"),
    );
    Ok(content)
}

fn settings(behaviour: BehaviourArgs, faults: FaultArgs, affiliate_id: i64) -> Settings {
    let mut settings = Settings {
        network_key: behaviour.network_key,
        affiliate_key: behaviour.affiliate_key,
        affiliate_id,
        over_cap: match behaviour.over_cap {
            OverCapArg::Newest => OverCap::Newest,
            OverCapArg::Oldest => OverCap::Oldest,
            OverCapArg::Any => OverCap::Any,
        },
        wrapper: match behaviour.wrapper {
            WrapperArg::Clicks => Wrapper::Clicks,
            WrapperArg::Table => Wrapper::Table,
            WrapperArg::Array => Wrapper::Array,
            WrapperArg::Rotating => Wrapper::Rotating,
        },
        spelling: match behaviour.spelling {
            SpellingArg::Documented => Spelling::Documented,
            SpellingArg::Correct => Spelling::Correct,
            SpellingArg::Both => Spelling::Both,
        },
        aggregate: if behaviour.no_aggregate { Aggregate::Forbidden } else { Aggregate::Open },
        limits: if behaviour.no_limits { Limits::none() } else { Limits::default() },
        latency: Duration::from_millis(behaviour.latency),
        faults: Faults {
            script: faults.script,
            rates: faults.rates,
            seed: faults.fault_seed,
            most_per_request: faults.most_faults,
        },
        ..Settings::default()
    };
    if let Some(days) = behaviour.retention {
        settings.retention = Retention::Seconds(i64::from(days) * 86_400);
    }
    for (feed, rows) in behaviour.caps {
        settings.caps.set(feed, rows);
    }
    settings
}
