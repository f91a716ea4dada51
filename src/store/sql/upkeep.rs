//! Upkeep: what is gathered over time is let go, and the close.

use std::pin::pin;

use async_trait::async_trait;
use futures::FutureExt as _;

use super::{Pools, SqlStore, calls, requests, tallies};
use crate::{
    domain::{
        lease::LAPSED,
        time::{Span, Time},
    },
    store::{
        Result, Upkeep,
        dialect::Dialect,
        reports::{Miscount, Replica},
        rows::{Cells as _, binds, insert, instant, rows},
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
        self.writing(move |connection| requests::forget::<DB>(connection, now).boxed())
            .await?;
        let pool = self.pools.write.clone();
        for sql in DB::TIDY {
            let mut connection = pool.acquire().await?;
            DB::fetch(&mut connection, (*sql).to_owned(), Vec::new()).await?;
        }
        Ok(())
    }

    async fn gone(&self) {
        let (writer, told) = (self.writer.gone(), self.told.gone());
        futures::future::select(pin!(writer), pin!(told)).await;
    }

    async fn beat(&self, instance: &str, skew: Option<Span>, now: Time) -> Result<Option<Time>> {
        let instance = instance.to_owned();
        let last = self
            .writing(move |connection| {
                async move { beat::<DB>(connection, &instance, skew, now).await }.boxed()
            })
            .await?;
        // So often that what is read of them stays short.
        while DB::CONCURRENT_WRITERS
            && self
                .writing(|connection| tallies::fold::<DB>(connection).boxed())
                .await?
        {}
        Ok(last)
    }

    async fn recount(&self) -> Result<Vec<Miscount>> {
        let wrong = self
            .reading(|connection| tallies::compare::<DB>(connection).boxed())
            .await?;
        let mended = wrong.clone();
        self.writing(move |connection| {
            async move { tallies::mend::<DB>(connection, &mended).await }.boxed()
        })
        .await?;
        Ok(wrong)
    }

    async fn close(&self) {
        self.told.close().await;
        self.writer.close().await;
        let Pools { work, write, read } = &self.pools;
        for pool in [work, write, read] {
            pool.close().await;
        }
    }
}

rows! {
    struct BeatIn<'a> { instance: &'a str, at: i64, skew_ms: Option<i64> }
}

async fn beat<DB: Dialect>(
    connection: &mut DB::Connection,
    instance: &str,
    skew: Option<Span>,
    now: Time,
) -> Result<Option<Time>> {
    let others =
        "select max(at) as at, count(case when instance = $1 then 1 end) as own from beats";
    let before = DB::fetch(connection, others.to_owned(), binds![instance]).await?;
    let row = BeatIn {
        instance,
        at: now.0,
        skew_ms: skew.map(|skew| skew.0),
    };
    let sql = insert::<BeatIn>(
        "beats",
        "on conflict (instance) do update set at = excluded.at, skew_ms = excluded.skew_ms",
    );
    DB::execute_over(connection, &[row], &sql).await?;
    let Some(before) = before.first() else {
        return Ok(None);
    };
    if before.int("own")? > 0 {
        return Ok(None);
    }
    let gone = "delete from beats where at < $1";
    DB::execute(connection, gone.to_owned(), binds![now.minus(FORGOTTEN)]).await?;
    Ok(before.int_or_null("at")?.map(Time))
}

/// The processes seen of late, by name.
pub(super) async fn replicas<DB: Dialect>(
    connection: &mut DB::Connection,
    now: Time,
) -> Result<Vec<Replica>> {
    let sql = "select instance, at, skew_ms from beats where at > $1 order by instance";
    let rows = DB::fetch(connection, sql.to_owned(), binds![now.minus(LAPSED)]).await?;
    rows.iter()
        .map(|row| {
            Ok(Replica {
                instance: row.text("instance")?,
                seen_at: instant(row, "at")?,
                clock_skew_ms: row.int_or_null("skew_ms")?,
            })
        })
        .collect()
}
