//! What a step shows of itself while it runs.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::sync::Notify;

use crate::vault::ObjectKey;

/// Kept by whoever runs a step, and told by the step.
#[derive(Clone, Default)]
pub struct Headway {
    /// Rises with every byte of media that arrives and every medium that is done with.
    pub(crate) arrived: Arc<AtomicU64>,
    writing: Arc<Writing>,
    /// What it put.
    pub(crate) put: Put,
}

impl Headway {
    /// Of a step beside others that are counted together.
    pub(crate) fn beside(writing: &Arc<Writing>) -> Self {
        Self {
            writing: Arc::clone(writing),
            ..Self::default()
        }
    }

    /// A count; as long as it rises a download gets on.
    pub(crate) fn moved(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }

    /// Waits for the record of the step, which has nothing else left to do. Whatever becomes of this
    /// wait, the record may be written from now on, with the objects that it names.
    pub(super) async fn write<T>(&self, record: impl Future<Output = T>) -> T {
        self.put.take();
        let _one = One::of(&self.writing);
        record.await
    }
}

/// Keys of the objects that a step put, or began to: as long as its record is not on its way no row
/// names them, and whoever cuts the step off drops them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Put(Arc<Mutex<Vec<String>>>);

impl Put {
    pub(crate) fn add(&self, key: &ObjectKey) {
        self.keys().push(key.as_str().to_owned());
    }

    /// They, once.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.keys())
    }

    fn keys(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
