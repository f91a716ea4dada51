//! Claiming what is due, the least time left first.
//!
//! A claim moves the row's due time behind its lease, so a due row is always one that nobody holds: a crash needs no reaper, and the claim
//! looks at one index. A row claimed again and again without completion waits longer each time.

use std::collections::HashMap;

use crate::{
    domain::{
        answer::Endpoint,
        chance::fresh_id,
        lease::{Lease, Stage},
        media::{Kind, MediaRow, MediaState, Slot, Source},
        progress::Progress,
        secret::Secret,
        time::Time,
        token::Verification,
    },
    store::{
        Result, StoreError,
        dialect::Dialect,
        records::{Claim, DownloadWork, PollWork},
        rows::{Cells, Json, binds, instant, known},
    },
};

/// A claimed row with the facts of its verification.
struct Claimed {
    lease: Lease,
    verification: Verification,
    progress: String,
    media: Vec<MediaRow>,
    answers: Vec<(String, String)>,
}

/// Claims polls.
pub(in crate::store) async fn polls<DB: Dialect>(connection: &mut DB::Connection, claim: &Claim) -> Result<Vec<PollWork>> {
    claimed::<DB>(connection, Stage::Poll, claim)
        .await?
        .into_iter()
        .map(|Claimed { lease, verification, progress, media, answers }| {
            let progress: Progress = serde_json::from_str(&progress).map_err(|error| StoreError::Corrupt(format!("`progress`: {error}")))?;
            Ok(PollWork { lease, verification, progress, media, answers })
        })
        .collect()
}

/// Claims downloads.
pub(in crate::store) async fn downloads<DB: Dialect>(connection: &mut DB::Connection, claim: &Claim) -> Result<Vec<DownloadWork>> {
    let claimed = claimed::<DB>(connection, Stage::Download, claim).await?;
    Ok(claimed.into_iter().map(|Claimed { lease, verification, media, answers, .. }| DownloadWork { lease, verification, media, answers }).collect())
}

/// When the next row of a stage is due.
pub(in crate::store) async fn next_due<DB: Dialect>(connection: &mut DB::Connection, stage: Stage, apps: &[String]) -> Result<Option<Time>> {
    let (of_apps, binds) = if apps.is_empty() { (String::new(), Vec::new()) } else { (format!("and app in {}", DB::list(1)), binds![Json::of(apps)?]) };
    let sql = format!("select min(due_at) as due_at from schedule where stage = {} {of_apps}", stage.number());
    let rows = DB::fetch(connection, sql, binds).await?;
    Ok(rows.first().map(|row| row.int_or_null("due_at")).transpose()?.flatten().map(Time))
}

async fn claimed<DB: Dialect>(connection: &mut DB::Connection, stage: Stage, claim: &Claim) -> Result<Vec<Claimed>> {
    let leases = lease::<DB>(connection, stage, claim).await?;
    if leases.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&str> = leases.iter().map(|lease| lease.verification_id.as_str()).collect();
    let mut facts = facts::<DB>(connection, &ids).await?;
    let mut media = media::<DB>(connection, &ids).await?;
    let mut answers = answers::<DB>(connection, &ids).await?;
    leases
        .into_iter()
        .map(|lease| {
            let id = &lease.verification_id;
            let (verification, progress) = facts.remove(id).ok_or_else(|| StoreError::Corrupt("a scheduled verification has no row".to_owned()))?;
            Ok(Claimed { media: media.remove(id).unwrap_or_default(), answers: answers.remove(id).unwrap_or_default(), lease, verification, progress })
        })
        .collect()
}

