//! One verification whole.

use super::{
    accesses, calls, events,
    list::{select, summary},
    submissions,
};
use crate::{
    domain::{id::VerificationId, packed::Packed},
    store::{
        Result,
        dialect::Dialect,
        reports::{AnswerReport, AttemptReport, MediaReport, Whole},
        rows::{Cells, binds, digest, digest_or_null, id, instant, instant_or_null},
    },
};

/// It, by verify_token or verification_id.
pub(super) async fn show<DB: Dialect>(
    connection: &mut DB::Connection,
    handle: &str,
) -> Result<Option<Whole>> {
    let rows = DB::fetch(
        connection,
        select("where v.verify_token = $1 or v.verification_id = $1"),
        binds![handle],
    )
    .await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let summary = summary(row)?;
    let id = summary.verification_id;
    let (proof, never_seen) = (row.text_or_null("proof")?, row.flag("never_seen")?);

    let attempts = "select * from attempts where verification_id = $1 order by attempt_no";
    let media = "select * from media where verification_id = $1 order by attempt_no, kind, position, source";
    let answers = "select * from answers where verification_id = $1 order by fetched_at, answer_id";
    let done = "select * from events where verification_id = $1 order by event_id";
    Ok(Some(Whole {
        attempt_rows: all::<DB, _>(connection, attempts, id, attempt).await?,
        media: all::<DB, _>(connection, media, id, medium).await?,
        answers: all::<DB, _>(connection, answers, id, answer).await?,
        call_sums: calls::reported(row, id)?,
        events: all::<DB, _>(connection, done, id, events::event).await?,
        accesses: accesses::of::<DB>(connection, id).await?,
        submitted: submissions::of::<DB>(connection, id).await?,
        summary,
        proof,
        never_seen,
    }))
}

async fn all<DB: Dialect, T>(
    connection: &mut DB::Connection,
    sql: &str,
    id: VerificationId,
    read: impl Fn(&DB::Row) -> Result<T>,
) -> Result<Vec<T>> {
    DB::fetch(connection, sql.to_owned(), binds![id])
        .await?
        .iter()
        .map(read)
        .collect()
}

pub(super) fn attempt(row: &impl Cells) -> Result<AttemptReport> {
    Ok(AttemptReport {
        attempt_no: row.int("attempt_no")?,
        passed: row.flag_or_null("passed")?,
        code: row.text_or_null("code")?,
        message: row.text_or_null("message")?,
        verified_at: instant_or_null(row, "verified_at")?,
        charged: row.flag_or_null("charged")?,
        charge_type: row.text_or_null("charge_type")?,
        charged_at: instant_or_null(row, "charged_at")?,
        ocr_charged: row.flag_or_null("ocr_charged")?,
        ocr_count: row.int_or_null("ocr_count")?,
        ocr_charged_at: instant_or_null(row, "ocr_charged_at")?,
        score: row.float_or_null("score")?,
        threshold: row.float_or_null("threshold")?,
        liveness_score: row.float_or_null("liveness_score")?,
        spoofing_score: row.float_or_null("spoofing_score")?,
        risk_level: row.text_or_null("risk_level")?,
        risk_tag: row.text_or_null("risk_tag")?,
        demoted: row.flag_or_null("demoted")?,
        verify_log_id: row.text_or_null("verify_log_id")?,
        id_type: row.text_or_null("id_type")?,
        name_masked: row.text_or_null("name_masked")?,
        id_number_masked: row.text_or_null("id_number_masked")?,
        id_number_index: row.text_or_null("id_number_index")?,
        name: row.text_or_null("name")?,
        id_number: row.text_or_null("id_number")?,
        ocr_name_masked: row.text_or_null("ocr_name_masked")?,
        ocr_id_number_masked: row.text_or_null("ocr_id_number_masked")?,
        ocr_name: row.text_or_null("ocr_name")?,
        ocr_id_number: row.text_or_null("ocr_id_number")?,
    })
}

pub(super) fn medium(row: &impl Cells) -> Result<MediaReport> {
    Ok(MediaReport {
        media_id: id(row, "media_id")?,
        attempt_no: row.int("attempt_no")?,
        kind: row.text("kind")?,
        position: row.int("position")?,
        state: row.text("state")?,
        content_type: row.text_or_null("content_type")?,
        bytes: row.int_or_null("bytes")?,
        sha256: digest_or_null(row, "sha256")?,
        object_key: row.text_or_null("object_key")?,
        stored_bytes: row.int_or_null("stored_bytes")?,
        stored_sha256: digest_or_null(row, "stored_sha256")?,
        captured_at: instant_or_null(row, "captured_at")?,
        lost_reason: row.text_or_null("lost_reason")?,
        check: row.text_or_null("checked")?,
    })
}

pub(super) fn answer(row: &impl Cells) -> Result<AnswerReport> {
    let (bytes, sha256) = (row.int("bytes")?, digest(row, "sha256")?);
    let packed = row.bytes_or_null("body")?.map(|stored| Packed {
        bytes,
        sha256,
        stored: stored.into(),
    });
    Ok(AnswerReport {
        answer_id: id(row, "answer_id")?,
        endpoint: row.text("endpoint")?,
        fetched_at: instant(row, "fetched_at")?,
        http_status: row.int("http_status")?,
        success: row.flag_or_null("success")?,
        code: row.text_or_null("code")?,
        log_id: row.text_or_null("log_id")?,
        bytes,
        sha256,
        object_key: row.text_or_null("object_key")?,
        packed,
    })
}
