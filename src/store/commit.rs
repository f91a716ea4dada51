//! Group commit: what many tasks have written at the same time shares one transaction.
//!
//! One task writes. It takes what is queued, commits it at once and answers each caller; while much
//! is written it waits a moment for more, since a statement over a hundred rows costs little more
//! than one over ten. A record that the database refuses is found by halving its batch, so
//! that it cannot hold up the others. Should the task be gone, nobody is told
//! that anything was written, and [`Writer::gone`] says so.

use std::{
    collections::{HashSet, VecDeque},
    future::Future,
    hash::Hash,
    ops::Range,
    sync::Arc,
    time::Duration,
};

use futures::{FutureExt as _, future::BoxFuture};
use sqlx::Pool;
use tokio::sync::{mpsc, oneshot};

use super::{Result, StoreError, dialect::Dialect, transact::transact};

/// A verb that takes part in group commit.
pub(super) trait Member: Send + Sync + Sized + 'static {
    /// What its caller is answered.
    type Answer: Send + 'static;
    /// What no two of one batch may have in common, so that their order means nothing.
    type Alone: Eq + Hash + Send;
    /// How much a batch holds at most, in [`Member::weight`]; one that is heavier goes by itself.
    const BATCH_MAX: usize;

    /// How much of a batch it takes.
    fn weight(&self) -> usize {
        1
    }

    /// What it has to have for itself.
    fn alone(&self) -> impl Iterator<Item = Self::Alone>;

    /// Writes the members of a batch within its transaction; one result each.
    ///
    /// # Errors
    /// What concerns the whole transaction, which then must be rolled back.
    fn write<'c, DB: Dialect>(
        connection: &'c mut DB::Connection,
        members: &'c [&'c Self],
    ) -> BoxFuture<'c, Result<Vec<Result<Self::Answer>>>>;
}

/// How many wait in line before callers wait to be let in.
const QUEUE_MAX: usize = 1024;
/// After a batch of so many the next one waits for company: by then it has cost more to write each
/// than to wait.
const COMPANY: usize = 8;
/// How long it waits.
const LINGER: Duration = Duration::from_millis(25);

enum Message<W: Member> {
    Work(W, oneshot::Sender<Result<W::Answer>>),
    Close(oneshot::Sender<()>),
}

/// The way to the task that writes.
pub(super) struct Writer<W: Member>(mpsc::Sender<Message<W>>);

impl<W: Member> Writer<W> {
    /// Starts the task; it ends when the writer is closed or dropped.
    pub(super) fn start<DB: Dialect>(pool: Pool<DB>) -> Self {
        Self::over(move |batch| write(pool.clone(), batch), moment)
    }

