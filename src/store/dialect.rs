//! All that differs between SQLite and PostgreSQL, side by side. Every other statement is one text
//! for both.
//!
//! Both take `$1` placeholders, `update … from`, `returning`, `on conflict`, materialized common
//! table expressions and partial indexes.

use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _};
use sqlx::{
    ConnectOptions as _, Connection, Database, Postgres, Sqlite, database::HasStatementCache,
    postgres::PgConnectOptions, sqlite::SqliteConnectOptions,
};

use super::{
    Result,
    bind::{bind_postgres, bind_sqlite, bound},
    over::Over,
    rows::{Bind, Cell, Cells, Col, Shape},
    target::ANSWER,
};

/// A database the store can speak to.
pub(super) trait Dialect: Database<Row: Cells> + HasStatementCache {
    /// Begins a transaction that writes.
    const BEGIN_WRITE: &'static str;
    /// Begins one of those that go on all the time: claims, records, what is told.
    const BEGIN_WORK: &'static str;
    /// Begins one whose writes the server may lose in a crash.
    const BEGIN_PASSING: &'static str;
    /// How long a transaction may take; none for a file, which nobody can swallow.
    const ANSWER: Option<Duration>;
    /// Begins a transaction that reads one state of the whole database.
    const BEGIN_READ: &'static str;
    /// The function that takes the least of its arguments, none of which may be null.
    const LEAST: &'static str;
    /// Whether what stands before it is one of the `id` of `t`: by a list, since the planner of a server
    /// that knows nothing of a table yet reads all of it for a join.
    const AMONG_ROWS: &'static str;
    /// The column `day` of a view as `2026-11-24`.
    const DAY: &'static str;
    /// The function that takes the greatest of its arguments, none of which may be null.
    const GREATEST: &'static str;
    /// Ends a `select` whose rows are locked until the transaction ends.
    const FOR_UPDATE: &'static str;
    /// The same of the relation `s` alone, leaving out what others have locked.
    const FOR_UPDATE_SKIP_LOCKED: &'static str;
    /// Locks, in one order, the verifications that are the `id` of `t`, before the statement that follows.
    const LOCKED_FIRST: &'static str;
    /// What that statement asks of a row's `s.verification_id`, so that all locks come before it.
    const ONCE_LOCKED: &'static str;
    /// Whether transactions that write run beside one another, so that they must take their locks
    /// in one order.
    const CONCURRENT_WRITERS: bool;
    /// Whether a common table expression may write.
    const WRITES_WITHIN: bool;
    /// Asks the database's clock for `now`, unix milliseconds; null where it has none but the
    /// machine's.
    const NOW: &'static str;
    /// The database's clock in an expression, microseconds; null where it has none but the machine's.
    const CLOCK_US: &'static str;
    /// Ends an insert into `tallies`.
    const ADD_TALLY: &'static str;
    /// What `tidy` runs, one after another, outside a transaction.
    const TIDY: &'static [&'static str];
    /// Asks for the encoding of texts in the database, as `encoding`; must be `UTF8`.
    const ENCODING: &'static str;
    /// The names of all tables that are there, as `name`.
    const TABLES: &'static str;
    /// Ask for the columns of all tables, and then of all views, as `relation` and `name`.
    const COLUMNS: &'static [&'static str];

    /// How many rows one statement may take.
    const ROWS_MAX: usize;

    /// Whether a statement that was prepared is there in the next transaction: not behind a pooler
    /// that gives each transaction another connection to the server.
    fn keeps_prepared(options: &<Self::Connection as Connection>::Options) -> bool;

    /// Begins a statement with so many rows as a relation `t`, bound behind so many placeholders.
    fn with_rows(columns: &[(&str, Col)], count: usize, behind: usize) -> String;

    /// What is bound for them.
    fn bind_rows(columns: &[(&str, Col)], rows: Vec<Vec<Cell>>) -> Vec<Bind>;

    /// Statements that read nothing of one another, as few as the database makes of them.
    fn together(statements: Vec<Over>) -> Vec<(String, Vec<Bind>)>;

    /// Whether what stands before it is one of the texts bound to `$n` ([`super::rows::texts`]).
    fn among(n: u8) -> String;

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

    /// Runs a statement over rows, its relation `t`; without any it is not run.
    fn fetch_over<'c, S: Shape>(
        connection: &'c mut Self::Connection,
        rows: &[S],
        sql: &'c str,
    ) -> BoxFuture<'c, Result<Vec<Self::Row>>> {
        let parts = parts::<Self>(Over::of(rows, sql.to_owned()));
        async move {
            let mut found = Vec::new();
            for (sql, binds) in parts {
                found.extend(Self::fetch(connection, sql, binds).await?);
            }
            Ok(found)
        }
        .boxed()
    }

    /// The same, to say how many rows it touched.
    fn execute_over<'c, S: Shape>(
        connection: &'c mut Self::Connection,
        rows: &[S],
        sql: &'c str,
    ) -> BoxFuture<'c, Result<u64>> {
        let parts = parts::<Self>(Over::of(rows, sql.to_owned()));
        async move {
            let mut touched = 0;
            for (sql, binds) in parts {
                touched += Self::execute(connection, sql, binds).await?;
            }
            Ok(touched)
        }
        .boxed()
    }
}

