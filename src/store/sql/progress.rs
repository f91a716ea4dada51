//! What polls make known of their verifications.

use std::collections::HashMap;

use super::{
    attempts, calls,
    completed::Completed,
    media::{self, Captured},
};
use crate::{
    domain::id::VerificationId,
    store::{
        Result,
        dialect::Dialect,
        records::Next,
        rows::{Json, rows},
    },
};

rows! {
    struct ProgressRow<'a> {
        id: VerificationId,
        state: Option<&'a str>,
        settled_at: Option<i64>,
        missing: Option<String>,
        proof: Option<&'a str>,
        never_seen: bool,
        progress: String,
        last_error: Option<&'a str>,
        is_summed: bool,
        short_at: Option<i64>,
        long_at: Option<i64>,
        passed: Option<bool>,
        attempts: i64,
        first_attempt_at: Option<i64>,
        verify_count: Option<i64>,
        ocr_charge_count: Option<i64>,
        match_charge_count: Option<i64>,
        verify_charge_count: Option<i64>,
        live_charge_count: Option<i64>,
        call_sums: Option<String>,
    }
}

/// Writes what is known of the verifications now.
pub(super) async fn write<DB: Dialect>(
    connection: &mut DB::Connection,
    polls: &[Completed<'_>],
    captured: &HashMap<VerificationId, Captured>,
) -> Result<()> {
    if polls.is_empty() {
        return Ok(());
    }
    let told = |is_first: bool| {
        let told = polls.iter();
        let told = told.filter(move |poll| poll.record.is_first == is_first);
        told.map(|poll| (poll.id(), &poll.record.calls[..]))
    };
    let mut call_sums = calls::sums::<DB>(connection, told(true), told(false)).await?;
    let rows = polls.iter().map(|poll| {
        let captured = captured.get(&poll.id()).copied().unwrap_or_default();
        row(poll, captured, call_sums.remove(&poll.id()))
    });
    let rows = rows.collect::<Result<Vec<_>>>()?;
    let sql = format!(
        "update verifications as v set
            state = coalesce(t.state, v.state), settled_at = t.settled_at, missing = coalesce(t.missing, v.missing), proof = t.proof, never_seen = t.never_seen, progress = t.progress,
            passed = case when t.is_summed then t.passed else v.passed end, attempts = case when t.is_summed then t.attempts else v.attempts end,
            first_attempt_at = case when t.is_summed then t.first_attempt_at else v.first_attempt_at end,
            least_left = {least_left},
            polls = v.polls + 1, last_error = t.last_error, verify_count = coalesce(t.verify_count, v.verify_count),
            ocr_charge_count = coalesce(t.ocr_charge_count, v.ocr_charge_count), match_charge_count = coalesce(t.match_charge_count, v.match_charge_count),
            verify_charge_count = coalesce(t.verify_charge_count, v.verify_charge_count), live_charge_count = coalesce(t.live_charge_count, v.live_charge_count),
            call_sums = coalesce(t.call_sums, v.call_sums)
        from t
        where v.verification_id = t.id",
        least_left = media::least_left::<DB>()
    );
    DB::execute_over(connection, &rows, &sql).await.map(|_| ())
}

fn row<'r>(
    poll: &Completed<'r>,
    captured: Captured,
    call_sums: Option<String>,
) -> Result<ProgressRow<'r>> {
    let record = poll.record;
    let counts = record.counts.unwrap_or_default();
    let settlement = poll.settlement();
    let state = match (&record.next, settlement) {
        (Next::Due { state, .. }, _) => Some(state.name()),
        (_, settlement) => settlement.map(|(outcome, _)| outcome.state().name()),
    };
    let proof = settlement.and(record.proof.as_ref());
    // Of others the table sums them up.
    let is_summed = record.is_first && !record.attempts.is_empty();
    let sums = attempts::Sums::of(&record.attempts);
    Ok(ProgressRow {
        id: poll.id(),
        state,
        settled_at: settlement.map(|_| record.at.0),
        missing: settlement
            .map(|(_, missing)| Json::of(missing).map(Json::into_text))
            .transpose()?,
        proof: proof.map(|proof| proof.words.as_str()),
        never_seen: proof.is_some_and(|proof| proof.never_seen),
        progress: Json::of(&record.progress)?.into_text(),
        last_error: record.last_error.as_deref(),
        is_summed,
        short_at: captured.short_at,
        // What is told of an attempt lives as long as the record.
        long_at: captured.long_at.max(is_summed.then_some(record.at.0)),
        passed: sums.passed,
        attempts: sums.attempts,
        first_attempt_at: sums.first_attempt_at,
        verify_count: counts.verify,
        ocr_charge_count: counts.ocr_charge,
        match_charge_count: counts.match_charge,
        verify_charge_count: counts.verify_charge,
        live_charge_count: counts.live_charge,
        call_sums,
    })
}
