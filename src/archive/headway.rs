//! What a step shows of itself while it runs.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::sync::Notify;

use crate::{
    store::{self, StoreError, records::Recorded},
    vault::ObjectKey,
};

/// Kept by whoever runs a step, and told by the step.
#[derive(Clone, Default)]
pub struct Headway {
    /// Rises with every byte of media that arrives and every medium that is done with.
    pub(crate) arrived: Arc<AtomicU64>,
    writing: Arc<Writing>,
    is_on_its_way: Arc<AtomicBool>,
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
    /// wait, the record may be written from now on, with the objects that it names; for certain it was
    /// not where the lease was lost.
    pub(super) async fn write(
        &self,
        record: impl Future<Output = store::Result<Recorded>>,
    ) -> store::Result<Recorded> {
        let _one = One::of(&self.writing);
        let put = self.put.take();
        self.is_on_its_way.store(true, Ordering::Relaxed);
        let recorded = record.await;
        if let Err(StoreError::LeaseLost) = recorded {
            *self.put.objects() = put;
        }
        recorded
    }

    /// Whether the record of the step can be taken back no longer.
    pub(crate) fn is_on_its_way(&self) -> bool {
        self.is_on_its_way.load(Ordering::Relaxed)
    }
}

/// The objects of a step: as long as its record is not on its way no row names them, and they are dropped
/// with a step that is cut off.
#[derive(Clone, Debug, Default)]
pub(crate) struct Put(Arc<Mutex<Objects>>);

/// Keys of what was put, one after the other.
#[derive(Debug, Default)]
pub(super) struct Objects {
    pub(super) keys: Vec<String>,
    /// Whether the last of them may still be written, also when its step is gone.
    pub(super) is_under_way: bool,
}

impl Put {
    pub(crate) fn begin(&self, key: &ObjectKey) {
        let mut objects = self.objects();
        objects.keys.push(key.as_str().to_owned());
        objects.is_under_way = true;
    }

    pub(super) fn end(&self) {
        self.objects().is_under_way = false;
    }

    /// They, once.
    pub(super) fn take(&self) -> Objects {
        std::mem::take(&mut *self.objects())
    }

    fn objects(&self) -> MutexGuard<'_, Objects> {
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
