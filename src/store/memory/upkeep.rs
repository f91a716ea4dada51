//! Upkeep: what is gathered over time is let go, and the close.

use async_trait::async_trait;

use super::{MemoryStore, data::period};
use crate::{
    domain::time::{Span, Time},
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

    async fn beat(&self, instance: &str, now: Time) -> Result<Option<Time>> {
        self.verb(|data| {
            let last = data.beats.values().max().copied();
            let before = data.beats.insert(instance.to_owned(), now);
            Ok(last.filter(|_| before.is_none()))
        })
    }

    async fn close(&self) {
        self.set_away(true);
    }
}
