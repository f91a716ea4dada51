//! Waking what waits for a person.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{
    MemoryStore,
    data::{Data, Kept, Scheduled},
};
use crate::{
    domain::{
        alarm::Kind,
        id::VerificationId,
        lease::{Lane, Stage},
        media::{MediaState, Source},
        time::Time,
        token::State,
    },
    store::{
        Result, Retries, moves::given, records::RetryVerdict, reports::EventReport, rows::storable,
    },
};

#[async_trait]
impl Retries for MemoryStore {
    async fn retry(
        &self,
        tokens: &[String],
        app: Option<&str>,
        actor: &str,
        now: Time,
    ) -> Result<Vec<RetryVerdict>> {
        self.verb(|data| Ok(data.retry(tokens, app, actor, now)))
    }
}

impl Data {
    fn retry(
        &mut self,
        handles: &[String],
        app: Option<&str>,
        actor: &str,
        now: Time,
    ) -> Vec<RetryVerdict> {
        // Each once, however often it is named.
        let mut verdicts: BTreeMap<VerificationId, RetryVerdict> = BTreeMap::new();
        let verdict = |handle: &String| {
            let Some(kept) = self.find(&storable(handle)) else {
                return RetryVerdict::Unknown;
            };
            let verification_id = kept.told.verification.verification_id;
            if let Some(verdict) = verdicts.get(&verification_id) {
                return verdict.clone();
            }
            let is_moved = app.is_some_and(|app| app != kept.told.verification.app);
            let deadline = kept.told.record_deadline;
            let verdict = RetryVerdict::of(verification_id, kept.state, deadline, is_moved, now);
            if let (RetryVerdict::Woken { .. }, Some(kept)) =
                (&verdict, self.verifications.get_mut(&verification_id))
            {
                kept.reopen(app, actor, now);
                self.sort(verification_id);
                self.alarms
                    .clear(Kind::WrongApp, &verification_id.to_string(), now);
            }
            verdicts.insert(verification_id, verdict.clone());
            verdict
        };
        handles.iter().map(verdict).collect()
    }
}

impl Kept {
    /// Opens it again, gives it to `app`, forgets what stood in the way, and makes both stages due
    /// now: the poll always, the download where something is wanted.
    fn reopen(&mut self, app: Option<&str>, actor: &str, now: Time) {
        let mut detail = format!("was {}", self.state.name());
        let owner = &mut self.told.verification.app;
        if let Some(app) = app.filter(|app| app != owner) {
            detail.push_str(&format!(", {}", given(owner, app)));
            app.clone_into(owner);
        }
        self.events.push(EventReport {
            at: now,
            actor: actor.to_owned(),
            what: "retry".to_owned(),
            detail,
        });
        if self.state.is_settled() {
            self.state = if self.attempts.is_empty() {
                State::Waiting
            } else {
                State::Collecting
            };
        }
        self.report.settled_at = None;
        self.missing.clear();
        self.proof = None;
        self.losses.clear();
        self.progress.wake(now);
        for medium in self.media.values_mut() {
            let is_elsewhere = medium.row.slot.source != Source::Submitted;
            if is_elsewhere && medium.row.state == MediaState::Lost {
                medium.row.state = MediaState::Wanted;
                medium.lost_reason = None;
            }
        }
        let deadline = if now < self.told.media_deadline {
            self.told.media_deadline
        } else {
            self.told.record_deadline
        };
        for stage in [Stage::Poll, Stage::Download] {
            self.wake(stage, now);
            if stage == Stage::Poll || self.wants_media() {
                let due = Scheduled::due(now, deadline, Lane::Living);
                self.schedule.entry(stage).or_insert(due);
            }
        }
    }
}
