//! Nouns in memory, for tests and simulations: everything is gone with them.
//!
//! Each passes the same functions of the conformance suite as the databases do.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;

use super::{AlarmStore, Connection, Result, StoreError, reports::AlarmRow};
use crate::domain::{
    alarm::{Alarm, Kind},
    time::{Clock, Time},
};

/// Alarms that can be away like a database.
pub struct MemoryAlarms {
    open: Mutex<BTreeMap<(&'static str, String), Open>>,
    away: AtomicBool,
    clock: Arc<dyn Clock>,
}

struct Open {
    text: String,
    since: Time,
    times: i64,
}

impl MemoryAlarms {
    /// None is open; `ping` answers with this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            open: Mutex::default(),
            away: AtomicBool::new(false),
            clock,
        }
    }

    /// From now on every verb fails as [`StoreError::Unavailable`], or none does.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    fn reached(&self) -> Result<MutexGuard<'_, BTreeMap<(&'static str, String), Open>>> {
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("it is away".to_owned()));
        }
        Ok(self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Connection for MemoryAlarms {
    async fn ping(&self) -> Result<Time> {
        self.reached().map(|_| self.clock.now())
    }
}

#[async_trait]
impl AlarmStore for MemoryAlarms {
    async fn raise(&self, alarm: &Alarm, now: Time) -> Result<bool> {
        let mut all = self.reached()?;
        let open = all
            .entry((alarm.kind.name(), alarm.subject.clone()))
            .or_insert(Open {
                text: String::new(),
                since: now,
                times: 0,
            });
        open.text.clone_from(&alarm.text);
        open.times += 1;
        Ok(open.times == 1)
    }

    async fn clear(&self, kind: Kind, subject: &str, _now: Time) -> Result<bool> {
        let ended = self.reached()?.remove(&(kind.name(), subject.to_owned()));
        Ok(ended.is_some())
    }

    async fn alarms(&self) -> Result<Vec<AlarmRow>> {
        let all = self.reached()?;
        let mut oldest_first: Vec<_> = all.iter().collect();
        // Those of one instant stay in the order of kind and subject.
        oldest_first.sort_by_key(|(_, open)| open.since);
        Ok(oldest_first
            .into_iter()
            .map(|((kind, subject), open)| AlarmRow {
                kind: (*kind).to_owned(),
                subject: subject.clone(),
                text: open.text.clone(),
                since: open.since.rfc3339(),
                times: open.times,
            })
            .collect())
    }
}
