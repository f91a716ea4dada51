//! The desk in the house itself: over the archive's parts.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Desk, Found, Given, Result, Search, Tracked, Wish, issue::issue, search::search};
use crate::{
    archive::{Archive, Issuer, Tracker},
    domain::{
        id::VerificationId,
        identity::IndexKey,
        once::Once,
        secret::Secret,
        time::{Clock, Time},
        token::TrackRequest,
    },
    store::{
        Store,
        records::{KnownToken, RetryVerdict},
        reports::{
            Acknowledgement, AlarmRow, Filter, LossFilter, LossReport, Status, Summary, Whole,
        },
    },
};

/// A desk in the house itself.
pub struct Local {
    tracker: Arc<Tracker>,
    issuer: Arc<Issuer>,
    index_key: Option<IndexKey>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Local {
    /// Over the parts of this archive.
    #[must_use]
    pub fn new(archive: &Archive) -> Self {
        Self {
            tracker: Arc::clone(&archive.tracker),
            issuer: Arc::clone(&archive.issuer),
            index_key: archive.index_key.clone(),
            store: Arc::clone(&archive.store),
            clock: Arc::clone(&archive.clock),
        }
    }

    fn seen(&self, by: &str, note: &str) -> Acknowledgement {
        Acknowledgement {
            at: self.clock.now(),
            by: by.to_owned(),
            note: note.to_owned(),
        }
    }
}

#[async_trait]
impl Desk for Local {
    fn now(&self) -> Time {
        self.clock.now()
    }

    async fn track(&self, told: Vec<TrackRequest>) -> Result<Vec<Tracked>> {
        Ok(self.tracker.track(told).await?)
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>> {
        Ok(self.store.list(filter).await?)
    }

    async fn show(&self, verification_id: VerificationId) -> Result<Option<Whole>> {
        Ok(self.store.show(&verification_id.to_string()).await?)
    }

    async fn retry(
        &self,
        verification_id: VerificationId,
        app: Option<&str>,
        by: &str,
    ) -> Result<RetryVerdict> {
        let one = [verification_id.to_string()];
        let mut verdicts = self.store.retry(&one, app, by, self.clock.now()).await?;
        Ok(verdicts.pop().unwrap_or(RetryVerdict::Unknown))
    }

    async fn status(&self) -> Result<Status> {
        Ok(self.store.status(self.clock.now()).await?)
    }

    async fn alarms(&self) -> Result<Vec<AlarmRow>> {
        Ok(self.store.alarms().await?)
    }

    async fn acknowledge_alarm(&self, alarm_id: i64, by: &str, note: &str) -> Result<bool> {
        let seen = self.seen(by, note);
        Ok(self.store.acknowledge(alarm_id, &seen).await?)
    }

    async fn losses(&self, filter: &LossFilter, limit: i64) -> Result<Vec<LossReport>> {
        Ok(self.store.losses(filter, limit).await?)
    }

    async fn acknowledge_losses(&self, filter: &LossFilter, by: &str, note: &str) -> Result<i64> {
        let seen = self.seen(by, note);
        Ok(self.store.acknowledge_losses(filter, &seen).await?)
    }
    async fn issue(&self, wish: Wish, once: Option<Once>) -> Result<Given> {
        self.issuer.check(&wish)?;
        let (issuer, store) = (Arc::clone(&self.issuer), Arc::clone(&self.store));
        issue(issuer, store, Arc::clone(&self.clock), wish, once).await
    }
    async fn search(&self, asked: Search) -> Result<Found> {
        search(&*self.store, self.index_key.as_ref(), asked, self.now()).await
    }

    async fn find(&self, tokens: &[Secret]) -> Result<Vec<Option<KnownToken>>> {
        Ok(self.store.known(tokens).await?)
    }
}
