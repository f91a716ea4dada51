//! Where a database is, and how one connection to it is set up.

use std::{
    path::{Path, PathBuf},
    str::FromStr as _,
    time::Duration,
};

use sqlx::{
    Connection as _, Executor as _, SqliteConnection,
    error::DatabaseError,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{Result, StoreError};
use crate::domain::address::DatabaseUrl;

/// How long SQLite waits for another process that writes.
pub(super) const BUSY: Duration = Duration::from_secs(10);
/// How long a verb waits for a free connection, and a connection for the server.
pub(super) const ACQUIRE: Duration = Duration::from_secs(10);
/// How long a verb may take once it has its connection: far longer than any does whose database
/// answers. A network that swallows what is sent says nothing for hours.
pub(super) const ANSWER: Duration = Duration::from_secs(60);
/// How many statements the connection that writes to SQLite keeps prepared: some sizes of each.
const PREPARED_MAX: usize = 256;
/// How long until what SQLite does not wait for is tried again.
const AGAIN: Duration = Duration::from_millis(25);

/// Where the database is.
pub(super) enum Target {
    /// A file.
    Sqlite(SqliteConnectOptions),
    /// A server.
    Postgres(PgConnectOptions),
}

impl Target {
    /// As the driver takes it.
    ///
    /// # Errors
    /// [`StoreError::Schema`] without the URL.
    pub(super) fn of(url: &DatabaseUrl) -> Result<Self> {
        let refused = |what: &str| {
            StoreError::Schema(format!(
                "the driver does not take {what} of the database URL"
            ))
        };
        if url.file().is_some() {
            let options = SqliteConnectOptions::from_str(url.reveal())
                .map_err(|_| refused("what stands behind the `?`"))?;
            return Ok(Self::Sqlite(options.busy_timeout(BUSY)));
        }
        let options =
            PgConnectOptions::from_str(url.reveal()).map_err(|_| refused("a parameter"))?;
        // Numbers come in binary; a pooler refuses the parameter, as it cannot hold it for each client.
        let options = options.extra_float_digits(None);
        Ok(Self::Postgres(
            if options.get_application_name().is_none() {
                options.application_name("verikeep")
            } else {
                options
            },
        ))
    }
}

/// How the one connection that writes to a SQLite file is set up: what is acknowledged survives a
/// power cut.
pub(super) fn sqlite_writer(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .statement_cache_capacity(PREPARED_MAX)
        // What is taken out, such as a token's due time or a person's mask, leaves no trace in the file.
        .pragma("secure_delete", "on")
        .optimize_on_close(true, None)
}

/// A connection that writes to a file which may be new.
///
/// Of several that switch a new file to the write-ahead log at once, SQLite refuses all but one
/// without waiting, whatever its timeout; they try again for as long as it would wait.
#[allow(
    clippy::disallowed_methods,
    reason = "another process of this machine is waited for, as SQLite itself would"
)]
pub(super) async fn sqlite_first_writer(options: SqliteConnectOptions) -> Result<SqliteConnection> {
    let options = sqlite_writer(options);
    let mut tries = BUSY.as_millis() / AGAIN.as_millis();
    loop {
        match SqliteConnection::connect_with(&options).await {
            Err(sqlx::Error::Database(error)) if is_busy(error.as_ref()) && tries > 0 => {
                tries -= 1;
                tokio::time::sleep(AGAIN).await;
            }
            opened => return Ok(opened?),
        }
    }
}

/// `SQLITE_BUSY`, the low byte of whichever extended code.
fn is_busy(error: &dyn DatabaseError) -> bool {
    let code = error.code().and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| code & 0xff == 5)
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
    fn what_the_driver_refuses_is_not_repeated() {
        for url in [
            "sqlite://x.db?mode=canary",
            "postgres://u@h/d?sslmode=canary",
        ] {
            let error = Target::of(&url.parse().unwrap())
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
