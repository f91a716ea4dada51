//! The queue: claims at once, records in group commit.

use std::sync::PoisonError;

use async_trait::async_trait;
use futures::FutureExt as _;

use super::{SqlStore, batch::Work, claim, due};
use crate::{
    domain::{
        lease::{Lease, Stage},
        time::{Span, Time},
    },
    store::{
        Queue, Result,
        dialect::Dialect,
        records::{Claim, DownloadRecord, DownloadWork, PollRecord, PollWork, Recorded},
    },
};

#[async_trait]
impl<DB: Dialect> Queue for SqlStore<DB> {
    async fn claim_polls(&self, claim: &Claim) -> Result<Vec<PollWork>> {
        let of = claim.clone();
        let claimed = self
            .working(move |connection| {
                async move { claim::polls::<DB>(connection, &of).await }.boxed()
            })
            .await?;
        self.make_ready(Stage::Poll, claim, claimed.len()).await;
        Ok(claimed)
    }

    async fn claim_downloads(&self, claim: &Claim) -> Result<Vec<DownloadWork>> {
        let of = claim.clone();
        let claimed = self
            .working(move |connection| {
                async move { claim::downloads::<DB>(connection, &of).await }.boxed()
            })
            .await?;
        self.make_ready(Stage::Download, claim, claimed.len()).await;
        Ok(claimed)
    }

    async fn record_poll(&self, record: PollRecord) -> Result<Recorded> {
        self.writer.submit(Work::Poll(Box::new(record))).await
    }

    async fn record_download(&self, record: DownloadRecord) -> Result<Recorded> {
        self.writer.submit(Work::Download(Box::new(record))).await
    }

    async fn renew(&self, lease: &Lease, until: Time) -> Result<()> {
        let written = self.writer.submit(Work::Renew(lease.clone(), until)).await;
        written.map(drop)
    }

    async fn release(&self, leases: Vec<Lease>, now: Time) -> Result<()> {
        if leases.is_empty() {
            Ok(())
        } else {
            let written = self.writer.submit(Work::Release(leases, now)).await;
            written.map(drop)
        }
    }

    async fn dues(&self, stage: Stage, apps: &[String], most: i64) -> Result<Vec<Time>> {
        let apps = apps.to_vec();
        self.reading(move |connection| {
            async move { due::next::<DB>(connection, stage, &apps, most).await }.boxed()
        })
        .await
    }
}

impl<DB: Dialect> SqlStore<DB> {
    /// Where a claim left due rows behind, makes some of them ready now and then. What was claimed
    /// stands, whatever comes of it.
    async fn make_ready(&self, stage: Stage, claim: &Claim, claimed: usize) {
        let claimed = i64::try_from(claimed).unwrap_or(i64::MAX);
        if claimed < claim.limit {
            return;
        }
        let elapsed = self.clock.elapsed();
        let claimed = {
            let mut made_ready = (self.made_ready.lock()).unwrap_or_else(PoisonError::into_inner);
            let of = (stage.number(), claim.apps.clone());
            let never = (Span(elapsed.0 - due::EVERY.0), 0);
            let (last, before) = made_ready.entry(of).or_insert(never);
            let claimed = before.saturating_add(claimed);
            if elapsed.0 - last.0 < due::EVERY.0 {
                *before = claimed;
                return;
            }
            (*last, *before) = (elapsed, 0);
            claimed
        };
        let claim = claim.clone();
        let made = self.working(move |connection| {
            async move { due::make_ready::<DB>(connection, stage, &claim, claimed).await }.boxed()
        });
        if let Err(error) = made.await {
            tracing::warn!(%error, "a backlog was not put in the order of the time left; it is tried again");
        }
    }
}
