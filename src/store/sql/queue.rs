//! The queue: claims at once, records in group commit.

use async_trait::async_trait;
use futures::FutureExt as _;

use super::{SqlStore, batch::Work, claim};
use crate::{
    domain::{
        lease::{Lease, Stage},
        time::Time,
    },
    store::{
        Queue, Result,
        dialect::Dialect,
        records::{Claim, DownloadRecord, DownloadWork, PollRecord, PollWork},
    },
};

#[async_trait]
impl<DB: Dialect> Queue for SqlStore<DB> {
    async fn claim_polls(&self, claim: &Claim) -> Result<Vec<PollWork>> {
        let claim = claim.clone();
        self.writing(move |connection| {
            async move { claim::polls::<DB>(connection, &claim).await }.boxed()
        })
        .await
    }

    async fn claim_downloads(&self, claim: &Claim) -> Result<Vec<DownloadWork>> {
        let claim = claim.clone();
        self.writing(move |connection| {
            async move { claim::downloads::<DB>(connection, &claim).await }.boxed()
        })
        .await
    }

    async fn record_poll(&self, record: PollRecord) -> Result<()> {
        self.writer.submit(Work::Poll(Box::new(record))).await
    }

    async fn record_download(&self, record: DownloadRecord) -> Result<()> {
        self.writer.submit(Work::Download(Box::new(record))).await
    }

    async fn renew(&self, lease: &Lease, until: Time) -> Result<()> {
        self.writer.submit(Work::Renew(lease.clone(), until)).await
    }

    async fn release(&self, leases: Vec<Lease>, now: Time) -> Result<()> {
        if leases.is_empty() {
            Ok(())
        } else {
            self.writer.submit(Work::Release(leases, now)).await
        }
    }

    async fn next_due(&self, stage: Stage, apps: &[String]) -> Result<Option<Time>> {
        let apps = apps.to_vec();
        self.reading(move |connection| {
            async move { claim::next_due::<DB>(connection, stage, &apps).await }.boxed()
        })
        .await
    }
}
