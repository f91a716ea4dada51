//! What a download brought.

use std::collections::{HashMap, HashSet};

use super::{
    calls,
    completed::Downloaded,
    lease::{self, Done, Lock},
    media::{self, Captured},
    unnamed::Unnamed,
};
use crate::{
    domain::{
        id::VerificationId,
        lease::{Lane, Lease, Stage},
        time::Time,
        token::State,
    },
    store::{
        Result,
        dialect::Dialect,
        records::DownloadRecord,
        rows::{binds, id, rows, texts},
    },
};

/// Writes the media of those records whose lease holds, reschedules or ends them, and wakes their
/// polls; brings those records.
pub(super) async fn complete<'r, DB: Dialect>(
    connection: &mut DB::Connection,
    records: Vec<&'r DownloadRecord>,
    lock: Lock,
    unnamed: &mut Unnamed,
) -> Result<Vec<Downloaded<'r>>> {
    let ending = records.iter().filter(|record| ends(record));
    let ending: Vec<(&Lease, Time)> = ending.map(|record| (&record.lease, record.at)).collect();
    let mut ended = lease::end::<DB>(connection, Stage::Download, &ending, lock).await?;
    let lock = lock.after(&ending);
    let others = records
        .iter()
        .filter(|record| !ended.contains(&record.lease.verification_id));
    let done: Vec<Done> = others.map(|record| done(record)).collect();
    let mut woken = lease::complete::<DB>(connection, Stage::Download, &done, lock).await?;
    woken.extend(ended.iter().map(|id| (*id, false)));
    let records: Vec<&DownloadRecord> = records
        .into_iter()
        .filter(|record| woken.contains_key(&record.lease.verification_id))
        .collect();

    let mut captured = bring::<DB>(connection, &records, unnamed).await?;
    let called = records
        .iter()
        .map(|record| (record.lease.verification_id, &record.calls[..]));
    calls::add::<DB>(connection, called).await?;
    let others = records
        .iter()
        .filter(|record| !ended.contains(&record.lease.verification_id));
    let others: Vec<&DownloadRecord> = others.copied().collect();
    ended.extend(end::<DB>(connection, &others).await?);
    let told: Vec<VerificationId> = records
        .iter()
        .map(|record| record.lease.verification_id)
        .filter(|id| woken.get(id) == Some(&true))
        .collect();
    lease::rest::<DB>(connection, Stage::Download, &told).await?;
    let ended: Vec<&DownloadRecord> = records
        .iter()
        .copied()
        .filter(|record| ended.contains(&record.lease.verification_id))
        .collect();
    let settled = settle::<DB>(connection, &ended, &captured).await?;
    captured.retain(|id, _| !settled.contains(id));
    media::time_left::<DB>(connection, &captured).await?;
    let polls = ended
        .iter()
        .map(|record| (record.lease.verification_id, record.at))
        .filter(|(id, _)| !settled.contains(id));
    lease::wake::<DB>(connection, Stage::Poll, &polls.collect::<Vec<_>>()).await?;
    let goes_on = |record: &&&DownloadRecord| record.again.is_some() && record.brings();
    let brought = records.iter().filter(goes_on);
    let brought = brought.map(|record| record.lease.verification_id);
    lease::tell::<DB>(connection, Stage::Poll, &brought.collect::<Vec<_>>()).await?;
    let downloaded = |record: &'r DownloadRecord| Downloaded {
        record,
        is_settled: settled.contains(&record.lease.verification_id),
    };
    Ok(records.into_iter().map(downloaded).collect())
}

/// Whether it would end the download.
pub(super) const fn ends(record: &DownloadRecord) -> bool {
    record.again.is_none()
}

fn done(record: &DownloadRecord) -> Done<'_> {
    let next = record.again;
    Done {
        lease: &record.lease,
        at: record.at,
        next: next.map(|(due_at, deadline)| (due_at, deadline, Lane::Living)),
    }
}

