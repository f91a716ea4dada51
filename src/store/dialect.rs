//! All that differs between SQLite and PostgreSQL, side by side. Every other statement is one text
//! for both.
//!
//! Both take `$1` placeholders, `update … from`, `returning`, `on conflict`, materialized common
//! table expressions and partial indexes.

use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _};
use sqlx::{AssertSqlSafe, Database, Postgres, Sqlite};

use super::{
    Result,
    rows::{Bind, Cells, Col, Shape},
    target::ANSWER,
};

/// A database the store can speak to.
pub(super) trait Dialect: Database<Row: Cells> {
    /// Begins a transaction that writes.
    const BEGIN_WRITE: &'static str;
    /// Begins one whose writes the server may lose in a crash.
    const BEGIN_PASSING: &'static str;
    /// How long a transaction may take; none for a file, which nobody can swallow.
    const ANSWER: Option<Duration>;
    /// Begins a transaction that reads one state of the whole database.
    const BEGIN_READ: &'static str;
    /// The function that takes the least of its arguments, none of which may be null.
    const LEAST: &'static str;
    /// The function that takes the greatest of its arguments, none of which may be null.
    const GREATEST: &'static str;
    /// Ends a `select` whose rows are locked until the transaction ends.
    const FOR_UPDATE: &'static str;
    /// The same, leaving out what others have locked.
    const FOR_UPDATE_SKIP_LOCKED: &'static str;
    /// Whether transactions that write run beside one another, so that they must take their locks
    /// in one order.
    const CONCURRENT_WRITERS: bool;
    /// Asks the database's clock for `now`, unix milliseconds; null where it has none but the
    /// machine's.
    const NOW: &'static str;
    /// The database's clock in an expression, microseconds; null where it has none but the machine's.
    const CLOCK_US: &'static str;
    /// What `tidy` runs, one after another, outside a transaction.
    const TIDY: &'static [&'static str];
    /// Asks for the encoding of texts in the database, as `encoding`; must be `UTF8`.
    const ENCODING: &'static str;
    /// The names of all tables that are there, as `name`.
    const TABLES: &'static str;
    /// Ask for the columns of all tables, and then of all views, as `relation` and `name`.
    const COLUMNS: &'static [&'static str];

    /// The JSON rows bound to `$1` as a relation `t`.
    fn rows_of(columns: &[(&str, Col)]) -> String;

    /// The JSON array of texts bound to `$n` as a subquery, to stand behind `in`.
    fn list(n: u8) -> String;

    /// Runs a statement and brings its rows.
    fn fetch(
        connection: &mut Self::Connection,
        sql: String,
        binds: Vec<Bind>,
    ) -> BoxFuture<'_, Result<Vec<Self::Row>>>;

    /// Runs a statement and says how many rows it touched.
    fn execute(
        connection: &mut Self::Connection,
        sql: String,
        binds: Vec<Bind>,
    ) -> BoxFuture<'_, Result<u64>>;

    /// The rows of a [`Shape`] bound to `$1` as a relation `t`.
    #[must_use]
    fn rows<S: Shape>() -> String {
        Self::rows_of(S::COLUMNS)
    }
}

macro_rules! statements {
    () => {
        fn fetch(
            connection: &mut Self::Connection,
            sql: String,
            binds: Vec<Bind>,
        ) -> BoxFuture<'_, Result<Vec<Self::Row>>> {
            async move { Ok(bound::<Self>(sql, binds).fetch_all(connection).await?) }.boxed()
        }

        fn execute(
            connection: &mut Self::Connection,
            sql: String,
            binds: Vec<Bind>,
        ) -> BoxFuture<'_, Result<u64>> {
            async move {
                Ok(bound::<Self>(sql, binds)
                    .execute(connection)
                    .await?
                    .rows_affected())
            }
            .boxed()
        }
    };
}

