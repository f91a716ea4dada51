//! What the model holds: all of a verification in one struct.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    alarms::Alarms,
    jobs::Job,
    lessons::Learned,
    medium::{Medium, SlotKey},
    requests::Request,
};
use crate::{
    domain::{
        access::Access,
        answer::{AnswerRow, Endpoint},
        attempt::Attempt,
        digest::Sha256,
        id::{KeyId, MediaId, VerificationId},
        identity::IdentityRow,
        installation::Installation,
        key::KeptKey,
        lease::{Lane, Lease, Stage},
        media::{MediaState, Slot},
        plan::{Missing, Proof},
        progress::Progress,
        quota,
        time::{Span, Time},
        token::State,
        traffic::{Came, Hour},
    },
    store::{
        Mailbox, Result, StoreError,
        records::{CallRow, KnownToken, NewVerification},
        reports::{EventReport, LossReport, Reconciliation, Submitted, Summary},
    },
};

/// Length of a period of [`Data::quota_use`], milliseconds.
const PERIOD_MS: i64 = 10_000;

/// Everything.
#[derive(Default)]
pub(super) struct Data {
    /// By verification_id.
    pub verifications: BTreeMap<VerificationId, Kept>,
    /// verification_id of those with something scheduled: the queue looks at no others.
    pub open: BTreeSet<VerificationId>,
    /// verification_id by verify_token.
    pub ids: BTreeMap<String, VerificationId>,
    /// Keys of objects that a row names.
    pub objects: BTreeSet<String>,
    pub alarms: Alarms,
    pub lessons: Learned,
    /// (calls, too_fast) by (period, app, endpoint).
    pub quota_use: BTreeMap<(i64, String, &'static str), (i64, i64)>,
    pub installation: Option<Installation>,
    pub keys: BTreeMap<KeyId, KeptKey>,
    /// By key of the API and `Idempotency-Key`.
    pub requests: BTreeMap<(KeyId, Sha256), Request>,
    pub accesses: Vec<Access>,
    pub quotas: BTreeMap<(String, Endpoint), quota::Row>,
    /// By name.
    pub jobs: BTreeMap<String, Job>,
    pub hours: BTreeMap<(Hour, String), Came>,
    pub reconciliations: Vec<Reconciliation>,
    /// By channel.
    pub mailboxes: BTreeMap<String, Mailbox>,
    /// When each process was last seen alive.
    pub beats: BTreeMap<String, (Time, Option<Span>)>,
}

/// A verification with all that is kept of it.
#[derive(Clone)]
pub(super) struct Kept {
    /// As it was told; its first step and its alarms mean nothing any more.
    pub told: NewVerification,
    pub state: State,
    pub missing: Vec<Missing>,
    pub proof: Option<Proof>,
    pub progress: Progress,
    /// What was handed in for it, what came of it, and of which key its index is.
    pub submitted: Option<(Submitted, Option<String>)>,
    pub least_left: Option<Span>,
    /// What is shown of it and read by no step; for the rest, the other fields stand.
    pub report: Summary,
    pub schedule: BTreeMap<Stage, Scheduled>,
    pub attempts: BTreeMap<i64, (Attempt, IdentityRow)>,
    pub captured: BTreeMap<i64, Time>,
    pub media: BTreeMap<SlotKey, Medium>,
    pub answers: Vec<AnswerRow>,
    /// By (endpoint, result, code).
    pub call_sums: BTreeMap<(&'static str, &'static str, Option<String>), Sum>,
    pub events: Vec<EventReport>,
    pub losses: Vec<LossReport>,
}

/// When a stage of a verification is due, and who holds it.
#[derive(Clone)]
pub(super) struct Scheduled {
    pub due_at: Time,
    pub deadline: Time,
    pub lane: Lane,
    /// (token, until).
    pub lease: Option<(String, Time)>,
    pub claims: i64,
    pub woken: bool,
}

/// Calls that came to the same.
#[derive(Clone)]
pub(super) struct Sum {
    pub calls: i64,
    pub first_at: Time,
    pub last_at: Time,
}

impl Data {
    /// Of a verify_token or a verification_id.
    pub(super) fn find(&self, handle: &str) -> Option<&Kept> {
        let by_id = || handle.parse().ok();
        let id = self.ids.get(handle).copied().or_else(by_id)?;
        self.verifications.get(&id)
    }

