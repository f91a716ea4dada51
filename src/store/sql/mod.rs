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

/// The store in a database `DB`.
pub(super) struct SqlStore<DB: Dialect> {
    write: Pool<DB>,
    read: Pool<DB>,
    writer: Writer<batch::Work>,
    told: Writer<track::Told>,
    clock: Arc<dyn Clock>,
    /// When due rows were last made ready, and how many were claimed since, by stage and apps.
    made_ready: Mutex<MadeReady>,
}

impl<DB: Dialect> SqlStore<DB> {
    /// Takes pools whose database has the present schema; they may be one and the same.
    pub(super) fn new(write: Pool<DB>, read: Pool<DB>, clock: Arc<dyn Clock>) -> Self {
        Self {
            writer: Writer::start(write.clone()),
            told: Writer::start(write.clone()),
            write,
            read,
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
