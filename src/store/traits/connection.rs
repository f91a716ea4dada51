//! What every noun has in common: a database that can be reached and has a clock.

use async_trait::async_trait;

use crate::{domain::time::Time, store::Result};

/// The way to the database, whichever noun is asked for.
#[async_trait]
pub trait Connection: Send + Sync + 'static {
    /// Answers with the database's own clock (for SQLite the machine's); shows that the database
    /// can be reached.
    async fn ping(&self) -> Result<Time>;

    /// Compares tables, views and columns with what the migrations make.
    ///
    /// # Errors
    /// [`Schema`](crate::store::StoreError::Schema) naming what is missing.
    async fn check_shape(&self) -> Result<()>;
}
