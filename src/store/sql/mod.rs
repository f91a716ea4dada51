//! The store over SQL, one file a noun or verb; here each verb gets its transaction.

mod alarm;
mod attempts;
pub(super) mod batch;
mod calls;
mod claim;
mod download;
mod facts;
mod installation;
mod lease;
mod lessons;
mod list;
mod media;
mod poll;
mod reconcile;
mod retry;
mod show;
mod status;
mod track;

use std::sync::Arc;

use async_trait::async_trait;
use futures::{FutureExt as _, future::BoxFuture};
use sqlx::Pool;

use super::{
    Result, Store,
    commit::{Work, Writer},
    dialect::Dialect,
    records::{
        Claim, DownloadRecord, DownloadWork, KnownToken, NewVerification, PollRecord, PollWork,
        RetryVerdict, TrackVerdict,
    },
    reports::{AlarmRow, Filter, Reconciliation, Status, Summary, Whole},
    rows::Cells as _,
    transact::transact,
};
use crate::domain::{
    alarm::{Alarm, Kind},
    installation::{Database, Installation},
    lease::{Lease, Stage},
    lessons::Lessons,
    secret::Secret,
    time::{Clock, Time},
};

/// The store in a database `DB`.
pub(super) struct SqlStore<DB: Dialect> {
    write: Pool<DB>,
    read: Pool<DB>,
    writer: Writer,
    clock: Arc<dyn Clock>,
}

impl<DB: Dialect> SqlStore<DB> {
    /// Takes pools whose database has the present schema; they may be one and the same.
    pub(super) fn new(write: Pool<DB>, read: Pool<DB>, clock: Arc<dyn Clock>) -> Self {
        Self {
            writer: Writer::start(write.clone()),
            write,
            read,
            clock,
        }
    }

    async fn writing<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut DB::Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        transact(&self.write, DB::BEGIN_WRITE, work).await
    }

    async fn reading<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut DB::Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        transact(&self.read, DB::BEGIN_READ, work).await
    }
}

async fn clock<DB: Dialect>(connection: &mut DB::Connection) -> Result<Option<Time>> {
    let rows = DB::fetch(connection, DB::NOW.to_owned(), Vec::new()).await?;
    Ok(rows
        .first()
        .map(|row| row.int_or_null("now"))
        .transpose()?
        .flatten()
        .map(Time))
}

#[async_trait]
impl<DB: Dialect> Store for SqlStore<DB> {
    async fn ping(&self) -> Result<Time> {
        let now = self
            .reading(|connection| clock::<DB>(connection).boxed())
            .await?;
        Ok(now.unwrap_or_else(|| self.clock.now()))
    }

    async fn track(&self, mut rows: Vec<NewVerification>) -> Result<Vec<TrackVerdict>> {
        let mut verdicts = Vec::with_capacity(rows.len());
        while !rows.is_empty() {
            let rest = rows.split_off(rows.len().min(track::CHUNK));
            let chunk = std::mem::replace(&mut rows, rest);
            verdicts.extend(
                self.writing(move |connection| {
                    async move { track::track::<DB>(connection, &chunk).await }.boxed()
                })
                .await?,
            );
        }
        Ok(verdicts)
    }

    async fn claim_polls(&self, claim: &Claim) -> Result<Vec<PollWork>> {
        let claim = claim.clone();
        self.writing(move |connection| {
            async move { claim::polls::<DB>(connection, &claim).await }.boxed()
        })
        .await
    }

    async fn claim_downloads(&self, claim: &Claim) -> Result<Vec<DownloadWork>> {
        let claim = claim.clone();
        self.writing(move |connection| {
            async move { claim::downloads::<DB>(connection, &claim).await }.boxed()
        })
        .await
    }

    async fn record_poll(&self, record: PollRecord) -> Result<()> {
        self.writer.submit(Work::Poll(Box::new(record))).await
    }

    async fn record_download(&self, record: DownloadRecord) -> Result<()> {
        self.writer.submit(Work::Download(Box::new(record))).await
    }

    async fn renew(&self, lease: &Lease, until: Time) -> Result<()> {
        self.writer.submit(Work::Renew(lease.clone(), until)).await
    }