impl Dialect for Sqlite {
    // Taking the write lock at once: a transaction that reads first and writes later can fail with
    // SQLITE_BUSY whatever the time limit.
    const BEGIN_WRITE: &'static str = "begin immediate";
    const BEGIN_PASSING: &'static str = "begin immediate";
    const ANSWER: Option<Duration> = None;
    const BEGIN_READ: &'static str = "begin";
    const LEAST: &'static str = "min";
    const GREATEST: &'static str = "max";
    const FOR_UPDATE: &'static str = "";
    const FOR_UPDATE_SKIP_LOCKED: &'static str = "";
    const CONCURRENT_WRITERS: bool = false;
    const NOW: &'static str = "select null as now from sqlite_schema limit 1";
    const CLOCK_US: &'static str = "null";
    const TIDY: &'static [&'static str] = &["pragma optimize", "pragma wal_checkpoint(truncate)"];
    // Both encodings of a SQLite file hold all of Unicode.
    const ENCODING: &'static str = "select 'UTF8' as encoding";
    const TABLES: &'static str = "select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\'";
    const COLUMNS: &'static [&'static str] = &[
        "select m.name as relation, c.name as name from sqlite_schema as m, pragma_table_xinfo(m.name) as c where m.type = 'table' and m.name not like 'sqlite\\_%' escape '\\'",
        "select m.name as relation, c.name as name from sqlite_schema as m, pragma_table_xinfo(m.name) as c where m.type = 'view'",
    ];

    fn rows_of(columns: &[(&str, Col)]) -> String {
        let columns: Vec<String> = columns
            .iter()
            .map(|(name, _)| format!("value->>'$.{name}' as {name}"))
            .collect();
        format!("(select {} from json_each($1)) as t", columns.join(", "))
    }

    fn list(n: u8) -> String {
        format!("(select value from json_each(${n}))")
    }

    statements!();
}

impl Dialect for Postgres {
    const ANSWER: Option<Duration> = Some(ANSWER);
    // A client that the network has swallowed is told of by nothing for hours: its locks go with the
    // transaction. Set in the transaction, so that it holds behind a pooler too.
    const BEGIN_WRITE: &'static str =
        "begin; set local idle_in_transaction_session_timeout = '60s'";
    const BEGIN_PASSING: &'static str = "begin; set local idle_in_transaction_session_timeout = '60s'; set local synchronous_commit = off";
    const BEGIN_READ: &'static str = "begin isolation level repeatable read read only; set local idle_in_transaction_session_timeout = '60s'";
    const LEAST: &'static str = "least";
    const GREATEST: &'static str = "greatest";
    const FOR_UPDATE: &'static str = "for update";
    const FOR_UPDATE_SKIP_LOCKED: &'static str = "for update skip locked";
    const CONCURRENT_WRITERS: bool = true;
    const NOW: &'static str =
        "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint) as now";
    const CLOCK_US: &'static str =
        "cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)";
    const TIDY: &'static [&'static str] = &[];
    const ENCODING: &'static str = "select current_setting('server_encoding') as encoding";
    // What belongs to an extension was not made by another program.
    const TABLES: &'static str = "select cast(relname as text) as name from pg_catalog.pg_class as c \
        where relkind in ('r', 'p') and relnamespace = (select oid from pg_catalog.pg_namespace where nspname = current_schema()) \
        and not exists (select 1 from pg_catalog.pg_depend as d where d.objid = c.oid and d.deptype = 'e')";
    const COLUMNS: &'static [&'static str] = &[
        "select cast(c.relname as text) as relation, cast(a.attname as text) as name \
        from pg_catalog.pg_class as c join pg_catalog.pg_attribute as a on a.attrelid = c.oid \
        where c.relkind in ('r', 'p', 'v') and a.attnum > 0 and not a.attisdropped \
        and c.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = current_schema())",
    ];

    fn rows_of(columns: &[(&str, Col)]) -> String {
        let columns: Vec<String> = columns
            .iter()
            .map(|(name, col)| {
                let kind = match col {
                    Col::Text => "text",
                    Col::Int => "bigint",
                    Col::Bool => "boolean",
                    Col::Float => "double precision",
                };
                format!("{name} {kind}")
            })
            .collect();
        format!("jsonb_to_recordset($1::jsonb) as t({})", columns.join(", "))
    }

    fn list(n: u8) -> String {
        format!("(select jsonb_array_elements_text(${n}::jsonb))")
    }

    statements!();
}

fn bound<'q, DB>(sql: String, binds: Vec<Bind>) -> sqlx::query::Query<'q, DB, DB::Arguments>
where
    DB: Database,
    for<'v> i64: sqlx::Encode<'v, DB> + sqlx::Type<DB>,
    for<'v> String: sqlx::Encode<'v, DB> + sqlx::Type<DB>,
{
    // Texts are put together from constants of this module alone; every value is bound.
    let query = sqlx::query::<DB>(AssertSqlSafe(sql));
    binds.into_iter().fold(query, |query, bind| match bind {
        Bind::Int(value) => query.bind(value),
        Bind::Text(value) => query.bind(value),
    })
}
