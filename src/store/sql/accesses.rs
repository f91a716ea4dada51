//! Who looked for persons, a row each time.

use async_trait::async_trait;
use futures::FutureExt as _;

use super::SqlStore;
use crate::{
    domain::{
        access::{Access, SEARCHES_MAX, day_of},
        id::{AccessId, KeyId},
    },
    store::{
        Accesses, Result,
        dialect::Dialect,
        rows::{Cells as _, binds, insert, rows},
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
        key_id: KeyId,
        who: &'a str,
        what: &'a str,
        purpose: &'a str,
        app: Option<&'a str>,
        id_number_index: &'a str,
    }
}

async fn begin<DB: Dialect>(connection: &mut DB::Connection, access: &Access) -> Result<bool> {
    // Those of one key come one after the other, so that together they do not pass the limit.
    let lock = format!(
        "select key_id from api_keys where key_id = $1 {}",
        DB::FOR_UPDATE
    );
    DB::fetch(connection, lock, binds![access.key_id]).await?;
    let count = "select count(*) as count from accesses where key_id = $1 and at >= $2";
    let binds = binds![access.key_id, day_of(access.at)];
    let rows = DB::fetch(connection, count.to_owned(), binds).await?;
    let before = rows.first().map_or(Ok(0), |row| row.int("count"))?;
    if before >= SEARCHES_MAX {
        return Ok(false);
    }
    let row = AccessIn {
        access_id: access.access_id,
        at: access.at.0,
        key_id: access.key_id,
        who: &access.by,
        what: "search",
        purpose: &access.purpose,
        app: access.app.as_deref(),
        id_number_index: &access.id_number_index,
    };
    let sql = insert::<AccessIn>("accesses", "");
    DB::execute_over(connection, &[row], &sql).await?;
    Ok(true)
}
