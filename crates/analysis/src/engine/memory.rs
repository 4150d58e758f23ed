//! How much memory a query may use, and where it spills beyond that.

use std::num::NonZeroUsize;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};

/// What a query may use where the machine's memory cannot be read.
const FALLBACK_BYTES: u64 = 2 << 30;

/// Half of the machine's memory, or of what the control group leaves of it.
pub fn default_limit_bytes() -> u64 {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let machine = read("/proc/meminfo").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        kibibytes.checked_mul(1024)
    });
    let group = read("/sys/fs/cgroup/memory.max").and_then(|text| text.trim().parse().ok());
    machine.into_iter().chain(group).min().map_or(FALLBACK_BYTES, |bytes| bytes / 2)
}

/// A runtime with this much memory; it spills to files in the system's temporary folder, which vanish with it.
pub fn runtime(limit_bytes: u64) -> Result<Arc<RuntimeEnv>> {
    const CONSUMERS_NAMED_IN_ERRORS: NonZeroUsize = NonZeroUsize::MIN;
    let limit = usize::try_from(limit_bytes).unwrap_or(usize::MAX);
    let pool = TrackConsumersPool::new(FairSpillPool::new(limit), CONSUMERS_NAMED_IN_ERRORS);
    RuntimeEnvBuilder::new()
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
