//! One request: sent, read, and kept raw where that is wanted.

use std::sync::Arc;

use clicks::lake::Account;

use super::answer::{self, Reading};
use super::counted::Counted;
use super::goal::Wish;
use super::proofs::AskedAt;
use super::raw::{RawError, RawFolder, RawHeader};
use crate::api::{Answer, ApiError, Broken, Client};
use crate::plan::Ticket;
use crate::request::{ClickRequest, Window};

/// What every request of a pull has in common.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) client: Client,
    pub(super) account: Account,
    pub(super) raw: Option<RawFolder>,
}

/// An answer that was read.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) reading: Reading,
    pub(super) asked_at: AskedAt,
    /// What Everflow counts in the window, where far fewer rows came.
    pub(super) counted: Option<u64>,
}

/// What came of a request.
#[derive(Debug)]
pub(super) struct Came {
    pub(super) ticket: Ticket,
    pub(super) window: Window,
    pub(super) got: Result<Result<Got, RawError>, ApiError>,
}

/// Sends a request until its answer is read, or it is given up.
pub(super) async fn ask(
    asker: Arc<Asker>,
    wish: Arc<Wish>,
    counted: Arc<Counted>,
    ticket: Ticket,
    request: ClickRequest,
) -> Came {
    let request = Arc::new(request);
    let read = |answer: Answer| {
        let (asker, wish, request) = (Arc::clone(&asker), Arc::clone(&wish), Arc::clone(&request));
        let counted = Arc::clone(&counted);
        async move {
            // Typing a large answer takes a while, in which others are to be heard.
            let reading = tokio::task::spawn_blocking(move || asker.read(&answer, &wish, &counted, &request));
            reading.await.unwrap_or_else(|error| Err(Broken(error.to_string())))
        }
    };
    let got = asker.client.clicks(&request, read).await;
    Came { ticket, window: request.window, got }
}

impl Asker {
    fn read(
        &self,
        answer: &Answer,
        wish: &Wish,
        counted: &Counted,
        request: &ClickRequest,
    ) -> Result<Result<Got, RawError>, Broken> {
        let asked_at = AskedAt::of(answer);
        let source = format!("{} {}", request.feed, super::words(request.window));
        let reading = answer::read(&answer.body, request, asked_at.earliest, wish.row_cap, &source)
            .map_err(|unreadable| Broken(unreadable.to_string()))?;
        let rows = reading.brought.rows;
        let counted = counted.contradicts(request.window, rows).filter(|_| rows < wish.row_cap);
        if let Some(raw) = &self.raw {
            let header = RawHeader { counted, ..RawHeader::new(&self.account, wish, request, answer) };
            if let Err(error) = raw.keep(&header, &answer.body) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(Got { reading, asked_at, counted }))
    }
}
