//! The schema: brought up to date, or found to be another's or a newer one.
//!
//! All pending migrations are one transaction under one lock, so of two programs that migrate at
//! once the second finds nothing to do, and one that is cut half way has done nothing. Migrations
//! are append-only (`migrations/README.md`).

use std::borrow::Cow;

use sqlx::{
    Connection as _, PgConnection, Postgres, SqlSafeStr as _, Sqlite, SqliteConnection,
    migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator},
    postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};

use super::{
    Result, StoreError,
    dialect::Dialect,
    rows::{Cells as _, binds},
    target::{ACQUIRE, Target, create_private_file, sqlite_first_writer, sqlite_readable},
};
use crate::domain::address::DatabaseUrl;

/// The table that holds what was applied, and whose presence shows that a database is ours.
const TABLE: &str = "verikeep_migrations";
/// The advisory lock under which PostgreSQL is migrated; any number no one else would choose.
const LOCK: i64 = 0x7665_7269_6b65_6570;

/// More than a migration prepares.
const PREPARED_MAX: usize = 1000;

type Embedded = &'static [(i64, &'static str, &'static str)];

const SQLITE: Embedded = &[(
    1,
    "schema",
    include_str!("../../migrations/sqlite/0001_schema.sql"),
)];

const POSTGRES: Embedded = &[(
    1,
    "schema",
    include_str!("../../migrations/postgres/0001_schema.sql"),
)];

/// The one row that says which programs may write.
const FACTS: &str = "schema_facts";

/// Which schema version a database has, and which this program needs. A version that is newer than
/// that lets this program write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaReport {
    /// The version found; 0 for an empty database.
    pub found: i64,
    /// The version this program writes.
    pub needed: i64,
}

impl SchemaReport {
    /// Whether all that this program needs is there.
    #[must_use]
    pub const fn is_current(&self) -> bool {
        self.found >= self.needed
    }

    /// What is to be said of a database that a newer program has migrated.
    #[must_use]
    pub fn newer(&self) -> Option<String> {
        let Self { found, needed } = self;
        (found > needed).then(|| {
            format!("schema version {found}, newer than this program's {needed}, which may go on working with it")
        })
    }
}

/// What a migration did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct MigrationReport {
    /// The version before; 0 for an empty database.
    pub from: i64,
    /// The version now.
    pub to: i64,
    /// The newest version this program knows; below `to` when a newer program has migrated it.
    pub known: i64,
}

/// Brings the schema up to date; makes the file of a SQLite database when there is none. A schema
/// that is up to date is only read, so that whoever works on it needs no right to change it.
///
/// # Errors
/// [`StoreError::Schema`] when the database is foreign, or so much newer that this program may not
/// write to it; [`StoreError::Unavailable`] when it cannot be reached.
pub async fn migrate(url: &DatabaseUrl) -> Result<MigrationReport> {
    match Target::of(url)? {
        Target::Sqlite(options) => migrate_sqlite(options).await,
        Target::Postgres(options) => migrate_postgres(options).await,
    }
}

/// Reads which schema a database has, and changes nothing. A SQLite file that is not there counts
/// as empty.
///
/// # Errors
/// As [`migrate`].
pub async fn check_schema(url: &DatabaseUrl) -> Result<SchemaReport> {
    match Target::of(url)? {
        Target::Sqlite(options) if !options.get_filename().exists() => Ok(SchemaReport {
            found: 0,
            needed: newest(SQLITE),
        }),
        Target::Sqlite(options) => {
            let mut connection =
                SqliteConnection::connect_with(&sqlite_readable(options).await?).await?;
            let report = inspect::<Sqlite>(&mut connection, SQLITE).await;
            connection.close().await?;
            report
        }
        Target::Postgres(options) => answered(inspect_postgres(&options)).await,
    }
}

async fn inspect_postgres(options: &PgConnectOptions) -> Result<SchemaReport> {
    let mut connection = PgConnection::connect_with(options).await?;
    // A transaction is on one connection to the server, behind a pooler too.
    let mut transaction = connection.begin_with(Postgres::BEGIN_READ).await?;
    let report = inspect::<Postgres>(&mut transaction, POSTGRES).await;
    transaction.rollback().await?;
    connection.close().await?;
    report
}

