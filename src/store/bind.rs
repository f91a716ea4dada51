//! Values on their way into a statement of each database.

use sqlx::{AssertSqlSafe, Database, Postgres, Sqlite, database::HasStatementCache};

use super::rows::{Bind, Cell, Col};

tokio::task_local! {
    /// Whether statements of this task are kept prepared; those of no such task are not.
    pub(super) static KEEPS_PREPARED: bool;
}

/// A statement of a database.
pub(super) type Query<'q, DB> = sqlx::query::Query<'q, DB, <DB as Database>::Arguments>;

/// A statement with its values. Its text is put together from constants of this module alone; every
/// value is bound.
pub(super) fn bound<'q, DB: Database + HasStatementCache>(
    sql: String,
    binds: Vec<Bind>,
    bind: fn(Query<'q, DB>, Bind) -> Query<'q, DB>,
) -> Query<'q, DB> {
    let keeps = KEEPS_PREPARED.try_with(|keeps| *keeps).unwrap_or(false);
    let query = sqlx::query::<DB>(AssertSqlSafe(sql)).persistent(keeps);
    binds.into_iter().fold(query, bind)
}

macro_rules! bind_cell {
    ($query:ident, $cell:expr) => {
        match $cell {
            Cell::Int(value) => $query.bind(value),
            Cell::Text(value) => $query.bind(value),
            Cell::Bool(value) => $query.bind(value),
            Cell::Float(value) => $query.bind(value),
            Cell::Bytes(value) => $query.bind(value),
        }
    };
}

/// Binds a value on SQLite.
pub(super) fn bind_sqlite(query: Query<'_, Sqlite>, bind: Bind) -> Query<'_, Sqlite> {
    match bind {
        Bind::Cell(cell) => bind_cell!(query, cell),
        // A list of texts is no value of its own there.
        Bind::List(texts) => query.bind(serde_json::Value::from(texts).to_string()),
        Bind::Column(_, cells) => cells
            .into_iter()
            .fold(query, |query, cell| bind_cell!(query, cell)),
    }
}

/// Binds a value on PostgreSQL.
pub(super) fn bind_postgres(query: Query<'_, Postgres>, bind: Bind) -> Query<'_, Postgres> {
    macro_rules! column {
        ($cells:ident, $kind:ident) => {{
            let value = |cell| match cell {
                Cell::$kind(value) => value,
                // The rows' own types say that there is none.
                _ => None,
            };
            query.bind($cells.into_iter().map(value).collect::<Vec<_>>())
        }};
    }
    match bind {
        Bind::Cell(cell) => bind_cell!(query, cell),
        Bind::List(texts) => query.bind(texts),
        Bind::Column(col, cells) => match col {
            Col::Int => column!(cells, Int),
            Col::Text => column!(cells, Text),
            Col::Bool => column!(cells, Bool),
            Col::Float => column!(cells, Float),
            Col::Bytes => column!(cells, Bytes),
        },
    }
}
