//! What a download brought.

use super::{
    lease::{self, Done},
    media,
};
use crate::{
    domain::{
        id::VerificationId,
        lease::{Lane, Stage},
    },
    store::{
        Result,
        dialect::Dialect,
        records::DownloadRecord,
        rows::{binds, id, texts},
    },
};

/// Writes the media of those records whose lease holds, reschedules or ends them, and wakes their
/// polls; brings those records.
pub(super) async fn complete<'r, DB: Dialect>(
    connection: &mut DB::Connection,
    records: Vec<&'r DownloadRecord>,
) -> Result<Vec<&'r DownloadRecord>> {
    let done: Vec<Done> = records
        .iter()
        .map(|record| Done {
            lease: &record.lease,
            at: record.at,
            next: record
                .again
                .map(|(due_at, deadline)| (due_at, deadline, Lane::Living)),
        })
        .collect();
    let woken = lease::complete::<DB>(connection, Stage::Download, &done).await?;
    let records: Vec<&DownloadRecord> = records
        .into_iter()
        .filter(|record| woken.contains_key(&record.lease.verification_id))
        .collect();

    media::fill::<DB>(
        connection,
        records
            .iter()
            .flat_map(|record| record.stored.iter().map(|stored| (&record.lease, stored)))
            .collect(),
    )
    .await?;
    media::forget::<DB>(
        connection,
        records
            .iter()
            .flat_map(|record| record.same.iter().map(|same| (&record.lease, *same)))
            .collect(),
    )
    .await?;
    media::fail::<DB>(connection, &records).await?;

    let ended = end::<DB>(connection, &records).await?;
    let told: Vec<VerificationId> = records
        .iter()
        .map(|record| record.lease.verification_id)
        .filter(|id| woken.get(id) == Some(&true))
        .collect();
    lease::rest::<DB>(connection, Stage::Download, &told).await?;
    let polls = records
        .iter()
        .map(|record| (record.lease.verification_id, record.at))
        .filter(|(id, _)| ended.iter().any(|ended| ended == id));
    lease::wake::<DB>(connection, Stage::Poll, &polls.collect::<Vec<_>>()).await?;
    Ok(records)
}

/// Takes downloads that do not go on out of the schedule, except those a poll has added media to
/// meanwhile: they are due now.
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
