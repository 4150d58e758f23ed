//! A server that answers as a script says, byte for byte, and keeps what it was sent.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::api::{ApiKey, Client, ClientConfig, Limits, RetryPolicy};

pub(super) const KEY: &str = "kQ7-secret-Key_of.tests";

/// What is done with one request.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Status, headers, body.
    Reply(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Says that the body is so long, sends less, and closes.
    CutOff(Vec<u8>, usize),
    /// Closes without a word.
    HangUp,
    /// Says nothing until the test ends.
    Hang,
    /// Sends the head and some bytes, then nothing until the test ends.
    HangInBody(Vec<u8>),
    /// Replies once the test says so.
    When(Arc<Notify>, Box<Act>),
}

impl Act {
    pub(super) fn status(status: u16, body: &str) -> Act {
        Act::Reply(status, vec![("content-type", "application/json".to_owned())], body.as_bytes().to_vec())
    }

    pub(super) fn ok(body: &str) -> Act {
        Act::status(200, body)
    }

    pub(super) fn header(self, name: &'static str, value: impl ToString) -> Act {
        match self {
            Act::Reply(status, mut headers, body) => {
                headers.push((name, value.to_string()));
                Act::Reply(status, headers, body)
            }
            other => other,
        }
    }
}

pub(super) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) head: String,
    pub(super) body: String,
}

#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// Under way, the most at once, answered.
    running: Arc<Mutex<(usize, usize, usize)>>,
}

impl Server {
    /// Does one act for each request, in the order they come; the last one for all that follow.
    pub(super) async fn start(acts: impl IntoIterator<Item = Act>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server {
            url: format!("http://{}", listener.local_addr().unwrap()),
            seen: Arc::default(),
            running: Arc::default(),
        };
        let acts = Arc::new(Mutex::new(acts.into_iter().collect::<VecDeque<_>>()));
        let this = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                tokio::spawn(this.clone().serve(stream, Arc::clone(&acts)));
            }
        });
        server
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The most requests that were under way at once.
    pub(super) fn most_at_once(&self) -> usize {
        self.running.lock().unwrap().1
    }

    pub(super) fn answered(&self) -> usize {
        self.running.lock().unwrap().2
    }

    pub(super) fn config(&self) -> ClientConfig {
        ClientConfig {
            retry: RetryPolicy {
                first_wait: Duration::from_millis(1),
                longest_wait: Duration::from_millis(4),
                ..RetryPolicy::default()
            },
            limits: Limits { requests_per_second: 1000, ..Limits::network() },
            ..ClientConfig::new(&self.url, key())
        }
    }

    pub(super) fn client(&self) -> Client {
        Client::new(self.config()).unwrap()
    }

    async fn serve(self, mut stream: TcpStream, acts: Arc<Mutex<VecDeque<Act>>>) {
        while let Some(seen) = read_request(&mut stream).await {
            self.seen.lock().unwrap().push(seen);
            let mut act = {
                let mut acts = acts.lock().unwrap();
                if acts.len() > 1 { acts.pop_front().unwrap() } else { acts.front().unwrap().clone() }
            };
            {
                let mut running = self.running.lock().unwrap();
                running.0 += 1;
                running.1 = running.1.max(running.0);
            }
            while let Act::When(notify, then) = act {
                notify.notified().await;
                act = *then;
            }
            {
                // Before the client can know.
                let mut running = self.running.lock().unwrap();
                running.0 -= 1;
                running.2 += 1;
            }
            if !perform(&mut stream, act).await {
                return;
            }
        }
    }
}

pub(super) fn key() -> ApiKey {
    ApiKey::load(None, Some(KEY.into())).unwrap().key
}

async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    while bytes.len() < end + length {
        stream.read_buf(&mut bytes).await.ok()?;
    }
    Some(Seen { head, body: String::from_utf8(bytes[end..].to_vec()).unwrap() })
}

/// True when the connection can go on.
async fn perform(stream: &mut TcpStream, act: Act) -> bool {
    match act {
        Act::Reply(status, headers, body) => {
            let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let head = format!("HTTP/1.1 {status} Any\r\n{headers}content-length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).await.is_ok() && stream.write_all(&body).await.is_ok()
        }
        Act::CutOff(body, length) => {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(&body).await;
            false
        }
        Act::HangUp => false,
        Act::Hang => std::future::pending().await,
        Act::HangInBody(body) => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await;
            let _ = stream.write_all(&body).await;
            std::future::pending().await
        }
        Act::When(..) => unreachable!(),
    }
}
