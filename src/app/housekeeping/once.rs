//! What is done once for all processes at each instant of its schedule.

use std::{convert::Infallible, pin::pin};

use chrono::{DateTime, Utc};
use croner::{
    Cron, Direction,
    parser::{CronParser, Seconds},
};
use futures::future::{Either, select};

use crate::{
    domain::time::{Clock, Span, Time},
    store::{self, Jobs, Turn},
};

/// How long a job is a process's that says no more that it is at it.
const LEASE: Span = Span::minutes(1);

/// The instants of a schedule.
pub(super) struct Instants(Cron);

impl Instants {
    /// Of six fields, seconds first, as the scheduler reads them; none when they are no such.
    pub(super) fn of(schedule: &str) -> Option<Self> {
        let parser = CronParser::builder().seconds(Seconds::Required).build();
        parser.parse(schedule).ok().map(Self)
    }

    /// The instant that lies nearest to `now`: two processes that come to it by clocks that differ
    /// mean the same one.
    pub(super) fn nearest(&self, now: Time) -> Option<Time> {
        let second = now.0.div_euclid(1000);
        let from: DateTime<Utc> = DateTime::from_timestamp(second, 0)?;
        let found = |direction| {
            let found = match direction {
                Direction::Backward => self.0.find_previous_occurrence(&from, true),
                Direction::Forward => self.0.find_next_occurrence(&from, true),
            };
            found.ok().map(|at| Time(at.timestamp_millis()))
        };
        let (before, after) = (found(Direction::Backward), found(Direction::Forward));
        let distance = |at: &Time| now.since(*at).0.abs();
        before.into_iter().chain(after).min_by_key(distance)
    }
}

/// Runs what is due in this turn, unless another process does or did; brings whether this one did.
///
/// # Errors
/// What `run` brings, or the database where it does not let itself be asked.
pub(super) async fn once(
    store: &dyn Jobs,
    clock: &dyn Clock,
    turn: &Turn,
    run: impl Future<Output = store::Result<()>>,
) -> store::Result<bool> {
    if !store.take_job(turn, LEASE).await? {
        return Ok(false);
    }
    let result = match select(pin!(run), pin!(keep(store, clock, turn))).await {
        Either::Left((result, _)) => result,
        Either::Right((never, _)) => match never {},
    };
    let ended = store.end_job(turn, result.is_ok()).await;
    result?;
    ended.map(|_| true)
}

