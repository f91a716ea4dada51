//! The quota that processes share.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    domain::quota::{Reserved, Wish},
    store::{Quotas, Result},
};

#[async_trait]
impl Quotas for MemoryStore {
    async fn reserve(&self, wish: &Wish) -> Result<Reserved> {
        let now_us = self.clock.now().0.saturating_mul(1000);
        self.verb(|data| {
            let of = (wish.account.clone(), wish.endpoint);
            Ok(data.quotas.entry(of).or_default().reserve(now_us, wish))
        })
    }
}
