//! Alarms: one of a kind and subject is open at a time.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    domain::{
        alarm::{Alarm, Kind},
        time::Time,
    },
    store::{
        AlarmStore, Result,
        reports::{Acknowledgement, AlarmRow},
    },
};

/// Those that were raised, open or not.
#[derive(Default)]
pub(super) struct Alarms(Vec<Raised>);

struct Raised {
    alarm: Alarm,
    since: Time,
    times: i64,
    is_open: bool,
    seen: Option<Acknowledgement>,
}

#[async_trait]
impl AlarmStore for MemoryStore {
    async fn raise(&self, alarm: &Alarm, now: Time) -> Result<bool> {
        self.verb(|data| Ok(data.alarms.raise(alarm, now)))
    }

    async fn clear(&self, kind: Kind, subject: &str, _now: Time) -> Result<bool> {
        self.verb(|data| Ok(data.alarms.clear(kind, subject)))
    }

    async fn acknowledge(&self, alarm_id: i64, seen: &Acknowledgement) -> Result<bool> {
        self.verb(|data| Ok(data.alarms.acknowledge(alarm_id, seen)))
    }

    async fn end_alarms(&self, _now: Time) -> Result<i64> {
        self.verb(|data| Ok(data.end_alarms()))
    }

    async fn alarms(&self) -> Result<Vec<AlarmRow>> {
        self.verb(|data| Ok(data.open_alarms()))
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
            seen: None,
        });
        true
    }

    /// Ends an alarm; true when one was open.
    pub(super) fn clear(&mut self, kind: Kind, subject: &str) -> bool {
        let open = self.open_one(kind, subject);
        open.is_some_and(|open| std::mem::take(&mut open.is_open))
    }

    /// Notes that a person has seen one; its number is its place.
    fn acknowledge(&mut self, alarm_id: i64, seen: &Acknowledgement) -> bool {
        let at = usize::try_from(alarm_id - 1).ok();
        let raised = at.and_then(|at| self.0.get_mut(at));
        raised
            .filter(|raised| raised.is_open)
            .is_some_and(|raised| {
                raised.seen = Some(seen.clone());
                true
            })
    }

    /// Open alarms, in the order they were raised.
    pub(super) fn open(&self) -> impl Iterator<Item = AlarmRow> {
        let open = (1..).zip(&self.0).filter(|(_, raised)| raised.is_open);
        open.map(|(alarm_id, raised)| AlarmRow {
            alarm_id: Some(alarm_id),
            kind: raised.alarm.kind.name().to_owned(),
            subject: raised.alarm.subject.clone(),
            text: raised.alarm.text.clone(),
            since: raised.since,
            times: raised.times,
            acknowledged_at: raised.seen.as_ref().map(|seen| seen.at),
            acknowledged_by: raised.seen.as_ref().map(|seen| seen.by.clone()),
            note: raised.seen.as_ref().map(|seen| seen.note.clone()),
        })
    }

    /// Those that are open, as they were raised.
    pub(super) fn raised(&self) -> impl Iterator<Item = &Alarm> {
        let open = self.0.iter().filter(|raised| raised.is_open);
        open.map(|raised| &raised.alarm)
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