/// Writes what became of the media; brings what was captured.
async fn bring<DB: Dialect>(
    connection: &mut DB::Connection,
    records: &[&DownloadRecord],
    unnamed: &mut Unnamed,
) -> Result<HashMap<VerificationId, Captured>> {
    let captured = media::fill::<DB>(
        connection,
        records
            .iter()
            .flat_map(|record| record.stored.iter().map(|stored| (&record.lease, stored)))
            .collect(),
        unnamed,
    )
    .await?;
    media::forget::<DB>(
        connection,
        Stage::Download,
        records
            .iter()
            .flat_map(|record| record.same.iter().map(|same| (&record.lease, *same)))
            .collect(),
        unnamed,
    )
    .await?;
    media::fail::<DB>(connection, records).await?;
    Ok(captured)
}

rows! {
    struct Whole { id: VerificationId, polls: i64, at: i64 }
}

rows! {
    struct Archived { id: VerificationId, at: i64, short_at: Option<i64>, long_at: Option<i64> }
}

/// Settles the verifications that are whole now; brings which. One that a poll holds, or of which
/// anything is known that its download did not know of, is left to its poll.
async fn settle<DB: Dialect>(
    connection: &mut DB::Connection,
    ended: &[&DownloadRecord],
    captured: &HashMap<VerificationId, Captured>,
) -> Result<HashSet<VerificationId>> {
    let whole = |record: &&DownloadRecord| {
        Some(Whole {
            id: record.lease.verification_id,
            polls: record.archives?,
            at: record.at.0,
        })
    };
    let rows: Vec<Whole> = ended.iter().filter_map(whole).collect();
    let poll = format!(
        "delete from schedule where stage = {stage} and verification_id {among} and lease_token is null and not woken
        and exists (
            select 1 from verifications as v where v.verification_id = schedule.verification_id
            and v.settled_at is null and v.polls = (select t.polls from t where t.id = v.verification_id))
        and not exists (select 1 from media as m where m.verification_id = schedule.verification_id and m.state = 'wanted')
        returning verification_id",
        among = DB::AMONG_ROWS,
        stage = Stage::Poll.number()
    );
    let taken = DB::fetch_over(connection, &rows, &poll).await?;
    let settled = taken
        .iter()
        .map(|row| id(row, "verification_id"))
        .collect::<Result<HashSet<VerificationId>>>()?;
    let archived = rows.iter().filter(|row| settled.contains(&row.id));
    let archived = archived.map(|Whole { id, at, .. }| {
        let Captured { short_at, long_at } = captured.get(id).copied().unwrap_or_default();
        Archived {
            id: *id,
            at: *at,
            short_at,
            long_at,
        }
    });
    let rows: Vec<Archived> = archived.collect();
    let state = format!(
        "update verifications as v set state = '{}', settled_at = t.at, last_error = null, least_left = {}
        from t where v.verification_id = t.id",
        State::Archived.name(),
        media::least_left::<DB>()
    );
    DB::execute_over(connection, &rows, &state).await?;
    Ok(settled)
}

/// Takes downloads that do not go on, and that a poll has woken, out of the schedule, except those it
/// has added media to: they are due now.
async fn end<DB: Dialect>(
    connection: &mut DB::Connection,
    records: &[&DownloadRecord],
) -> Result<Vec<VerificationId>> {
    let ids: Vec<VerificationId> = records
        .iter()
        .filter(|record| record.again.is_none())
        .map(|record| record.lease.verification_id)
        .collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "delete from schedule
        where verification_id {ids} and stage = {stage}
        and (not woken or not exists (select 1 from media as m where m.verification_id = schedule.verification_id and m.state = 'wanted'))
        returning verification_id",
        ids = DB::among(1),
        stage = Stage::Download.number(),
    );
    let rows = DB::fetch(connection, sql, binds![texts(&ids)]).await?;
    rows.iter().map(|row| id(row, "verification_id")).collect()
}
