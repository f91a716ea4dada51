//! The outbox.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures::FutureExt as _;

use super::SqlStore;
use crate::{
    domain::{
        alarm::Kind,
        notice::{Notice, Standing},
    },
    store::{
        Mailbox, Notices, Result,
        dialect::Dialect,
        rows::{Cells, binds, insert, instant, instant_or_null, known, rows, texts},
    },
};

#[async_trait]
impl<DB: Dialect> Notices for SqlStore<DB> {
    async fn mailboxes(&self, channels: &[String]) -> Result<Vec<Mailbox>> {
        let channels = channels.to_vec();
        self.reading(move |connection| {
            async move { mailboxes::<DB>(connection, &channels).await }.boxed()
        })
        .await
    }

    async fn unheard(&self) -> Result<Vec<(i64, Standing)>> {
        self.reading(|connection| unheard::<DB>(connection).boxed())
            .await
    }

    async fn keep_mailboxes(&self, mailboxes: &[Mailbox], heard: &[i64]) -> Result<()> {
        let (mailboxes, heard) = (mailboxes.to_vec(), heard.to_vec());
        self.writing(move |connection| {
            async move { keep::<DB>(connection, &mailboxes, &heard).await }.boxed()
        })
        .await
    }
}

rows! {
    struct MailboxIn<'a> { channel: &'a str, fails: i64, retry_at: Option<i64>, sent_at: Option<i64>, report: Option<i64> }
}

rows! {
    struct NoticeIn<'a> {
        channel: &'a str,
        kind: &'a str,
        subject: &'a str,
        text: &'a str,
        since: i64,
        times: i64,
        acknowledged: bool,
        ended_at: Option<i64>,
        told: i64,
        told_at: Option<i64>,
        due_at: Option<i64>,
    }
}

rows! {
    struct Heard { id: i64 }
}

async fn mailboxes<DB: Dialect>(
    connection: &mut DB::Connection,
    channels: &[String],
) -> Result<Vec<Mailbox>> {
    let mut found: BTreeMap<&String, Mailbox> = channels
        .iter()
        .map(|channel| (channel, Mailbox::of(channel)))
        .collect();
    let among = DB::among(1);
    let sql = format!(
        "select channel, fails, retry_at, sent_at, report from mailboxes where channel {among}"
    );
    for row in &DB::fetch(connection, sql, binds![texts(channels)]).await? {
        if let Some(mailbox) = found.get_mut(&row.text("channel")?) {
            mailbox.fails = row.int("fails")?;
            mailbox.retry_at = instant_or_null(row, "retry_at")?;
            mailbox.sent_at = instant_or_null(row, "sent_at")?;
            mailbox.report = instant_or_null(row, "report")?;
        }
    }
    let sql = format!(
        "select channel, kind, subject, text, since, times, acknowledged, ended_at, told, told_at, due_at from notices
        where channel {among} order by channel, kind, subject"
    );
    for row in &DB::fetch(connection, sql, binds![texts(channels)]).await? {
        if let Some(mailbox) = found.get_mut(&row.text("channel")?) {
            mailbox.notices.push(notice(row)?);
        }
    }
    Ok(channels
        .iter()
        .filter_map(|channel| found.remove(channel))
        .collect())
}

fn notice(row: &impl Cells) -> Result<Notice> {
    Ok(Notice {
        alarm: Standing {
            acknowledged: row.flag("acknowledged")?,
            ..standing(row)?
        },
        told: row.int("told")?,
        told_at: instant_or_null(row, "told_at")?,
        due_at: instant_or_null(row, "due_at")?,
    })
}

fn standing(row: &impl Cells) -> Result<Standing> {
    Ok(Standing {
        kind: known(Kind::named(&row.text("kind")?), "kind of an alarm")?,
        subject: row.text("subject")?,
        text: row.text("text")?,
        since: instant(row, "since")?,
        times: row.int("times")?,
        acknowledged: false,
        ended_at: instant_or_null(row, "ended_at")?,
    })
}

async fn unheard<DB: Dialect>(connection: &mut DB::Connection) -> Result<Vec<(i64, Standing)>> {
    let sql = "select alarm_id, kind, subject, text, since, times, acknowledged_at, ended_at from alarms where not heard order by alarm_id";
    let rows = DB::fetch(connection, sql.to_owned(), Vec::new()).await?;
    rows.iter()
        .map(|row| {
            let alarm = Standing {
                acknowledged: instant_or_null(row, "acknowledged_at")?.is_some(),
                ..standing(row)?
            };
            Ok((row.int("alarm_id")?, alarm))
        })
        .collect()
}

async fn keep<DB: Dialect>(
    connection: &mut DB::Connection,
    mailboxes: &[Mailbox],
    heard: &[i64],
) -> Result<()> {
    let rows: Vec<MailboxIn> = mailboxes
        .iter()
        .map(|mailbox| MailboxIn {
            channel: &mailbox.channel,
            fails: mailbox.fails,
            retry_at: mailbox.retry_at.map(|at| at.0),
            sent_at: mailbox.sent_at.map(|at| at.0),
            report: mailbox.report.map(|at| at.0),
        })
        .collect();
    let kept = "on conflict (channel) do update set fails = excluded.fails, retry_at = excluded.retry_at, sent_at = excluded.sent_at, report = excluded.report";
    let sql = insert::<MailboxIn>("mailboxes", kept);
    DB::execute_over(connection, &rows, &sql).await?;
    let channels: Vec<&str> = rows.iter().map(|row| row.channel).collect();
    let gone = format!("delete from notices where channel {}", DB::among(1));
    DB::execute(connection, gone, binds![texts(&channels)]).await?;
    let notices: Vec<NoticeIn> = mailboxes.iter().flat_map(notices_of).collect();
    DB::execute_over(connection, &notices, &insert::<NoticeIn>("notices", "")).await?;
    let heard: Vec<Heard> = heard.iter().map(|id| Heard { id: *id }).collect();
    let sql = "update alarms as a set heard = true from t where a.alarm_id = t.id";
    DB::execute_over(connection, &heard, sql).await.map(|_| ())
}

fn notices_of(mailbox: &Mailbox) -> impl Iterator<Item = NoticeIn<'_>> {
    mailbox.notices.iter().map(|notice| NoticeIn {
        channel: &mailbox.channel,
        kind: notice.alarm.kind.name(),
        subject: &notice.alarm.subject,
        text: &notice.alarm.text,
        since: notice.alarm.since.0,
        times: notice.alarm.times,
        acknowledged: notice.alarm.acknowledged,
        ended_at: notice.alarm.ended_at.map(|at| at.0),
        told: notice.told,
        told_at: notice.told_at.map(|at| at.0),
        due_at: notice.due_at.map(|at| at.0),
    })
}
