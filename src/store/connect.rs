//! From a URL to connections: which database, with which settings, behind which pools.

use std::sync::Arc;

use sqlx::{
    PgPool, Pool, Postgres, Sqlite, SqlitePool, pool::PoolOptions, postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};

use super::{
    Result, Store,
    dialect::Dialect,
    migrate,
    sql::{Pools, SqlStore},
    target::{ACQUIRE, BUSY, Target, sqlite_readable, sqlite_writer},
};
use crate::domain::{address::DatabaseUrl, time::Clock};

/// SQLite's readers run beside its one writer; more of them than this gain nothing.
const SQLITE_READERS_MAX: u32 = 4;
/// So many of PostgreSQL's connections are for claims and records alone.
const POSTGRES_WORK: u32 = 2;

/// Opens a store whose schema is up to date ([`super::migrate()`] sees to that).
///
/// # Errors
/// [`Schema`](super::StoreError::Schema) when the database is foreign, older than this program, or so
/// much newer that it may not write to it;
/// [`Unavailable`](super::StoreError::Unavailable) when it cannot be reached.
pub async fn open(
    url: &DatabaseUrl,
    max_connections: u32,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Store>> {
    let schema = migrate::check_schema(url).await?;
    migrate::require_current(&schema)?;
    if let Some(newer) = schema.newer() {
        tracing::info!("the database has {newer}; bring this program up to date");
    }
    match Target::of(url)? {
        Target::Sqlite(options) => {
            let pools = sqlite_pools(options, max_connections).await?;
            Ok(Arc::new(SqlStore::new(pools, clock)))
        }
        Target::Postgres(options) => {
            let pools = postgres_pools(options, max_connections).await?;
            Ok(Arc::new(SqlStore::new(pools, clock)))
        }
    }
}

/// Opens a store to read from: nothing is asked of the database that a full disk, a read-only file
/// system or a standby would refuse. Verbs that write fail as [`Unavailable`](super::StoreError::Unavailable).
///
/// # Errors
/// As [`open`].
pub async fn open_to_read(
    url: &DatabaseUrl,
    max_connections: u32,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Store>> {
    migrate::require_current(&migrate::check_schema(url).await?)?;
    match Target::of(url)? {
        Target::Sqlite(options) => {
            let options = sqlite_readable(options).await?;
            let pool: SqlitePool = PoolOptions::new()
                .acquire_timeout(BUSY + ACQUIRE)
                .max_connections(SQLITE_READERS_MAX)
                .connect_with(options)
                .await?;
            Ok(Arc::new(SqlStore::new(one(pool), clock)))
        }
        Target::Postgres(options) => {
            let pool = postgres_pool(options, max_connections).await?;
            Ok(Arc::new(SqlStore::new(one(pool), clock)))
        }
    }
}

/// One pool for everything.
fn one<DB: Dialect>(pool: Pool<DB>) -> Pools<DB> {
    Pools {
        work: pool.clone(),
        write: pool.clone(),
        read: pool,
    }
}

/// As [`open`] of a file, with a task that panics at the first batch it writes.
#[cfg(test)]
pub(crate) async fn open_dying(url: &DatabaseUrl, clock: Arc<dyn Clock>) -> Arc<dyn Store> {
    match Target::of(url).unwrap() {
        Target::Sqlite(options) => {
            let pools = sqlite_pools(options, 1).await.unwrap();
            Arc::new(SqlStore::new(pools, clock).dying())
        }
        Target::Postgres(_) => unreachable!("a file"),
    }
}

/// Runs statements on a file as somebody would who knows nothing of this program.
#[cfg(test)]
pub(crate) async fn run_past_the_product(url: &DatabaseUrl, sql: &str) {
    use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection, raw_sql};
    let mut connection = SqliteConnection::connect(url.reveal()).await.unwrap();
    let sql = AssertSqlSafe(sql.to_owned());
    raw_sql(sql).execute(&mut connection).await.unwrap();
}

async fn sqlite_pools(
    options: SqliteConnectOptions,
    max_connections: u32,
) -> Result<Pools<Sqlite>> {
    let lasting = || {
        PoolOptions::new()
            .acquire_timeout(BUSY + ACQUIRE)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
    };
    let write: SqlitePool = lasting()
        .max_connections(1)
        .connect_with(sqlite_writer(options.clone()))
        .await?;
    let readers = max_connections.clamp(1, SQLITE_READERS_MAX);
    let read: SqlitePool = lasting()
        .max_connections(readers)
        .connect_with(options.read_only(true))
        .await?;
    Ok(Pools {
        work: write.clone(),
        write,
        read,
    })
}

async fn postgres_pools(
    options: PgConnectOptions,
    max_connections: u32,
) -> Result<Pools<Postgres>> {
    let work = POSTGRES_WORK.min(max_connections.saturating_sub(1));
    let others = postgres_pool(options.clone(), max_connections - work).await?;
    let mut pools = one(others);
    if work > 0 {
        pools.work = postgres_pool(options, work).await?;
    }
    Ok(pools)
}

async fn postgres_pool(options: PgConnectOptions, max_connections: u32) -> Result<PgPool> {
    let pool: Pool<Postgres> = PoolOptions::new()
        .max_connections(max_connections.max(1))
        .acquire_timeout(ACQUIRE)
        .connect_with(options)
        .await?;
    Ok(pool)
}
