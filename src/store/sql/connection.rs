//! The database and its clock.

use async_trait::async_trait;
use futures::FutureExt as _;

use super::SqlStore;
use crate::{
    domain::time::Time,
    store::{Connection, Result, dialect::Dialect, rows::Cells as _, sound},
};

#[async_trait]
impl<DB: Dialect> Connection for SqlStore<DB> {
    async fn ping(&self) -> Result<Time> {
        let now = self
            .reading(|connection| clock::<DB>(connection).boxed())
            .await?;
        Ok(now.unwrap_or_else(|| self.clock.now()))
    }

    async fn check_shape(&self) -> Result<()> {
        let made = sound::made().await?;
        self.reading(move |connection| {
            async move { sound::compare::<DB>(connection, &made).await }.boxed()
        })
        .await
    }
}

async fn clock<DB: Dialect>(connection: &mut DB::Connection) -> Result<Option<Time>> {
    let rows = DB::fetch(connection, DB::NOW.to_owned(), Vec::new()).await?;
    Ok(rows
        .first()
        .map(|row| row.int_or_null("now"))
        .transpose()?
        .flatten()
        .map(Time))
}
