//! Facts that are only ever added: the answers kept.

use super::together::Together;
use crate::{
    domain::{
        answer::AnswerRow,
        digest::Sha256,
        id::{AnswerId, VerificationId},
        lease::Lease,
    },
    store::rows::{insert, rows},
};

rows! {
    struct AnswerIn<'a> {
        answer_id: AnswerId,
        verification_id: VerificationId,
        endpoint: &'a str,
        fetched_at: i64,
        http_status: i64,
        success: Option<bool>,
        code: Option<&'a str>,
        log_id: Option<&'a str>,
        bytes: i64,
        sha256: Sha256,
        body: Option<&'a [u8]>,
        object_key: Option<&'a str>,
        stored_bytes: Option<i64>,
        stored_sha256: Option<Sha256>,
    }
}

/// Answers, and whose they are.
pub(super) type Told<'r> = (&'r Lease, &'r Vec<AnswerRow>);

/// Keeps answers, identical ones of an endpoint once; the `first` are of verifications that have none yet.
pub(super) fn answers<'r>(
    first: impl Iterator<Item = Told<'r>>,
    others: impl Iterator<Item = Told<'r>>,
    together: &mut Together,
) {
    together.insert(&rows(first), insert::<AnswerIn>("answers", ""));
    let once = "on conflict (verification_id, endpoint, sha256) do nothing";
    together.insert(&rows(others), insert::<AnswerIn>("answers", once));
}

fn rows<'r>(told: impl Iterator<Item = Told<'r>>) -> Vec<AnswerIn<'r>> {
    let mut rows = Vec::new();
    for (lease, answers) in told {
        rows.extend(
            answers
                .iter()
                .map(|answer| (answer, answer.body.object()))
                .map(|(answer, object)| AnswerIn {
                    answer_id: answer.answer_id,
                    verification_id: lease.verification_id,
                    endpoint: answer.endpoint.name(),
                    fetched_at: answer.fetched_at.0,
                    http_status: answer.http_status,
                    success: answer.success,
                    code: answer.code.as_deref(),
                    log_id: answer.log_id.as_deref(),
                    bytes: answer.body.bytes(),
                    sha256: answer.body.sha256(),
                    body: answer.body.packed().map(|packed| &packed.stored[..]),
                    object_key: object.map(|object| &object.object_key[..]),
                    stored_bytes: object.map(|object| object.stored_bytes),
                    stored_sha256: object.map(|object| object.stored_sha256),
                }),
        );
    }
    rows
}
