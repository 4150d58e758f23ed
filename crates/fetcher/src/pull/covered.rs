//! What the lake says it has: the coverage in the footers of an account's partitions. Reads no rows.

use clicks::coverage::Interval;
use clicks::lake::{Account, Lake, LakeError};
use clicks::partition::PartitionError;

/// Why the coverage is not known.
#[derive(Debug, thiserror::Error)]
pub enum CoveredError {
    /// The lake's folders.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A footer.
    #[error(transparent)]
    Partition(#[from] PartitionError),
}

/// Every interval of the account, partition by partition.
///
/// # Errors
/// Where a folder or a footer cannot be read: what is covered is then not known, and nothing may be taken for it.
pub fn coverage_of(lake: &Lake, account: &Account) -> Result<Vec<Interval>, CoveredError> {
    let mut found = Vec::new();
    for partition in lake.partitions()?.iter().filter(|partition| partition.key.account == *account) {
        if let Some(footer) = lake.footer(&partition.key)? {
            found.extend(footer.coverage.intervals().iter().cloned());
        }
    }
    Ok(found)
}
