//! The lake: readable, of a version we know, writable, nothing left unfinished, nothing about to expire.

use std::fs::{self, OpenOptions};
use std::path::Path;

use chrono_tz::Tz;
use clicks::lake::{Lake, LakeError};

use crate::args::{self, SummaryFormat, ZoneArgs};
use crate::status::days::expiry;
use crate::status::of_lake;
use crate::summary::count;

use super::Check;

/// With fewer days left, a gap that goes on would lose clicks.
const DAYS_LEFT_MIN: i64 = 7;

/// Looks.
pub(super) fn checks(path: &Path, now: i64) -> Vec<Check> {
    let lake = match Lake::open(path) {
        Ok(lake) => lake,
        Err(LakeError::Missing(_)) => return vec![of_missing(path)],
        Err(error) => return vec![Check::error("lake", &error)],
    };
    let partitions = match lake.partitions() {
        Ok(partitions) => partitions,
        Err(error) => return vec![Check::error("lake", &error)],
    };
    let mut checks = Vec::new();
    let damaged = partitions.iter().find_map(|file| lake.footer(&file.key).err());
    let root = lake.root().display();
    checks.push(match damaged {
        Some(error) => Check::error("lake", &error),
        None => Check::ok(
            "lake",
            format!("{root}, {} by {}", count(partitions.len() as u64, "partition"), lake.granularity()),
        ),
    });
    if lake.objects().is_none() {
        checks.push(of_writing(lake.root()));
        checks.push(of_unfinished(lake.root()));
    }
    checks.push(of_expiry(path, &lake, now));
    checks
}

fn of_missing(path: &Path) -> Check {
    let says = format!("there is none at {} yet", path.display());
    let folder = path.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match try_to_write(folder) {
        Ok(()) => Check::warning("lake", says, "the first pull makes it; if there should be one, name it with --lake"),
        Err(error) => {
            let says = format!("{says}, and nothing can be written to {}: {error}", folder.display());
            Check::failed("lake", says, "name a folder that you may write to with --lake")
        }
    }
}

fn of_writing(root: &Path) -> Check {
    match try_to_write(root) {
        Ok(()) => Check::ok("writing", "files can be made"),
        Err(error) => {
            let says = format!("nothing can be written to {}: {error}", root.display());
            Check::failed("writing", says, "check the folder's owner and permissions, and that the disk is not full")
        }
    }
}

/// Makes a file and removes it. Its name is that of one that a killed process leaves unfinished, so that a landing removes
/// it if this cannot.
fn try_to_write(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!(".lake.json.{}.tmp", std::process::id()));
    OpenOptions::new().write(true).create_new(true).open(&path)?;
    fs::remove_file(path)
}

fn of_unfinished(root: &Path) -> Check {
    let mut found = 0;
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        // What cannot be listed was said above.
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ => found += u64::from(name.starts_with('.') && name.ends_with(".tmp")),
            }
        }
    }
    match found {
        0 => Check::ok("unfinished", "no file was left unfinished"),
        found => Check::warning(
            "unfinished",
            format!("{} unfinished", count(found, "file")),
            "somebody is writing, or was killed: the next landing removes them, and no reader sees them",
        ),
    }
}

fn of_expiry(path: &Path, lake: &Lake, now: i64) -> Check {
    let question = args::Status {
        lake: path.to_owned(),
        account: None,
        from: None,
        to: None,
        zone: ZoneArgs { timezone: Tz::UTC },
        require_complete: false,
        format: SummaryFormat::Text,
    };
    let status = match of_lake(&question, lake, now) {
        Ok(status) => status,
        Err(_) => return Check::skipped("retention", "the lake cannot be read"),
    };
    let feeds = status.accounts.iter().flat_map(|account| {
        account.feeds.iter().filter(|feed| feed.filters.is_empty()).map(|feed| (&account.account, feed))
    });
    let soonest = feeds
        .filter_map(|(account, feed)| Some((expiry(feed.known.first_missing?, now).1, account, feed.feed)))
        .min_by_key(|(days, ..)| *days);
    match soonest {
        None => Check::ok("retention", "nothing that is missing is about to expire"),
        Some((days, account, feed)) => {
            let when =
                if days == 0 { "within a day".to_owned() } else { format!("in {}", count(days.unsigned_abs(), "day")) };
            let says = format!("{feed} of account {account} has gaps that begin to expire {when}");
            match days < DAYS_LEFT_MIN {
                true => Check::warning(
                    "retention",
                    says,
                    "pull them before Everflow forgets them; fetcher status lists them",
                ),
                false => Check::ok("retention", says),
            }
        }
    }
}
