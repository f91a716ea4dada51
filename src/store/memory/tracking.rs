//! Tracking tokens: idempotent, and nothing that is known is overwritten.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{
    MemoryStore,
    data::{Data, Kept, Scheduled},
    medium::{Medium, key},
};
use crate::{
    domain::{
        id::VerificationId,
        lease::Stage,
        media::{MediaState, Slot},
        progress::Progress,
        secret::Secret,
        submission::Submission,
        token::Late,
    },
    store::{
        Result, StoreError, Tracking,
        records::{MatchImage, NewVerification, Next, TrackVerdict},
        reports::{EventReport, Submitted, Summary},
        rows::storable,
    },
};

#[async_trait]
impl Tracking for MemoryStore {
    async fn track(&self, rows: Vec<NewVerification>) -> Result<Vec<TrackVerdict>> {
        self.verb(|data| {
            let rows: Vec<_> = rows.into_iter().map(cleaned).collect();
            let taken = |told: &NewVerification| {
                let facts = &told.verification;
                !data.ids.contains_key(facts.verify_token.reveal())
                    && data.verifications.contains_key(&facts.verification_id)
            };
            if rows.iter().any(taken) {
                return Err(StoreError::Corrupt(
                    "another token has this verification_id".to_owned(),
                ));
            }
            Ok(rows.into_iter().map(|told| data.track(told)).collect())
        })
    }

    async fn submit(&self, verification_id: VerificationId, submission: &Submission) -> Result<()> {
        self.verb(|data| {
            if let Some(kept) = data.verifications.get_mut(&verification_id) {
                kept.submitted.get_or_insert_with(|| submitted(submission));
            }
            Ok(())
        })
    }

    async fn end_submission(
        &self,
        verification_id: VerificationId,
        refused: Option<&str>,
    ) -> Result<()> {
        self.verb(|data| {
            let kept = data.verifications.get_mut(&verification_id);
            if let Some((submitted, _)) = kept.and_then(|kept| kept.submitted.as_mut()) {
                submitted.taken = Some(refused.is_none());
                submitted.refused = refused.map(storable);
            }
            Ok(())
        })
    }

    async fn keep_match_image(
        &self,
        verification_id: VerificationId,
        image: &MatchImage,
    ) -> Result<()> {
        self.verb(|data| {
            let Some(mut kept) = data.verifications.get(&verification_id).cloned() else {
                return Ok(());
            };
            let slot = Slot::match_image();
            let medium = || of_image(image, slot.clone());
            kept.media.entry(key(&slot)).or_insert_with(medium);
            data.put(kept).map(drop)
        })
    }
}

fn of_image(image: &MatchImage, slot: Slot) -> Medium {
    match image {
        MatchImage::Stored(stored) => {
            let mut medium = Medium::wanted(stored.media_id, slot);
            medium.fill(stored.clone());
            medium
        }
        MatchImage::Lost {
            media_id,
            reason,
            why,
        } => {
            let mut medium = Medium::wanted(*media_id, slot);
            medium.row.state = MediaState::Lost;
            medium.row.fails = Some(*reason);
            medium.lost_reason = Some(storable(why));
            medium
        }
    }
}

fn submitted(submission: &Submission) -> (Submitted, Option<String>) {
    let (name, id_number) = submission.plain.clone().unzip();
    let submitted = Submitted {
        at: submission.at,
        certificate_type: submission.certificate_type,
        name_masked: storable(&submission.name_masked),
        id_number_masked: storable(&submission.id_number_masked),
        id_number_index: submission.id_number_index.clone(),
        name: name.as_deref().map(storable),
        id_number: id_number.as_deref().map(storable),
        taken: None,
        refused: None,
    };
    (submitted, submission.index_key_id.clone())
}

impl Data {
    fn track(&mut self, told: NewVerification) -> TrackVerdict {
        let token = told.verification.verify_token.reveal();
        let id = self.ids.get(token).copied();
        if let Some(kept) = id.and_then(|id| self.verifications.get_mut(&id)) {
            return kept.told_again(&told);
        }
        let (now, id) = (
            told.verification.tracked_at,
            told.verification.verification_id,
        );
        let verdict = TrackVerdict::New {
            verification_id: id,
            late: Late::at(now, told.media_deadline, told.record_deadline),
        };
        self.ids.insert(token.to_owned(), id);
        self.verifications.insert(id, Kept::new(told));
        self.sort(id);
        verdict
    }
}

impl Kept {
    fn new(told: NewVerification) -> Self {
        let (state, missing, schedule) = match &told.next {
            Next::Due {
                due_at,
                deadline,
                state,
                lane,
            } => {
                let poll = (Stage::Poll, Scheduled::due(*due_at, *deadline, *lane));
                (*state, Vec::new(), BTreeMap::from([poll]))
            }
            Next::Settled { outcome, missing } => {
                (outcome.state(), missing.clone(), BTreeMap::new())
            }
        };
        let mut kept = Self {
            proof: None,
            report: Summary::begin(&told),
            told,
            state,
            missing,
            progress: Progress::default(),
            submitted: None,
            least_left: None,
            schedule,
            attempts: BTreeMap::new(),
            captured: BTreeMap::new(),
            media: BTreeMap::new(),
            answers: Vec::new(),
            call_sums: BTreeMap::new(),
            events: Vec::new(),
            losses: Vec::new(),
        };
        kept.lose(kept.told.verification.tracked_at);
        kept
    }

    fn told_again(&mut self, told: &NewVerification) -> TrackVerdict {
        let facts = &told.verification;
        let differs = self.known().differs(
            &facts.app,
            told.issued_at_told.then_some(facts.issued_at),
            facts.plan_id.as_deref(),
            told.reference.as_deref(),
        );
        let verification_id = self.told.verification.verification_id;
        if let Some(field) = differs.into_iter().next() {
            return TrackVerdict::Conflict {
                verification_id: Some(verification_id),
                field,
            };
        }
        if told.issued_at_told && !self.told.issued_at_told && !self.state.is_settled() {
            self.found(told);
        }
        TrackVerdict::Known {
            verification_id,
            state: self.state,
        }
    }

    /// Replaces a time of issue that was only assumed by the one told, with what follows from it. It
    /// is asked for again no later than it would be had the time been told at once.
    fn found(&mut self, told: &NewVerification) {
        let (now, issued_at) = (told.verification.tracked_at, told.verification.issued_at);
        let assumed = std::mem::replace(&mut self.told.verification.issued_at, issued_at);
        self.told.issued_at_told = true;
        self.told.media_deadline = told.media_deadline;
        self.told.record_deadline = told.record_deadline;
        for scheduled in self.schedule.values_mut() {
            scheduled.deadline = scheduled.deadline.min(told.media_deadline);
        }
        let due_at = match told.next {
            Next::Due { due_at, .. } => due_at,
            Next::Settled { .. } => now,
        };
        self.wake(Stage::Poll, due_at);
        self.events.push(EventReport {
            at: now,
            actor: told.tracked_by.clone(),
            what: "issued_at".to_owned(),
            detail: format!("{assumed} was assumed, {issued_at} is told"),
        });
    }
}

/// As a database can store it.
fn cleaned(mut told: NewVerification) -> NewVerification {
    let facts = &mut told.verification;
    facts.verify_token = Secret::new(storable(facts.verify_token.reveal()));
    facts.app = storable(&facts.app);
    facts.plan_id = facts.plan_id.as_deref().map(storable);
    told.reference = told.reference.as_deref().map(storable);
    told.tracked_by = storable(&told.tracked_by);
    told
}
