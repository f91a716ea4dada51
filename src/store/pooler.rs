//! A pooler between this program and PostgreSQL, such as PgBouncer.
//!
//! In transaction mode each transaction is given another connection to the server. All work is done
//! in transactions and leaves nothing behind, but for the statements it prepares: those are kept
//! unless `statement-cache-capacity=0` stands in the URL, and would not be found again.

use sqlx::{Connection as _, PgConnection, Postgres};

use super::{
    Result, StoreError, dialect::Dialect, errors::BEHIND_A_POOLER, migrate::answered,
    rows::Cells as _, target::Target,
};
use crate::domain::address::DatabaseUrl;

/// Whether prepared statements are kept though a pooler in transaction mode stands before the
/// server. It is seen by a client whose next transaction is on another connection, as a second
/// client holds the first one.
///
/// # Errors
/// [`StoreError::Schema`] when it is so, with the way out; as [`super::check_schema`] besides.
pub async fn check_pooler(url: &DatabaseUrl) -> Result<()> {
    let Target::Postgres(options) = Target::of(url)? else {
        return Ok(());
    };
    if !Postgres::keeps_prepared(&options) {
        return Ok(());
    }
    let is_pooled = answered(async {
        let mut one = PgConnection::connect_with(&options).await?;
        let mut other = PgConnection::connect_with(&options).await?;
        let before = backend(&mut one).await?;
        let held = other.begin().await?;
        let after = backend(&mut one).await?;
        held.rollback().await?;
        // What they say at their end is of no use to anybody.
        let _ = (one.close().await, other.close().await);
        Ok(before != after)
    });
    if is_pooled.await? {
        let why = "transactions of one client are on several connections to the server";
        return Err(StoreError::Schema(format!("{why}; {BEHIND_A_POOLER}")));
    }
    Ok(())
}

/// The process of the server that a transaction is on.
async fn backend(connection: &mut PgConnection) -> Result<i64> {
    let mut transaction = connection.begin().await?;
    let sql = "select cast(pg_backend_pid() as bigint) as pid".to_owned();
    let rows = Postgres::fetch(&mut transaction, sql, Vec::new()).await?;
    transaction.rollback().await?;
    rows.first().map_or(Ok(0), |row| row.int("pid"))
}