/// A server that is reached and says nothing is none.
#[allow(
    clippy::disallowed_methods,
    reason = "a database outside of this machine is waited for, as the pool would"
)]
pub(super) async fn answered<T>(asked: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(ACQUIRE, asked)
        .await
        .unwrap_or_else(|_| {
            let text = format!("it does not answer within {} seconds", ACQUIRE.as_secs());
            Err(StoreError::Unavailable(text))
        })
}

/// Refuses a schema that is not up to date.
pub(super) fn require_current(report: &SchemaReport) -> Result<()> {
    match report.found {
        _ if report.is_current() => Ok(()),
        0 => Err(StoreError::Schema(
            "the database is empty; run `verikeep migrate`".to_owned(),
        )),
        found => Err(StoreError::Schema(format!(
            "the database has schema version {found}, this program needs {}; run `verikeep migrate`",
            report.needed
        ))),
    }
}

async fn migrate_sqlite(options: SqliteConnectOptions) -> Result<MigrationReport> {
    create_private_file(options.get_filename())?;
    // Looked at before anything is set, because even the journal mode is written into the file.
    let mut connection = SqliteConnection::connect_with(&options).await?;
    inspect::<Sqlite>(&mut connection, SQLITE).await?;
    connection.close().await?;
    let mut connection = sqlite_first_writer(options).await?;
    let mut transaction = connection.begin_with(Sqlite::BEGIN_WRITE).await?;
    let report = apply::<Sqlite>(&mut transaction, SQLITE).await?;
    transaction.commit().await?;
    connection.close().await?;
    Ok(report)
}

async fn migrate_postgres(options: PgConnectOptions) -> Result<MigrationReport> {
    // The migrator names what it prepares, and a pooler would hand the names to whoever comes next:
    // they are kept, to be given back below.
    let options = options.statement_cache_capacity(PREPARED_MAX);
    let mut connection = PgConnection::connect_with(&options).await?;
    let mut transaction = connection.begin().await?;
    // Of the transaction, not of the session: it holds behind a pooler too, and nothing can forget
    // to give it back.
    Postgres::execute(
        &mut transaction,
        "select pg_advisory_xact_lock($1)".to_owned(),
        binds![LOCK],
    )
    .await?;
    let report = apply::<Postgres>(&mut transaction, POSTGRES).await?;
    transaction.clear_cached_statements().await?;
    transaction.commit().await?;
    connection.close().await?;
    Ok(report)
}

/// Applies what is pending, within the caller's transaction.
async fn apply<DB: Dialect>(
    connection: &mut DB::Connection,
    embedded: Embedded,
) -> Result<MigrationReport>
where
    DB::Connection: Migrate,
{
    let before = inspect::<DB>(connection, embedded).await?;
    if before.is_current() {
        same_sources::<DB>(connection, embedded).await?;
    } else {
        migrator(embedded)
            .run_direct(None, connection, false)
            .await
            .map_err(refused)?;
    }
    Ok(MigrationReport {
        from: before.found,
        to: before.found.max(before.needed),
        known: before.needed,
    })
}

/// Refuses migrations that were applied from another text. The migrator does so too, but begins by
/// making its table, which takes the right to make one even where it is there, and names what it
/// prepares, which another client of a pooler may have done before.
async fn same_sources<DB: Dialect>(
    connection: &mut DB::Connection,
    embedded: Embedded,
) -> Result<()> {
    let ours = migrator(embedded);
    let sql = format!("select version, checksum from {TABLE}");
    for row in DB::fetch(connection, sql, Vec::new()).await? {
        let (version, checksum) = (row.int("version")?, row.bytes_or_null("checksum")?);
        // A newer program's, which inspection has allowed.
        if version > newest(embedded) {
            continue;
        }
        let same = ours.iter().any(|one| {
            one.version == version && checksum.as_deref() == Some(one.checksum.as_ref())
        });
        if !same {
            return Err(refused(MigrateError::VersionMismatch(version)));
        }
    }
    Ok(())
}

