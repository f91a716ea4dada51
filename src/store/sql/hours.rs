//! What came of each app in each hour. A range of an index is read of the hours that are not added up
//! yet; what was told in a time is a range of the primary key, whose identifiers sort by when they were
//! made.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures::FutureExt as _;

use super::SqlStore;
use crate::{
    domain::{
        id::VerificationId,
        time::{Span, Time},
        traffic::{HOURS_BEFORE, HOURS_KEPT, Hour, Risky, Traffic, Tried, usual},
    },
    store::{
        Hours, Result,
        dialect::Dialect,
        rows::{Cells as _, binds, instant_or_null},
    },
};

/// How far apart an identifier and the time of its row may be.
const APART: Span = Span::minutes(1);

#[async_trait]
impl<DB: Dialect> Hours for SqlStore<DB> {
    async fn add_up(&self, now: Time) -> Result<()> {
        let open = Hour::open(now);
        let begin = self
            .reading(move |connection| begin::<DB>(connection, open).boxed())
            .await?;
        if begin >= open {
            return Ok(());
        }
        self.writing(move |connection| add_up::<DB>(connection, begin, open).boxed())
            .await
    }

    async fn traffic(&self, now: Time) -> Result<Vec<Traffic>> {
        self.reading(move |connection| traffic::<DB>(connection, now).boxed())
            .await
    }
}

/// The first hour that may not be added up yet.
async fn begin<DB: Dialect>(connection: &mut DB::Connection, open: Hour) -> Result<Hour> {
    let sql = "select max(hour) as hour from hours";
    let rows = DB::fetch(connection, sql.to_owned(), Vec::new()).await?;
    let last = rows
        .first()
        .map(|row| row.int_or_null("hour"))
        .transpose()?;
    let next = last.flatten().map_or(i64::MIN, |last| last + 1);
    Ok(Hour(next).max(open.back(HOURS_KEPT)))
}

async fn add_up<DB: Dialect>(
    connection: &mut DB::Connection,
    begin: Hour,
    open: Hour,
) -> Result<()> {
    let (from, to) = (begin.begin(), open.begin());
    let sql = "insert into hours (hour, app, told, told_last, attempts, failed)
        select hour, app, cast(sum(told) as bigint), max(told_at), cast(sum(attempts) as bigint), cast(sum(failed) as bigint)
        from (
            select tracked_at / 3600000 as hour, app, 1 as told, tracked_at as told_at, 0 as attempts, 0 as failed
            from verifications where verification_id >= $3 and verification_id < $4 and tracked_at >= $1 and tracked_at < $2
            union all
            select a.captured_at / 3600000, v.app, 0, null, case when a.passed is null then 0 else 1 end, case when a.passed then 0 when not a.passed then 1 else 0 end
            from attempts as a join verifications as v on v.verification_id = a.verification_id
            where a.captured_at >= $1 and a.captured_at < $2
        ) as came
        where true group by hour, app
        on conflict (hour, app) do nothing";
    let (least, most) = (
        VerificationId::least(from.minus(APART)),
        VerificationId::least(to.plus(APART)),
    );
    let binds = binds![from, to, least, most];
    DB::execute(connection, sql.to_owned(), binds).await?;
    let gone = "delete from hours where hour < $1";
    let binds = binds![open.back(HOURS_KEPT).0];
    DB::execute(connection, gone.to_owned(), binds).await?;
    Ok(())
}

async fn traffic<DB: Dialect>(connection: &mut DB::Connection, now: Time) -> Result<Vec<Traffic>> {
    let mut apps = BTreeMap::new();
    sums::<DB>(connection, now, &mut apps).await?;
    last_hour::<DB>(connection, now, &mut apps).await?;
    told_since::<DB>(connection, now, &mut apps).await?;
    Ok(apps.into_values().collect())
}

