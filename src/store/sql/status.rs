//! The figures of `status`: sums that are kept, and the ends of indexes. Their cost does not grow with
//! what is tracked.

use super::{alarm, calls, due, reconcile, tallies, upkeep};
use crate::{
    domain::{
        settled::{DAY, Settled},
        time::Time,
        token::State,
    },
    store::{
        POISONED_BEYOND, Result,
        dialect::Dialect,
        reports::{Open, Status},
        rows::{Cells as _, binds},
    },
};

/// More than this that is due of an app, a stage and a lane is not counted.
const COUNTED_MAX: i64 = 20_000;

/// The figures as of `now`.
pub(super) async fn status<DB: Dialect>(
    connection: &mut DB::Connection,
    now: Time,
) -> Result<Status> {
    let tallies = tallies::read::<DB>(connection).await?;
    let (answers, answer_bytes) = tallies.answers();
    let mut status = Status {
        states: tallies.states(),
        media: tallies.media(),
        answers,
        answer_bytes,
        next_deadline: None,
        polls_due: 0,
        downloads_due: 0,
        oldest_due: None,
        poisoned: 0,
        least_left_ms: None,
        quota_use: calls::quota_use::<DB>(connection, now).await?,
        errors: errors::<DB>(connection).await?,
        alarms: alarm::open::<DB>(connection).await?,
        open_by_app: Vec::new(),
        reconciled: reconcile::last::<DB>(connection).await?,
        replicas: upkeep::replicas::<DB>(connection, now).await?,
        settled_last_day: settled::<DB>(connection, now.minus(DAY), now).await?,
    };
    schedule::<DB>(connection, now, &mut status).await?;
    let sql = format!(
        "select (select count(*) from schedule where claims > {POISONED_BEYOND}) as poisoned,
            (select value from lows where what = 'least_left') as least_left"
    );
    for row in DB::fetch(connection, sql, Vec::new()).await? {
        status.poisoned = row.int("poisoned")?;
        status.least_left_ms = row.int_or_null("least_left")?;
    }
    Ok(status)
}

/// What is left to do, app by app: looks at the ends of indexes, and counts up to [`COUNTED_MAX`].
async fn schedule<DB: Dialect>(
    connection: &mut DB::Connection,
    now: Time,
    status: &mut Status,
) -> Result<()> {
    let sooner = |one: Option<Time>, other: Option<Time>| one.into_iter().chain(other).min();
    for app in due::scheduled_apps::<DB>(connection).await? {
        let figures = due::figures::<DB>(connection, &app, now, COUNTED_MAX).await?;
        status.next_deadline = sooner(status.next_deadline, figures.next_deadline);
        status.oldest_due = sooner(status.oldest_due, figures.oldest_due);
        status.polls_due += figures.polls_due;
        status.downloads_due += figures.downloads_due;
        let open = status.states.iter().filter(|row| row.app == app);
        let open =
            open.filter(|row| State::named(&row.state).is_some_and(|state| !state.is_settled()));
        status.open_by_app.push(Open {
            verifications: open.map(|row| row.count).sum(),
            downloads: figures.downloads,
            next_deadline: figures.next_deadline,
            app,
        });
    }
    Ok(())
}

/// Those settled from an instant to before another, by app: a range of an index that has all of it.
pub(super) async fn settled<DB: Dialect>(
    connection: &mut DB::Connection,
    from: Time,
    to: Time,
) -> Result<Vec<Settled>> {
    let sql = "select app, count(*) as n, count(case when never_seen then 1 end) as never_seen
        from verifications where settled_at >= $1 and settled_at < $2 group by app order by app";
    let rows = DB::fetch(connection, sql.to_owned(), binds![from, to]).await?;
    rows.iter()
        .map(|row| {
            Ok(Settled {
                app: row.text("app")?,
                settled: row.int("n")?,
                never_seen: row.int("never_seen")?,
            })
        })
        .collect()
}

/// What fails at present, of ten thousand at most: settled verifications have nothing left to fail.
async fn errors<DB: Dialect>(connection: &mut DB::Connection) -> Result<Vec<(String, i64)>> {
    let sql = "select last_error, count(*) as n
        from (select last_error from verifications where settled_at is null and last_error is not null limit 10000) as failing
        group by last_error order by n desc, last_error limit 10";
    let rows = DB::fetch(connection, sql.to_owned(), Vec::new()).await?;
    rows.iter()
        .map(|row| Ok((row.text("last_error")?, row.int("n")?)))
        .collect()
}