/// A statement over rows, as often as the database needs it to bind them all: once as a rule.
fn parts<DB: Dialect>(over: Over) -> Vec<(String, Vec<Bind>)> {
    let Over {
        columns,
        mut rows,
        sql,
    } = over;
    let mut parts = Vec::new();
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(DB::ROWS_MAX));
        let part = std::mem::replace(&mut rows, rest);
        parts.push((
            format!("{} {sql}", DB::with_rows(columns, part.len(), 0)),
            DB::bind_rows(columns, part),
        ));
    }
    parts
}

/// The least size of SQLite's statements over rows that holds so many.
fn size(count: usize) -> usize {
    let sizes = [1, 4, 16, 64];
    let holds = sizes.into_iter().find(|size| *size >= count);
    holds.unwrap_or(Sqlite::ROWS_MAX)
}

macro_rules! statements {
    ($bind:ident) => {
        fn fetch(
            connection: &mut Self::Connection,
            sql: String,
            binds: Vec<Bind>,
        ) -> BoxFuture<'_, Result<Vec<Self::Row>>> {
            async move {
                Ok(bound::<Self>(sql, binds, $bind)
                    .fetch_all(connection)
                    .await?)
            }
            .boxed()
        }

        fn execute(
            connection: &mut Self::Connection,
            sql: String,
            binds: Vec<Bind>,
        ) -> BoxFuture<'_, Result<u64>> {
            async move {
                Ok(bound::<Self>(sql, binds, $bind)
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
    const BEGIN_WORK: &'static str = "begin immediate";
    const BEGIN_PASSING: &'static str = "begin immediate";
    const ANSWER: Option<Duration> = None;
    // A statement is kept prepared, with all it binds, in some 100 bytes a value. Of 32,766 values, the
    // most that the library takes, that is far below.
    const ROWS_MAX: usize = 128;
    const BEGIN_READ: &'static str = "begin";
    const LEAST: &'static str = "min";
    const AMONG_ROWS: &'static str = "in (select t.id from t)";
    const DAY: &'static str = "day";
    const GREATEST: &'static str = "max";
    const FOR_UPDATE: &'static str = "";
    const FOR_UPDATE_SKIP_LOCKED: &'static str = "";
    const LOCKED_FIRST: &'static str = "";
    const ONCE_LOCKED: &'static str = "";
    const WRITES_WITHIN: bool = false;
    const CONCURRENT_WRITERS: bool = false;
    const NOW: &'static str = "select null as now from sqlite_schema limit 1";
    const CLOCK_US: &'static str = "null";
    const ADD_TALLY: &'static str = "on conflict (what, name, state) do update set n = tallies.n + excluded.n, bytes = tallies.bytes + excluded.bytes";
    const TIDY: &'static [&'static str] = &["pragma optimize", "pragma wal_checkpoint(truncate)"];
    // Both encodings of a SQLite file hold all of Unicode.
    const ENCODING: &'static str = "select 'UTF8' as encoding";
    const TABLES: &'static str = "select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\'";
    const COLUMNS: &'static [&'static str] = &[
        "select m.name as relation, c.name as name from sqlite_schema as m, pragma_table_xinfo(m.name) as c where m.type = 'table' and m.name not like 'sqlite\\_%' escape '\\'",
        "select m.name as relation, c.name as name from sqlite_schema as m, pragma_table_xinfo(m.name) as c where m.type = 'view'",
    ];

    fn keeps_prepared(_options: &SqliteConnectOptions) -> bool {
        true
    }

    // Rows come in a few sizes, so that the text is one that is prepared already: what nobody binds
    // is null, and the limit leaves it out. Plain question marks: of numbered ones the library looks
    // up each by going through all.
    fn with_rows(columns: &[(&str, Col)], count: usize, _behind: usize) -> String {
        let row = format!("({})", vec!["?"; columns.len()].join(","));
        let size = size(count);
        format!(
            "with n(n) as (select ?), t({}) as (select * from (values {}) limit (select n from n))",
            names(columns).join(", "),
            vec![row; size].join(",")
        )
    }

    fn bind_rows(_columns: &[(&str, Col)], rows: Vec<Vec<Cell>>) -> Vec<Bind> {
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        std::iter::once(Bind::from(count))
            .chain(rows.into_iter().flatten().map(Bind::Cell))
            .collect()
    }

    fn together(statements: Vec<Over>) -> Vec<(String, Vec<Bind>)> {
        statements.into_iter().flat_map(parts::<Self>).collect()
    }

    fn among(n: u8) -> String {
        format!("in (select value from json_each(${n}))")
    }

    statements!(bind_sqlite);
}

