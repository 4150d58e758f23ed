//! Requests per key, counted in windows of real time.

use std::collections::HashMap;
use std::time::Instant;

use super::endpoint::KeyKind;
use super::settings::Limits;

#[derive(Debug, Default)]
pub(super) struct Rate {
    windows: HashMap<KeyKind, (Instant, u32)>,
}

/// What the headers of an answer say of the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    pub(super) is_exceeded: bool,
}

impl Rate {
    /// Counts a request.
    pub(super) fn count(&mut self, kind: KeyKind, limits: &Limits, now: Instant) -> Allowance {
        let limit = match kind {
            KeyKind::Network => limits.network_requests,
            KeyKind::Affiliate => limits.affiliate_requests,
        };
        let (began, used) = self.windows.entry(kind).or_insert((now, 0));
        if now.duration_since(*began) >= limits.window {
            (*began, *used) = (now, 0);
        }
        let is_exceeded = *used >= limit;
        *used = used.saturating_add(1);
        Allowance { limit, remaining: limit.saturating_sub(*used), is_exceeded }
    }
}
