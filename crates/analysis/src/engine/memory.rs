//! How much memory a query may use, where it spills beyond that, and what becomes of one that escapes its limit.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use datafusion::common::Result;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};

/// What a query may use where the machine's memory cannot be read.
const FALLBACK_BYTES: u64 = 2 << 30;

/// What the process needs beside what queries account for: code that is copied, footers, buffers, the allocator's slack.
const RESERVE_BYTES: u64 = 512 << 20;

/// How often the process's memory is looked at. Fresh memory comes at a few GB a second.
const WATCH_PERIOD: Duration = Duration::from_millis(20);

/// Half of the machine's memory, or of what the control group leaves of it.
pub fn default_limit_bytes() -> u64 {
    machine_bytes().map_or(FALLBACK_BYTES, |bytes| bytes / 2)
}

fn machine_bytes() -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let machine = read("/proc/meminfo").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        kibibytes.checked_mul(1024)
    });
    let own = read("/proc/self/cgroup").unwrap_or_default();
    let groups = memory_files(&own).into_iter().filter_map(|file| read(&file)?.trim().parse().ok());
    machine.into_iter().chain(groups).min()
}

/// Where the limits of a process's control group (version 2) and of all around it stand, by `/proc/self/cgroup`; in a
/// container its own is the root.
fn memory_files(own: &str) -> Vec<String> {
    let path = own.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/");
    let groups = Path::new(path)
        .ancestors()
        .map(|group| Path::new("/sys/fs/cgroup").join(group.strip_prefix("/").unwrap_or(group)));
    groups.map(|group| group.join("memory.max").display().to_string()).collect()
}

/// What the whole process may hold for a query of this limit: operators account for what they keep, but a function
/// such as `repeat` does not for what it makes. Half as much again and a reserve, within nine tenths of the machine.
pub fn process_limit_bytes(limit_bytes: u64) -> u64 {
    let generous = limit_bytes.saturating_add(limit_bytes / 2).saturating_add(RESERVE_BYTES);
    let machine = machine_bytes().map_or(u64::MAX, |bytes| bytes / 10 * 9);
    generous.min(machine).max(limit_bytes)
}

/// Ends once the process holds more memory of its own than this; never, where the system does not say how much it holds.
pub async fn exceeded(process_limit_bytes: u64) {
    let mut ticks = tokio::time::interval(WATCH_PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while let Some(held) = held_bytes() {
        if held > process_limit_bytes {
            return;
        }
        ticks.tick().await;
    }
    std::future::pending().await
}

/// Anonymous memory of this process that is in RAM. Linux only.
fn held_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// A runtime with this much memory; it spills to files in the folder, or in the system's temporary one, which vanish with
/// it.
pub fn runtime(limit_bytes: u64, spill_folder: Option<&Path>) -> Result<Arc<RuntimeEnv>> {
    const CONSUMERS_NAMED_IN_ERRORS: NonZeroUsize = NonZeroUsize::MIN;
    let limit = usize::try_from(limit_bytes).unwrap_or(usize::MAX);
    let pool = TrackConsumersPool::new(FairSpillPool::new(limit), CONSUMERS_NAMED_IN_ERRORS);
    let builder = match spill_folder {
        Some(folder) => RuntimeEnvBuilder::new().with_temp_file_path(folder),
        None => RuntimeEnvBuilder::new(),
    };
    builder
        .with_memory_pool(Arc::new(pool))
        // Footers are read twice, to plan and to scan: keep those of a large lake in between.
        .with_metadata_cache_limit((limit / 8).clamp(8 << 20, 512 << 20))
        .build_arc()
}

/// What each sort sets aside for merging its spilled runs: the default of 10 MB, or less where memory is scarce.
pub fn sort_reservation_bytes(limit_bytes: u64, partitions: usize) -> usize {
    let per_partition = usize::try_from(limit_bytes).unwrap_or(usize::MAX) / partitions.max(1);
    (per_partition / 8).min(10 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_may_hold_more_than_its_query() {
        assert!(process_limit_bytes(64 << 20) >= 64 << 20);
        assert_eq!(process_limit_bytes(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_unit_of_systemd_has_a_limit_of_its_own() {
        let root = "/sys/fs/cgroup/memory.max";
        assert_eq!(memory_files(""), [root]);
        assert_eq!(memory_files("0::/\n"), [root]);
        let files = memory_files("1:name=x:/other\n0::/system.slice/clickproof.service\n");
        let own = ["system.slice/clickproof.service", "system.slice"]
            .map(|group| format!("/sys/fs/cgroup/{group}/memory.max"));
        assert_eq!(files, [&own[..], &[root.to_owned()]].concat());
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_is_held_is_seen() {
        let held = held_bytes().unwrap();
        assert!(held > 1 << 20, "{held} bytes");
        exceeded(held / 2).await;
    }
}
