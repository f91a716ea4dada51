//! Alarms: one of a kind and subject is open at a time.

use async_trait::async_trait;
use futures::FutureExt as _;
use std::collections::BTreeMap;

use super::{SqlStore, losses};
use crate::{
    domain::{
        alarm::{Alarm, Ends, Kind, QUIET, Scope},
        lease::{LAPSED, Stage},
        loss::Outage,
        time::Time,
    },
    store::{
        ANYBODY, AlarmStore, Result,
        dialect::Dialect,
        reports::{Acknowledgement, AlarmRow},
        rows::{Cells as _, binds, insert, instant, instant_or_null, known, rows, texts},
    },
};

#[async_trait]
impl<DB: Dialect> AlarmStore for SqlStore<DB> {
    async fn raise(&self, alarm: &Alarm, instance: &str, now: Time) -> Result<bool> {
        let (alarm, instance) = (alarm.clone(), instance.to_owned());
        let fresh = self
            .writing(move |connection| {
                async move { raise_of::<DB>(connection, vec![(&alarm, now)], &instance).await }
                    .boxed()
            })
            .await?;
        Ok(!fresh.is_empty())
    }

    async fn clear(&self, kind: Kind, subject: &str, instance: &str, now: Time) -> Result<bool> {
        let (subject, instance) = (subject.to_owned(), instance.to_owned());
        self.writing(move |connection| {
            async move { clear::<DB>(connection, kind, &subject, &instance, now).await }.boxed()
        })
        .await
    }

    async fn acknowledge(&self, alarm_id: i64, seen: &Acknowledgement) -> Result<bool> {
        let seen = seen.clone();
        self.writing(move |connection| {
            async move {
                let sql = "update alarms set acknowledged_at = $2, acknowledged_by = $3, note = $4 where alarm_id = $1 and ended_at is null";
                let binds = binds![alarm_id, seen.at, seen.by.as_str(), seen.note.as_str()];
                Ok(DB::execute(connection, sql.to_owned(), binds).await? > 0)
            }
            .boxed()
        })
        .await
    }

    async fn end_alarms(&self, now: Time) -> Result<i64> {
        if self
            .alarms()
            .await?
            .iter()
            .all(|alarm| alarm.alarm_id.is_none())
        {
            return Ok(0);
        }
        self.writing(move |connection| {
            async move { end_stale::<DB>(connection, now).await }.boxed()
        })
        .await
    }

    async fn outages(&self, app: &str, from: Time, to: Time) -> Result<Vec<Outage>> {
        let app = app.to_owned();
        self.reading(move |connection| {
            async move { outages::<DB>(connection, &app, from, to).await }.boxed()
        })
        .await
    }

    async fn alarms(&self) -> Result<Vec<AlarmRow>> {
        self.reading(|connection| open::<DB>(connection).boxed())
            .await
    }
}

rows! {
    struct AlarmIn<'a> { kind: &'a str, subject: &'a str, instance: &'a str, text: &'a str, since: i64, last_at: i64, times: i64 }
}

/// Raises alarms whose end anybody sees, or counts them when they are open; brings the (kind,
/// subject) of those that were not open.
pub(super) async fn raise<DB: Dialect>(
    connection: &mut DB::Connection,
    alarms: Vec<(&Alarm, Time)>,
) -> Result<Vec<(String, String)>> {
    raise_of::<DB>(connection, alarms, ANYBODY).await
}

/// The same of those whose end `instance` sees.
async fn raise_of<DB: Dialect>(
    connection: &mut DB::Connection,
    alarms: Vec<(&Alarm, Time)>,
    instance: &str,
) -> Result<Vec<(String, String)>> {
    // One row each, and in one order, so that two transactions never wait for one another.
    let mut once: BTreeMap<(&str, &str), AlarmIn> = BTreeMap::new();
    for (alarm, at) in alarms {
        let row = once
            .entry((alarm.kind.name(), &alarm.subject))
            .or_insert_with(|| AlarmIn {
                kind: alarm.kind.name(),
                subject: &alarm.subject,
                instance,
                text: &alarm.text,
                since: at.0,
                last_at: at.0,
                times: 0,
            });
        row.text = &alarm.text;
        row.last_at = row.last_at.max(at.0);
        row.times += 1;
    }
    if once.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<AlarmIn> = once.into_values().collect();
    let sql = insert::<AlarmIn>(
        "alarms",
        "on conflict (kind, subject, instance) where ended_at is null
        do update set text = excluded.text, last_at = excluded.last_at, times = alarms.times + excluded.times
        returning kind, subject, times",
    );
    let mut fresh = Vec::new();
    for row in DB::fetch_over(connection, &rows, &sql).await? {
        let (kind, subject, times) = (row.text("kind")?, row.text("subject")?, row.int("times")?);
        if rows
            .iter()
            .any(|raised| raised.kind == kind && raised.subject == subject && raised.times == times)
        {
            fresh.push((kind, subject));
        }
    }
    Ok(fresh)
}

