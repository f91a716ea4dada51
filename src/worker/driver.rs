//! The claim→step driver: claims what is due as long as there are slots, and runs each item as a
//! task of its own.
//!
//! A step that panics or fails takes nothing with it: its lease runs out and another claim finds
//! the item again; a claim that panics, or hangs for [`CLAIM_MAX`], is tried again like one that
//! fails. A stop ends claiming at once and lets steps under way finish.

use std::{fmt, future::Future, sync::Arc};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::spawn::{Ended, Lost, Spawn, Tasks, caught};
use crate::domain::{
    random,
    time::{Clock, Span, in_time},
};

/// How long a claim may take. One that hangs would hold up its driver for ever; what it leased after
/// all is due again when the lease ends.
pub(crate) const CLAIM_MAX: Span = Span::seconds(15);

/// How often a driver that has something to do looks whether there is room for it.
const LOOK_EVERY: Span = Span(50);

/// The work of one driver.
pub(crate) trait Work: Send + Sync + 'static {
    /// A claimed item.
    type Item: Send + 'static;
    /// Why claiming or a step failed; must say nothing of persons, tokens or URLs.
    type Error: fmt::Display + Send + 'static;

    /// The driver's name in logs and metrics.
    fn name(&self) -> &str;

    /// How many more may begin beside those that run, of so many slots; looked at again every
    /// [`LOOK_EVERY`] while something may be due.
    fn free(&self, slots: usize, running: usize) -> usize {
        slots.saturating_sub(running)
    }

    /// Ends when more may begin though nothing has ended.
    fn freed(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }

    /// Claims up to `limit` items that are due.
    fn claim(
        &self,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Self::Item>, Self::Error>> + Send;

    /// Works on one item.
    fn step(&self, item: Self::Item) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// How long to sleep when nothing was due: until the next item is, at most [`Pace::idle`].
    fn until_due(&self) -> impl Future<Output = Option<Span>> + Send;

    /// Told how a round went, for metrics: items claimed, and whether the claim failed.
    fn round(&self, claimed: usize, failed: bool);

    /// Told how a step ended: `ok`, `failed` or `panicked`.
    fn stepped(&self, result: &'static str);

    /// Told that a claim hung, and was let go of.
    fn hung(&self) {}

    /// Told that a claim or a step panicked, so that somebody hears of it.
    fn panicked(&self);
}

/// How fast a driver turns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Items at once.
    pub slots: usize,
    /// The longest sleep when nothing is due.
    pub idle: Span,
    /// The first wait after a failure; doubles up to 32 times as long.
    pub backoff: Span,
}

/// The world a driver turns in.
#[derive(Clone)]
pub(crate) struct World {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What runs the steps.
    pub spawn: Arc<dyn Spawn>,
    /// Once cancelled, nothing more is claimed.
    pub stop: CancellationToken,
}

/// Turns until `world.stop`. `wake` cuts a sleep short; losing a wake costs time, never work.
pub(crate) async fn drive<W: Work>(work: Arc<W>, pace: Pace, world: World, wake: Arc<Notify>) {
    let World { clock, spawn, stop } = world;
    let mut steps: Tasks<Result<(), W::Error>> = Tasks::new(spawn);
    let step_name: Arc<str> = format!("{} step", work.name()).into();
    let mut failures = 0_u32;
    // Whether something may be due: a claim that came back short says no, until the sleep is over
    // or a wake comes.
    let mut hungry = true;
    let batch = (pace.slots / 4).max(1);
    let mut sleep_until = clock.elapsed();
    while !stop.is_cancelled() {
        let slots = work.free(pace.slots, steps.len());
        // While it fails, one item at a time probes whether it still does.
        let (slots, enough) = if failures > 0 {
            (1, steps.is_empty())
        } else {
            (slots, slots >= batch)
        };
        if hungry && enough {
            let items = claim(&*work, slots, &mut failures, &*clock).await;
            hungry = items.as_ref().is_some_and(|items| items.len() == slots) && failures == 0;
            for item in items.into_iter().flatten() {
                let work = Arc::clone(&work);
                steps.spawn(Arc::clone(&step_name), async move { work.step(item).await });
            }
            let nap = if failures > 0 {
                random::jitter(pace.backoff.times(1 << failures.min(5)))
            } else if hungry {
                pace.idle
            } else {
                in_time(&*clock, CLAIM_MAX, caught(work.until_due()))
                    .await
                    .and_then(Result::unwrap_or_default)
                    .map_or(pace.idle, |span| Span(span.0.clamp(1, pace.idle.0)))
            };
            sleep_until = Span(clock.elapsed().0.saturating_add(nap.0));
        }
        // A stop before all; then what is done before what is to come, so that its slots are free.
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            Some(ended) = steps.next() => failures = ended_step(&*work, ended, failures),
            () = wake.notified(), if failures == 0 => hungry = true,
            () = work.freed(), if hungry && failures == 0 => {}
            () = clock.sleep(remaining(sleep_until, &*clock)), if !hungry => hungry = true,
            () = clock.sleep(LOOK_EVERY), if hungry && failures == 0 => {}
        }
        while let Some(ended) = steps.try_next() {
            failures = ended_step(&*work, ended, failures);
        }
    }
    while let Some(ended) = steps.next().await {
        ended_step(&*work, ended, 0);
    }
}

