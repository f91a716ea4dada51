//! The downloads of one app.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use super::{Handovers, Shared, busy, no_answer, under_lease::Unfinished};
use crate::{
    app::turns::Turn,
    archive::{Headway, StepError, Writing},
    domain::{
        lease::{Lease, Stage},
        media::Slot,
        secret::Secret,
        time::Span,
    },
    store::records::DownloadWork,
    worker::driver::Work,
};

/// The downloads of one app.
pub(super) struct Downloads {
    shared: Arc<Shared>,
    name: String,
    turn: Turn,
    app: String,
    handovers: Arc<Handovers>,
    writing: Arc<Writing>,
    /// When to look into the database again, milliseconds of
    /// [`crate::domain::time::Clock::elapsed`]: what polls of this process find is handed over.
    look_at: AtomicI64,
    look_every: Span,
}

impl Downloads {
    pub(super) fn new(
        shared: &Arc<Shared>,
        (name, app): (String, &str),
        look_every: Span,
        handovers: &Arc<Handovers>,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            turn: shared.turn(&name),
            name,
            app: app.to_owned(),
            handovers: Arc::clone(handovers),
            writing: Arc::default(),
            look_at: AtomicI64::new(0),
            look_every,
        }
    }

    /// Gives back what waits in memory, so that it is claimed again once something may be begun.
    async fn give_back(&self) {
        let waiting = self.handovers.take(usize::MAX);
        let leases: Vec<Lease> = waiting.into_iter().map(|one| one.work.lease).collect();
        if !leases.is_empty() {
            let archive = &self.shared.archive;
            // Those that cannot be given back now run out by themselves.
            let _ = archive.store.release(leases, archive.now()).await;
        }
    }

    /// How long until the database is looked into again.
    fn wait(&self) -> Span {
        let elapsed = self.shared.archive.clock.elapsed();
        Span((self.look_at.load(Ordering::Relaxed) - elapsed.0).max(0))
    }

    /// Claims from the database, from time to time.
    async fn look(&self, slots: usize) -> Result<Vec<DownloadWork>, StepError> {
        if slots == 0 || self.wait() > Span(0) {
            return Ok(Vec::new());
        }
        let claim = self.shared.claim(slots, 0, &self.app);
        let claimed = self.shared.archive.store.claim_downloads(&claim).await;
        let found = self.shared.claimed(claimed)?;
        if found.len() < slots {
            let elapsed = self.shared.archive.clock.elapsed();
            let next = elapsed.0 + self.look_every.0;
            self.look_at.store(next, Ordering::Relaxed);
        }
        Ok(found)
    }
}

impl Work for Downloads {
    type Item = (DownloadWork, Vec<(Slot, Secret)>);
    type Error = Unfinished;

    fn name(&self) -> &str {
        &self.name
    }

    fn free(&self, slots: usize, running: usize) -> usize {
        slots.saturating_sub(busy(running, &self.writing))
    }

    async fn freed(&self) {
        self.writing.begun().await;
    }

    async fn claim(&self, limit: usize) -> Result<Vec<Self::Item>, Unfinished> {
        if self.shared.guard.holds() {
            self.give_back().await;
            return Ok(Vec::new());
        }
        let handed_over = self.handovers.take(limit).into_iter();
        let mut items: Vec<Self::Item> = handed_over.map(|one| (one.work, one.urls)).collect();
        match self.look(limit - items.len()).await {
            Ok(found) => items.extend(found.into_iter().map(|work| (work, Vec::new()))),
            // What was handed over is held already and can be worked on.
            Err(_) if !items.is_empty() => {}
            Err(error) => return Err(error.into()),
        }
        Ok(items)
    }

    async fn step(&self, (work, urls): Self::Item) -> Result<(), Unfinished> {
        let shared = &self.shared;
        let _in_flight = shared.metrics.in_flight(Stage::Download.name());
        let _under_way = self.turn.under_way();
        let (lease, fetcher) = (work.lease.clone(), &shared.archive.media_fetcher);
        let headway = Headway::beside(&self.writing);
        let download = Box::pin(fetcher.download(work, urls, headway.clone()));
        let done = shared.under_lease(lease, &headway, download);
        done.await?;
        Ok(())
    }

    async fn until_due(&self) -> Option<Span> {
        if self.shared.guard.holds() {
            return None;
        }
        Some(self.wait())
    }

    fn round(&self, claimed: usize, failed: bool) {
        let (metrics, now) = (&self.shared.metrics, self.shared.archive.now());
        metrics.round(&self.name, claimed, failed, now);
        self.turn.turned(self.shared.archive.clock.elapsed());
    }

    fn stepped(&self, result: &'static str) {
        self.shared.metrics.step(Stage::Download.name(), result);
        self.turn.turned(self.shared.archive.clock.elapsed());
    }

    fn hung(&self) {
        self.shared.guard.claimed(Err(&no_answer()));
    }

    fn panicked(&self) {
        self.shared.guard.panicked(&self.name);
    }
}
