//! What a role may do on its database, held against what `run` and `migrate` will do there. Nothing
//! is written.

use sqlx::{
    Connection as _, PgConnection, Postgres, Sqlite, SqliteConnection, postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};

use super::{
    Result, SchemaReport, StoreError, check_schema, dialect::Dialect, migrate::answered,
    rows::Cells as _, target::Target,
};
use crate::domain::address::DatabaseUrl;

/// The server's mode, the schema that new tables go to (empty when there is none), and whether the
/// role may make them.
const STATE: &str = "select
    case when pg_catalog.pg_is_in_recovery() then 'standby'
         when current_setting('transaction_read_only') = 'on' then 'read-only'
         else 'writable' end as mode,
    coalesce(cast(current_schema() as text), '') as schema,
    cast(case when has_schema_privilege(cast(current_schema() as text), 'CREATE') then 1 else 0 end as bigint) as may_create";

/// Which rights to which table or view are lacking. What is said of the schema is only read, and
/// identity columns need no right to their sequence.
const LACKING: &str = "select cast(relname as text) as name, concat_ws(', ',
        case when not has_table_privilege(oid, 'SELECT') then 'select' end,
        case when is_written and not has_table_privilege(oid, 'INSERT') then 'insert' end,
        case when is_written and not has_table_privilege(oid, 'UPDATE') then 'update' end,
        case when is_written and not has_table_privilege(oid, 'DELETE') then 'delete' end) as rights
    from (select oid, relname, relkind <> 'v' and relname not in ('verikeep_migrations', 'schema_facts') as is_written
        from pg_catalog.pg_class
        where relkind in ('r', 'p', 'v') and relnamespace = (select oid from pg_catalog.pg_namespace where nspname = current_schema())) as ours
    order by relname";

/// Whether a database that can be read lets the work be done: a standby, a read-only database or a
/// role that may too little does not, and says so only at the first write otherwise.
///
/// # Errors
/// [`StoreError::Unavailable`] when nothing can be written there now, [`StoreError::Schema`] when
/// the role lacks rights; both with the way out. As [`check_schema`] besides.
pub async fn check_rights(url: &DatabaseUrl) -> Result<()> {
    let report = check_schema(url).await?;
    match Target::of(url)? {
        Target::Sqlite(options) if report.found == 0 && !options.get_filename().exists() => Ok(()),
        Target::Sqlite(options) => sqlite(options).await,
        Target::Postgres(options) => postgres(options, report).await,
    }
}

/// The write lock is taken and given back.
async fn sqlite(options: SqliteConnectOptions) -> Result<()> {
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let tried = taken(&mut connection).await;
    // What matters is whether it was taken.
    let _ = connection.close().await;
    tried.map_err(StoreError::from)
}

async fn taken(connection: &mut SqliteConnection) -> std::result::Result<(), sqlx::Error> {
    let transaction = connection.begin_with(Sqlite::BEGIN_WRITE).await?;
    transaction.rollback().await
}

async fn postgres(options: PgConnectOptions, report: SchemaReport) -> Result<()> {
    answered(async {
        let mut connection = PgConnection::connect_with(&options).await?;
        let mut transaction = connection.begin().await?;
        let found = rights(&mut transaction, report).await;
        transaction.rollback().await?;
        let _ = connection.close().await;
        found
    })
    .await
}

async fn rights(connection: &mut PgConnection, report: SchemaReport) -> Result<()> {
    let rows = Postgres::fetch(connection, STATE.to_owned(), Vec::new()).await?;
    let Some(row) = rows.first() else {
        return Ok(());
    };
    let (mode, schema) = (row.text("mode")?, row.text("schema")?);
    let unavailable = |text: &str| Err(StoreError::Unavailable(text.to_owned()));
    match mode.as_str() {
        "standby" => {
            return unavailable(
                "it is a hot standby, where nothing can be written; name the primary by database.url",
            );
        }
        "read-only" => {
            return unavailable(
                "it is read-only (default_transaction_read_only); set that off for the database or the role, or name another database by database.url",
            );
        }
        _ => {}
    }
    if schema.is_empty() {
        return Err(StoreError::Schema(
            "no schema of the role's search_path is there for it to use; make one with `create schema … authorization …`, or grant usage on it".to_owned(),
        ));
    }
    if report.found < report.needed && row.int("may_create")? == 0 {
        return Err(StoreError::Schema(format!(
            "the role may not make tables in the schema {schema}; `grant create on schema {schema} to …`, or run `verikeep migrate` as a role that may, and let this one `run --no-migrate`"
        )));
    }
    let mut lacking = Vec::new();
    for row in Postgres::fetch(connection, LACKING.to_owned(), Vec::new()).await? {
        let rights = row.text("rights")?;
        if !rights.is_empty() {
            lacking.push(format!("{} ({rights})", row.text("name")?));
        }
    }
    if lacking.is_empty() {
        return Ok(());
    }
    let others = match lacking.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    lacking.truncate(SHOWN);
    Err(StoreError::Schema(format!(
        "the role lacks rights to {}{others}; `grant select, insert, update, delete on all tables in schema {schema} to …`",
        lacking.join(", ")
    )))
}

/// So many tables are named; the way out is the same for all.
const SHOWN: usize = 3;
