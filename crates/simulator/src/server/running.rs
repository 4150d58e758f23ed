//! The handle of a running server.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

use super::click::Click;
use super::clock::Clock;
use super::content::Content;
use super::endpoint::Endpoint;
use super::handler::{Shared, handle};
use super::log::{Log, Received, lock};
use super::rate::Rate;
use super::settings::{Limits, Settings};
use crate::Feed;

/// A running server; it ends when this is dropped, whatever it was about to answer.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Threads that serve connections; rows are written by others.
const WORKER_THREADS: usize = 2;

impl Server {
    /// Starts on any free port of the loopback interface, with the clock stopped at `now` and no limits of requests; everything
    /// else as Everflow's pages say.
    ///
    /// # Errors
    /// No port, no thread.
    pub fn with_clicks(clicks: Vec<Click>, now: i64) -> io::Result<Self> {
        let settings = Settings { limits: Limits::none(), ..Settings::default() };
        Self::start(0, Content::of_clicks(clicks), settings, Clock::Stopped(now))
    }

    /// Starts on a port of the loopback interface, 0 for any that is free.
    ///
    /// # Errors
    /// The port is taken, or no thread is to be had.
    pub fn start(port: u16, content: Content, settings: Settings, clock: Clock) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            settings: Mutex::new(settings),
            clock: Mutex::new(clock),
            content: Mutex::new(Arc::new(content)),
            rate: Mutex::new(Rate::default()),
            log: Arc::new(Log::default()),
            is_open: watch::Sender::new(true),
        });
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(WORKER_THREADS).enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let router = Router::new().fallback(handle).with_state(Arc::clone(&shared));
        let thread = std::thread::Builder::new().name("everflow-sim".to_owned()).spawn(move || {
            runtime.block_on(async {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                tokio::select! {
                    _ = axum::serve(listener, router) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        })?;
        Ok(Self { shared, address, stop: Some(stop), thread: Some(thread) })
    }

    /// `http://127.0.0.1:PORT`, without a slash at its end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes settings, faults among them, for all requests that are not being answered yet.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut lock(&self.shared.settings));
    }

    /// The settings as they are.
    pub fn settings(&self) -> Settings {
        lock(&self.shared.settings).clone()
    }

    /// Sets the clock.
    pub fn set_clock(&self, clock: Clock) {
        *lock(&self.shared.clock) = clock;
    }

    /// Stops the clock at a second since 1970.
    pub fn set_now(&self, second: i64) {
        self.set_clock(Clock::Stopped(second));
    }

    /// What the clock shows, in seconds since 1970.
    pub fn now(&self) -> i64 {
        lock(&self.shared.clock).now()
    }

    /// Replaces everything there is to tell.
    pub fn set_content(&self, content: Content) {
        *lock(&self.shared.content) = Arc::new(content);
    }

    /// Replaces everything there is to tell by these clicks.
    pub fn set_clicks(&self, clicks: Vec<Click>) {
        self.set_content(Content::of_clicks(clicks));
    }

    /// Every click of a feed that exists now, oldest first: those past the retention and above any cap included.
    pub fn truth(&self, feed: Feed) -> Vec<Click> {
        let (now, affiliate_id) = (self.now(), lock(&self.shared.settings).affiliate_id);
        let content = Arc::clone(&lock(&self.shared.content));
        let is_told = |click: &&Click| click.exists_at(now) && click.is_in(feed, affiliate_id);
        content.clicks().filter(is_told).cloned().collect()
    }

    /// Of [`Server::truth`], what the retention leaves: what a client without limits can get.
    pub fn reachable_truth(&self, feed: Feed) -> Vec<Click> {
        let now = self.now();
        let kept_from = lock(&self.shared.settings).retention.begins(now);
        let is_kept = |click: &Click| click.unix_timestamp >= kept_from || click.values_at(now).has_conversion;
        self.truth(feed).into_iter().filter(is_kept).collect()
    }

    /// Every request to an endpoint that came, in the order of arrival.
    pub fn received(&self) -> Vec<Received> {
        self.shared.log.received()
    }

    /// How many requests came to an endpoint.
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.received().iter().filter(|received| received.endpoint == endpoint).count()
    }

    /// Forgets the requests that came and the largest numbers at once; numbers, of scripts too, begin at 1 again.
    pub fn forget_received(&self) {
        self.shared.log.forget();
    }

    /// The largest number of requests that were in progress at once.
    pub fn most_at_once(&self) -> usize {
        self.shared.log.most_at_once()
    }

    /// The same, of requests to `/v1/networks/reporting/*`.
    pub fn most_reporting_at_once(&self) -> usize {
        self.shared.log.most_reporting_at_once()
    }

    /// How many requests are in progress.
    pub fn in_progress(&self) -> usize {
        self.shared.log.in_progress()
    }

    /// Lets requests wait from now on, so that a test can see how many come at once.
    pub fn hold(&self) {
        self.shared.is_open.send_replace(false);
    }

    /// Answers the requests that wait, and all that follow.
    pub fn release(&self) {
        self.shared.is_open.send_replace(true);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It may have ended by itself.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
