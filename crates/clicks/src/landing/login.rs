//! An account is one Everflow login: a network's or an affiliate's, never both.
//!
//! What the account's partitions hold says which. Two landings that are the first of an account see none; on a disk the
//! second waits for the lock, in an object store the first leaves a mark that the second cannot.

use std::io::{self, Read, Write};

use arrow::array::AsArray;

use super::{Landing, LandingError};
use crate::feed::Feed;
use crate::gather::TypedClicks;
use crate::lake::{LakeError, Publication, Version, login_location};
use crate::schema::{FEEDS, position};

/// The feeds that returned the clicks. Those of one answer or file have them in common.
pub(super) fn feeds_of(clicks: &[TypedClicks]) -> impl Iterator<Item = Feed> {
    let lists = clicks.iter().filter_map(|clicks| {
        let lists = clicks.own_column(position::FEED_LIST).as_string::<i32>();
        lists.iter().next().flatten().filter(|_| !clicks.is_empty())
    });
    lists.flat_map(|list| list.split(',').filter_map(|name| name.parse::<Feed>().ok()))
}

impl Landing<'_> {
    /// Refuses a feed that cannot be of this account, before there is any work. Folding makes sure of it again.
    ///
    /// Looks into the account's partitions, newest first, until one knows where its clicks came from.
    ///
    /// # Errors
    /// Where it holds a feed of the other kind of login, or cannot be read.
    pub fn check_feed(&self, feed: Option<Feed>) -> Result<(), LandingError> {
        match (feed, self.feed_held()?) {
            (Some(feed), Some(found)) => self.compare(feed, found),
            _ => Ok(()),
        }
    }

    /// Makes sure that a feed is of this account. The caller holds the lake's lock, where there is one.
    pub(super) fn admit(&mut self, feed: Feed) -> Result<(), LandingError> {
        if self.login == Some(feed.is_network()) {
            return Ok(());
        }
        if let Some(found) = self.feed_held()? {
            self.compare(feed, found)?;
        }
        if self.lake.objects().is_some() {
            self.compare(feed, self.mark(feed)?)?;
        }
        self.login = Some(feed.is_network());
        Ok(())
    }

    fn compare(&self, feed: Feed, found: Feed) -> Result<(), LandingError> {
        if found.is_network() == feed.is_network() {
            return Ok(());
        }
        Err(LandingError::OtherLogin { account: self.account.clone(), found, feed })
    }

    /// A feed that the account's partitions hold.
    fn feed_held(&self) -> Result<Option<Feed>, LandingError> {
        let partitions = self.lake.partitions()?;
        for partition in partitions.iter().rev().filter(|partition| partition.key.account == self.account) {
            let Some(open) = self.lake.open_partition(&partition.key)? else { continue };
            if let Some(interval) = open.coverage().intervals().first() {
                return Ok(Some(interval.feed));
            }
            for batch in open.read(Some(&[FEEDS]), None)? {
                let batch = batch?;
                let mut lists = batch.column(0).as_string::<i32>().iter().flatten();
                let found = lists.find_map(|list| list.split(',').find_map(|name| name.parse::<Feed>().ok()));
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        Ok(None)
    }

    /// Leaves a mark that the account is of this feed's kind of login, or finds the one that is there: the feed in it.
    fn mark(&self, feed: Feed) -> Result<Feed, LandingError> {
        let (backend, location) = (self.lake.backend(), login_location(&self.account));
        let failed = |action| LakeError::io(action, backend.name_of(&location));
        if let Some(mut opened) = backend.open(&location).map_err(failed("read"))? {
            let mut text = String::new();
            opened.file.read_to_string(&mut text).map_err(failed("read"))?;
            let unknown = || io::Error::new(io::ErrorKind::InvalidData, "it does not name a feed: remove it");
            return Ok(text.trim().parse().map_err(|_| failed("understand")(unknown()))?);
        }
        let fill = |file: &mut std::fs::File| writeln!(file, "{feed}");
        match backend.replace(&location, &Version::default(), Box::new(fill)).map_err(failed("write"))? {
            Publication::Published => Ok(feed),
            // Somebody else's is there now.
            Publication::Conflict => self.mark(feed),
        }
    }
}
