//! The work that is due, and what came of it.
//!
//! A claim moves the row's due time behind its lease, so that expiry alone gives it back after a
//! crash; each claim is counted until the row is recorded. Every other verb names the lease it was
//! granted, and fails or passes over when another has claimed the row since.

use async_trait::async_trait;

use crate::{
    domain::{
        lease::{Lease, Stage},
        time::Time,
    },
    store::{
        Connection, Result,
        records::{Claim, DownloadRecord, DownloadWork, PollRecord, PollWork, Recorded},
    },
};

/// The queue of polls and downloads.
#[async_trait]
pub trait Queue: Connection {
    /// Claims polls that are due, the least time left first.
    async fn claim_polls(&self, claim: &Claim) -> Result<Vec<PollWork>>;

    /// Claims downloads that are due, the least time left first.
    async fn claim_downloads(&self, claim: &Claim) -> Result<Vec<DownloadWork>>;

    /// Writes all that a poll brought, its next due time or its settlement, and releases the lease:
    /// all or nothing.
    ///
    /// # Errors
    /// [`LeaseLost`](crate::store::StoreError::LeaseLost) when the row was claimed by another since;
    /// then nothing of it is written.
    async fn record_poll(&self, record: PollRecord) -> Result<Recorded>;

    /// The same for a download.
    ///
    /// # Errors
    /// As [`Queue::record_poll`].
    async fn record_download(&self, record: DownloadRecord) -> Result<Recorded>;

    /// Prolongs a lease.
    ///
    /// # Errors
    /// [`LeaseLost`](crate::store::StoreError::LeaseLost) when the row was claimed by another since.
    async fn renew(&self, lease: &Lease, until: Time) -> Result<()>;

    /// Gives leases back unused: due at once, the claim not counted. Lost leases are passed over.
    async fn release(&self, leases: Vec<Lease>, now: Time) -> Result<()>;

    /// When rows of this stage are due that belong to one of these apps (all when empty): the first so many
    /// instants.
    async fn dues(&self, stage: Stage, apps: &[String], most: i64) -> Result<Vec<Time>>;

    /// The first of them.
    async fn next_due(&self, stage: Stage, apps: &[String]) -> Result<Option<Time>> {
        Ok(self.dues(stage, apps, 1).await?.first().copied())
    }
}