    /// A copy of the verification whose lease holds, to be changed and [put back](Data::put).
    pub(super) fn held(&self, lease: &Lease) -> Result<Kept> {
        let kept = self.verifications.get(&lease.verification_id);
        kept.filter(|kept| kept.holds(lease))
            .cloned()
            .ok_or(StoreError::LeaseLost)
    }

    /// Puts a verification in the place of what was kept of it; brings the objects that were named
    /// before, and no longer are.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it names an object that another row names; then nothing changes.
    pub(super) fn put(&mut self, kept: Kept) -> Result<BTreeSet<String>> {
        let id = kept.told.verification.verification_id;
        let before = self
            .verifications
            .get(&id)
            .map(Kept::objects)
            .unwrap_or_default();
        let now = kept.objects();
        if now
            .difference(&before)
            .any(|key| self.objects.contains(key))
        {
            return Err(StoreError::Corrupt(
                "an object belongs to one row".to_owned(),
            ));
        }
        for key in &before {
            self.objects.remove(key);
        }
        self.objects.extend(now.iter().cloned());
        self.verifications.insert(id, kept);
        self.sort(id);
        Ok(before.difference(&now).cloned().collect())
    }

    /// Those of the keys that no row names.
    pub(super) fn unnamed(&self, mut keys: BTreeSet<String>) -> Vec<String> {
        keys.retain(|key| !self.objects.contains(key));
        keys.into_iter().collect()
    }

    /// Notes whether anything of a verification is scheduled: to be said after each change of it.
    pub(super) fn sort(&mut self, id: VerificationId) {
        let kept = self.verifications.get(&id);
        if kept.is_some_and(|kept| !kept.schedule.is_empty()) {
            self.open.insert(id);
        } else {
            self.open.remove(&id);
        }
    }

    /// Those with something scheduled, by verification_id.
    pub(super) fn open(&self) -> impl Iterator<Item = (&VerificationId, &Kept)> {
        let ids = self.open.iter();
        ids.filter_map(|id| self.verifications.get_key_value(id))
    }

    /// Counts calls for the use of the quota.
    pub(super) fn use_quota(&mut self, calls: &[CallRow]) {
        for call in calls {
            let key = (period(call.at), call.app.clone(), call.endpoint.name());
            let (calls, too_fast) = self.quota_use.entry(key).or_default();
            *calls += 1;
            *too_fast += i64::from(call.result == "too_fast");
        }
    }

    pub(super) fn events(&self) -> Vec<EventReport> {
        let all = self.verifications.values();
        all.flat_map(|kept| kept.events.iter().cloned()).collect()
    }

    pub(super) fn rows(&self) -> BTreeMap<&'static str, usize> {
        let sum = |count: fn(&Kept) -> usize| self.verifications.values().map(count).sum();
        let notices = self.mailboxes.values().map(|one| one.notices.len());
        BTreeMap::from([
            ("verifications", self.verifications.len()),
            ("schedule", sum(|kept| kept.schedule.len())),
            ("attempts", sum(|kept| kept.attempts.len())),
            ("submissions", sum(|kept| kept.submitted.iter().count())),
            ("answers", sum(|kept| kept.answers.len())),
            ("media", sum(|kept| kept.media.len())),
            ("events", sum(|kept| kept.events.len())),
            ("quota_use", self.quota_use.len()),
            ("unused_signatures", self.lessons.unused.len()),
            ("filmed_plans", self.lessons.filmed.len()),
            ("data_seen", self.lessons.data_seen.len()),
            ("alarms", self.alarms.len()),
            ("api_keys", self.keys.len()),
            ("requests", self.requests.len()),
            ("accesses", self.accesses.len()),
            ("quotas", self.quotas.len()),
            ("jobs", self.jobs.len()),
            ("hours", self.hours.len()),
            ("reconciliations", self.reconciliations.len()),
            ("mailboxes", self.mailboxes.len()),
            ("notices", notices.sum()),
        ])
    }
}

impl Kept {
    /// As it is known to whoever has its token.
    pub(super) fn known(&self) -> KnownToken {
        let told = &self.told;
        KnownToken {
            verification_id: told.verification.verification_id,
            app: told.verification.app.clone(),
            issued_at: told.verification.issued_at,
            issued_at_told: told.issued_at_told,
            plan_id: told.verification.plan_id.clone(),
            reference: told.reference.clone(),
            state: self.state,
            missing: self.missing.clone(),
            media_deadline: told.media_deadline,
            record_deadline: told.record_deadline,
        }
    }

