//! Upkeep: what is gathered over time is let go, and the close.

use async_trait::async_trait;

use super::{MemoryStore, data::period};
use crate::{
    domain::time::Span,
    store::{Result, Upkeep},
};

#[async_trait]
impl Upkeep for MemoryStore {
    /// The calls of settled verifications are sums already.
    async fn tidy(&self) -> Result<()> {
        let oldest = period(self.clock.now().minus(Span::hours(24)));
        self.verb(|data| {
            data.quota_use.retain(|(period, ..), _| *period >= oldest);
            Ok(())
        })
    }

    async fn close(&self) {
        self.set_away(true);
    }
}