/// One round: what was claimed, or none when that failed. Counts the failures in a row; an empty
/// claim after a failed one shows that it is over.
async fn claim<W: Work>(
    work: &W,
    slots: usize,
    failures: &mut u32,
    clock: &dyn Clock,
) -> Option<Vec<W::Item>> {
    let Some(claimed) = in_time(clock, CLAIM_MAX, caught(work.claim(slots))).await else {
        *failures = failures.saturating_add(1);
        work.round(0, true);
        work.hung();
        if failures.is_power_of_two() {
            tracing::warn!(
                driver = work.name(),
                failures,
                after = %CLAIM_MAX,
                "a claim had no answer and was let go of; trying again"
            );
        }
        return None;
    };
    match claimed {
        Ok(Ok(items)) => {
            work.round(items.len(), false);
            if items.is_empty() {
                *failures = 0;
            }
            Some(items)
        }
        Err(_) => {
            *failures = failures.saturating_add(1);
            work.round(0, true);
            work.panicked();
            tracing::error!(
                driver = work.name(),
                failures,
                "a claim panicked; trying again"
            );
            None
        }
        Ok(Err(error)) => {
            *failures = failures.saturating_add(1);
            work.round(0, true);
            if failures.is_power_of_two() {
                tracing::warn!(driver = work.name(), failures, %error, "nothing could be claimed; trying again");
            }
            None
        }
    }
}

fn remaining(until: Span, clock: &dyn Clock) -> Span {
    Span((until.0 - clock.elapsed().0).max(1))
}

