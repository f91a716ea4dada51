//! From a URL to connections: which database, with which settings, behind which pools.

use std::{
    path::{Path, PathBuf},
    str::FromStr as _,
    sync::Arc,
    time::Duration,
};

use futures::FutureExt as _;
use sqlx::{
    Connection as _, Executor as _, PgPool, Pool, Postgres, SqliteConnection, SqlitePool,
    pool::PoolOptions,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{Result, Store, StoreError, migrate, sql::SqlStore};
use crate::domain::{secret::Secret, time::Clock};

/// How long a verb waits for a free connection, and a connection for the server.
const ACQUIRE: Duration = Duration::from_secs(10);
/// How long SQLite waits for another process that writes.
const BUSY: Duration = Duration::from_secs(10);
/// SQLite's readers run beside its one writer; more of them than this gain nothing.
const SQLITE_READERS_MAX: u32 = 4;

/// Where the database is.
pub(super) enum Target {
    /// A file.
    Sqlite(SqliteConnectOptions),
    /// A server.
    Postgres(PgConnectOptions),
}

impl Target {
    /// Reads `sqlite://path` or `postgres://user@host/db`.
    ///
    /// # Errors
    /// [`StoreError::Schema`] without the URL.
    pub(super) fn of(url: &Secret) -> Result<Self> {
        let url = url.reveal();
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") if url.contains(":memory:") || url.contains("mode=memory") => {
                Err(StoreError::Schema(
                    "a database in memory would forget everything: name a file".to_owned(),
                ))
            }
            Some("sqlite") => {
                let options = SqliteConnectOptions::from_str(url).map_err(|_| {
                    StoreError::Schema("the database URL is not `sqlite://` and a path".to_owned())
                })?;
                Ok(Self::Sqlite(options.busy_timeout(BUSY)))
            }
            Some("postgres" | "postgresql") => {
                let options = PgConnectOptions::from_str(url).map_err(|_| {
                    StoreError::Schema(
                        "the database URL is not of the form `postgres://user@host:port/database`"
                            .to_owned(),
                    )
                })?;
                Ok(Self::Postgres(
                    if options.get_application_name().is_none() {
                        options.application_name("verikeep")
                    } else {
                        options
                    },
                ))
            }
            _ => Err(StoreError::Schema(
                "the database URL must begin with `sqlite://` or `postgres://`".to_owned(),
            )),
        }
    }
}

/// How the one connection that writes to a SQLite file is set up: what is acknowledged survives a
/// power cut.
pub(super) fn sqlite_writer(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .optimize_on_close(true, None)
}

/// Opens a store whose schema is up to date ([`super::migrate()`] sees to that).
///
/// # Errors
/// [`StoreError::Schema`] when the database is foreign, older or newer than this program;
/// [`StoreError::Unavailable`] when it cannot be reached.
pub async fn open(
    url: &Secret,
    max_connections: u32,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Store>> {
    migrate::require_current(&migrate::check_schema(url).await?)?;
    match Target::of(url)? {
        Target::Sqlite(options) => {
            let (write, read) = sqlite_pools(options, max_connections).await?;
            Ok(Arc::new(SqlStore::new(write, read, clock)))
        }
        Target::Postgres(options) => {
            let pool = postgres_pool(options, max_connections).await?;
            Ok(Arc::new(SqlStore::new(pool.clone(), pool, clock)))
        }
    }
}

/// Opens a store to read from: nothing is asked of the database that a full disk, a read-only file
/// system or a standby would refuse. Verbs that write fail as [`StoreError::Unavailable`].
///
/// # Errors
/// As [`open`].
pub async fn open_to_read(
    url: &Secret,
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
            Ok(Arc::new(SqlStore::new(pool.clone(), pool, clock)))
        }
        Target::Postgres(options) => {
            let pool = postgres_pool(options, max_connections).await?;
            Ok(Arc::new(SqlStore::new(pool.clone(), pool, clock)))
        }
    }
}

/// Settings with which the file can be read here and now.
///
/// A file in WAL mode that nobody has open needs room for its side files, even to be read. Where
/// there is none and nothing waits in the log, the file is read as one that does not change.
pub(super) async fn sqlite_readable(options: SqliteConnectOptions) -> Result<SqliteConnectOptions> {
    let options = options.read_only(true);
    let Err(refused) = try_to_read(&options).await else {
        return Ok(options);
    };
    let mut log = options.get_filename().as_os_str().to_owned();
    log.push("-wal");
    let frozen = options.immutable(true);
    let all_there = std::fs::metadata(log).map_or(true, |facts| facts.len() == 0);
    if all_there && try_to_read(&frozen).await.is_ok() {
        Ok(frozen)
    } else {
        Err(refused)
    }
}

async fn try_to_read(options: &SqliteConnectOptions) -> Result<()> {
    let mut connection = SqliteConnection::connect_with(options).await?;
    let read = connection
        .execute("select count(*) from sqlite_schema")
        .await;
    // A file that is no database is told by whoever reads it; what matters here is the error.
    let _ = connection.close().await;
    read.map(|_| ()).map_err(StoreError::from)
}

async fn sqlite_pools(
    options: SqliteConnectOptions,
    max_connections: u32,
) -> Result<(SqlitePool, SqlitePool)> {
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
    Ok((write, read))
}

async fn postgres_pool(options: PgConnectOptions, max_connections: u32) -> Result<PgPool> {
    let pool: Pool<Postgres> = PoolOptions::new()
        .max_connections(max_connections.max(1))
        .acquire_timeout(ACQUIRE)
        // A `begin` that was cancelled under way leaves the connection in a transaction the driver
        // does not know of (sqlx 0.9.0): the next user's commits would be none. The pair is silent
        // on a sound connection and ends such a transaction on another.
        .after_release(|connection: &mut sqlx::PgConnection, _| {
            async move { connection.execute("begin; rollback").await.map(|_| true) }.boxed()
        })
        .connect_with(options)
        .await?;
    Ok(pool)
}

/// Makes an empty file that only its owner can read, and its folder, where there is none; SQLite
/// gives its side files the same mode.
pub(super) fn create_private_file(path: &Path) -> Result<()> {
    let failed = |error: std::io::Error| {
        StoreError::Unavailable(format!("the database file cannot be created: {error}"))
    };
    let folder: PathBuf = path.parent().map(Path::to_path_buf).unwrap_or_default();
    if !folder.as_os_str().is_empty() {
        private_folders().create(&folder).map_err(failed)?;
    }
    match private_file().open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

fn private_folders() -> std::fs::DirBuilder {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn private_file() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_url_is_refused_without_repeating_it() {
        for url in [
            "mysql://canary@host/db",
            "canary",
            "postgres://user:canary@host:port/db",
            "sqlite::memory:",
            "sqlite://x.db?mode=canary",
        ] {
            let error = Target::of(&Secret::new(url))
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default();
            assert!(
                !error.is_empty() && !error.contains("canary"),
                "{url}: {error}"
            );
        }
    }
}
