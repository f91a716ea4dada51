//! The image that was handed in to compare with.

use crate::{
    domain::{
        digest::Sha256,
        id::{MediaId, VerificationId},
        media::Slot,
    },
    store::{
        Result,
        dialect::Dialect,
        records::MatchImage,
        rows::{insert, rows},
    },
};

rows! {
    struct ImageIn<'a> {
        media_id: MediaId,
        verification_id: VerificationId,
        attempt_no: i64,
        kind: &'a str,
        position: i64,
        source: &'a str,
        state: &'a str,
        failed_cause: Option<&'a str>,
        failed_from: Option<i64>,
        failed_to: Option<i64>,
        lost_reason: Option<&'a str>,
        checked: Option<&'a str>,
        content_type: Option<&'a str>,
        bytes: Option<i64>,
        sha256: Option<Sha256>,
        object_key: Option<&'a str>,
        stored_bytes: Option<i64>,
        stored_sha256: Option<Sha256>,
        captured_at: Option<i64>,
    }
}

/// Adds it; a slot that is filled stays as it is. It says nothing of the time that was left at the
/// provider.
pub(super) async fn add<DB: Dialect>(
    connection: &mut DB::Connection,
    verification_id: VerificationId,
    image: &MatchImage,
) -> Result<()> {
    let slot = Slot::match_image();
    let (media_id, stored, lost) = match image {
        MatchImage::Stored(stored) => (stored.media_id, Some(stored), None),
        MatchImage::Lost {
            media_id,
            reason,
            why,
        } => (*media_id, None, Some((reason, why))),
    };
    let object = stored.map(|stored| &stored.object);
    let row = ImageIn {
        media_id,
        verification_id,
        attempt_no: slot.attempt_no,
        kind: slot.kind.name(),
        position: slot.position,
        source: slot.source.name(),
        state: if stored.is_some() { "stored" } else { "lost" },
        failed_cause: lost.map(|(reason, _)| reason.cause.name()),
        failed_from: lost.and_then(|(reason, _)| reason.from).map(|at| at.0),
        failed_to: lost.and_then(|(reason, _)| reason.to).map(|at| at.0),
        lost_reason: lost.map(|(_, why)| why.as_str()),
        checked: stored.map(|stored| stored.checked.name()),
        content_type: stored.and_then(|stored| stored.content_type.as_deref()),
        bytes: object.map(|object| object.bytes),
        sha256: object.map(|object| object.sha256),
        object_key: object.map(|object| object.object_key.as_str()),
        stored_bytes: object.map(|object| object.stored_bytes),
        stored_sha256: object.map(|object| object.stored_sha256),
        captured_at: stored.map(|stored| stored.captured_at.0),
    };
    let sql = insert::<ImageIn>(
        "media",
        "on conflict (verification_id, attempt_no, kind, position, source) do nothing",
    );
    DB::execute_over(connection, &[row], &sql).await.map(|_| ())
}
