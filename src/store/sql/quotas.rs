//! The quota that processes share.

use async_trait::async_trait;
use futures::FutureExt as _;

use super::SqlStore;
use crate::{
    domain::{
        quota::{
            AHEAD_PERMITS, AHEAD_US, PACE, PACE_MIN, RECOVERY, Reserved, SLOWDOWN_GAP_US, Wish,
            paced,
        },
        time::Time,
    },
    store::{
        Quotas, Result, StoreError,
        dialect::Dialect,
        rows::{Cells as _, binds},
        transact::transact,
    },
};

#[async_trait]
impl<DB: Dialect> Quotas for SqlStore<DB> {
    async fn reserve(&self, wish: &Wish) -> Result<Reserved> {
        let (wish, now) = (wish.clone(), self.clock.now());
        transact(&self.pools.write, DB::BEGIN_PASSING, move |connection| {
            async move { reserve::<DB>(connection, &wish, now).await }.boxed()
        })
        .await
    }
}

async fn reserve<DB: Dialect>(
    connection: &mut DB::Connection,
    wish: &Wish,
    now: Time,
) -> Result<Reserved> {
    if let Some(reserved) = take::<DB>(connection, wish, now).await? {
        return Ok(reserved);
    }
    let sql = "insert into quotas (account, endpoint, next_us, pace, at_us) values ($1, $2, 0, $3, 0) on conflict do nothing";
    let key = binds![wish.account.as_str(), wish.endpoint.name(), PACE];
    DB::execute(connection, sql.to_owned(), key).await?;
    let taken = take::<DB>(connection, wish, now).await?;
    taken.ok_or_else(|| StoreError::Corrupt("a row of `quotas` that was made is none".to_owned()))
}

/// One statement, whose clock is read when the row is ours: none when there is no row.
async fn take<DB: Dialect>(
    connection: &mut DB::Connection,
    wish: &Wish,
    now: Time,
) -> Result<Option<Reserved>> {
    let (least, greatest, clock) = (DB::LEAST, DB::GREATEST, DB::CLOCK_US);
    let sql = format!(
        "update quotas set (next_us, pace, slowed_us, at_us) = (
            select {greatest}({least}(next_us, now_us + {AHEAD_US} + {AHEAD_PERMITS} * interval_us),
                    now_us + cast($7 as bigint) + slower * interval_us)
                    + cast($4 as bigint) * interval_us + cast($8 as bigint),
                pace, slowed_us, now_us
            from (select next_us, now_us, slower, pace, cast($3 as bigint) * {PACE} / pace as interval_us,
                    case when slower = 1 then now_us else slowed_us end as slowed_us
                from (select next_us, now_us, slower, slowed_us,
                        case when slower = 1 then {greatest}(pace / 2, {PACE_MIN})
                            else {least}(pace + cast($5 as bigint) * {RECOVERY}, {PACE}) end as pace
                    from (select next_us, now_us, slowed_us, pace,
                            case when cast($6 as bigint) = 1 and (slowed_us is null or now_us >= slowed_us + {SLOWDOWN_GAP_US})
                                then 1 else 0 end as slower
                        from (select quotas.next_us as next_us, quotas.pace as pace, quotas.slowed_us as slowed_us,
                            coalesce({clock}, cast($9 as bigint)) as now_us) as told) as heard) as slowed) as spaced)
        where account = $1 and endpoint = $2
        returning next_us, pace, at_us"
    );
    let interval_us = wish.interval_us();
    let binds = binds![
        wish.account.as_str(),
        wish.endpoint.name(),
        interval_us,
        wish.permits,
        wish.news.good,
        i64::from(wish.news.too_fast.is_some()),
        wish.hold_us(),
        wish.extra_us(),
        now.0.saturating_mul(1000),
    ];
    let rows = DB::fetch(connection, sql, binds).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let (next_us, pace) = (row.int("next_us")?, row.int("pace")?);
    let interval_us = paced(interval_us, pace.max(1));
    Ok(Some(Reserved {
        at_us: row.int("at_us")?,
        first_us: next_us - wish.permits * interval_us - wish.extra_us(),
        interval_us,
        pace,
    }))
}
