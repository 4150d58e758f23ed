//! The key is shown to nobody but the server.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

use super::answers::{ask, request};
use super::server::{Act, KEY, Server, gzip};
use crate::api::{Broken, Client, RetryPolicy};

/// Keeps what is logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

/// Servers that repeat the key in every way a server has.
fn echoes() -> Vec<Act> {
    let said = format!(r#"{{"error":"key {KEY} is not known"}}"#);
    let mut acts: Vec<Act> = [400, 401, 403, 404, 429, 500].map(|status| Act::status(status, &said)).into();
    acts.extend([
        Act::status(302, "").header("location", format!("https://{}.example/{KEY}", "elsewhere")),
        Act::ok(&said),
        Act::ok(&format!("<html>{KEY}")),
        Act::CutOff(KEY.as_bytes().to_vec(), 1000),
        Act::Reply(200, vec![("content-encoding", "gzip".into())], KEY.as_bytes().to_vec()),
        Act::Reply(200, vec![("content-encoding", "gzip".into())], gzip(KEY.as_bytes())),
        Act::status(500, &said).header("x-echo", KEY).header("retry-after", KEY),
        Act::HangUp,
        Act::Hang,
    ]);
    acts
}

#[tokio::test]
async fn the_key_is_in_no_log_and_no_error_at_the_most_talkative_level() {
    let log = Log::default();
    // For the whole process: other threads and the `log` crate included. Other tests may log into it as well.
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).init();
    for act in echoes() {
        let server = Server::start([act.clone()]).await;
        let mut config = server.config();
        config.timeouts.idle = Duration::from_millis(50);
        config.retry = RetryPolicy { tries_max: 2, ..config.retry };
        tracing::trace!(?config, "a configuration");
        let client = Client::new(config).unwrap();
        tracing::trace!(?client, "a client");
        // A reader that repeats what it read.
        let read = |answer: crate::api::Answer| async move {
            Err::<(), _>(Broken(String::from_utf8_lossy(&answer.body).into_owned()))
        };
        let error = client.clicks(&request(&[("affiliate", "1")]), read).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(KEY), "{act:?}: {shown}");
        assert!(server.seen().iter().all(|seen| seen.head.contains(KEY)), "the server got it");
        let account = client.check_account().await.map(|check| format!("{check:?}"));
        assert!(!account.unwrap_or_else(|error| format!("{error} {error:?}")).contains(KEY), "{act:?}");
    }
    let server = Server::start([Act::ok("[]")]).await;
    ask(&server.client()).await.unwrap();
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    for source in ["trying again", "reqwest::connect", "hyper_util"] {
        assert!(logged.contains(source), "nothing of {source} was logged, so that this test shows nothing");
    }
    assert!(!logged.contains(KEY));
}

#[tokio::test]
async fn a_panic_does_not_show_the_key() {
    let server = Server::start([Act::ok("[]")]).await;
    let client = server.client();
    let panic = tokio::spawn(async move {
        client.clicks(&request(&[]), |answer| async move { panic!("{answer:?} of {:?}", "reader") }).await
            as Result<(), _>
    });
    let panic = panic.await.unwrap_err().into_panic();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("asked_at") && !text.contains(KEY), "{text}");
}
