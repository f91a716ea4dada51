//! The polls of one app.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::{
    Agenda, Handovers, Room, Shared, agenda::LOOK_AHEAD, busy, no_answer, under_lease::Unfinished,
};
use crate::{
    app::turns::Turn,
    archive::{Headway, Onward, Writing},
    domain::{
        lease::Stage,
        time::{Span, Time},
    },
    store::records::PollWork,
    worker::driver::Work,
};

/// The polls of one app. Living ones are claimed first; what is late gets what they leave, and a
/// quarter at least.
pub(super) struct Polls {
    shared: Arc<Shared>,
    name: String,
    turn: Turn,
    app: String,
    handovers: Arc<Handovers>,
    room: Room,
    onward: Onward,
    agenda: Agenda,
    writing: Arc<Writing>,
    /// How many may run while downloads do not keep up: answers are never given up for the sake of
    /// media.
    min: usize,
    /// How many are running.
    running: AtomicUsize,
    /// How many were wished for since the start.
    claimed: AtomicUsize,
}

impl Polls {
    pub(super) fn new(
        shared: &Arc<Shared>,
        (name, app): (String, &str),
        (room, onward): (Room, Onward),
        handovers: &Arc<Handovers>,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            turn: shared.turn(&name),
            name,
            app: app.to_owned(),
            handovers: Arc::clone(handovers),
            min: (room.slots / 8).max(1),
            room,
            onward,
            agenda: Agenda::default(),
            writing: Arc::default(),
            running: AtomicUsize::new(0),
            claimed: AtomicUsize::new(0),
        }
    }

    /// How many of `limit` may begin. A poll whose download finds no place costs two more calls
    /// later, for fresh URLs; so no more begin than there are places for, down to the minimum.
    fn useful(&self, limit: usize) -> usize {
        let running = self.running.load(Ordering::Relaxed);
        let places = self.handovers.capacity().saturating_sub(running);
        limit.min(places.max(self.min.saturating_sub(running)))
    }

    /// How many of `limit` belong to what is late, however much of the living is due: every fourth.
    fn share_of_late(&self, limit: usize) -> usize {
        let before = self.claimed.fetch_add(limit, Ordering::Relaxed);
        (before.wrapping_add(limit) / 4).saturating_sub(before / 4)
    }

    /// Asks the database when the next is due.
    async fn look(&self) -> Option<Time> {
        let (archive, apps) = (&self.shared.archive, [self.app.clone()]);
        let dues = archive.store.dues(Stage::Poll, &apps, LOOK_AHEAD).await;
        self.agenda.note(dues.ok()?, archive.clock.elapsed())
    }

    /// Whether the app is not to be asked, or nothing new to be begun.
    fn is_held(&self) -> bool {
        let archive = &self.shared.archive;
        self.shared.guard.holds() || archive.breaker.until(&self.app, archive.now()).is_some()
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
    type Error = Unfinished;

    fn name(&self) -> &str {
        &self.name
    }

    fn free(&self, _slots: usize, running: usize) -> usize {
        self.room.free(busy(running, &self.writing), running)
    }

    async fn freed(&self) {
        self.writing.begun().await;
    }

    async fn claim(&self, limit: usize) -> Result<Vec<PollWork>, Unfinished> {
        let limit = self.useful(limit);
        if limit == 0 || self.is_held() {
            return Ok(Vec::new());
        }
        let late = self.share_of_late(limit);
        let claim = self.shared.claim(limit, late, &self.app);
        let claimed = self.shared.archive.store.claim_polls(&claim).await;
        let claimed = self.shared.claimed(claimed)?;
        self.agenda.claimed(claim.now);
        Ok(claimed)
    }

    async fn step(&self, item: PollWork) -> Result<(), Unfinished> {
        let shared = &self.shared;
        let _in_flight = shared.metrics.in_flight(Stage::Poll.name());
        let _under_way = self.turn.under_way();
        let _running = Running::enter(&self.running);
        let is_handed_over = self.handovers.capacity() > 0 && !shared.guard.holds();
        let onward = is_handed_over.then_some(&self.onward);
        let (lease, poller) = (item.lease.clone(), &shared.archive.poller);
        let headway = Headway::beside(&self.writing);
        let poll = Box::pin(poller.poll(item, onward, &headway));
        let done = shared.under_lease(lease, &headway, poll);
        if let Some(Some(handover)) = done.await? {
            self.handovers.push(handover);
        }
        Ok(())
    }

    async fn until_due(&self) -> Option<Span> {
        if self.is_held() {
            return None;
        }
        let archive = &self.shared.archive;
        let due = match self.agenda.next(archive.clock.elapsed()) {
            Some(due) => due,
            None => self.look().await,
        };
        // A little patience gathers what falls due close together into one claim.
        Some(Span(due?.since(archive.now()).0.max(25)))
    }

    fn round(&self, claimed: usize, failed: bool) {
        let (metrics, now) = (&self.shared.metrics, self.shared.archive.now());
        metrics.round(&self.name, claimed, failed, now);
        self.turn.turned(self.shared.archive.clock.elapsed());
    }

    fn stepped(&self, result: &'static str) {
        self.shared.metrics.step(Stage::Poll.name(), result);
        self.turn.turned(self.shared.archive.clock.elapsed());
    }

    fn hung(&self) {
        self.shared.guard.claimed(Err(&no_answer()));
    }

    fn panicked(&self) {
        self.shared.guard.panicked(&self.name);
    }
}
