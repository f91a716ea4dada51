//! Claiming what is due, the least time left first.
//!
//! A claim ([`super::due`] says of which rows) moves the row's due time behind its lease, so a due row is always one that nobody holds:
//! a crash needs no reaper, and the claim looks at one index. A row claimed again and again without
//! completion waits longer each time.

use super::{alarm, due, work};
use crate::{
    domain::{
        alarm::{Alarm, Kind as AlarmKind},
        answer::Endpoint,
        digest::Sha256,
        id::VerificationId,
        lease::{Lease, Stage},
        media::MediaRow,
        progress::Progress,
        random::fresh_id,
        time::{Span, Time},
        token::Verification,
    },
    store::{
        POISONED_BEYOND, Result, StoreError,
        dialect::Dialect,
        records::{Claim, DownloadWork, PollWork},
        rows::{Cells, binds, id, instant, rows},
    },
};

/// A claimed row with the facts of its verification.
struct Claimed {
    lease: Lease,
    verification: Verification,
    polls: i64,
    progress: Progress,
    media: Vec<MediaRow>,
    answers: Vec<(Endpoint, Sha256)>,
}

/// A row that cannot be read is looked at again at least this often.
const PUT_AWAY_MAX: Span = Span::hours(1);
/// More claims than this are not counted.
const CLAIMS_MAX: i64 = 1_000_000;

/// Claims polls.
pub(super) async fn polls<DB: Dialect>(
    connection: &mut DB::Connection,
    claim: &Claim,
) -> Result<Vec<PollWork>> {
    let claimed = claimed::<DB>(connection, Stage::Poll, claim).await?;
    let work = |Claimed {
                    lease,
                    verification,
                    polls,
                    progress,
                    media,
                    answers,
                }| PollWork {
        lease,
        verification,
        polls,
        progress,
        media,
        answers,
    };
    Ok(claimed.into_iter().map(work).collect())
}

/// Claims downloads.
pub(super) async fn downloads<DB: Dialect>(
    connection: &mut DB::Connection,
    claim: &Claim,
) -> Result<Vec<DownloadWork>> {
    let claimed = claimed::<DB>(connection, Stage::Download, claim).await?;
    Ok(claimed
        .into_iter()
        .map(
            |Claimed {
                 lease,
                 verification,
                 polls,
                 progress,
                 media,
                 answers,
             }| DownloadWork {
                lease,
                verification,
                polls,
                progress,
                media,
                answers,
            },
        )
        .collect())
}

async fn claimed<DB: Dialect>(
    connection: &mut DB::Connection,
    stage: Stage,
    claim: &Claim,
) -> Result<Vec<Claimed>> {
    let (leases, mut facts) = lease::<DB>(connection, stage, claim).await?;
    if leases.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ids(&leases);
    // Answers come with polls.
    let is_polled = |id: &VerificationId| !matches!(facts.get(id), Some(Ok((_, 0, _))));
    let with_media = with_media(&ids, &facts);
    let polled: Vec<VerificationId> = ids.into_iter().filter(is_polled).collect();
    let mut media = work::media::<DB>(connection, &with_media).await?;
    let mut answers = work::answers::<DB>(connection, &polled).await?;
    let mut claimed = Vec::with_capacity(leases.len());
    let (mut unreadable, mut alarms) = (Vec::new(), Vec::new());
    for (lease, deadline) in leases {
        let id = lease.verification_id;
        let missing = || StoreError::Corrupt("it is scheduled and has no row".to_owned());
        let read = || -> Result<_> {
            let (verification, polls, progress) = facts.remove(&id).ok_or_else(missing)??;
            Ok(Claimed {
                lease: lease.clone(),
                verification,
                polls,
                progress,
                media: media.remove(&id).transpose()?.unwrap_or_default(),
                answers: answers.remove(&id).transpose()?.unwrap_or_default(),
            })
        };
        match { read }() {
            Ok(one) => {
                if lease.claims > POISONED_BEYOND {
                    alarms.push(never_ended(&lease));
                }
                claimed.push(one);
            }
            Err(error) => {
                let text = format!(
                    "{error}; it is looked at again at least every hour, and all others go on"
                );
                alarms.push(poison(id, text));
                unreadable.push((lease, deadline));
            }
        }
    }
    put_away::<DB>(connection, claim.now, claim.lease, &unreadable).await?;
    alarm::raise::<DB>(
        connection,
        alarms.iter().map(|alarm| (alarm, claim.now)).collect(),
    )
    .await?;
    Ok(claimed)
}

/// Those that may have media: they come with polls, and one may come with a token that is issued
/// here.
fn with_media(ids: &[VerificationId], facts: &work::Found<work::Facts>) -> Vec<VerificationId> {
    let may_have = |id: &&VerificationId| !matches!(facts.get(*id), Some(Ok((facts, 0, _))) if !facts.issued_here);
    ids.iter().filter(may_have).copied().collect()
}