/// Begins a transaction of PostgreSQL, with settings of its own, which hold behind a pooler too. A client
/// that the network has swallowed is told of by nothing for hours: its locks go with the transaction.
macro_rules! begin {
    ($begin:literal $(, $setting:literal)*) => {
        concat!($begin, "; set local idle_in_transaction_session_timeout = '60s'" $(, "; set local ", $setting)*)
    };
}

impl Dialect for Postgres {
    const ANSWER: Option<Duration> = Some(ANSWER);
    // Whole columns are bound.
    const ROWS_MAX: usize = usize::MAX;
    const BEGIN_WRITE: &'static str = begin!("begin");
    // Few rows are touched, each by its key, by statements that are planned once, when next to nothing
    // may lie in the tables yet: a plan that reads one of them whole would stay until the server has
    // noticed how they grew.
    const BEGIN_WORK: &'static str = begin!(
        "begin",
        "plan_cache_mode = force_generic_plan",
        "jit = off",
        "enable_seqscan = off",
        "enable_hashjoin = off",
        "enable_mergejoin = off"
    );
    const BEGIN_PASSING: &'static str = begin!("begin", "synchronous_commit = off");
    const BEGIN_READ: &'static str = begin!("begin isolation level repeatable read read only");
    const LEAST: &'static str = "least";
    const AMONG_ROWS: &'static str = "= any(array(select t.id from t))";
    const DAY: &'static str = "to_char(day, 'YYYY-MM-DD')";
    const GREATEST: &'static str = "greatest";
    const FOR_UPDATE: &'static str = "for update";
    const FOR_UPDATE_SKIP_LOCKED: &'static str = "for update of s skip locked";
    const LOCKED_FIRST: &'static str = ", locked as materialized (
            select v.verification_id as id from verifications as v where v.verification_id = any(array(select t.id from t)) order by v.verification_id for update
        )";
    const ONCE_LOCKED: &'static str =
        "and s.verification_id = any(array(select locked.id from locked))";
    const WRITES_WITHIN: bool = true;
    const CONCURRENT_WRITERS: bool = true;
    const NOW: &'static str =
        "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint) as now";
    const CLOCK_US: &'static str =
        "cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)";
    const ADD_TALLY: &'static str = "";
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

    fn keeps_prepared(options: &PgConnectOptions) -> bool {
        let url = options.to_url_lossy();
        !(url.query_pairs()).any(|(name, value)| name == "statement-cache-capacity" && value == "0")
    }

    fn with_rows(columns: &[(&str, Col)], _count: usize, behind: usize) -> String {
        let arrays: Vec<String> = (behind + 1..)
            .zip(columns)
            .map(|(n, (_, col))| {
                let kind = match col {
                    Col::Text => "text",
                    Col::Int => "bigint",
                    Col::Bool => "boolean",
                    Col::Float => "double precision",
                    Col::Bytes => "bytea",
                };
                format!("${n}::{kind}[]")
            })
            .collect();
        format!(
            "with t as (select * from unnest({}) as u({}))",
            arrays.join(", "),
            names(columns).join(", ")
        )
    }

    fn bind_rows(columns: &[(&str, Col)], rows: Vec<Vec<Cell>>) -> Vec<Bind> {
        let mut turned: Vec<Vec<Cell>> = columns
            .iter()
            .map(|_| Vec::with_capacity(rows.len()))
            .collect();
        for row in rows {
            for (column, cell) in turned.iter_mut().zip(row) {
                column.push(cell);
            }
        }
        columns
            .iter()
            .zip(turned)
            .map(|((_, col), cells)| Bind::Column(*col, cells))
            .collect()
    }

    fn together(mut statements: Vec<Over>) -> Vec<(String, Vec<Bind>)> {
        if statements.len() < 2 {
            return statements.pop().map(parts::<Self>).unwrap_or_default();
        }
        let (mut texts, mut binds) = (Vec::new(), Vec::new());
        for (n, Over { columns, rows, sql }) in statements.into_iter().enumerate() {
            let rows_of = Self::with_rows(columns, rows.len(), binds.len());
            texts.push(format!("s{n} as ({rows_of} {sql})"));
            binds.extend(Self::bind_rows(columns, rows));
        }
        vec![(format!("with {} select 1", texts.join(", ")), binds)]
    }

    fn among(n: u8) -> String {
        format!("= any(${n})")
    }

    statements!(bind_postgres);
}

fn names<'c>(columns: &[(&'c str, Col)]) -> Vec<&'c str> {
    columns.iter().map(|(name, _)| *name).collect()
}
