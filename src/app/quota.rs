//! The quota of the provider that all processes on one database share, kept there.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    domain::quota::{Reserved, Wish},
    provider::Quota,
    store::Quotas,
};

/// The quota in the store.
pub(super) struct StoredQuota(pub(super) Arc<dyn Quotas>);

#[async_trait]
impl Quota for StoredQuota {
    async fn reserve(&self, wish: &Wish) -> Result<Reserved, String> {
        let reserved = self.0.reserve(wish).await;
        reserved.map_err(|error| error.to_string())
    }
}

#[cfg(test)]
#[path = "quota/tests.rs"]
mod tests;
