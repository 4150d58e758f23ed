//! What was typed, made into what is meant.

use clicks::coverage::Interval;
use clicks::feed::Feed;

use super::filters::{FilterError, parse_filter};
use super::goal::{Again, Retention, Wish};
use crate::args::{Pull, Range, RangeFlags, TimeError};
use crate::request::{Filter, Window};

/// What is to be pulled, at whatever time.
#[derive(Debug, Clone)]
pub struct Order {
    /// The feed.
    pub feed: Feed,
    /// Only rows that satisfy these; sorted, each once.
    pub filters: Vec<Filter>,
    from: Option<i64>,
    to: Option<i64>,
    settle_seconds: i64,
    retention: Retention,
    /// Go on from the newest covered second less so many.
    since_last: Option<i64>,
    is_refetch: bool,
    /// Rows at which an answer is taken for cut: the feed's.
    pub row_cap: u64,
}

/// Arguments that make no sense together.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// A time.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// A filter.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// A range that has not begun.
    #[error("--from '{0}' is in the future: nothing has been clicked then")]
    Future(String),
    /// Nothing to go on from.
    #[error(
        "--since-last has nothing to go on from, since nothing of {feed} is covered yet: name a beginning with --from"
    )]
    NothingCovered {
        /// The feed.
        feed: Feed,
    },
}

impl Order {
    /// What is meant, now.
    ///
    /// # Errors
    /// Says what makes no sense.
    pub fn of(args: &Pull, now: i64) -> Result<Order, OrderError> {
        let zone = args.zone.timezone;
        let (from, to) = match (&args.from, &args.to) {
            (Some(from), Some(to)) => {
                let range = Range::parse(from, to, zone, RangeFlags::FROM_TO)?;
                (Some(range.from), Some(range.to))
            }
            (Some(from), None) => (Some(Range::parse(from, from, zone, RangeFlags::FROM_TO)?.from), None),
            (None, Some(to)) => (None, Some(Range::parse(to, to, zone, RangeFlags::FROM_TO)?.to)),
            (None, None) => (None, None),
        };
        if let Some(text) = args.from.as_ref().filter(|_| from.is_some_and(|from| from > now)) {
            return Err(OrderError::Future(text.clone()));
        }
        let filters = args.filter.iter().map(|typed| parse_filter(typed, args.source));
        let mut filters = filters.collect::<Result<Vec<_>, _>>()?;
        filters.sort();
        filters.dedup();
        let seconds = |duration: std::time::Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        Ok(Order {
            feed: args.source,
            filters,
            from,
            to,
            settle_seconds: seconds(args.settle),
            retention: args.retention,
            since_last: args.since_last.then(|| seconds(args.lookback)),
            is_refetch: args.refetch,
            row_cap: args.source.row_cap(),
        })
    }

    /// What is wanted at a time, of a lake with this coverage.
    ///
    /// # Errors
    /// Where there is nothing to go on from.
    pub fn wish(&self, coverage: &[Interval], now: i64) -> Result<Wish, OrderError> {
        let mut wish = Wish {
            feed: self.feed,
            range: Window { from: self.from.unwrap_or(0), to: self.to.unwrap_or(now) },
            filters: self.filters.clone(),
            settle_seconds: self.settle_seconds,
            retention: self.retention,
            row_cap: self.row_cap,
            again: if self.is_refetch { Again::Everything } else { Again::Nothing },
        };
        if let Some(lookback_seconds) = self.since_last {
            match wish.newest_covered(coverage) {
                Some(newest) => {
                    let second = newest.saturating_add(1).saturating_sub(lookback_seconds);
                    wish.again = Again::From(second);
                    wish.range.from = self.from.unwrap_or(second);
                }
                None if self.from.is_none() => return Err(OrderError::NothingCovered { feed: self.feed }),
                None => {}
            }
        }
        Ok(wish)
    }
}
