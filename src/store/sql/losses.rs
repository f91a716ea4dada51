//! What was lost, a row a thing.

use async_trait::async_trait;
use futures::FutureExt as _;

use super::SqlStore;
use crate::{
    domain::{id::VerificationId, loss::Cause, plan::Missing, time::Time},
    store::{
        Losses, Result,
        dialect::Dialect,
        reports::{Acknowledgement, AlarmRow, LossFilter, LossReport},
        rows::{Bind, Cells, binds, id, insert, instant, instant_or_null, known, rows, texts},
    },
};

#[async_trait]
impl<DB: Dialect> Losses for SqlStore<DB> {
    async fn losses(&self, filter: &LossFilter, limit: i64) -> Result<Vec<LossReport>> {
        let filter = filter.clone();
        self.reading(move |connection| {
            async move { list::<DB>(connection, &filter, limit).await }.boxed()
        })
        .await
    }

    async fn acknowledge_losses(&self, filter: &LossFilter, seen: &Acknowledgement) -> Result<i64> {
        let (filter, seen) = (filter.clone(), seen.clone());
        self.writing(move |connection| {
            async move { acknowledge::<DB>(connection, &filter, &seen).await }.boxed()
        })
        .await
    }
}

rows! {
    struct LossIn<'a> {
        verification_id: VerificationId,
        what: &'a str,
        attempt_no: Option<i64>,
        cause: &'a str,
        why: &'a str,
        from_at: Option<i64>,
        to_at: Option<i64>,
        lost_at: i64,
    }
}

/// Writes what verifications that end as a loss miss.
pub(super) async fn add<'r, DB: Dialect>(
    connection: &mut DB::Connection,
    lost: impl Iterator<Item = (VerificationId, Time, &'r [Missing])>,
) -> Result<()> {
    let of_one = |(verification_id, at, missing): (VerificationId, Time, &'r [Missing])| {
        missing.iter().map(move |one| LossIn {
            verification_id,
            what: &one.what,
            attempt_no: one.attempt_no,
            cause: one.reason.cause.name(),
            why: &one.why,
            from_at: one.reason.from.map(|at| at.0),
            to_at: one.reason.to.map(|at| at.0),
            lost_at: at.0,
        })
    };
    let rows: Vec<LossIn> = lost.flat_map(of_one).collect();
    DB::execute_over(connection, &rows, &insert::<LossIn>("losses", ""))
        .await
        .map(|_| ())
}

/// Takes back what was lost of verifications that are opened again.
pub(super) async fn forget<DB: Dialect>(
    connection: &mut DB::Connection,
    ids: &[VerificationId],
) -> Result<()> {
    let sql = format!("delete from losses where verification_id {}", DB::among(1));
    DB::execute(connection, sql, binds![texts(ids)])
        .await
        .map(|_| ())
}

/// What nobody has taken note of, an alarm an app and cause.
pub(super) async fn alarms<DB: Dialect>(connection: &mut DB::Connection) -> Result<Vec<AlarmRow>> {
    let sql = "select v.app as app, l.cause as cause, min(l.lost_at) as since, count(*) as things
        from losses as l join verifications as v on v.verification_id = l.verification_id
        where l.acknowledged_at is null group by v.app, l.cause";
    let rows = DB::fetch(connection, sql.to_owned(), Vec::new()).await?;
    rows.iter()
        .map(|row| {
            let (app, cause) = (row.text("app")?, row.text("cause")?);
            let since = instant(row, "since")?;
            Ok(AlarmRow::of_losses(&app, &cause, since, row.int("things")?))
        })
        .collect()
}

/// A condition on `losses as l` and `verifications as v`, its values behind those already bound.
fn which(filter: &LossFilter, binds: &mut Vec<Bind>) -> String {
    let mut wheres = vec!["true".to_owned()];
    let mut only = |condition: &str, value: Bind| {
        binds.push(value);
        wheres.push(format!("{condition}${}", binds.len()));
    };
    if let Some(app) = &filter.app {
        only("v.app = ", app.as_str().into());
    }
    if let Some(cause) = filter.cause {
        only("l.cause = ", cause.name().into());
    }
    if let Some(until) = filter.until {
        only("l.lost_at <= ", until.into());
    }
    if filter.open {
        wheres.push("l.acknowledged_at is null".to_owned());
    }
    wheres.join(" and ")
}

async fn list<DB: Dialect>(
    connection: &mut DB::Connection,
    filter: &LossFilter,
    limit: i64,
) -> Result<Vec<LossReport>> {
    let mut binds = binds![limit.max(0)];
    let which = which(filter, &mut binds);
    let sql = format!(
        "select l.verification_id as verification_id, v.app as app, v.plan_id as plan_id, v.reference as reference, l.what as what,
            l.attempt_no as attempt_no, l.cause as cause, l.why as why, l.from_at as from_at, l.to_at as to_at, l.lost_at as lost_at,
            l.acknowledged_at as acknowledged_at, l.acknowledged_by as acknowledged_by, l.note as note
        from losses as l join verifications as v on v.verification_id = l.verification_id
        where {which} order by l.lost_at desc, l.verification_id desc, l.loss_id limit $1"
    );
    let rows = DB::fetch(connection, sql, binds).await?;
    rows.iter().map(report).collect()
}

fn report(row: &impl Cells) -> Result<LossReport> {
    Ok(LossReport {
        verification_id: id(row, "verification_id")?,
        app: row.text("app")?,
        plan_id: row.text_or_null("plan_id")?,
        reference: row.text_or_null("reference")?,
        what: row.text("what")?,
        attempt_no: row.int_or_null("attempt_no")?,
        cause: known(Cause::named(&row.text("cause")?), "losses.cause")?,
        why: row.text("why")?,
        from_at: instant_or_null(row, "from_at")?,
        to_at: instant_or_null(row, "to_at")?,
        lost_at: instant(row, "lost_at")?,
        acknowledged_at: instant_or_null(row, "acknowledged_at")?,
        acknowledged_by: row.text_or_null("acknowledged_by")?,
        note: row.text_or_null("note")?,
    })
}

async fn acknowledge<DB: Dialect>(
    connection: &mut DB::Connection,
    filter: &LossFilter,
    seen: &Acknowledgement,
) -> Result<i64> {
    let mut binds = binds![seen.at, seen.by.as_str(), seen.note.as_str()];
    let open = LossFilter {
        open: true,
        ..filter.clone()
    };
    let which = which(&open, &mut binds);
    let sql = format!(
        "update losses set acknowledged_at = $1, acknowledged_by = $2, note = $3 where loss_id in (
            select l.loss_id from losses as l join verifications as v on v.verification_id = l.verification_id where {which}
        )"
    );
    let noted = DB::execute(connection, sql, binds).await?;
    Ok(i64::try_from(noted).unwrap_or(i64::MAX))
}
