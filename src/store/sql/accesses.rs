//! Who looked for persons and at verifications, a row each time.

use async_trait::async_trait;
use futures::FutureExt as _;

use super::SqlStore;
use crate::{
    domain::{
        access::{Access, SEARCHES_MAX, What, day_of},
        id::{AccessId, KeyId, VerificationId},
        time::Time,
    },
    store::{
        Accesses, Result,
        dialect::Dialect,
        reports::AccessReport,
        rows::{Cells, binds, insert, instant, rows},
    },
};

#[async_trait]
impl<DB: Dialect> Accesses for SqlStore<DB> {
    async fn begin_access(&self, access: &Access) -> Result<bool> {
        let access = access.clone();
        self.writing(move |connection| {
            async move { begin::<DB>(connection, &access).await }.boxed()
        })
        .await
    }

    async fn end_access(&self, access_id: AccessId, hits: i64) -> Result<()> {
        self.writing(move |connection| {
            async move {
                let sql = "update accesses set hits = $2 where access_id = $1";
                DB::execute(connection, sql.to_owned(), binds![access_id, hits])
                    .await
                    .map(|_| ())
            }
            .boxed()
        })
        .await
    }
}

rows! {
    struct AccessIn<'a> {
        access_id: AccessId,
        at: i64,
        via: &'a str,
        who: &'a str,
        key_id: Option<KeyId>,
        what: &'a str,
        verification_id: Option<VerificationId>,
        id_number_index: Option<&'a str>,
        app: Option<&'a str>,
        purpose: Option<&'a str>,
    }
}

async fn begin<DB: Dialect>(connection: &mut DB::Connection, access: &Access) -> Result<bool> {
    if let (Some(key_id), What::Search { .. }) = (access.who.key_id(), &access.what)
        && is_spent::<DB>(connection, key_id, access.at).await?
    {
        return Ok(false);
    }
    let (who, what) = (&access.who, &access.what);
    let row = AccessIn {
        access_id: access.access_id,
        at: access.at.0,
        via: who.via(),
        who: who.name(),
        key_id: who.key_id(),
        what: what.name(),
        verification_id: what.verification_id(),
        id_number_index: what.id_number_index(),
        app: what.app(),
        purpose: access.purpose.as_deref(),
    };
    let sql = insert::<AccessIn>("accesses", "");
    DB::execute_over(connection, &[row], &sql).await?;
    Ok(true)
}

/// Whether a key has searched as often today as it may. Searches of one key come one after the other, so that
/// together they do not pass the limit.
async fn is_spent<DB: Dialect>(
    connection: &mut DB::Connection,
    key_id: KeyId,
    at: Time,
) -> Result<bool> {
    let lock = format!(
        "select key_id from api_keys where key_id = $1 {}",
        DB::FOR_UPDATE
    );
    DB::fetch(connection, lock, binds![key_id]).await?;
    let count =
        "select count(*) as count from accesses where key_id = $1 and at >= $2 and what = 'search'";
    let rows = DB::fetch(connection, count.to_owned(), binds![key_id, day_of(at)]).await?;
    let before = rows.first().map_or(Ok(0), |row| row.int("count"))?;
    Ok(before >= SEARCHES_MAX)
}

/// Who looked at a verification, or for a person of it.
pub(super) async fn of<DB: Dialect>(
    connection: &mut DB::Connection,
    id: VerificationId,
) -> Result<Vec<AccessReport>> {
    let sql = "select * from accesses where verification_id = $1
            or id_number_index in (select id_number_index from attempts where verification_id = $1 and id_number_index is not null
                union all select id_number_index from submissions where verification_id = $1 and id_number_index is not null)
        order by at, access_id";
    let rows = DB::fetch(connection, sql.to_owned(), binds![id]).await?;
    rows.iter().map(report).collect()
}

fn report(row: &impl Cells) -> Result<AccessReport> {
    Ok(AccessReport {
        at: instant(row, "at")?,
        who: row.text("who")?,
        via: row.text("via")?,
        what: row.text("what")?,
        purpose: row.text_or_null("purpose")?,
    })
}