    /// The same over whatever writes a batch, and whatever lets more come into line meanwhile.
    #[allow(
        clippy::disallowed_methods,
        reason = "the adapter of the database keeps tokio"
    )]
    fn over<F, P>(
        write: impl Fn(Batch<W>) -> F + Send + 'static,
        pause: impl Fn() -> P + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
        P: Future<Output = ()> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(run(write, pause, receiver));
        Self(sender)
    }

    /// One whose task panics at the first batch.
    #[cfg(test)]
    pub(super) fn dying() -> Self {
        Self::over(
            |_| async { panic!("planted in the task that writes") },
            moment,
        )
    }

    /// Has `work` written, and waits until it is committed. Dropping the future does not take it
    /// back.
    pub(super) async fn submit(&self, work: W) -> Result<W::Answer> {
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

/// Members that may share a transaction.
struct Batch<W: Member> {
    works: Vec<W>,
    replies: Vec<oneshot::Sender<Result<W::Answer>>>,
    taken: HashSet<W::Alone>,
    weight: usize,
}

impl<W: Member> Batch<W> {
    fn of(work: W, reply: oneshot::Sender<Result<W::Answer>>) -> Self {
        let mut batch = Self {
            works: Vec::new(),
            replies: Vec::new(),
            taken: HashSet::new(),
            weight: 0,
        };
        batch.push(work, reply);
        batch
    }

    fn takes(&self, work: &W) -> bool {
        self.weight + work.weight() <= W::BATCH_MAX
            && !work.alone().any(|alone| self.taken.contains(&alone))
    }

    fn push(&mut self, work: W, reply: oneshot::Sender<Result<W::Answer>>) {
        self.weight += work.weight();
        self.taken.extend(work.alone());
        self.works.push(work);
        self.replies.push(reply);
    }
}

async fn run<W: Member, F, P>(
    write: impl Fn(Batch<W>) -> F,
    pause: impl Fn() -> P,
    mut queue: mpsc::Receiver<Message<W>>,
) where
    F: Future<Output = ()>,
    P: Future<Output = ()>,
{
    let mut next = queue.recv().await;
    let mut written = 0;
    while let Some(Message::Work(work, reply)) = next {
        let mut batch = Batch::of(work, reply);
        if written >= COMPANY && queue.len() < W::BATCH_MAX {
            pause().await;
        }
        next = None;
        while let Ok(message) = queue.try_recv() {
            match message {
                Message::Work(work, reply) if batch.takes(&work) => batch.push(work, reply),
                other => {
                    next = Some(other);
                    break;
                }
            }
        }
        written = batch.works.len();
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

/// The moment in which more may come into line.
#[allow(
    clippy::disallowed_methods,
    reason = "the adapter of the database keeps tokio"
)]
async fn moment() {
    tokio::time::sleep(LINGER).await;
}

/// Writes a batch and answers. One that the database refuses is halved until what it refuses stands
/// alone.
async fn write<DB: Dialect, W: Member>(pool: Pool<DB>, batch: Batch<W>) {
    let works: Arc<Vec<W>> = Arc::new(batch.works);
    let mut replies = batch.replies.into_iter();
    let mut parts = VecDeque::new();
    parts.push_back(0..works.len());
    while let Some(range) = parts.pop_front() {
        let count = range.len();
        let results = match part(&pool, &works, range.clone()).await {
            Ok(results) => results,
            Err(error) if count > 1 && !matches!(error, StoreError::Unavailable(_)) => {
                let middle = range.start + count / 2;
                parts.push_front(middle..range.end);
                parts.push_front(range.start..middle);
                continue;
            }
            Err(error) => std::iter::repeat_with(|| Err(error.clone()))
                .take(count)
                .collect(),
        };
        for (reply, result) in replies.by_ref().take(count).zip(results) {
            // A caller that has gone does not want to know.
            let _ = reply.send(result);
        }
    }
}

/// Writes some of the works in one transaction; one result each.
async fn part<DB: Dialect, W: Member>(
    pool: &Pool<DB>,
    works: &Arc<Vec<W>>,
    range: Range<usize>,
) -> Result<Vec<Result<W::Answer>>> {
    let works = Arc::clone(works);
    transact(pool, DB::BEGIN_WORK, move |connection| {
        async move {
            let works: Vec<&W> = works.iter().skip(range.start).take(range.len()).collect();
            W::write::<DB>(connection, &works).await
        }
        .boxed()
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;
    use crate::{
        domain::time::Time,
        store::{records::Recorded, sql::batch::Work},
    };

    #[allow(
        clippy::disallowed_methods,
        reason = "tasks of a test end with its runtime"
    )]
    #[tokio::test]
    async fn a_batch_waits_for_company_only_where_much_is_written() {
        let (begun, goes_on) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let pause = {
            let (begun, goes_on) = (Arc::clone(&begun), Arc::clone(&goes_on));
            move || {
                let goes_on = Arc::clone(&goes_on);
                begun.fetch_add(1, Ordering::SeqCst);
                async move { goes_on.notified().await }
            }
        };
        let sizes = Arc::new(std::sync::Mutex::new(Vec::new()));
        let told = Arc::clone(&sizes);
        let write = move |batch: Batch<Work>| {
            told.lock().unwrap().push(batch.works.len());
            async move {
                for reply in batch.replies {
                    reply.send(Ok(Recorded::default())).unwrap();
                }
            }
        };
        let writer = Arc::new(Writer::over(write, pause));
        let submit = |count: usize| {
            let writer = Arc::clone(&writer);
            let works = std::iter::repeat_with(|| Work::Release(Vec::new(), Time(0)));
            let works: Vec<_> = works.take(count).collect();
            tokio::spawn(async move {
                let all = works.into_iter().map(|work| writer.submit(work));
                futures::future::try_join_all(all).await
            })
        };
        submit(1).await.unwrap().unwrap();
        submit(COMPANY).await.unwrap().unwrap();
        assert_eq!(begun.load(Ordering::SeqCst), 0, "little was written before");
        let first = submit(1);
        while begun.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let company = submit(2);
        while !writer.0.capacity().eq(&(QUEUE_MAX - 2)) {
            tokio::task::yield_now().await;
        }
        goes_on.notify_one();
        first.await.unwrap().unwrap();
        company.await.unwrap().unwrap();
        submit(1).await.unwrap().unwrap();
        assert_eq!(begun.load(Ordering::SeqCst), 1, "of three nobody waits");
        assert_eq!(*sizes.lock().unwrap(), [1, COMPANY, 3, 1]);
    }

    #[tokio::test]
    async fn a_writer_that_panicked_says_of_nothing_that_it_was_written_and_is_known_to_be_gone() {
        let batches = AtomicUsize::new(0);
        let write = move |batch: Batch<Work>| {
            let is_second = batches.fetch_add(1, Ordering::SeqCst) == 1;
            async move {
                assert!(!is_second, "poison");
                for reply in batch.replies {
                    reply.send(Ok(Recorded::default())).unwrap();
                }
            }
        };
        let writer = Writer::over(write, moment);
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
