//! The attempts of a verification, and what its row sums up of them.

use std::collections::BTreeMap;

use super::together::Together;
use crate::{
    domain::{
        attempt::Attempt,
        id::VerificationId,
        identity::{IdentityRow, PlainIdentity},
        secret::Secret,
        time::Time,
    },
    store::{
        Result,
        dialect::Dialect,
        rows::{Shape as _, insert, rows},
    },
};

rows! {
    struct AttemptIn<'a> {
        verification_id: VerificationId,
        attempt_no: i64,
        captured_at: i64,
        passed: Option<bool>,
        code: Option<&'a str>,
        message: Option<&'a str>,
        verified_at: Option<i64>,
        charged: Option<bool>,
        charge_type: Option<&'a str>,
        charged_at: Option<i64>,
        ocr_charged: Option<bool>,
        ocr_count: Option<i64>,
        ocr_charged_at: Option<i64>,
        score: Option<f64>,
        threshold: Option<f64>,
        liveness_score: Option<f64>,
        spoofing_score: Option<f64>,
        risk_level: Option<&'a str>,
        risk_tag: Option<&'a str>,
        demoted: Option<bool>,
        verify_log_id: Option<&'a str>,
        id_type: Option<&'a str>,
        name_masked: Option<&'a str>,
        id_number_masked: Option<&'a str>,
        id_number_index: Option<&'a str>,
        index_key_id: Option<&'a str>,
        name: Option<&'a str>,
        id_number: Option<&'a str>,
        ocr_name_masked: Option<&'a str>,
        ocr_id_number_masked: Option<&'a str>,
        ocr_name: Option<&'a str>,
        ocr_id_number: Option<&'a str>,
        ocr_id_type: Option<&'a str>,
        ocr_address: Option<&'a str>,
        ocr_birthday: Option<&'a str>,
        ocr_gender: Option<&'a str>,
        ocr_nation: Option<&'a str>,
        ocr_issued: Option<&'a str>,
        ocr_expires: Option<&'a str>,
        ocr_authority: Option<&'a str>,
    }
}

rows! {
    struct Asked { id: VerificationId, at: i64 }
}

/// The attempts one record tells of.
pub(super) struct Told<'r> {
    /// Whose.
    pub id: VerificationId,
    /// When.
    pub at: Time,
    /// They.
    pub attempts: &'r [(Attempt, IdentityRow)],
    /// That there are no others: the record sums them up itself ([`Sums`]).
    pub is_first: bool,
}

/// What the row of a verification sums up of its attempts.
pub(super) struct Sums {
    /// Whether one passed; none when that is known of no attempt.
    pub passed: Option<bool>,
    /// How many.
    pub attempts: i64,
    /// When the first was.
    pub first_attempt_at: Option<i64>,
}

impl Sums {
    /// Of all attempts of a verification; of two with one number the later stands.
    pub(super) fn of(attempts: &[(Attempt, IdentityRow)]) -> Self {
        let once: BTreeMap<i64, &Attempt> = attempts
            .iter()
            .map(|(attempt, _)| (attempt.attempt_no, attempt))
            .collect();
        let verified = once.values().filter_map(|attempt| attempt.verified_at);
        Self {
            passed: once.values().filter_map(|attempt| attempt.passed).max(),
            attempts: i64::try_from(once.len()).unwrap_or(i64::MAX),
            first_attempt_at: verified.min().map(|at| at.0),
        }
    }
}

/// Writes attempts in place of what was known of the same numbers, and sums them up.
pub(super) async fn write<DB: Dialect>(
    connection: &mut DB::Connection,
    told: Vec<Told<'_>>,
    together: &mut Together,
) -> Result<()> {
    let told = told.into_iter().filter(|told| !told.attempts.is_empty());
    let (first, others): (Vec<Told>, Vec<Told>) = told.partition(|told| told.is_first);
    together.insert(&in_rows(&first), insert::<AttemptIn>("attempts", ""));
    if others.is_empty() {
        return Ok(());
    }
    let replaced: Vec<String> = AttemptIn::COLUMNS
        .iter()
        // The key, and when it was first told of.
        .skip(3)
        .map(|(name, _)| format!("{name} = excluded.{name}"))
        .collect();
    let sql = insert::<AttemptIn>(
        "attempts",
        &format!(
            "on conflict (verification_id, attempt_no) do update set {}",
            replaced.join(", ")
        ),
    );
    DB::execute_over(connection, &in_rows(&others), &sql).await?;
    let asked = others.iter().map(|told| Asked {
        id: told.id,
        at: told.at.0,
    });
    sum_up::<DB>(connection, &asked.collect::<Vec<_>>()).await
}

