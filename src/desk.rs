//! What people and programs ask of the archive: one trait, whoever asks and wherever they are.
//!
//! Promised: what was tracked is committed before the answer; a verb that did not take place says
//! so as a [`StoreError`](crate::store::StoreError), and repeating it is safe. Who may ask is not
//! decided here.

use std::sync::Arc;

use async_trait::async_trait;

pub use crate::archive::track::Tracked;

use crate::{
    archive::Tracker,
    domain::{
        id::VerificationId,
        time::{Clock, Time},
        token::TrackRequest,
    },
    store::{
        Result, Store,
        records::RetryVerdict,
        reports::{
            Acknowledgement, AlarmRow, Filter, LossFilter, LossReport, Status, Summary, Whole,
        },
    },
};

/// The verbs.
#[async_trait]
pub trait Desk: Send + Sync + 'static {
    /// The time that the archive goes by.
    fn now(&self) -> Time;

    /// Tracks tokens, one answer each, in order; idempotent.
    async fn track(&self, told: Vec<TrackRequest>) -> Result<Vec<Tracked>>;

    /// Tracked verifications, newest first.
    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>>;

    /// One verification whole; none of that name is tracked.
    async fn show(&self, verification_id: VerificationId) -> Result<Option<Whole>>;

    /// Wakes a verification that waits for a person, as another app's where one is named.
    async fn retry(
        &self,
        verification_id: VerificationId,
        app: Option<&str>,
        by: &str,
    ) -> Result<RetryVerdict>;

    /// The figures.
    async fn status(&self) -> Result<Status>;

    /// Open alarms, oldest first.
    async fn alarms(&self) -> Result<Vec<AlarmRow>>;

    /// Notes that a person has seen an alarm; false when none of that number is open.
    async fn acknowledge_alarm(&self, alarm_id: i64, by: &str, note: &str) -> Result<bool>;

    /// What was lost, the newest first.
    async fn losses(&self, filter: &LossFilter, limit: i64) -> Result<Vec<LossReport>>;

    /// Notes that a person has seen what was lost; brings how many things.
    async fn acknowledge_losses(&self, filter: &LossFilter, by: &str, note: &str) -> Result<i64>;
}

/// A desk in the house itself.
pub struct Local {
    tracker: Arc<Tracker>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Local {
    /// Over the archive's parts.
    #[must_use]
    pub fn new(tracker: Arc<Tracker>, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            tracker,
            store,
            clock,
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
        self.tracker.track(told).await
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>> {
        self.store.list(filter).await
    }

    async fn show(&self, verification_id: VerificationId) -> Result<Option<Whole>> {
        self.store.show(&verification_id.to_string()).await
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
        self.store.status(self.clock.now()).await
    }

    async fn alarms(&self) -> Result<Vec<AlarmRow>> {
        self.store.alarms().await
    }

    async fn acknowledge_alarm(&self, alarm_id: i64, by: &str, note: &str) -> Result<bool> {
        let seen = self.seen(by, note);
        self.store.acknowledge(alarm_id, &seen).await
    }

    async fn losses(&self, filter: &LossFilter, limit: i64) -> Result<Vec<LossReport>> {
        self.store.losses(filter, limit).await
    }

    async fn acknowledge_losses(&self, filter: &LossFilter, by: &str, note: &str) -> Result<i64> {
        let seen = self.seen(by, note);
        self.store.acknowledge_losses(filter, &seen).await
    }
}
