//! One thread that runs tasks in a time of its own: for simulations, and for tests that take days.
//!
//! Promised: nothing waits. When no task can go on, the clock is set to whatever the next sleeper
//! waits for; which of several tasks that can go on is polled next is drawn from the seed, so that
//! the same seed gives the same order. Not promised: anything to tasks that wait for another
//! runtime.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use futures::{FutureExt as _, future::BoxFuture};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::spawn::Spawn;
use crate::domain::time::{Clock, HeldClock, Span, Time};

/// Runs tasks until a given instant; a clone runs the same.
#[derive(Clone)]
pub(crate) struct Executor(Arc<Inner>);

struct Inner {
    held: Arc<HeldClock>,
    state: Mutex<State>,
}

struct State {
    order: StdRng,
    next_id: u64,
    tasks: BTreeMap<u64, BoxFuture<'static, ()>>,
    /// Those that can go on.
    ready: Vec<u64>,
    /// Who sleeps, by when it wakes (as what has elapsed) and in which order it began.
    sleepers: BTreeMap<(Span, u64), Waker>,
}

impl Executor {
    /// One whose clock is `held`, which others may set forward as well.
    #[must_use]
    pub(crate) fn new(held: Arc<HeldClock>, seed: u64) -> Self {
        Self(Arc::new(Inner {
            held,
            state: Mutex::new(State {
                order: StdRng::seed_from_u64(seed),
                next_id: 0,
                tasks: BTreeMap::new(),
                ready: Vec::new(),
                sleepers: BTreeMap::new(),
            }),
        }))
    }

    /// Runs until the clock shows `end`.
    pub(crate) fn run_until(&self, end: Time) {
        self.run_for(Span(end.0 - self.now().0));
    }

    /// Runs until so much time has passed.
    pub(crate) fn run_for(&self, span: Span) {
        let end = Span(self.elapsed().0 + span.0);
        loop {
            while self.poll_one() {}
            let Some(waker) = self.next_sleeper(end) else {
                break;
            };
            waker.wake();
        }
        self.pass_to(end);
    }

    fn pass_to(&self, elapsed: Span) {
        let left = elapsed.0 - self.elapsed().0;
        self.0.held.pass(Span(left.max(0)));
    }

    /// Polls one of the tasks that can go on; false when none can.
    fn poll_one(&self) -> bool {
        let (id, task) = {
            let mut state = self.0.state();
            if state.ready.is_empty() {
                return false;
            }
            let ready = state.ready.len();
            let at = state.order.random_range(0..ready);
            let id = state.ready.swap_remove(at);
            (id, state.tasks.remove(&id))
        };
        // One that ended, or is woken twice.
        let Some(mut task) = task else {
            return true;
        };
        let waker = Waker::from(Arc::new(OfTask {
            inner: Arc::clone(&self.0),
            id,
        }));
        // Not held while it runs: a task spawns and sleeps.
        let is_over = task.poll_unpin(&mut Context::from_waker(&waker)).is_ready();
        if !is_over {
            self.0.state().tasks.insert(id, task);
        }
        true
    }

    /// Sets the clock to when the next sleeper wakes.
    fn next_sleeper(&self, end: Span) -> Option<Waker> {
        let mut state = self.0.state();
        let next = state.sleepers.first_entry()?;
        let (at, _) = *next.key();
        if at > end {
            return None;
        }
        let waker = next.remove();
        drop(state);
        self.pass_to(at);
        Some(waker)
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spawn for Executor {
    fn spawn(&self, _name: &str, task: BoxFuture<'static, ()>) {
        let mut state = self.0.state();
        let id = state.fresh();
        state.tasks.insert(id, task);
        state.ready.push(id);
    }
}

impl State {
    fn fresh(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }
}

impl Clock for Executor {
    fn now(&self) -> Time {
        self.0.held.now()
    }

    fn elapsed(&self) -> Span {
        self.0.held.elapsed()
    }

    fn sleep(&self, span: Span) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let id = self.0.state().fresh();
        Box::pin(Sleeper {
            inner: Arc::clone(&self.0),
            at: (Span(self.elapsed().0.saturating_add(span.0)), id),
        })
    }
}

/// Wakes a task.
struct OfTask {
    inner: Arc<Inner>,
    id: u64,
}

impl Wake for OfTask {
    fn wake(self: Arc<Self>) {
        let mut state = self.inner.state();
        if !state.ready.contains(&self.id) {
            state.ready.push(self.id);
        }
    }
}

/// A sleep.
struct Sleeper {
    inner: Arc<Inner>,
    at: (Span, u64),
}

impl Future for Sleeper {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.inner.state();
        if self.inner.held.elapsed() >= self.at.0 {
            state.sleepers.remove(&self.at);
            return Poll::Ready(());
        }
        state.sleepers.insert(self.at, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let gone = self.inner.state().sleepers.remove(&self.at);
        // A waker may be the last to hold a task; it is let go of outside the lock.
        drop(gone);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Three tasks that sleep in turns, and what they did in which order.
    fn run(seed: u64) -> Vec<(usize, Time)> {
        let executor = Executor::new(HeldClock::at(Time(0)), seed);
        let done = Arc::new(Mutex::new(Vec::new()));
        for task in 0..3 {
            let (clock, done) = (executor.clone(), Arc::clone(&done));
            let work = async move {
                for _ in 0..4 {
                    clock.sleep(Span::hours(24)).await;
                    done.lock().unwrap().push((task, clock.now()));
                }
            };
            executor.spawn("sleeper", work.boxed());
        }
        executor.run_until(Time(0).plus(Span::hours(72)));
        assert_eq!(executor.now(), Time(0).plus(Span::hours(72)));
        let done = done.lock().unwrap().clone();
        assert!(done.is_sorted_by_key(|(_, at)| *at));
        assert_eq!(done.len(), 9, "the fourth day is not reached: {done:?}");
        done
    }

    #[test]
    fn days_pass_in_no_time_and_the_same_seed_gives_the_same_order() {
        assert_eq!(run(1), run(1));
        assert!((2..20).any(|seed| run(seed) != run(1)));
    }

    #[test]
    fn a_sleep_that_is_let_go_of_wakes_nobody() {
        let executor = Executor::new(HeldClock::at(Time(0)), 1);
        let (clock, polls) = (executor.clone(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&polls);
        let work = async move {
            tokio::select! {
                biased;
                () = clock.sleep(Span::hours(1)) => {}
                () = clock.sleep(Span::hours(2)) => {}
            }
            counted.fetch_add(1, Ordering::SeqCst);
        };
        executor.spawn("two", work.boxed());
        executor.run_until(Time(0).plus(Span::hours(1)));
        assert_eq!(polls.load(Ordering::SeqCst), 1);
        assert!(executor.0.state().sleepers.is_empty());
        assert!(executor.0.state().tasks.is_empty());
    }
}