/// Ends an alarm; true when one was open.
async fn clear<DB: Dialect>(
    connection: &mut DB::Connection,
    kind: Kind,
    subject: &str,
    instance: &str,
    now: Time,
) -> Result<bool> {
    let sql = "update alarms set ended_at = $4 where kind = $1 and subject = $2 and instance = $3 and ended_at is null";
    Ok(DB::execute(
        connection,
        sql.to_owned(),
        binds![kind.name(), subject, instance, now],
    )
    .await?
        > 0)
}

/// Ends alarms of one kind about each of these subjects.
pub(super) async fn clear_each<DB: Dialect>(
    connection: &mut DB::Connection,
    kind: Kind,
    subjects: &[String],
    now: Time,
) -> Result<()> {
    if subjects.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "update alarms set ended_at = $2 where kind = $3 and subject {} and ended_at is null",
        DB::among(1)
    );
    DB::execute(connection, sql, binds![texts(subjects), now, kind.name()])
        .await
        .map(|_| ())
}

async fn outages<DB: Dialect>(
    connection: &mut DB::Connection,
    app: &str,
    from: Time,
    to: Time,
) -> Result<Vec<Outage>> {
    let sql = "select kind, subject, since, ended_at from alarms
        where since < $2 and (ended_at is null or ended_at > $1) order by since, kind, subject";
    let mut outages = Vec::new();
    for row in &DB::fetch(connection, sql.to_owned(), binds![from, to]).await? {
        let kind = known(Kind::named(&row.text("kind")?), "alarms.kind")?;
        let touched = kind.scope() == Scope::Service || row.text("subject")? == app;
        if let Some(cause) = kind.cause().filter(|_| touched) {
            outages.push(Outage {
                cause,
                from: instant(row, "since")?,
                to: instant_or_null(row, "ended_at")?,
            });
        }
    }
    Ok(outages)
}

/// Ends those that are over, kind by kind.
async fn end_stale<DB: Dialect>(connection: &mut DB::Connection, now: Time) -> Result<i64> {
    let mut ended = 0;
    for kind in Kind::ALL {
        let mut binds = binds![now, kind.name()];
        let still = match kind.ends() {
            Ends::Answered => "select 1 from schedule as s where s.app = alarms.subject".to_owned(),
            Ends::Settled => {
                "select 1 from schedule as s where s.verification_id = alarms.subject".to_owned()
            }
            Ends::Assigned => {
                "select 1 from verifications as v where v.verification_id = alarms.subject
                and (v.settled_at is null or v.state = 'rejected') and v.record_deadline > $1"
                    .to_owned()
            }
            Ends::Fetched(causes) => {
                let names: Vec<&str> = causes.iter().map(|cause| cause.name()).collect();
                binds.push(texts(&names));
                format!(
                    "select 1 from schedule as s join media as m on m.verification_id = s.verification_id
                    where s.app = alarms.subject and s.stage = {} and m.state = 'wanted' and m.failed_cause {}",
                    Stage::Download.number(),
                    DB::among(3)
                )
            }
            Ends::Seen => {
                binds.push(now.minus(LAPSED).into());
                "select 1 where alarms.instance = '' union all
                select 1 from beats as b where b.instance = alarms.instance and b.at > $3"
                    .to_owned()
            }
            Ends::Quiet => {
                binds.push(now.minus(QUIET).into());
                "select 1 where alarms.last_at > $3".to_owned()
            }
            Ends::Acknowledged => "select 1 where alarms.acknowledged_at is null".to_owned(),
            Ends::Usual => continue,
        };
        let sql = format!(
            "update alarms set ended_at = $1 where kind = $2 and ended_at is null and not exists ({still})"
        );
        let over = DB::execute(connection, sql, binds).await?;
        ended += i64::try_from(over).unwrap_or(i64::MAX);
    }
    Ok(ended)
}

/// Open alarms, oldest first.
pub(super) async fn open<DB: Dialect>(connection: &mut DB::Connection) -> Result<Vec<AlarmRow>> {
    let sql = "select alarm_id, kind, subject, instance, text, since, times, acknowledged_at, acknowledged_by, note from alarms where ended_at is null";
    let rows = DB::fetch(connection, sql.to_owned(), Vec::new()).await?;
    let mut open = losses::alarms::<DB>(connection).await?;
    for row in &rows {
        open.push(AlarmRow {
            alarm_id: Some(row.int("alarm_id")?),
            acknowledged_at: instant_or_null(row, "acknowledged_at")?,
            acknowledged_by: row.text_or_null("acknowledged_by")?,
            note: row.text_or_null("note")?,
            kind: row.text("kind")?,
            subject: row.text("subject")?,
            instance: Some(row.text("instance")?).filter(|instance| instance != ANYBODY),
            text: row.text("text")?,
            since: instant(row, "since")?,
            times: row.int("times")?,
        });
    }
    AlarmRow::sort(&mut open);
    Ok(open)
}
