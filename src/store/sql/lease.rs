//! What the schedule keeps of leases: locking, completing, prolonging and giving them back.

use std::collections::{HashMap, HashSet};

use crate::{
    domain::{
        id::VerificationId,
        lease::{Lane, Lease, Stage},
        time::Time,
    },
    store::{
        Result,
        dialect::Dialect,
        rows::{Cells as _, binds, id, rows, texts},
    },
};

rows! {
    struct LeaseRow<'a> { id: VerificationId, stage_no: i64, token: &'a str, at: i64 }
}

rows! {
    struct Completion<'a> { id: VerificationId, token: &'a str, at: i64, due_at: Option<i64>, deadline: Option<i64>, lane: Option<i64> }
}

/// A claimed row that is done for now.
pub(super) struct Done<'r> {
    /// The right to say so.
    pub lease: &'r Lease,
    /// When.
    pub at: Time,
    /// When it is due again, what orders it, and in which lane; none leaves all that to what follows
    /// in the transaction.
    pub next: Option<(Time, Time, Lane)>,
}

/// Whether the verifications of a statement's rows are locked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    /// The statement does it: a record by itself takes one less.
    Taken,
    /// They were before.
    Held,
}

impl Lock {
    /// Of a statement that follows one over so many rows.
    pub(super) const fn after(self, rows: &[(&Lease, Time)]) -> Self {
        if rows.is_empty() { self } else { Self::Held }
    }

    /// What comes before the statement, and what it asks of a row `s`.
    const fn sql<DB: Dialect>(self) -> (&'static str, &'static str) {
        match self {
            Self::Taken => (DB::LOCKED_FIRST, DB::ONCE_LOCKED),
            Self::Held => ("", ""),
        }
    }
}

/// Locks the verifications of these leases in one order, so that no two transactions ever wait for
/// one another crosswise.
pub(super) async fn lock<DB: Dialect>(
    connection: &mut DB::Connection,
    leases: &[&Lease],
) -> Result<()> {
    if !DB::CONCURRENT_WRITERS {
        return Ok(());
    }
    let ids: Vec<VerificationId> = leases.iter().map(|lease| lease.verification_id).collect();
    lock_ids::<DB>(connection, &ids).await
}

/// See [`lock`].
pub(super) async fn lock_ids<DB: Dialect>(
    connection: &mut DB::Connection,
    ids: &[VerificationId],
) -> Result<()> {
    if !DB::CONCURRENT_WRITERS || ids.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "select 1 as locked from verifications where verification_id {} order by verification_id {}",
        DB::among(1),
        DB::FOR_UPDATE
    );
    DB::fetch(connection, sql, binds![texts(ids)])
        .await
        .map(|_| ())
}

/// Takes rows whose lease still holds, and that nobody has woken meanwhile, out of the schedule; brings
/// which.
pub(super) async fn end<DB: Dialect>(
    connection: &mut DB::Connection,
    stage: Stage,
    leases: &[(&Lease, Time)],
    lock: Lock,
) -> Result<HashSet<VerificationId>> {
    let (locked_first, once_locked) = lock.sql::<DB>();
    let sql = format!(
        "{locked_first} delete from schedule as s where s.stage = {} and not s.woken and (s.verification_id, s.lease_token) in (select t.id, t.token from t) {once_locked}
        returning verification_id",
        stage.number()
    );
    let ended = DB::fetch_over(connection, &rows_of(leases), &sql).await?;
    ended.iter().map(|row| id(row, "verification_id")).collect()
}

