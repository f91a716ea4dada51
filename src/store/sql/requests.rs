//! Requests of the API, a row each while they are known.

use async_trait::async_trait;
use futures::FutureExt as _;

use super::SqlStore;
use crate::{
    domain::{
        digest::Sha256,
        id::KeyId,
        once::{KEPT, LEASE, Once},
        time::Time,
    },
    store::{
        Begun, Done, Requests, Result,
        dialect::Dialect,
        rows::{Cells as _, binds, digest, id, insert, instant, rows},
    },
};

#[async_trait]
impl<DB: Dialect> Requests for SqlStore<DB> {
    async fn begin_request(&self, once: &Once, now: Time) -> Result<Begun> {
        let once = once.clone();
        self.writing(move |connection| {
            async move { begin::<DB>(connection, &once, now).await }.boxed()
        })
        .await
    }

    async fn end_request(&self, once: &Once, begun: Time, done: Option<&Done>) -> Result<bool> {
        let (once, done) = (once.clone(), done.cloned());
        self.writing(move |connection| {
            async move { end::<DB>(connection, &once, begun, done).await }.boxed()
        })
        .await
    }
}

rows! {
    struct RequestIn { key_id: KeyId, told: Sha256, body: Sha256, at: i64 }
}

async fn begin<DB: Dialect>(
    connection: &mut DB::Connection,
    once: &Once,
    now: Time,
) -> Result<Begun> {
    let row = RequestIn {
        key_id: once.key_id,
        told: once.told,
        body: once.body,
        at: now.0,
    };
    // One that is known no more is as good as none. Of two that begin at once one waits here for
    // the other, and then reads what it wrote.
    let tail = format!(
        "on conflict (key_id, told) do update set body = excluded.body, at = excluded.at, verification_id = null, unprepared = null
        where requests.at <= excluded.at - {}",
        KEPT.0
    );
    let sql = insert::<RequestIn>("requests", &tail);
    if DB::execute_over(connection, &[row], &sql).await? > 0 {
        return Ok(Begun::Yours);
    }
    let (key_id, told) = (once.key_id, once.told.to_string());
    let sql = "select body, at, verification_id, unprepared from requests where key_id = $1 and told = $2";
    let found = DB::fetch(connection, sql.to_owned(), binds![key_id, told.as_str()]).await?;
    let Some(row) = found.first() else {
        // Its row went between the two: who makes it again is not hindered.
        return Ok(Begun::Running);
    };
    if digest(row, "body")? != once.body {
        return Ok(Begun::Other);
    }
    if row.text_or_null("verification_id")?.is_some() {
        return Ok(Begun::Done(Done {
            verification_id: id(row, "verification_id")?,
            unprepared: row.text_or_null("unprepared")?,
        }));
    }
    let at = instant(row, "at")?;
    if now.since(at) < LEASE {
        return Ok(Begun::Running);
    }
    let sql = "update requests set at = $4 where key_id = $1 and told = $2 and at = $3 and verification_id is null";
    let binds = binds![key_id, told.as_str(), at, now];
    let taken = DB::execute(connection, sql.to_owned(), binds).await? > 0;
    Ok(if taken { Begun::Yours } else { Begun::Running })
}

async fn end<DB: Dialect>(
    connection: &mut DB::Connection,
    once: &Once,
    begun: Time,
    done: Option<Done>,
) -> Result<bool> {
    let told = once.told.to_string();
    let which = "where key_id = $1 and told = $2 and at = $3 and verification_id is null";
    let mut binds = binds![once.key_id, told.as_str(), begun];
    let sql = match done {
        None => format!("delete from requests {which}"),
        Some(done) => {
            binds.extend(binds![done.verification_id]);
            let unprepared = match &done.unprepared {
                Some(why) => {
                    binds.extend(binds![why.as_str()]);
                    ", unprepared = $5"
                }
                None => "",
            };
            format!("update requests set verification_id = $4{unprepared} {which}")
        }
    };
    Ok(DB::execute(connection, sql, binds).await? > 0)
}

/// Forgets those that are known no more.
pub(super) async fn forget<DB: Dialect>(connection: &mut DB::Connection, now: Time) -> Result<()> {
    let sql = "delete from requests where at <= $1";
    DB::execute(connection, sql.to_owned(), binds![now.minus(KEPT)])
        .await
        .map(|_| ())
}
