//! Alarms: one of a kind and subject is open at a time.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    domain::{
        alarm::{Alarm, Kind, Scope},
        loss::Outage,
        notice::Standing,
        time::Time,
    },
    store::{
        ANYBODY, AlarmStore, Result,
        reports::{Acknowledgement, AlarmRow},
    },
};

/// Those that were raised, open or not.
#[derive(Default)]
pub(super) struct Alarms(Vec<Raised>);

/// One as it was raised, and what became of it.
pub(super) struct Raised {
    pub alarm: Alarm,
    pub instance: String,
    since: Time,
    pub last_at: Time,
    times: i64,
    ended_at: Option<Time>,
    heard: bool,
    pub seen: Option<Acknowledgement>,
}

#[async_trait]
impl AlarmStore for MemoryStore {
    async fn raise(&self, alarm: &Alarm, instance: &str, now: Time) -> Result<bool> {
        self.verb(|data| Ok(data.alarms.raise_of(alarm, instance, now)))
    }

    async fn clear(&self, kind: Kind, subject: &str, instance: &str, now: Time) -> Result<bool> {
        self.verb(|data| Ok(data.alarms.clear_of(kind, subject, instance, now)))
    }

    async fn acknowledge(&self, alarm_id: i64, seen: &Acknowledgement) -> Result<bool> {
        self.verb(|data| Ok(data.alarms.acknowledge(alarm_id, seen)))
    }

    async fn end_alarms(&self, now: Time) -> Result<i64> {
        self.verb(|data| Ok(data.end_alarms(now)))
    }

    async fn outages(&self, app: &str, from: Time, to: Time) -> Result<Vec<Outage>> {
        self.verb(|data| Ok(data.alarms.outages(app, from, to)))
    }

    async fn alarms(&self) -> Result<Vec<AlarmRow>> {
        self.verb(|data| Ok(data.open_alarms()))
    }
}

impl Alarms {
    /// Raises an alarm whose end anybody sees; true when none of its kind and subject was open.
    pub(super) fn raise(&mut self, alarm: &Alarm, now: Time) -> bool {
        self.raise_of(alarm, ANYBODY, now)
    }

    fn raise_of(&mut self, alarm: &Alarm, instance: &str, now: Time) -> bool {
        if let Some(open) = self.open_one(alarm.kind, &alarm.subject, instance) {
            open.alarm.text.clone_from(&alarm.text);
            open.last_at = now;
            open.times += 1;
            return false;
        }
        self.0.push(Raised {
            alarm: alarm.clone(),
            instance: instance.to_owned(),
            since: now,
            last_at: now,
            times: 1,
            ended_at: None,
            heard: false,
            seen: None,
        });
        true
    }

    /// Ends an alarm whose end anybody sees; true when one was open.
    pub(super) fn clear(&mut self, kind: Kind, subject: &str, now: Time) -> bool {
        self.clear_of(kind, subject, ANYBODY, now)
    }

    /// Ends an alarm of that instance; true when one was open.
    pub(super) fn clear_of(
        &mut self,
        kind: Kind,
        subject: &str,
        instance: &str,
        now: Time,
    ) -> bool {
        let open = self.open_one(kind, subject, instance);
        open.is_some_and(|open| open.ended_at.replace(now).is_none())
    }

    fn outages(&self, app: &str, from: Time, to: Time) -> Vec<Outage> {
        let at_that_time = |raised: &&Raised| {
            raised.since < to && raised.ended_at.is_none_or(|ended_at| ended_at > from)
        };
        let outage = |raised: &Raised| {
            let Alarm { kind, subject, .. } = &raised.alarm;
            let touched = kind.scope() == Scope::Service || subject == app;
            kind.cause().filter(|_| touched).map(|cause| Outage {
                cause,
                from: raised.since,
                to: raised.ended_at,
            })
        };
        let mut raised: Vec<&Raised> = self.0.iter().filter(at_that_time).collect();
        raised.sort_by_key(|raised| {
            (
                raised.since,
                raised.alarm.kind.name(),
                raised.alarm.subject.clone(),
            )
        });
        raised.into_iter().filter_map(outage).collect()
    }

    /// Notes that a person has seen one; its number is its place.
    fn acknowledge(&mut self, alarm_id: i64, seen: &Acknowledgement) -> bool {
        let at = usize::try_from(alarm_id - 1).ok();
        let raised = at.and_then(|at| self.0.get_mut(at));
        raised
            .filter(|raised| raised.ended_at.is_none())
            .is_some_and(|raised| {
                raised.seen = Some(seen.clone());
                true
            })
    }

    /// Open alarms, in the order they were raised.
    pub(super) fn open(&self) -> impl Iterator<Item = AlarmRow> {
        let open = (1..)
            .zip(&self.0)
            .filter(|(_, raised)| raised.ended_at.is_none());
        open.map(|(alarm_id, raised)| AlarmRow {
            alarm_id: Some(alarm_id),
            kind: raised.alarm.kind.name().to_owned(),
            subject: raised.alarm.subject.clone(),
            instance: Some(raised.instance.clone()).filter(|instance| instance != ANYBODY),
            text: raised.alarm.text.clone(),
            since: raised.since,
            times: raised.times,
            acknowledged_at: raised.seen.as_ref().map(|seen| seen.at),
            acknowledged_by: raised.seen.as_ref().map(|seen| seen.by.clone()),
            note: raised.seen.as_ref().map(|seen| seen.note.clone()),
        })
    }

    /// Those that no channel has heard of.
    pub(super) fn unheard(&self) -> Vec<(i64, Standing)> {
        let unheard = (1..).zip(&self.0).filter(|(_, raised)| !raised.heard);
        let standing = |raised: &Raised| Standing {
            kind: raised.alarm.kind,
            subject: raised.alarm.subject.clone(),
            text: raised.alarm.text.clone(),
            since: raised.since,
            times: raised.times,
            acknowledged: raised.seen.is_some(),
            ended_at: raised.ended_at,
        };
        unheard
            .map(|(alarm_id, raised)| (alarm_id, standing(raised)))
            .collect()
    }

    /// Notes that these were heard of.
    pub(super) fn hear(&mut self, alarm_ids: &[i64]) {
        for (alarm_id, raised) in (1..).zip(&mut self.0) {
            raised.heard |= alarm_ids.contains(&alarm_id);
        }
    }

    /// Those that are open.
    pub(super) fn raised(&self) -> impl Iterator<Item = &Raised> {
        self.0.iter().filter(|raised| raised.ended_at.is_none())
    }

    /// How many were raised ever.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    fn open_one(&mut self, kind: Kind, subject: &str, instance: &str) -> Option<&mut Raised> {
        self.0.iter_mut().find(|raised| {
            raised.ended_at.is_none()
                && raised.alarm.kind == kind
                && raised.alarm.subject == subject
                && raised.instance == instance
        })
    }
}
