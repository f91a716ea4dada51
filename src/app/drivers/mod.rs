//! The drivers: of each app one that polls and one that downloads; the account only sets the pace.

mod agenda;
mod downloads;
mod handovers;
mod polls;
mod room;
mod under_lease;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use self::{agenda::Agenda, downloads::Downloads, handovers::Handovers, polls::Polls, room::Room};
use super::{capacity::Capacity, guard::Guard, turns::Turn};
use crate::{
    archive::{Archive, Onward, StepError, Writing},
    domain::{lease::Stage, time::Span},
    provider::RateLimiters,
    store::{StoreError, records::Claim},
    telemetry::metrics::Metrics,
    worker::{
        driver::{self, CLAIM_MAX, Pace, World},
        spawn::Tasks,
    },
};

/// After this many claims in a row without completion an item waits longer each time.
const PATIENCE: i64 = 3;
/// So many steps of a stage and app may wait for their records: a whole batch of them.
const WRITING: usize = 256;
/// The first wait after a claim that failed.
const BACKOFF: Span = Span(250);

/// What all drivers share.
pub(super) struct Shared {
    pub(super) archive: Arc<Archive>,
    metrics: Arc<Metrics>,
    /// How long a lease runs; renewed at half of it.
    pub(super) lease: Span,
    /// The pace of every account.
    quotas: Arc<RateLimiters>,
    /// The end of the grace: what is under way is given back.
    pub(super) hard_stop: CancellationToken,
    /// Says when nothing new is to be begun.
    guard: Arc<Guard>,
}

impl Shared {
    pub(super) fn new(
        archive: &Arc<Archive>,
        metrics: &Arc<Metrics>,
        guard: &Arc<Guard>,
        (lease, quotas): (Span, Arc<RateLimiters>),
    ) -> Arc<Self> {
        Arc::new(Self {
            archive: Arc::clone(archive),
            metrics: Arc::clone(metrics),
            lease,
            quotas,
            hard_stop: CancellationToken::new(),
            guard: Arc::clone(guard),
        })
    }

    /// A driver of this name is to turn.
    fn turn(&self, name: &str) -> Turn {
        self.metrics.begin_loop(name);
        self.guard.turns.begin(name, self.archive.clock.elapsed())
    }

    fn claim(&self, limit: usize, late: usize, app: &str) -> Claim {
        Claim {
            now: self.archive.now(),
            lease: self.lease,
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
            apps: vec![app.to_owned()],
            late: i64::try_from(late).unwrap_or(i64::MAX),
            patience: PATIENCE,
        }
    }

    /// Notes whether a claim could be written; one that found nothing has not written anything.
    fn claimed<T>(&self, claimed: Result<Vec<T>, StoreError>) -> Result<Vec<T>, StepError> {
        match &claimed {
            Ok(items) if items.is_empty() => self.guard.found_nothing(),
            Ok(_) => self.guard.claimed(Ok(())),
            Err(error) => self.guard.claimed(Err(error)),
        }
        Ok(claimed?)
    }
}

/// How many of the running steps take a slot. Those that wait for their records to be written take
/// none, so that many are written together; when more than [`WRITING`] do, the database is slow,
/// and what would be brought besides would only wait in memory.
fn busy(running: usize, writing: &Writing) -> usize {
    running.saturating_sub(writing.steps().min(WRITING))
}

/// What a claim that hung means: the database does not answer.
fn no_answer() -> StoreError {
    StoreError::Unavailable(format!("it did not answer a claim within {CLAIM_MAX}"))
}

/// Lets two drivers an app turn in `world`. The only app's are named after their stage alone.
pub(super) fn start(shared: &Arc<Shared>, capacity: &Capacity, world: &World) -> Tasks<()> {
    let mut drivers = Tasks::new(Arc::clone(&world.spawn));
    let idle = Span(shared.lease.0.min(capacity.idle.0));
    let pace = |slots| Pace {
        slots: shared.guard.steps(slots),
        idle,
        backoff: BACKOFF,
    };
    let more =
        shared.guard.more_steps(capacity.more * capacity.apps.len()) / capacity.apps.len().max(1);
    let is_only_one = capacity.apps.len() == 1;
    for slots in &capacity.apps {
        let name = |stage: Stage| match is_only_one {
            true => stage.name().to_owned(),
            false => format!("{}-{}", stage.name(), slots.app),
        };
        let handovers = Handovers::new(capacity.handovers);
        let (pace_of_polls, pace_of_downloads) = (pace(slots.polls), pace(capacity.downloads));
        let polls = Polls::new(
            shared,
            (name(Stage::Poll), &slots.app),
            (
                Room::new(shared, slots, pace_of_polls.slots, more),
                Onward::new(shared.lease, pace_of_downloads.slots),
            ),
            &handovers,
        );
        let downloads = Downloads::new(
            shared,
            (name(Stage::Download), &slots.app),
            idle,
            &handovers,
        );
        let (never, woken) = (Arc::new(Notify::new()), Arc::clone(&handovers.wake));
        drivers.spawn(
            name(Stage::Poll),
            driver::drive(Arc::new(polls), pace_of_polls, world.clone(), never),
        );
        drivers.spawn(
            name(Stage::Download),
            driver::drive(Arc::new(downloads), pace_of_downloads, world.clone(), woken),
        );
    }
    drivers
}
