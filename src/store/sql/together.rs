//! Inserts that read nothing of one another: one statement for all of them where the database can,
//! so that a record of one verification costs few round trips.

use crate::store::{Result, dialect::Dialect, over::Over, rows::Shape};

/// Inserts that are written at the end of a transaction.
#[derive(Default)]
pub(super) struct Together(Vec<Over>);

impl Together {
    /// Adds a statement over rows, their relation `t`; without any there is none.
    pub(super) fn insert<S: Shape>(&mut self, rows: &[S], sql: String) {
        if !rows.is_empty() {
            self.0.push(Over::of(rows, sql));
        }
    }

    /// Writes them.
    pub(super) async fn write<DB: Dialect>(self, connection: &mut DB::Connection) -> Result<()> {
        for (sql, binds) in DB::together(self.0) {
            DB::execute(connection, sql, binds).await?;
        }
        Ok(())
    }
}
