//! How much is asked for at once.

use std::sync::Arc;

use futures::future::join_all;
use tokio::sync::Notify;

use super::answers::ask;
use super::server::{Act, Server};
use crate::api::{ApiError, Client, RateLimit};

#[tokio::test]
async fn no_more_requests_than_allowed_are_under_way() {
    let gate = Arc::new(Notify::new());
    let server = Server::start([Act::When(Arc::clone(&gate), Box::new(Act::ok("[]")))]).await;
    let mut config = server.config();
    config.limits.concurrent = 3;
    let client = Client::new(config).unwrap();
    let all = join_all((0..12).map(|_| ask(&client)));
    let opener = async {
        while server.seen().len() < 12 {
            // Every request of a full house has arrived before any is answered.
            let due = (server.answered() + 3).min(12);
            while server.seen().len() < due {
                tokio::task::yield_now().await;
            }
            gate.notify_one();
            tokio::task::yield_now().await;
        }
        loop {
            gate.notify_one();
            tokio::task::yield_now().await;
        }
    };
    let answers = tokio::select! {
        answers = all => answers,
        () = opener => unreachable!(),
    };
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(server.most_at_once(), 3);
}

#[tokio::test]
async fn no_more_requests_than_the_user_allows_are_sent() {
    let server = Server::start([Act::ok("[]"), Act::status(500, "")]).await;
    let mut config = server.config();
    config.limits.requests_max = Some(3);
    let client = Client::new(config).unwrap();
    ask(&client).await.unwrap();
    let error = ask(&client).await.unwrap_err();
    assert!(matches!(error, ApiError::RequestsSpent { max: 3 }), "{error}");
    assert_eq!(server.seen().len(), 3);
    assert_eq!(client.counters().requests, 3);
}

#[tokio::test]
async fn what_the_server_says_of_its_limit_is_passed_on() {
    let server =
        Server::start([Act::ok("[]").header("x-ratelimit-limit", 900).header("X-RateLimit-Remaining", 899)]).await;
    let client = server.client();
    assert_eq!(client.counters().rate_limit, RateLimit::default());
    ask(&client).await.unwrap();
    assert_eq!(client.counters().rate_limit, RateLimit { limit: Some(900), remaining: Some(899) });
}
