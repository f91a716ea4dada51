//! Upkeep: sums in place of old calls, and the close.

use async_trait::async_trait;
use futures::FutureExt as _;

use super::{SqlStore, calls};
use crate::store::{Result, Upkeep, dialect::Dialect};

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

    async fn close(&self) {
        self.writer.close().await;
        self.write.close().await;
        self.read.close().await;
    }
}
