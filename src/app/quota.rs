//! The quota of the provider that all processes on one database share, kept there.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;

use crate::{
    domain::quota::{Reserved, Wish},
    provider::Quota,
    store::Quotas,
};

/// The quota in the store. When it cannot be asked, the log says why, once.
pub(super) struct StoredQuota {
    store: Arc<dyn Quotas>,
    is_away: AtomicBool,
}

impl StoredQuota {
    pub(super) fn of(store: Arc<dyn Quotas>) -> Self {
        Self {
            store,
            is_away: AtomicBool::new(false),
        }
    }
}

#[async_trait]
impl Quota for StoredQuota {
    async fn reserve(&self, wish: &Wish) -> Option<Reserved> {
        let reserved = self.store.reserve(wish).await;
        let was_away = self.is_away.swap(reserved.is_err(), Ordering::Relaxed);
        if let (Err(error), false) = (&reserved, was_away) {
            tracing::warn!(%error, "the quota that processes share cannot be asked: this one calls at a quarter of the rate");
        }
        reserved.ok()
    }
}

#[cfg(test)]
#[path = "quota/tests.rs"]
mod tests;
