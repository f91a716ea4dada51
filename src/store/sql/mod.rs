//! The store over SQL, one file a noun, table or verb; what gives each verb its transaction stands
//! here.

mod accesses;
mod alarm;
mod assign;
mod attempts;
pub(super) mod batch;
mod calls;
mod charges;
mod claim;
mod completed;
mod connection;
mod day;
mod download;
mod due;
mod events;
mod facts;
mod hours;
mod image;
mod installation;
mod jobs;
mod kept;
mod keys;
mod lease;
mod lessons;
mod list;
mod losses;
mod media;
mod notices;
mod objects;
mod poll;
mod progress;
mod queue;
mod quotas;
mod reconcile;
mod reports;
mod requests;
mod retry;
mod show;
mod status;
mod submissions;
mod tallies;
mod together;
mod track;
mod unnamed;
mod upkeep;
mod work;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use futures::future::BoxFuture;
use sqlx::Pool;

use super::{Result, commit::Writer, dialect::Dialect, transact::transact};
use crate::domain::time::{Clock, Span};

type MadeReady = BTreeMap<(i64, Vec<String>), (Span, i64)>;

/// The connections to a database; pools may be one and the same.
#[derive(Clone)]
pub(super) struct Pools<DB: Dialect> {
    /// Of what goes on all the time, claims and records: few, so that each has prepared and planned all
    /// of its statements.
    pub work: Pool<DB>,
    /// Of whatever else is written.
    pub write: Pool<DB>,
    /// Of what only reads.
    pub read: Pool<DB>,
}

/// The store in a database `DB`.
pub(super) struct SqlStore<DB: Dialect> {
    pools: Pools<DB>,
    writer: Writer<batch::Work>,
    told: Writer<track::Told>,
    clock: Arc<dyn Clock>,
    /// When due rows were last made ready, and how many were claimed since, by stage and apps.
    made_ready: Mutex<MadeReady>,
}

impl<DB: Dialect> SqlStore<DB> {
    /// Takes connections to a database that has the present schema.
    pub(super) fn new(pools: Pools<DB>, clock: Arc<dyn Clock>) -> Self {
        Self {
            writer: Writer::start(pools.work.clone()),
            told: Writer::start(pools.write.clone()),
            pools,
            clock,
            made_ready: Mutex::default(),
        }
    }

    /// The same with a task that panics at the first batch it writes.
    #[cfg(test)]
    pub(super) fn dying(self) -> Self {
        Self {
            writer: Writer::dying(),
            ..self
        }
    }

    async fn working<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut DB::Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        transact(&self.pools.work, DB::BEGIN_WORK, work).await
    }

    async fn writing<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut DB::Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        transact(&self.pools.write, DB::BEGIN_WRITE, work).await
    }

    async fn reading<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut DB::Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        transact(&self.pools.read, DB::BEGIN_READ, work).await
    }
}