/// Says again and again that the job is being done. Whoever did not hear of it in time may do the
/// next one beside it, which harms nothing.
async fn keep(store: &dyn Jobs, clock: &dyn Clock, turn: &Turn) -> Infallible {
    loop {
        clock.sleep(LEASE.part(3)).await;
        if let Err(error) = store.take_job(turn, LEASE).await {
            tracing::debug!(job = turn.job, %error, "it could not be said that a job is being done");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        domain::time::HeldClock,
        store::{StoreError, memory::MemoryStore},
    };

    const NOON: Time = Time(1_712_030_400_000);
    const EACH_MINUTE: &str = "15 * * * * *";

    #[test]
    fn processes_with_clocks_that_differ_mean_the_same_instant() {
        let minutes = |n: i64| NOON.plus(Span::minutes(n)).plus(Span::seconds(15));
        for (schedule, off_ms, expected) in [
            (EACH_MINUTE, 15_000, minutes(0)),
            (EACH_MINUTE, 15_499, minutes(0)),
            (EACH_MINUTE, 13_000, minutes(0)),
            (EACH_MINUTE, 17_400, minutes(0)),
            (EACH_MINUTE, 44_000, minutes(0)),
            (EACH_MINUTE, 46_000, minutes(1)),
            ("0 0 4 * * *", -2000, NOON),
            ("0 0 4 * * *", 2000, NOON),
        ] {
            let instants = Instants::of(schedule).unwrap();
            let nearest = instants.nearest(NOON.plus(Span(off_ms)));
            assert_eq!(nearest, Some(expected), "{schedule} {off_ms}");
        }
        assert!(Instants::of("* * * * *").is_none(), "five fields");
    }

    /// A process with a clock of its own, on one database whose clock is right.
    struct Replica {
        name: &'static str,
        store: MemoryStore,
        off: Span,
        instants: Instants,
    }

    impl Replica {
        fn turn(&self, now: Time) -> Turn {
            let scheduled_at = self.instants.nearest(now.plus(self.off)).unwrap();
            Turn {
                job: "alarms".to_owned(),
                scheduled_at,
                token: format!("{} {scheduled_at}", self.name),
            }
        }

        async fn run(
            &self,
            clock: &Arc<HeldClock>,
            work: impl Future<Output = store::Result<()>>,
        ) -> bool {
            let turn = self.turn(clock.now());
            once(&self.store, &**clock, &turn, work).await.unwrap()
        }
    }

    fn three(clock: &Arc<HeldClock>) -> [Replica; 3] {
        let store = MemoryStore::new(clock.clone());
        [("right", 0), ("ahead", 2), ("behind", -2)].map(|(name, off)| Replica {
            name,
            store: store.open_again(clock.clone()),
            off: Span::seconds(off),
            instants: Instants::of(EACH_MINUTE).unwrap(),
        })
    }

    #[tokio::test]
    async fn each_instant_is_done_once_by_whoever_comes_first() {
        let clock = HeldClock::at(NOON.plus(Span::seconds(13)));
        let replicas = three(&clock);
        let mut who = Vec::new();
        for minute in 0..9 {
            let mut times = 0;
            for n in 0..3 {
                let replica = &replicas[(n + minute) % 3];
                if replica.run(&clock, async { Ok(()) }).await {
                    who.push(replica.name);
                    times += 1;
                }
                clock.pass(Span::seconds(2));
            }
            assert_eq!(times, 1, "minute {minute}");
            clock.pass(Span::seconds(54));
        }
        assert!(who.contains(&"behind") && who.contains(&"ahead"), "{who:?}");
    }

    #[tokio::test]
    async fn the_turn_of_one_that_died_in_the_middle_passes_to_another() {
        let clock = HeldClock::at(NOON.plus(Span::seconds(15)));
        let [one, two, three] = three(&clock);
        let begun = one.turn(clock.now());
        assert!(one.store.take_job(&begun, LEASE).await.unwrap());
        let mut done = Vec::new();
        for minute in 0..4 {
            for replica in [&two, &three] {
                if replica.run(&clock, async { Ok(()) }).await {
                    done.push(minute);
                }
            }
            clock.pass(Span::minutes(1));
        }
        assert_eq!(done, [1, 2, 3]);
    }

    #[tokio::test]
    async fn nothing_is_begun_beside_a_slow_one() {
        let clock = HeldClock::at(NOON.plus(Span::seconds(15)));
        let [one, two, _] = three(&clock);
        let slow = async {
            for _ in 0..4 {
                for _ in 0..2 {
                    clock.sleep(Span::seconds(15)).await;
                }
                assert!(!two.run(&clock, async { Ok(()) }).await);
            }
            Ok(())
        };
        assert!(one.run(&clock, slow).await);
        clock.pass(Span::minutes(1));
        assert!(two.run(&clock, async { Ok(()) }).await);
    }

    #[tokio::test]
    async fn one_that_fails_is_not_tried_again_before_its_next_instant() {
        let clock = HeldClock::at(NOON.plus(Span::seconds(15)));
        let [one, two, _] = three(&clock);
        let fails = async { Err(StoreError::LeaseLost) };
        let turn = one.turn(clock.now());
        let failed = once(&one.store, &*clock, &turn, fails).await;
        assert!(matches!(failed, Err(StoreError::LeaseLost)), "{failed:?}");
        assert!(!two.run(&clock, async { Ok(()) }).await);
        clock.pass(Span::minutes(1));
        assert!(two.run(&clock, async { Ok(()) }).await);
    }
}
