//! A step under its lease.

use std::future::Future;

use super::Shared;
use crate::{
    archive::{StepError, keeper::is_of_the_store},
    domain::{
        alarm::{Alarm, Kind},
        lease::Lease,
    },
    store::StoreError,
};

impl Shared {
    /// Runs a step under its lease: renews it at half time, drops the step when the lease is lost
    /// (another does the work), and gives the lease back when the grace of a stop is over.
    pub(super) async fn under_lease<T>(
        &self,
        mut lease: Lease,
        step: impl Future<Output = Result<T, StepError>>,
    ) -> Result<Option<T>, StepError> {
        let (store, clock) = (&self.archive.store, &self.archive.clock);
        let mut step = std::pin::pin!(step);
        loop {
            // What is done counts, even at the end of the grace; the end of it before a renewal.
            tokio::select! {
                biased;
                done = &mut step => return self.done(&lease, done).await,
                () = self.hard_stop.cancelled() => {
                    store.release(vec![lease], clock.now()).await?;
                    return Ok(None);
                }
                () = clock.sleep(self.lease.part(2)) => {
                    let until = clock.now().plus(self.lease);
                    match store.renew(&lease, until).await {
                        Ok(()) => lease.until = until,
                        Err(StoreError::LeaseLost) => return Ok(None),
                        // It may be there again before the lease ends; the completion decides.
                        Err(_) => {}
                    }
                }
            }
        }
    }

    /// What a step that came to its end means for the lease and for the guard.
    async fn done<T>(
        &self,
        lease: &Lease,
        done: Result<T, StepError>,
    ) -> Result<Option<T>, StepError> {
        match done {
            Ok(value) => {
                self.guard.recorded(Ok(()));
                Ok(Some(value))
            }
            Err(StepError::Store(StoreError::LeaseLost)) => Ok(None),
            Err(StepError::Store(error)) => {
                self.guard.recorded(Err(&error));
                if let StoreError::Corrupt(why) = &error {
                    self.refused(lease, why).await;
                }
                Err(error.into())
            }
            Err(StepError::Vault(error)) => {
                if is_of_the_store(&error) {
                    // Not the item's fault: due at once, for whoever finds the store usable again
                    // first.
                    let (store, now) = (&self.archive.store, self.archive.now());
                    let _ = store.release(vec![lease.clone()], now).await;
                }
                Err(error.into())
            }
        }
    }

    /// The database refuses what a step brought: it will be brought again, and somebody must know.
    /// The record that is written at last ends it.
    async fn refused(&self, lease: &Lease, why: &str) {
        let text = format!(
            "the database refuses what its {} brought: {why}",
            lease.stage.name()
        );
        let alarm = Alarm {
            kind: Kind::Poison,
            subject: lease.verification_id.to_string(),
            text,
        };
        let raised = self.archive.store.raise(&alarm, self.archive.now()).await;
        if raised.unwrap_or(false) {
            tracing::warn!(alarm = alarm.kind.name(), subject = %alarm.subject, "{}", alarm.text);
        }
    }
}
