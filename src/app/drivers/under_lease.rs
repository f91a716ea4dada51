//! A step under its lease.

use std::future::{Future, pending};

use super::Shared;
use crate::{
    archive::{Headway, StepError, keeper::is_of_the_store},
    domain::{
        alarm::{Alarm, Kind},
        lease::Lease,
        time::{Span, in_time},
    },
    store::{ANYBODY, StoreError},
};

/// How long a step keeps its lease without anything to show for it, however short the lease is: the
/// network has limits of its own, and they are shorter.
const QUIET_MAX: Span = Span::seconds(100);

/// How long is waited until what a step put that was cut off is dropped.
const CLEAR_UP: Span = Span::seconds(5);

/// Why a driver has nothing to show.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfinished {
    /// The stage could not claim or finish it.
    #[error(transparent)]
    Step(#[from] StepError),
    /// It outlasted its lease.
    #[error("it did not end before its lease, and was cut off")]
    Over,
}

/// How a lease ended before its step.
enum End {
    /// Another does the work.
    Lost,
    /// Time is up.
    Over,
}

impl Shared {
    /// Runs a step under its lease, which is renewed as long as the step gets on: drops the step
    /// when the lease is lost (another does the work) or over, and gives the lease back when the
    /// grace of a stop is over. Only a change of its headway shows that a step gets on. What one that is
    /// cut off has put is dropped.
    ///
    /// # Errors
    /// What the step met, or [`Unfinished::Over`].
    pub(super) async fn under_lease<T>(
        &self,
        lease: Lease,
        headway: &Headway,
        step: impl Future<Output = Result<T, StepError>>,
    ) -> Result<Option<T>, Unfinished> {
        let clock = &self.archive.clock;
        let ended = self.ended(lease, headway, step).await;
        if !matches!(ended, Ok(Some(_))) {
            in_time(&**clock, CLEAR_UP, self.archive.clear_up(headway)).await;
        }
        ended
    }

    async fn ended<T>(
        &self,
        lease: Lease,
        headway: &Headway,
        step: impl Future<Output = Result<T, StepError>>,
    ) -> Result<Option<T>, Unfinished> {
        let (store, clock) = (&self.archive.store, &self.archive.clock);
        let work = async {
            let done = step.await;
            self.done(&lease, done).await
        };
        // What is done counts, even at the end of the grace or of the lease.
        tokio::select! {
            biased;
            done = work => Ok(done?),
            () = self.hard_stop.cancelled() => {
                let given_back = store.release(vec![lease.clone()], clock.now()).await;
                given_back.map_err(StepError::from)?;
                Ok(None)
            }
            end = self.end(&lease, headway) => match end {
                End::Lost => Ok(None),
                End::Over => Err(Unfinished::Over),
            }
        }
    }

    /// How the lease ends before the step; never where the record of the step is on its way, and only
    /// waited for.
    async fn end(&self, lease: &Lease, headway: &Headway) -> End {
        let end = self.keep(lease, headway).await;
        if headway.is_on_its_way() {
            pending().await
        } else {
            end
        }
    }

    /// Renews a lease at every third of it, as long as the step gets on or has not stood still for
    /// long; ends with the lease. By what has elapsed, whatever is done to the wall's clock.
    async fn keep(&self, lease: &Lease, headway: &Headway) -> End {
        let (store, clock) = (&self.archive.store, &self.archive.clock);
        let third = self.lease.part(3);
        let quiet_max = third.max(QUIET_MAX);
        // One handed over has waited for its turn.
        let left = lease.until.since(clock.now());
        let mut ends = Span(clock.elapsed().0 + left.0.clamp(third.0, self.lease.0));
        let (mut seen, mut seen_at) = (headway.moved(), clock.elapsed());
        loop {
            let rest = Span(ends.0 - clock.elapsed().0);
            if rest <= Span(0) {
                return End::Over;
            }
            clock.sleep(rest.part(2).min(third).max(Span(1))).await;
            let now = clock.elapsed();
            let count = headway.moved();
            if count != seen {
                (seen, seen_at) = (count, now);
            }
            if now.0 - seen_at.0 >= quiet_max.0 {
                continue;
            }
            let until = clock.now().plus(self.lease);
            let rest = Span((ends.0 - now.0).max(0));
            match in_time(&**clock, rest, store.renew(lease, until)).await {
                Some(Ok(())) => ends = Span(now.0 + self.lease.0),
                Some(Err(StoreError::LeaseLost)) => return End::Lost,
                // It may be there again before the lease ends.
                Some(Err(_)) | None => {}
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
                self.guard.recorded();
                Ok(Some(value))
            }
            Err(StepError::Store(StoreError::LeaseLost)) => Ok(None),
            Err(StepError::Store(error)) => {
                self.guard.not_recorded(lease.verification_id, &error);
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
        let raised = (self.archive.store)
            .raise(&alarm, ANYBODY, self.archive.now())
            .await;
        if raised.unwrap_or(false) {
            tracing::warn!(alarm = alarm.kind.name(), subject = %alarm.subject, "{}", alarm.text);
        }
    }
}