/// Leases due rows, in the order of their deadlines.
async fn lease<DB: Dialect>(connection: &mut DB::Connection, stage: Stage, claim: &Claim) -> Result<Vec<Lease>> {
    let token = fresh_id(claim.now);
    let until = claim.now.plus(claim.lease);
    let mut binds = binds![claim.now, claim.limit.max(0), token.as_str(), until, claim.lease.0, claim.patience];
    let mut of_apps = String::new();
    if !claim.apps.is_empty() {
        of_apps = format!("and app in {}", DB::list(7));
        binds.push(Json::of(&claim.apps)?.into());
    }
    // The lease alone as long as patience lasts; then quadratically more, but never beyond a quarter of the time that is left.
    let impatience = "(s.claims + 1 - $6)";
    let sql = format!(
        "with picked as materialized (
            select verification_id as id from schedule
            where stage = {stage} and due_at <= $1 {of_apps}
            order by deadline, verification_id limit $2 {skip_locked}
        )
        update schedule as s set
            lease_token = $3, lease_until = $4, claims = s.claims + 1, woken = false,
            due_at = $4 + case
                when {impatience} <= 0 or s.deadline <= $1 then 0
                else {least}($5 * {least}({impatience}, 1000) * {least}({impatience}, 1000), (s.deadline - $1) / 4) end
        from picked
        where s.verification_id = picked.id and s.stage = {stage} and s.due_at <= $1
        returning verification_id, deadline, claims",
        stage = stage.number(),
        skip_locked = DB::FOR_UPDATE_SKIP_LOCKED,
        least = DB::LEAST,
    );
    let mut leased = Vec::new();
    for row in DB::fetch(connection, sql, binds).await? {
        let lease = Lease { verification_id: row.text("verification_id")?, stage, token: token.clone(), until, claims: row.int("claims")? };
        leased.push((row.int("deadline")?, lease));
    }
    // `returning` promises no order.
    leased.sort_by(|(deadline, lease), (other_deadline, other)| (deadline, &lease.verification_id).cmp(&(other_deadline, &other.verification_id)));
    Ok(leased.into_iter().map(|(_, lease)| lease).collect())
}

async fn facts<DB: Dialect>(connection: &mut DB::Connection, ids: &[&str]) -> Result<HashMap<String, (Verification, String)>> {
    let sql = format!(
        "select verification_id, verify_token, app, issued_at, tracked_at, plan_id, issued_here, progress from verifications where verification_id in {}",
        DB::list(1)
    );
    let mut facts = HashMap::with_capacity(ids.len());
    for row in DB::fetch(connection, sql, binds![Json::of(ids)?]).await? {
        let verification = verification(&row)?;
        facts.insert(verification.verification_id.clone(), (verification, row.text("progress")?));
    }
    Ok(facts)
}

fn verification(row: &impl Cells) -> Result<Verification> {
    Ok(Verification {
        verification_id: row.text("verification_id")?,
        verify_token: Secret::new(row.text("verify_token")?),
        app: row.text("app")?,
        issued_at: instant(row, "issued_at")?,
        tracked_at: instant(row, "tracked_at")?,
        plan_id: row.text_or_null("plan_id")?,
        issued_here: row.flag("issued_here")?,
    })
}

async fn media<DB: Dialect>(connection: &mut DB::Connection, ids: &[&str]) -> Result<HashMap<String, Vec<MediaRow>>> {
    let sql = format!(
        "select verification_id, media_id, attempt_no, kind, position, source, state, sha256, object_key, tries, last_error, refused_sha256 from media
        where verification_id in {} order by verification_id, attempt_no, kind, position, source",
        DB::list(1)
    );
    let mut media: HashMap<String, Vec<MediaRow>> = HashMap::new();
    for row in DB::fetch(connection, sql, binds![Json::of(ids)?]).await? {
        let slot = Slot {
            attempt_no: row.int("attempt_no")?,
            kind: known(Kind::named(&row.text("kind")?), "media.kind")?,
            position: row.int("position")?,
            source: known(Source::named(&row.text("source")?), "media.source")?,
        };
        let state = known(MediaState::named(&row.text("state")?), "media.state")?;
        let medium = MediaRow {
            media_id: row.text("media_id")?,
            slot,
            state,
            sha256: row.text_or_null("sha256")?,
            object_key: row.text_or_null("object_key")?,
            tries: row.int("tries")?,
            last_error: row.text_or_null("last_error")?,
            refused_sha256: row.text_or_null("refused_sha256")?,
        };
        media.entry(row.text("verification_id")?).or_default().push(medium);
    }
    Ok(media)
}

async fn answers<DB: Dialect>(connection: &mut DB::Connection, ids: &[&str]) -> Result<HashMap<String, Vec<(String, String)>>> {
    let sql = format!("select verification_id, endpoint, sha256 from answers where verification_id in {} order by fetched_at, answer_id", DB::list(1));
    let mut answers: HashMap<String, Vec<(String, String)>> = HashMap::new();
    for row in DB::fetch(connection, sql, binds![Json::of(ids)?]).await? {
        let endpoint = known(Endpoint::kept_named(&row.text("endpoint")?), "answers.endpoint")?;
        answers.entry(row.text("verification_id")?).or_default().push((endpoint.name().to_owned(), row.text("sha256")?));
    }
    Ok(answers)
}
