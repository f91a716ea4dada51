//! The media table: wanted, stored, lost.

use std::collections::{BTreeMap, HashMap};

use super::{together::Together, unnamed::Unnamed};
use crate::{
    domain::{
        digest::Sha256,
        id::{MediaId, VerificationId},
        lease::{Lease, Stage},
        media::{Kind, Slot, StoredMedia},
    },
    store::{
        Result,
        dialect::Dialect,
        records::{DownloadRecord, FilledSlot, WantedMedia},
        rows::{Cells as _, binds, id, insert, rows, texts},
    },
};

rows! {
    struct WantedIn<'a> { media_id: MediaId, verification_id: VerificationId, attempt_no: i64, kind: &'a str, position: i64, source: &'a str, state: &'a str }
}

rows! {
    struct FilledIn<'a> {
        media_id: MediaId,
        verification_id: VerificationId,
        attempt_no: i64,
        kind: &'a str,
        position: i64,
        source: &'a str,
        state: &'a str,
        content_type: Option<&'a str>,
        bytes: i64,
        sha256: Sha256,
        object_key: &'a str,
        stored_bytes: i64,
        stored_sha256: Sha256,
        checked: &'a str,
        captured_at: i64,
    }
}

rows! {
    struct StoredIn<'a> {
        id: VerificationId,
        medium: MediaId,
        content: Option<&'a str>,
        length: i64,
        digest: Sha256,
        key: &'a str,
        stored_length: i64,
        stored_digest: Sha256,
        checked: &'a str,
        at: i64,
    }
}

rows! {
    struct FailedIn<'a> { id: VerificationId, medium: MediaId, why: &'a str, cause: &'a str, at: i64, refused: Option<Sha256> }
}

rows! {
    struct LeftIn { id: VerificationId, short_at: Option<i64>, long_at: Option<i64> }
}

rows! {
    struct SameIn { id: VerificationId, medium: MediaId }
}

const SLOT: &str = "on conflict (verification_id, attempt_no, kind, position, source)";

/// Tells of the slots that a statement has filled, not of those that were filled before.
const FILLED: &str = "returning verification_id, kind, captured_at";

/// Adds media that are to be fetched; those known already stay as they are.
pub(super) async fn want<'r, DB: Dialect>(
    connection: &mut DB::Connection,
    media: Vec<(&'r Lease, &'r WantedMedia)>,
) -> Result<()> {
    let rows: Vec<WantedIn> = media
        .into_iter()
        .map(|(lease, wanted)| {
            let Slot {
                attempt_no,
                kind,
                position,
                source,
            } = &wanted.slot;
            WantedIn {
                media_id: wanted.media_id,
                verification_id: lease.verification_id,
                attempt_no: *attempt_no,
                kind: kind.name(),
                position: *position,
                source: source.name(),
                state: "wanted",
            }
        })
        .collect();
    let sql = insert::<WantedIn>("media", &format!("{SLOT} do nothing"));
    DB::execute_over(connection, &rows, &sql).await.map(|_| ())
}

/// Filled slots as rows, each slot once: a statement must not touch one twice.
fn filled<'r>(media: &[(&'r Lease, &'r FilledSlot)]) -> Vec<FilledIn<'r>> {
    let mut once: BTreeMap<(VerificationId, &Slot), FilledIn> = BTreeMap::new();
    for (lease, medium) in media {
        let (slot, stored) = (&medium.slot, &medium.stored);
        once.entry((lease.verification_id, slot))
            .or_insert_with(|| FilledIn {
                media_id: stored.media_id,
                verification_id: lease.verification_id,
                attempt_no: slot.attempt_no,
                kind: slot.kind.name(),
                position: slot.position,
                source: slot.source.name(),
                state: "stored",
                content_type: stored.content_type.as_deref(),
                bytes: stored.object.bytes,
                sha256: stored.object.sha256,
                object_key: &stored.object.object_key,
                stored_bytes: stored.object.stored_bytes,
                stored_sha256: stored.object.stored_sha256,
                checked: stored.checked.name(),
                captured_at: stored.captured_at.0,
            });
    }
    once.into_values().collect()
}

/// The objects of filled slots, and whose they are.
fn objects<'r>(
    media: &[(&'r Lease, &'r FilledSlot)],
) -> impl ExactSizeIterator<Item = (&'r Lease, &'r str)> {
    let media = media.iter();
    media.map(|(lease, medium)| (*lease, &medium.stored.object.object_key[..]))
}

