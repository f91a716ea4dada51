//! How many polls of one app may run at once.

use std::sync::Arc;

use super::Shared;
use crate::{app::capacity::Slots, provider::RateLimiters};

/// An app has its slots whatever others do. A call that takes long needs more of them than a fast
/// one for the same quota: so more begin while few wait for their turn at the account's limiter, and
/// no more once enough wait, so that what falls due next waits behind few.
pub(super) struct Room {
    quotas: Arc<RateLimiters>,
    account: String,
    /// About three seconds' worth of the quota.
    pub(super) slots: usize,
    most: usize,
}

impl Room {
    pub(super) fn new(shared: &Shared, of: &Slots, slots: usize, more: usize) -> Self {
        Self {
            quotas: Arc::clone(&shared.quotas),
            account: of.account.clone(),
            slots,
            most: slots + more,
        }
    }

    /// How many may begin beside those that run, some of which are busy with calls.
    pub(super) fn free(&self, busy: usize, running: usize) -> usize {
        let waiting = self.quotas.waiting(&self.account);
        let wanted = self.slots.saturating_sub(waiting);
        let more = wanted.min(self.most.saturating_sub(running));
        self.slots.saturating_sub(busy).max(more)
    }
}