async fn inspect<DB: Dialect>(
    connection: &mut DB::Connection,
    embedded: Embedded,
) -> Result<SchemaReport> {
    // In another encoding most names cannot be written, and one such row would hold up the work of
    // all.
    let encodings = DB::fetch(connection, DB::ENCODING.to_owned(), Vec::new()).await?;
    if let Some(encoding) = encodings
        .first()
        .map(|row| row.text("encoding"))
        .transpose()?
        .filter(|encoding| encoding != "UTF8")
    {
        return Err(StoreError::Schema(format!(
            "the encoding of the database is {encoding}, which cannot hold every name; make one with `create database … encoding 'UTF8' template template0`"
        )));
    }
    let mut tables = Vec::new();
    for row in DB::fetch(connection, DB::TABLES.to_owned(), Vec::new()).await? {
        tables.push(row.text("name")?);
    }
    let needed = newest(embedded);
    if !tables.iter().any(|table| table == TABLE) {
        return if tables.is_empty() {
            Ok(SchemaReport { found: 0, needed })
        } else {
            Err(StoreError::Schema(format!(
                "the database holds {} tables of another program; give verikeep a database (or a schema) of its own",
                tables.len()
            )))
        };
    }
    let sql = format!("select coalesce(max(version), 0) as version from {TABLE}");
    let rows = DB::fetch(connection, sql, Vec::new()).await?;
    let found = rows.first().map_or(Ok(0), |row| row.int("version"))?;
    if found > needed {
        let says = tables.iter().any(|table| table == FACTS);
        let least = min_writer::<DB>(connection, says).await?.unwrap_or(found);
        if needed < least {
            return Err(StoreError::Schema(format!(
                "the database has schema version {found}, which only programs that know version {least} may write to; this one knows versions up to {needed}: use the newer verikeep that migrated it"
            )));
        }
    }
    Ok(SchemaReport { found, needed })
}

/// The lowest version that a program must know to write, where the database says so.
async fn min_writer<DB: Dialect>(
    connection: &mut DB::Connection,
    says: bool,
) -> Result<Option<i64>> {
    if !says {
        return Ok(None);
    }
    let sql = format!("select min_writer from {FACTS}");
    let rows = DB::fetch(connection, sql, Vec::new()).await?;
    rows.first().map(|row| row.int("min_writer")).transpose()
}

/// Makes the newest schema in an empty SQLite database.
pub(super) async fn make_sqlite(connection: &mut SqliteConnection) -> Result<()> {
    apply::<Sqlite>(connection, SQLITE).await.map(|_| ())
}

fn migrator(embedded: Embedded) -> Migrator {
    let migrations = embedded
        .iter()
        .map(|(version, name, sql)| {
            Migration::new(
                *version,
                Cow::Borrowed(*name),
                MigrationType::Simple,
                sql.into_sql_str(),
                false,
            )
        })
        .collect();
    let mut migrator = Migrator::with_migrations(migrations);
    migrator.dangerous_set_table_name(TABLE);
    // The caller's transaction holds the lock.
    migrator.set_locking(false);
    migrator
}

fn newest(embedded: Embedded) -> i64 {
    embedded
        .iter()
        .map(|(version, ..)| *version)
        .max()
        .unwrap_or(0)
}

fn refused(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) => error.into(),
        MigrateError::ExecuteMigration(error, version) => match StoreError::from(error) {
            StoreError::Unavailable(text) => StoreError::Unavailable(text),
            other => StoreError::Schema(format!("migration {version} failed: {other}")),
        },
        MigrateError::VersionMismatch(version) => StoreError::Schema(format!(
            "migration {version} of the database is not the one of this program; it was built from other sources, use those"
        )),
        other => StoreError::Schema(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_embedded_and_both_databases_have_the_same() {
        for (folder, embedded) in [("sqlite", SQLITE), ("postgres", POSTGRES)] {
            let path = format!("{}/migrations/{folder}", env!("CARGO_MANIFEST_DIR"));
            let mut files: Vec<String> = std::fs::read_dir(path)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort();
            let names: Vec<String> = embedded
                .iter()
                .map(|(version, name, _)| format!("{version:04}_{name}.sql"))
                .collect();
            assert_eq!(files, names, "{folder}");
        }
        let names = |embedded: Embedded| -> Vec<_> {
            embedded
                .iter()
                .map(|(version, name, _)| (*version, *name))
                .collect()
        };
        assert_eq!(names(SQLITE), names(POSTGRES));
    }

    #[test]
    fn an_older_schema_is_refused_with_the_way_out() {
        assert!(
            require_current(&SchemaReport {
                found: 2,
                needed: 2
            })
            .is_ok()
        );
        for found in [0, 1] {
            let error = require_current(&SchemaReport { found, needed: 2 }).unwrap_err();
            assert!(error.to_string().contains("verikeep migrate"), "{error}");
        }
    }
}
