//! Whose turn it is where statements are asked side by side.
//!
//! Planning keeps one thread busy, and is most of the time where clicks are few; answering keeps all of them busy where
//! clicks are many, and is what takes memory. So statements are planned side by side, and only as many are answered at once
//! as it takes to keep all threads busy: one, where an answer is computed in as many streams as there are threads.

use std::sync::Arc;

use futures::{Stream, StreamExt, TryStreamExt, stream};
use tokio::sync::{Semaphore, SemaphorePermit};

/// A list of answers, a few of them asked at a time; they come in the order of the list.
pub fn in_turn<T>(asked: Vec<impl Future<Output = T>>) -> impl Stream<Item = T> {
    const AT_A_TIME: usize = 4;
    stream::iter(asked).buffered(AT_A_TIME)
}

/// Waits for all of a list of answers, as [`in_turn`].
///
/// # Errors
/// The first of the list that has one.
pub async fn side_by_side<T, E>(asked: Vec<impl Future<Output = Result<T, E>>>) -> Result<Vec<T>, E> {
    in_turn(asked).try_collect().await
}

/// The turns of one session. A clone shares them.
#[derive(Clone)]
pub(super) struct Turns {
    planning: Arc<Semaphore>,
    answering: Arc<Semaphore>,
    at_once: usize,
}

impl Turns {
    /// For this many threads, where an answer is computed in `streams`.
    pub(super) fn new(threads: usize, streams: usize) -> Self {
        let at_once = (threads / streams.max(1)).max(1);
        Self { planning: Arc::new(Semaphore::new(threads)), answering: Arc::new(Semaphore::new(at_once)), at_once }
    }

    /// Turns to answer that do not wait for those of this session.
    pub(super) fn beside(&self) -> Self {
        Self { answering: Arc::new(Semaphore::new(self.at_once)), ..self.clone() }
    }

    /// Waits until there is a thread to plan on; the turn ends when what is returned is dropped.
    pub(super) async fn to_plan(&self) -> Option<SemaphorePermit<'_>> {
        // Nobody closes them.
        self.planning.acquire().await.ok()
    }

    /// Waits until there are threads to answer on; the turn ends when what is returned is dropped.
    pub(super) async fn to_answer(&self) -> Option<SemaphorePermit<'_>> {
        self.answering.acquire().await.ok()
    }
}
