//! What the database belongs to: one row.

use async_trait::async_trait;
use futures::FutureExt as _;

use super::SqlStore;
use crate::{
    domain::{
        id::VerificationId,
        identity::Reindexed,
        installation::{Database, Installation},
        time::Time,
    },
    store::{
        Installations, Result, StoreError,
        dialect::Dialect,
        rows::{Cells as _, binds, id},
    },
};

#[async_trait]
impl<DB: Dialect> Installations for SqlStore<DB> {
    async fn installation(&self) -> Result<Database> {
        let mut known = self
            .reading(|connection| read::<DB>(connection).boxed())
            .await?;
        if known.newest_object.is_none() {
            let newest = self.reading(|connection| newest::<DB>(connection, MEDIUM).boxed());
            known.newest_object = match newest.await {
                // A table that went is told of as such, and keeps nobody from telling tokens.
                Err(StoreError::Schema(_)) => None,
                newest => newest?,
            };
        }
        Ok(known)
    }

    async fn begin_installation(&self, drawn: &Installation, now: Time) -> Result<Installation> {
        let drawn = drawn.clone();
        self.writing(move |connection| {
            async move { begin::<DB>(connection, &drawn, now).await }.boxed()
        })
        .await
    }

    async fn indexed_otherwise(&self, index_key_id: &str) -> Result<i64> {
        let id = index_key_id.to_owned();
        self.reading(move |connection| {
            async move { indexed_otherwise::<DB>(connection, &id).await }.boxed()
        })
        .await
    }

    async fn indexed_otherwise_after(
        &self,
        index_key_id: &str,
        after: VerificationId,
        limit: i64,
    ) -> Result<Vec<VerificationId>> {
        let key = index_key_id.to_owned();
        self.reading(move |connection| {
            async move { indexed_otherwise_after::<DB>(connection, &key, after, limit).await }
                .boxed()
        })
        .await
    }

    async fn exchange_index_key(&self, index_key_id: &str) -> Result<()> {
        let key = index_key_id.to_owned();
        self.writing(move |connection| {
            async move {
                let sql = "update installation set index_key_id = $1";
                DB::execute(connection, sql.to_owned(), binds![key.as_str()])
                    .await
                    .map(drop)
            }
            .boxed()
        })
        .await
    }

    async fn reindex(
        &self,
        verification_id: VerificationId,
        index_key_id: &str,
        rows: Vec<Reindexed>,
    ) -> Result<()> {
        let key = index_key_id.to_owned();
        self.writing(move |connection| {
            async move { reindex::<DB>(connection, verification_id, &key, &rows).await }.boxed()
        })
        .await
    }
}

/// Two ranges of the primary key, so that a batch costs the same however many are done or left.
async fn indexed_otherwise_after<DB: Dialect>(
    connection: &mut DB::Connection,
    index_key_id: &str,
    after: VerificationId,
    limit: i64,
) -> Result<Vec<VerificationId>> {
    let of = |table: &str, which: &str| {
        format!(
            "select verification_id from (select distinct verification_id from {table} where verification_id > $2
                and (index_key_id is null or index_key_id <> $1){which} order by verification_id limit $3) as {table}_left"
        )
    };
    let sql = format!(
        "{} union {} order by verification_id limit $3",
        of("attempts", " and id_number_masked is not null"),
        of("submissions", "")
    );
    let rows = DB::fetch(connection, sql, binds![index_key_id, after, limit]).await?;
    rows.iter().map(|row| id(row, "verification_id")).collect()
}

async fn reindex<DB: Dialect>(
    connection: &mut DB::Connection,
    verification_id: VerificationId,
    index_key_id: &str,
    rows: &[Reindexed],
) -> Result<()> {
    for row in rows {
        let index = row.index.as_str();
        let of_this = match row.attempt_no {
            Some(_) => {
                "update attempts set id_number_index = $2, index_key_id = $3 where verification_id = $1 and attempt_no = $4"
            }
            None => {
                "update submissions set id_number_index = $2, index_key_id = $3 where verification_id = $1"
            }
        };
        let mut binds = binds![verification_id, index, index_key_id];
        binds.extend(row.attempt_no.map(Into::into));
        DB::execute(connection, of_this.to_owned(), binds).await?;
        let Some(before) = row.before.as_deref().filter(|before| *before != index) else {
            continue;
        };
        for table in ["attempts", "submissions"] {
            let of_others = format!(
                "update {table} set id_number_index = $2, index_key_id = $3 where id_number_index = $1"
            );
            DB::execute(connection, of_others, binds![before, index, index_key_id]).await?;
        }
        let of_trail = "update accesses set id_number_index = $2 where id_number_index = $1";
        DB::execute(connection, of_trail.to_owned(), binds![before, index]).await?;
    }
    Ok(())
}

/// What the database knows of itself.
pub(super) async fn read<DB: Dialect>(connection: &mut DB::Connection) -> Result<Database> {
    let installation = row::<DB>(connection).await?;
    Ok(Database {
        installation,
        newest_object: newest::<DB>(connection, ANSWER).await?,
    })
}

const ANSWER: &str =
    "select object_key from answers where object_key is not null order by answer_id desc limit 1";
const MEDIUM: &str =
    "select object_key from media where object_key is not null order by media_id desc limit 1";

async fn newest<DB: Dialect>(connection: &mut DB::Connection, sql: &str) -> Result<Option<String>> {
    let rows = DB::fetch(connection, sql.to_owned(), Vec::new()).await?;
    rows.first().map(|row| row.text("object_key")).transpose()
}

/// Writes the row, unless there is one, and a key, unless one is known; brings what stands then.
pub(super) async fn begin<DB: Dialect>(
    connection: &mut DB::Connection,
    drawn: &Installation,
    now: Time,
) -> Result<Installation> {
    let sql = "insert into installation (one, installation_id, created_at, index_key_id) values (1, $1, $2, nullif($3, ''))
        on conflict (one) do update set index_key_id = coalesce(installation.index_key_id, excluded.index_key_id)";
    DB::execute(
        connection,
        sql.to_owned(),
        binds![
            drawn.installation_id.as_str(),
            now,
            drawn.index_key_id.as_deref().unwrap_or_default()
        ],
    )
    .await?;
    row::<DB>(connection)
        .await?
        .ok_or_else(|| StoreError::Corrupt("`installation` has no row".to_owned()))
}

async fn row<DB: Dialect>(connection: &mut DB::Connection) -> Result<Option<Installation>> {
    let rows = DB::fetch(
        connection,
        "select installation_id, index_key_id from installation".to_owned(),
        Vec::new(),
    )
    .await?;
    let read = |row: &DB::Row| {
        Ok(Installation {
            installation_id: row.text("installation_id")?,
            index_key_id: row.text_or_null("index_key_id")?,
        })
    };
    rows.first().map(read).transpose()
}

/// How many attempts and submissions with an ID number were indexed with another key than this, or
/// with none.
pub(super) async fn indexed_otherwise<DB: Dialect>(
    connection: &mut DB::Connection,
    index_key_id: &str,
) -> Result<i64> {
    // One range of the index each, so that a database whose attempts all fit is not read through.
    let count = |which: &str| {
        format!(
            "(select count(*) from attempts where id_number_masked is not null and index_key_id {which})
            + (select count(*) from submissions where index_key_id {which})"
        )
    };
    let sql = format!(
        "select {} + {} + {} as others",
        count("is null"),
        count("< $1"),
        count("> $1")
    );
    let rows = DB::fetch(connection, sql, binds![index_key_id]).await?;
    rows.first().map_or(Ok(0), |row| row.int("others"))
}
