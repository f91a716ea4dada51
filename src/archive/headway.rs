//! What a step shows of itself while it runs.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::sync::Notify;

/// Kept by whoever runs a step, and told by the step.
#[derive(Clone, Default)]
pub struct Headway {
    /// Rises with every byte of media that arrives and every medium that is done with.
    pub(super) arrived: Arc<AtomicU64>,
    writing: Arc<Writing>,
}

impl Headway {
    /// Of a step beside others that are counted together.
    pub(crate) fn beside(writing: &Arc<Writing>) -> Self {
        Self {
            arrived: Arc::default(),
            writing: Arc::clone(writing),
        }
    }

    /// A count; as long as it rises a download gets on.
    pub(crate) fn moved(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }

    /// Waits for the record of the step, which has nothing else left to do.
    pub(super) async fn write<T>(&self, record: impl Future<Output = T>) -> T {
        let _one = One::of(&self.writing);
        record.await
    }
}

/// How many steps wait for nothing but their records to be written. They take no connection, nor the
/// quota: others may begin meanwhile, so that many records share a transaction.
#[derive(Default)]
pub(crate) struct Writing {
    steps: AtomicUsize,
    begun: Notify,
}

impl Writing {
    /// How many.
    pub(crate) fn steps(&self) -> usize {
        self.steps.load(Ordering::Relaxed)
    }

    /// Waits until one more does.
    pub(crate) async fn begun(&self) {
        self.begun.notified().await;
    }
}

/// One of them, for as long as it lives.
struct One<'a>(&'a Writing);

impl<'a> One<'a> {
    fn of(writing: &'a Writing) -> Self {
        writing.steps.fetch_add(1, Ordering::Relaxed);
        writing.begun.notify_one();
        Self(writing)
    }
}

impl Drop for One<'_> {
    fn drop(&mut self) {
        self.0.steps.fetch_sub(1, Ordering::Relaxed);
    }
}
