//! One verification, as it is told to people and to its next step.

use super::{data::Kept, medium::Medium};
use crate::{
    domain::{
        access::Access,
        answer::{AnswerRow, Endpoint},
        digest::Sha256,
        lease::Stage,
        media::MediaRow,
    },
    store::reports::{
        AccessReport, AnswerReport, AttemptReport, CallSum, MediaReport, Summary, Whole,
    },
};

impl Kept {
    pub(super) fn media_rows(&self) -> Vec<MediaRow> {
        let media = self.media.values();
        media.map(|medium| medium.row.clone()).collect()
    }

    /// (endpoint, SHA-256) of its answers.
    pub(super) fn answers_kept(&self) -> Vec<(Endpoint, Sha256)> {
        let of = |answer: &AnswerRow| (answer.endpoint, answer.body.sha256());
        self.answers.iter().map(of).collect()
    }

    pub(super) fn summary(&self) -> Summary {
        let attempts = || self.attempts.values().map(|(attempt, _)| attempt);
        let next_poll = self.schedule.get(&Stage::Poll);
        let (told, facts) = (&self.told, &self.told.verification);
        Summary {
            app: facts.app.clone(),
            issued_at: facts.issued_at,
            media_deadline: told.media_deadline,
            record_deadline: told.record_deadline,
            state: self.state.name().to_owned(),
            // None before false before true.
            passed: attempts().map(|attempt| attempt.passed).max().flatten(),
            attempts: i64::try_from(self.attempts.len()).unwrap_or(i64::MAX),
            first_attempt_at: attempts().filter_map(|attempt| attempt.verified_at).min(),
            missing: serde_json::to_value(&self.missing).unwrap_or_default(),
            next_poll_at: next_poll.map(|scheduled| scheduled.due_at),
            ..self.report.clone()
        }
    }

    fn was_looked_at(&self, access: &Access) -> bool {
        let is_self = |id| id == self.told.verification.verification_id;
        access.what.verification_id().is_some_and(is_self)
            || access
                .what
                .id_number_index()
                .is_some_and(|index| self.is_person(index))
    }

    /// Whether it is a person's, by their keyed index.
    pub(super) fn is_person(&self, id_number_index: &str) -> bool {
        let attempts = self.attempts.values();
        let handed_in = self.submitted.as_ref();
        let handed_in = handed_in.and_then(|(one, _)| one.id_number_index.as_deref());
        let of_attempts = attempts.map(|(_, identity)| identity.id_number_index.as_deref());
        of_attempts
            .chain([handed_in])
            .any(|index| index == Some(id_number_index))
    }

    pub(super) fn never_seen(&self) -> bool {
        self.proof.as_ref().is_some_and(|proof| proof.never_seen)
    }

    /// With the traces of those who looked.
    pub(super) fn whole(&self, accesses: &[Access]) -> Whole {
        let sums = self.call_sums.iter();
        let attempts = self.attempts.values();
        Whole {
            summary: self.summary(),
            proof: self.proof.as_ref().map(|proof| proof.words.clone()),
            never_seen: self.never_seen(),
            submitted: self.submitted.as_ref().map(|(one, _)| one.clone()),
            attempt_rows: attempts
                .map(|(attempt, identity)| AttemptReport::of(attempt, identity))
                .collect(),
            media: self.media.values().map(medium).collect(),
            answers: self.answers.iter().map(answer).collect(),
            call_sums: sums
                .map(|((endpoint, result, code), sum)| CallSum {
                    endpoint: (*endpoint).to_owned(),
                    result: (*result).to_owned(),
                    code: code.clone(),
                    calls: sum.calls,
                    first_at: sum.first_at,
                    last_at: sum.last_at,
                })
                .collect(),
            events: self.events.clone(),
            accesses: accesses
                .iter()
                .filter(|access| self.was_looked_at(access))
                .map(AccessReport::of)
                .collect(),
        }
    }
}

fn medium(medium: &Medium) -> MediaReport {
    let (row, stored) = (&medium.row, medium.stored.as_ref());
    let object = stored.map(|stored| &stored.object);
    MediaReport {
        media_id: row.media_id,
        attempt_no: row.slot.attempt_no,
        kind: row.slot.kind.name().to_owned(),
        position: row.slot.position,
        state: row.state.name().to_owned(),
        content_type: stored.and_then(|stored| stored.content_type.clone()),
        bytes: object.map(|object| object.bytes),
        sha256: row.sha256(),
        object_key: object.map(|object| object.object_key.clone()),
        stored_bytes: object.map(|object| object.stored_bytes),
        stored_sha256: object.map(|object| object.stored_sha256),
        captured_at: stored.map(|stored| stored.captured_at),
        lost_reason: medium.lost_reason.clone(),
        check: stored.map(|stored| stored.checked.name().to_owned()),
    }
}

fn answer(answer: &AnswerRow) -> AnswerReport {
    let answer = answer.clone();
    AnswerReport {
        answer_id: answer.answer_id,
        endpoint: answer.endpoint.name().to_owned(),
        fetched_at: answer.fetched_at,
        http_status: answer.http_status,
        success: answer.success,
        code: answer.code,
        log_id: answer.log_id,
        bytes: answer.body.bytes(),
        sha256: answer.body.sha256(),
        object_key: answer.body.object().map(|object| object.object_key.clone()),
        packed: answer.body.packed().cloned(),
    }
}
