//! What the owner of a store does for it: keeping it small, and closing it.

use async_trait::async_trait;

use crate::{
    domain::time::{Span, Time},
    store::{Connection, Result, reports::Miscount},
};

/// The care of the database itself.
#[async_trait]
pub trait Upkeep: Connection {
    /// Lets go of what the database gathers over time: calls of settled verifications become sums,
    /// old figures of the quota and old requests go, SQLite is optimized and its log emptied.
    async fn tidy(&self) -> Result<()>;

    /// Waits until nothing more can be recorded though nobody closed the store: the task that writes
    /// is gone. A store without such a task never comes back.
    async fn gone(&self) {
        std::future::pending().await
    }

    /// Notes that a process is alive, and how far its host's clock is ahead of the provider's where
    /// that is known; brings when any other was last seen, at the first beat of this one alone.
    async fn beat(&self, instance: &str, skew: Option<Span>, now: Time) -> Result<Option<Time>>;

    /// Counts what `status` tells of by sums that are kept, mends those that are wrong and brings them.
    /// Reads everything: minutes on a large database, which goes on meanwhile.
    async fn recount(&self) -> Result<Vec<Miscount>>;

    /// Closes the connections; waits for verbs under way.
    async fn close(&self);
}