/// Adds media that are in the vault already to verifications of which nothing was recorded before, and
/// brings when. Written at the end: the same record must delete none of them.
pub(super) fn add_first<'r>(
    media: &[(&'r Lease, &'r FilledSlot)],
    together: &mut Together,
    unnamed: &mut Unnamed,
) -> HashMap<VerificationId, Captured> {
    let rows = filled(media);
    unnamed.brought(rows.len(), objects(media));
    let mut captured: HashMap<VerificationId, Captured> = HashMap::new();
    for row in &rows {
        let of = captured.entry(row.verification_id).or_default();
        of.note(row.kind, row.captured_at);
    }
    together.insert(&rows, insert::<FilledIn>("media", ""));
    captured
}

/// Adds media that are in the vault already, and brings when; a slot that is filled stays as it is.
pub(super) async fn add_stored<'r, DB: Dialect>(
    connection: &mut DB::Connection,
    media: &[(&'r Lease, &'r FilledSlot)],
    unnamed: &mut Unnamed,
) -> Result<HashMap<VerificationId, Captured>> {
    let rows = filled(media);
    let sql = insert::<FilledIn>(
        "media",
        &format!(
            "{SLOT} do update set media_id = excluded.media_id, state = excluded.state, content_type = excluded.content_type,
                bytes = excluded.bytes, sha256 = excluded.sha256, object_key = excluded.object_key, stored_bytes = excluded.stored_bytes,
                stored_sha256 = excluded.stored_sha256, checked = excluded.checked, captured_at = excluded.captured_at, lost_reason = null, last_error = null
            where media.state <> 'stored'
            {FILLED}"
        ),
    );
    let filled = DB::fetch_over(connection, &rows, &sql).await?;
    unnamed.brought(filled.len(), objects(media));
    captured::<DB>(&filled)
}

/// Fills known slots with what is in the vault now; brings when.
pub(super) async fn fill<'r, DB: Dialect>(
    connection: &mut DB::Connection,
    media: Vec<(&'r Lease, &'r StoredMedia)>,
    unnamed: &mut Unnamed,
) -> Result<HashMap<VerificationId, Captured>> {
    let rows: Vec<StoredIn> = media
        .iter()
        .map(|(lease, stored)| StoredIn {
            id: lease.verification_id,
            medium: stored.media_id,
            content: stored.content_type.as_deref(),
            length: stored.object.bytes,
            digest: stored.object.sha256,
            key: &stored.object.object_key,
            stored_length: stored.object.stored_bytes,
            stored_digest: stored.object.stored_sha256,
            checked: stored.checked.name(),
            at: stored.captured_at.0,
        })
        .collect();
    let sql = format!(
        "update media as m set state = 'stored', content_type = t.content, bytes = t.length, sha256 = t.digest, object_key = t.key,
            stored_bytes = t.stored_length, stored_sha256 = t.stored_digest, checked = t.checked, captured_at = t.at, lost_reason = null, last_error = null
        from t
        where m.media_id = t.medium and m.verification_id = t.id and m.state <> 'stored'
        {FILLED}",
    );
    let filled = DB::fetch_over(connection, &rows, &sql).await?;
    let brought = media.iter();
    let brought = brought.map(|(lease, stored)| (*lease, &stored.object.object_key[..]));
    unnamed.brought(filled.len(), brought);
    captured::<DB>(&filled)
}

/// When the last media of a verification were captured just now, unix milliseconds: of those of a
/// short life, and of the others.
#[derive(Clone, Copy, Default)]
pub(super) struct Captured {
    /// Videos and liveness images.
    pub short_at: Option<i64>,
    /// The others.
    pub long_at: Option<i64>,
}

impl Captured {
    /// One of this kind was captured then.
    fn note(&mut self, kind: &str, captured_at: i64) {
        let has_short_life = Kind::named(kind).is_some_and(Kind::has_short_life);
        let at = if has_short_life {
            &mut self.short_at
        } else {
            &mut self.long_at
        };
        *at = (*at).max(Some(captured_at));
    }
}

