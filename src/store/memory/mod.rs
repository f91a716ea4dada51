//! A model of the store in memory, for tests and simulations: everything is gone with it.
//!
//! It is to be obviously right rather than fast: plain collections behind one lock, one verb one
//! hold of the lock, and what a verb writes of a verification is put in its place whole or not at
//! all. Whoever asks through the traits cannot tell it from a database: the conformance suite
//! (`tests/it/store`) runs on all three. What it has not is what SQL alone can tell: columns, views
//! and checks. U+0000 is replaced only in the texts that tracking tells.

mod accesses;
mod alarms;
mod charges;
mod data;
mod download;
mod hours;
mod installations;
mod jobs;
mod keys;
mod lessons;
mod losses;
mod medium;
mod notices;
mod objects;
mod poll;
mod queue;
mod quotas;
mod reports;
mod requests;
mod retries;
mod show;
mod tracking;
mod upkeep;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;

use self::data::Data;
use super::{Connection, Result, StoreError, reports::EventReport};
use crate::domain::time::{Clock, Time};

/// A store in memory that can be away like a database.
pub struct MemoryStore {
    data: Arc<Mutex<Data>>,
    away: AtomicBool,
    /// What is missing, as if somebody had taken it out of a database.
    lacks: Mutex<Option<String>>,
    /// The verb that panics, as by a defect.
    #[cfg(test)]
    breaks: Mutex<Option<&'static str>>,
    clock: Arc<dyn Clock>,
}

impl MemoryStore {
    /// Nothing is in it; `ping` answers with this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            data: Arc::default(),
            away: AtomicBool::new(false),
            lacks: Mutex::default(),
            #[cfg(test)]
            breaks: Mutex::default(),
            clock,
        }
    }

    /// Another way to the same data, as another program opens it or the same one after its end:
    /// neither away nor closed, on its own clock.
    #[must_use]
    pub fn open_again(&self, clock: Arc<dyn Clock>) -> Self {
        Self {
            data: Arc::clone(&self.data),
            ..Self::new(clock)
        }
    }

    /// From now on every verb fails as [`StoreError::Unavailable`], or none does.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// From now on this is missing, or nothing is.
    pub fn set_lacking(&self, what: Option<&str>) {
        *self.lacks.lock().unwrap_or_else(PoisonError::into_inner) = what.map(str::to_owned);
    }

    /// From now on this verb panics, or none does.
    #[cfg(test)]
    pub(crate) fn set_breaking(&self, verb: Option<&'static str>) {
        *self.breaks.lock().unwrap() = verb;
    }

    /// Panics in the verb that is to; the type of what it does names it.
    #[cfg(test)]
    fn break_off<W>(&self, _work: &W) {
        let breaks = *self.breaks.lock().unwrap();
        let name = std::any::type_name::<W>();
        let is_in = |verb| name.split([':', '<']).any(|part| part == verb);
        assert!(!breaks.is_some_and(is_in), "planted in {breaks:?}");
    }

    /// How many rows the tables of a database would have, by table.
    #[must_use]
    pub fn rows(&self) -> BTreeMap<&'static str, usize> {
        self.look(|data| data.rows())
    }

    /// What was done to verifications, by verification and in the order it was done.
    #[must_use]
    pub fn events(&self) -> Vec<EventReport> {
        self.look(|data| data.events())
    }

    fn look<T>(&self, work: impl FnOnce(&mut Data) -> T) -> T {
        work(&mut self.data.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// One verb: one hold of the lock.
    fn verb<T>(&self, work: impl FnOnce(&mut Data) -> Result<T>) -> Result<T> {
        #[cfg(test)]
        self.break_off(&work);
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("it is away".to_owned()));
        }
        self.look(work)
    }
}

#[async_trait]
impl Connection for MemoryStore {
    async fn ping(&self) -> Result<Time> {
        self.verb(|_| Ok(self.clock.now()))
    }

    async fn check_shape(&self) -> Result<()> {
        self.verb(|_| {
            let lacks = self.lacks.lock().unwrap_or_else(PoisonError::into_inner);
            (*lacks)
                .clone()
                .map_or(Ok(()), |lacks| Err(StoreError::Schema(lacks)))
        })
    }
}