fn never_ended(lease: &Lease) -> Alarm {
    let text = format!(
        "its {} was begun {} times and never ended: the step dies, or what it brings cannot be written",
        lease.stage.name(),
        lease.claims
    );
    poison(lease.verification_id, text)
}

fn poison(verification_id: VerificationId, text: String) -> Alarm {
    Alarm {
        kind: AlarmKind::Poison,
        subject: verification_id.to_string(),
        text,
    }
}

rows! {
    struct PutAway<'a> { id: VerificationId, token: &'a str, due_at: i64 }
}

/// Gives up leases of rows that cannot be read, until a quarter of the time that is left has
/// passed, or an hour.
async fn put_away<DB: Dialect>(
    connection: &mut DB::Connection,
    now: Time,
    least: Span,
    unreadable: &[(Lease, Time)],
) -> Result<()> {
    if unreadable.is_empty() {
        return Ok(());
    }
    let rows: Vec<PutAway> = unreadable
        .iter()
        .map(|(lease, deadline)| {
            let left = if *deadline > now {
                deadline.since(now).part(4)
            } else {
                PUT_AWAY_MAX
            };
            PutAway {
                id: lease.verification_id,
                token: &lease.token,
                due_at: now.plus(left.min(PUT_AWAY_MAX).max(least)).0,
            }
        })
        .collect();
    let sql = "update schedule as s set due_at = t.due_at, ready = false, lease_token = null, lease_until = null
        from t where s.verification_id = t.id and s.lease_token = t.token";
    DB::execute_over(connection, &rows, sql).await.map(|_| ())
}

fn ids(leases: &[(Lease, Time)]) -> Vec<VerificationId> {
    let leases = leases.iter();
    leases.map(|(lease, _)| lease.verification_id).collect()
}

/// Leases due rows, in the order of their deadlines, and brings the facts of their verifications: with
/// the same statement where the database can.
async fn lease<DB: Dialect>(
    connection: &mut DB::Connection,
    stage: Stage,
    claim: &Claim,
) -> Result<(Vec<(Lease, Time)>, work::Found<work::Facts>)> {
    let Some((picked, mut binds)) = due::picked::<DB>(connection, stage, claim).await? else {
        return Ok(Default::default());
    };
    let token = fresh_id(claim.now).to_string();
    let until = claim.now.plus(claim.lease);
    let n = binds.len();
    binds.extend(binds![token.as_str(), until, claim.lease.0, claim.patience]);
    let [lease_token, lease_until, lease_ms, patience] =
        [1, 2, 3, 4].map(|at| format!("${}", n + at));
    // The lease alone as long as patience lasts; then quadratically more, but never beyond a
    // quarter of the time that is left.
    let claims = format!("{least}(s.claims, {CLAIMS_MAX}) + 1", least = DB::LEAST);
    let impatience = format!("({claims} - {patience})");
    let picked = format!("with picked as materialized ({picked})");
    let update = format!(
        "update schedule as s set
            lease_token = {lease_token}, lease_until = {lease_until}, claims = {claims}, woken = false, ready = false,
            due_at = {lease_until} + case
                when {impatience} <= 0 or s.deadline <= $1 then 0
                else {least}({lease_ms} * {least}({impatience}, 1000) * {least}({impatience}, 1000), (s.deadline - $1) / 4) end
        from picked
        where s.verification_id = picked.id and s.stage = {stage} and s.due_at <= $1
        returning verification_id, deadline, claims",
        stage = stage.number(),
        least = DB::LEAST,
    );
    let sql = if DB::WRITES_WITHIN {
        let facts = work::FACTS;
        format!(
            "{picked}, leased as ({update})
            select leased.verification_id, deadline, claims, {facts} from leased left join verifications as v on v.verification_id = leased.verification_id"
        )
    } else {
        format!("{picked} {update}")
    };
    let rows = DB::fetch(connection, sql, binds).await?;
    let mut leased = rows
        .iter()
        .filter_map(|row| leased(row, stage, &token, until))
        .collect::<Result<Vec<_>>>()?;
    if leased.is_empty() {
        return Ok(Default::default());
    }
    // `returning` promises no order.
    leased.sort_by_key(|(lease, deadline)| (*deadline, lease.verification_id));
    let facts = if DB::WRITES_WITHIN {
        work::found(&rows)
    } else {
        work::facts::<DB>(connection, &ids(&leased)).await?
    };
    Ok((leased, facts))
}

/// Reads a row that was leased, with its deadline. One whose name cannot be read stops no other: it
/// stays among those claimed in vain.
fn leased(
    row: &impl Cells,
    stage: Stage,
    token: &str,
    until: Time,
) -> Option<Result<(Lease, Time)>> {
    let Ok(verification_id) = id(row, "verification_id") else {
        tracing::error!(
            "a row of the schedule has a verification_id that is no UUID: it is passed over"
        );
        return None;
    };
    let read = || {
        let lease = Lease {
            verification_id,
            stage,
            token: token.to_owned(),
            until,
            claims: row.int("claims")?,
        };
        Ok((lease, instant(row, "deadline")?))
    };
    Some(read())
}