    async fn release(&self, leases: Vec<Lease>, now: Time) -> Result<()> {
        if leases.is_empty() {
            Ok(())
        } else {
            self.writer.submit(Work::Release(leases, now)).await
        }
    }

    async fn next_due(&self, stage: Stage, apps: &[String]) -> Result<Option<Time>> {
        let apps = apps.to_vec();
        self.reading(move |connection| {
            async move { claim::next_due::<DB>(connection, stage, &apps).await }.boxed()
        })
        .await
    }

    async fn retry(
        &self,
        tokens: &[String],
        app: Option<&str>,
        actor: &str,
        now: Time,
    ) -> Result<Vec<RetryVerdict>> {
        let (tokens, app, actor) = (tokens.to_vec(), app.map(str::to_owned), actor.to_owned());
        self.writing(move |connection| async move { retry::retry::<DB>(connection, &tokens, app.as_deref(), &actor, now).await }.boxed()).await
    }

    async fn lessons(&self) -> Result<Lessons> {
        self.reading(|connection| lessons::all::<DB>(connection).boxed())
            .await
    }

    async fn installation(&self) -> Result<Database> {
        self.reading(|connection| installation::read::<DB>(connection).boxed())
            .await
    }

    async fn begin_installation(&self, drawn: &Installation, now: Time) -> Result<Installation> {
        let drawn = drawn.clone();
        self.writing(move |connection| {
            async move { installation::begin::<DB>(connection, &drawn, now).await }.boxed()
        })
        .await
    }

    async fn indexed_otherwise(&self, index_key_id: &str) -> Result<i64> {
        let id = index_key_id.to_owned();
        self.reading(move |connection| {
            async move { installation::indexed_otherwise::<DB>(connection, &id).await }.boxed()
        })
        .await
    }

    async fn raise(&self, alarm: &Alarm, now: Time) -> Result<bool> {
        let alarm = alarm.clone();
        let fresh = self
            .writing(move |connection| {
                async move { alarm::raise::<DB>(connection, vec![(&alarm, now)]).await }.boxed()
            })
            .await?;
        Ok(!fresh.is_empty())
    }

    async fn clear(&self, kind: Kind, subject: &str, now: Time) -> Result<bool> {
        let subject = subject.to_owned();
        self.writing(move |connection| {
            async move { alarm::clear::<DB>(connection, kind, &subject, now).await }.boxed()
        })
        .await
    }

    async fn alarms(&self) -> Result<Vec<AlarmRow>> {
        self.reading(|connection| alarm::open::<DB>(connection).boxed())
            .await
    }

    async fn status(&self, now: Time) -> Result<Status> {
        self.reading(move |connection| status::status::<DB>(connection, now).boxed())
            .await
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>> {
        let filter = filter.clone();
        self.reading(move |connection| {
            async move { list::list::<DB>(connection, &filter).await }.boxed()
        })
        .await
    }

    async fn known(&self, tokens: &[Secret]) -> Result<Vec<Option<KnownToken>>> {
        let tokens = tokens.to_vec();
        self.reading(move |connection| {
            async move { reconcile::known::<DB>(connection, &tokens).await }.boxed()
        })
        .await
    }

    async fn record_reconciliation(&self, found: &Reconciliation) -> Result<()> {
        let found = found.clone();
        self.writing(move |connection| {
            async move { reconcile::record::<DB>(connection, &found).await }.boxed()
        })
        .await
    }

    async fn show(&self, handle: &str) -> Result<Option<Whole>> {
        let handle = handle.to_owned();
        self.reading(move |connection| {
            async move { show::show::<DB>(connection, &handle).await }.boxed()
        })
        .await
    }

    async fn tidy(&self) -> Result<()> {
        let now = self.clock.now();
        self.writing(move |connection| calls::forget_quota_use::<DB>(connection, now).boxed())
            .await?;
        while self
            .writing(|connection| calls::fold_settled::<DB>(connection).boxed())
            .await?
        {}
        let pool = self.write.clone();
        for sql in DB::TIDY {
            let mut connection = pool.acquire().await?;
            DB::fetch(&mut connection, (*sql).to_owned(), Vec::new()).await?;
        }
        Ok(())
    }

    async fn close(&self) {
        self.writer.close().await;
        self.write.close().await;
        self.read.close().await;
    }
}