/// Notes how a step ended; returns the count of failures in a row.
fn ended_step<W: Work>(work: &W, (_, result): Ended<Result<(), W::Error>>, failures: u32) -> u32 {
    match result {
        Ok(Ok(())) => {
            work.stepped("ok");
            0
        }
        Ok(Err(error)) => {
            work.stepped("failed");
            tracing::warn!(driver = work.name(), %error, "a step failed; it will be repeated");
            failures.saturating_add(1)
        }
        Err(Lost::Panicked) => {
            work.stepped("panicked");
            work.panicked();
            tracing::error!(
                driver = work.name(),
                "a step panicked; its item waits until its lease has run out"
            );
            failures
        }
        Err(Lost::CutOff) => failures,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;
    use crate::{
        domain::time::{HeldClock, Time},
        worker::{clock::SystemClock, executor::Executor, spawn::Runtime},
    };

    struct Fake {
        items: Mutex<Vec<i32>>,
        done: Mutex<Vec<i32>>,
        running: AtomicUsize,
        most: AtomicUsize,
        ended: Notify,
        results: Mutex<Vec<&'static str>>,
        claims: AtomicUsize,
        panics: AtomicUsize,
    }

    impl Work for Fake {
        type Item = i32;
        type Error = String;

        fn name(&self) -> &str {
            "fake"
        }

        async fn claim(&self, limit: usize) -> Result<Vec<i32>, String> {
            assert!(self.claims.fetch_add(1, Ordering::SeqCst) != 1, "poison");
            let mut items = self.items.lock().unwrap();
            let count = limit.min(items.len());
            Ok(items.drain(..count).collect())
        }

        async fn step(&self, item: i32) -> Result<(), String> {
            let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(running, Ordering::SeqCst);
            tokio::task::yield_now().await;
            self.running.fetch_sub(1, Ordering::SeqCst);
            assert_ne!(item, 13, "poison");
            self.done.lock().unwrap().push(item);
            Ok(())
        }

        async fn until_due(&self) -> Option<Span> {
            None
        }

        fn round(&self, _claimed: usize, _failed: bool) {}

        fn stepped(&self, result: &'static str) {
            self.results.lock().unwrap().push(result);
            self.ended.notify_one();
        }

        fn panicked(&self) {
            self.panics.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[tokio::test]
    async fn every_item_is_worked_on_within_the_slots_and_a_panic_takes_nothing_with_it() {
        let work = Arc::new(Fake {
            items: Mutex::new((0..50).collect()),
            done: Mutex::default(),
            running: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            ended: Notify::new(),
            results: Mutex::default(),
            claims: AtomicUsize::new(0),
            panics: AtomicUsize::new(0),
        });
        let stop = CancellationToken::new();
        let pace = Pace {
            slots: 4,
            idle: Span(1000),
            backoff: Span(1),
        };
        let world = World {
            clock: Arc::new(SystemClock),
            spawn: Arc::new(Runtime),
            stop: stop.clone(),
        };
        let mut driver = Tasks::new(Arc::clone(&world.spawn));
        let wake = Arc::new(Notify::new());
        driver.spawn("fake", drive(Arc::clone(&work), pace, world, wake));
        while work.results.lock().unwrap().len() < 50 {
            work.ended.notified().await;
        }
        stop.cancel();
        assert_eq!(driver.next().await, Some(("fake".into(), Ok(()))));
        let mut done = work.done.lock().unwrap().clone();
        done.sort_unstable();
        assert_eq!(done, (0..50).filter(|item| *item != 13).collect::<Vec<_>>());
        assert!(work.most.load(Ordering::SeqCst) <= 4);
        assert_eq!(
            work.results
                .lock()
                .unwrap()
                .iter()
                .filter(|result| **result == "panicked")
                .count(),
            1
        );
        assert_eq!(
            work.panics.load(Ordering::SeqCst),
            2,
            "that of a step and that of a claim are both told"
        );
    }

    /// Never has anything to do, and counts how often it was asked.
    struct Idle(AtomicUsize);

    impl Work for Idle {
        type Item = ();
        type Error = String;

        fn name(&self) -> &str {
            "idle"
        }

        async fn claim(&self, _limit: usize) -> Result<Vec<()>, String> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(Vec::new())
        }

        async fn step(&self, (): ()) -> Result<(), String> {
            Ok(())
        }

        async fn until_due(&self) -> Option<Span> {
            None
        }

        fn round(&self, _claimed: usize, _failed: bool) {}

        fn stepped(&self, _result: &'static str) {}

        fn panicked(&self) {}
    }

    #[test]
    fn a_clock_that_is_set_holds_up_nothing_and_drives_nothing() {
        let held = HeldClock::at(Time(0));
        let executor = Executor::new(Arc::clone(&held), 1);
        let work = Arc::new(Idle(AtomicUsize::new(0)));
        let world = World {
            clock: Arc::new(executor.clone()),
            spawn: Arc::new(executor.clone()),
            stop: CancellationToken::new(),
        };
        let pace = Pace {
            slots: 1,
            idle: Span::seconds(1),
            backoff: Span(1),
        };
        let driver = drive(Arc::clone(&work), pace, world, Arc::default());
        executor.spawn("idle", Box::pin(driver));
        let mut jumps = [0, -86_400, 86_400, -3_600].into_iter();
        for claims in [10, 20, 30, 40] {
            held.jump(Span::seconds(jumps.next().unwrap()));
            executor.run_for(Span::seconds(10));
            let claimed = work.0.load(Ordering::SeqCst);
            assert!(
                claimed.abs_diff(claims) <= 1,
                "{claimed} claims, not {claims}"
            );
        }
    }

    /// Hangs in its first claims, and brings one item after them.
    struct Hanging {
        claims: AtomicUsize,
        hung: AtomicUsize,
        done: AtomicUsize,
    }

    impl Work for Hanging {
        type Item = ();
        type Error = String;

        fn name(&self) -> &str {
            "hanging"
        }

        async fn claim(&self, _limit: usize) -> Result<Vec<()>, String> {
            match self.claims.fetch_add(1, Ordering::SeqCst) {
                0 | 1 => std::future::pending().await,
                2 => Ok(vec![()]),
                _ => Ok(Vec::new()),
            }
        }

        async fn step(&self, (): ()) -> Result<(), String> {
            self.done.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }

        async fn until_due(&self) -> Option<Span> {
            std::future::pending().await
        }

        fn round(&self, _claimed: usize, _failed: bool) {}

        fn stepped(&self, _result: &'static str) {}

        fn hung(&self) {
            self.hung.fetch_add(1, Ordering::SeqCst);
        }

        fn panicked(&self) {}
    }

    #[test]
    fn a_claim_that_hangs_is_let_go_of_and_made_again() {
        let executor = Executor::new(HeldClock::at(Time(0)), 1);
        let work = Arc::new(Hanging {
            claims: AtomicUsize::new(0),
            hung: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
        });
        let world = World {
            clock: Arc::new(executor.clone()),
            spawn: Arc::new(executor.clone()),
            stop: CancellationToken::new(),
        };
        let pace = Pace {
            slots: 1,
            idle: Span::seconds(1),
            backoff: Span::seconds(1),
        };
        let driver = drive(Arc::clone(&work), pace, world, Arc::default());
        executor.spawn("hanging", Box::pin(driver));
        let seen = |seconds| {
            executor.run_for(Span::seconds(seconds));
            let count = |of: &AtomicUsize| of.load(Ordering::SeqCst);
            (count(&work.claims), count(&work.hung), count(&work.done))
        };
        assert_eq!(seen(14), (1, 0, 0));
        assert_eq!(
            seen(5),
            (2, 1, 0),
            "15 s, and a wait of at most twice the first"
        );
        let (_, hung, done) = seen(31);
        assert_eq!((hung, done), (2, 1), "and then it goes on");
        let (claims, ..) = seen(120);
        assert!(
            claims > 5,
            "a question for what is due that hangs ends as well: {claims}"
        );
    }
}