/// The figures of an app, empty at first.
fn of(apps: &mut BTreeMap<String, Traffic>, app: String, now: Time) -> &mut Traffic {
    apps.entry(app.clone()).or_insert_with(|| Traffic {
        app,
        hour: Hour::open(now).back(1),
        ..Traffic::default()
    })
}

/// What the sums tell: the days before, and the hours alike.
async fn sums<DB: Dialect>(
    connection: &mut DB::Connection,
    now: Time,
    apps: &mut BTreeMap<String, Traffic>,
) -> Result<()> {
    let hour = Hour::open(now).back(1);
    let sql = "select app, hour, told from hours where hour >= $1 and hour <= $2 and ($2 - hour) % 24 = 0";
    let binds = binds![hour.back(HOURS_KEPT).0, hour.0];
    let mut told: BTreeMap<String, BTreeMap<Hour, i64>> = BTreeMap::new();
    for row in DB::fetch(connection, sql.to_owned(), binds).await? {
        let hours = told.entry(row.text("app")?).or_default();
        hours.insert(Hour(row.int("hour")?), row.int("told")?);
    }
    let sql = "select app, min(hour) as first, max(told_last) as told_last,
            cast(sum(case when hour >= $1 and hour < $2 then attempts else 0 end) as bigint) as attempts,
            cast(sum(case when hour >= $1 and hour < $2 then failed else 0 end) as bigint) as failed
        from hours group by app";
    let end = Hour::of(now.minus(Span::hours(1)));
    let binds = binds![end.back(HOURS_BEFORE).0, end.0];
    for row in &DB::fetch(connection, sql.to_owned(), binds).await? {
        let app = of(apps, row.text("app")?, now);
        app.before = Tried {
            attempts: row.int("attempts")?,
            failed: row.int("failed")?,
        };
        app.told_last = instant_or_null(row, "told_last")?;
        let hours = told.remove(&app.app).unwrap_or_default();
        app.told = hours.get(&hour).copied().unwrap_or(0);
        app.usual = usual(hour, Hour(row.int("first")?), &hours);
    }
    Ok(())
}

/// What was captured in the last hour.
async fn last_hour<DB: Dialect>(
    connection: &mut DB::Connection,
    now: Time,
    apps: &mut BTreeMap<String, Traffic>,
) -> Result<()> {
    let sql = "select v.app as app, count(a.passed) as attempts, count(case when not a.passed then 1 end) as failed,
            count(case when a.risk_level in ('1', '2') then 1 end) as risky,
            max(case when a.risk_level in ('1', '2') then a.risk_tag end) as tag, max(a.spoofing_score) as spoofing
        from attempts as a join verifications as v on v.verification_id = a.verification_id
        where a.captured_at > $1 and a.captured_at <= $2 group by v.app";
    let binds = binds![now.minus(Span::hours(1)), now];
    for row in &DB::fetch(connection, sql.to_owned(), binds).await? {
        let app = of(apps, row.text("app")?, now);
        app.tried = Tried {
            attempts: row.int("attempts")?,
            failed: row.int("failed")?,
        };
        app.risky = Risky {
            attempts: row.int("risky")?,
            tag: row.text_or_null("tag")?,
            spoofing: row.float_or_null("spoofing")?,
        };
    }
    Ok(())
}

/// What was told last, of the hours that are not added up yet.
async fn told_since<DB: Dialect>(
    connection: &mut DB::Connection,
    now: Time,
    apps: &mut BTreeMap<String, Traffic>,
) -> Result<()> {
    let open = Hour::open(now).begin();
    let sql = "select app, max(tracked_at) as told_last from verifications where verification_id >= $1 and tracked_at >= $2 group by app";
    let binds = binds![VerificationId::least(open.minus(APART)), open];
    for row in &DB::fetch(connection, sql.to_owned(), binds).await? {
        let app = of(apps, row.text("app")?, now);
        app.told_last = app.told_last.max(instant_or_null(row, "told_last")?);
    }
    Ok(())
}
