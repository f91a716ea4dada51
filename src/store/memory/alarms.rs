//! Alarms: one of a kind and subject is open at a time.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    domain::{
        alarm::{Alarm, Kind},
        time::Time,
    },
    store::{AlarmStore, Result, reports::AlarmRow},
};

/// Those that were raised, open or not.
#[derive(Default)]
pub(super) struct Alarms(Vec<Raised>);

struct Raised {
    alarm: Alarm,
    since: Time,
    times: i64,
    is_open: bool,
}

#[async_trait]
impl AlarmStore for MemoryStore {
    async fn raise(&self, alarm: &Alarm, now: Time) -> Result<bool> {
        self.verb(|data| Ok(data.alarms.raise(alarm, now)))
    }

    async fn clear(&self, kind: Kind, subject: &str, _now: Time) -> Result<bool> {
        self.verb(|data| Ok(data.alarms.clear(kind, subject)))
    }

    async fn alarms(&self) -> Result<Vec<AlarmRow>> {
        self.verb(|data| Ok(data.alarms.open()))
    }
}

impl Alarms {
    /// Raises an alarm; true when none of its kind and subject was open.
    pub(super) fn raise(&mut self, alarm: &Alarm, now: Time) -> bool {
        if let Some(open) = self.open_one(alarm.kind, &alarm.subject) {
            open.alarm.text.clone_from(&alarm.text);
            open.times += 1;
            return false;
        }
        self.0.push(Raised {
            alarm: alarm.clone(),
            since: now,
            times: 1,
            is_open: true,
        });
        true
    }

    /// Ends an alarm; true when one was open.
    pub(super) fn clear(&mut self, kind: Kind, subject: &str) -> bool {
        let open = self.open_one(kind, subject);
        open.is_some_and(|open| std::mem::take(&mut open.is_open))
    }

    /// Open alarms, oldest first.
    pub(super) fn open(&self) -> Vec<AlarmRow> {
        let mut open: Vec<&Raised> = self.0.iter().filter(|raised| raised.is_open).collect();
        open.sort_by_key(|raised| {
            (
                raised.since,
                raised.alarm.kind.name(),
                &raised.alarm.subject,
            )
        });
        open.into_iter()
            .map(|raised| AlarmRow {
                kind: raised.alarm.kind.name().to_owned(),
                subject: raised.alarm.subject.clone(),
                text: raised.alarm.text.clone(),
                since: raised.since,
                times: raised.times,
            })
            .collect()
    }

    /// How many were raised ever.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    fn open_one(&mut self, kind: Kind, subject: &str) -> Option<&mut Raised> {
        self.0.iter_mut().find(|raised| {
            raised.is_open && raised.alarm.kind == kind && raised.alarm.subject == subject
        })
    }
}
