//! The two drivers: polls (one an app; the account only sets the pace) and downloads.

use std::{
    collections::VecDeque,
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::guard::Guard;
use crate::{
    archive::{Archive, Handover, StepError, keeper::is_of_the_store},
    domain::{
        alarm::{Alarm, Kind},
        lease::{Lease, Stage},
        media::Slot,
        secret::Secret,
        time::{Span, Time},
    },
    store::{
        StoreError,
        records::{Claim, DownloadWork, PollWork},
    },
    telemetry::metrics::Metrics,
    worker::driver::Work,
};

/// After this many claims in a row without completion an item waits longer each time.
const PATIENCE: i64 = 3;

/// What both drivers share.
pub(super) struct Shared {
    pub(super) archive: Arc<Archive>,
    pub(super) metrics: Arc<Metrics>,
    /// How long a lease runs; renewed at half of it.
    pub(super) lease: Span,
    /// The end of the grace: what is under way is given back.
    pub(super) hard_stop: CancellationToken,
    /// Downloads handed over by polls of this process.
    pub(super) queue: Queue,
    /// Says when nothing new is to be begun.
    pub(super) guard: Arc<Guard>,
}

/// Downloads handed over while their URLs are fresh. Full means that a poll is granted no lease,
/// and the download is claimed later.
pub(super) struct Queue {
    items: Mutex<VecDeque<Handover>>,
    most: usize,
    pub(super) wake: Arc<Notify>,
}

impl Queue {
    pub(super) fn new(most: usize) -> Self {
        Self {
            items: Mutex::default(),
            most,
            wake: Arc::new(Notify::new()),
        }
    }

    fn capacity(&self) -> usize {
        self.most.saturating_sub(
            self.items
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .len(),
        )
    }

    fn push(&self, handover: Handover) {
        self.items
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(handover);
        self.wake.notify_one();
    }

    fn take(&self, limit: usize) -> Vec<Handover> {
        let mut items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        let count = limit.min(items.len());
        items.drain(..count).collect()
    }
}

impl Shared {
    fn claim(&self, limit: usize, apps: Vec<String>) -> Claim {
        Claim {
            now: self.archive.now(),
            lease: self.lease,
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
            apps,
            patience: PATIENCE,
        }
    }

    /// Notes whether a claim could be written; one that found nothing has not written anything.
    fn claimed<T>(&self, claimed: Result<Vec<T>, StoreError>) -> Result<Vec<T>, StepError> {
        match &claimed {
            Ok(items) if items.is_empty() => {}
            Ok(_) => self.guard.claimed(Ok(())),
            Err(error) => self.guard.claimed(Err(error)),
        }
        Ok(claimed?)
    }

    /// Runs a step under its lease: renews it at half time, drops the step when the lease is lost
    /// (another does the work), and gives the lease back when the grace of a stop is over.
    async fn under_lease<T>(
        &self,
        mut lease: Lease,
        step: impl Future<Output = Result<T, StepError>>,
    ) -> Result<Option<T>, StepError> {
        let mut step = std::pin::pin!(step);
        loop {
            // What is done counts, even at the end of the grace; the end of it before a renewal.
            tokio::select! {
                biased;
                done = &mut step => return match done {
                    Ok(value) => {
                        self.guard.recorded(Ok(()));
                        Ok(Some(value))
                    }
                    Err(StepError::Store(StoreError::LeaseLost)) => Ok(None),
                    Err(StepError::Store(error)) => {
                        self.guard.recorded(Err(&error));
                        if let StoreError::Corrupt(why) = &error {
                            self.refused(&lease, why).await;
                        }
                        Err(error.into())
                    }
                    Err(StepError::Vault(error)) => {
                        if is_of_the_store(&error) {
                            // Not the item's fault: due at once, for whoever finds the store usable
                            // again first.
                            let _ = self.archive.store.release(vec![lease], self.archive.now()).await;
                        }
                        Err(error.into())
                    }
                },
                () = self.hard_stop.cancelled() => {
                    let now = self.archive.now();
                    self.archive.store.release(vec![lease], now).await?;
                    return Ok(None);
                }
                () = self.archive.clock.sleep(self.lease.part(2)) => {
                    let until = self.archive.now().plus(self.lease);
                    match self.archive.store.renew(&lease, until).await {
                        Ok(()) => lease.until = until,
                        Err(StoreError::LeaseLost) => return Ok(None),
                        // It may be there again before the lease ends; the completion decides.
                        Err(_) => {}
                    }
                }
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
            subject: lease.verification_id.clone(),
            text,
        };
        if self
            .archive
            .store
            .raise(&alarm, self.archive.now())
            .await
            .unwrap_or(false)
        {
            tracing::warn!(alarm = alarm.kind.name(), subject = %alarm.subject, "{}", alarm.text);
        }
    }
}

/// Polls of one app.
pub(super) struct Polls {
    pub(super) shared: Arc<Shared>,
    pub(super) name: String,
    pub(super) apps: Vec<String>,
    /// How many may run while downloads do not keep up: answers are never given up for the sake of
    /// media.
    pub(super) trickle: usize,
    /// How many are running.
    pub(super) running: AtomicUsize,
}

impl Polls {
    /// How many of `limit` may begin. A poll whose download finds no place in the queue costs two
    /// more calls later, for fresh URLs; so no more begin than the queue has places for, down to a
    /// trickle.
    fn useful(&self, limit: usize) -> usize {
        let running = self.running.load(Ordering::Relaxed);
        let places = self.shared.queue.capacity().saturating_sub(running);
        limit.min(places.max(self.trickle.saturating_sub(running)))
    }

    /// The apps that are not paused.
    fn askable(&self) -> Vec<String> {
        let now = self.shared.archive.now();
        self.apps
            .iter()
            .filter(|app| self.shared.archive.breaker.until(app, now).is_none())
            .cloned()
            .collect()
    }
}

/// Counts a step for as long as it runs, however it ends.
struct Running<'a>(&'a AtomicUsize);

impl<'a> Running<'a> {
    fn enter(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Work for Polls {
    type Item = PollWork;
    type Error = StepError;

    fn name(&self) -> &str {
        &self.name
    }

    async fn claim(&self, limit: usize) -> Result<Vec<PollWork>, StepError> {
        let (apps, limit) = (self.askable(), self.useful(limit));
        if apps.is_empty() || limit == 0 || self.shared.guard.holds() {
            return Ok(Vec::new());
        }
        self.shared.claimed(
            self.shared
                .archive
                .store
                .claim_polls(&self.shared.claim(limit, apps))
                .await,
        )
    }

    async fn step(&self, item: PollWork) -> Result<(), StepError> {
        let _in_flight = self.shared.metrics.in_flight(Stage::Poll.name());
        let _running = Running::enter(&self.running);
        let lease_for = (self.shared.queue.capacity() > 0 && !self.shared.guard.holds())
            .then_some(self.shared.lease);
        let lease = item.lease.clone();
        if let Some(Some(handover)) = self
            .shared
            .under_lease(lease, self.shared.archive.poller.poll(item, lease_for))
            .await?
        {
            self.shared.queue.push(handover);
        }
        Ok(())
    }

    async fn until_due(&self) -> Option<Span> {
        let apps = self.askable();
        if apps.is_empty() || self.shared.guard.holds() {
            return None;
        }
        let due = self
            .shared
            .archive
            .store
            .next_due(Stage::Poll, &apps)
            .await
            .ok()
            .flatten()?;
        // A little patience gathers what falls due close together into one claim.
        Some(Span(due.since(self.shared.archive.now()).0.max(25)))
    }

    fn round(&self, claimed: usize, failed: bool) {
        self.shared
            .metrics
            .round(&self.name, claimed, failed, self.shared.archive.now());
    }

    fn stepped(&self, result: &'static str) {
        self.shared.metrics.step(Stage::Poll.name(), result);
    }

    fn panicked(&self) {
        self.shared.guard.panicked(&self.name);
    }
}

/// All downloads.
pub(super) struct Downloads {
    pub(super) shared: Arc<Shared>,
    /// When to look into the database again, unix milliseconds: what polls of this process find
    /// comes through the queue.
    pub(super) look_at: AtomicI64,
    pub(super) look_every: Span,
}

impl Downloads {
    /// Gives back what waits in memory, so that it is claimed again once something may be begun.
    async fn give_back(&self) {
        let leases: Vec<Lease> = self
            .shared
            .queue
            .take(usize::MAX)
            .into_iter()
            .map(|one| one.work.lease)
            .collect();
        if !leases.is_empty() {
            // Those that cannot be given back now run out by themselves.
            let _ = self
                .shared
                .archive
                .store
                .release(leases, self.shared.archive.now())
                .await;
        }
    }
}

impl Work for Downloads {
    type Item = (DownloadWork, Vec<(Slot, Secret)>);
    type Error = StepError;

    fn name(&self) -> &str {
        Stage::Download.name()
    }

    async fn claim(&self, limit: usize) -> Result<Vec<Self::Item>, StepError> {
        if self.shared.guard.holds() {
            self.give_back().await;
            return Ok(Vec::new());
        }
        let mut items: Vec<Self::Item> = self
            .shared
            .queue
            .take(limit)
            .into_iter()
            .map(|one| (one.work, one.urls))
            .collect();
        let now = self.shared.archive.now();
        let slots = limit - items.len();
        if slots > 0 && now >= Time(self.look_at.load(Ordering::Relaxed)) {
            let found = match self.shared.claimed(
                self.shared
                    .archive
                    .store
                    .claim_downloads(&self.shared.claim(slots, Vec::new()))
                    .await,
            ) {
                Ok(found) => found,
                // What came through the queue is held already and can be worked on.
                Err(_) if !items.is_empty() => return Ok(items),
                Err(error) => return Err(error),
            };
            if found.len() < slots {
                self.look_at
                    .store(now.plus(self.look_every).0, Ordering::Relaxed);
            }
            items.extend(found.into_iter().map(|work| (work, Vec::new())));
        }
        Ok(items)
    }

    async fn step(&self, (work, urls): Self::Item) -> Result<(), StepError> {
        let _in_flight = self.shared.metrics.in_flight(Stage::Download.name());
        let lease = work.lease.clone();
        self.shared
            .under_lease(
                lease,
                self.shared.archive.media_fetcher.download(work, urls),
            )
            .await
            .map(|_| ())
    }

    async fn until_due(&self) -> Option<Span> {
        if self.shared.guard.holds() {
            return None;
        }
        Some(Time(self.look_at.load(Ordering::Relaxed)).since(self.shared.archive.now()))
    }

    fn round(&self, claimed: usize, failed: bool) {
        self.shared.metrics.round(
            Stage::Download.name(),
            claimed,
            failed,
            self.shared.archive.now(),
        );
    }

    fn stepped(&self, result: &'static str) {
        self.shared.metrics.step(Stage::Download.name(), result);
    }

    fn panicked(&self) {
        self.shared.guard.panicked(Stage::Download.name());
    }
}