/// A statement must not touch a row twice; of two attempts with one number the later stands.
fn in_rows<'r>(told: &[Told<'r>]) -> Vec<AttemptIn<'r>> {
    let mut once: BTreeMap<(VerificationId, i64), AttemptIn> = BTreeMap::new();
    for Told {
        id, at, attempts, ..
    } in told
    {
        for (attempt, identity) in *attempts {
            let row = row(*id, *at, attempt, identity);
            once.insert((*id, attempt.attempt_no), row);
        }
    }
    once.into_values().collect()
}

async fn sum_up<DB: Dialect>(connection: &mut DB::Connection, asked: &[Asked]) -> Result<()> {
    let sql = format!(
        "update verifications as v set
            passed = case c.best when 1 then true when 0 then false end, attempts = c.known, first_attempt_at = c.first_at,
            least_left = case when c.known > v.attempts then {least}(coalesce(v.least_left, v.record_deadline - c.at), v.record_deadline - c.at) else v.least_left end
        from (
            select a.verification_id as id, t.at as at, count(*) as known, min(a.verified_at) as first_at,
                max(case when a.passed then 1 when not a.passed then 0 end) as best
            from t join attempts as a on a.verification_id = t.id
            group by a.verification_id, t.at
        ) as c
        where v.verification_id = c.id",
        least = DB::LEAST,
    );
    DB::execute_over(connection, asked, &sql).await.map(|_| ())
}

fn row<'r>(
    verification_id: VerificationId,
    at: Time,
    attempt: &'r Attempt,
    identity: &'r IdentityRow,
) -> AttemptIn<'r> {
    let plain = identity.plain.as_ref();
    let ocr = plain.and_then(|PlainIdentity { ocr, .. }| ocr.as_ref());
    let secret = |secret: Option<&'r Secret>| secret.map(Secret::reveal);
    AttemptIn {
        verification_id,
        attempt_no: attempt.attempt_no,
        captured_at: at.0,
        passed: attempt.passed,
        code: attempt.code.as_deref(),
        message: attempt.message.as_deref(),
        verified_at: attempt.verified_at.map(|at| at.0),
        charged: attempt.charged,
        charge_type: attempt.charge_type.as_deref(),
        charged_at: attempt.charged_at.map(|at| at.0),
        ocr_charged: attempt.ocr_charged,
        ocr_count: attempt.ocr_count,
        ocr_charged_at: attempt.ocr_charged_at.map(|at| at.0),
        score: attempt.score,
        threshold: attempt.threshold,
        liveness_score: attempt.liveness_score,
        spoofing_score: attempt.spoofing_score,
        risk_level: attempt.risk_level.as_deref(),
        risk_tag: attempt.risk_tag.as_deref(),
        demoted: attempt.demoted,
        verify_log_id: attempt.verify_log_id.as_deref(),
        id_type: identity.id_type.as_deref(),
        name_masked: identity.name_masked.as_deref(),
        id_number_masked: identity.id_number_masked.as_deref(),
        id_number_index: identity.id_number_index.as_deref(),
        index_key_id: identity.index_key_id.as_deref(),
        name: plain.and_then(|plain| plain.name.as_deref()),
        id_number: plain.and_then(|plain| plain.id_number.as_deref()),
        ocr_name_masked: identity.ocr_name_masked.as_deref(),
        ocr_id_number_masked: identity.ocr_id_number_masked.as_deref(),
        ocr_name: secret(ocr.and_then(|ocr| ocr.name.as_ref())),
        ocr_id_number: secret(ocr.and_then(|ocr| ocr.id_number.as_ref())),
        ocr_id_type: ocr.and_then(|ocr| ocr.id_type.as_deref()),
        ocr_address: secret(ocr.and_then(|ocr| ocr.address.as_ref())),
        ocr_birthday: secret(ocr.and_then(|ocr| ocr.birthday.as_ref())),
        ocr_gender: secret(ocr.and_then(|ocr| ocr.gender.as_ref())),
        ocr_nation: secret(ocr.and_then(|ocr| ocr.nation.as_ref())),
        ocr_issued: secret(ocr.and_then(|ocr| ocr.issued.as_ref())),
        ocr_expires: secret(ocr.and_then(|ocr| ocr.expires.as_ref())),
        ocr_authority: secret(ocr.and_then(|ocr| ocr.authority.as_ref())),
    }
}
