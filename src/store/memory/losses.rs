//! What was lost, a row a thing.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{
    MemoryStore,
    alarms::Raised,
    data::{Data, Kept},
};
use crate::{
    domain::{
        alarm::{Ends, Kind, QUIET},
        lease::Stage,
        media::MediaState,
        time::Time,
        token::State,
    },
    store::{
        ANYBODY, Losses, Result,
        reports::{Acknowledgement, AlarmRow, LossFilter, LossReport},
    },
};

#[async_trait]
impl Losses for MemoryStore {
    async fn losses(&self, filter: &LossFilter, limit: i64) -> Result<Vec<LossReport>> {
        self.verb(|data| {
            let newest_first = data.verifications.values().rev();
            let mut losses: Vec<LossReport> = newest_first
                .flat_map(Kept::losses)
                .filter(|loss| passes(loss, filter))
                .collect();
            losses.sort_by_key(|loss| std::cmp::Reverse(loss.lost_at));
            losses.truncate(usize::try_from(limit).unwrap_or(0));
            Ok(losses)
        })
    }

    async fn acknowledge_losses(&self, filter: &LossFilter, seen: &Acknowledgement) -> Result<i64> {
        self.verb(|data| {
            let mut noted = 0;
            for kept in data.verifications.values_mut() {
                let of_app = filter
                    .app
                    .as_ref()
                    .is_none_or(|app| *app == kept.told.verification.app);
                for loss in kept.losses.iter_mut().filter(|_| of_app) {
                    if loss.acknowledged_at.is_none() && is_meant(loss, filter) {
                        loss.acknowledged_at = Some(seen.at);
                        loss.acknowledged_by = Some(seen.by.clone());
                        loss.note = Some(seen.note.clone());
                        noted += 1;
                    }
                }
            }
            Ok(noted)
        })
    }
}

fn passes(loss: &LossReport, filter: &LossFilter) -> bool {
    filter.app.as_ref().is_none_or(|app| *app == loss.app)
        && is_meant(loss, filter)
        && !(filter.open && loss.acknowledged_at.is_some())
}

/// Whether it is of the cause and the time.
fn is_meant(loss: &LossReport, filter: &LossFilter) -> bool {
    filter.cause.is_none_or(|cause| cause == loss.cause)
        && filter.until.is_none_or(|until| loss.lost_at <= until)
}

impl Data {
    /// Open alarms and losses, oldest first.
    pub(super) fn open_alarms(&self) -> Vec<AlarmRow> {
        let mut open = self.loss_alarms();
        open.extend(self.alarms.open());
        AlarmRow::sort(&mut open);
        open
    }

    /// Ends alarms that are over; brings how many.
    pub(super) fn end_alarms(&mut self, now: Time) -> i64 {
        let over: Vec<(Kind, String, String)> = (self.alarms.raised())
            .filter(|raised| !self.stands(raised, now))
            .map(|raised| {
                let Raised {
                    alarm, instance, ..
                } = raised;
                (alarm.kind, alarm.subject.clone(), instance.clone())
            })
            .collect();
        for (kind, subject, instance) in &over {
            self.alarms.clear_of(*kind, subject, instance, now);
        }
        i64::try_from(over.len()).unwrap_or(i64::MAX)
    }

    /// Whether what an alarm tells of goes on, as far as the rows tell.
    fn stands(&self, raised: &Raised, now: Time) -> bool {
        let mut open = self.open();
        let Raised {
            alarm, instance, ..
        } = raised;
        match alarm.kind.ends() {
            Ends::Usual => true,
            Ends::Acknowledged => raised.seen.is_none(),
            Ends::Quiet => raised.last_at > now.minus(QUIET),
            Ends::Seen => *instance == ANYBODY || self.is_alive(instance, now),
            Ends::Answered => open.any(|(_, kept)| kept.told.verification.app == alarm.subject),
            Ends::Settled => open.any(|(id, _)| id.to_string() == alarm.subject),
            Ends::Assigned => self.find(&alarm.subject).is_some_and(|kept| {
                let is_open = !kept.state.is_settled() || kept.state == State::Rejected;
                is_open && kept.told.record_deadline > now
            }),
            Ends::Fetched(causes) => open.any(|(_, kept)| {
                kept.told.verification.app == alarm.subject
                    && kept.schedule.contains_key(&Stage::Download)
                    && kept.media.values().any(|medium| {
                        let fails = medium.row.fails;
                        medium.row.state == MediaState::Wanted
                            && fails.is_some_and(|fails| causes.contains(&fails.cause))
                    })
            }),
        }
    }

    /// What nobody has taken note of, an alarm an app and cause.
    pub(super) fn loss_alarms(&self) -> Vec<AlarmRow> {
        let mut open: BTreeMap<(String, &'static str), (Time, i64)> = BTreeMap::new();
        for loss in self.verifications.values().flat_map(Kept::losses) {
            if loss.acknowledged_at.is_none() {
                let key = (loss.app, loss.cause.name());
                let (since, things) = open.entry(key).or_insert((loss.lost_at, 0));
                *since = loss.lost_at.min(*since);
                *things += 1;
            }
        }
        open.into_iter()
            .map(|((app, cause), (since, things))| AlarmRow::of_losses(&app, cause, since, things))
            .collect()
    }
}

impl Kept {
    /// Notes what is missing as lost, where it ended so.
    pub(super) fn lose(&mut self, at: Time) {
        if !self.state.is_loss() {
            return;
        }
        let facts = &self.told.verification;
        let lost = self.missing.iter().map(|one| LossReport {
            verification_id: facts.verification_id,
            app: facts.app.clone(),
            plan_id: facts.plan_id.clone(),
            reference: self.told.reference.clone(),
            what: one.what.clone(),
            attempt_no: one.attempt_no,
            cause: one.reason.cause,
            why: one.why.clone(),
            from_at: one.reason.from,
            to_at: one.reason.to,
            lost_at: at,
            acknowledged_at: None,
            acknowledged_by: None,
            note: None,
        });
        self.losses = lost.collect();
    }

    /// Those of it.
    fn losses(&self) -> impl Iterator<Item = LossReport> {
        // It may have been given to another app in the same step.
        let app = &self.told.verification.app;
        self.losses.iter().map(|loss| LossReport {
            app: app.clone(),
            ..loss.clone()
        })
    }
}
