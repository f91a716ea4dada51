//! The figures of `status`: a few grouped counts, not for a hot path.

use super::{alarm, calls, reconcile, upkeep};
use crate::{
    domain::{
        lease::Stage,
        settled::{DAY, Settled},
        time::Time,
    },
    store::{
        POISONED_BEYOND, Result,
        dialect::Dialect,
        reports::{MediaCount, Open, StateCount, Status},
        rows::{Cells as _, binds},
    },
};

/// The figures as of `now`.
pub(super) async fn status<DB: Dialect>(
    connection: &mut DB::Connection,
    now: Time,
) -> Result<Status> {
    let mut status = Status {
        states: states::<DB>(connection).await?,
        media: media::<DB>(connection).await?,
        answers: 0,
        answer_bytes: 0,
        next_deadline: None,
        polls_due: 0,
        downloads_due: 0,
        oldest_due: None,
        poisoned: 0,
        least_left_ms: None,
        quota_use: calls::quota_use::<DB>(connection, now).await?,
        errors: errors::<DB>(connection).await?,
        alarms: alarm::open::<DB>(connection).await?,
        open_by_app: Vec::new(),
        reconciled: reconcile::last::<DB>(connection).await?,
        replicas: upkeep::replicas::<DB>(connection, now).await?,
        settled_last_day: settled::<DB>(connection, now.minus(DAY), now).await?,
    };
    for row in DB::fetch(
        connection,
        "select count(*) as n, cast(coalesce(sum(bytes), 0) as bigint) as length from answers"
            .to_owned(),
        Vec::new(),
    )
    .await?
    {
        (status.answers, status.answer_bytes) = (row.int("n")?, row.int("length")?);
    }
    schedule::<DB>(connection, now, &mut status).await?;
    for row in DB::fetch(
        connection,
        "select min(least_left) as least_left from verifications".to_owned(),
        Vec::new(),
    )
    .await?
    {
        status.least_left_ms = row.int_or_null("least_left")?;
    }
    Ok(status)
}

/// What is left to do: one look at the narrow table, which settled verifications have left.
async fn schedule<DB: Dialect>(
    connection: &mut DB::Connection,
    now: Time,
    status: &mut Status,
) -> Result<()> {
    let sql = format!(
        "select app, min(deadline) as next_deadline,
            count(case when stage = {poll} then 1 end) as verifications,
            count(case when stage = {download} then 1 end) as downloads,
            count(case when stage = {poll} and due_at <= $1 then 1 end) as polls_due,
            count(case when stage = {download} and due_at <= $1 then 1 end) as downloads_due,
            min(case when due_at <= $1 then due_at end) as oldest_due,
            count(case when claims > {POISONED_BEYOND} then 1 end) as poisoned
        from schedule group by app order by app",
        poll = Stage::Poll.number(),
        download = Stage::Download.number(),
    );
    let sooner = |one: Option<Time>, other: Option<Time>| one.into_iter().chain(other).min();
    for row in DB::fetch(connection, sql, binds![now]).await? {
        let next_deadline = row.int_or_null("next_deadline")?.map(Time);
        status.next_deadline = sooner(status.next_deadline, next_deadline);
        status.oldest_due = sooner(status.oldest_due, row.int_or_null("oldest_due")?.map(Time));
        status.polls_due += row.int("polls_due")?;
        status.downloads_due += row.int("downloads_due")?;
        status.poisoned += row.int("poisoned")?;
        status.open_by_app.push(Open {
            app: row.text("app")?,
            verifications: row.int("verifications")?,
            downloads: row.int("downloads")?,
            next_deadline,
        });
    }
    Ok(())
}

async fn states<DB: Dialect>(connection: &mut DB::Connection) -> Result<Vec<StateCount>> {
    let sql = "select app, state, count(*) as n from verifications group by app, state order by app, state";
    let rows = DB::fetch(connection, sql.to_owned(), Vec::new()).await?;
    rows.iter()
        .map(|row| {
            Ok(StateCount {
                app: row.text("app")?,
                state: row.text("state")?,
                count: row.int("n")?,
            })
        })
        .collect()
}

/// Those settled from an instant to before another, by app: a range of an index that has all of it.
pub(super) async fn settled<DB: Dialect>(
    connection: &mut DB::Connection,
    from: Time,
    to: Time,
) -> Result<Vec<Settled>> {
    let sql = "select app, count(*) as n, count(case when never_seen then 1 end) as never_seen
        from verifications where settled_at >= $1 and settled_at < $2 group by app order by app";
    let rows = DB::fetch(connection, sql.to_owned(), binds![from, to]).await?;
    rows.iter()
        .map(|row| {
            Ok(Settled {
                app: row.text("app")?,
                settled: row.int("n")?,
                never_seen: row.int("never_seen")?,
            })
        })
        .collect()
}

async fn media<DB: Dialect>(connection: &mut DB::Connection) -> Result<Vec<MediaCount>> {
    let sql = "select kind, state, count(*) as n, cast(coalesce(sum(bytes), 0) as bigint) as length from media group by kind, state order by kind, state";
    let rows = DB::fetch(connection, sql.to_owned(), Vec::new()).await?;
    rows.iter()
        .map(|row| {
            Ok(MediaCount {
                kind: row.text("kind")?,
                state: row.text("state")?,
                count: row.int("n")?,
                bytes: row.int("length")?,
            })
        })
        .collect()
}

/// What fails at present: settled verifications have nothing left to fail.
async fn errors<DB: Dialect>(connection: &mut DB::Connection) -> Result<Vec<(String, i64)>> {
    let sql = "select last_error, count(*) as n from verifications where state in ('waiting', 'collecting') and last_error is not null
        group by last_error order by n desc, last_error limit 10";
    let rows = DB::fetch(connection, sql.to_owned(), Vec::new()).await?;
    rows.iter()
        .map(|row| Ok((row.text("last_error")?, row.int("n")?)))
        .collect()
}
