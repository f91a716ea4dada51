//! Group commit: what many tasks record at the same time shares one transaction.
//!
//! One task writes. It takes what is queued, without waiting for more, commits it at once and
//! answers each caller. A record that the database refuses is found by writing the members of its
//! batch one by one, so that it cannot hold up the others. Should the task be gone, nobody is told
//! that anything was written, and [`Writer::gone`] says so.

use std::{collections::HashSet, future::Future, sync::Arc};

use futures::FutureExt as _;
use sqlx::Pool;
use tokio::sync::{mpsc, oneshot};

use super::{
    Result, StoreError,
    dialect::Dialect,
    sql::batch::{self, Work},
    transact::transact,
};
use crate::domain::{id::VerificationId, lease::Stage};

/// How many verbs share a transaction at most.
const BATCH_MAX: usize = 256;
/// How many wait in line before callers wait to be let in.
const QUEUE_MAX: usize = 4 * BATCH_MAX;

enum Message {
    Work(Work, oneshot::Sender<Result<()>>),
    Close(oneshot::Sender<()>),
}

/// The way to the task that writes.
pub(super) struct Writer(mpsc::Sender<Message>);

impl Writer {
    /// Starts the task; it ends when the writer is closed or dropped.
    pub(super) fn start<DB: Dialect>(pool: Pool<DB>) -> Self {
        Self::over(move |batch| write(pool.clone(), batch))
    }

    /// The same over whatever writes a batch.
    #[allow(
        clippy::disallowed_methods,
        reason = "the adapter of the database keeps tokio"
    )]
    fn over<F>(write: impl Fn(Batch) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(run(write, receiver));
        Self(sender)
    }

    /// One whose task panics at the first batch.
    #[cfg(test)]
    pub(super) fn dying() -> Self {
        Self::over(|_| async { panic!("planted in the task that writes") })
    }

    /// Has `work` written, and waits until it is committed. Dropping the future does not take it
    /// back.
    pub(super) async fn submit(&self, work: Work) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        let closed = || StoreError::Unavailable("the store is closed, or cannot go on".to_owned());
        self.0
            .send(Message::Work(work, reply))
            .await
            .map_err(|_| closed())?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Waits until nothing is written any more, as after [`Writer::close`], or when the task has
    /// panicked.
    pub(super) async fn gone(&self) {
        self.0.closed().await;
    }

    /// Writes what is queued and takes no more.
    pub(super) async fn close(&self) {
        let (reply, done) = oneshot::channel();
        if self.0.send(Message::Close(reply)).await.is_ok() {
            // An error means that the task has ended already.
            let _ = done.await;
        }
    }
}

/// Works that may share a transaction: no two concern the same lease, so that their order means
/// nothing.
#[derive(Default)]
struct Batch {
    works: Vec<Work>,
    replies: Vec<oneshot::Sender<Result<()>>>,
    rows: HashSet<(VerificationId, Stage)>,
}

impl Batch {
    fn takes(&self, work: &Work) -> bool {
        self.rows.is_empty()
            || !work
                .leases()
                .iter()
                .any(|lease| self.rows.contains(&(lease.verification_id, lease.stage)))
    }

    fn push(&mut self, work: Work, reply: oneshot::Sender<Result<()>>) {
        self.rows.extend(
            work.leases()
                .iter()
                .map(|lease| (lease.verification_id, lease.stage)),
        );
        self.works.push(work);
        self.replies.push(reply);
    }
}

async fn run<F>(write: impl Fn(Batch) -> F, mut queue: mpsc::Receiver<Message>)
where
    F: Future<Output = ()>,
{
    let mut next = queue.recv().await;
    while let Some(Message::Work(work, reply)) = next {
        let mut batch = Batch::default();
        batch.push(work, reply);
        next = None;
        while batch.works.len() < BATCH_MAX {
            match queue.try_recv() {
                Ok(Message::Work(work, reply)) if batch.takes(&work) => batch.push(work, reply),
                Ok(other) => {
                    next = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        write(batch).await;
        if next.is_none() {
            next = queue.recv().await;
        }
    }
    queue.close();
    if let Some(Message::Close(done)) = next {
        let _ = done.send(());
    }
}

async fn write<DB: Dialect>(pool: Pool<DB>, batch: Batch) {
    let works: Arc<Vec<Work>> = Arc::new(batch.works);
    let count = works.len();
    let results = match part(&pool, &works, 0, count).await {
        Ok(results) => results,
        Err(StoreError::Unavailable(text)) => vec![Err(StoreError::Unavailable(text)); count],
        Err(error) if count == 1 => vec![Err(error)],
        Err(_) => {
            let mut results = Vec::with_capacity(count);
            for at in 0..count {
                results.push(
                    part(&pool, &works, at, 1)
                        .await
                        .and_then(|result| result.into_iter().collect()),
                );
            }
            results
        }
    };
    for (reply, result) in batch.replies.into_iter().zip(results) {
        // A caller that has gone does not want to know.
        let _ = reply.send(result);
    }
}

/// Writes `count` works from `first` on in one transaction; one result each.
async fn part<DB: Dialect>(
    pool: &Pool<DB>,
    works: &Arc<Vec<Work>>,
    first: usize,
    count: usize,
) -> Result<Vec<Result<()>>> {
    let works = Arc::clone(works);
    transact(pool, DB::BEGIN_WRITE, move |connection| {
        async move {
            let works: Vec<&Work> = works.iter().skip(first).take(count).collect();
            batch::write::<DB>(connection, &works).await
        }
        .boxed()
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::domain::time::Time;

    #[tokio::test]
    async fn a_writer_that_panicked_says_of_nothing_that_it_was_written_and_is_known_to_be_gone() {
        let batches = AtomicUsize::new(0);
        let writer = Writer::over(move |batch| {
            let is_second = batches.fetch_add(1, Ordering::SeqCst) == 1;
            async move {
                assert!(!is_second, "poison");
                for reply in batch.replies {
                    reply.send(Ok(())).unwrap();
                }
            }
        });
        let work = || Work::Release(Vec::new(), Time(0));
        assert!(writer.submit(work()).await.is_ok());
        assert!(writer.gone().now_or_never().is_none(), "it is still there");
        for after in ["the panic", "its end"] {
            let told = writer.submit(work()).await;
            assert!(
                matches!(&told, Err(StoreError::Unavailable(text)) if text.contains("cannot go on")),
                "after {after}: {told:?}"
            );
        }
        writer.gone().await;
        writer.close().await;
    }
}
