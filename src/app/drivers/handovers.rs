//! From the polls of this process to its downloads, in memory.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::archive::Handover;

/// Downloads of one app, handed over while their URLs are fresh. Full means that a poll is granted
/// no lease, and the download is claimed later.
pub(super) struct Handovers {
    items: Mutex<VecDeque<Handover>>,
    most: usize,
    /// Wakes the downloads when something came.
    pub(super) wake: Arc<Notify>,
}

impl Handovers {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            items: Mutex::default(),
            most,
            wake: Arc::new(Notify::new()),
        })
    }

    /// How many more find a place.
    pub(super) fn capacity(&self) -> usize {
        self.most.saturating_sub(self.items().len())
    }

    pub(super) fn push(&self, handover: Handover) {
        self.items().push_back(handover);
        self.wake.notify_one();
    }

    pub(super) fn take(&self, limit: usize) -> Vec<Handover> {
        let mut items = self.items();
        let count = limit.min(items.len());
        items.drain(..count).collect()
    }

    fn items(&self) -> MutexGuard<'_, VecDeque<Handover>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