/// What [`FILLED`] brought.
fn captured<DB: Dialect>(filled: &[DB::Row]) -> Result<HashMap<VerificationId, Captured>> {
    let mut captured: HashMap<VerificationId, Captured> = HashMap::new();
    for row in filled {
        let of = captured.entry(id(row, "verification_id")?).or_default();
        of.note(&row.text("kind")?, row.int("captured_at")?);
    }
    Ok(captured)
}

/// What `least_left` of `v` is with what was captured as `t` has it.
pub(super) fn least_left<DB: Dialect>() -> String {
    format!(
        "nullif({least}(coalesce(v.least_left, {never}), coalesce(v.media_deadline - t.short_at, {never}), coalesce(v.record_deadline - t.long_at, {never})), {never})",
        least = DB::LEAST,
        never = i64::MAX,
    )
}

/// Notes how little time was left when slots were filled, where it is the least so far.
pub(super) async fn time_left<DB: Dialect>(
    connection: &mut DB::Connection,
    captured: &HashMap<VerificationId, Captured>,
) -> Result<()> {
    let rows = captured.iter().map(|(id, captured)| LeftIn {
        id: *id,
        short_at: captured.short_at,
        long_at: captured.long_at,
    });
    let sql = format!(
        "update verifications as v set least_left = {} from t where v.verification_id = t.id",
        least_left::<DB>()
    );
    DB::execute_over(connection, &rows.collect::<Vec<_>>(), &sql)
        .await
        .map(|_| ())
}

/// Deletes rows whose bytes are there as another medium of the same verification. Of stored ones the
/// last stays, whatever a record says.
pub(super) async fn forget<DB: Dialect>(
    connection: &mut DB::Connection,
    stage: Stage,
    media: Vec<(&Lease, MediaId)>,
    unnamed: &mut Unnamed,
) -> Result<()> {
    let rows = same(media);
    let sql = format!(
        "delete from media where {same} and (state <> 'stored' or exists (
            select 1 from media as o where o.verification_id = media.verification_id and o.state = 'stored' and o.sha256 = media.sha256
            and not {other_same}))
        returning verification_id, object_key",
        same = is_same("media"),
        other_same = is_same("o"),
    );
    for row in DB::fetch_over(connection, &rows, &sql).await? {
        if let Some(key) = row.text_or_null("object_key")? {
            unnamed.add((id(&row, "verification_id")?, stage), &key);
        }
    }
    Ok(())
}

fn same(media: Vec<(&Lease, MediaId)>) -> Vec<SameIn> {
    media
        .into_iter()
        .map(|(lease, media_id)| SameIn {
            id: lease.verification_id,
            medium: media_id,
        })
        .collect()
}

/// Whether a row of media is one of those given, and of the verification whose lease names it.
fn is_same(row: &str) -> String {
    format!("({row}.media_id, {row}.verification_id) in (select t.medium, t.id from t)")
}

/// Notes failed tries.
pub(super) async fn fail<'r, DB: Dialect>(
    connection: &mut DB::Connection,
    records: &[&'r DownloadRecord],
) -> Result<()> {
    let failed = |record: &'r DownloadRecord| {
        let (id, at) = (record.lease.verification_id, record.at.0);
        record.failed.iter().map(move |failed| FailedIn {
            id,
            medium: failed.media_id,
            why: &failed.why,
            cause: failed.cause.name(),
            at,
            refused: failed.refused_sha256,
        })
    };
    let rows: Vec<FailedIn> = records.iter().copied().flat_map(failed).collect();
    let sql = "update media as m set tries = m.tries + 1, last_error = t.why, failed_cause = t.cause, failed_from = coalesce(m.failed_from, t.at), failed_to = t.at,
            refused_sha256 = coalesce(m.refused_sha256, t.refused)
        from t where m.media_id = t.medium and m.verification_id = t.id and m.state = 'wanted'";
    DB::execute_over(connection, &rows, sql).await.map(|_| ())
}

/// Gives up all that is still wanted of these verifications.
pub(super) async fn lose_all<DB: Dialect>(
    connection: &mut DB::Connection,
    verifications: &[VerificationId],
    why: &str,
) -> Result<()> {
    // By a list, not joined: the planner of a server that knows nothing of the tables yet reads all
    // media for a join.
    let sql = format!(
        "update media set state = 'lost', lost_reason = $2 || coalesce(': ' || last_error, '') where verification_id {} and state = 'wanted'",
        DB::among(1)
    );
    DB::execute(connection, sql, binds![texts(verifications), why])
        .await
        .map(|_| ())
}
