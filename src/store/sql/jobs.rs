//! Jobs of the whole service.

use async_trait::async_trait;
use futures::FutureExt as _;

use super::SqlStore;
use crate::{
    domain::time::{Span, Time},
    store::{
        Jobs, Result, Turn,
        dialect::Dialect,
        rows::{Bind, binds},
        traits::AHEAD,
    },
};

#[async_trait]
impl<DB: Dialect> Jobs for SqlStore<DB> {
    async fn take_job(&self, turn: &Turn, lease: Span) -> Result<bool> {
        let (turn, now) = (turn.clone(), self.clock.now());
        self.writing(move |connection| {
            async move { take::<DB>(connection, &turn, lease, now).await }.boxed()
        })
        .await
    }

    async fn end_job(&self, turn: &Turn, ok: bool) -> Result<bool> {
        let (turn, now) = (turn.clone(), self.clock.now());
        self.writing(move |connection| {
            async move { end::<DB>(connection, &turn, ok, now).await }.boxed()
        })
        .await
    }
}

/// The database's clock, or else the machine's, which is bound to `$n`; milliseconds.
fn now_at<DB: Dialect>(n: u8) -> String {
    format!("coalesce({} / 1000, cast(${n} as bigint))", DB::CLOCK_US)
}

async fn take<DB: Dialect>(
    connection: &mut DB::Connection,
    turn: &Turn,
    lease: Span,
    now: Time,
) -> Result<bool> {
    let now_ms = now_at::<DB>(5);
    let sql = format!(
        "insert into jobs (job, scheduled_at, lease_token, lease_until) values ($1, $2, $3, {now_ms} + cast($4 as bigint))
        on conflict (job) do update set scheduled_at = excluded.scheduled_at, lease_token = excluded.lease_token, lease_until = excluded.lease_until
        where jobs.lease_token = excluded.lease_token
            or (jobs.lease_until is null or jobs.lease_until <= {now_ms})
                and (jobs.scheduled_at < excluded.scheduled_at
                    or jobs.scheduled_at <> excluded.scheduled_at and jobs.scheduled_at > {now_ms} + {})",
        AHEAD.0
    );
    let binds: Vec<Bind> = binds![
        turn.job.as_str(),
        turn.scheduled_at,
        turn.token.as_str(),
        lease.0,
        now,
    ];
    Ok(DB::execute(connection, sql, binds).await? > 0)
}

async fn end<DB: Dialect>(
    connection: &mut DB::Connection,
    turn: &Turn,
    ok: bool,
    now: Time,
) -> Result<bool> {
    let sql = format!(
        "update jobs set lease_token = null, lease_until = null, result = $3, ended_at = {}
        where job = $1 and lease_token = $2",
        now_at::<DB>(4)
    );
    let result = if ok { "ok" } else { "failed" };
    let binds = binds![turn.job.as_str(), turn.token.as_str(), result, now];
    Ok(DB::execute(connection, sql, binds).await? > 0)
}
