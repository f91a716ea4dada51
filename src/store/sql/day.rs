//! What came of each app in a day: sums that are kept, and ranges of indexes.

use std::collections::BTreeMap;

use super::{calls::PERIOD_MS, tallies};
use crate::{
    domain::{
        message::Figures,
        time::{Span, Time},
        token::State,
        traffic::Hour,
    },
    store::{
        Result,
        dialect::Dialect,
        rows::{Cells as _, binds, known},
    },
};

/// By app.
type Apps = BTreeMap<String, Figures>;

/// See [`crate::store::Reports::day`].
pub(super) async fn day<DB: Dialect>(
    connection: &mut DB::Connection,
    from: Time,
    to: Time,
) -> Result<Vec<Figures>> {
    let mut apps = Apps::new();
    let sql = "select app, cast(sum(told) as bigint) as n from hours where hour >= $1 and hour < $2 group by app";
    let hours = binds![Hour::of(from).0, Hour::of(to).0];
    for row in &DB::fetch(connection, sql.to_owned(), hours).await? {
        of(&mut apps, row.text("app")?).told = row.int("n")?;
    }
    let sql = "select app, state, count(*) as n, min(least_left) as least_left
        from verifications where settled_at >= $1 and settled_at < $2 group by app, state";
    for row in &DB::fetch(connection, sql.to_owned(), binds![from, to]).await? {
        let state = known(State::named(&row.text("state")?), "verifications.state")?;
        let left = row.int_or_null("least_left")?.map(Span);
        of(&mut apps, row.text("app")?).settle(state, row.int("n")?, left);
    }
    let sql = "select app, cast(sum(calls) as bigint) as n from quota_use where period >= $1 and period < $2 group by app";
    let period = |at: Time| at.0.div_euclid(PERIOD_MS);
    let periods = binds![period(from), period(to)];
    for row in &DB::fetch(connection, sql.to_owned(), periods).await? {
        of(&mut apps, row.text("app")?).calls.0 = row.int("n")?;
    }
    for row in tallies::read::<DB>(connection).await?.states() {
        let is_open = State::named(&row.state).is_some_and(|state| !state.is_settled());
        if is_open && row.count > 0 {
            of(&mut apps, row.app).open += row.count;
        }
    }
    Ok(apps.into_values().collect())
}

/// The figures of an app, empty at first.
fn of(apps: &mut Apps, app: String) -> &mut Figures {
    apps.entry(app.clone()).or_insert_with(|| Figures {
        app,
        ..Figures::default()
    })
}