    pub(super) fn holds(&self, lease: &Lease) -> bool {
        let scheduled = self.schedule.get(&lease.stage);
        scheduled
            .and_then(|scheduled| scheduled.lease.as_ref())
            .is_some_and(|(token, _)| *token == lease.token)
    }

    /// Releases the lease of a stage that is done for now; true when it was woken meanwhile, and so
    /// is due at once, whatever `next` says.
    pub(super) fn complete(
        &mut self,
        stage: Stage,
        at: Time,
        next: Option<(Time, Time, Lane)>,
    ) -> bool {
        let Some(scheduled) = self.schedule.get_mut(&stage) else {
            return false;
        };
        let due_at = next.map_or(at, |(due_at, _, _)| due_at);
        let woken = std::mem::take(&mut scheduled.woken);
        *scheduled = Scheduled {
            due_at: if woken { due_at.min(at) } else { due_at },
            deadline: next.map_or(scheduled.deadline, |(_, deadline, _)| deadline),
            lane: next.map_or(scheduled.lane, |(_, _, lane)| lane),
            lease: None,
            claims: 0,
            woken: false,
        };
        woken
    }

    /// Makes a stage due at an instant. One that is leased stays with its holder and is due again as
    /// soon as that is done.
    pub(super) fn wake(&mut self, stage: Stage, at: Time) {
        if let Some(scheduled) = self.schedule.get_mut(&stage) {
            if !scheduled.is_leased_at(at) {
                scheduled.due_at = scheduled.due_at.min(at);
            }
            scheduled.woken = scheduled.lease.is_some();
        }
    }

    /// Tells whoever holds a stage that there is something that it did not know of.
    pub(super) fn tell(&mut self, stage: Stage) {
        if let Some(scheduled) = self.schedule.get_mut(&stage) {
            scheduled.woken |= scheduled.lease.is_some();
        }
    }

    pub(super) fn wants_media(&self) -> bool {
        let mut media = self.media.values();
        media.any(|medium| medium.row.state == MediaState::Wanted)
    }

    /// The medium of this name.
    pub(super) fn medium(&mut self, media_id: MediaId) -> Option<&mut Medium> {
        let mut media = self.media.values_mut();
        media.find(|medium| medium.row.media_id == media_id)
    }

    /// Notes how little time was left, where it is the least so far.
    pub(super) fn time_left(&mut self, deadline: Time, at: Time) {
        let left = deadline.since(at);
        self.least_left = Some(self.least_left.map_or(left, |least| least.min(left)));
    }

    /// The deadline of a medium.
    pub(super) fn deadline_of(&self, slot: &Slot) -> Time {
        if slot.kind.has_short_life() {
            self.told.media_deadline
        } else {
            self.told.record_deadline
        }
    }

    /// Adds calls to its sums.
    pub(super) fn sum_up(&mut self, calls: &[CallRow]) {
        for call in calls {
            let key = (call.endpoint.name(), call.result, call.code.clone());
            let sum = self.call_sums.entry(key).or_insert(Sum {
                calls: 0,
                first_at: call.at,
                last_at: call.at,
            });
            sum.calls += 1;
            sum.first_at = sum.first_at.min(call.at);
            sum.last_at = sum.last_at.max(call.at);
        }
    }

    fn objects(&self) -> BTreeSet<String> {
        let answers = self.answers.iter().filter_map(|one| one.body.object());
        let answers = answers.map(|object| &object.object_key);
        let media = self
            .media
            .values()
            .filter_map(|medium| medium.row.object.as_ref().map(|object| &object.object_key));
        answers.chain(media).cloned().collect()
    }
}

impl Scheduled {
    /// Due at an instant, and nobody's.
    pub(super) const fn due(due_at: Time, deadline: Time, lane: Lane) -> Self {
        Self {
            due_at,
            deadline,
            lane,
            lease: None,
            claims: 0,
            woken: false,
        }
    }

    /// Whether a lease runs beyond `at`.
    pub(super) fn is_leased_at(&self, at: Time) -> bool {
        self.lease.as_ref().is_some_and(|(_, until)| *until > at)
    }
}

/// The period of the quota that an instant falls into.
pub(super) const fn period(at: Time) -> i64 {
    at.0.div_euclid(PERIOD_MS)
}
