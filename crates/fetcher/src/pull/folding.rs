//! The thread that folds what was pulled into the lake, beside asking.

use std::sync::mpsc::Receiver;

use clicks::landing::{Folded, Landing, LandingError};
use clicks::typing::Observation;
use tokio::sync::mpsc::UnboundedSender;

use super::waiting::Batch;

/// Folds batches until there are no more, or one cannot be folded.
pub(super) fn fold_batches(
    landing: &mut Landing<'_>,
    batches: &Receiver<Batch>,
    results: &UnboundedSender<Result<Folded, LandingError>>,
) {
    for batch in batches {
        let result = fold(landing, &batch);
        let is_over = result.is_err();
        drop(batch);
        if results.send(result).is_err() || is_over {
            return;
        }
    }
}

/// Rows in quarantine first: they are kept before coverage claims their window, each with its own time.
pub(super) fn fold(landing: &mut Landing<'_>, batch: &Batch) -> Result<Folded, LandingError> {
    let mut folded = Folded::default();
    for (observation, rows) in &batch.quarantined {
        folded += landing.fold(&[], *observation, rows, &[])?;
    }
    if !batch.clicks.is_empty() || !batch.coverage.is_empty() {
        folded += landing.fold(&batch.clicks, Observation::default(), &[], &batch.coverage)?;
    }
    Ok(folded)
}
