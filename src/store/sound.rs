//! Whether a database is whole: its pages, and all that its migrations made.
//!
//! What must be there is read from the migrations themselves: they are run on a SQLite database in
//! memory, whose tables, views and columns have the same names in PostgreSQL.

use std::{collections::BTreeSet, fs};

use sqlx::{
    Connection as _, PgConnection, Postgres, Sqlite, SqliteConnection, sqlite::SqliteConnectOptions,
};

use super::{
    Result, StoreError, check_schema,
    dialect::Dialect,
    errors::with_rescue,
    migrate::{answered, make_sqlite},
    rows::Cells as _,
    target::{Target, sqlite_readable},
};
use crate::domain::address::DatabaseUrl;

/// How thoroughly the pages of a SQLite file are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// All of them, however long it takes: some 10 seconds a gigabyte from a disk.
    Whole,
    /// All of them in a file of up to 256 MiB. Of a larger one only that it is not cut
    /// short and that its schema can be read.
    Quick,
}

/// A file up to this size is read through in a second or two.
const QUICK_BYTES_MAX: u64 = 256 << 20;
/// So many missing things are named.
const SHOWN: usize = 3;

/// Columns: (relation, name).
type Columns = Vec<(String, String)>;

/// What the migrations make.
pub(super) struct Made {
    tables: Columns,
    views: Columns,
}

/// Looks for damage, and, where the schema is up to date, whether it is as its migrations made it.
/// A SQLite file that is not there is whole.
///
/// # Errors
/// [`StoreError::Damaged`] for a damaged file, [`StoreError::Schema`] naming what is missing; both
/// with the way out. As [`check_schema`] besides.
pub async fn check_sound(url: &DatabaseUrl, depth: Depth) -> Result<()> {
    let report = check_schema(url).await?;
    let is_current = report.is_current();
    match Target::of(url)? {
        Target::Sqlite(options) if !options.get_filename().exists() => Ok(()),
        Target::Sqlite(options) => {
            let length = fs::metadata(options.get_filename()).map_or(0, |facts| facts.len());
            let mut connection =
                SqliteConnection::connect_with(&sqlite_readable(options).await?).await?;
            let found = async {
                if depth == Depth::Whole || length <= QUICK_BYTES_MAX {
                    pages(&mut connection).await?;
                }
                shape::<Sqlite>(&mut connection, is_current).await
            };
            let found = found.await;
            // What was found counts.
            let _ = connection.close().await;
            found
        }
        Target::Postgres(options) => {
            answered(async {
                let mut connection = PgConnection::connect_with(&options).await?;
                let mut transaction = connection.begin_with(Postgres::BEGIN_READ).await?;
                let found = shape::<Postgres>(&mut transaction, is_current).await;
                transaction.rollback().await?;
                let _ = connection.close().await;
                found
            })
            .await
        }
    }
}

async fn shape<DB: Dialect>(connection: &mut DB::Connection, is_current: bool) -> Result<()> {
    if is_current {
        compare::<DB>(connection, &made().await?).await
    } else {
        Ok(())
    }
}

/// Has SQLite look at the structure of every page.
async fn pages(connection: &mut SqliteConnection) -> Result<()> {
    let rows = Sqlite::fetch(connection, "pragma quick_check(1)".to_owned(), Vec::new()).await?;
    let found = rows
        .first()
        .map(|row| row.text("quick_check"))
        .transpose()?;
    match found.as_deref().unwrap_or("ok") {
        "ok" => Ok(()),
        // Its first line may be a headline; the last names the page or the table.
        found => Err(StoreError::Damaged(with_rescue(&format!(
            "malformed image ({})",
            found.lines().last().unwrap_or(found)
        )))),
    }
}

/// What the migrations make.
pub(super) async fn made() -> Result<Made> {
    let options = SqliteConnectOptions::new().in_memory(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    make_sqlite(&mut connection).await?;
    let mut columns = Vec::new();
    for sql in Sqlite::COLUMNS {
        columns.push(read::<Sqlite>(&mut connection, sql).await?);
    }
    connection.close().await?;
    let mut columns = columns.into_iter();
    Ok(Made {
        tables: columns.next().unwrap_or_default(),
        views: columns.next().unwrap_or_default(),
    })
}

async fn read<DB: Dialect>(connection: &mut DB::Connection, sql: &str) -> Result<Columns> {
    let rows = DB::fetch(connection, sql.to_owned(), Vec::new()).await?;
    rows.iter()
        .map(|row| Ok((row.text("relation")?, row.text("name")?)))
        .collect()
}

/// Compares a database with what the migrations make; more than that may be there.
///
/// # Errors
/// [`StoreError::Schema`] naming what is missing.
pub(super) async fn compare<DB: Dialect>(
    connection: &mut DB::Connection,
    made: &Made,
) -> Result<()> {
    let mut found = BTreeSet::new();
    let mut unreadable = None;
    for sql in DB::COLUMNS {
        match read::<DB>(connection, sql).await {
            Ok(columns) => found.extend(columns),
            // A view over a table that is missing cannot be read at all; the table is named below.
            Err(error @ StoreError::Schema(_)) if !found.is_empty() => unreadable = Some(error),
            Err(error) => return Err(error),
        }
    }
    let relations: BTreeSet<&str> = found
        .iter()
        .map(|(relation, _)| relation.as_str())
        .collect();
    let mut lacking: Vec<String> = Vec::new();
    let views = unreadable.is_none().then_some(&made.views);
    for column in made.tables.iter().chain(views.into_iter().flatten()) {
        let (relation, name) = column;
        let one = if relations.contains(relation.as_str()) {
            format!("{relation}.{name}")
        } else {
            relation.clone()
        };
        if !found.contains(column) && !lacking.contains(&one) {
            lacking.push(one);
        }
    }
    if lacking.is_empty() {
        return unreadable.map_or(Ok(()), Err);
    }
    let others = match lacking.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    lacking.truncate(SHOWN);
    Err(StoreError::Schema(format!(
        "the database lacks what its migrations made: {}{others}; undo what changed it by hand, or restore a backup",
        lacking.join(", ")
    )))
}
