//! What the step of a claimed row works with: the facts of its verification, its media and its
//! answers, as records.

use std::collections::HashMap;

use crate::{
    domain::{
        answer::Endpoint,
        digest::Sha256,
        id::VerificationId,
        loss::{Cause, Reason},
        media::{Kind, MediaRow, MediaState, ObjectFacts, Slot, Source},
        progress::Progress,
        secret::Secret,
        token::Verification,
    },
    store::{
        Result, StoreError,
        dialect::Dialect,
        rows::{Cells, binds, digest, digest_or_null, id, instant, instant_or_null, known, texts},
    },
};

/// What was found of each verification; what cannot be read of one is its own error and nobody
/// else's.
pub(super) type Found<T> = HashMap<VerificationId, Result<T>>;

/// The facts of a verification: what was told, how many polls were recorded, and what is known.
pub(super) type Facts = (Verification, i64, Progress);

/// The columns of `verifications` that hold them.
pub(super) const FACTS: &str =
    "verify_token, app, issued_at, tracked_at, plan_id, issued_here, polls, progress";

pub(super) async fn facts<DB: Dialect>(
    connection: &mut DB::Connection,
    ids: &[VerificationId],
) -> Result<Found<Facts>> {
    let sql = format!(
        "select verification_id, {FACTS} from verifications where verification_id {}",
        DB::among(1)
    );
    let rows = DB::fetch(connection, sql, binds![texts(ids)]).await?;
    Ok(found(&rows))
}

/// The facts that rows with `verification_id` and [`FACTS`] hold. One whose name cannot be read has none.
pub(super) fn found(rows: &[impl Cells]) -> Found<Facts> {
    let mut facts = HashMap::with_capacity(rows.len());
    for row in rows {
        let Ok(id) = id(row, "verification_id") else {
            continue;
        };
        let read = verification(row).and_then(|verification| {
            Ok((
                verification,
                row.int("polls")?,
                progress(&row.text("progress")?)?,
            ))
        });
        facts.insert(id, read);
    }
    facts
}

/// Reads the memory of the plan. No value of it stands in the error.
pub(super) fn progress(text: &str) -> Result<Progress> {
    let unreadable = |error: serde_json::Error| {
        StoreError::Corrupt(format!(
            "`progress` of the verification, line {} column {}: `verikeep retry` begins it anew",
            error.line(),
            error.column()
        ))
    };
    serde_json::from_str(text).map_err(unreadable)
}

fn verification(row: &impl Cells) -> Result<Verification> {
    Ok(Verification {
        verification_id: id(row, "verification_id")?,
        verify_token: Secret::new(row.text("verify_token")?),
        app: row.text("app")?,
        issued_at: instant(row, "issued_at")?,
        tracked_at: instant(row, "tracked_at")?,
        plan_id: row.text_or_null("plan_id")?,
        issued_here: row.flag("issued_here")?,
    })
}

pub(super) async fn media<DB: Dialect>(
    connection: &mut DB::Connection,
    ids: &[VerificationId],
) -> Result<Found<Vec<MediaRow>>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "select verification_id, media_id, attempt_no, kind, position, source, state, bytes, sha256, object_key, stored_bytes, stored_sha256, tries, last_error, failed_cause, failed_from, failed_to, refused_sha256 from media
        where verification_id {} order by verification_id, attempt_no, kind, position, source",
        DB::among(1)
    );
    gathered(
        &DB::fetch(connection, sql, binds![texts(ids)]).await?,
        medium,
    )
}

fn medium(row: &impl Cells) -> Result<MediaRow> {
    Ok(MediaRow {
        media_id: id(row, "media_id")?,
        slot: Slot {
            attempt_no: row.int("attempt_no")?,
            kind: known(Kind::named(&row.text("kind")?), "media.kind")?,
            position: row.int("position")?,
            source: known(Source::named(&row.text("source")?), "media.source")?,
        },
        state: known(MediaState::named(&row.text("state")?), "media.state")?,
        object: object(row)?,
        tries: row.int("tries")?,
        last_error: row.text_or_null("last_error")?,
        fails: fails(row)?,
        refused_sha256: digest_or_null(row, "refused_sha256")?,
    })
}

fn object(row: &impl Cells) -> Result<Option<ObjectFacts>> {
    let Some(object_key) = row.text_or_null("object_key")? else {
        return Ok(None);
    };
    Ok(Some(ObjectFacts {
        object_key,
        bytes: row.int("bytes")?,
        sha256: digest(row, "sha256")?,
        stored_bytes: row.int("stored_bytes")?,
        stored_sha256: digest(row, "stored_sha256")?,
    }))
}

fn fails(row: &impl Cells) -> Result<Option<Reason>> {
    let Some(cause) = row.text_or_null("failed_cause")? else {
        return Ok(None);
    };
    Ok(Some(Reason {
        cause: known(Cause::named(&cause), "media.failed_cause")?,
        from: instant_or_null(row, "failed_from")?,
        to: instant_or_null(row, "failed_to")?,
    }))
}

pub(super) async fn answers<DB: Dialect>(
    connection: &mut DB::Connection,
    ids: &[VerificationId],
) -> Result<Found<Vec<(Endpoint, Sha256)>>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "select verification_id, endpoint, sha256 from answers where verification_id {} order by fetched_at, answer_id",
        DB::among(1)
    );
    gathered(
        &DB::fetch(connection, sql, binds![texts(ids)]).await?,
        |row| {
            let endpoint = known(
                Endpoint::kept_named(&row.text("endpoint")?),
                "answers.endpoint",
            )?;
            Ok((endpoint, digest(row, "sha256")?))
        },
    )
}

/// Reads rows into lists by verification; the first row that cannot be read is what is found of its
/// verification.
fn gathered<R: Cells, T>(rows: &[R], read: impl Fn(&R) -> Result<T>) -> Result<Found<Vec<T>>> {
    let mut found: Found<Vec<T>> = HashMap::new();
    for row in rows {
        let list = found
            .entry(id(row, "verification_id")?)
            .or_insert_with(|| Ok(Vec::new()));
        match (read(row), list.as_mut()) {
            (Ok(one), Ok(list)) => list.push(one),
            (Err(error), Ok(_)) => *list = Err(error),
            (_, Err(_)) => {}
        }
    }
    Ok(found)
}