/// Releases the leases that still hold and says of each whether it was woken meanwhile; those
/// missing from the answer were lost.
///
/// A row that was woken while it was leased is due at once, whatever `next` says.
pub(super) async fn complete<DB: Dialect>(
    connection: &mut DB::Connection,
    stage: Stage,
    done: &[Done<'_>],
    lock: Lock,
) -> Result<HashMap<VerificationId, bool>> {
    if done.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<Completion> = done
        .iter()
        .map(|done| Completion {
            id: done.lease.verification_id,
            token: &done.lease.token,
            at: done.at.0,
            due_at: done.next.map(|(due_at, _, _)| due_at.0),
            deadline: done.next.map(|(_, deadline, _)| deadline.0),
            lane: done.next.map(|(_, _, lane)| lane.number()),
        })
        .collect();
    let (locked_first, once_locked) = lock.sql::<DB>();
    let sql = format!(
        "{locked_first} update schedule as s set
            due_at = case when s.woken then {least}(t.at, coalesce(t.due_at, t.at)) else coalesce(t.due_at, t.at) end,
            deadline = coalesce(t.deadline, s.deadline), lane = coalesce(t.lane, s.lane), ready = false, lease_token = null, lease_until = null, claims = 0
        from t
        where s.verification_id = t.id and s.stage = {stage} and s.lease_token = t.token {once_locked}
        returning verification_id, woken",
        least = DB::LEAST,
        stage = stage.number(),
    );
    let mut woken = HashMap::new();
    for row in DB::fetch_over(connection, &rows, &sql).await? {
        woken.insert(id(&row, "verification_id")?, row.flag("woken")?);
    }
    Ok(woken)
}

/// Forgets that rows were woken: the wake has been honoured.
pub(super) async fn rest<DB: Dialect>(
    connection: &mut DB::Connection,
    stage: Stage,
    ids: &[VerificationId],
) -> Result<()> {
    woken::<DB>(connection, stage, ids, "woken = false where true").await
}

/// Tells whoever holds rows of a stage that there is something that it did not know of when it
/// claimed them. Rows that nobody holds stay as they are.
pub(super) async fn tell<DB: Dialect>(
    connection: &mut DB::Connection,
    stage: Stage,
    ids: &[VerificationId],
) -> Result<()> {
    let held = "woken = true where lease_token is not null";
    woken::<DB>(connection, stage, ids, held).await
}

async fn woken<DB: Dialect>(
    connection: &mut DB::Connection,
    stage: Stage,
    ids: &[VerificationId],
    is: &str,
) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "update schedule set {is} and verification_id {} and stage = {}",
        DB::among(1),
        stage.number()
    );
    DB::execute(connection, sql, binds![texts(ids)])
        .await
        .map(|_| ())
}

/// Makes rows of a stage due at an instant. One that is leased stays with its holder and is due
/// again as soon as that is done.
pub(super) async fn wake<DB: Dialect>(
    connection: &mut DB::Connection,
    stage: Stage,
    ids: &[(VerificationId, Time)],
) -> Result<()> {
    let rows: Vec<LeaseRow> = ids
        .iter()
        .map(|(id, at)| LeaseRow {
            id: *id,
            stage_no: stage.number(),
            token: "",
            at: at.0,
        })
        .collect();
    let sql = format!(
        "update schedule as s set
            due_at = case when s.lease_token is not null and s.lease_until > t.at then s.due_at else {least}(s.due_at, t.at) end,
            woken = s.lease_token is not null
        from t
        where s.verification_id = t.id and s.stage = {stage}",
        least = DB::LEAST,
        stage = stage.number(),
    );
    DB::execute_over(connection, &rows, &sql).await.map(|_| ())
}

/// Prolongs leases; those that still held are in the answer.
pub(super) async fn renew<DB: Dialect>(
    connection: &mut DB::Connection,
    leases: &[(&Lease, Time)],
) -> Result<HashSet<(VerificationId, Stage)>> {
    if leases.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = "update schedule as s set lease_until = t.at, due_at = case when s.due_at > t.at then s.due_at else t.at end
        from t
        where s.verification_id = t.id and s.stage = t.stage_no and s.lease_token = t.token
        returning verification_id, stage";
    let mut held = HashSet::new();
    for row in DB::fetch_over(connection, &rows_of(leases), sql).await? {
        let stage = if row.int("stage")? == Stage::Poll.number() {
            Stage::Poll
        } else {
            Stage::Download
        };
        held.insert((id(&row, "verification_id")?, stage));
    }
    Ok(held)
}

/// Gives leases back unused: due at once, the claim not counted.
pub(super) async fn release<DB: Dialect>(
    connection: &mut DB::Connection,
    leases: &[(&Lease, Time)],
) -> Result<()> {
    if leases.is_empty() {
        return Ok(());
    }
    let sql = "update schedule as s set due_at = t.at, ready = false, lease_token = null, lease_until = null, claims = s.claims - 1, woken = false
        from t
        where s.verification_id = t.id and s.stage = t.stage_no and s.lease_token = t.token";
    DB::execute_over(connection, &rows_of(leases), sql)
        .await
        .map(|_| ())
}

fn rows_of<'r>(leases: &[(&'r Lease, Time)]) -> Vec<LeaseRow<'r>> {
    leases
        .iter()
        .map(|(lease, at)| LeaseRow {
            id: lease.verification_id,
            stage_no: lease.stage.number(),
            token: &lease.token,
            at: at.0,
        })
        .collect()
}
