//! The one place where tasks are spawned: by name, and with their panics caught.
//!
//! Promised: whoever holds [`Tasks`] hears of each of them how it ended, also of one that panicked
//! or was cut off; who lets go of them cuts off what is still running. Nothing here knows which
//! runtime runs them but [`Runtime`] and [`blocking`], so that a simulation can run them itself.

use std::{
    fmt,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures::{
    FutureExt as _, StreamExt as _,
    channel::oneshot,
    future::{AbortHandle, BoxFuture, abortable},
    stream::FuturesUnordered,
};

/// What runs tasks.
pub(crate) trait Spawn: Send + Sync + 'static {
    /// Lets `task` run by itself until it ends. It never panics.
    fn spawn(&self, name: &str, task: BoxFuture<'static, ()>);
}

/// The runtime of the process.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Runtime;

impl Spawn for Runtime {
    #[allow(clippy::disallowed_methods, reason = "the one place")]
    fn spawn(&self, name: &str, task: BoxFuture<'static, ()>) {
        tracing::trace!(task = name, "spawned");
        tokio::spawn(task);
    }
}

/// Why a task, or what was awaited in one, has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// It panicked; the hook of the process has written where.
    Panicked,
    /// It was cut off, as at the end of the runtime.
    CutOff,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Panicked => "it panicked",
            Self::CutOff => "it was cut off",
        })
    }
}

/// What comes of `work`, or that it panicked.
///
/// # Errors
/// [`Lost::Panicked`].
pub(crate) async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Lost> {
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .map_err(|_| Lost::Panicked)
}

/// Does work that runs to its end also when nobody waits for it any more.
///
/// # Errors
/// [`Lost`].
pub(crate) async fn to_its_end<T: Send + 'static>(
    name: &str,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Lost> {
    let (sender, result) = oneshot::channel();
    let task = async move {
        let result = caught(work).await;
        // Nobody hears it who has let go.
        let _ = sender.send(result);
    };
    Runtime.spawn(name, task.boxed());
    result.await.unwrap_or(Err(Lost::CutOff))
}

/// Does work that blocks a thread (a file system, a large answer) off the threads that everybody
/// shares; where there is no runtime, on the spot. A panic of it goes on in whoever waits for it.
/// None when the runtime is ending.
#[allow(clippy::disallowed_methods, reason = "the one place")]
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        return Some(work());
    };
    match runtime.spawn_blocking(work).await {
        Ok(done) => Some(done),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => None,
        },
    }
}

/// Tasks of one kind that run at once.
pub(crate) struct Tasks<T> {
    spawn: Arc<dyn Spawn>,
    running: FuturesUnordered<Running<T>>,
}

/// How a task ended: its name, and what came of it.
pub(crate) type Ended<T> = (Arc<str>, Result<T, Lost>);

impl<T: Send + 'static> Tasks<T> {
    /// None yet; `spawn` will run them.
    #[must_use]
    pub(crate) fn new(spawn: Arc<dyn Spawn>) -> Self {
        Self {
            spawn,
            running: FuturesUnordered::new(),
        }
    }

    /// Lets `task` run under `name`.
    pub(crate) fn spawn(
        &mut self,
        name: impl Into<Arc<str>>,
        task: impl Future<Output = T> + Send + 'static,
    ) {
        let name = name.into();
        let (sender, result) = oneshot::channel();
        // What is handed from one future to the next takes its place in each of them.
        let task = task.boxed();
        let (task, abort) = abortable(async move {
            let result = caught(task).await;
            // Nobody hears it who has let go.
            let _ = sender.send(result);
        });
        self.spawn.spawn(&name, task.map(drop).boxed());
        self.running.push(Running {
            name,
            result,
            abort,
        });
    }

    /// Waits until the next one ends; none when none is running.
    pub(crate) async fn next(&mut self) -> Option<Ended<T>> {
        self.running.next().await
    }

    /// One that has ended already.
    pub(crate) fn try_next(&mut self) -> Option<Ended<T>> {
        self.next().now_or_never().flatten()
    }

    /// How many have not been heard of.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.running.len()
    }

    /// Whether all have been heard of.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }
}

/// A task as its holder sees it.
struct Running<T> {
    name: Arc<str>,
    result: oneshot::Receiver<Result<T, Lost>>,
    abort: AbortHandle,
}

impl<T> Future for Running<T> {
    type Output = Ended<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ended<T>> {
        self.result.poll_unpin(context).map(|result| {
            let result = result.unwrap_or(Err(Lost::CutOff));
            (Arc::clone(&self.name), result)
        })
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.abort.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        sync::{Mutex, PoisonError},
    };

    use futures::executor::block_on;

    use super::*;

    /// Runs tasks one after the other when it is told to, without any runtime.
    #[derive(Default)]
    struct ByHand(Mutex<VecDeque<(String, BoxFuture<'static, ()>)>>);

    impl ByHand {
        fn run(&self) -> Vec<String> {
            let tasks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
            let run = |(name, task)| {
                block_on(task);
                name
            };
            tasks.into_iter().map(run).collect()
        }
    }

    impl Spawn for ByHand {
        fn spawn(&self, name: &str, task: BoxFuture<'static, ()>) {
            self.0.lock().unwrap().push_back((name.to_owned(), task));
        }
    }

    #[test]
    fn each_task_is_heard_of_by_name_without_any_runtime() {
        let hand = Arc::new(ByHand::default());
        let mut tasks = Tasks::new(Arc::clone(&hand) as Arc<dyn Spawn>);
        tasks.spawn("one", async { 1 });
        tasks.spawn("poison", async { panic!("poison") });
        assert_eq!((tasks.len(), tasks.try_next()), (2, None), "none has run");
        assert_eq!(hand.run(), ["one", "poison"]);
        assert_eq!(tasks.try_next(), Some(("one".into(), Ok(1))));
        assert_eq!(
            block_on(tasks.next()),
            Some(("poison".into(), Err(Lost::Panicked)))
        );
        assert!(tasks.is_empty());
        assert_eq!(block_on(tasks.next()), None);
        assert_eq!(block_on(blocking(|| 7)), Some(7));
    }

    #[tokio::test]
    async fn who_lets_go_of_tasks_cuts_them_off() {
        let held = Arc::new(());
        let mut tasks = Tasks::new(Arc::new(Runtime) as Arc<dyn Spawn>);
        let inside = Arc::clone(&held);
        tasks.spawn("endless", async move {
            let _inside = inside;
            std::future::pending::<()>().await;
        });
        tokio::task::yield_now().await;
        assert_eq!(Arc::strong_count(&held), 2);
        drop(tasks);
        while Arc::strong_count(&held) > 1 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    #[should_panic(expected = "poison")]
    async fn a_panic_of_blocking_work_goes_on_in_whoever_waits() {
        blocking(|| panic!("poison")).await.unwrap_or(())
    }
}
