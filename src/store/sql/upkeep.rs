//! Upkeep: sums in place of old calls, and the close.

use async_trait::async_trait;
use futures::FutureExt as _;

use super::{SqlStore, calls};
use crate::{
    domain::time::{Span, Time},
    store::{
        Result, Upkeep,
        dialect::Dialect,
        rows::{Cells as _, binds},
    },
};

/// Processes that were not seen for so long are forgotten.
const FORGOTTEN: Span = Span::hours(24 * 30);

#[async_trait]
impl<DB: Dialect> Upkeep for SqlStore<DB> {
    async fn tidy(&self) -> Result<()> {
        let now = self.clock.now();
        self.writing(move |connection| calls::forget_quota_use::<DB>(connection, now).boxed())
            .await?;
        while self
            .writing(|connection| calls::fold_settled::<DB>(connection).boxed())
            .await?
        {}
        let pool = self.write.clone();
        for sql in DB::TIDY {
            let mut connection = pool.acquire().await?;
            DB::fetch(&mut connection, (*sql).to_owned(), Vec::new()).await?;
        }
        Ok(())
    }

    async fn gone(&self) {
        self.writer.gone().await;
    }

    async fn beat(&self, instance: &str, now: Time) -> Result<Option<Time>> {
        let instance = instance.to_owned();
        self.writing(move |connection| {
            async move { beat::<DB>(connection, &instance, now).await }.boxed()
        })
        .await
    }

    async fn close(&self) {
        self.writer.close().await;
        self.write.close().await;
        self.read.close().await;
    }
}

async fn beat<DB: Dialect>(
    connection: &mut DB::Connection,
    instance: &str,
    now: Time,
) -> Result<Option<Time>> {
    let again = "update beats set at = $2 where instance = $1";
    if DB::execute(connection, again.to_owned(), binds![instance, now]).await? > 0 {
        return Ok(None);
    }
    let others = "select max(at) as at from beats";
    let last = DB::fetch(connection, others.to_owned(), Vec::new()).await?;
    let last = last.first().map(|row| row.int_or_null("at")).transpose()?;
    let gone = "delete from beats where at < $1";
    DB::execute(connection, gone.to_owned(), binds![now.minus(FORGOTTEN)]).await?;
    let first = "insert into beats (instance, at) values ($1, $2)";
    DB::execute(connection, first.to_owned(), binds![instance, now]).await?;
    Ok(last.flatten().map(Time))
}
